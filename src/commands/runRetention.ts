import type { RunRetention } from '../domain/retention.ts';
import type { Fields } from './fields.ts';

/** What a task says of how many of its runs are kept, as it is sent. */
export interface RetentionInput {
  runs?: string | null | undefined;
  count?: number | null | undefined;
}

const HOUR_MS = 3_600_000;
/** As the server's own settings. */
const LONGEST_MS = 36_500 * 24 * HOUR_MS;
const MOST_RUNS = 100_000;

/** @returns null when nothing is said */
export function parseRetention(fields: Fields, path: string[], input: RetentionInput | null | undefined): RunRetention | null {
  const { runs, count } = input ?? {};
  if (runs == null && count == null) return null;
  return {
    runsMs: runs == null ? null : fields.duration([...path, 'runs'], runs, { minMs: HOUR_MS, maxMs: LONGEST_MS }),
    count: count == null ? null : fields.wholeNumber([...path, 'count'], count, { min: 1, max: MOST_RUNS }),
  };
}
