import type { LedgerFacts } from '../domain/explanation.ts';
import type { RunOrigin, RunState } from '../domain/runState.ts';
import type { ScheduleDefinition } from './schedules.ts';
import type { Sql } from './sql.ts';
import { iso } from './runs.ts';

interface Row {
  run: {
    id: string;
    state: RunState;
    origin: RunOrigin;
    startedAt: string | null;
    scheduleVersion: number | null;
    count: number;
  } | null;
  occurrence: {
    verdict: string;
    reason: string | null;
    isEnd: boolean;
    scheduleVersion: number;
    spec: StoredDefinition | null;
  } | null;
  validFrom: Date | null;
}
/** As JSON keeps it. */
type StoredDefinition = Omit<ScheduleDefinition, 'startAt' | 'endAt'> & { startAt: string | null; endAt: string | null };

/**
 * What became of one instant of a schedule. Rows of the ledger do not overlap, so only the newest that begins by then can cover it.
 * @param at       epoch ms; not before the schedule was created
 * @param version  the present one
 */
export async function findLedgerFacts(sql: Sql, scheduleId: string, version: number, at: number): Promise<LedgerFacts> {
  const [row] = await sql.query<Row>(
    `/* findLedgerFacts */
SELECT (SELECT jsonb_build_object('id', r.id, 'state', r.state, 'origin', r.origin, 'startedAt', r.started_at, 'scheduleVersion', r.schedule_version,
                                  'count', count(*) OVER ())
          FROM run r WHERE r.schedule_id = $1 AND r.scheduled_for = $2::timestamptz AND r.origin IN ('SCHEDULE', 'CATCH_UP') ORDER BY r.id LIMIT 1) AS run,
       (SELECT jsonb_build_object('verdict', o.verdict, 'reason', o.reason, 'isEnd', $2::timestamptz IN (o.scheduled_for, o.through),
                                  'scheduleVersion', o.schedule_version, 'spec', v.spec)
          FROM (SELECT * FROM occurrence WHERE schedule_id = $1 AND scheduled_for <= $2::timestamptz ORDER BY scheduled_for DESC LIMIT 1) o
          LEFT JOIN schedule_version v ON v.schedule_id = $1 AND v.version = o.schedule_version
         WHERE o.through >= $2::timestamptz) AS occurrence,
       (SELECT valid_from FROM schedule_version WHERE schedule_id = $1 AND version = $3) AS "validFrom"`,
    [scheduleId, iso(at), version],
  );
  const { run = null, occurrence = null, validFrom = null } = row ?? {};
  return {
    run: run && { ...run, startedAt: date(run.startedAt) },
    occurrence: occurrence && { ...occurrence, spec: occurrence.spec && readDefinition(occurrence.spec) },
    validFrom,
  };
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));

function readDefinition(spec: StoredDefinition): ScheduleDefinition {
  return { ...spec, startAt: date(spec.startAt), endAt: date(spec.endAt) };
}
