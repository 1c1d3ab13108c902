import type { Skip } from './due.ts';
import type { PlannedRun } from './overlap.ts';

/** How many of its occurrences a schedule lets become runs. */
export interface RunLimit {
  /** 1 to MAX_RUNS; null: as many as come. */
  maxRuns: number | null;
  /** Those that have: fired on time or made up for. What is run by hand does not count, a fire on several workers counts once. */
  countedRuns: number;
}
export const MAX_RUNS = 1_000_000_000;

/** null: there is no limit. */
export function remainingRuns({ maxRuns, countedRuns }: RunLimit): number | null {
  return maxRuns === null ? null : Math.max(0, maxRuns - countedRuns);
}

export const limitReached = (limit: RunLimit): boolean => remainingRuns(limit) === 0;

/**
 * Lets only as many fires of a plan run as the limit leaves; all that is behind the last of them is LIMIT_REACHED.
 * @returns `fires`: how many run; `reached`: there may be no further one
 */
export function cutAtLimit(
  items: readonly (PlannedRun | Skip)[],
  limit: RunLimit,
): { items: (PlannedRun | Skip)[]; fires: number; reached: boolean } {
  const remaining = remainingRuns(limit) ?? Infinity;
  const kept: (PlannedRun | Skip)[] = [];
  let fires = 0;
  for (const item of items) {
    if (fires === remaining) break;
    if (item.kind === 'fire') fires += 1;
    kept.push(item);
  }
  const rest = items.slice(kept.length);
  const [first, last] = [rest[0], rest.at(-1)];
  if (first !== undefined && last !== undefined) {
    kept.push({
      kind: 'skip',
      verdict: 'LIMIT_REACHED',
      reason: `maxRuns ${limit.maxRuns} was reached`,
      scheduledFor: first.scheduledFor,
      through: last.kind === 'fire' ? last.scheduledFor : last.through,
      count: rest.reduce((sum, item) => sum + (item.kind === 'fire' ? 1 : item.count), 0),
    });
  }
  return { items: kept, fires, reached: fires === remaining };
}
