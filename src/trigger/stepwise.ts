import { listed } from './effort.ts';
import type { Trigger } from './trigger.ts';

/** Most occurrences that are counted one by one. */
const MOST_COUNTED = 1_000_000;

type Stepwise = Pick<Trigger, 'between' | 'count'>;

/** Questions that a trigger without a shorter way answers step by step. `count` stops at a million. */
export function stepwise(next: Trigger['next']): Stepwise {
  const between = (from: number, until: number, limit: number): number[] =>
    listed((at) => next(at - 1), Math.ceil(from), until, limit);
  function count(from: number, until: number): number {
    let total = 0;
    for (let at = next(Math.ceil(from) - 1); at !== null && at < until && total < MOST_COUNTED; at = next(at)) total++;
    return total;
  }
  return { between, count };
}
