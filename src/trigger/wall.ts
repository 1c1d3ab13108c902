import { DAY_SECONDS } from './civil.ts';
import type { DaySet } from './days.ts';
import type { TimeSet } from './times.ts';

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
  return { has, next, previous, count, periodic: days.periodic };
}
