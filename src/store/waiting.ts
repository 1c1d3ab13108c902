import { ACTIVE_STATES } from '../domain/runState.ts';
import { IN_LANE } from './lanes.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso, queuedColumns } from './runs.ts';
import type { QueuedRun } from './runs.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';
import { CONCURRENCY, WAITED_FOR } from './taskLimits.ts';

/**
 * What waits for a place, and who lets it go. A BUFFERED run waits until nothing of its schedule, or of its task, is active
 * (run.waits_for); of a task with a limit also for one of its slots, and a RETRY_WAIT that is due too. The locks: of the schedule for its
 * own runs, and of the task, which comes after it, where runs of several schedules meet: slots, and what waits for a task.
 */

const ACTIVE = sqlList(ACTIVE_STATES);
/** What holds one of the slots of its task. What waits for its next attempt holds none. */
const SLOT_HOLDERS = sqlList(['QUEUED', 'RUNNING', 'CANCELING']);
/** Of what waits for the same, the highest priority goes first, of backfills after all others of the same, then the oldest; runs of one occurrence of a LOCAL task go together. */
const AGE = ['rank', 'effective_at', 'scheduled_for', 'tie'];
const age = (row: string) => AGE.map((column) => `${row}.${column}`).join(', ');
const WAITING_COLUMNS = `r.id, r.state AS old_state, r.worker_id AS old_worker_id, r.task_id, r.schedule_id, coalesce(r.waits_for, 'SCHEDULE') AS waits_for,
         r.effective_at, r.scheduled_for, CASE WHEN r.local_worker_id IS NULL THEN r.id ELSE '' END AS tie,
         (r.origin = 'BACKFILL')::int - 2 * coalesce((r.policy->>'priority')::int, 0) AS rank, ${CONCURRENCY} AS slots`;
const active = (run: string, of: 'schedule_id' | 'task_id') =>
  `EXISTS (SELECT 1 FROM run a WHERE a.${of} = ${run}.${of} AND a.state IN ${ACTIVE} AND a.${IN_LANE})`;
/** Whether nothing that the run waits for is active, slots aside. */
const laneIsFree = (run: string) =>
  `CASE ${run}.waits_for WHEN 'SCHEDULE' THEN NOT ${active(run, 'schedule_id')} WHEN 'TASK' THEN NOT ${active(run, 'task_id')} ELSE true END`;
const usedSlots = (taskId: string) => `(SELECT count(*) FROM run u WHERE u.task_id = ${taskId} AND u.state IN ${SLOT_HOLDERS})`;

/**
 * Lets go what waited for these schedules and tasks and has its place now. Of a task with a limit that is whatever waits of it, on
 * whichever schedule, as far as its slots go; of other tasks what waits on these schedules, one of each.
 * The caller holds the schedules' locks.
 * @param lockedTaskIds  those of the tasks whose locks the caller holds: slots of others are not given away
 */
export async function promoteBuffered(
  sql: Sql,
  now: number,
  scheduleIds: readonly string[],
  taskIds: readonly string[] = [],
  lockedTaskIds: readonly string[] = taskIds,
): Promise<QueuedRun[]> {
  return sql.query<QueuedRun>(
    `/* promoteBuffered */
WITH waiting AS MATERIALIZED (
  SELECT ${WAITING_COLUMNS} FROM run r JOIN task t ON t.id = r.task_id
   WHERE r.schedule_id = ${listed('$2')} AND r.state = 'BUFFERED' AND coalesce(r.waits_for, 'SCHEDULE') = 'SCHEDULE' AND ${CONCURRENCY} IS NULL
  UNION ALL
  SELECT ${WAITING_COLUMNS} FROM run r JOIN task t ON t.id = r.task_id
   WHERE r.task_id = ${listed('$3')} AND r.waits_for IS NOT NULL AND r.state IN ('BUFFERED', 'RETRY_WAIT')
     AND CASE WHEN ${CONCURRENCY} IS NULL THEN r.waits_for <> 'SCHEDULE' ELSE t.id = ${listed('$4')} END
), oldest AS (
  SELECT w.*, rank() OVER (PARTITION BY CASE w.waits_for WHEN 'SCHEDULE' THEN w.schedule_id WHEN 'TASK' THEN w.task_id ELSE w.id END
                           ORDER BY ${age('w')}) AS nth FROM waiting w
), free AS (
  SELECT * FROM oldest o WHERE o.nth = 1 AND ${laneIsFree('o')}
), eligible AS (
  -- What waits for the whole task does not go beside others that go before it.
  SELECT * FROM free f WHERE f.waits_for <> 'TASK'
      OR NOT EXISTS (SELECT 1 FROM free o WHERE o.task_id = f.task_id AND o.waits_for <> 'TASK' AND (${age('o')}) < (${age('f')}))
), placed AS (
  SELECT e.*, row_number() OVER (PARTITION BY e.task_id ORDER BY ${age('e')}, e.id) AS place FROM eligible e
), used AS MATERIALIZED (
  -- Counted once for each task: thousands may wait for its slots.
  SELECT e.task_id, ${usedSlots('e.task_id')} AS slots FROM (SELECT DISTINCT task_id FROM eligible WHERE slots IS NOT NULL) e
), next AS MATERIALIZED (
  SELECT p.id, p.old_state, p.old_worker_id FROM placed p LEFT JOIN used u ON u.task_id = p.task_id
   WHERE p.slots IS NULL OR p.place <= p.slots - u.slots
), queued AS (
  UPDATE run SET state = 'QUEUED', queued_at = $1::timestamptz, job_id = gen_random_uuid(), waits_for = NULL,
         attempt = run.attempt + CASE WHEN next.old_state = 'RETRY_WAIT' THEN 1 ELSE 0 END, started_at = NULL, retry_at = NULL, error = NULL,
         worker_id = NULL
    FROM next WHERE run.id = next.id AND run.state = next.old_state RETURNING run.*, next.old_state, next.old_worker_id
), events AS (${appendRunEvents('queued', 'c.old_worker_id')})
SELECT ${queuedColumns('q')} FROM queued q JOIN task t ON t.id = q.task_id`,
    [iso(now), JSON.stringify(scheduleIds), JSON.stringify(taskIds), JSON.stringify(lockedTaskIds)],
  );
}

