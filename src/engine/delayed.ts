import type { Clock } from '../clock.ts';
import { promoteDelayed } from '../domain/delayed.ts';
import type { RunQueue } from '../queue/queue.ts';
import { findInTheWay, lockDueDelayed, writePromotions } from '../store/delayedRuns.ts';
import type { Store } from '../store/open.ts';

/**
 * Lets runs go whose own time has come: those of triggerTask(runAt).
 * @returns whether there may be more to do at once
 */
export function delayedTick(parts: { store: Store; queue: RunQueue; clock: Clock }, batch: number): Promise<boolean> {
  const { store, queue, clock } = parts;
  return store.hotTransaction(async (tx) => {
    const now = clock.now();
    const { due, seen } = await lockDueDelayed(tx.sql, now, batch);
    if (due.length === 0) return false;
    const inTheWay = await findInTheWay(tx.sql, [...new Set(due.map((run) => run.taskId))]);
    const queued = await writePromotions(tx.sql, now, promoteDelayed(due, inTheWay));
    await queue.enqueue(tx.sql, queued);
    tx.signal('events');
    if (queued.length > 0) tx.signal('jobs');
    return seen === batch;
  });
}
