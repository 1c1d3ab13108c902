import { resolveExecution } from '../domain/execution.ts';
import type { ExecutionPolicy } from '../domain/execution.ts';
import { isInForce } from '../domain/held.ts';
import { DEFAULT_BUFFER_LIMIT } from '../domain/overlap.ts';
import { isOver } from '../domain/runState.ts';
import { Rejection, conflict, invalid, notFound } from '../domain/userError.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { findRunsById } from '../store/runRecords.ts';
import { copyStepsBefore, findSteps } from '../store/steps.ts';
import { keepTask, lockTask } from '../store/tasks.ts';
import type { TaskRecord } from '../store/tasks.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { lockById } from './lockedSchedule.ts';
import { makeWay } from './makeWay.ts';
import type { Overlapping } from './makeWay.ts';
import { MADE_RUNS, startByHand } from './manualRun.ts';
import { runOnce } from './once.ts';
import { checkTaskInput } from './taskInput.ts';
import { taskIsPaused } from './taskPause.ts';

export interface RetryRunInput {
  id: string;
  input?: Record<string, unknown> | null | undefined;
  /** The step to begin with: what stands before it is not done again. */
  fromStep?: string | null | undefined;
  reason?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}

/**
 * Does once more what a run that has ended was for: a run of its own, for the same occurrence, with the same labels and, unless
 * another is given, the same input, under the policies that its task and schedule have by now.
 */
export function retryRun(parts: CommandParts, caller: Caller, input: RetryRunInput): Promise<CommandResult<RunRecord[]>> {
  return runOnce(parts, caller, 'run.retry', input, MADE_RUNS, async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const [run] = await findRunsById(scope.prisma, [input.id]);
    if (run === undefined) throw new Rejection([notFound(['input', 'id'], `There is no run with the id "${input.id}".`)]);
    const { task, policy, overlapping, version } = await lockOwner(parts, scope, run);
    // Read before the locks: no run leaves its end again, so what has ended by then has ended.
    if (!isOver(run.state)) throw new Rejection([under(run)]);
    const given = input.input === undefined ? run.input : input.input;
    checkTaskInput(fields, ['input', 'input'], task, given);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const now = parts.clock.now();
    const place = await makeWay(scope, now, { ...overlapping, taskId: task.id, path: ['input', 'id'] });
    const repeated = {
      taskId: run.taskId,
      scheduleId: run.scheduleId,
      taskScope: task.scope,
      scheduleVersion: version,
      policy,
      input: given,
      labels: run.labels,
      reason: input.reason ?? null,
      again: { retryOfId: run.id, scheduledFor: run.scheduledFor, localWorkerId: run.localWorkerId },
    };
    const again = await startByHand(parts, scope, caller, 'run.retry', run.id, repeated, place, now);
    if (input.fromStep != null) for (const { id } of again) await keepSteps(scope, run, id, input.fromStep);
    return again;
  });
}

/** @throws Rejection naming the steps that there are */
async function keepSteps({ prisma, sql }: CommandScope, from: RunRecord, to: string, fromStep: string): Promise<void> {
  if ((await copyStepsBefore(sql, from.id, to, fromStep)) !== null) return;
  const names = (await findSteps(prisma, [from.id])).map(({ name }) => `"${name}"`);
  const listed = names.slice(0, 20).join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '');
  const known = names.length === 0 ? 'it has none' : `it has ${listed}`;
  const path = ['input', 'fromStep'];
  throw new Rejection([invalid(path, `The run has no step "${fromStep}": ${known}.`, 'a step of the run')]);
}

/** What a run of the same task or schedule follows by now. */
interface Owner {
  task: TaskRecord;
  policy: ExecutionPolicy;
  overlapping: Pick<Overlapping, 'lane' | 'overlap' | 'bufferLimit' | 'subject'>;
  version: number | null;
}

/** Locks the schedule of a run, or else its task: what it overlaps with. @throws Rejection INVALID_STATE when that is deleted, or the task paused */
async function lockOwner(parts: CommandParts, scope: CommandScope, run: RunRecord): Promise<Owner> {
  if (run.scheduleId === null) {
    const task = await lockTask(scope, { id: run.taskId });
    if (task === null) throw new Rejection([deleted('task', run)]);
    refusePaused(parts, task);
    const lane = { taskId: task.id, scheduleIds: [] };
    const overlapping = { lane, overlap: 'SKIP', bufferLimit: DEFAULT_BUFFER_LIMIT, subject: `task "${task.key}"` } as const;
    return { task, policy: resolveExecution(task.kind, task.execution, null), overlapping, version: null };
  }
  const locked = await lockById(parts, scope, run.scheduleId);
  if (locked === null) throw new Rejection([deleted('schedule', run)]);
  const { claimed } = locked;
  // An edit may have given the schedule another task since. The run is repeated as it was.
  const task = await keepTask(scope, { id: run.taskId });
  if (task === null) throw new Rejection([deleted('task', run)]);
  refusePaused(parts, task);
  return {
    task,
    policy: resolveExecution(task.kind, task.execution, claimed.execution),
    overlapping: {
      lane: { scheduleId: claimed.id },
      overlap: claimed.overlapPolicy,
      bufferLimit: claimed.bufferLimit,
      subject: `schedule "${claimed.name}"`,
    },
    version: claimed.version,
  };
}

function refusePaused({ clock }: CommandParts, task: TaskRecord): void {
  if (isInForce(task.pause, clock.now())) throw new Rejection([taskIsPaused(task, task.pause, ['input', 'id'])]);
}

function deleted(what: 'task' | 'schedule', run: RunRecord) {
  return conflict('INVALID_STATE', ['input', 'id'], `The ${what} of the run is deleted: there is nothing to run it by.`, run.id);
}

function under(run: RunRecord) {
  const message = `The run has not ended: it is ${run.state}. Only what has ended can be run once more; cancel it first.`;
  return conflict('INVALID_STATE', ['input', 'id'], message, run.id);
}
