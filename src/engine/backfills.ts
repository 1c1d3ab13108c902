import type { Clock } from '../clock.ts';
import type { RunQueue } from '../queue/queue.ts';
import { listIdleBackfills, refillBackfills } from '../store/backfillLanes.ts';
import { lockBackfills } from '../store/backfills.ts';
import type { Store } from '../store/open.ts';
import { lockWaitedTasks, promoteBuffered } from '../store/waiting.ts';

/** The net below the finishing transactions: a backfill that nothing moves any more would never be over. */
export async function refillIdle(parts: { store: Store; queue: RunQueue; clock: Clock }, limit: number): Promise<void> {
  const { store, queue, clock } = parts;
  const idle = await listIdleBackfills(store.sql, clock.now(), limit);
  if (idle.length === 0) return;
  await store.hotTransaction(async (tx) => {
    const tasks = await lockWaitedTasks(
      tx.sql,
      idle.map(({ taskId }) => taskId),
    );
    const backfills = await lockBackfills(
      tx.sql,
      idle.map(({ id }) => id),
    );
    const now = clock.now();
    const queued = await refillBackfills(tx.sql, now, backfills);
    queued.push(...(await promoteBuffered(tx.sql, now, [], tasks)));
    await queue.enqueue(tx.sql, queued);
    tx.signal('events');
    if (queued.length > 0) tx.signal('jobs');
  });
}
