/** Which occurrences of a range a backfill runs. */
export type BackfillSelection = 'ALL' | 'MISSING' | 'MISSING_OR_FAILED';
export type BackfillState = 'RUNNING' | 'COMPLETED' | 'CANCELED';

export const BACKFILL_LIMITS = {
  concurrency: 100,
  /** Runs of one backfill. */
  runs: 100_000,
  /** Occurrences that one looks at to find those without a run. */
  looked: 200_000,
  /** Of what it is to run, as many are answered. */
  shown: 1_000,
} as const;

/** What need not run: instants that have their run, and the spans of counted rows of the ledger. Epoch milliseconds. */
export interface Settled {
  instants: ReadonlySet<number>;
  /** Ascending, without overlap; both ends are in it. */
  spans: readonly { from: number; through: number }[];
}

/**
 * What is left of the occurrences of a range.
 * @param occurrences  ascending
 * @returns ascending
 */
export function unsettled(occurrences: readonly number[], { instants, spans }: Settled): number[] {
  let index = 0;
  return occurrences.filter((at) => {
    while (index < spans.length && (spans[index] as { through: number }).through < at) index += 1;
    const span = spans[index];
    return !instants.has(at) && (span === undefined || at < span.from);
  });
}
