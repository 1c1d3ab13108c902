import { dayOfDate } from './civil.ts';
import type { DayItem } from './day-items.ts';
import type { DaySet } from './days.ts';
import { createDaySet } from './days.ts';
import { ALL_SECONDS, NO_SECONDS } from './seconds.ts';
import type { WallDays } from './wall.ts';

/** First and last day, both in. */
export type DayRange = readonly [first: number, last: number];

/** A set of local days: weekdays and ranges. */
export interface LocalDays extends WallDays {
  has(day: number): boolean;
  /** Every day of the calendar is in. */
  readonly full: boolean;
}

const [FIRST_DAY, LAST_DAY] = [dayOfDate(1, 1, 1), dayOfDate(9999, 12, 31)];
const EVERY_MONTH = Array.from({ length: 12 }, (_, i) => i + 1);
const EVERY_DATE: readonly DayItem[] = Array.from({ length: 31 }, (_, i) => ({ is: 'DAY', day: i + 1 }));

/** @param weekdays  may be empty. @param ranges  in any order, may overlap */
export function createLocalDays(weekdays: readonly DayItem[], ranges: readonly DayRange[]): LocalDays {
  const week = weekdays.length === 0 ? null : weekdaySet(weekdays);
  const joined = joinRanges(ranges);

  /** Index of the first range that does not end before `day`. */
  function rangeAt(day: number): number {
    let low = 0;
    let high = joined.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((joined[middle]?.[1] ?? Infinity) >= day) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  const inRange = (day: number): boolean => (joined[rangeAt(day)]?.[0] ?? Infinity) <= day;
  const has = (day: number): boolean => inRange(day) || (week !== null && week.has(day));
  function nextDay(day: number): number {
    const range = joined[rangeAt(day)];
    return Math.min(range === undefined ? Infinity : Math.max(range[0], day), week?.next(day) ?? Infinity);
  }
  function previousDay(day: number): number {
    const range = inRange(day) ? joined[rangeAt(day)] : joined[rangeAt(day) - 1];
    return Math.max(range === undefined ? -Infinity : Math.min(range[1], day), week?.previous(day) ?? -Infinity);
  }
  const byWeek = { most: week === null ? NO_SECONDS : ALL_SECONDS, least: week?.full ? ALL_SECONDS : NO_SECONDS };
  return {
    has,
    nextDay,
    previousDay,
    on: (day) => (has(day) ? ALL_SECONDS : NO_SECONDS),
    most: ALL_SECONDS,
    least: byWeek.least,
    outline(day) {
      const i = rangeAt(day);
      const [first = Infinity, last = Infinity] = joined[i] ?? [];
      if (first <= day) return { from: first, until: last + 1, most: ALL_SECONDS, least: ALL_SECONDS };
      return { from: (joined[i - 1]?.[1] ?? -Infinity) + 1, until: first, ...byWeek };
    },
    periodicFrom: (joined.at(-1)?.[1] ?? -Infinity) + 1,
    full: (week?.full ?? false) || joined.some(([first, last]) => first <= FIRST_DAY && last >= LAST_DAY),
  };
}

/** The days that these weekdays name. */
export function weekdaySet(dayOfWeek: readonly DayItem[]): DaySet {
  return createDaySet({ years: null, months: EVERY_MONTH, dayOfMonth: EVERY_DATE, dayOfWeek, either: false, weeks: null });
}

/** Ascending, none touches another. */
function joinRanges(ranges: readonly DayRange[]): DayRange[] {
  const joined: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}
