import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { isDatabaseAway } from '../databaseAway.ts';
import { createLoop } from '../loop.ts';
import { createOutage } from '../outage.ts';
import { isBefore, readEvents, readStreamHead, runningChange } from '../store/events.ts';
import type { Position, StoredEvent } from '../store/events.ts';
import type { Store } from '../store/open.ts';
import { readPurged } from '../store/retention.ts';

/** Events kept in memory for all subscribers; who is further behind reads from the database until it has caught up. */
const RING = 10_000;
const PAGE = 500;
/** A lost notification costs no more than this. */
const POLL_MS = 500;
/** How soon to ask again for what an older transaction in flight still hides. */
const HIDDEN_MS = 5;

/** Events after a place, one at a time, each handed out when the subscriber asks: a slow one holds nothing up and queues nothing. */
export interface EventReader extends AsyncIterableIterator<StoredEvent> {
  /** Where it began. */
  readonly from: Position;
  /** Something has been read for all that this one was not told yet: its next event needs no waiting, or a page of the database. */
  readonly behind: boolean;
  return(): Promise<IteratorResult<StoredEvent>>;
}
/** Events that a reader had still to be told of were removed by retention: what it is told next would lie behind a gap. */
export class EventsRemoved extends Error {
  override readonly name = 'EventsRemoved';
}
export interface Relay {
  /** @param after null: from now */
  subscribe(after: Position | null): Promise<EventReader>;
  /** Runs under way per task at a reader's place in the stream. */
  runningAt(position: Position): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

export function createRelay(parts: { store: Store; clock: Clock; log: Logger }): Relay {
  const { store, clock, log } = parts;
  const ring: StoredEvent[] = [];
  const running = new Map<string, number>();
  /** Before ring[0] there is nothing in memory; everything up to `head` has been read. */
  let tail: Position = { xid: 0n, seq: 0n };
  let head: Position = tail;
  let started: Promise<void> = Promise.resolve();
  let users = 0;
  const readers = new Set<() => void>();
  let cancelTimer: () => void = () => undefined;
  let stopped = false;
  const outage = createOutage('the event relay', log);
  /** A reader that reads from the database by itself could not, and waits for a round that can. */
  let stumbled = false;

  const loop = createLoop(async () => {
    cancelTimer();
    let wait = POLL_MS;
    try {
      const page = await readEvents(store.sql, head, PAGE);
      for (const event of page.events) take(event);
      outage.over();
      if (page.events.length > 0 || stumbled) for (const wakeReader of readers) wakeReader();
      stumbled = false;
      if (page.more) loop.wake();
      else if (page.hidden) wait = HIDDEN_MS;
    } catch (error) {
      wait = outage.failed(error);
    }
    if (!stopped && readers.size > 0) cancelTimer = clock.after(wait, loop.wake);
  });
  const unsubscribe = store.signals.on('events', () => {
    if (readers.size > 0) loop.wake();
  });

  function take(event: StoredEvent): void {
    ring.push(event);
    head = event.position;
    if (ring.length > RING) tail = (ring.shift() as StoredEvent).position;
    if (event.topic !== 'run' || event.taskId === null) return;
    const change = Number(isRunning(event.after)) - Number(isRunning(event.before));
    if (change !== 0) running.set(event.taskId, (running.get(event.taskId) ?? 0) + change);
  }

  /** Reading begins anew with the first subscriber after none: an instance that nobody watches reads nothing and keeps nothing. */
  async function start(): Promise<void> {
    await loop.idle();
    const snapshot = await readStreamHead(store.sql);
    ring.length = 0;
    tail = snapshot.position;
    head = snapshot.position;
    running.clear();
    for (const [taskId, count] of snapshot.runningByTask) running.set(taskId, count);
  }
  async function enter(): Promise<void> {
    users += 1;
    if (users === 1) started = start();
    try {
      await started;
    } catch (error) {
      users -= 1;
      throw error;
    }
  }

  function createReader(after: Position): EventReader {
    let position = after;
    let page: StoredEvent[] = [];
    /** Where the reader stands when it has been told of the page: what lies between its last event and here are no events. */
    let pageEnd: Position = after;
    let done = false;
    let wakeUp: () => void = () => undefined;
    const wake = () => wakeUp();
    readers.add(wake);
    loop.wake();

    const woken = () => new Promise<void>((resolve) => (wakeUp = resolve));
    async function next(): Promise<IteratorResult<StoredEvent>> {
      for (;;) {
        if (done || stopped) return { done: true, value: undefined };
        const event = page.shift() ?? nextInRing(position);
        if (event !== undefined) {
          position = page.length === 0 ? later(event.position, pageEnd) : event.position;
          return { done: false, value: event };
        }
        // Behind the ring: from the database, page by page, never past what the relay has read.
        if (isBefore(position, tail)) {
          const from = position;
          // The tail as it is before the page is read: afterwards it may have passed what came since.
          const known = tail;
          try {
            const read = (await readEvents(store.sql, from, PAGE + 1)).events;
            // Asked after the page was read: what was removed before it is missing from it.
            const purged = await readPurged(store.sql);
            if (purged !== null && isBefore(from, purged)) throw new EventsRemoved('events were removed before they were read');
            page = read.slice(0, PAGE);
            pageEnd = read.length > PAGE ? from : known;
            if (page.length === 0) position = pageEnd;
          } catch (error) {
            if (!isDatabaseAway(error)) throw error;
            stumbled = true;
            await woken();
          }
        } else {
          // Nothing is awaited between the look above and this: no wake-up can fall in between.
          await woken();
        }
      }
    }
    return {
      from: after,
      get behind() {
        return page.length > 0 || isBefore(position, head);
      },
      next,
      return() {
        if (!done) users -= 1;
        done = true;
        readers.delete(wake);
        // A poll that comes while the next one begins anew would mix what was read before with what is read then.
        if (readers.size === 0) cancelTimer();
        wakeUp();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  function nextInRing(position: Position): StoredEvent | undefined {
    if (isBefore(position, tail)) return undefined;
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(position, (ring[middle] as StoredEvent).position)) high = middle;
      else low = middle + 1;
    }
    return ring[low];
  }

  return {
    async subscribe(after) {
      await enter();
      try {
        return createReader(after ?? (await readStreamHead(store.sql)).position);
      } catch (error) {
        users -= 1;
        throw error;
      }
    },
    async runningAt(position) {
      const known = { at: head, running: new Map(running) };
      const forwards = isBefore(known.at, position);
      const change = await runningChange(store.sql, forwards ? known.at : position, forwards ? position : known.at);
      for (const [taskId, n] of change) known.running.set(taskId, (known.running.get(taskId) ?? 0) + (forwards ? n : -n));
      return known.running;
    },
    async stop() {
      stopped = true;
      unsubscribe();
      cancelTimer();
      for (const wake of readers) wake();
      await loop.stop();
      cancelTimer();
    },
  };
}

function later(a: Position, b: Position): Position {
  return isBefore(a, b) ? b : a;
}

export function isRunning(facts: StoredEvent['after']): boolean {
  return facts?.['state'] === 'RUNNING' || facts?.['state'] === 'CANCELING';
}
