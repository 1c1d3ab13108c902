import { isDeepStrictEqual } from 'node:util';
import { resumeAtOf } from '../domain/held.ts';
import { CLAIMED_COLUMNS, CLAIMED_FROM, withCalendars } from './claims.ts';
import type { ClaimedSchedule } from './claims.ts';
import type { HoldRecord, PauseRecord } from './pauses.ts';
import { iso } from './runs.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';

/** Locks schedules of which a pause or a hold has ended by itself. Those that others hold are passed over: ask again soon. */
export async function claimLapsed(sql: Sql, now: number, limit: number): Promise<ClaimedSchedule[]> {
  const claimed = await sql.query<ClaimedSchedule>(
    `/* claimLapsed */
SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM}
 WHERE s.resume_at <= $1::timestamptz AND s.deleted_at IS NULL ORDER BY s.resume_at LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED`,
    [iso(now), limit],
  );
  return withCalendars(sql, claimed);
}

/** When the next pause, of a schedule or of a task, ends by itself; null when none does. */
export async function nextResumeAt(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* nextResumeAt */
SELECT least((SELECT min(resume_at) FROM schedule WHERE deleted_at IS NULL AND resume_at IS NOT NULL),
             (SELECT min(resume_at) FROM task WHERE deleted_at IS NULL AND resume_at IS NOT NULL)) AS at`,
  );
  return row?.at ?? null;
}

/** Ends holds, before what they held back is planned, which says when they are due. The caller holds the rows and calls setHolding after. */
export async function releaseHolds(sql: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql.query(
    `/* releaseHolds */
UPDATE schedule SET hold = NULL, next_fire_at = next_scheduled_for, resume_at = CASE WHEN pause IS NOT NULL THEN resume_at END
 WHERE id = ${listed('$1')}`,
    [JSON.stringify(ids)],
  );
}

/** What holds a schedule back from here on. */
export interface HoldingChange {
  before: Pick<ClaimedSchedule, 'id' | 'state' | 'nextFireAt' | 'pause' | 'hold'>;
  /** ACTIVE becomes COMPLETED where no time is left. */
  state: ClaimedSchedule['state'];
  pause: PauseRecord | null;
  hold: HoldRecord | null;
}

/**
 * Sets what holds schedules back, with an event for each of which others see something. Where a pause ends that failures brought about, or that would come
 * back with the next one, they are forgotten. The caller holds the rows, and what was due has its verdicts.
 */
export async function setHolding(sql: Sql, now: number, changes: readonly HoldingChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ before, state, pause, hold }) => ({
    id: before.id,
    state,
    pause,
    hold,
    resumeAt: resumeAtOf({ pause, hold }),
    told: before.state !== state || !isDeepStrictEqual(before.pause, pause) || (state === 'ACTIVE' && !before.hold !== !hold),
    before: { state: before.state, ...(before.state === 'ACTIVE' && { nextFireAt: before.nextFireAt }) },
  }));
  await sql.query(
    `/* setHolding */
WITH c AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(id text, state text, pause jsonb, hold jsonb, "resumeAt" timestamptz, told boolean, before jsonb)
), changed AS (
  UPDATE schedule s SET state = CASE WHEN c.state = 'ACTIVE' AND s.next_scheduled_for IS NULL AND s.trigger_kind <> 'MANUAL' THEN 'COMPLETED' ELSE c.state END,
         pause = nullif(c.pause, 'null'), hold = nullif(c.hold, 'null'), resume_at = c."resumeAt",
         next_fire_at = CASE WHEN nullif(c.hold, 'null') IS NULL THEN s.next_fire_at END,
         consecutive_failures = CASE WHEN s.state = 'PAUSED' AND c.state <> 'PAUSED' AND (s.pause->>'cause' = 'FAILURES' OR s.consecutive_failures >= s.pause_after_failures)
                                THEN 0 ELSE s.consecutive_failures END
    FROM c JOIN schedule prior ON prior.id = c.id WHERE s.id = c.id RETURNING s.*, prior.consecutive_failures AS old_failures, c.told, c.before
)
INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
SELECT $1::timestamptz, 'schedule', 'UPDATED', h.id, h.task_id, h.id,
       facts.common || jsonb_strip_nulls(h.before) || ${failingFact('h.old_failures')},
       facts.common || jsonb_strip_nulls(jsonb_build_object('state', h.state, 'nextFireAt', CASE WHEN h.state = 'ACTIVE' THEN h.next_fire_at END))
         || ${failingFact('h.consecutive_failures')}
  FROM changed h JOIN task t ON t.id = h.task_id, LATERAL (SELECT ${unchangedFacts('h', 't')} AS common) facts WHERE h.told ORDER BY h.id`,
    [iso(now), JSON.stringify(rows)],
  );
}
