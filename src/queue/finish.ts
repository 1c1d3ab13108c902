import { countFailures, isFailure } from '../domain/failures.ts';
import { refillBackfills } from '../store/backfillLanes.ts';
import type { Tx } from '../store/open.ts';
import { finishRuns, lockSchedulesOf } from '../store/runs.ts';
import type { Finish, Finished, LockedOwners } from '../store/runs.ts';
import { setFailures } from '../store/scheduleFailures.ts';
import { promoteBuffered } from '../store/waiting.ts';
import type { RunQueue } from './queue.ts';

/**
 * Ends attempts and, in the same transaction, lets the runs go that waited for them, writes the next ones of their backfills and counts
 * the failures of their schedules.
 * @param held  what the caller has locked of them already, when it had to do so before it locked the runs
 * @returns the attempts that were ended; one that is missing was not the caller's any more
 */
export async function endAttempts(
  tx: Tx,
  queue: RunQueue,
  now: number,
  finishes: readonly Finish[],
  held?: LockedOwners,
): Promise<Finished[]> {
  const ids = (some: readonly Finish[]) => some.map((finish) => finish.runId);
  const failing = finishes.filter((finish) => isFailure(finish.state));
  const locked = held ?? (await lockSchedulesOf(tx.sql, ids(finishes), ids(failing)));
  const finished = await finishRuns(tx.sql, now, finishes);
  await setFailures(tx.sql, now, changedFailures(locked.failures, finishes, finished));
  const final = finished.filter((run) => run.final);
  // What is to be tried again gives its slot free as well.
  if (final.length > 0 || (finished.length > 0 && locked.tasks.length > 0)) {
    const schedules = new Set(final.flatMap((run) => (run.backfillId === null ? (run.scheduleId ?? []) : [])));
    const tasks = new Set(finished.map((run) => run.taskId));
    const refilled = final.some((run) => run.backfillId !== null) ? await refillBackfills(tx.sql, now, locked.backfills) : [];
    const promoted = await promoteBuffered(tx.sql, now, [...schedules], [...tasks], locked.tasks);
    const queued = [...refilled, ...promoted];
    await queue.enqueue(tx.sql, queued);
    if (queued.length > 0) tx.signal('jobs');
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
      inOrder.filter((run) => run.scheduleId === id && run.backfillId === null).map((run) => run.state),
    );
    return count === before ? [] : [{ id, count }];
  });
}
