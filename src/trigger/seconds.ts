import { spend } from './effort.ts';
import type { Bits } from './second-bits.ts';
import {
  andBits,
  andNotBits,
  copyBits,
  countBits,
  edgesOf,
  emptyBits,
  fill,
  firstBit,
  hasMoreRuns,
  lastBit,
  orBits,
  reachBits,
} from './second-bits.ts';

/**
 * A set of seconds of one day, 0 to 86,399. Sets of few runs are kept as their edges, those of many as bits, so that no
 * operation takes more than some microseconds. Compared by identity where answers are remembered, so it is never changed
 * once it is made.
 */
export interface Seconds {
  /** Runs: start, end, start, end … ascending, ends exclusive, no two runs touch. null: kept as bits. */
  readonly edges: readonly number[] | null;
  /** null: kept as edges. */
  readonly bits: Bits | null;
  /** Number of seconds in the set. */
  readonly size: number;
}

const DAY = 86_400;
export const NO_SECONDS: Seconds = { edges: [], bits: null, size: 0 };
export const ALL_SECONDS: Seconds = { edges: [0, DAY], bits: null, size: DAY };

/** Sets of more runs are kept as bits: from about here on that is less work. */
export const MOST_RUNS = 200;

/** @param edges  as in Seconds; kept, not copied */
function secondsOf(edges: readonly number[]): Seconds {
  if (edges.length === 0) return NO_SECONDS;
  if (edges.length === 2 && edges[0] === 0 && edges[1] === DAY) return ALL_SECONDS;
  let size = 0;
  for (let i = 0; i < edges.length; i += 2) size += at(edges, i + 1) - at(edges, i);
  return { edges, bits: null, size };
}

/** @param bits  kept, not copied */
function secondsOfBits(bits: Bits): Seconds {
  if (!hasMoreRuns(bits, MOST_RUNS)) return secondsOf(edgesOf(bits));
  let size = -1;
  return {
    edges: null,
    bits,
    get size() {
      if (size < 0) size = countBits(bits, 0, DAY);
      return size;
    },
  };
}

function bitsOf({ edges, bits }: Seconds): Bits {
  if (edges === null) return bits ?? emptyBits();
  const found = emptyBits();
  for (let i = 0; i < edges.length; i += 2) fill(found, at(edges, i), at(edges, i + 1));
  return found;
}

const at = (edges: readonly number[], i: number): number => edges[i] ?? Infinity;

/** Collects runs that come in the order of their starts, and makes one of those that touch or overlap. */
export class Runs {
  readonly #edges: number[] = [];
  /** Instead of the edges, once there are many. */
  #bits: Bits | null = null;

