import { afterCancel } from '../domain/cancel.ts';
import type { ReplacingPolicy } from '../domain/overlap.ts';
import type { RunError } from '../domain/runError.ts';
import { HELD_STATES, IN_THE_WAY_STATES } from '../domain/runState.ts';
import { IN_LANE, IN_THE_WAY } from './lanes.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso } from './runs.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** A newer run takes the place of what is under way: overlap policies CANCEL_OTHER and TERMINATE_OTHER. */

const HELD = sqlList(HELD_STATES);
/** What becomes of a run, as an expression over its state under the lock (r). */
const AFTER = {
  CANCEL_OTHER: `CASE ${IN_THE_WAY_STATES.map((state) => `WHEN r.state = '${state}' THEN '${afterCancel(state)}'`).join(' ')} END`,
  TERMINATE_OTHER: `'CANCELED'`,
} as const satisfies Record<ReplacingPolicy, string>;

/** What is to give way: the runs of schedules, or of one task. */
export type Replaced =
  | { scheduleIds: readonly string[] }
  /** Of the schedules' runs only those of these, whose locks the caller holds. */
  | { taskId: string; scheduleIds: readonly string[] };
/** What was under way of a schedule, or of the task. */
export interface Superseded {
  /** A schedule's or the task's id. */
  owner: string;
  /** Runs that a worker has yet to break off: CANCELING. */
  held: number;
  /** Runs that a worker had held: it is to be told. */
  broken: number;
}

/**
 * Locks what is about to end, in order of id: who starts runs or extends leases locks them in that order, whatever schedule they are of.
 * The caller holds the schedules' locks and those of their tasks.
 */
export async function lockReplaced(sql: Sql, scheduleIds: readonly string[]): Promise<void> {
  if (scheduleIds.length === 0) return;
  await sql.query(
    `/* lockReplaced */
SELECT 1 FROM run WHERE schedule_id = ${listed('$1')} AND state IN ${IN_THE_WAY}
   AND ${IN_LANE} ORDER BY id FOR NO KEY UPDATE`,
    [JSON.stringify(scheduleIds)],
  );
}

/**
 * Ends what is under way, or has its worker end it. TERMINATE_OTHER takes the leases away: whatever the workers make of these attempts
 * is not recorded. The caller holds the schedules' locks, the task's where it has a limit, and by a statement before this one those of
 * the runs (lockReplaced, lockActive): an attempt that began while this one waited for a lock would not be seen by it.
 */
export async function supersedeRuns(
  sql: Sql,
  now: number,
  policy: ReplacingPolicy,
  replaced: Replaced,
): Promise<Map<string, Superseded>> {
  const ofTask = 'taskId' in replaced;
  const owner = ofTask ? 'task_id' : 'schedule_id';
  const rows = await sql.query<Superseded>(
    `/* supersedeRuns_${policy}_${owner} */
WITH mine AS MATERIALIZED (
  SELECT r.id, r.${owner} AS owner, r.state AS old_state, ${AFTER[policy]} AS state FROM run r
   WHERE ${ofTask ? `r.task_id = $4 AND (r.schedule_id IS NULL OR r.schedule_id = ${listed('$2')})` : `r.schedule_id = ${listed('$2')}`}
     AND r.state IN ${IN_THE_WAY} AND r.${IN_LANE} ORDER BY r.id FOR NO KEY UPDATE OF r
), ended AS (
  UPDATE run SET state = m.state, error = $3::jsonb, retry_at = NULL, waits_for = NULL,
         finished_at = CASE WHEN m.state = 'CANCELED' THEN $1::timestamptz END,
         canceling_since = CASE WHEN m.state = 'CANCELING' THEN $1::timestamptz END,
         lease = CASE WHEN m.state <> 'CANCELED' THEN run.lease END,
         lease_expires_at = CASE WHEN m.state <> 'CANCELED' THEN run.lease_expires_at END
    FROM mine m WHERE run.id = m.id AND m.state <> m.old_state RETURNING run.*, m.old_state
), attempts AS (
  UPDATE attempt SET state = 'CANCELED', finished_at = $1::timestamptz, error = $3::jsonb
    FROM ended e WHERE e.state = 'CANCELED' AND e.old_state IN ${HELD} AND attempt.run_id = e.id AND attempt.number = e.attempt
), events AS (${appendRunEvents('ended')})
SELECT owner, count(*) FILTER (WHERE state = 'CANCELING')::int AS held, count(*) FILTER (WHERE old_state IN ${HELD})::int AS broken
  FROM mine GROUP BY owner`,
    [
      iso(now),
      JSON.stringify(replaced.scheduleIds),
      JSON.stringify(errorOf(policy, ofTask ? 'task' : 'schedule')),
      ...(ofTask ? [replaced.taskId] : []),
    ],
  );
  return new Map(rows.map((row) => [row.owner, row]));
}

function errorOf(policy: ReplacingPolicy, owner: 'schedule' | 'task'): RunError {
  const by = `by a newer run of the ${owner}; overlap policy ${policy}`;
  return policy === 'CANCEL_OTHER'
    ? { code: 'CANCELED', name: 'Canceled', message: `canceled ${by}`, retryable: false }
    : { code: 'TERMINATED', name: 'Terminated', message: `terminated ${by}`, retryable: false };
}
