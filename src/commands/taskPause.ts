import { isInForce } from '../domain/held.ts';
import { conflict } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import type { HoldRecord, PauseRecord } from '../store/pauses.ts';
import { findTask } from '../store/tasks.ts';
import type { CommandScope } from './command.ts';

/** What a pause of a task is to each of its schedules. */
export function holdOf(pause: PauseRecord | null, now: number): HoldRecord | null {
  return isInForce(pause, now) ? { kind: 'TASK_PAUSE', ...pause } : null;
}

/**
 * What holds back a schedule of this task that is about to be written. The caller keeps the task (keepTask) or has locked a
 * schedule of it: a pause begins and ends under the locks of all.
 */
export async function readHold(
  { prisma }: Pick<CommandScope, 'prisma'>,
  taskId: string,
  now: number,
): Promise<HoldRecord | null> {
  return holdOf((await findTask(prisma, { id: taskId }))?.pause ?? null, now);
}

/** INVALID_STATE naming the pause, for what would run the task. */
export function taskIsPaused(task: { id: string }, pause: PauseRecord, path: string[]): UserError {
  const { since, until, reason, by } = pause;
  const end = until == null ? '' : ` until ${until}`;
  const message = `The task is paused since ${since}${end}, by ${by.name ?? by.id}: ${reason}`;
  return conflict('INVALID_STATE', path, message, task.id);
}
