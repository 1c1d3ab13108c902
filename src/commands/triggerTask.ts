import { resolveExecution } from '../domain/execution.ts';
import { DEFAULT_BUFFER_LIMIT, isReplacing } from '../domain/overlap.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { isInForce } from '../domain/held.ts';
import { Rejection } from '../domain/userError.ts';
import { listUnderwaySchedules } from '../store/lanes.ts';
import { lockSchedules } from '../store/runs.ts';
import { findTask, lockTask } from '../store/tasks.ts';
import type { TaskRef } from '../store/tasks.ts';
import type { RunRecord } from '../store/runRecords.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { refuseConcurrency } from './concurrency.ts';
import { Fields, parseExecution } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { makeWay } from './makeWay.ts';
import type { Place } from './makeWay.ts';
import { MADE_RUNS, startByHand } from './manualRun.ts';
import { runOnce } from './once.ts';
import { checkTaskInput } from './taskInput.ts';
import { taskIsPaused } from './taskPause.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

export interface TriggerTaskInput {
  task: TaskRefInput;
  input?: Record<string, unknown> | null | undefined;
  runAt?: Date | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  execution?: ExecutionInput | null | undefined;
  reason?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}

/** What was meant to be at once may come a little late. */
const MAX_PAST_MS = 60_000;
const MAX_AHEAD_YEARS = 10;

/**
 * Runs a task without a schedule: at once, or at `runAt`. Of what runs later the overlap is decided when it is due.
 * @returns more than one run only for a task of scope LOCAL
 */
export function triggerTask(parts: CommandParts, caller: Caller, input: TriggerTaskInput): Promise<CommandResult<RunRecord[]>> {
  return runOnce(parts, caller, 'task.trigger', input, MADE_RUNS, async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    const execution = input.execution == null ? null : parseExecution(fields, ['input', 'execution'], input.execution);
    const now = parts.clock.now();
    const runAt = input.runAt == null ? null : parseRunAt(fields, ['input', 'runAt'], input.runAt, now);
    const waits = runAt !== null && runAt > now;
    refuseConcurrency(fields, ['input', 'execution'], input.execution);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const overlap = input.overlapPolicy ?? 'SKIP';
    const ref = toTaskRef(input.task);
    const scheduleIds = !waits && isReplacing(overlap) ? await lockReplaced(scope, ref) : [];
    const task = await lockTask(scope, ref);
    if (task === null) throw new Rejection([noSuchTask(['input', 'task'], input.task)]);
    if (isInForce(task.pause, parts.clock.now())) throw new Rejection([taskIsPaused(task, task.pause, ['input', 'task'])]);
    checkTaskInput(fields, ['input', 'input'], task, input.input ?? null);
    if (waits && task.scope === 'LOCAL') {
      const message = `The task "${task.key}" runs on every worker that is live when it starts; runAt is only for tasks of scope GLOBAL.`;
      fields.add(['input', 'runAt'], message, 'only for tasks of scope GLOBAL');
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const at = parts.clock.now();
    const lane = { taskId: task.id, scheduleIds };
    const subject = `task "${task.key}"`;
    const way = { lane, overlap, bufferLimit: DEFAULT_BUFFER_LIMIT, taskId: task.id, subject, path: ['input', 'task'] };
    const place = waits ? LATER : await makeWay(scope, at, way);
    const run = {
      taskId: task.id,
      scheduleId: null,
      taskScope: task.scope,
      scheduleVersion: null,
      policy: resolveExecution(task.kind, task.execution, execution),
      input: input.input ?? null,
      labels: task.labels,
      reason: input.reason ?? null,
      runAt,
      later: waits ? overlap : null,
    };
    return startByHand(parts, scope, caller, 'task.trigger', task.id, run, place, at);
  });
}
/** What overlapPolicy says is decided when it is due. */
const LATER: Place = { state: 'SCHEDULED', waitsFor: 'TASK', freed: false };

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

/** Locks the schedules whose runs are to give way, before the task: order schedule → task → run. */
async function lockReplaced(scope: CommandScope, ref: TaskRef): Promise<string[]> {
  const task = await findTask(scope.prisma, ref);
  const ids = task === null ? [] : await listUnderwaySchedules(scope.sql, task.id);
  await lockSchedules(scope.sql, ids);
  return ids;
}
