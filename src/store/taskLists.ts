import type { LabelSelector } from '../domain/labels.ts';
import { HELD_STATES } from '../domain/runState.ts';
import { Conditions } from './conditions.ts';
import { readPage } from './pages.ts';
import type { ListOrder, Page, PageRequest } from './pages.ts';
import { listed, sqlList } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';
import { findTasksById } from './tasks.ts';
import type { TaskRecord } from './tasks.ts';

const HELD = sqlList(HELD_STATES);

export type TaskState = 'IDLE' | 'RUNNING' | 'UNAVAILABLE';
export type TaskPage = Page<TaskRecord>;
export interface TaskFilter {
  keys?: readonly string[] | null | undefined;
  groups?: readonly string[] | null | undefined;
  kinds?: readonly string[] | null | undefined;
  states?: readonly TaskState[] | null | undefined;
  scopes?: readonly string[] | null | undefined;
  search?: string | null | undefined;
  labels?: readonly LabelSelector[] | null | undefined;
}

/** State of the task `t`. Any live worker can send a request; the code of a code task a worker must have. */
const STATE = `CASE WHEN EXISTS (SELECT 1 FROM run r WHERE r.task_id = t.id AND r.state IN ${HELD}) THEN 'RUNNING'
  WHEN EXISTS (SELECT 1 FROM worker w WHERE w.state = 'RUNNING'
                AND (t.kind = 'HTTP' OR EXISTS (SELECT 1 FROM worker_task wt WHERE wt.worker_id = w.id AND wt.task_id = t.id))) THEN 'IDLE'
  ELSE 'UNAVAILABLE' END`;

export const TASK_ORDERS = {
  KEY: { field: 'key', expression: 't.key', type: 'text', nullable: false },
  NEXT_FIRE_AT: {
    field: 'nextFireAtOfTask',
    expression: `(SELECT min(s.next_fire_at) FROM schedule s WHERE s.task_id = t.id AND s.state = 'ACTIVE' AND s.deleted_at IS NULL)`,
    type: 'timestamptz',
    nullable: true,
  },
  LAST_RUN_ENDED_AT: {
    field: 'lastRunEndedAt',
    expression: `(SELECT max(r.finished_at) FROM run r WHERE r.task_id = t.id)`,
    type: 'timestamptz',
    nullable: true,
  },
} as const satisfies Record<string, ListOrder>;

/** States and most orders of tasks are not columns but follow from runs, workers and schedules. */
export function pageTasks(
  prisma: Pick<PrismaTransaction, '$queryRawUnsafe' | 'task'>,
  filter: TaskFilter | null,
  request: PageRequest,
): Promise<TaskPage> {
  const conditions = new Conditions();
  conditions.add('t.deleted_at IS NULL');
  conditions.anyOf('t.key', filter?.keys);
  conditions.anyOf('t."group"', filter?.groups);
  conditions.anyOf('t.kind', filter?.kinds);
  conditions.anyOf('t.scope', filter?.scopes);
  conditions.anyOf(STATE, filter?.states);
  conditions.search(['t.name', 't.key', 't.description', 't."group"'], filter?.search);
  conditions.labels('t.labels', filter?.labels);
  return readPage(prisma, { from: 'task t', id: 't.id', conditions }, request, (ids) => findTasksById(prisma, ids));
}

export async function readTaskStates(sql: Sql, taskIds: readonly string[]): Promise<Map<string, TaskState>> {
  const rows = await sql.query<{ id: string; state: TaskState }>(
    `/* readTaskStates */
SELECT t.id, ${STATE} AS state FROM task t WHERE t.id = ${listed('$1')}`,
    [JSON.stringify(taskIds)],
  );
  return new Map(rows.map((row) => [row.id, row.state]));
}
