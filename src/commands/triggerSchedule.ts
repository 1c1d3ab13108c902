import { resolveExecution } from '../domain/execution.ts';
import { overlayLabels } from '../domain/labels.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { isInForce } from '../domain/held.ts';
import { Rejection } from '../domain/userError.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { findTask } from '../store/tasks.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { lockByRef } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { makeWay } from './makeWay.ts';
import { MADE_RUNS, startByHand } from './manualRun.ts';
import { runOnce } from './once.ts';
import { checkTaskInput } from './taskInput.ts';
import { taskIsPaused } from './taskPause.ts';

export interface TriggerScheduleInput {
  ref: ScheduleRefInput;
  input?: Record<string, unknown> | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  reason?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}

/**
 * Runs a schedule's task at once, outside its times, which stay as they are. A paused one too, unless its task is paused.
 * @returns more than one run only for a task of scope LOCAL
 */
export function triggerSchedule(
  parts: CommandParts,
  caller: Caller,
  input: TriggerScheduleInput,
): Promise<CommandResult<RunRecord[]>> {
  return runOnce(parts, caller, 'schedule.trigger', input, MADE_RUNS, async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { claimed, now } = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    return runNow(parts, scope, caller, claimed, now, input, ['input', 'ref']);
  });
}

/**
 * Runs the task of a schedule that is locked, as a run by hand. The schedule stays as it is.
 * @param path  where the call names the schedule
 * @throws Rejection INVALID_STATE while its task is paused, or what its overlap policy says
 */
export async function runNow(
  parts: CommandParts,
  scope: CommandScope,
  caller: Caller,
  claimed: ClaimedSchedule,
  now: number,
  input: Pick<TriggerScheduleInput, 'input' | 'overlapPolicy' | 'reason'>,
  path: string[],
): Promise<RunRecord[]> {
  const { hold, taskId } = claimed;
  if (isInForce(hold, now)) throw new Rejection([taskIsPaused({ id: taskId }, hold, path)]);
  if (input.input !== undefined) {
    const fields = new Fields();
    const task = await findTask(scope.prisma, { id: claimed.taskId });
    if (task !== null) checkTaskInput(fields, ['input', 'input'], task, input.input);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
  }
  const place = await makeWay(scope, now, {
    lane: { scheduleId: claimed.id },
    overlap: input.overlapPolicy ?? claimed.overlapPolicy,
    bufferLimit: claimed.bufferLimit,
    taskId: claimed.taskId,
    subject: `schedule "${claimed.name}"`,
    path,
  });
  const run = {
    taskId: claimed.taskId,
    scheduleId: claimed.id,
    taskScope: claimed.taskScope,
    scheduleVersion: claimed.version,
    policy: resolveExecution(claimed.taskKind, claimed.taskExecution, claimed.execution),
    input: input.input === undefined ? claimed.input : input.input,
    labels: overlayLabels(claimed.taskLabels, claimed.labels),
    reason: input.reason ?? null,
  };
  return startByHand(parts, scope, caller, 'schedule.trigger', claimed.id, run, place, now);
}
