import { dayOfDate, daysInMonth, isLeapYear, packedDate, weekdayOf } from './civil.ts';
import type { DaySet } from './days.ts';
import { isSpent, spend } from './effort.ts';
import type { RRule, RRuleWeekday } from './rrule-text.ts';
import { firstFrom } from './sorted.ts';

const FIRST_YEAR = 1;
const LAST_YEAR = 9999;
const NONE = new Int32Array(0);

/** The parts of a rule that speak of dates. */
export type DateParts = Pick<RRule, 'months' | 'weekNumbers' | 'yearDays' | 'monthDays' | 'weekdays' | 'weekStart'> & {
  /** What a numbered weekday is counted in. */
  nthIn: 'YEAR' | 'MONTH';
};

/** All that the dates of a year depend on: the weekday of its 1 January, its length, and the weeks of its neighbours. */
export function shapeKey(year: number): number {
  const lengths = (isLeapYear(year) ? 1 : 0) + (isLeapYear(year - 1) ? 2 : 0) + (isLeapYear(year + 1) ? 4 : 0);
  return weekdayOf(dayOfDate(year, 1, 1)) * 8 + lengths;
}

/** Days of a year that match, counted from 1 January = 0, ascending; worked out once for years of one shape. */
export function createMatchingDays(parts: DateParts): (year: number) => readonly number[] {
  const shapes = new Map<number, readonly number[]>();
  return (year) => {
    const key = shapeKey(year);
    let days = shapes.get(key);
    if (days === undefined) shapes.set(key, (days = matchingDays(parts, year)));
    return days;
  };
}

function matchingDays(parts: DateParts, year: number): number[] {
  const [before, length, after] = [lengthOf(year - 1), lengthOf(year), lengthOf(year + 1)];
  const newYear = weekdayOf(dayOfDate(year, 1, 1));
  const found: number[] = [];
  let day = 0;
  for (let month = 1; month <= 12; month++) {
    const monthLength = daysInMonth(isLeapYear(year), month);
    if (!names(parts.months, month)) {
      day += monthLength;
      continue;
    }
    for (let date = 1; date <= monthLength; date++, day++) {
      if (!names(parts.monthDays, date, date - monthLength - 1)) continue;
      if (!names(parts.yearDays, day + 1, day - length)) continue;
      const weekday = (newYear + day) % 7;
      if (parts.weekNumbers.length > 0) {
        // RFC 5545 §3.3.10: a week belongs to the year that has at least four of its days, so the year of its fourth.
        const fourth = day - ((weekday - parts.weekStart + 7) % 7) + 3;
        if (!names(parts.weekNumbers, ...weekNumber(fourth, before, length, after))) continue;
      }
      const inMonth = parts.nthIn === 'MONTH';
      if (inWeek(parts.weekdays, weekday, inMonth ? date - 1 : day, inMonth ? monthLength : length)) found.push(day);
    }
  }
  return found;
}

const lengthOf = (year: number): number => (isLeapYear(year) ? 366 : 365);
/** An absent part names everything. */
const names = (list: readonly number[], value: number, fromEnd = value): boolean =>
  list.length === 0 || list.includes(value) || list.includes(fromEnd);

function weekNumber(fourth: number, before: number, length: number, after: number): [number: number, fromEnd: number] {
  if (fourth < 0) return [Math.floor((fourth + before) / 7) + 1, -1];
  if (fourth >= length) return [1, -(Math.floor((after - 1 - (fourth - length)) / 7) + 1)];
  return [Math.floor(fourth / 7) + 1, -(Math.floor((length - 1 - fourth) / 7) + 1)];
}

function inWeek(items: readonly RRuleWeekday[], weekday: number, index: number, length: number): boolean {
  if (items.length === 0) return true;
  const nth = Math.floor(index / 7) + 1;
  const fromEnd = -(Math.floor((length - 1 - index) / 7) + 1);
  return items.some((item) => item.weekday === weekday && (item.nth === 0 || item.nth === nth || item.nth === fromEnd));
}

