import { DAY_SECONDS, dayOfDate, daysInMonth, isLeapYear } from './civil.ts';
import { LONGEST_TEXT, shorten } from './text.ts';
import type { DstGap, DstOverlap, TriggerError } from './trigger.ts';
import type { Zone } from './zone.ts';
import { LONGEST_GAP_MADE_UP_FOR } from './zone.ts';

const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/i;
const WITH_OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;

/**
 * A date and time of day without an offset → its reading: the milliseconds since 1970-01-01T00:00:00 as that clock shows it,
 * cut to whole ones.
 * @param advice  what to do with a time that has an offset
 * @returns null when it is none; the reason is added to `errors` under `path`
 */
export function readLocalTime(text: unknown, path: string[], errors: TriggerError[], advice = 'give it in times'): number | null {
  const given = typeof text === 'string' && text.length <= LONGEST_TEXT ? text.trim() : '';
  let reason = 'is not a local date-time such as 2026-02-10T03:00:00';
  if (LOCAL.test(given)) {
    const reading = readingOf(given);
    if (reading !== null) return reading;
    reason = 'does not exist in the calendar';
  } else if (/T/i.test(given) && WITH_OFFSET.test(given)) {
    reason = `has an offset, so it is an instant: ${advice}`;
  }
  const shown = typeof text === 'string' ? shorten(text) : typeof text;
  errors.push({ path, message: `'${shown}' ${reason}`, constraint: 'date-time without Z or an offset, years 0001-9999' });
  return null;
}

/** null: 30 February, 25 o'clock, a leap second or the year 0. */
function readingOf(text: string): number | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[-T :.]/i).map(Number);
  const exists = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(isLeapYear(year), month);
  if (!exists || hour > 23 || minute > 59 || second > 59) return null;
  const milliseconds = Number((text.split('.')[1] ?? '').padEnd(3, '0').slice(0, 3));
  return ((dayOfDate(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + milliseconds;
}

/** The instants, ascending, that a reading stands for; `inGap`: the clock jumps over it, and they stand in for it. */
export interface Resolved {
  instants: number[];
  inGap: boolean;
}

/** @param reading  as answered by `readLocalTime` */
export function resolveLocalTime(reading: number, zone: Zone, gap: DstGap, overlap: DstOverlap): Resolved {
  // No clock is a whole day off UTC: what it may have shown lies in the segments around.
  const first = zone.index(reading / 1000 - DAY_SECONDS);
  const last = zone.index(reading / 1000 + DAY_SECONDS);
  const passes: number[] = [];
  for (let i = first; i <= last; i++) {
    const instant = reading - zone.offset(i) * 1000;
    if (instant >= zone.start(i) * 1000 && instant < zone.start(i + 1) * 1000) passes.push(instant);
  }
  if (passes.length === 0) return { instants: standIns(reading, zone, gap, first, last), inGap: true };
  if (overlap === 'BOTH') return { instants: passes, inGap: false };
  return { instants: overlap === 'FIRST' ? passes.slice(0, 1) : passes.slice(-1), inGap: false };
}

/** What stands in for a reading that none of the segments shows. */
function standIns(reading: number, zone: Zone, gap: DstGap, first: number, last: number): number[] {
  if (gap === 'SKIP') return [];
  for (let i = first + 1; i <= last; i++) {
    const start = zone.start(i) * 1000;
    const shifted = reading - zone.offset(i - 1) * 1000;
    if (shifted < start || reading - zone.offset(i) * 1000 >= start) continue;
    if (gap === 'SHIFT') return [shifted];
    return zone.offset(i) - zone.offset(i - 1) <= LONGEST_GAP_MADE_UP_FOR ? [start] : [];
  }
  return [];
}
