import { appendEvents } from './events.ts';
import { iso } from './runs.ts';
import type { Sql } from './sql.ts';

export type WorkerState = 'RUNNING' | 'DRAINING' | 'STOPPED' | 'LOST';
export interface NewWorker {
  id: string;
  hostname: string;
  pid: number;
  version: string;
  capacity: number;
}

/** A code task that a worker has the code of, and the ISO instant from which on it takes runs of it; null: from its start. */
export interface NewWorkerTask {
  taskId: string;
  readyAt: string | null;
}

export async function registerWorker(
  sql: Sql,
  now: number,
  worker: NewWorker,
  tasks: readonly NewWorkerTask[] = [],
): Promise<void> {
  await sql.query(
    `/* registerWorker */
INSERT INTO worker (id, hostname, pid, version, state, capacity, started_at, last_heartbeat_at)
VALUES ($1, $2, $3, $4, 'RUNNING', $5, $6::timestamptz, $6::timestamptz)`,
    [worker.id, worker.hostname, worker.pid, worker.version, worker.capacity, iso(now)],
  );
  await sql.query(
    `/* registerWorkerTasks */
INSERT INTO worker_task (worker_id, task_id, ready_at)
SELECT $1, t."taskId", t."readyAt" FROM jsonb_to_recordset($2::jsonb) AS t("taskId" text, "readyAt" timestamptz)`,
    [worker.id, JSON.stringify(tasks)],
  );
  await workerEvent(sql, now, worker.id, 'CREATED', null, 'RUNNING');
}

/** Live workers that have the code of each of these tasks, in order of their ids; those too that wait with it for now. */
export function listLiveWorkers(sql: Sql, taskIds: readonly string[]): Promise<Map<string, string[]>> {
  return workersBefore(sql, taskIds, null);
}
/** Those of them that take runs of it. */
export function listReadyWorkers(sql: Sql, now: number, taskIds: readonly string[]): Promise<Map<string, string[]>> {
  return workersBefore(sql, taskIds, iso(now));
}

/** @param readyBy  null: ready or not */
async function workersBefore(sql: Sql, taskIds: readonly string[], readyBy: string | null): Promise<Map<string, string[]>> {
  if (taskIds.length === 0) return new Map();
  const rows = await sql.query<{ taskId: string; workerIds: string[] }>(
    `/* listLiveWorkers */
SELECT wt.task_id AS "taskId", jsonb_agg(w.id ORDER BY w.id) AS "workerIds" FROM worker_task wt JOIN worker w ON w.id = wt.worker_id
 WHERE wt.task_id = ANY(SELECT jsonb_array_elements_text($1::jsonb)) AND w.state = 'RUNNING'
   AND ($2::timestamptz IS NULL OR wt.ready_at IS NULL OR wt.ready_at <= $2::timestamptz) GROUP BY wt.task_id`,
    [JSON.stringify(taskIds), readyBy],
  );
  return new Map(rows.map((row) => [row.taskId, row.workerIds]));
}

/**
 * Says that a worker is alive. One that was given up for lost while it could not reach the database is running again.
 * @returns false: it was away for so long that retention has forgotten it
 */
export async function heartbeat(sql: Sql, now: number, workerId: string): Promise<boolean> {
  const [before] = await sql.query<{ state: WorkerState }>(
    `/* heartbeat */
WITH before AS MATERIALIZED (SELECT id, state FROM worker WHERE id = $1 FOR NO KEY UPDATE)
UPDATE worker SET last_heartbeat_at = $2::timestamptz, state = CASE WHEN before.state = 'LOST' THEN 'RUNNING' ELSE before.state END
  FROM before WHERE worker.id = before.id RETURNING before.state`,
    [workerId, iso(now)],
  );
  if (before?.state === 'LOST') await workerEvent(sql, now, workerId, 'UPDATED', 'LOST', 'RUNNING');
  return before !== undefined;
}

export async function setWorkerState(sql: Sql, now: number, workerId: string, state: WorkerState): Promise<void> {
  const [before] = await sql.query<{ state: WorkerState }>(
    `/* setWorkerState */
WITH before AS MATERIALIZED (SELECT id, state FROM worker WHERE id = $1 AND state <> $2 FOR NO KEY UPDATE)
UPDATE worker SET state = $2 FROM before WHERE worker.id = before.id RETURNING before.state`,
    [workerId, state],
  );
  if (before !== undefined) await workerEvent(sql, now, workerId, 'UPDATED', before.state, state);
}

/** Marks workers that have not been heard of since `heardBefore` as lost. @returns their ids */
export async function markLostWorkers(sql: Sql, now: number, heardBefore: number): Promise<string[]> {
  const lost = await sql.query<{ id: string; state: WorkerState }>(
    `/* markLostWorkers */
WITH silent AS MATERIALIZED (
  SELECT id, state FROM worker WHERE state IN ('RUNNING', 'DRAINING') AND last_heartbeat_at < $1::timestamptz ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE worker SET state = 'LOST' FROM silent WHERE worker.id = silent.id RETURNING worker.id, silent.state`,
    [iso(heardBefore)],
  );
  for (const worker of lost) await workerEvent(sql, now, worker.id, 'UPDATED', worker.state, 'LOST');
  return lost.map((worker) => worker.id);
}

async function workerEvent(
  sql: Sql,
  now: number,
  workerId: string,
  kind: 'CREATED' | 'UPDATED',
  before: WorkerState | null,
  after: WorkerState,
): Promise<void> {
  const facts = (state: WorkerState) => ({ state });
  await appendEvents(sql, now, [
    {
      topic: 'worker',
      kind,
      subjectId: workerId,
      taskId: null,
      scheduleId: null,
      before: before === null ? null : facts(before),
      after: facts(after),
    },
  ]);
}
