import { ACTIVE_STATES } from '../domain/runState.ts';
import type { DelayedRun, Promotion, RunInTheWay } from '../domain/delayed.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso, queuedColumns } from './runs.ts';
import type { QueuedRun } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** Runs that wait for their own time (SCHEDULED), which no schedule has given them. */

const IN_THE_WAY = sqlList(['BUFFERED', ...ACTIVE_STATES]);
const listed = (parameter: string) => `ANY(ARRAY(SELECT jsonb_array_elements_text(${parameter}::jsonb)))`;

/** When the next of them is due; null when none waits. */
export async function nextDelayedAt(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* nextDelayedAt */ SELECT min(effective_at) AS at FROM run WHERE state = 'SCHEDULED'`,
  );
  return row?.at ?? null;
}

/**
 * Locks runs whose time has come, in order of it. Their tasks first, so that nothing else of them is triggered by hand meanwhile
 * (order: task → run); what another transaction holds is left for the next look.
 * @returns `seen`: how many were due, those left out too
 */
export async function lockDueDelayed(sql: Sql, now: number, limit: number): Promise<{ due: DelayedRun[]; seen: number }> {
  const candidates = await sql.query<{ id: string; taskId: string }>(
    `/* dueDelayed */
SELECT id, task_id AS "taskId" FROM run WHERE state = 'SCHEDULED' AND effective_at <= $1::timestamptz ORDER BY effective_at, id LIMIT $2`,
    [iso(now), limit],
  );
  if (candidates.length === 0) return { due: [], seen: 0 };
  const tasks = await sql.query<{ id: string }>(
    `/* lockDelayedTasks */ SELECT id FROM task WHERE id = ${listed('$1')} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [JSON.stringify([...new Set(candidates.map((run) => run.taskId))])],
  );
  const held = new Set(tasks.map((task) => task.id));
  const ids = candidates.flatMap((run) => (held.has(run.taskId) ? [run.id] : []));
  const locked = await sql.query<DelayedRun>(
    `/* lockDelayed */
SELECT id, task_id AS "taskId", coalesce(overlap_policy, 'SKIP') AS "overlapPolicy" FROM run
 WHERE id = ${listed('$1')} AND state = 'SCHEDULED' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [JSON.stringify(ids)],
  );
  const byId = new Map(locked.map((run) => [run.id, run]));
  return { due: ids.flatMap((id) => byId.get(id) ?? []), seen: candidates.length };
}

/** Of each task the oldest run that is in the way of another. The caller holds the tasks. */
export async function findInTheWay(sql: Sql, taskIds: readonly string[]): Promise<Map<string, RunInTheWay>> {
  const rows = await sql.query<RunInTheWay & { taskId: string }>(
    `/* findInTheWay */
SELECT DISTINCT ON (task_id) task_id AS "taskId", id, state FROM run
 WHERE task_id = ${listed('$1')} AND state IN ${IN_THE_WAY} ORDER BY task_id, scheduled_for, id`,
    [JSON.stringify(taskIds)],
  );
  return new Map(rows.map(({ taskId, id, state }) => [taskId, { id, state }]));
}

/** Queues or ends runs that wait for their time. The caller holds them. @returns runs that want a delivery */
export function writePromotions(sql: Sql, now: number, promotions: readonly Promotion[]): Promise<QueuedRun[]> {
  return sql.query(
    `/* writePromotions */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS p(id text, state text, error jsonb)),
promoted AS (
  UPDATE run SET state = i.state, error = i.error,
         queued_at = CASE WHEN i.state = 'QUEUED' THEN $1::timestamptz END, job_id = CASE WHEN i.state = 'QUEUED' THEN gen_random_uuid() END,
         finished_at = CASE WHEN i.state = 'CANCELED' THEN $1::timestamptz END
    FROM input i WHERE run.id = i.id AND run.state = 'SCHEDULED' RETURNING run.*, 'SCHEDULED'::text AS old_state
), events AS (${appendRunEvents('promoted')})
SELECT ${queuedColumns('p')} FROM promoted p JOIN task t ON t.id = p.task_id WHERE p.state = 'QUEUED'`,
    [iso(now), JSON.stringify(promotions)],
  );
}
