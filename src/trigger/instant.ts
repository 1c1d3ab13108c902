import { LONGEST_TEXT, shorten } from './text.ts';
import type { TriggerError } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/i;

/**
 * RFC 3339 with `Z` or an offset → epoch milliseconds, cut to whole ones.
 * @returns 0 when it is none; the reason is added to `errors` under `path`
 */
export function readInstant(text: unknown, path: string[], errors: TriggerError[]): number {
  if (typeof text === 'string' && text.length <= LONGEST_TEXT && INSTANT.test(text.trim())) {
    try {
      const instant = Temporal.Instant.from(text.trim()).epochMilliseconds;
      if (instant >= FIRST_INSTANT && instant <= LAST_INSTANT) return instant;
    } catch {
      // A date that does not exist, such as 30 February: refused below.
    }
  }
  errors.push({
    path,
    message: `'${typeof text === 'string' ? shorten(text) : typeof text}' is not an instant such as 2026-01-31T09:00:00Z or 2026-01-31T09:00:00+01:00`,
    constraint: 'date-time with Z or an offset, years 0001-9999',
  });
  return 0;
}

/** As specs hold instants: UTC with milliseconds. */
export function formatInstant(instant: number): string {
  return new Date(instant).toISOString();
}
