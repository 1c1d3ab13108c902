import { HELD_STATES } from '../domain/runState.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

const HELD = sqlList(HELD_STATES);
const LIVE = `('RUNNING', 'DRAINING')`;

/** Who can run what, and who runs what: the questions of lists, batched by owner. */

export interface TaskWorkerRow {
  taskId: string;
  workerId: string;
  /** runs of the task under way on this worker */
  runningCount: number;
  /** From when on it takes runs of the task; null: from its start. */
  readyAt: Date | null;
}

/** Live workers of each task, the newest first: those that have its code, or every one for HTTP tasks. */
export function listTaskWorkers(sql: Sql, taskIds: readonly string[], limit: number): Promise<TaskWorkerRow[]> {
  return sql.query(
    `/* listTaskWorkers */
SELECT t.id AS "taskId", w.id AS "workerId", wt.ready_at AS "readyAt",
       (SELECT count(*)::int FROM run r WHERE r.task_id = t.id AND r.worker_id = w.id AND r.state IN ${HELD}) AS "runningCount"
  FROM task t CROSS JOIN LATERAL (
    SELECT w.id, w.started_at FROM worker w
     WHERE w.state IN ${LIVE} AND (t.kind = 'HTTP' OR EXISTS (SELECT 1 FROM worker_task wt WHERE wt.worker_id = w.id AND wt.task_id = t.id))
     ORDER BY w.started_at DESC, w.id DESC LIMIT $2
  ) w LEFT JOIN worker_task wt ON wt.worker_id = w.id AND wt.task_id = t.id
 WHERE t.id = ANY(SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY t.id, w.started_at DESC, w.id DESC`,
    [JSON.stringify(taskIds), limit],
  );
}

/** Code tasks of each worker, in order of their keys. */
export function listWorkerTasks(sql: Sql, workerIds: readonly string[]): Promise<{ workerId: string; taskId: string }[]> {
  return sql.query(
    `/* listWorkerTasks */
SELECT wt.worker_id AS "workerId", wt.task_id AS "taskId" FROM worker_task wt JOIN task t ON t.id = wt.task_id
 WHERE wt.worker_id = ANY(SELECT jsonb_array_elements_text($1::jsonb)) AND t.deleted_at IS NULL ORDER BY t.key`,
    [JSON.stringify(workerIds)],
  );
}

/** Ids of the runs under way on each worker, the oldest first. */
export function listWorkerRuns(
  sql: Sql,
  workerIds: readonly string[],
  limit: number,
): Promise<{ workerId: string; runIds: string[]; count: number }[]> {
  return sql.query(
    `/* listWorkerRuns */
SELECT r.worker_id AS "workerId", count(*)::int AS count, coalesce(jsonb_agg(r.id ORDER BY r.started_at, r.id) FILTER (WHERE r.place <= $2), '[]') AS "runIds"
  FROM (SELECT id, worker_id, started_at, row_number() OVER (PARTITION BY worker_id ORDER BY started_at, id) AS place FROM run
         WHERE state IN ${HELD} AND worker_id = ANY(SELECT jsonb_array_elements_text($1::jsonb))) r
 GROUP BY r.worker_id`,
    [JSON.stringify(workerIds), limit],
  );
}
