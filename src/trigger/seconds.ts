/**
 * A set of seconds of one day, 0 to 86,399, as runs: start, end, start, end … ascending, ends exclusive, no two runs touch.
 * Compared by identity where answers are remembered, so it is never changed once it is made.
 */
export interface Seconds {
  readonly edges: readonly number[];
  /** Number of seconds in the set. */
  readonly size: number;
}

const DAY = 86_400;
export const NO_SECONDS: Seconds = { edges: [], size: 0 };
export const ALL_SECONDS: Seconds = { edges: [0, DAY], size: DAY };

/** @param edges  as in Seconds; kept, not copied */
function secondsOf(edges: readonly number[]): Seconds {
  if (edges.length === 0) return NO_SECONDS;
  if (edges.length === 2 && edges[0] === 0 && edges[1] === DAY) return ALL_SECONDS;
  let size = 0;
  for (let i = 0; i < edges.length; i += 2) size += at(edges, i + 1) - at(edges, i);
  return { edges, size };
}

const at = (edges: readonly number[], i: number): number => edges[i] ?? Infinity;

/** Collects runs that come in the order of their starts, and makes one of those that touch or overlap. */
export class Runs {
  readonly #edges: number[] = [];

  /** Adds [start, end); nothing when it is empty. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const last = this.#edges.length - 1;
    if (last >= 0 && start <= at(this.#edges, last)) this.#edges[last] = Math.max(at(this.#edges, last), end);
    else this.#edges.push(start, end);
  }

  /** Adds what `set` has in [from, until), moved by `distance`. */
  copy(set: Seconds, from: number, until: number, distance: number): void {
    const { edges } = set;
    for (let i = runAt(set, from); i < edges.length && at(edges, i) < until; i += 2)
      this.add(Math.max(at(edges, i), from) + distance, Math.min(at(edges, i + 1), until) + distance);
  }

  seconds(): Seconds {
    return secondsOf(this.#edges);
  }
}

/** Index in `edges` of the first run that ends later than `second`. */
function runAt({ edges }: Seconds, second: number): number {
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
export function firstFrom(set: Seconds, second: number): number {
  const i = runAt(set, second);
  return i < set.edges.length ? Math.max(second, at(set.edges, i)) : -1;
}

/** Last member ≤ `second`, -1 when there is none. */
export function lastUntil(set: Seconds, second: number): number {
  const i = runAt(set, second);
  if (at(set.edges, i) <= second) return second;
  return i > 0 ? at(set.edges, i - 1) - 1 : -1;
}

export const hasSecond = (set: Seconds, second: number): boolean => firstFrom(set, second) === second;

/** Members in [from, until). */
export function countSeconds(set: Seconds, from: number, until: number): number {
  if (from <= 0 && until >= DAY) return set.size;
  let total = 0;
  for (let i = runAt(set, from); at(set.edges, i) < until; i += 2)
    total += Math.min(at(set.edges, i + 1), until) - Math.max(at(set.edges, i), from);
  return total;
}

/** What is in both. */
export const both = remembered((a, b) => {
  if (a === ALL_SECONDS) return b;
  const [small, large] = a.edges.length <= b.edges.length ? [a, b] : [b, a];
  const runs = new Runs();
  for (let i = 0; i < small.edges.length; i += 2) runs.copy(large, at(small.edges, i), at(small.edges, i + 1), 0);
  return runs.seconds();
});

/** What is in either. */
export const either = remembered((a, b) => {
  if (a === NO_SECONDS) return b;
  if (b === NO_SECONDS) return a;
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
  const runs = new Runs();
  for (let i = 0; i < a.edges.length; i += 2) {
    let start = at(a.edges, i);
    const end = at(a.edges, i + 1);
    for (let j = runAt(b, start); at(b.edges, j) < end; j += 2) {
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
  const runs = new Runs();
  for (const [set, distance] of [
    [dayBefore, -DAY],
    [day, 0],
  ] as const) {
    for (let i = 0; i < set.edges.length; i += 2)
      runs.add(Math.max(at(set.edges, i) + distance, 0), Math.min(at(set.edges, i + 1) + distance + reach, DAY));
  }
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
  const ofSeconds = multiply(seconds, 1, ALL_OF_ONE);
  return multiply(hours, 3600, multiply(minutes, 60, ofSeconds));
}

const ALL_OF_ONE: Seconds = { edges: [0, 1], size: 1 };

function multiply(values: readonly number[], unit: number, inner: Seconds): Seconds {
  const runs = new Runs();
  for (const value of values) runs.copy(inner, 0, unit, value * unit);
  return runs.seconds();
}

/** The grid of `every` seconds with a point at `first`. @param first  0 to every - 1; at most 86,399 counts */
export function secondsOfGrid(first: number, every: number): Seconds {
  const runs = new Runs();
  for (let second = first; second < DAY; second += every) runs.add(second, second + 1);
  return runs.seconds();
}

/** Remembers answers for as long as both sets are in use: days that are alike have the same sets. */
export function remembered(answer: (a: Seconds, b: Seconds) => Seconds): (a: Seconds, b: Seconds) => Seconds {
  const known = new WeakMap<Seconds, WeakMap<Seconds, Seconds>>();
  return (a, b) => {
    let ofA = known.get(a);
    if (ofA === undefined) known.set(a, (ofA = new WeakMap()));
    let found = ofA.get(b);
    if (found === undefined) ofA.set(b, (found = answer(a, b)));
    return found;
  };
}
