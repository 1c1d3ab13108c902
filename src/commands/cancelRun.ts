import { afterCancel } from '../domain/cancel.ts';
import type { RunError } from '../domain/runError.ts';
import { Rejection, conflict, notFound } from '../domain/userError.ts';
import type { Actor } from '../store/actor.ts';
import { cancelLocked, lockRun } from '../store/cancels.ts';
import { findRunsById } from '../store/runRecords.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { lockSchedules } from '../store/runs.ts';
import { lockWaitedTasks, promoteBuffered } from '../store/waiting.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';

export interface CancelRunInput {
  id: string;
  reason?: string | null | undefined;
}

/**
 * Cancels a run: at once while it waits, else as soon as its worker has broken its attempt off. What is being canceled already
 * is answered as it is, and nothing more is written.
 */
export function cancelRun(parts: CommandParts, caller: Caller, input: CancelRunInput): Promise<CommandResult<RunRecord>> {
  return runCommand(parts, caller, 'run.cancel', async (scope) => {
    const { sql, signal, audit } = scope;
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { run, tasks } = await lockById(scope, input.id);
    const to = afterCancel(run.state);
    if (to === null) throw new Rejection([ended(run)]);
    if (to === run.state) return run;
    const now = parts.clock.now();
    const reason = input.reason ?? null;
    await cancelLocked(sql, now, run.id, to, cancelError(caller.viewer.actor, reason));
    if (to === 'CANCELED') await promoteNext(parts, scope, now, run, tasks);
    else signal('cancels');
    await audit({ action: 'run.cancel', targetId: run.id, reason, changes: { state: { before: run.state, after: to } } }, now);
    signal('events');
    return findById(scope, run.id);
  });
}

/** Locks its schedule, its task when something waits for that, and then the run. @throws Rejection NOT_FOUND */
async function lockById(scope: CommandScope, id: string): Promise<{ run: RunRecord; tasks: string[] }> {
  const { scheduleId, taskId } = await findById(scope, id);
  if (scheduleId !== null) await lockSchedules(scope.sql, [scheduleId]);
  const tasks = await lockWaitedTasks(scope.sql, [taskId]);
  await lockRun(scope.sql, id);
  // It was read before the locks were granted; this is how it stands under them.
  return { run: await findById(scope, id), tasks };
}

async function findById({ prisma }: CommandScope, id: string): Promise<RunRecord> {
  const [run] = await findRunsById(prisma, [id]);
  if (run === undefined) throw new Rejection([notFound(['input', 'id'], `There is no run with the id "${id}".`)]);
  return run;
}

/** Lets the runs go that waited for the canceled one. The caller holds the schedule. */
async function promoteNext(
  parts: CommandParts,
  { sql, signal }: CommandScope,
  now: number,
  { scheduleId, taskId }: RunRecord,
  lockedTasks: readonly string[],
): Promise<void> {
  const promoted = await promoteBuffered(sql, now, scheduleId === null ? [] : [scheduleId], [taskId], lockedTasks);
  await parts.queue.enqueue(sql, promoted);
  if (promoted.length > 0) signal('jobs');
}

function ended(run: RunRecord) {
  const message = `The run has ended: it is ${run.state} since ${run.finishedAt?.toISOString()}, and cannot be canceled.`;
  return conflict('INVALID_STATE', ['input', 'id'], message, run.id);
}

function cancelError(by: Actor, reason: string | null): RunError {
  const message = `canceled by ${by.name ?? by.id}${reason === null || reason === '' ? '' : `: ${reason}`}`;
  return { code: 'CANCELED', name: 'Canceled', message, retryable: false };
}
