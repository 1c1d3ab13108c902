import assert from 'node:assert/strict';

/** Milliseconds. */
export const timed = (work: () => unknown): number => {
  const before = performance.now();
  work();
  return performance.now() - before;
};

/** Takes about 10 ms on an idle machine, and longer on one that has others to serve: the bound of all below. */
function bound(): void {
  let x = 1;
  for (let i = 0; i < 9_500_000; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  assert.notEqual(x, 0);
}

/**
 * Whether something takes more than 10 ms each time it is tried, other processes aside. @param first  milliseconds that it took
 * just now. @returns null: no
 */
export function tooSlow(work: () => unknown, first = timed(work)): string | null {
  let [best, most] = [first, Math.min(timed(bound), timed(bound))];
  for (let round = 0; round < 12 && best > most; round++)
    [best, most] = [Math.min(best, timed(work)), Math.min(most, timed(bound))];
  return best > most ? `${best.toFixed(1)} ms, the bound ${most.toFixed(1)} ms` : null;
}
