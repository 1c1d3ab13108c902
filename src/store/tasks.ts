import type { ExecutionSettings } from '../domain/execution.ts';
import type { HttpRequest } from '../domain/httpRequest.ts';
import type { Prisma, Task as TaskRow } from './generated/client.ts';
import type { PrismaTransaction } from './sql.ts';
import { anyOf, readPage } from './pages.ts';
import type { Page, PageRequest } from './pages.ts';

export interface TaskRecord extends Omit<TaskRow, 'kind' | 'scope' | 'http' | 'execution'> {
  kind: 'HTTP' | 'CODE';
  scope: 'GLOBAL' | 'LOCAL';
  http: HttpRequest | null;
  execution: ExecutionSettings;
}
export type TaskPage = Page<TaskRecord>;
export interface TaskFilter {
  keys?: readonly string[] | null | undefined;
  groups?: readonly string[] | null | undefined;
  kinds?: readonly string[] | null | undefined;
}
type Db = Pick<PrismaTransaction, 'task'>;
export type TaskRef = { id: string } | { key: string };

export async function insertTask(prisma: Db, task: Omit<TaskRecord, 'deletedAt' | 'inputSchema'>): Promise<TaskRecord> {
  const json = (value: unknown) => value as Prisma.InputJsonValue;
  const data = { ...task, http: json(task.http), execution: json(task.execution) };
  return (await prisma.task.create({ data })) as unknown as TaskRecord;
}

/** A task that is not deleted. */
export async function findTask(prisma: Db, ref: TaskRef): Promise<TaskRecord | null> {
  return (await prisma.task.findFirst({ where: { ...ref, deletedAt: null } })) as unknown as TaskRecord | null;
}

/** Also deleted ones: runs outlive their task. */
export async function findTasksById(prisma: Db, ids: readonly string[]): Promise<TaskRecord[]> {
  return (await prisma.task.findMany({ where: { id: { in: [...ids] } } })) as unknown as TaskRecord[];
}

export function pageTasks(prisma: Db, filter: TaskFilter | null, request: PageRequest): Promise<TaskPage> {
  const where: Prisma.TaskWhereInput = { deletedAt: null };
  const keys = anyOf(filter?.keys);
  const groups = anyOf(filter?.groups);
  const kinds = anyOf(filter?.kinds);
  if (keys) where.key = keys;
  if (groups) where.group = groups;
  if (kinds) where.kind = kinds;
  return readPage(prisma.task as unknown as Parameters<typeof readPage<TaskRecord>>[0], where, 'key', request);
}
