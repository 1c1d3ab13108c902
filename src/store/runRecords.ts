import { IN_THE_WAY_STATES } from '../domain/runState.ts';
import type { ExecutionPolicy } from '../domain/execution.ts';
import type { Labels } from '../domain/labels.ts';
import type { RunError } from '../domain/runError.ts';
import type { RunOrigin, RunState } from '../domain/runState.ts';
import type { Actor } from './actor.ts';
import type { Attempt as AttemptRow, Run as RunRow, Worker as WorkerRow } from './generated/client.ts';
import type { Progress } from './progress.ts';
import type { PrismaTransaction, Sql } from './sql.ts';
import type { WorkerState } from './workers.ts';

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
type Db = Pick<PrismaTransaction, 'run' | 'attempt' | 'worker'>;

export async function findRunsById(prisma: Db, ids: readonly string[]): Promise<RunRecord[]> {
  return (await prisma.run.findMany({ where: { id: { in: [...ids] } } })) as unknown as RunRecord[];
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

/** The runs that repeat these, the oldest first; at most `limit` of each. */
export function findRetries(sql: Sql, runIds: readonly string[], limit: number): Promise<{ id: string; retryOfId: string }[]> {
  return sql.query(
    `/* findRetries */
SELECT r.id, owner.id AS "retryOfId" FROM jsonb_array_elements_text($1::jsonb) AS owner(id),
  LATERAL (SELECT id FROM run WHERE run.retry_of_id = owner.id ORDER BY id LIMIT $2) r ORDER BY r.id`,
    [JSON.stringify(runIds), limit],
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

/** The oldest unfinished run of a schedule or a task, but those of backfills: what a trigger by hand runs into. */
export async function findActiveRun(prisma: Db, of: { scheduleId: string } | { taskId: string }): Promise<RunRecord | null> {
  const where = { ...of, state: { in: [...IN_THE_WAY_STATES] }, backfillId: null };
  return (await prisma.run.findFirst({
    where,
    orderBy: [{ scheduledFor: 'asc' }, { id: 'asc' }],
  })) as unknown as RunRecord | null;
}
