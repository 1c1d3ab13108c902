import type { OverlapPolicy } from '../domain/overlap.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { newId } from '../store/ids.ts';
import { findActiveRun, findRunsById } from '../store/runRecords.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { insertRuns, iso } from '../store/runs.ts';
import { promoteBuffered } from '../store/waiting.ts';
import { listReadyWorkers } from '../store/workers.ts';
import type { NewRun } from '../store/runs.ts';
import type { Caller, CommandParts, CommandScope } from './command.ts';
import type { Place } from './makeWay.ts';
import type { Memory } from './once.ts';

/** @throws Rejection ALREADY_RUNNING with the run that is in the way */
export async function refuseWhileActive(
  { prisma }: CommandScope,
  of: { scheduleId: string } | { taskId: string },
  subject: string,
  path: string[],
): Promise<void> {
  const active = await findActiveRun(prisma, of);
  if (active === null) return;
  const since = (active.startedAt ?? active.createdAt).toISOString();
  const message = `The ${subject} is running already: run ${active.id} is ${active.state} since ${since}.`;
  throw new Rejection([conflict('ALREADY_RUNNING', path, message, active.id)]);
}

/** What a run by hand is to run, and where what is wrong with it stands in the input. */
interface ByHand extends Pick<NewRun, 'taskId' | 'scheduleId' | 'scheduleVersion' | 'policy' | 'input' | 'labels' | 'reason'> {
  taskScope: 'GLOBAL' | 'LOCAL';
  /** The instant that it is for; epoch ms, default: now. */
  runAt?: number | null;
  /** It waits for that instant, and this is what happens then while another run of the task is under way. */
  later?: OverlapPolicy | null;
  /** It repeats another run: the same occurrence, and of a task of scope LOCAL on the same worker. */
  again?: { retryOfId: string; scheduledFor: Date; localWorkerId: string | null };
}

/**
 * Writes a run that somebody asked for (of a task of scope LOCAL one for each live worker that has its code), with its delivery and
 * its audit entry. The caller's transaction holds what it overlaps with.
 * @throws Rejection INVALID_STATE when no worker is there for a task of scope LOCAL
 */
export async function startByHand(
  parts: CommandParts,
  { prisma, sql, signal, audit, idempotencyKey }: CommandScope,
  caller: Caller,
  action: string,
  targetId: string,
  { taskScope, runAt = null, later = null, again, ...run }: ByHand,
  { state, waitsFor, freed }: Place,
  now: number,
): Promise<RunRecord[]> {
  const workers = taskScope === 'LOCAL' ? await listReadyWorkers(sql, now, [run.taskId]) : new Map<string, (string | null)[]>();
  const live = taskScope === 'LOCAL' ? (workers.get(run.taskId) ?? []) : [null];
  const forWorkers = again?.localWorkerId == null ? live : live.filter((workerId) => workerId === again.localWorkerId);
  if (forWorkers.length === 0 && live.length > 0) {
    const message = 'The worker that the run was for is gone, or has the code no more.';
    throw new Rejection([conflict('INVALID_STATE', ['input'], message, run.taskId)]);
  }
  if (forWorkers.length === 0) {
    const message = 'The task runs on every live worker that has its code and is past its initial delay, and there is none.';
    throw new Rejection([conflict('INVALID_STATE', ['input'], message, run.taskId)]);
  }
  const runs = forWorkers.map((localWorkerId) => ({
    ...run,
    id: newId('run'),
    state,
    waitsFor,
    origin: again === undefined ? ('MANUAL' as const) : ('RETRY' as const),
    scheduledFor: iso(again?.scheduledFor.getTime() ?? runAt ?? now),
    effectiveAt: iso(runAt ?? now),
    requestedBy: caller.viewer.actor,
    jobId: state === 'QUEUED' ? crypto.randomUUID() : null,
    localWorkerId,
    ...(idempotencyKey !== null && { idempotencyKey }),
    ...(again !== undefined && { retryOfId: again.retryOfId }),
    ...(later !== null && { overlapPolicy: later }),
  }));
  const queued = await insertRuns(sql, now, runs);
  if (freed) queued.push(...(await promoteBuffered(sql, now, [], [run.taskId])));
  await parts.queue.enqueue(sql, queued);
  const ids = runs.map(({ id }) => id);
  await audit({ action, targetId, reason: run.reason, changes: { runs: { before: null, after: ids } } }, now);
  signal('events', later === null ? 'jobs' : 'schedules');
  return readRuns(prisma, ids);
}

/** Runs that a command made, as what it answers once more. Retention may have removed some of them, or all. */
export const MADE_RUNS: Memory<RunRecord[], string[]> = {
  keep: (runs) => runs.map(({ id }) => id),
  async recall({ prisma }, ids) {
    const runs = await readRuns(prisma, ids);
    return runs.length === 0 ? null : runs;
  },
};

/** In this order; those that there are. */
export async function readRuns(prisma: CommandScope['prisma'], ids: readonly string[]): Promise<RunRecord[]> {
  const records = new Map((await findRunsById(prisma, ids)).map((record) => [record.id, record]));
  return ids.flatMap((id) => records.get(id) ?? []);
}
