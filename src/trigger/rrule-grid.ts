import { DAY_SECONDS, dayOfDate, modulo, packedDate, weekdayOf } from './civil.ts';
import type { DaySet } from './days.ts';
import { isSpent, spend } from './effort.ts';
import { greatestDivisor } from './grid.ts';
import { shapeKey } from './rrule-days.ts';
import { firstFrom } from './sorted.ts';
import type { Seconds } from './seconds.ts';
import { NO_SECONDS, OF_BITS, secondsOfGrid } from './seconds.ts';
import type { WallPattern } from './wall.ts';
import { secondsBetween, walkedDays } from './wall-walk.ts';

/** Hours, minutes or seconds at a distance of `interval`, which need not fit into a day. */
export interface GridRule {
  /** Seconds: 3600, 60 or 1. */
  unit: number;
  interval: number;
  /** Where one of them begins, seconds since 1970-01-01T00:00:00; a multiple of `unit`. */
  start: number;
  /** Whether those at this time of day count, seconds since midnight; null: all do. */
  allows: ((time: number) => boolean) | null;
  /**
   * 0 = Sunday: those that are asked for. Others are left out only where the distance is more than a day: a grid of 7 days
   * less a second is on one weekday for 1,650 years, which must not be searched turn by turn.
   */
  weekdays: readonly number[];
  /** Seconds inside of one unit that occur, ascending, not empty. */
  inside: readonly number[];
}

/** Readings of a clock, without regard to dates. */
interface Grid {
  /** First member ≥ `reading`, Infinity when there is none. */
  next(reading: number): number;
  previous(reading: number): number;
  /** Members earlier than `reading`, up to a constant: only differences mean something. */
  rank(reading: number): number;
  /** After so many days the times of day repeat. */
  readonly cycleDays: number;
  /** Seconds of one day. */
  on(day: number): Seconds;
  /** Weekdays that have members, 0 = Sunday. */
  weekdays(): readonly number[];
}

/** Time of day of every unit in one cycle is looked at once, at most 86,400 of them; questions then cost a binary search. */
export function createGrid({ unit, interval, start, allows, weekdays, inside }: GridRule): Grid {
  const perDay = DAY_SECONDS / unit;
  const steps = perDay / greatestDivisor(interval, perDay);
  const midnight = Math.floor(start / DAY_SECONDS) * DAY_SECONDS;
  const first = ((start - midnight) / unit) % interval;
  /** Units after which times of day repeat. */
  const cycle = steps * interval;
  const units: number[] = [];
  if (allows !== null) {
    spend(Math.ceil(steps / 4));
    for (let at = first; at < cycle; at += interval) if (allows((at % perDay) * unit)) units.push(at);
  }

  /** Steps from a unit to the first one on a weekday that is asked for; Infinity when there is none. */
  function stepsToWeekday(at: number, step: number): number {
    if (weekdays.length === 7 || interval <= perDay) return 0;
    const place = weekdayOf(midnight / DAY_SECONDS) * perDay + at;
    if (weekdays.includes(Math.floor(modulo(place, 7 * perDay) / perDay))) return 0;
    return Math.min(...weekdays.map((day) => firstStep(step, place, 7 * perDay, day * perDay, (day + 1) * perDay - 1)));
  }
  /** First unit ≥ `at`, counted from `midnight`. */
  function nextUnit(at: number): number {
    if (allows === null) {
      const found = first + Math.ceil((at - first) / interval) * interval;
      return found + stepsToWeekday(found, interval) * interval;
    }
    const cycles = Math.floor(at / cycle);
    const found = units[firstFrom(units, at - cycles * cycle)];
    return found === undefined ? (cycles + 1) * cycle + (units[0] ?? Infinity) : cycles * cycle + found;
  }
  function previousUnit(at: number): number {
    if (allows === null) {
      const found = first + Math.floor((at - first) / interval) * interval;
      return found - stepsToWeekday(found, -interval) * interval;
    }
    const cycles = Math.floor(at / cycle);
    const found = units[firstFrom(units, at - cycles * cycle + 1) - 1];
    return found === undefined ? (cycles - 1) * cycle + (units.at(-1) ?? -Infinity) : cycles * cycle + found;
  }
  function unitRank(at: number): number {
    if (allows === null) return Math.ceil((at - first) / interval);
    const cycles = Math.floor(at / cycle);
    return cycles * units.length + firstFrom(units, at - cycles * cycle);
  }
  const unitOf = (reading: number): number => Math.floor((reading - midnight) / unit);
  const reading = (at: number, second: number): number => midnight + at * unit + second;

  function next(from: number): number {
    const at = unitOf(from);
    const found = nextUnit(at);
    if (found > at) return reading(found, inside[0] ?? 0);
    const second = inside[firstFrom(inside, from - reading(at, 0))];
    return second === undefined ? reading(nextUnit(at + 1), inside[0] ?? 0) : reading(at, second);
  }
  /** Days that begin at the same distance before a unit are alike, as long as no time of day is left out. */
  const phases = new Map<number, Seconds>();
  function on(day: number): Seconds {
    const start = day * DAY_SECONDS;
    if (allows !== null || inside.length > 1 || weekdays.length < 7) return secondsBetween(next, start, start + DAY_SECONDS);
    const place = next(start) - start;
    if (place >= DAY_SECONDS) return NO_SECONDS;
    spend(interval * unit < 500 ? OF_BITS : A_TURN);
    let found = phases.get(place);
    if (found === undefined) {
      found = secondsOfGrid(place, interval * unit);
      if (phases.size >= MOST_REMEMBERED) phases.clear();
      phases.set(place, found);
    }
    return found;
  }

  return {
    cycleDays: cycle / perDay,
    next,
    on,
    previous(from) {
      const at = unitOf(from);
      const found = previousUnit(at);
      if (found < at) return reading(found, inside.at(-1) ?? 0);
      const second = inside[firstFrom(inside, from - reading(at, 0) + 1) - 1];
      return second === undefined ? reading(previousUnit(at - 1), inside.at(-1) ?? 0) : reading(at, second);
    },
    rank(from) {
      const at = unitOf(from);
      const within = nextUnit(at) === at ? firstFrom(inside, from - reading(at, 0)) : 0;
      return unitRank(at) * inside.length + within;
    },
    weekdays() {
      if (allows === null && interval <= perDay) return [0, 1, 2, 3, 4, 5, 6];
      const found = new Set<number>();
      const offsets = allows === null ? Array.from({ length: steps }, (_, i) => first + i * interval) : units;
      spend(offsets.length);
      // Whole weeks later it is the same weekday again.
      const turns = (cycle / perDay) % 7 === 0 ? 1 : 7;
      for (const at of offsets) {
        if (found.size === 7) break;
        for (let i = 0; i < turns; i++) found.add(weekdayOf(Math.floor(reading(at + i * cycle, 0) / DAY_SECONDS)));
      }
      return [...found];
    },
  };
}

