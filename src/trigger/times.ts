import { firstFrom } from './sorted.ts';
import type { Seconds } from './seconds.ts';
import { secondsOfList, secondsOfTimes } from './seconds.ts';

/** Times of day: the product of a set of hours, of minutes and of seconds, as seconds since local midnight. */
export interface TimeSet {
  has(second: number): boolean;
  /** First member ≥ `second`, -1 when the day has none left. */
  next(second: number): number;
  /** Last member ≤ `second`, -1 when the day has none before. */
  previous(second: number): number;
  /** Members earlier than `second`. */
  countBefore(second: number): number;
  /** The one before which there are `index` others. */
  nth(index: number): number;
  readonly first: number;
  readonly last: number;
  readonly perDay: number;
  /** All of them; made when it is first asked for. */
  all(): Seconds;
}

/** Answers for every value of one field, looked up rather than searched. */
interface FieldTable {
  next: Int8Array;
  previous: Int8Array;
  before: Int8Array;
  first: number;
  last: number;
  size: number;
}

/** @param hours, minutes, seconds  ascending, not empty, inside 0–23, 0–59, 0–59 */
export function createTimeSet(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]): TimeSet {
  const h = tableOf(hours, 24);
  const m = tableOf(minutes, 60);
  const s = tableOf(seconds, 60);
  const compose = (hour: number, minute: number, second: number): number => hour * 3600 + minute * 60 + second;

  function next(time: number): number {
    const hour = (time / 3600) | 0;
    if (h.next[hour] === hour) {
      const minute = ((time / 60) | 0) % 60;
      if (m.next[minute] === minute) {
        const second = s.next[time % 60] ?? -1;
        if (second >= 0) return compose(hour, minute, second);
      }
      const laterMinute = m.next[minute + 1] ?? -1;
      if (laterMinute >= 0) return compose(hour, laterMinute, s.first);
    }
    const laterHour = h.next[hour + 1] ?? -1;
    return laterHour < 0 ? -1 : compose(laterHour, m.first, s.first);
  }
  function previous(time: number): number {
    const hour = (time / 3600) | 0;
    if (h.previous[hour] === hour) {
      const minute = ((time / 60) | 0) % 60;
      if (m.previous[minute] === minute) {
        const second = s.previous[time % 60] ?? -1;
        if (second >= 0) return compose(hour, minute, second);
      }
      const earlierMinute = m.previous[minute - 1] ?? -1;
      if (earlierMinute >= 0) return compose(hour, earlierMinute, s.last);
    }
    const earlierHour = h.previous[hour - 1] ?? -1;
    return earlierHour < 0 ? -1 : compose(earlierHour, m.last, s.last);
  }
  function countBefore(time: number): number {
    const hour = (time / 3600) | 0;
    const minute = ((time / 60) | 0) % 60;
    let total = (h.before[hour] ?? 0) * m.size * s.size;
    if (h.next[hour] !== hour) return total;
    total += (m.before[minute] ?? 0) * s.size;
    return m.next[minute] === minute ? total + (s.before[time % 60] ?? 0) : total;
  }
  let known: Seconds | undefined;
  return {
    all: () => (known ??= secondsOfTimes(hours, minutes, seconds)),
    has: (time) => next(time) === time,
    next,
    previous,
    countBefore,
    nth(index) {
      const [inHour, inDay] = [Math.floor(index / s.size), Math.floor(index / (s.size * m.size))];
      return compose(hours[inDay] ?? 0, minutes[inHour % m.size] ?? 0, seconds[index % s.size] ?? 0);
    },
    first: compose(h.first, m.first, s.first),
    last: compose(h.last, m.last, s.last),
    perDay: h.size * m.size * s.size,
  };
}

/** @param sorted  seconds since local midnight, ascending, not empty */
export function listTimes(sorted: readonly number[]): TimeSet {
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  let known: Seconds | undefined;
  return {
    all: () => (known ??= secondsOfList(sorted)),
    has: (second) => sorted[firstFrom(sorted, second)] === second,
    next: (second) => sorted[firstFrom(sorted, second)] ?? -1,
    previous: (second) => sorted[firstFrom(sorted, second + 1) - 1] ?? -1,
    countBefore: (second) => firstFrom(sorted, second),
    nth: (index) => sorted[index] ?? 0,
    first,
    last,
    perDay: sorted.length,
  };
}

function tableOf(values: readonly number[], size: number): FieldTable {
  const members = new Set(values);
  const next = new Int8Array(size + 1).fill(-1);
  const previous = new Int8Array(size).fill(-1);
  const before = new Int8Array(size);
  for (let value = size - 1; value >= 0; value--) next[value] = members.has(value) ? value : (next[value + 1] ?? -1);
  let seen = 0;
  for (let value = 0, last = -1; value < size; value++) {
    before[value] = seen;
    if (members.has(value)) {
      last = value;
      seen++;
    }
    previous[value] = last;
  }
  return { next, previous, before, first: next[0] ?? -1, last: previous[size - 1] ?? -1, size: seen };
}
