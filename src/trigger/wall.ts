import type { Outline } from './agenda.ts';
import { DAY_SECONDS, dayOfDate } from './civil.ts';
import type { DaySet } from './days.ts';
import type { Seconds } from './seconds.ts';
import { NO_SECONDS } from './seconds.ts';
import type { TimeSet } from './times.ts';

const LAST_DAY = dayOfDate(9999, 12, 31);

/**
 * A set of readings of a clock on the wall: no zone, no daylight saving. A reading is the seconds since
 * 1970-01-01T00:00:00 as that clock shows it.
 */
export interface WallPattern {
  has(reading: number): boolean;
  /** First member ≥ `reading`, Infinity when there is none. */
  next(reading: number): number;
  /** Last member ≤ `reading`, -Infinity when there is none. */
  previous(reading: number): number;
  /** Members in [from, until). */
  count(from: number, until: number): number;
  /** Repeats with the calendar: no years are listed. */
  readonly periodic: boolean;
  /** The same, day by day; absent: it can only be asked for single readings. */
  readonly days?: WallDays;
}

/** A set of readings as the seconds of each day of the clock on the wall. */
export interface WallDays {
  on(day: number): Seconds;
  /** First day ≥ `day` that has any, Infinity when there is none. */
  nextDay(day: number): number;
  /** Last day ≤ `day` that has any, -Infinity when there is none. */
  previousDay(day: number): number;
  /** What a day has at most, and what every day has at least. */
  readonly most: Seconds;
  readonly least: Seconds;
  /** From this day on it repeats every 400 years; Infinity: it does not. */
  readonly periodicFrom: number;
  /** The same as `most` and `least` for a stretch of days around one, where that says more. */
  outline?(day: number): Outline;
}

/** Every day of `days` at every time of `times`. */
export function createWallPattern(days: Omit<DaySet, 'empty'>, times: TimeSet): WallPattern {
  function has(reading: number): boolean {
    const day = Math.floor(reading / DAY_SECONDS);
    return times.has(reading - day * DAY_SECONDS) && days.has(day);
  }
  function next(reading: number): number {
    const day = Math.floor(reading / DAY_SECONDS);
    const time = times.next(reading - day * DAY_SECONDS);
    if (time >= 0 && days.has(day)) return day * DAY_SECONDS + time;
    return days.next(day + 1) * DAY_SECONDS + times.first;
  }
  function previous(reading: number): number {
    const day = Math.floor(reading / DAY_SECONDS);
    const time = times.previous(reading - day * DAY_SECONDS);
    if (time >= 0 && days.has(day)) return day * DAY_SECONDS + time;
    return days.previous(day - 1) * DAY_SECONDS + times.last;
  }
  function countInDayBefore(reading: number, day: number): number {
    const time = reading - day * DAY_SECONDS;
    return time > 0 && days.has(day) ? times.countBefore(time) : 0;
  }
  function count(from: number, until: number): number {
    if (from >= until) return 0;
    const first = Math.floor(from / DAY_SECONDS);
    const last = Math.floor(until / DAY_SECONDS);
    return days.count(first, last) * times.perDay + countInDayBefore(until, last) - countInDayBefore(from, first);
  }
  return { has, next, previous, count, periodic: days.periodic, days: wallDays(days, () => times.all()) };
}

/** Every day of `days` at the same seconds. */
function wallDays(days: Omit<DaySet, 'empty'>, seconds: () => Seconds): WallDays {
  let full: boolean | undefined;
  return {
    on: (day) => (days.has(day) ? seconds() : NO_SECONDS),
    nextDay: (day) => days.next(day),
    previousDay: (day) => days.previous(day),
    get most() {
      return seconds();
    },
    get least() {
      full ??= days.full;
      return full ? seconds() : NO_SECONDS;
    },
    get periodicFrom() {
      if (days.periodic) return -Infinity;
      // After the last of the listed years every day is alike: empty.
      return days.endless ? Infinity : days.previous(LAST_DAY) + 1;
    },
  };
}
