import type { Tx } from '../store/open.ts';
import { finishRuns, lockSchedulesOf, promoteBuffered } from '../store/runs.ts';
import type { Finish, Finished } from '../store/runs.ts';
import type { RunQueue } from './queue.ts';

/**
 * Ends attempts and, in the same transaction, lets the runs go that waited for them.
 * @returns the attempts that were ended; one that is missing was not the caller's any more
 */
export async function endAttempts(tx: Tx, queue: RunQueue, now: number, finishes: readonly Finish[]): Promise<Finished[]> {
  await lockSchedulesOf(
    tx.sql,
    finishes.map((finish) => finish.runId),
  );
  const finished = await finishRuns(tx.sql, now, finishes);
  const freed = new Set(finished.filter((run) => run.final && run.scheduleId !== null).map((run) => run.scheduleId as string));
  if (freed.size > 0) {
    const promoted = await promoteBuffered(tx.sql, now, [...freed]);
    await queue.enqueue(tx.sql, promoted);
    if (promoted.length > 0) tx.signal('jobs');
  }
  if (finished.length > 0) tx.signal('events');
  return finished;
}