/** What years have in common is worked out once; -1: nothing in this year. */
export interface YearRule {
  /** Years after which all repeats: what has not come by then never will. 9999 when it is not worth knowing. */
  cycle: number;
  /** First year from this one on, forward or back, that may have any. */
  yearFrom(year: number, direction: 1 | -1): number;
  /** Years with one key have the same list. */
  keyOf(year: number): number;
  /** Ascending numbers in [0, days of the year × width). */
  listOf(year: number): ArrayLike<number> & Iterable<number>;
}

/** Steps of looking for a day in one year, of passing over a year, and of counting all that it has. */
const [A_YEAR, A_YEAR_MORE, A_COUNTED_YEAR] = [4, 1, 2];
/** Rules of thousands of values per year, and intervals that repeat after many years, must not fill the memory. */
const MOST_REMEMBERED = 100_000;

/**
 * A set of whole numbers, `width` for each day: day number × width + 0…width-1. With width 1 a set of days.
 * Every question looks at each year at most once.
 */
export function createYearlySet(width: number, rule: YearRule): Omit<DaySet, 'empty'> {
  let lists = new Map<number, Int32Array>();
  let remembered = 0;
  function listOf(year: number): Int32Array {
    const key = rule.keyOf(year);
    if (key < 0) return NONE;
    let list = lists.get(key);
    if (list === undefined) {
      if (remembered > MOST_REMEMBERED) [lists, remembered] = [new Map(), 0];
      lists.set(key, (list = Int32Array.from(rule.listOf(year))));
      remembered += list.length + 10;
    }
    return list;
  }
  const yearOf = (value: number): number => packedDate(Math.floor(value / width)) >> 9;
  const start = (year: number): number => dayOfDate(year, 1, 1) * width;

  function next(value: number): number {
    let year = Math.max(yearOf(value), FIRST_YEAR);
    if (year > LAST_YEAR) return Infinity;
    spend(A_YEAR);
    let list = listOf(year);
    let i = firstFrom(list, value - start(year));
    const stop = Math.min(LAST_YEAR, year + rule.cycle);
    while (i >= list.length) {
      spend(A_YEAR_MORE);
      year = rule.yearFrom(year + 1, 1);
      if (year > stop || isSpent()) return Infinity;
      list = listOf(year);
      i = 0;
    }
    return start(year) + (list[i] ?? 0);
  }
  function previous(value: number): number {
    let year = Math.min(yearOf(value), LAST_YEAR);
    if (year < FIRST_YEAR) return -Infinity;
    spend(A_YEAR);
    let list = listOf(year);
    let i = firstFrom(list, value + 1 - start(year)) - 1;
    const stop = Math.max(FIRST_YEAR, year - rule.cycle);
    while (i < 0) {
      spend(A_YEAR_MORE);
      year = rule.yearFrom(year - 1, -1);
      if (year < stop || isSpent()) return -Infinity;
      list = listOf(year);
      i = list.length - 1;
    }
    return start(year) + (list[i] ?? 0);
  }
  function count(from: number, until: number): number {
    if (from >= until) return 0;
    const [first, last] = [yearOf(from), yearOf(until)];
    const before = (year: number, value: number): number =>
      year < FIRST_YEAR || year > LAST_YEAR ? 0 : firstFrom(listOf(year), value - start(year));
    let total = before(last, until) - before(first, from);
    const stop = Math.min(last, LAST_YEAR + 1);
    for (let year = rule.yearFrom(Math.max(first, FIRST_YEAR), 1); year < stop; year = rule.yearFrom(year + 1, 1)) {
      spend(A_COUNTED_YEAR);
      total += listOf(year).length;
    }
    return total;
  }
  function has(value: number): boolean {
    const year = yearOf(value);
    if (year < FIRST_YEAR || year > LAST_YEAR) return false;
    const list = listOf(year);
    return list[firstFrom(list, value - start(year))] === value - start(year);
  }
  return { has, next, previous, count, periodic: false, full: false, endless: true };
}
