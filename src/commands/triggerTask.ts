import { resolveExecution } from '../domain/execution.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { Rejection } from '../domain/userError.ts';
import { lockTask } from '../store/tasks.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields, parseExecution } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { refuseWhileActive, startByHand } from './manualRun.ts';
import { checkTaskInput } from './taskInput.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

export interface TriggerTaskInput {
  task: TaskRefInput;
  input?: Record<string, unknown> | null | undefined;
  runAt?: Date | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  execution?: ExecutionInput | null | undefined;
  reason?: string | null | undefined;
}

/** What was meant to be at once may come a little late. */
const MAX_PAST_MS = 60_000;
const MAX_AHEAD_YEARS = 10;

/**
 * Runs a task without a schedule: at once, or at `runAt`. Of what runs later the overlap is decided when it is due.
 * @returns more than one run only for a task of scope LOCAL
 */
export function triggerTask(parts: CommandParts, caller: Caller, input: TriggerTaskInput): Promise<CommandResult<RunRecord[]>> {
  return runCommand(parts, caller, 'task.trigger', async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    const execution = input.execution == null ? null : parseExecution(fields, ['input', 'execution'], input.execution);
    const now = parts.clock.now();
    const runAt = input.runAt == null ? null : parseRunAt(fields, ['input', 'runAt'], input.runAt, now);
    const waits = runAt !== null && runAt > now;
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const task = await lockTask(scope, toTaskRef(input.task));
    if (task === null) throw new Rejection([noSuchTask(['input', 'task'], input.task)]);
    checkTaskInput(fields, ['input', 'input'], task, input.input ?? null);
    if (waits && task.scope === 'LOCAL') {
      const message = `The task "${task.key}" runs on every worker that is live when it starts; runAt is only for tasks of scope GLOBAL.`;
      fields.add(['input', 'runAt'], message, 'only for tasks of scope GLOBAL');
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const overlapPolicy = input.overlapPolicy ?? 'SKIP';
    if (!waits && overlapPolicy === 'SKIP') {
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
      runAt,
      later: waits ? overlapPolicy : null,
    });
  });
}

/** @returns epoch ms */
function parseRunAt(fields: Fields, path: string[], runAt: Date, now: number): number {
  const at = runAt.getTime();
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_AHEAD_YEARS);
  if (!(at >= now - MAX_PAST_MS && at <= latest.getTime())) {
    const allowed = `${new Date(now - MAX_PAST_MS).toISOString()} to ${latest.toISOString()}: a minute ago to P${MAX_AHEAD_YEARS}Y ahead`;
    const given = Number.isNaN(at) ? 'is not an instant' : `is ${runAt.toISOString()}`;
    fields.add(path, `runAt ${given}; allowed is ${allowed}.`, allowed);
  }
  return at;
}
