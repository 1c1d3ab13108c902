import { CYCLE_DAYS, dayOfDate, packedDate } from './civil.ts';
import type { DateDuration } from './date-duration.ts';
import type { DaySet } from './days.ts';
import { spend } from './effort.ts';
import { greatestDivisor } from './grid.ts';
import { firstFrom } from './sorted.ts';

/** Clocks east of UTC show it within the years 1–9999 of UTC. */
const LAST_DAY = dayOfDate(10_000, 1, 1);
/** Months are numbered from January of the year 0. */
const LAST_MONTH = 10_000 * 12;
/** Months after which the lengths of the months repeat: 400 years. */
const CYCLE_MONTHS = 4800;

type Dates = Pick<DaySet, 'has' | 'next' | 'previous' | 'count'>;

/**
 * The dates from day number `start` on: each is the one before plus the months (again, until that month has the day), then
 * plus the days. They end with the calculus, after the year 9999.
 */
export function createDateSteps(start: number, { months, days }: DateDuration): DaySet {
  const dates = months === 0 ? daySteps(start, days) : days === 0 ? monthSteps(start, months) : walked(start, months, days);
  return {
    has: (day) => day >= start && day <= LAST_DAY && dates.has(day),
    next: (day) => dates.next(Math.max(day, start)),
    previous: (day) => (day < start ? -Infinity : dates.previous(Math.min(day, LAST_DAY))),
    count(from, until) {
      const [first, end] = [Math.max(from, start), Math.min(until, LAST_DAY + 1)];
      return first < end ? dates.count(first, end) : 0;
    },
    empty: false,
    periodic: false,
    full: false,
    endless: true,
  };
}

/** All of it is asked for days in [start, LAST_DAY] only, `next` for later ones too. */
function daySteps(start: number, step: number): Dates {
  const indexFrom = (day: number): number => Math.ceil((day - start) / step);
  return {
    has: (day) => (day - start) % step === 0,
    next(day) {
      const found = start + indexFrom(day) * step;
      return found <= LAST_DAY ? found : Infinity;
    },
    previous: (day) => start + Math.floor((day - start) / step) * step,
    count: (from, until) => indexFrom(until) - indexFrom(from),
  };
}

/** The day of the month never changes: what changes is a month number, and some months are passed over. As `daySteps`. */
function monthSteps(start: number, step: number): Dates {
  const date = packedDate(start);
  const dayOfMonth = date & 31;
  const first = monthOf(date);
  const has = (day: number): boolean => {
    const asked = packedDate(day);
    return (asked & 31) === dayOfMonth && (monthOf(asked) - first) % step === 0;
  };
  // At most 15 months are passed over in a row: from 29 February 2000 every 25 years.
  function next(day: number): number {
    const asked = packedDate(day);
    const from = monthOf(asked) + ((asked & 31) > dayOfMonth ? 1 : 0);
    let month = first + Math.ceil((from - first) / step) * step;
    while (month <= LAST_MONTH && !monthHas(month, dayOfMonth)) month += step;
    const found = dayIn(month, dayOfMonth);
    return found <= LAST_DAY ? found : Infinity;
  }
  function previous(day: number): number {
    const asked = packedDate(day);
    const until = monthOf(asked) - ((asked & 31) < dayOfMonth ? 1 : 0);
    let month = first + Math.floor((until - first) / step) * step;
    while (!monthHas(month, dayOfMonth)) month -= step;
    return dayIn(month, dayOfMonth);
  }

  /** Of the first k steps, how many find their day; for one cycle, filled when it is first asked for. */
  let found: Uint16Array | null = null;
  const cycle = CYCLE_MONTHS / greatestDivisor(step, CYCLE_MONTHS);
  function foundIn(steps: number): number {
    if (dayOfMonth <= 28) return steps;
    if (found === null) {
      found = new Uint16Array(cycle + 1);
      for (let k = 0; k < cycle; k++) found[k + 1] = (found[k] ?? 0) + (monthHas(first + k * step, dayOfMonth) ? 1 : 0);
    }
    return Math.floor(steps / cycle) * (found[cycle] ?? 0) + (found[steps % cycle] ?? 0);
  }
  /** Dates earlier than the day. */
  function countBefore(day: number): number {
    const asked = packedDate(day);
    const until = monthOf(asked) + ((asked & 31) > dayOfMonth ? 1 : 0);
    return foundIn(Math.max(0, Math.ceil((until - first) / step)));
  }
  return { has, next, previous, count: (from, until) => countBefore(until) - countBefore(from) };
}

/**
 * Months and days together move the day of the month with every step: the dates are walked through, as far as they are asked
 * for, and kept. A step has 29 days at least, so there are 126,000 dates at most, a few milliseconds. As `daySteps`.
 */
function walked(start: number, months: number, days: number): Dates {
  // What the last of them will take, whenever it is asked for.
  spend(Math.ceil((LAST_DAY - start) / (months * 29 + days) / 4));
  const dates = [start];
  const date = packedDate(start);
  /** Of the last one. */
  let [month, dayOfMonth] = [monthOf(date), date & 31];
  let ended = false;
  function reach(day: number): void {
    for (let last = dates.at(-1) ?? start; last < day && !ended;) {
      month += months;
      while (!monthHas(month, dayOfMonth)) month += months;
      dayOfMonth += days;
      for (let length = lengthOf(month); dayOfMonth > length; length = lengthOf(month)) {
        dayOfMonth -= length;
        month++;
      }
      last = dayIn(month, dayOfMonth);
      if (last <= LAST_DAY) dates.push(last);
      else ended = true;
    }
  }
  /** Number of the first date ≥ the day. */
  function indexFrom(day: number): number {
    reach(day);
    return firstFrom(dates, day);
  }
  return {
    has: (day) => dates[indexFrom(day)] === day,
    next: (day) => dates[indexFrom(day)] ?? Infinity,
    previous: (day) => dates[indexFrom(day + 1) - 1] ?? -Infinity,
    count: (from, until) => indexFrom(until) - indexFrom(from),
  };
}

const monthOf = (date: number): number => (date >> 9) * 12 + ((date >> 5) & 15) - 1;
const monthHas = (month: number, dayOfMonth: number): boolean => dayOfMonth <= 28 || dayOfMonth <= lengthOf(month);

/** The day numbers at which the months of the first cycle begin, and the end of the last one. */
const STARTS = Int32Array.from({ length: CYCLE_MONTHS + 1 }, (_, month) =>
  dayOfDate(Math.floor(month / 12), (month % 12) + 1, 1),
);
const startOf = (month: number): number => STARTS[month] ?? 0;
const lengthOf = (month: number): number => startOf((month % CYCLE_MONTHS) + 1) - startOf(month % CYCLE_MONTHS);
const dayIn = (month: number, dayOfMonth: number): number =>
  startOf(month % CYCLE_MONTHS) + Math.floor(month / CYCLE_MONTHS) * CYCLE_DAYS + dayOfMonth - 1;
