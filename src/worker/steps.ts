import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { RunError } from '../domain/runError.ts';
import { createOutage } from '../outage.ts';
import type { Store } from '../store/open.ts';
import type { Hold } from '../store/runs.ts';
import { announceSteps, beginSteps, finishSteps } from '../store/steps.ts';
import type { BegunStep, StepFinish, StepStart } from '../store/steps.ts';
import { createBatcher } from './batch.ts';

/** Steps that follow each other faster are announced together, as what progress says is. */
const ANNOUNCE_MS = 500;
const STEP_BATCH = 200;

export interface StepWriter {
  /**
   * Begins a step unless it is done already. Tries until it is written.
   * @returns what is known of it; null: the lease is somebody else's
   * @throws the signal's reason when it aborts first
   */
  begin(hold: Hold, name: string, signal: AbortSignal): Promise<BegunStep | null>;
  /**
   * Ends a step. Tries until it is written.
   * @returns false: the lease is somebody else's, and nothing is recorded
   * @throws the signal's reason when it aborts first
   */
  finish(hold: Hold, name: string, end: { output: unknown } | { error: RunError }, signal: AbortSignal): Promise<boolean>;
  /** The attempt ends: the event of that announces what was not announced yet. */
  forget(hold: Hold): void;
  stop(): void;
}

export function createStepWriter({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): StepWriter {
  const outage = createOutage('the worker, writing steps', log);
  const payload = () => store.signals.payload(['events']);
  /** When a run was announced last, by lease. */
  const announcedAt = new Map<string, number>();
  const unannounced = new Map<string, Hold>();
  let cancelAnnounce: (() => void) | undefined;

  const begins = createBatcher<StepStart, BegunStep | null>(async (starts) => {
    const begun = byStep(await beginSteps(store.sql, clock.now(), starts, payload()));
    announced(starts);
    return starts.map((start) => begun.get(keyOf(start)) ?? null);
  }, STEP_BATCH);
  const finishes = createBatcher<StepFinish, boolean>(async (ends) => {
    const finished = byStep(await finishSteps(store.sql, clock.now(), ends, payload()));
    announced(ends);
    return ends.map((end) => finished.has(keyOf(end)));
  }, STEP_BATCH);

  function announced(changes: readonly StepStart[]): void {
    const now = clock.now();
    for (const { runId, attempt, lease, announce } of changes) {
      if (announce) announcedAt.set(lease, now);
      else unannounced.set(lease, { runId, attempt, lease });
    }
    if (changes.some(({ announce }) => announce)) store.signals.raise(['events']);
    if (unannounced.size > 0) cancelAnnounce ??= clock.after(ANNOUNCE_MS, () => void announceLate());
  }

  async function announceLate(): Promise<void> {
    cancelAnnounce = undefined;
    const holds = [...unannounced.values()];
    unannounced.clear();
    if (holds.length === 0) return;
    try {
      await announceSteps(store.sql, clock.now(), holds, payload());
      for (const { lease } of holds) if (announcedAt.has(lease)) announcedAt.set(lease, clock.now());
      store.signals.raise(['events']);
    } catch (error) {
      // Nothing depends on it: the next step, or the end of the attempt, is announced again.
      log.debug({ err: error }, 'steps could not be announced');
    }
  }

  const isQuiet = ({ lease }: Hold) => clock.now() - (announcedAt.get(lease) ?? -Infinity) >= ANNOUNCE_MS;

  async function untilWritten<Result>(write: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const result = await write();
        outage.over();
        return result;
      } catch (error) {
        await pause(outage.failed(error), signal);
      }
    }
  }
  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const cancel = clock.after(ms, wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    cancel();
    signal.removeEventListener('abort', wake);
  }

  return {
    begin: (hold, name, signal) => untilWritten(() => begins.add({ ...hold, name, announce: isQuiet(hold) }), signal),
    finish(hold, name, end, signal) {
      const finish =
        'error' in end
          ? ({ state: 'FAILED', output: null, error: end.error } as const)
          : ({ state: 'SUCCEEDED', output: end.output, error: null } as const);
      return untilWritten(() => finishes.add({ ...hold, name, announce: isQuiet(hold), ...finish }), signal);
    },
    forget({ lease }) {
      announcedAt.delete(lease);
      unannounced.delete(lease);
    },
    stop() {
      cancelAnnounce?.();
    },
  };
}

const keyOf = ({ lease, name }: { lease: string; name: string }) => `${lease} ${name}`;

function byStep<Row extends { lease: string; name: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [keyOf(row), row]));
}
