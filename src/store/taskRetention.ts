import type { RunRetention } from '../domain/retention.ts';
import type { Store } from './open.ts';
import { BATCH, PURGED_COLUMNS, hasNewer, purgeSelected } from './retention.ts';
import { iso } from './runs.ts';
import type { Sql } from './sql.ts';

/** What tasks say of how many of their runs are kept. Deleted tasks and schedules are no exception: their history stays, no longer. */

export interface TaskRetention {
  taskId: string;
  retention: RunRetention;
}
/** Of a schedule, or of the runs of a task without one (null): runs before this instant are too many. */
interface Edge {
  scheduleId: string | null;
  before: Date;
}

export function listTaskRetentions(sql: Sql): Promise<TaskRetention[]> {
  return sql.query(`/* listTaskRetentions */ SELECT id AS "taskId", retention FROM task WHERE retention IS NOT NULL ORDER BY id`);
}

/** Removes one batch of the task's runs that ended before `before`. The newest run of each schedule stays. @returns how many */
export function purgeOldOfTask(store: Store, taskId: string, before: number, now: number): Promise<number> {
  return purgeSelected(
    store,
    now,
    `/* oldRunsOfTask */
SELECT ${PURGED_COLUMNS} FROM run r WHERE r.task_id = $1 AND r.finished_at < $2::timestamptz AND (r.schedule_id IS NULL OR ${hasNewer('r')})
 ORDER BY r.finished_at, r.id LIMIT $3 FOR UPDATE SKIP LOCKED`,
    [taskId, iso(before), BATCH],
  );
}

/**
 * Where the newest `count` ended runs of each of the task's schedules begin, of those that have more, and of its runs without a
 * schedule. Of one instant all stay: the workers' runs of a LOCAL task belong together.
 */
export function findEdges(sql: Sql, taskId: string, count: number): Promise<Edge[]> {
  const edge = (owned: string) => `CROSS JOIN LATERAL (
    SELECT r.scheduled_for AS before FROM run r WHERE ${owned} AND r.finished_at IS NOT NULL ORDER BY r.scheduled_for DESC OFFSET $2::int - 1 LIMIT 1
  ) edge WHERE EXISTS (SELECT 1 FROM run r WHERE ${owned} AND r.finished_at IS NOT NULL AND r.scheduled_for < edge.before)`;
  return sql.query(
    `/* retentionEdges */
SELECT s.id AS "scheduleId", edge.before FROM schedule s ${edge('r.schedule_id = s.id')} AND s.task_id = $1
 UNION ALL
SELECT NULL, edge.before FROM (SELECT 1) one ${edge('r.task_id = $1 AND r.schedule_id IS NULL')}`,
    [taskId, count],
  );
}

/** Removes one batch of ended runs that lie before the edges. @returns how many; 0 when none is left */
export function purgeBeforeEdges(store: Store, taskId: string, edges: readonly Edge[], now: number): Promise<number> {
  const beyond = (owned: string) => `CROSS JOIN LATERAL (
    SELECT r.id FROM run r WHERE ${owned} AND r.finished_at IS NOT NULL AND r.scheduled_for < e.before ORDER BY r.scheduled_for LIMIT $3
  ) r`;
  return purgeSelected(
    store,
    now,
    `/* runsBeforeEdges */
WITH edge AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($2::jsonb) AS e("scheduleId" text, before timestamptz)),
     surplus AS MATERIALIZED (
  (SELECT r.id FROM edge e ${beyond('r.schedule_id = e."scheduleId"')} WHERE e."scheduleId" IS NOT NULL LIMIT $3)
   UNION ALL
  (SELECT r.id FROM edge e ${beyond('r.task_id = $1 AND r.schedule_id IS NULL')} WHERE e."scheduleId" IS NULL LIMIT $3)
)
SELECT ${PURGED_COLUMNS} FROM run r WHERE r.id IN (SELECT id FROM surplus LIMIT $3) AND r.finished_at IS NOT NULL FOR UPDATE SKIP LOCKED`,
    [taskId, JSON.stringify(edges), BATCH],
  );
}
