import type { ExecutionSettings } from '../domain/execution.ts';
import type { HttpRequest } from '../domain/httpRequest.ts';
import type { InputSchema } from '../domain/inputSchema.ts';
import type { Labels } from '../domain/labels.ts';
import type { RunRetention } from '../domain/retention.ts';
import { Prisma } from './generated/client.ts';
import type { Task as TaskRow } from './generated/client.ts';
import type { PauseRecord } from './pauses.ts';
import { listed } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

export interface TaskRecord extends Omit<
  TaskRow,
  'kind' | 'scope' | 'http' | 'inputSchema' | 'execution' | 'retention' | 'labels' | 'pause'
> {
  kind: 'HTTP' | 'CODE';
  scope: 'GLOBAL' | 'LOCAL';
  http: HttpRequest | null;
  /** Code tasks that say what their input may be. */
  inputSchema: InputSchema | null;
  execution: ExecutionSettings;
  /** null: as the server keeps runs. */
  retention: RunRetention | null;
  labels: Labels;
  /** While it is in force none of its schedules fires. */
  pause: PauseRecord | null;
}
type Db = Pick<PrismaTransaction, 'task'>;
export type TaskRef = { id: string } | { key: string };

const json = (value: unknown) => (value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue));

/** What a task begins with. */
export type NewTask = Omit<TaskRecord, 'deletedAt' | 'pause' | 'resumeAt'>;

export async function insertTask(prisma: Db, task: NewTask): Promise<TaskRecord> {
  const { http, inputSchema, execution, retention, labels, ...plain } = task;
  const settings = { execution: { ...execution } as object, retention: json(retention), labels };
  const data = { ...plain, http: json(http), inputSchema: json(inputSchema), ...settings };
  return (await prisma.task.create({ data })) as unknown as TaskRecord;
}

/** A task that is not deleted. */
export async function findTask(prisma: Db, ref: TaskRef): Promise<TaskRecord | null> {
  return (await prisma.task.findFirst({ where: { ...ref, deletedAt: null } })) as unknown as TaskRecord | null;
}

/**
 * A task that is not deleted, its row locked until the transaction ends (order: schedule → task → run).
 * @returns how it stands under the lock
 */
export async function lockTask(tx: { prisma: Db; sql: Sql }, ref: TaskRef): Promise<TaskRecord | null> {
  const found = await findTask(tx.prisma, ref);
  if (found === null) return null;
  await tx.sql.query(`/* lockTask */ SELECT 1 FROM task WHERE id = $1 FOR NO KEY UPDATE`, [found.id]);
  return findTask(tx.prisma, { id: found.id });
}

/** A task that is not deleted, and that nobody deletes before the transaction ends. */
export async function keepTask(tx: { prisma: Db; sql: Sql }, ref: TaskRef): Promise<TaskRecord | null> {
  const found = await findTask(tx.prisma, ref);
  if (found === null) return null;
  await tx.sql.query(`/* keepTask */ SELECT 1 FROM task WHERE id = $1 FOR SHARE`, [found.id]);
  return findTask(tx.prisma, { id: found.id });
}

/** Those that are not deleted, by their ids or keys. */
export async function findTasks(
  prisma: Db,
  { ids, keys }: { ids: readonly string[]; keys: readonly string[] },
): Promise<TaskRecord[]> {
  const either = [{ id: { in: [...ids] } }, { key: { in: [...keys] } }];
  return (await prisma.task.findMany({ where: { deletedAt: null, OR: either } })) as unknown as TaskRecord[];
}

/** Sees to it, in order of id, that nobody deletes or changes these before the transaction ends. */
export async function keepTasks(sql: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql.query(`/* keepTasks */ SELECT 1 FROM task WHERE id = ${listed('$1')} ORDER BY id FOR SHARE`, [JSON.stringify(ids)]);
}

/** Changes what an editor may, or what the code of a task says. The caller holds the row. */
export async function updateTask(
  prisma: Db,
  id: string,
  change: Pick<TaskRecord, 'group' | 'name' | 'description' | 'http' | 'execution' | 'retention' | 'labels' | 'updatedAt'> &
    Partial<Pick<TaskRecord, 'scope' | 'inputSchema' | 'initialDelayMs'>>,
): Promise<TaskRecord> {
  const { http, inputSchema, execution, retention, ...plain } = change;
  const schema = inputSchema === undefined ? {} : { inputSchema: json(inputSchema) };
  const settings = { execution: { ...execution } as object, retention: json(retention) };
  const data = { ...plain, ...schema, http: json(http), ...settings };
  return (await prisma.task.update({ where: { id }, data })) as unknown as TaskRecord;
}

/** Soft: history stays, the key is free. The caller holds the row. */
export async function markTaskDeleted(prisma: Db, id: string, at: Date): Promise<void> {
  await prisma.task.update({ where: { id }, data: { deletedAt: at } });
}

/** Also deleted ones: runs outlive their task. */
export async function findTasksById(prisma: Db, ids: readonly string[]): Promise<TaskRecord[]> {
  return (await prisma.task.findMany({ where: { id: { in: [...ids] } } })) as unknown as TaskRecord[];
}
