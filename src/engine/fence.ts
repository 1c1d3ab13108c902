import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { STOP_GRACE_MS } from '../domain/cancel.ts';
import { afterFailure } from '../domain/execution.ts';
import type { RunError } from '../domain/runError.ts';
import { endAttempts } from '../queue/finish.ts';
import type { RunQueue } from '../queue/queue.ts';
import { listIgnoredStops, lockIgnoredStops } from '../store/fencedRuns.ts';
import type { IgnoredStop } from '../store/fencedRuns.ts';
import type { Store } from '../store/open.ts';
import { iso, lockSchedulesOf } from '../store/runs.ts';
import type { Finish } from '../store/runs.ts';

const BATCH = 500;

/**
 * Takes attempts away from workers that are alive and yet do not end them: canceled, or past their time limit, for longer than the
 * grace. A worker does so by itself, whatever its task does; this is the net below it. What the attempt brings later is not recorded.
 */
export async function fenceIgnored(parts: { store: Store; queue: RunQueue; clock: Clock; log: Logger }): Promise<void> {
  const { store, queue, clock, log } = parts;
  await store.hotTransaction(async (tx) => {
    const now = clock.now();
    const candidates = await listIgnoredStops(tx.sql, now - STOP_GRACE_MS, BATCH);
    if (candidates.length === 0) return;
    // As with lost runs: any of them may turn out to have failed.
    await lockSchedulesOf(tx.sql, candidates, candidates);
    const ignored = await lockIgnoredStops(tx.sql, now - STOP_GRACE_MS, candidates);
    for (const { runId, attempt, workerId, state } of ignored)
      log.warn({ runId, attempt, workerId, state }, 'an attempt that was to end did not, and is taken away from its worker');
    await endAttempts(
      tx,
      queue,
      now,
      ignored.map((run) => finishOf(run, now)),
    );
    tx.signal('schedules', 'cancels');
  });
}

function finishOf({ state, policy, workerId: _, ...hold }: IgnoredStop, now: number): Finish {
  const seconds = (ms: number) => `${ms / 1_000} s`;
  const error: RunError =
    state === 'CANCELING'
      ? {
          code: 'CANCELED',
          name: 'Canceled',
          message: `the attempt did not end within ${seconds(STOP_GRACE_MS)} of its cancel`,
          retryable: false,
        }
      : {
          code: 'TIMED_OUT',
          name: 'Stopped',
          message: `no result within ${seconds(policy.timeoutMs)}, and no end ${seconds(STOP_GRACE_MS)} later`,
          retryable: true,
        };
  if (state === 'CANCELING') return { ...hold, state: 'CANCELED', output: null, error, retryAt: null };
  const verdict = afterFailure(policy.retry, hold.attempt, error, 0);
  const retryAt = verdict.state === 'RETRY_WAIT' ? iso(now + verdict.delayMs) : null;
  return { ...hold, state: verdict.state, output: null, error, retryAt };
}