/** More days that differ than this are made each time they are asked for. */
const MOST_REMEMBERED = 64;

/** The smallest k ≥ 0 for which place + k × step lies in [low, high] modulo `size`; Infinity when there is none. */
function firstStep(step: number, place: number, size: number, low: number, high: number): number {
  const [from, to] = [modulo(low - place, size), modulo(high - place, size)];
  return from > to ? 0 : firstMultiple(modulo(step, size), size, from, to);
}

/** The smallest k ≥ 0 for which k × step modulo `size` lies in [low, high], by the steps of Euclid's algorithm. */
function firstMultiple(step: number, size: number, low: number, high: number): number {
  if (low === 0) return 0;
  if (step === 0) return Infinity;
  const direct = Math.ceil(low / step);
  if (direct * step <= high) return direct;
  const laps = firstMultiple(size % step, step, step - (high % step), step - (low % step));
  return Math.ceil((low + size * laps) / step);
}

/** The readings of a grid on any day. */
export function plainGridPattern({ next, previous, rank, on }: Grid): WallPattern {
  return {
    has: (reading) => next(reading) === reading,
    next,
    previous,
    count: (from, until) => rank(until) - rank(from),
    periodic: false,
    days: walkedDays({ next, previous }, on),
  };
}

/** Steps of one turn of a grid and the days. */
const A_TURN = 5;
/** Cycles of more days are not worth remembering: hardly two years begin at the same place of one. */
const LONGEST_CYCLE = 371;

/**
 * The readings of `grid` on the days of `days`, found by taking turns. The weekdays of `days` are among `grid.weekdays()`:
 * nothing else in the calendar repeats with a grid for ever, so the two meet soon or one of them is rare.
 */
export function createGridPattern(grid: Grid, days: Omit<DaySet, 'empty'>): WallPattern {
  const next = (from: number): number => nextBefore(from, Infinity);
  /** First member in [from, until), else Infinity. */
  function nextBefore(from: number, until: number): number {
    for (let at = grid.next(from); at < until && !isSpent();) {
      spend(A_TURN);
      const day = Math.floor(at / DAY_SECONDS);
      const found = days.next(day);
      if (found === day) return at;
      at = grid.next(found * DAY_SECONDS);
    }
    return Infinity;
  }
  function previous(from: number): number {
    for (let at = grid.previous(from); at > -Infinity && !isSpent();) {
      spend(A_TURN);
      const day = Math.floor(at / DAY_SECONDS);
      const found = days.previous(day);
      if (found === day) return at;
      at = grid.previous((found + 1) * DAY_SECONDS - 1);
    }
    return -Infinity;
  }

  function countDays(from: number, until: number): number {
    let total = 0;
    for (let at = next(from); at < until;) {
      spend(A_TURN);
      const end = (Math.floor(at / DAY_SECONDS) + 1) * DAY_SECONDS;
      total += grid.rank(Math.min(end, until)) - grid.rank(at);
      at = nextBefore(end, until);
    }
    return total;
  }
  const years = new Map<number, number>();
  function countYear(year: number, start: number, end: number): number {
    if (grid.cycleDays > LONGEST_CYCLE) return countDays(start, end);
    const phase = (((start / DAY_SECONDS) % grid.cycleDays) + grid.cycleDays) % grid.cycleDays;
    const key = phase * 64 + shapeKey(year);
    let total = years.get(key);
    if (total === undefined) years.set(key, (total = countDays(start, end)));
    return total;
  }
  function count(from: number, until: number): number {
    let total = 0;
    for (let at = from; at < until;) {
      const year = packedDate(Math.floor(at / DAY_SECONDS)) >> 9;
      const [start, end] = [startOf(year), startOf(year + 1)];
      total += at === start && end <= until ? countYear(year, start, end) : countDays(at, Math.min(end, until));
      at = end;
    }
    return total;
  }
  return {
    has: (reading) => grid.next(reading) === reading && days.has(Math.floor(reading / DAY_SECONDS)),
    next,
    previous,
    count,
    periodic: false,
    days: walkedDays({ next, previous }, (day) => (days.has(day) ? grid.on(day) : NO_SECONDS)),
  };
}

const startOf = (year: number): number => dayOfDate(year, 1, 1) * DAY_SECONDS;
