import { MAX_CONCURRENCY } from '../domain/execution.ts';
import type { ExecutionSettings } from '../domain/execution.ts';
import type { RunQueue } from '../queue/queue.ts';
import { lockSchedules } from '../store/runs.ts';
import { findTask } from '../store/tasks.ts';
import type { TaskRecord, TaskRef } from '../store/tasks.ts';
import { listWaitingSchedules, promoteBuffered } from '../store/waiting.ts';
import type { CommandScope } from './command.ts';
import { parseExecution } from './fields.ts';
import type { ExecutionInput, Fields } from './fields.ts';

/** The settings of a task: those that its schedules may override, and its limit. */
export function parseTaskExecution(
  fields: Fields,
  path: string[],
  input: ExecutionInput,
  scope: TaskRecord['scope'],
): ExecutionSettings {
  const settings = parseExecution(fields, path, input);
  if (input.concurrency == null) return settings;
  const at = [...path, 'concurrency'];
  const concurrency = fields.wholeNumber(at, input.concurrency, { min: 1, max: MAX_CONCURRENCY });
  if (scope === 'LOCAL')
    fields.add(at, 'concurrency cannot be set for a task of scope LOCAL, which runs once on every worker.', 'absent or null');
  return { ...settings, concurrency };
}

/** A limit is kept by the task as a whole; one of a schedule or a single run would mean nothing. */
export function refuseConcurrency(fields: Fields, path: string[], input: ExecutionInput | null | undefined): void {
  if (input?.concurrency == null) return;
  fields.add(
    [...path, 'concurrency'],
    'concurrency belongs to the task: set it in the execution of the task, where it counts the runs of all its schedules.',
    'absent or null',
  );
}

/**
 * Locks the schedules of which runs wait that a change of the task's limit may let go. Before the task itself: order schedule →
 * task → run.
 */
export async function lockSchedulesWaiting(
  { prisma, sql }: Pick<CommandScope, 'prisma' | 'sql'>,
  ref: TaskRef,
): Promise<string[]> {
  const task = await findTask(prisma, ref);
  const ids = task === null ? [] : await listWaitingSchedules(sql, task.id);
  await lockSchedules(sql, ids);
  return ids;
}

/** Lets go what a higher limit, or none, has room for. The caller holds the task and, before it, these schedules. */
export async function releaseSlots(
  queue: RunQueue,
  { sql, signal }: Pick<CommandScope, 'sql' | 'signal'>,
  now: number,
  scheduleIds: readonly string[],
  taskId: string,
): Promise<void> {
  const promoted = await promoteBuffered(sql, now, scheduleIds, [taskId]);
  await queue.enqueue(sql, promoted);
  if (promoted.length > 0) signal('jobs');
}
