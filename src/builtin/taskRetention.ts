import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/open.ts';
import { findEdges, listTaskRetentions, purgeBeforeEdges, purgeOldOfTask } from '../store/taskRetention.ts';
import type { TaskRetention } from '../store/taskRetention.ts';

/**
 * Removes what tasks say is not to be kept of their runs, in small transactions. A count is to hold during the day, and also where
 * everything else is kept for ever: hence not a part of the nightly task.
 * @param signal  ends it between two batches
 * @returns how many runs were removed
 */
export async function applyTaskRetention(
  { store, clock, log }: { store: Store; clock: Clock; log: Logger },
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  for (const task of await listTaskRetentions(store.sql)) {
    const removed = await applyTo(store, clock, task, signal);
    if (removed > 0) log.info({ taskId: task.taskId, removed }, 'runs were removed as their task says');
    total += removed;
  }
  return total;
}

async function applyTo(store: Store, clock: Clock, { taskId, retention }: TaskRetention, signal: AbortSignal): Promise<number> {
  const { runsMs, count } = retention;
  let removed = 0;
  const all = async (batch: () => Promise<number>) => {
    for (let size = -1; size !== 0 && !signal.aborted; removed += size) size = await batch();
  };
  if (runsMs !== null) {
    const before = clock.now() - runsMs;
    await all(() => purgeOldOfTask(store, taskId, before, clock.now()));
  }
  const edges = count === null || signal.aborted ? [] : await findEdges(store.sql, taskId, count);
  if (edges.length > 0) await all(() => purgeBeforeEdges(store, taskId, edges, clock.now()));
  return removed;
}
