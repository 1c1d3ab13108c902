import { dayOfDate, daysInMonth, isLeapYear, packedDate, weekdayOf } from './civil.ts';
import type { DayItem } from './day-items.ts';
import { maskOf } from './day-items.ts';
import { firstFrom } from './sorted.ts';

export interface DayRule {
  /** Ascending; null: every year. */
  years: readonly number[] | null;
  /** 1–12, ascending. */
  months: readonly number[];
  dayOfMonth: readonly DayItem[];
  dayOfWeek: readonly DayItem[];
  /** true: a day is in when either list names it; false: when both do. */
  either: boolean;
  /** ISO weeks, 1–53; null: every week. */
  weeks: readonly number[] | null;
}

/** A set of day numbers. */
export interface DaySet {
  has(day: number): boolean;
  /** First member ≥ `day`, Infinity when there is none. */
  next(day: number): number;
  /** Last member ≤ `day`, -Infinity when there is none. */
  previous(day: number): number;
  /** Members in [from, until). */
  count(from: number, until: number): number;
  /** Proved, not searched: every year has one of 14 shapes (weekday of 1 January × leap), or 15 where ISO weeks count. */
  readonly empty: boolean;
  /** No years are listed. */
  readonly periodic: boolean;
  /** Every day of the calendar. */
  readonly full: boolean;
  /** Goes on to the end of the calendar and does not repeat. */
  readonly endless?: boolean;
}

/** The 28 years from 2001, see `empty`. */
const FULL_FROM = dayOfDate(2001, 1, 1);
const FULL_UNTIL = dayOfDate(2029, 1, 1);
// Clocks away from UTC show the last day of the year 0 and the first of 10000 within the years 1–9999 of UTC.
const FIRST_YEAR = 0;
const LAST_YEAR = 10_000;

/** What the set holds in years of one shape. Bit d-1 of a mask is day d; ordinals count from 1 January = 0. */
interface YearShape {
  masks: Int32Array;
  first: number;
  last: number;
  count: number;
}

export function createDaySet(rule: DayRule): DaySet {
  const shapes: (YearShape | undefined)[] = [];
  function shapeOf(year: number): YearShape {
    const weekday = weekdayOf(dayOfDate(year, 1, 1));
    const leap = isLeapYear(year);
    // Whether 1 January, a Saturday, lies in week 52 or 53 is for the year before to say; no other day's week is.
    const firstWeek = rule.weeks === null || weekday !== 6 || !isLeapYear(year - 1) ? 52 : 53;
    const key = firstWeek === 53 ? 14 : weekday * 2 + (leap ? 1 : 0);
    return (shapes[key] ??= buildShape(rule, weekday, leap, firstWeek));
  }
  const fruitful = (year: number): boolean => shapeOf(year).count > 0;

  // A listed year without a member is dropped at once: next and previous then look at one year, not at thousands.
  const years = rule.years && rule.years.filter(fruitful);
  const listed = new Uint8Array(years === null ? 0 : LAST_YEAR + 1);
  for (const year of years ?? []) listed[year] = 1;
  const allows = (year: number): boolean => (years === null ? year >= FIRST_YEAR && year <= LAST_YEAR : listed[year] === 1);

  /** First year ≥ `year` that has a member. */
  function nextYear(year: number): number {
    if (years !== null) return years[firstFrom(years, year)] ?? Infinity;
    // 29 February on one weekday is the rarest rule: it comes back within 40 years.
    for (let candidate = Math.max(year, FIRST_YEAR); candidate <= LAST_YEAR; candidate++)
      if (fruitful(candidate)) return candidate;
    return Infinity;
  }
  /** Last year ≤ `year` that has a member. */
  function previousYear(year: number): number {
    if (years !== null) return years[firstFrom(years, year + 1) - 1] ?? -Infinity;
    for (let candidate = Math.min(year, LAST_YEAR); candidate >= FIRST_YEAR; candidate--)
      if (fruitful(candidate)) return candidate;
    return -Infinity;
  }
  function has(day: number): boolean {
    const date = packedDate(day);
    return allows(date >> 9) && ((maskAt(shapeOf(date >> 9), (date >> 5) & 15) >> ((date & 31) - 1)) & 1) === 1;
  }
  function next(day: number): number {
    const date = packedDate(day);
    const year = date >> 9;
    if (allows(year)) {
      const shape = shapeOf(year);
      const month = (date >> 5) & 15;
      const rest = maskAt(shape, month) & (-1 << ((date & 31) - 1));
      if (rest !== 0) return day - (date & 31) + 1 + lowestBit(rest);
      for (let later = month + 1; later <= 12; later++) {
        const mask = maskAt(shape, later);
        if (mask !== 0) return dayOfDate(year, later, 1) + lowestBit(mask);
      }
    }
    const later = nextYear(year + 1);
    return later === Infinity ? Infinity : dayOfDate(later, 1, 1) + shapeOf(later).first;
  }
  function previous(day: number): number {
    const date = packedDate(day);
    const year = date >> 9;
    if (allows(year)) {
      const shape = shapeOf(year);
      const month = (date >> 5) & 15;
      const rest = maskAt(shape, month) & (-1 >>> (32 - (date & 31)));
      if (rest !== 0) return day - (date & 31) + 1 + highestBit(rest);
      for (let earlier = month - 1; earlier >= 1; earlier--) {
        const mask = maskAt(shape, earlier);
        if (mask !== 0) return dayOfDate(year, earlier, 1) + highestBit(mask);
      }
    }
    const earlier = previousYear(year - 1);
    return earlier === -Infinity ? -Infinity : dayOfDate(earlier, 1, 1) + shapeOf(earlier).last;
  }
  /** Members of the day's own year that are earlier than the day. */
  function countInYearBefore(date: number): number {
    if (!allows(date >> 9)) return 0;
    const shape = shapeOf(date >> 9);
    const month = (date >> 5) & 15;
    let total = bitCount(maskAt(shape, month) & ((1 << ((date & 31) - 1)) - 1));
    for (let earlier = 1; earlier < month; earlier++) total += bitCount(maskAt(shape, earlier));
    return total;
  }
  function count(from: number, until: number): number {
    const first = packedDate(from);
    const last = packedDate(until);
    let total = countInYearBefore(last) - countInYearBefore(first);
    for (let year = first >> 9; year < last >> 9; year++) if (allows(year)) total += shapeOf(year).count;
    return total;
  }

  // The 28 years from 2001 have every shape (2005 the one that follows a leap year): no century year breaks the 28-year cycle there.
  const empty = years === null ? nextYear(2001) > 2028 : years.length === 0;
  return {
    has,
    next,
    previous,
    count,
    empty,
    periodic: years === null,
    get full() {
      return years === null && count(FULL_FROM, FULL_UNTIL) === FULL_UNTIL - FULL_FROM;
    },
  };
}

