import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createLoop } from '../loop.ts';
import { createOutage } from '../outage.ts';
import { createTriggerCache } from '../domain/schedule.ts';
import type { RunQueue } from '../queue/queue.ts';
import { claimDueSchedules, nextDueAt } from '../store/claims.ts';
import { fireDue } from '../store/fire.ts';
import type { Store } from '../store/open.ts';
import { nextDelayedAt } from '../store/delayedRuns.ts';
import { nextRetryAt, promoteRetries } from '../store/runs.ts';
import { delayedTick } from './delayed.ts';

/** Schedules claimed by one tick, in one statement. */
const CLAIM_BATCH = 500;
const RETRY_BATCH = 500;
const DELAYED_BATCH = 500;
/** Names in the log of one tick. */
const SHOWN = 10;
/** Suspended machines, stepped clocks and lost notifications cost no more than this. */
const MAX_SLEEP_MS = 30_000;
/** What is due but held by another transaction (an edit, a finishing run) is asked for again after these, the last from then on. */
const HELD_RETRY_MS = [2, 2, 5, 10, 20, 50] as const;
const TRIGGER_CACHE = 20_000;

export interface Engine {
  /** Everything due at the clock's now, in as many ticks as it takes. For tests and for the first look after a start. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Fires schedules: one timer armed at the next due instant, armed anew by every commit that touches schedules. Nothing of what
 * is due lives here: a crash at any moment loses nothing, for the next look reads it all from the database.
 */
export function startEngine(parts: { store: Store; queue: RunQueue; clock: Clock; log: Logger }): Engine {
  const { store, queue, clock, log } = parts;
  const triggerOf = createTriggerCache(TRIGGER_CACHE);
  let stopped = false;
  let disarm: () => void = () => undefined;
  const outage = createOutage('the engine', log);
  let held = 0;

  /** One transaction: claims what is due, writes runs, ledger, events and deliveries, and moves the schedules on. */
  async function tick(): Promise<number> {
    return store.hotTransaction(async (tx) => {
      const now = clock.now();
      const claimed = await claimDueSchedules(tx.sql, now, CLAIM_BATCH);
      if (claimed.length === 0) return 0;
      const queued = await fireDue(tx.sql, now, claimed, triggerOf);
      log.debug(
        { schedules: claimed.slice(0, SHOWN).map(({ name }) => name), count: claimed.length, runs: queued.length },
        'fired',
      );
      await queue.enqueue(tx.sql, queued);
      tx.signal('events');
      if (queued.length > 0) tx.signal('jobs');
      return claimed.length;
    });
  }

  async function retryTick(): Promise<number> {
    return store.hotTransaction(async (tx) => {
      const queued = await promoteRetries(tx.sql, clock.now(), RETRY_BATCH);
      if (queued.length === 0) return 0;
      await queue.enqueue(tx.sql, queued);
      tx.signal('events', 'jobs');
      return queued.length;
    });
  }

  /** Does what is due and answers how long nothing will be. */
  async function look(): Promise<number> {
    while (!stopped && (await tick()) === CLAIM_BATCH);
    const [due, retry, delayed] = await Promise.all([nextDueAt(store.sql), nextRetryAt(store.sql), nextDelayedAt(store.sql)]);
    if (retry !== null && retry.getTime() <= clock.now()) while (!stopped && (await retryTick()) === RETRY_BATCH);
    if (delayed !== null && delayed.getTime() <= clock.now()) while (!stopped && (await delayedTick(parts, DELAYED_BATCH)));
    const next = Math.min(...[due, retry, delayed].map((at) => at?.getTime() ?? Infinity));
    const wait = next - clock.now();
    if (wait > 0) {
      held = 0;
      return Math.min(wait, MAX_SLEEP_MS);
    }
    held += 1;
    return HELD_RETRY_MS[Math.min(held, HELD_RETRY_MS.length) - 1] as number;
  }

  const loop = createLoop(async () => {
    disarm();
    let wait: number;
    try {
      wait = await look();
      outage.over();
    } catch (error) {
      wait = outage.failed(error);
    }
    if (!stopped) disarm = clock.after(wait, loop.wake);
  });

  const unsubscribe = store.signals.on('schedules', loop.wake);
  loop.wake();
  return {
    settle() {
      loop.wake();
      return loop.idle();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      await loop.stop();
      disarm();
    },
  };
}
