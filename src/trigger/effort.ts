/**
 * Work is counted in steps, not timed: the same trigger asked the same gives the same answer on any machine. A step is about
 * a tenth of a microsecond on the slowest machine that counts. What is charged never depends on what is remembered from
 * questions before. The count is one for the whole process, because the calculus is synchronous: nothing comes in between.
 */
let spent = 0;
let end = Infinity;

/** What one question may look at in vain, before it ends as if there were nothing more: about 2 ms. */
export const MOST_SEARCHED = 20_000;
/** What the compilation of one trigger may take with all that stands inside it: about 6 ms. */
export const MOST_COMPILED = 60_000;

/** @param steps  a whole number */
export function spend(steps: number): void {
  spent += steps;
}

/** What was spent since this process began: only differences mean something. */
export const spentSoFar = (): number => spent;

/** Whether the innermost limit is reached; false outside of any. */
export const isSpent = (): boolean => spent >= end;

/** Does something that is charged elsewhere, because its answer is kept and costs nothing the next time. */
export function uncharged<T>(work: () => T): T {
  const before = spent;
  const result = work();
  spent = before;
  return result;
}

/** Does something that may spend at most so many steps; less where it stands inside of something with a limit. */
export function limited<T>(steps: number, work: () => T): T {
  const outer = end;
  end = Math.min(outer, spent + steps);
  try {
    return work();
  } finally {
    end = outer;
  }
}

/** The first of so many parts gets its share of what is left; what it does not need is left for the others. */
export const limitedToShare = <T>(parts: number, work: () => T): T => limited(Math.floor((end - spent) / parts), work);

/** What comes soon is not charged to a list: steps per entry. */
const FREE = 500;

/** Occurrences in [from, until), by asking for one after the other; it ends when they take too much altogether. */
export function listed(next: (from: number) => number | null, from: number, until: number, limit: number): number[] {
  const found: number[] = [];
  let left = MOST_SEARCHED;
  for (let at: number | null = from; found.length < limit && left > 0;) {
    const before = spent;
    const asked: number = at;
    at = limited(left, () => next(asked));
    if (at === null || at >= until) break;
    found.push(at);
    left -= Math.max(0, spent - before - FREE);
    at++;
  }
  return found;
}
