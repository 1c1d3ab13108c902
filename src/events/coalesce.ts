import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { StoredEvent } from '../store/events.ts';
import type { EventReader } from './relay.ts';

/** Objects that wait to be told of at a time; so many are told of before their time. */
const MOST_OBJECTS = 1_000;
/** Events that are read at a stretch before everybody else has a turn. */
const STRETCH = 200;

interface CoalesceOptions<T> {
  /** Whole milliseconds between two tellings. */
  intervalMs: number;
  clock: Clock;
  /** null: nothing to tell of. */
  map(event: StoredEvent): T | null;
  /** What stands for both: at the place of the newer one. */
  merge(older: T, newer: T): T;
}

/**
 * The newest change of each object, told together and at most once in an interval: at once when the interval before was quiet.
 * They are told in the order of their places, so that whoever goes on behind any of them misses the last state of no object and
 * hears of none twice. A reader that is behind first catches up, for one interval at most.
 * Nothing is read while the subscriber has not taken what it was told: the memory is one change for each object.
 */
export function coalesce<T extends { id: string }>(reader: EventReader, options: CoalesceOptions<T>): AsyncIterableIterator<T> {
  const { intervalMs, clock, map, merge } = options;
  /** In the order of their places. */
  let waiting = new Map<string, T>();
  /** When the first of those that wait was read. */
  let waitingSince = 0;
  let outgoing: Iterator<T> = [].values();
  let nextTellingAt = -Infinity;
  let reading: Promise<IteratorResult<StoredEvent>> | null = null;
  let done = false;

  function take(event: StoredEvent): void {
    const change = map(event);
    if (change === null) return;
    if (waiting.size === 0) waitingSince = clock.now();
    const older = waiting.get(change.id);
    waiting.delete(change.id);
    waiting.set(change.id, older === undefined ? change : merge(older, change));
  }

  /** @returns how long what waits has to wait yet; Infinity when nothing does */
  function restMs(): number {
    if (waiting.size === 0) return Infinity;
    if (waiting.size >= MOST_OBJECTS) return 0;
    const tellAt = reader.behind ? Math.max(nextTellingAt, waitingSince + intervalMs) : nextTellingAt;
    return Math.max(0, tellAt - clock.now());
  }

  async function next(): Promise<IteratorResult<T>> {
    for (let read = 1; !done; read += 1) {
      const told = outgoing.next();
      if (told.done !== true) return told;
      const rest = restMs();
      if (rest === 0) {
        outgoing = waiting.values();
        waiting = new Map();
        nextTellingAt = clock.now() + intervalMs;
        continue;
      }
      if (read % STRETCH === 0) await setImmediate();
      reading ??= reader.next();
      const step = await (rest === Infinity ? reading : within(clock, rest, reading));
      if (step === null) continue;
      reading = null;
      if (step.done === true) break;
      take(step.value);
    }
    return { done: true, value: undefined };
  }

  return {
    next,
    async return() {
      done = true;
      await reader.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** @returns null when the time was over first */
function within<V>(clock: Clock, delayMs: number, promise: Promise<V>): Promise<V | null> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(null));
    promise.finally(cancel).then(resolve, reject);
  });
}