  /** Adds [start, end); nothing when it is empty. */
  add(start: number, end: number): void {
    if (start >= end) return;
    if (this.#bits !== null) {
      fill(this.#bits, start, end);
      return;
    }
    const last = this.#edges.length - 1;
    if (last >= 0 && start <= at(this.#edges, last)) this.#edges[last] = Math.max(at(this.#edges, last), end);
    else {
      this.#edges.push(start, end);
      if (this.#edges.length > 2 * MOST_RUNS) this.#toBits();
    }
  }

  /** Adds what `set` has in [from, until), moved by `distance`. */
  copy(set: Seconds, from: number, until: number, distance: number): void {
    const { edges, bits } = set;
    if (bits !== null) copyBits(this.#toBits(), bits, from, until, distance);
    else if (edges !== null)
      for (let i = runAt(edges, from); i < edges.length && at(edges, i) < until; i += 2)
        this.add(Math.max(at(edges, i), from) + distance, Math.min(at(edges, i + 1), until) + distance);
  }

  seconds(): Seconds {
    return this.#bits === null ? secondsOf(this.#edges) : secondsOfBits(this.#bits);
  }

  #toBits(): Bits {
    return (this.#bits ??= bitsOf({ edges: this.#edges, bits: null, size: 0 }));
  }
}

/** Index in `edges` of the first run that ends later than `second`. */
function runAt(edges: readonly number[], second: number): number {
  let low = 0;
  let high = edges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(edges, 2 * middle + 1) > second) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** First member ≥ `second`, -1 when there is none. */
export function firstFrom({ edges, bits }: Seconds, second: number): number {
  if (edges === null) return bits === null ? -1 : firstBit(bits, second);
  const i = runAt(edges, second);
  return i < edges.length ? Math.max(second, at(edges, i)) : -1;
}

/** Last member ≤ `second`, -1 when there is none. */
export function lastUntil({ edges, bits }: Seconds, second: number): number {
  if (edges === null) return bits === null ? -1 : lastBit(bits, second);
  const i = runAt(edges, second);
  if (at(edges, i) <= second) return second;
  return i > 0 ? at(edges, i - 1) - 1 : -1;
}

export const hasSecond = (set: Seconds, second: number): boolean => firstFrom(set, second) === second;

/** Members in [from, until). */
export function countSeconds({ edges, bits, size }: Seconds, from: number, until: number): number {
  if (from <= 0 && until >= DAY) return size;
  if (edges === null) return bits === null ? 0 : countBits(bits, from, until);
  let total = 0;
  for (let i = runAt(edges, from); at(edges, i) < until; i += 2)
    total += Math.min(at(edges, i + 1), until) - Math.max(at(edges, i), from);
  return total;
}

/** What is in both. */
export const both = remembered((a, b) => {
  if (a === ALL_SECONDS) return b;
  if (b === ALL_SECONDS) return a;
  if (a === NO_SECONDS || b === NO_SECONDS) return NO_SECONDS;
  if (a.edges === null || b.edges === null) return secondsOfBits(andBits(bitsOf(a), bitsOf(b)));
  const [small, large] = a.edges.length <= b.edges.length ? [a.edges, b] : [b.edges, a];
  const runs = new Runs();
  for (let i = 0; i < small.length; i += 2) runs.copy(large, at(small, i), at(small, i + 1), 0);
  return runs.seconds();
});

/** What is in either. */
export const either = remembered((a, b) => {
  if (a === NO_SECONDS || b === ALL_SECONDS) return b;
  if (b === NO_SECONDS || a === ALL_SECONDS) return a;
  if (a.edges === null || b.edges === null) return secondsOfBits(orBits(bitsOf(a), bitsOf(b)));
  const runs = new Runs();
  for (let i = 0, j = 0; i < a.edges.length || j < b.edges.length;) {
    if (at(a.edges, i) <= at(b.edges, j)) {
      runs.add(at(a.edges, i), at(a.edges, i + 1));
      i += 2;
    } else {
      runs.add(at(b.edges, j), at(b.edges, j + 1));
      j += 2;
    }
  }
  return runs.seconds();
});

/** What is in the first and not in the second. */
export const without = remembered((a, b) => {
  if (b === NO_SECONDS) return a;
  if (a === NO_SECONDS || b === ALL_SECONDS) return NO_SECONDS;
  if (a.edges === null || b.edges === null) return secondsOfBits(andNotBits(bitsOf(a), bitsOf(b)));
  const runs = new Runs();
  for (let i = 0; i < a.edges.length; i += 2) {
    let start = at(a.edges, i);
    const end = at(a.edges, i + 1);
    for (let j = runAt(b.edges, start); at(b.edges, j) < end; j += 2) {
      runs.add(start, at(b.edges, j));
      start = at(b.edges, j + 1);
    }
    runs.add(start, end);
  }
  return runs.seconds();
});

/**
 * Seconds of a day that have a member no more than `reach` seconds before them or on them.
 * @param reach  0 to 86,400, so the day before is all that can reach over
 */
export function reached(dayBefore: Seconds, day: Seconds, reach: number): Seconds {
  const covered = lastUntil(dayBefore, DAY - 1) + 1 - DAY + reach;
  if (day.bits !== null) return secondsOfBits(reachBits(day.bits, reach, dayBefore === NO_SECONDS ? 0 : covered));
  const runs = new Runs();
  if (dayBefore !== NO_SECONDS) runs.add(0, Math.min(covered, DAY));
  const edges = day.edges ?? [];
  for (let i = 0; i < edges.length; i += 2) runs.add(at(edges, i), Math.min(at(edges, i + 1) + reach, DAY));
  return runs.seconds();
}

/** @param sorted  ascending, 0 to 86,399 */
export function secondsOfList(sorted: readonly number[]): Seconds {
  const runs = new Runs();
  for (const second of sorted) runs.add(second, second + 1);
  return runs.seconds();
}

/** The product of ascending lists of hours, minutes and seconds. */
export function secondsOfTimes(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]): Seconds {
  return multiply(hours, 3600, multiply(minutes, 60, secondsOfList(seconds)));
}

/** @param inner  in [0, unit) */
function multiply(values: readonly number[], unit: number, inner: Seconds): Seconds {
  const runs = new Runs();
  const dense = inner.edges !== null && (inner.edges.length / 2) * values.length > MOST_RUNS;
  const part = dense ? { edges: null, bits: bitsOf(inner), size: inner.size } : inner;
  for (const value of values) runs.copy(part, 0, unit, value * unit);
  return runs.seconds();
}

/** Points of a grid that are set one by one before the pattern is copied. */
const PATTERN = 64;

/** The grid of `every` seconds with a point at `first`. @param first  0 to every - 1; at most 86,399 counts */
export function secondsOfGrid(first: number, every: number): Seconds {
  const runs = new Runs();
  if (every === 1) runs.add(first, DAY);
  else for (let i = 0, second = first; i < PATTERN && second < DAY; i++, second += every) runs.add(second, second + 1);
  const pattern = PATTERN * every;
  if (every === 1 || first + pattern >= DAY) return runs.seconds();
  const bits = bitsOf(runs.seconds());
  for (let length = pattern; first + length < DAY; length *= 2) copyBits(bits, bits, first, first + length, length);
  return secondsOfBits(bits);
}

/** Steps of an operation on bits. */
export const OF_BITS = 150;
const sizeOf = ({ edges }: Seconds): number => edges?.length ?? 0;

/** Sets of two runs at most: what is made of two of them is found faster than remembered. */
const isSmall = ({ edges }: Seconds): boolean => edges !== null && edges.length <= 4;

/** Remembers answers for as long as both sets are in use: days that are alike have the same sets. */
export function remembered(answer: (a: Seconds, b: Seconds) => Seconds): (a: Seconds, b: Seconds) => Seconds {
  const known = new WeakMap<Seconds, WeakMap<Seconds, Seconds>>();
  return (a, b) => {
    spend(a.bits === null && b.bits === null ? 2 + (sizeOf(a) + sizeOf(b)) / 2 : OF_BITS);
    if (isSmall(a) && isSmall(b)) return answer(a, b);
    let ofA = known.get(a);
    if (ofA === undefined) known.set(a, (ofA = new WeakMap()));
    let found = ofA.get(b);
    if (found === undefined) ofA.set(b, (found = answer(a, b)));
    return found;
  };
}
