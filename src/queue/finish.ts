import { countFailures, isFailure } from '../domain/failures.ts';
import type { Tx } from '../store/open.ts';
import { finishRuns, lockSchedulesOf, promoteBuffered } from '../store/runs.ts';
import type { Finish, Finished } from '../store/runs.ts';
import { setFailures } from '../store/scheduleFailures.ts';
import type { RunQueue } from './queue.ts';

/**
 * Ends attempts and, in the same transaction, lets the runs go that waited for them and counts the failures of their schedules.
 * @returns the attempts that were ended; one that is missing was not the caller's any more
 */
export async function endAttempts(tx: Tx, queue: RunQueue, now: number, finishes: readonly Finish[]): Promise<Finished[]> {
  const ids = (some: readonly Finish[]) => some.map((finish) => finish.runId);
  const failing = finishes.filter((finish) => isFailure(finish.state));
  const locked = await lockSchedulesOf(tx.sql, ids(finishes), ids(failing));
  const finished = await finishRuns(tx.sql, now, finishes);
  await setFailures(tx.sql, now, changedFailures(locked, finishes, finished));
  const freed = new Set(finished.filter((run) => run.final && run.scheduleId !== null).map((run) => run.scheduleId as string));
  if (freed.size > 0) {
    const promoted = await promoteBuffered(tx.sql, now, [...freed]);
    await queue.enqueue(tx.sql, promoted);
    if (promoted.length > 0) tx.signal('jobs');
  }
  if (finished.length > 0) tx.signal('events');
  return finished;
}

/**
 * Counters that are not what they were: none, and no write, while a schedule goes on succeeding. A schedule that was not locked had
 * no failures and gets none here; where another transaction counts one at the same moment, that one comes after.
 * @param locked  what the schedules' counters are
 */
function changedFailures(
  locked: ReadonlyMap<string, number>,
  finishes: readonly Finish[],
  finished: readonly Finished[],
): { id: string; count: number }[] {
  const place = new Map(finishes.map((finish, index) => [`${finish.runId} ${finish.lease}`, index]));
  const inOrder = finished.toSorted(
    (a, b) => (place.get(`${a.runId} ${a.lease}`) ?? 0) - (place.get(`${b.runId} ${b.lease}`) ?? 0),
  );
  return [...locked].flatMap(([id, before]) => {
    const count = countFailures(
      before,
      inOrder.filter((run) => run.scheduleId === id).map((run) => run.state),
    );
    return count === before ? [] : [{ id, count }];
  });
}
