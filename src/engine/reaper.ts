import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { afterFailure } from '../domain/execution.ts';
import type { RunError } from '../domain/runError.ts';
import type { RunQueue } from '../queue/queue.ts';
import { endAttempts } from '../queue/finish.ts';
import { WAITING_JOB_IDS } from '../queue/queue.ts';
import type { Store } from '../store/open.ts';
import { refillIdle } from './backfills.ts';
import { fenceIgnored } from './fence.ts';
import { iso, listLostRuns, listStaleQueued, lockLostRuns, lockSchedulesOf, renewJobs } from '../store/runs.ts';
import type { Finish, LostRun } from '../store/runs.ts';
import { failOrphanedRuns, listOrphanedRuns } from '../store/localRuns.ts';
import { setFailures } from '../store/scheduleFailures.ts';
import { listStuck, promoteBuffered } from '../store/waiting.ts';
import { markLostWorkers } from '../store/workers.ts';
import { releaseWaiting } from './release.ts';

/** A worker is dead after this long without a heartbeat; it beats every 2 s. */
export const LEASE_MS = 6_000;
/** A delivery that no worker acted on for this long is looked for; the start is conditional, so one too many does no harm. */
const STALE_DELIVERY_MS = 4_000;
const BATCH = 500;

/** Finds what dead workers left behind. Called every 2 s on every instance; the rows are claimed, so each is mended once. */
export async function reap(parts: { store: Store; queue: RunQueue; clock: Clock; log: Logger }): Promise<void> {
  const { store, queue, clock, log } = parts;
  await store.hotTransaction(async (tx) => {
    const now = clock.now();
    const candidates = await listLostRuns(tx.sql, now, BATCH);
    if (candidates.length === 0) return;
    // Any of them may turn out to have failed, and once runs are locked it is too late for a schedule.
    const held = await lockSchedulesOf(tx.sql, candidates, candidates);
    const lost = await lockLostRuns(tx.sql, now, candidates);
    for (const run of lost)
      log.warn({ runId: run.runId, attempt: run.attempt, workerId: run.workerId }, 'the worker of a run was lost');
    await endAttempts(
      tx,
      queue,
      now,
      lost.map((run) => lostFinish(run, now)),
      held,
    );
    tx.signal('schedules');
  });
  await store.hotTransaction(async (tx) => {
    const now = clock.now();
    const workers = await markLostWorkers(tx.sql, now, now - LEASE_MS);
    if (workers.length > 0) tx.signal('events');
  });
  await fenceIgnored(parts);
  await failOrphans(parts);
  await redeliver(parts);
  await releaseStuck(parts);
  await refillIdle(parts, BATCH);
}

/** What waited for a worker that is gone, and for no other, ends here. */
async function failOrphans({
  store,
  queue,
  clock,
  log,
}: {
  store: Store;
  queue: RunQueue;
  clock: Clock;
  log: Logger;
}): Promise<void> {
  const orphans = await listOrphanedRuns(store.sql, BATCH);
  if (orphans.length === 0) return;
  await store.hotTransaction(async (tx) => {
    const held = await lockSchedulesOf(tx.sql, orphans, orphans);
    const now = clock.now();
    const failed = await failOrphanedRuns(tx.sql, now, orphans);
    await setFailures(
      tx.sql,
      now,
      Array.from(failed, ([id, more]) => ({ id, count: (held.failures.get(id) ?? 0) + more })),
    );
    await queue.enqueue(tx.sql, await promoteBuffered(tx.sql, now, [...failed.keys()], held.tasks));
    tx.signal('jobs', 'events');
  });
  log.warn({ runIds: orphans }, 'the worker that these runs waited for is gone');
}

/** Below the promotion in the finishing transaction lies this net: a buffered run that nothing will let go would wait for ever. */
async function releaseStuck(parts: { store: Store; queue: RunQueue; clock: Clock }): Promise<void> {
  await releaseWaiting(parts, await listStuck(parts.store.sql, BATCH));
}

/** A lost run of a LOCAL task belongs to that worker alone: it is never moved. */
function lostFinish(run: LostRun, now: number): Finish {
  const message = `the worker ${run.workerId ?? '(unknown)'} stopped answering while it ran this`;
  const error: RunError = { code: 'WORKER_LOST', name: 'WorkerLost', message, retryable: !run.local };
  const verdict = afterFailure(run.policy.retry, run.attempt, error, 0);
  const retryAt = verdict.state === 'RETRY_WAIT' ? iso(now + verdict.delayMs) : null;
  return { runId: run.runId, attempt: run.attempt, lease: run.lease, state: verdict.state, output: null, error, retryAt };
}

/** A worker that died between taking a delivery and starting its run leaves a queued run that nothing will deliver. */
async function redeliver({
  store,
  queue,
  clock,
  log,
}: {
  store: Store;
  queue: RunQueue;
  clock: Clock;
  log: Logger;
}): Promise<void> {
  const stale = await listStaleQueued(store.sql, clock.now() - STALE_DELIVERY_MS, BATCH, WAITING_JOB_IDS);
  const undelivered = await queue.undelivered(stale);
  if (undelivered.length === 0) return;
  await store.hotTransaction(async (tx) => {
    const renewed = await renewJobs(tx.sql, undelivered);
    await queue.enqueue(tx.sql, renewed);
    if (renewed.length > 0) tx.signal('jobs');
    for (const run of renewed) log.warn({ runId: run.runId, attempt: run.attempt }, 'a delivery was lost and is made anew');
  });
}
