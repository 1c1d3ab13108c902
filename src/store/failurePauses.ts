import { SYSTEM } from './actor.ts';
import { appendAudits } from './audit.ts';
import { setHolding } from './holding.ts';
import type { HoldingChange } from './holding.ts';
import { iso } from './runs.ts';
import type { PauseRecord } from './pauses.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';

/** Characters of an error message that a reason quotes. */
const QUOTED = 200;

/**
 * Pauses those of these schedules of which as many runs in a row have failed as they allow. What is due at that moment and has no
 * verdict yet is held back with the rest. The caller holds the schedules' rows, and has written what failed.
 */
export async function pauseFailing(sql: Sql, now: number, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const failing = await sql.query<HoldingChange['before'] & { failures: number; code: string | null; message: string | null }>(
    `/* listFailing */
SELECT s.id, s.state, s.next_fire_at AS "nextFireAt", s.pause, s.hold, s.consecutive_failures AS failures, r.error->>'code' AS code, r.error->>'message' AS message
  FROM schedule s LEFT JOIN LATERAL (
    SELECT error FROM run WHERE schedule_id = s.id AND state IN ('FAILED', 'TIMED_OUT') AND finished_at = $2::timestamptz ORDER BY scheduled_for DESC LIMIT 1) r ON true
 WHERE s.id = ${listed('$1')} AND s.state = 'ACTIVE' AND s.deleted_at IS NULL
   AND s.consecutive_failures >= s.pause_after_failures ORDER BY s.id`,
    [JSON.stringify(ids), iso(now)],
  );
  const changes = failing.map(({ failures, code, message, ...before }) => {
    const last = code === null ? '' : `; the last: ${shortened(`${code}: ${message}`)}`;
    const reason = `${failures} ${failures === 1 ? 'run' : 'runs in a row'} failed${last}`;
    const pause: PauseRecord = { since: iso(now), until: null, reason, by: SYSTEM, cause: 'FAILURES' };
    return { before, state: 'PAUSED' as const, pause, hold: before.hold };
  });
  await setHolding(sql, now, changes);
  await appendAudits(
    sql,
    changes.map(({ before, pause }) => ({
      at: new Date(now),
      actor: SYSTEM,
      action: 'schedule.pause',
      targetId: before.id,
      reason: pause.reason,
      changes: { state: { before: before.state, after: 'PAUSED' } },
      source: 'engine',
      requestId: null,
    })),
  );
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= QUOTED ? text : `${characters.slice(0, QUOTED - 1).join('')}…`;
}