/** Schedules and tasks on which something waits although nothing is in its way. */
export async function listStuck(sql: Sql, limit: number): Promise<{ scheduleIds: string[]; taskIds: string[] }> {
  const rows = await sql.query<{ kind: 'schedule' | 'task'; id: string }>(
    `/* listStuck */
WITH waiting AS MATERIALIZED (
  SELECT r.task_id, r.schedule_id, r.waits_for, ${CONCURRENCY} AS slots FROM run r JOIN task t ON t.id = r.task_id
   WHERE r.waits_for IS NOT NULL AND r.state IN ('BUFFERED', 'RETRY_WAIT')
), limited AS MATERIALIZED (
  SELECT w.task_id FROM (SELECT DISTINCT task_id, slots FROM waiting WHERE slots IS NOT NULL) w WHERE w.slots > ${usedSlots('w.task_id')}
), stuck AS (
  SELECT CASE WHEN w.slots IS NULL AND w.waits_for = 'SCHEDULE' THEN 'schedule' ELSE 'task' END AS kind,
         CASE WHEN w.slots IS NULL AND w.waits_for = 'SCHEDULE' THEN w.schedule_id ELSE w.task_id END AS id
    FROM (SELECT DISTINCT * FROM waiting) w
   WHERE (w.slots IS NULL OR w.task_id IN (SELECT task_id FROM limited)) AND ${laneIsFree('w')}
)
SELECT DISTINCT kind, id FROM stuck WHERE id IS NOT NULL ORDER BY kind, id LIMIT $1`,
    [limit],
  );
  const idsOf = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => row.id);
  return { scheduleIds: idsOf('schedule'), taskIds: idsOf('task') };
}

/**
 * Sets runs aside whose back-off is over and whose task has a limit: from here they wait for a slot, in RETRY_WAIT still, for what
 * is to be tried again goes on holding its schedule's place.
 * @returns their tasks
 */
export async function parkRetries(sql: Sql, now: number, limit: number): Promise<string[]> {
  const rows = await sql.query<{ taskId: string }>(
    `/* parkRetries */
WITH due AS MATERIALIZED (
  SELECT r.id FROM run r JOIN task t ON t.id = r.task_id
   WHERE r.state = 'RETRY_WAIT' AND r.retry_at <= $1::timestamptz AND r.waits_for IS NULL AND ${CONCURRENCY} IS NOT NULL
   ORDER BY r.retry_at LIMIT $2 FOR NO KEY UPDATE OF r SKIP LOCKED
)
UPDATE run SET waits_for = 'SLOT' FROM due WHERE run.id = due.id RETURNING run.task_id AS "taskId"`,
    [iso(now), limit],
  );
  return [...new Set(rows.map((row) => row.taskId))];
}

/** Locks tasks in order of id. The caller has locked their schedules first: order schedule → task → run. */
export async function lockTasks(sql: Sql, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return;
  await sql.query(`/* lockTasks */ SELECT 1 FROM task WHERE id = ${listed('$1')} ORDER BY id FOR NO KEY UPDATE`, [
    JSON.stringify(taskIds),
  ]);
}

/**
 * Locks, in order of id, those of these tasks for which the end of a run may let another go: tasks with a limit, and those as a whole
 * waited for. The caller has locked their schedules first.
 * @returns those that are locked
 */
export async function lockWaitedTasks(sql: Sql, taskIds: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* lockWaitedTasks */ SELECT t.id FROM task t WHERE t.id = ${listed('$1')} AND ${WAITED_FOR} ORDER BY t.id FOR NO KEY UPDATE`,
    [JSON.stringify(taskIds)],
  );
  return rows.map((row) => row.id);
}

/** The free slots of tasks whose locks the caller holds; those without a limit are left out. May be below 0: a limit was lowered. */
export async function freeSlots(sql: Sql, taskIds: readonly string[]): Promise<Map<string, number>> {
  if (taskIds.length === 0) return new Map();
  const rows = await sql.query<{ id: string; free: number }>(
    `/* freeSlots */
SELECT t.id, (${CONCURRENCY} - ${usedSlots('t.id')})::int AS free FROM task t WHERE t.id = ${listed('$1')} AND ${CONCURRENCY} IS NOT NULL`,
    [JSON.stringify(taskIds)],
  );
  return new Map(rows.map((row) => [row.id, row.free]));
}

/** Schedules of which something of this task waits: what a change of its limit may let go. */
export async function listWaitingSchedules(sql: Sql, taskId: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listWaitingSchedules */
SELECT DISTINCT schedule_id AS id FROM run WHERE task_id = $1 AND waits_for IS NOT NULL AND state = 'BUFFERED' AND schedule_id IS NOT NULL ORDER BY 1`,
    [taskId],
  );
  return rows.map((row) => row.id);
}
