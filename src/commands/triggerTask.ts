import { resolveExecution } from '../domain/execution.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { isInForce } from '../domain/held.ts';
import { Rejection } from '../domain/userError.ts';
import { lockTask } from '../store/tasks.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields, parseExecution } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { refuseWhileActive, startByHand } from './manualRun.ts';
import { checkTaskInput } from './taskInput.ts';
import { taskIsPaused } from './taskPause.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

export interface TriggerTaskInput {
  task: TaskRefInput;
  input?: Record<string, unknown> | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  execution?: ExecutionInput | null | undefined;
  reason?: string | null | undefined;
}

/**
 * Runs a task at once, without a schedule.
 * @returns more than one run only for a task of scope LOCAL
 */
export function triggerTask(parts: CommandParts, caller: Caller, input: TriggerTaskInput): Promise<CommandResult<RunRecord[]>> {
  return runCommand(parts, caller, 'task.trigger', async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    const execution = input.execution == null ? null : parseExecution(fields, ['input', 'execution'], input.execution);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const task = await lockTask(scope, toTaskRef(input.task));
    if (task === null) throw new Rejection([noSuchTask(['input', 'task'], input.task)]);
    if (isInForce(task.pause, parts.clock.now())) throw new Rejection([taskIsPaused(task, task.pause, ['input', 'task'])]);
    checkTaskInput(fields, ['input', 'input'], task, input.input ?? null);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    if ((input.overlapPolicy ?? 'SKIP') === 'SKIP') {
      await refuseWhileActive(scope, { taskId: task.id }, `task "${task.key}"`, ['input', 'task']);
    }
    return startByHand(parts, scope, caller, 'task.trigger', task.id, {
      taskId: task.id,
      scheduleId: null,
      taskScope: task.scope,
      scheduleVersion: null,
      policy: resolveExecution(task.kind, task.execution, execution),
      input: input.input ?? null,
      labels: task.labels,
      reason: input.reason ?? null,
    });
  });
}
