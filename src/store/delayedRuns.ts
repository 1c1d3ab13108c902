import type { DelayedRun, Promotion, RunInTheWay } from '../domain/delayed.ts';
import { isReplacing } from '../domain/overlap.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { appendRunEvents } from './runEvents.ts';
import { IN_LANE, IN_THE_WAY, listUnderwaySchedules } from './lanes.ts';
import { iso, lockSchedules, queuedColumns } from './runs.ts';
import type { QueuedRun } from './runs.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';
import { CONCURRENCY } from './taskLimits.ts';

/** Runs that wait for their own time (SCHEDULED), which no schedule has given them. */

/** When the next of them is due; null when none waits. */
export async function nextDelayedAt(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* nextDelayedAt */ SELECT min(effective_at) AS at FROM run WHERE state = 'SCHEDULED'`,
  );
  return row?.at ?? null;
}

/** One whose row is locked, and its task's. */
export interface DueDelayed extends DelayedRun {
  /** CANCEL_OTHER, TERMINATE_OTHER: the schedules that have runs of the task under way; they are locked as well. */
  scheduleIds: string[];
}

/**
 * Locks runs whose time has come, in order of it. Their tasks first, so that nothing else of them is triggered by hand meanwhile, and
 * before those the schedules whose runs are to give way (order: schedule → task → run); what another transaction holds is left for the
 * next look.
 * @returns `seen`: how many were due, those left out too
 */
export async function lockDueDelayed(sql: Sql, now: number, limit: number): Promise<{ due: DueDelayed[]; seen: number }> {
  const candidates = await sql.query<{ id: string; taskId: string; overlapPolicy: OverlapPolicy }>(
    `/* dueDelayed */
SELECT id, task_id AS "taskId", coalesce(overlap_policy, 'SKIP') AS "overlapPolicy" FROM run
 WHERE state = 'SCHEDULED' AND effective_at <= $1::timestamptz ORDER BY effective_at, id LIMIT $2`,
    [iso(now), limit],
  );
  if (candidates.length === 0) return { due: [], seen: 0 };
  const replacing = new Set(candidates.filter((run) => isReplacing(run.overlapPolicy)).map((run) => run.taskId));
  const schedules = new Map<string, string[]>();
  for (const taskId of replacing) schedules.set(taskId, await listUnderwaySchedules(sql, taskId));
  await lockSchedules(sql, [...schedules.values()].flat());
  const tasks = await sql.query<{ id: string; limited: boolean }>(
    `/* lockDelayedTasks */ SELECT t.id, ${CONCURRENCY} IS NOT NULL AS limited FROM task t WHERE t.id = ${listed('$1')} ORDER BY t.id FOR NO KEY UPDATE SKIP LOCKED`,
    [JSON.stringify([...new Set(candidates.map((run) => run.taskId))])],
  );
  const held = new Map(tasks.map(({ id, limited }) => [id, limited]));
  const mine = candidates.filter((run) => held.has(run.taskId));
  const locked = await sql.query<{ id: string }>(
    `/* lockDelayed */ SELECT id FROM run WHERE id = ${listed('$1')} AND state = 'SCHEDULED' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [JSON.stringify(mine.map(({ id }) => id))],
  );
  const ids = new Set(locked.map(({ id }) => id));
  const due = mine.filter(({ id }) => ids.has(id));
  return {
    due: due.map((run) => ({
      ...run,
      limited: held.get(run.taskId) === true,
      scheduleIds: schedules.get(run.taskId) ?? [],
    })),
    seen: candidates.length,
  };
}

/** Of each task the oldest run that is in the way of another. The caller holds the tasks. */
export async function findInTheWay(sql: Sql, taskIds: readonly string[]): Promise<Map<string, RunInTheWay>> {
  const rows = await sql.query<RunInTheWay & { taskId: string }>(
    `/* findInTheWay */
-- Of each task one row, and only then the count: what is in the way may be thousands.
SELECT w.*, (SELECT count(*)::int FROM run b WHERE b.task_id = w."taskId" AND b.state = 'BUFFERED' AND b.waits_for = 'TASK') AS buffered FROM (
  SELECT DISTINCT ON (r.task_id) r.task_id AS "taskId", r.id, r.state FROM run r
   WHERE r.task_id = ${listed('$1')} AND r.state IN ${IN_THE_WAY} AND r.${IN_LANE} ORDER BY r.task_id, r.scheduled_for, r.id
) w`,
    [JSON.stringify(taskIds)],
  );
  return new Map(rows.map(({ taskId, ...run }) => [taskId, run]));
}

/** Queues, buffers or ends runs that wait for their time. The caller holds them. @returns runs that want a delivery */
export function writePromotions(sql: Sql, now: number, promotions: readonly Promotion[]): Promise<QueuedRun[]> {
  return sql.query(
    `/* writePromotions */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS p(id text, state text, error jsonb, "waitsFor" text)),
promoted AS (
  UPDATE run SET state = i.state, error = i.error, waits_for = i."waitsFor",
         queued_at = CASE WHEN i.state = 'QUEUED' THEN $1::timestamptz END, job_id = CASE WHEN i.state = 'QUEUED' THEN gen_random_uuid() END,
         finished_at = CASE WHEN i.state = 'CANCELED' THEN $1::timestamptz END
    FROM input i WHERE run.id = i.id AND run.state = 'SCHEDULED' RETURNING run.*, 'SCHEDULED'::text AS old_state
), events AS (${appendRunEvents('promoted')})
SELECT ${queuedColumns('p')} FROM promoted p JOIN task t ON t.id = p.task_id WHERE p.state = 'QUEUED'`,
    [iso(now), JSON.stringify(promotions)],
  );
}
