/**
 * Work is counted in steps, not timed: the same trigger asked the same gives the same answer on any machine. A step is some 20
 * to 150 nanoseconds. What is charged never depends on what is remembered from questions before. The count is one for the whole process, because the calculus is synchronous: nothing comes in between.
 */
let spent = 0;
/** The innermost limit. */
let end = Infinity;
/** Searches that the question stands inside of. */
let depth = 0;

/** What one question may look at in vain, before it ends as if there were nothing more: 1 to 4 ms. */
export const MOST_SEARCHED = 28_000;
/** What the compilation of one trigger may take with all that stands inside it: 10 ms at the most. */
export const MOST_COMPILED = 64_000;

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

/** One search, which looks at one place after the other. */
export function search<T>(work: () => T): T {
  depth++;
  try {
    return limited(MOST_SEARCHED, work);
  } finally {
    depth--;
  }
}

let lookedFrom = 0;
/** The search has found something, by a look that began at `start` of `spentSoFar`. */
export function foundBy(start: number): void {
  lookedFrom = start;
}

/**
 * Occurrences in [from, until), by searching for one after the other. Each search may take what a single one may: a list
 * must not end before the searches do that it is made of. Only looks in vain are charged.
 */
export function listed(next: (from: number) => number | null, from: number, until: number, limit: number): number[] {
  const found: number[] = [];
  for (let asked = from; found.length < limit;) {
    lookedFrom = spent;
    const at = search(() => next(asked));
    if (at === null || at >= until) break;
    found.push(at);
    asked = at + 1;
    // Inside of another search all of it is what that one takes.
    if (depth === 0) spent = lookedFrom;
  }
  return found;
}
