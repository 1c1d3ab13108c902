import { WAITING_STATES } from '../domain/runState.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** Runs of tasks of scope LOCAL belong to one worker: when it is gone, nobody else will run what waited for it. */

const WAITING = sqlList([...WAITING_STATES, 'RETRY_WAIT']);

export async function listOrphanedRuns(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listOrphanedRuns */
SELECT r.id FROM run r JOIN worker w ON w.id = r.local_worker_id
 WHERE r.local_worker_id IS NOT NULL AND r.state IN ${WAITING} AND w.state IN ('STOPPED', 'LOST') ORDER BY r.id LIMIT $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/**
 * Fails those of these runs that wait still. The caller has locked their schedules first (lockSchedulesOf).
 * @returns how many failed of each schedule
 */
export async function failOrphanedRuns(sql: Sql, now: number, runIds: readonly string[]): Promise<Map<string, number>> {
  const error = {
    code: 'WORKER_LOST',
    name: 'WorkerLost',
    message: 'the worker that this run was for is gone',
    retryable: false,
  };
  const rows = await sql.query<{ scheduleId: string; failed: number }>(
    `/* failOrphanedRuns */
WITH orphan AS MATERIALIZED (
  SELECT r.id, r.state AS old_state FROM run r JOIN worker w ON w.id = r.local_worker_id
   WHERE r.id = ANY(SELECT jsonb_array_elements_text($2::jsonb)) AND r.state IN ${WAITING} AND w.state IN ('STOPPED', 'LOST')
   ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED
), failed AS (
  UPDATE run SET state = 'FAILED', finished_at = $1::timestamptz, retry_at = NULL, waits_for = NULL, error = $3::jsonb
    FROM orphan WHERE run.id = orphan.id RETURNING run.*, orphan.old_state
), events AS (${appendRunEvents('failed')})
SELECT schedule_id AS "scheduleId", count(*)::int AS failed FROM failed WHERE schedule_id IS NOT NULL GROUP BY schedule_id`,
    [iso(now), JSON.stringify(runIds), JSON.stringify(error)],
  );
  return new Map(rows.map((row) => [row.scheduleId, row.failed]));
}
