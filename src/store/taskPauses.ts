import type { PauseRecord } from './pauses.ts';
import { iso } from './runs.ts';
import { Prisma } from './generated/client.ts';
import type { PrismaTransaction, Sql } from './sql.ts';
import { taskFactsOf } from './taskEvents.ts';
import type { TaskRecord } from './tasks.ts';

/** The caller holds the task's row. */
export async function setTaskPause(
  prisma: Pick<PrismaTransaction, 'task'>,
  id: string,
  pause: PauseRecord | null,
): Promise<TaskRecord> {
  const data = {
    pause: pause === null ? Prisma.DbNull : (pause as unknown as Prisma.InputJsonValue),
    resumeAt: pause?.until == null ? null : new Date(pause.until),
  };
  return (await prisma.task.update({ where: { id }, data })) as unknown as TaskRecord;
}

/** Ends pauses whose time has come, with an event for each. Tasks that others hold are passed over: ask again soon. */
export function endTaskPauses(sql: Sql, now: number, limit: number): Promise<{ id: string; until: string }[]> {
  return sql.query(
    `/* endTaskPauses */
WITH lapsed AS MATERIALIZED (
  SELECT id, pause->>'until' AS until FROM task WHERE resume_at <= $1::timestamptz AND deleted_at IS NULL ORDER BY resume_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
  UPDATE task t SET pause = NULL, resume_at = NULL FROM lapsed l WHERE t.id = l.id RETURNING t.*, l.until
), events AS (
  INSERT INTO event (at, topic, kind, subject_id, task_id, before, after)
  SELECT $1::timestamptz, 'task', 'UPDATED', e.id, e.id, facts.common, facts.common
    FROM ended e, LATERAL (SELECT jsonb_strip_nulls(${taskFactsOf('e')}) AS common) facts
)
SELECT id, until FROM ended`,
    [iso(now), limit],
  );
}
