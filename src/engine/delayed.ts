import type { Clock } from '../clock.ts';
import { promoteDelayed } from '../domain/delayed.ts';
import { isReplacing } from '../domain/overlap.ts';
import type { ReplacingPolicy } from '../domain/overlap.ts';
import type { RunQueue } from '../queue/queue.ts';
import { findInTheWay, lockDueDelayed, writePromotions } from '../store/delayedRuns.ts';
import type { DueDelayed } from '../store/delayedRuns.ts';
import { lockActive } from '../store/lanes.ts';
import type { Store, Tx } from '../store/open.ts';
import { supersedeRuns } from '../store/supersede.ts';
import { promoteBuffered } from '../store/waiting.ts';

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
    const queued = [];
    for (const some of inTurns(due)) {
      const [first] = some;
      if (first !== undefined && isReplacing(first.overlapPolicy)) await takePlace(tx, now, first, first.overlapPolicy);
      const taskIds = [...new Set(some.map((run) => run.taskId))];
      queued.push(...(await writePromotions(tx.sql, now, promoteDelayed(some, await findInTheWay(tx.sql, taskIds)))));
    }
    // Those that wait for a place may have it at once.
    const tasks = [...new Set(due.map((run) => run.taskId))];
    queued.push(...(await promoteBuffered(tx.sql, now, [], tasks)));
    await queue.enqueue(tx.sql, queued);
    tx.signal('events');
    if (queued.length > 0) tx.signal('jobs');
    return seen === batch;
  });
}

/** One that takes the place of others has to see what became of those before it: it is decided by itself. */
function inTurns(due: readonly DueDelayed[]): DueDelayed[][] {
  const turns: DueDelayed[][] = [];
  for (const run of due) {
    const last = turns.at(-1);
    if (last?.[0] === undefined || isReplacing(run.overlapPolicy) || isReplacing(last[0].overlapPolicy)) turns.push([run]);
    else last.push(run);
  }
  return turns;
}

async function takePlace(
  { sql, signal }: Tx,
  now: number,
  { taskId, scheduleIds }: DueDelayed,
  policy: ReplacingPolicy,
): Promise<void> {
  const lane = { taskId, scheduleIds };
  await lockActive(sql, lane);
  const superseded = (await supersedeRuns(sql, now, policy, lane)).get(taskId);
  if (superseded !== undefined && superseded.broken > 0) signal('cancels');
}
