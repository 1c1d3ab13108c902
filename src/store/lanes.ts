import { ACTIVE_STATES, IN_THE_WAY_STATES } from '../domain/runState.ts';
import type { Underway } from '../domain/overlap.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** What a run by hand looks at: the runs of its schedule, or of the whole task. */
export type Lane =
  | { scheduleId: string }
  /** scheduleIds: the schedules that have runs of the task under way, and whose locks the caller holds */
  | { taskId: string; scheduleIds: readonly string[] };

const ACTIVE = sqlList(ACTIVE_STATES);
export const IN_THE_WAY = sqlList(IN_THE_WAY_STATES);
/** The runs that overlap policies look at: those of a backfill have a lane of their own. */
export const IN_LANE = `origin <> 'BACKFILL'`;
const ownerOf = (lane: Lane) =>
  'taskId' in lane ? (['task_id', lane.taskId] as const) : (['schedule_id', lane.scheduleId] as const);

/**
 * Locks the active runs, in order of id: who is about to end one and looked before the caller took its locks has ended it by then,
 * or will see what the caller has written.
 */
export async function lockActive(sql: Sql, lane: Lane): Promise<void> {
  const [column, id] = ownerOf(lane);
  await sql.query(
    `/* lockActive_${column} */ SELECT 1 FROM run WHERE ${column} = $1 AND state IN ${ACTIVE} AND ${IN_LANE} ORDER BY id FOR NO KEY UPDATE`,
    [id],
  );
}

/** What is under way, and what waits in the same buffer. */
export async function readLane(sql: Sql, lane: Lane): Promise<Underway> {
  const [column, id] = ownerOf(lane);
  const mine = column === 'task_id' ? `waits_for = 'TASK'` : `waits_for IS DISTINCT FROM 'SLOT'`;
  const [row] = await sql.query<{ active: number; buffered: number }>(
    `/* readLane_${column} */
SELECT count(*) FILTER (WHERE state IN ${ACTIVE})::int AS active,
       -- Runs by hand may share their instant; those of one occurrence of a LOCAL task count as one.
       count(DISTINCT (scheduled_for, CASE WHEN local_worker_id IS NULL THEN id END)) FILTER (WHERE state = 'BUFFERED' AND ${mine})::int AS buffered
  FROM run WHERE ${column} = $1 AND state IN ${IN_THE_WAY} AND ${IN_LANE}`,
    [id],
  );
  return { active: row?.active ?? 0, buffered: row?.buffered ?? 0, backlog: 0 };
}

/** Schedules that have runs of this task under way. */
export async function listUnderwaySchedules(sql: Sql, taskId: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listUnderwaySchedules */
SELECT DISTINCT schedule_id AS id FROM run
 WHERE task_id = $1 AND schedule_id IS NOT NULL AND state IN ${IN_THE_WAY} AND ${IN_LANE} ORDER BY 1`,
    [taskId],
  );
  return rows.map((row) => row.id);
}