/** @param week  ISO week of a 1 January that is a Saturday; 52 or 53 */
function buildShape(rule: DayRule, weekdayOfNewYear: number, leap: boolean, week: number): YearShape {
  const masks = new Int32Array(13);
  const shape: YearShape = { masks, first: -1, last: -1, count: 0 };
  let ordinal = 0;
  for (let month = 1; month <= 12; month++) {
    const length = daysInMonth(leap, month);
    if (rule.months.includes(month)) {
      const weekday = (weekdayOfNewYear + ordinal) % 7;
      const byMonth = maskOf(rule.dayOfMonth, weekday, length);
      const byWeek = maskOf(rule.dayOfWeek, weekday, length);
      const byDay = rule.either ? byMonth | byWeek : byMonth & byWeek;
      const mask = rule.weeks === null ? byDay : byDay & maskOfWeeks(rule.weeks, weekdayOfNewYear, leap, week, ordinal, length);
      masks[month] = mask;
      if (mask !== 0) {
        if (shape.first < 0) shape.first = ordinal + lowestBit(mask);
        shape.last = ordinal + highestBit(mask);
        shape.count += bitCount(mask);
      }
    }
    ordinal += length;
  }
  return shape;
}

/**
 * The days of one month whose ISO week is listed.
 * @param ordinal  of its 1st. @param length  28–31
 */
function maskOfWeeks(
  weeks: readonly number[],
  weekdayOfNewYear: number,
  leap: boolean,
  weekOfSaturday: number,
  ordinal: number,
  length: number,
): number {
  // ISO 8601: weeks begin on Monday, and week 1 has the year's first Thursday.
  const sinceMonday = (weekdayOfNewYear + 6) % 7;
  const offset = sinceMonday <= 3 ? sinceMonday + 7 : sinceMonday;
  const longYear = sinceMonday === 3 || (sinceMonday === 2 && leap);
  const weekBefore = sinceMonday === 4 ? 53 : sinceMonday === 5 ? weekOfSaturday : 52;
  let mask = 0;
  for (let day = 0; day < length; day++) {
    const counted = Math.floor((ordinal + day + offset) / 7);
    const week = counted === 0 ? weekBefore : counted === 53 && !longYear ? 1 : counted;
    if (weeks.includes(week)) mask |= 1 << day;
  }
  return mask;
}

const maskAt = (shape: YearShape, month: number): number => shape.masks[month] ?? 0;
const lowestBit = (mask: number): number => 31 - Math.clz32(mask & -mask);
const highestBit = (mask: number): number => 31 - Math.clz32(mask);
function bitCount(mask: number): number {
  let v = mask - ((mask >> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
  return (((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101) >> 24;
}
