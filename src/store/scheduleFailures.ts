import { pauseFailing } from './failurePauses.ts';
import { iso } from './runs.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import type { Sql } from './sql.ts';

/**
 * Writes the counters of schedules whose runs have ended, with an event for each that begins or ceases to fail, and pauses those that
 * allow no more failures. The caller holds the schedules' locks and has written how the runs ended. A deleted schedule is left alone: nothing happens to it any more.
 */
export async function setFailures(sql: Sql, now: number, failures: readonly { id: string; count: number }[]): Promise<void> {
  if (failures.length === 0) return;
  const rest = `${unchangedFacts('c', 't')} || jsonb_build_object('state', c.state)
           || CASE WHEN c.state = 'ACTIVE' AND c.next_fire_at IS NOT NULL THEN jsonb_build_object('nextFireAt', c.next_fire_at) ELSE '{}' END`;
  await sql.query(
    `/* setFailures */
WITH counted AS (
  UPDATE schedule s SET consecutive_failures = i.count
    FROM jsonb_to_recordset($2::jsonb) AS i(id text, count int) JOIN schedule prior ON prior.id = i.id
   WHERE s.id = i.id AND s.deleted_at IS NULL RETURNING s.*, prior.consecutive_failures AS old_failures
)
INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
SELECT $1::timestamptz, 'schedule', 'UPDATED', c.id, c.task_id, c.id,
       ${rest} || ${failingFact('c.old_failures')}, ${rest} || ${failingFact('c.consecutive_failures')}
  FROM counted c JOIN task t ON t.id = c.task_id WHERE (c.old_failures > 0) <> (c.consecutive_failures > 0)`,
    [iso(now), JSON.stringify(failures)],
  );
  await pauseFailing(
    sql,
    now,
    failures.filter(({ count }) => count > 0).map(({ id }) => id),
  );
}
