import { LONGEST_TEXT, shorten } from './text.ts';
import type { TriggerError } from './trigger.ts';

/** From one date to the next: first the months, then the days. A year is 12 months and a week 7 days. */
export interface DateDuration {
  months: number;
  days: number;
}

/** 1,000 years, on either part. */
const MOST_MONTHS = 12_000;
const MOST_DAYS = 365_250;

/**
 * ISO-8601 duration of years, months, weeks and days, at least one day.
 * @returns null when it is none; the reason is added to `errors` under `path`
 */
export function readDateDuration(text: unknown, path: string[], errors: TriggerError[]): DateDuration | null {
  const refuse = (reason: string): null => {
    const shown = typeof text === 'string' ? shorten(text) : typeof text;
    const constraint = 'ISO-8601 duration of years, months, weeks and days, P1D to P1000Y';
    errors.push({ path, message: `'${shown}' ${reason}`, constraint });
    return null;
  };
  const notIso = 'is not an ISO-8601 duration of dates such as P1M, P2W or P1Y6M';
  if (typeof text !== 'string' || text.length > LONGEST_TEXT) return refuse(notIso);
  let duration: Temporal.Duration;
  try {
    duration = Temporal.Duration.from(text.trim());
  } catch {
    return refuse(notIso);
  }
  if (duration.sign < 0) return refuse('is negative: a duration here runs forward');
  if (/T/i.test(text)) return refuse('has a time part: from date to date there are only years, months, weeks and days');
  const months = duration.years * 12 + duration.months;
  const days = duration.weeks * 7 + duration.days;
  if (months === 0 && days === 0) return refuse('is shorter than one day (P1D)');
  if (months > MOST_MONTHS || days > MOST_DAYS) return refuse('is longer than 1,000 years (P1000Y)');
  return { months, days };
}

/** The canonical text: `P14M` is `P1Y2M`, whole weeks are `P2W`, all other days days. */
export function formatDateDuration(duration: DateDuration): string {
  return `P${partsOf(duration)
    .map(([size, unit]) => `${size}${unit.charAt(0).toUpperCase()}`)
    .join('')}`;
}

/** Plain English: `1 year 2 months`, `2 weeks`, `day` (one of a single unit goes without its number). */
export function describeDateDuration(duration: DateDuration): string {
  const parts = partsOf(duration);
  const [only] = parts;
  if (parts.length === 1 && only?.[0] === 1) return only[1];
  return parts.map(([size, unit]) => `${size} ${unit}${size === 1 ? '' : 's'}`).join(' ');
}

function partsOf({ months, days }: DateDuration): [size: number, unit: string][] {
  const weeks = days % 7 === 0 ? days / 7 : 0;
  const parts: [number, string][] = [
    [Math.floor(months / 12), 'year'],
    [months % 12, 'month'],
    [weeks, 'week'],
    [weeks > 0 ? 0 : days, 'day'],
  ];
  return parts.filter(([size]) => size > 0);
}
