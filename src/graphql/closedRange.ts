import type { Range } from '../domain/occurrences.ts';
import { apiError } from './errors.ts';

const DAY_MS = 86_400_000;
const MAX_RANGE_DAYS = 400;

/** @throws BAD_USER_INPUT for a range that is empty or too long */
export function readRange({ from, until }: { from: Date; until: Date }): Range {
  const range = { from: from.getTime(), until: until.getTime() };
  const told = `range is ${from.toISOString()} to ${until.toISOString()}`;
  if (range.from >= range.until) throw apiError('BAD_USER_INPUT', `${told}: until must be later than from.`);
  if (range.until - range.from > MAX_RANGE_DAYS * DAY_MS)
    throw apiError('BAD_USER_INPUT', `${told}; allowed are at most ${MAX_RANGE_DAYS} days.`);
  return range;
}
