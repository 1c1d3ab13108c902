import { resolveExecution } from '../domain/execution.ts';
import { overlayLabels } from '../domain/labels.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { isInForce } from '../domain/held.ts';
import { Rejection } from '../domain/userError.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { findTask } from '../store/tasks.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { lockByRef } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { makeWay } from './makeWay.ts';
import { startByHand } from './manualRun.ts';
import { checkTaskInput } from './taskInput.ts';
import { taskIsPaused } from './taskPause.ts';

export interface TriggerScheduleInput {
  ref: ScheduleRefInput;
  input?: Record<string, unknown> | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  reason?: string | null | undefined;
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
  return runCommand(parts, caller, 'schedule.trigger', async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { claimed, now } = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { hold, taskId } = claimed;
    if (isInForce(hold, now)) throw new Rejection([taskIsPaused({ id: taskId }, hold, ['input', 'ref'])]);
    if (input.input !== undefined) {
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
      path: ['input', 'ref'],
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
  });
}
