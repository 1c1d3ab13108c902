import { CYCLE_DAYS, dayOfDate, daysInMonth, isLeapYear, modulo, packedDate, weekdayOf } from './civil.ts';
import type { DaySet } from './days.ts';
import { greatestDivisor } from './grid.ts';
import type { DateParts } from './rrule-days.ts';
import { createMatchingDays, createYearlySet, shapeKey } from './rrule-days.ts';
import { ascending, firstFrom } from './sorted.ts';

export interface DateRule {
  freq: 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY';
  interval: number;
  parts: DateParts;
}

/**
 * The days of a rule: those of every `interval`-th year, month, week or day, counted from that of `startDay`, that match.
 * @param startDay  day number
 */
export function createRuleDays(rule: DateRule, startDay: number): Omit<DaySet, 'empty'> {
  const phases = createPhases(rule, startDay);
  const daysOf = createMatchingDays(rule.parts);
  return createYearlySet(1, {
    cycle: phases.cycle,
    yearFrom: phases.yearFrom,
    keyOf: phases.keyOf,
    listOf: (year) => phases.choose(year, daysOf(year)),
  });
}

/**
 * What BYSETPOS chooses: of all times of a year, month or week, the ones at `positions`, as day number × width + index of
 * the time of day.
 * @param width  times on each day
 */
export function createRulePositions(rule: DateRule, startDay: number, width: number, positions: readonly number[]) {
  const phases = createPhases(rule, startDay);
  const daysOf = createMatchingDays(rule.parts);
  const weekly = rule.freq === 'WEEKLY';
  return createYearlySet(width, {
    cycle: phases.cycle,
    yearFrom: phases.yearFrom,
    keyOf: phases.keyOf,
    listOf(year) {
      const periods = weekly ? weeksOf(rule.parts, year) : periodsWithin(rule.freq, daysOf(year), year);
      const chosen = periods.flatMap(({ first, days }) => (phases.isIn(year, first) ? choose(days, width, positions) : []));
      // The weeks at both ends have days in other years.
      const end = (isLeapYear(year) ? 366 : 365) * width;
      return weekly ? chosen.filter((slot) => slot >= 0 && slot < end) : chosen;
    },
  });
}

/** Days counted from 1 January = 0; those of a week may lie outside of the year. */
interface Period {
  first: number;
  days: readonly number[];
}

function periodsWithin(freq: DateRule['freq'], days: readonly number[], year: number): Period[] {
  if (freq === 'YEARLY') return [{ first: 0, days }];
  const months: Period[] = [];
  let first = 0;
  for (let month = 1; month <= 12; month++) {
    const [from, end] = [first, first + daysInMonth(isLeapYear(year), month)];
    months.push({ first, days: days.filter((day) => day >= from && day < end) });
    first = end;
  }
  return months;
}

function weeksOf(parts: DateParts, year: number): Period[] {
  const newYear = dayOfDate(year, 1, 1);
  const matches = (day: number): boolean =>
    parts.weekdays.some(({ weekday }) => weekday === weekdayOf(newYear + day)) &&
    (parts.months.length === 0 || parts.months.includes((packedDate(newYear + day) >> 5) & 15));
  const weeks: Period[] = [];
  for (let first = -((weekdayOf(newYear) - parts.weekStart + 7) % 7); first < 366; first += 7)
    weeks.push({ first, days: Array.from({ length: 7 }, (_, i) => first + i).filter(matches) });
  return weeks;
}

/** The members of days × times that stand at the positions: 1 is the first, -1 the last. */
export function choose(days: readonly number[], width: number, positions: readonly number[]): number[] {
  const size = days.length * width;
  const indexes = ascending(positions.map((position) => (position > 0 ? position - 1 : size + position)));
  return indexes
    .filter((index) => index >= 0 && index < size)
    .map((index) => (days[Math.floor(index / width)] ?? 0) * width + (index % width));
}

/** Where the years stand in the interval of a rule. */
interface Phases {
  cycle: number;
  /** First year from this one on, forward or back, that the interval may reach. */
  yearFrom(year: number, direction: 1 | -1): number;
  /** Those of the days, counted from 1 January = 0 and ascending, that are in. */
  choose(year: number, days: readonly number[]): readonly number[];
  /** Years with one key have the same days; -1: none. */
  keyOf(year: number): number;
  /** @param day  counted from 1 January = 0; of a week: its first day */
  isIn(year: number, day: number): boolean;
}

function createPhases({ freq, interval, parts }: DateRule, startDay: number): Phases {
  const start = packedDate(startDay);
  const phaseOf = (year: number): number => {
    if (freq === 'YEARLY') return modulo(year - (start >> 9), interval);
    if (freq === 'MONTHLY') return modulo(12 * (year - (start >> 9)) - ((start >> 5) & 15) + 1, interval);
    const newYear = dayOfDate(year, 1, 1);
    if (freq === 'DAILY') return modulo(newYear - startDay, interval);
    return modulo(newYear - (startDay - ((weekdayOf(startDay) - parts.weekStart + 7) % 7)), interval * 7);
  };
  /** Size of the phase, and how much of it one year covers. */
  const [size, covered] = { YEARLY: [interval, 1], MONTHLY: [interval, 12], WEEKLY: [interval * 7, 366], DAILY: [interval, 366] }[
    freq
  ] as [number, number];
  function keyOf(year: number): number {
    const phase = phaseOf(year);
    // The week that began before 1 January counts, too.
    const reached = phase === 0 || size - phase < covered || (freq === 'WEEKLY' && phase < 7);
    return reached ? phase * 64 + shapeKey(year) : -1;
  }
  function isIn(year: number, day: number): boolean {
    if (interval === 1 || freq === 'YEARLY') return true;
    const phase = phaseOf(year);
    if (freq === 'DAILY') return (phase + day) % interval === 0;
    if (freq === 'WEEKLY') return modulo(phase + day, size) < 7;
    return (phase + ((packedDate(dayOfDate(year, 1, 1) + day) >> 5) & 15) - 1) % interval === 0;
  }
  function yearFrom(year: number, direction: 1 | -1): number {
    if (freq !== 'YEARLY' || interval === 1) return year;
    const phase = phaseOf(year);
    return direction === 1 ? year + modulo(-phase, interval) : year - phase;
  }
  function choose(year: number, days: readonly number[]): readonly number[] {
    if (interval === 1 || freq === 'YEARLY') return days;
    if (freq !== 'DAILY' || interval < 30) return days.filter((day) => isIn(year, day));
    // A few days of the year are in: they are looked up rather than all others passed over.
    const found: number[] = [];
    for (let day = modulo(-phaseOf(year), interval); day < 366; day += interval)
      if (days[firstFrom(days, day)] === day) found.push(day);
    return found;
  }
  // 400 years are a whole number of years, months, weeks and days: with a common divisor the phases repeat sooner.
  const whole = { YEARLY: 400, MONTHLY: 4800, WEEKLY: CYCLE_DAYS, DAILY: CYCLE_DAYS }[freq];
  const cycle = Math.min(9999, (400 * size) / greatestDivisor(whole, size));
  return { cycle, yearFrom, choose, keyOf, isIn };
}
