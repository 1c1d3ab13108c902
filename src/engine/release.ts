import type { Clock } from '../clock.ts';
import type { RunQueue } from '../queue/queue.ts';
import type { Store } from '../store/open.ts';
import { lockSchedules } from '../store/runs.ts';
import { lockTasks, promoteBuffered } from '../store/waiting.ts';

/** Lets go, in a transaction of its own, what waits for these schedules and tasks and has its place. */
export async function releaseWaiting(
  { store, queue, clock }: { store: Store; queue: RunQueue; clock: Clock },
  { scheduleIds, taskIds }: { scheduleIds: readonly string[]; taskIds: readonly string[] },
): Promise<void> {
  if (scheduleIds.length === 0 && taskIds.length === 0) return;
  await store.hotTransaction(async (tx) => {
    await lockSchedules(tx.sql, scheduleIds);
    await lockTasks(tx.sql, taskIds);
    const promoted = await promoteBuffered(tx.sql, clock.now(), scheduleIds, taskIds);
    await queue.enqueue(tx.sql, promoted);
    if (promoted.length > 0) tx.signal('jobs', 'events');
  });
}
