import { ACTIVE_STATES, HELD_STATES } from '../domain/runState.ts';
import type { ExecutionPolicy } from '../domain/execution.ts';
import type { Labels } from '../domain/labels.ts';
import type { RunError } from '../domain/runError.ts';
import type { RunOrigin, RunState } from '../domain/runState.ts';
import type { Actor } from './actor.ts';
import type { Attempt as AttemptRow, Prisma, Run as RunRow, Worker as WorkerRow } from './generated/client.ts';
import { anyOf, readPage, withinRange } from './pages.ts';
import type { Page, PageRequest } from './pages.ts';
import type { Progress } from './progress.ts';
import { sqlList } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';
import type { WorkerState } from './workers.ts';

const HELD = sqlList(HELD_STATES);

/** Runs as they are read; how they are written is in runs.ts. */
export interface RunRecord extends Omit<
  RunRow,
  'state' | 'origin' | 'policy' | 'input' | 'error' | 'requestedBy' | 'labels' | 'progress'
> {
  state: RunState;
  origin: RunOrigin;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  error: RunError | null;
  requestedBy: Actor | null;
  labels: Labels;
  progress: Progress | null;
}
export interface AttemptRecord extends Omit<AttemptRow, 'state' | 'error'> {
  state: RunState;
  error: RunError | null;
}
export interface WorkerRecord extends Omit<WorkerRow, 'state'> {
  state: WorkerState;
}
export type RunPage = Page<RunRecord>;
export interface RunFilter {
  scheduleIds?: readonly string[] | null | undefined;
  scheduleNames?: readonly string[] | null | undefined;
  taskKeys?: readonly string[] | null | undefined;
  states?: readonly string[] | null | undefined;
  origins?: readonly string[] | null | undefined;
  scheduledFor?: { from?: Date | null | undefined; until?: Date | null | undefined } | null | undefined;
}
type Db = Pick<PrismaTransaction, 'run' | 'attempt' | 'worker'>;

export async function findRunsById(prisma: Db, ids: readonly string[]): Promise<RunRecord[]> {
  return (await prisma.run.findMany({ where: { id: { in: [...ids] } } })) as unknown as RunRecord[];
}

/** @param only narrows to one task or schedule */
export function pageRuns(
  prisma: Db,
  filter: RunFilter | null,
  only: { taskId?: string; scheduleId?: string },
  request: PageRequest,
): Promise<RunPage> {
  const conditions: Prisma.RunWhereInput[] = [only];
  const scheduleIds = anyOf(filter?.scheduleIds);
  const scheduleNames = anyOf(filter?.scheduleNames);
  const taskKeys = anyOf(filter?.taskKeys);
  const states = anyOf(filter?.states);
  const origins = anyOf(filter?.origins);
  const scheduledFor = withinRange(filter?.scheduledFor);
  if (scheduleIds) conditions.push({ scheduleId: scheduleIds });
  if (scheduleNames) conditions.push({ schedule: { name: scheduleNames } });
  if (taskKeys) conditions.push({ task: { key: taskKeys } });
  if (states) conditions.push({ state: states });
  if (origins) conditions.push({ origin: origins });
  if (scheduledFor) conditions.push({ scheduledFor });
  const delegate = prisma.run as unknown as Parameters<typeof readPage<RunRecord>>[0];
  return readPage(delegate, { AND: conditions }, 'scheduledFor', request, true);
}

/** The newest run of each, by nominal instant. */
export async function findLastRuns(
  sql: Sql,
  by: 'task_id' | 'schedule_id',
  ids: readonly string[],
): Promise<{ owner: string; runId: string }[]> {
  return sql.query(
    `/* findLastRuns_${by} */
SELECT owner.id AS owner, r.id AS "runId" FROM jsonb_array_elements_text($1::jsonb) AS owner(id),
  LATERAL (SELECT id FROM run WHERE run.${by} = owner.id ORDER BY scheduled_for DESC, id DESC LIMIT 1) r`,
    [JSON.stringify(ids)],
  );
}

export async function findAttempts(prisma: Db, runIds: readonly string[]): Promise<AttemptRecord[]> {
  const rows = await prisma.attempt.findMany({
    where: { runId: { in: [...runIds] } },
    orderBy: [{ runId: 'asc' }, { number: 'asc' }],
  });
  return rows as unknown as AttemptRecord[];
}

/** Workers at work, and those that were heard of since; the newest first. */
export async function listWorkers(prisma: Db, since: Date, limit: number): Promise<WorkerRecord[]> {
  const where = { OR: [{ state: { notIn: ['STOPPED', 'LOST'] } }, { lastHeartbeatAt: { gte: since } }] };
  return (await prisma.worker.findMany({
    where,
    orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
    take: limit,
  })) as WorkerRecord[];
}

export async function findWorkersById(prisma: Db, ids: readonly string[]): Promise<WorkerRecord[]> {
  return (await prisma.worker.findMany({ where: { id: { in: [...ids] } } })) as WorkerRecord[];
}

/** The oldest unfinished run of a schedule or a task: what a trigger by hand runs into. */
export async function findActiveRun(prisma: Db, of: { scheduleId: string } | { taskId: string }): Promise<RunRecord | null> {
  const where = { ...of, state: { in: ['BUFFERED', ...ACTIVE_STATES] } };
  return (await prisma.run.findFirst({
    where,
    orderBy: [{ scheduledFor: 'asc' }, { id: 'asc' }],
  })) as unknown as RunRecord | null;
}

/** Which of these tasks run, and whether any live worker is there at all. */
export async function readTaskActivity(
  sql: Sql,
  taskIds: readonly string[],
): Promise<{ running: Set<string>; liveWorkers: number }> {
  const [row] = await sql.query<{ running: string[]; workers: number }>(
    `/* readTaskActivity */
SELECT coalesce((SELECT jsonb_agg(DISTINCT task_id) FROM run WHERE state IN ${HELD}
                  AND task_id = ANY(SELECT jsonb_array_elements_text($1::jsonb))), '[]') AS running,
       (SELECT count(*)::int FROM worker WHERE state IN ('STARTING', 'RUNNING')) AS workers`,
    [JSON.stringify(taskIds)],
  );
  return { running: new Set(row?.running), liveWorkers: row?.workers ?? 0 };
}
