import type { RunError } from '../domain/runError.ts';
import type { RunState } from '../domain/runState.ts';
import { appendRunEvents } from './runEvents.ts';
import { conditionsOfRuns } from './runLists.ts';
import type { RunFilter } from './runLists.ts';
import { iso } from './runs.ts';
import type { Hold } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** The statements that cancel runs and tell their workers. */

/** Locks a run, waiting for whoever holds it. The caller has locked its schedule first: order schedule → run. */
export async function lockRun(sql: Sql, id: string): Promise<void> {
  await sql.query(`/* lockRun */ SELECT 1 FROM run WHERE id = $1 FOR NO KEY UPDATE`, [id]);
}

/** Ends a run, or has its worker end it. The caller holds its row and has decided by domain/cancel.ts. */
export function cancelLocked(sql: Sql, now: number, id: string, to: 'CANCELED' | 'CANCELING', error: RunError): Promise<void> {
  return cancelAllLocked(sql, now, [{ id, to }], error);
}

/** The same for many, whose rows the caller holds. */
export async function cancelAllLocked(
  sql: Sql,
  now: number,
  cancels: readonly { id: string; to: 'CANCELED' | 'CANCELING' }[],
  error: RunError,
): Promise<void> {
  await sql.query(
    `/* cancelLocked */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS c(id text, "to" text)),
before AS MATERIALIZED (SELECT r.id, r.state AS old_state, i."to" FROM run r JOIN input i ON i.id = r.id),
canceled AS (
  UPDATE run SET state = before."to", error = $3::jsonb, retry_at = NULL, waits_for = NULL,
         finished_at = CASE WHEN before."to" = 'CANCELED' THEN $1::timestamptz END,
         canceling_since = CASE WHEN before."to" = 'CANCELING' THEN $1::timestamptz END
    FROM before WHERE run.id = before.id RETURNING run.*, before.old_state
)
${appendRunEvents('canceled')}`,
    [iso(now), JSON.stringify(cancels), JSON.stringify(error)],
  );
}

/** A run that a cancel would change. */
export interface Cancelable {
  id: string;
  taskId: string;
  scheduleId: string | null;
  backfillId: string | null;
  state: RunState;
}
/** What is being canceled already is left alone. */
const CANCELABLE = sqlList(['SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT'] satisfies RunState[]);

/** The oldest of the runs that a filter matches and that have not ended. @returns `total`: how many there are */
export async function listCancelable(sql: Sql, filter: RunFilter, limit: number): Promise<{ runs: Cancelable[]; total: number }> {
  const conditions = conditionsOfRuns(filter);
  const rows = await sql.query<Cancelable & { total: number }>(
    `/* listCancelable */
SELECT r.id, r.task_id AS "taskId", r.schedule_id AS "scheduleId", r.backfill_id AS "backfillId", r.state, (count(*) OVER ())::int AS total FROM run r
 WHERE r.state IN ${CANCELABLE} AND ${conditions.text()} ORDER BY r.scheduled_for, r.id LIMIT ${conditions.param(limit)}::int`,
    conditions.values,
  );
  return { runs: rows.map(({ total: _, ...run }) => run), total: rows[0]?.total ?? 0 };
}

/**
 * Locks, in order of id, those of these runs that the filter matches still and that have not ended. The caller has locked their
 * schedules first.
 * @param ids  default: whatever the filter matches
 */
export function lockCancelable(sql: Sql, filter: RunFilter, ids?: readonly string[]): Promise<Cancelable[]> {
  const conditions = conditionsOfRuns(filter);
  conditions.anyOf('r.id', ids);
  return sql.query(
    `/* lockCancelable */
SELECT r.id, r.task_id AS "taskId", r.schedule_id AS "scheduleId", r.backfill_id AS "backfillId", r.state FROM run r WHERE r.state IN ${CANCELABLE} AND ${conditions.text()}
 ORDER BY r.id FOR NO KEY UPDATE OF r`,
    conditions.values,
  );
}

/** An attempt that its worker is to end. */
export interface CanceledHold {
  lease: string;
  /** Who canceled the run, and why. */
  message: string;
}
/** Of what a worker holds: the attempts of runs that are being canceled, and of those that were canceled by force. */
export function listCanceling(sql: Sql, workerId: string, holds: readonly Hold[]): Promise<CanceledHold[]> {
  return sql.query(
    `/* listCanceling */
SELECT i.lease, r.error->>'message' AS message FROM jsonb_to_recordset($2::jsonb) AS i("runId" text, attempt int, lease text)
  JOIN run r ON r.id = i."runId" AND r.attempt = i.attempt
 WHERE r.worker_id = $1 AND (r.state = 'CANCELING' AND r.lease = i.lease OR r.state = 'CANCELED')`,
    [workerId, JSON.stringify(holds)],
  );
}
