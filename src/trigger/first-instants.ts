import { spentSoFar } from './effort.ts';
import type { Trigger } from './trigger.ts';

/** What a list of times for somebody to look at may take, in steps (effort.ts): some 10 ms. */
const MOST_LISTED = 150_000;

/**
 * The first occurrences in [from, until), epoch ms, as far as they can be worked out in reasonable time: where each is far from the
 * one before, a long list of them may take too long to wait for.
 * @param limit  from 1
 * @returns `early`: the list ends before the limit although there may be more; it has one instant at least unless there is none
 */
export function firstInstants(
  trigger: Pick<Trigger, 'next'>,
  from: number,
  until: number,
  limit: number,
): { instants: number[]; early: boolean } {
  const instants: number[] = [];
  const began = spentSoFar();
  let at = trigger.next(from - 1);
  while (at !== null && at < until) {
    instants.push(at);
    if (instants.length === limit) break;
    if (spentSoFar() - began > MOST_LISTED) return { instants, early: true };
    at = trigger.next(at);
  }
  return { instants, early: false };
}
