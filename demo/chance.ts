import { evenHash } from '../src/domain/evenHash.ts';

/** Numbers that look random and are the same for the same seed: a demo that is made twice looks the same. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  /** Whole, both ends included. */
  whole(least: number, most: number): number;
  pick<T>(values: readonly T[]): T;
  /** Positive; half of them are below `median`. `spread` 0.3: nearly all within half and double of it; 1: a long tail. */
  around(median: number, spread: number): number;
}

export function createChance(seed: string): Chance {
  let state = Math.floor(evenHash(seed) * 2 ** 32);
  // mulberry32 (Tommy Ettinger, public domain).
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  // Box and Muller's transform.
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    happens: (probability) => next() < probability,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (values) => values[Math.floor(next() * values.length)] as never,
    around: (median, spread) => median * Math.exp(spread * normal()),
  };
}

/** So many of the runs that fail once fail always: what is broken stays broken for a while. */
const STUBBORN_SHARE = 0.4;

/** The chance of one attempt of a run. */
export function attemptChance(runId: string, attempt: number | string): Chance {
  const stubborn = createChance(runId).happens(STUBBORN_SHARE);
  return createChance(`${runId}:${stubborn ? 1 : attempt}`);
}
