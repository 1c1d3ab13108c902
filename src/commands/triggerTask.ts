import { resolveExecution } from '../domain/execution.ts';
import { DEFAULT_BUFFER_LIMIT, isReplacing } from '../domain/overlap.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { Rejection } from '../domain/userError.ts';
import { listUnderwaySchedules } from '../store/lanes.ts';
import { lockSchedules } from '../store/runs.ts';
import { findTask, lockTask } from '../store/tasks.ts';
import type { TaskRef } from '../store/tasks.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { refuseConcurrency } from './concurrency.ts';
import { Fields, parseExecution } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { makeWay } from './makeWay.ts';
import { startByHand } from './manualRun.ts';
import { checkTaskInput } from './taskInput.ts';
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
    refuseConcurrency(fields, ['input', 'execution'], input.execution);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const overlap = input.overlapPolicy ?? 'SKIP';
    const ref = toTaskRef(input.task);
    const scheduleIds = isReplacing(overlap) ? await lockReplaced(scope, ref) : [];
    const task = await lockTask(scope, ref);
    if (task === null) throw new Rejection([noSuchTask(['input', 'task'], input.task)]);
    checkTaskInput(fields, ['input', 'input'], task, input.input ?? null);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const now = parts.clock.now();
    const place = await makeWay(scope, now, {
      lane: { taskId: task.id, scheduleIds },
      overlap,
      bufferLimit: DEFAULT_BUFFER_LIMIT,
      taskId: task.id,
      subject: `task "${task.key}"`,
      path: ['input', 'task'],
    });
    const run = {
      taskId: task.id,
      scheduleId: null,
      taskScope: task.scope,
      scheduleVersion: null,
      policy: resolveExecution(task.kind, task.execution, execution),
      input: input.input ?? null,
      labels: task.labels,
      reason: input.reason ?? null,
    };
    return startByHand(parts, scope, caller, 'task.trigger', task.id, run, place, now);
  });
}

/** Locks the schedules whose runs are to give way, before the task: order schedule → task → run. */
async function lockReplaced(scope: CommandScope, ref: TaskRef): Promise<string[]> {
  const task = await findTask(scope.prisma, ref);
  const ids = task === null ? [] : await listUnderwaySchedules(scope.sql, task.id);
  if (ids.length > 0) await lockSchedules(scope.sql, ids);
  return ids;
}
