import type { Agenda } from './agenda.ts';
import { CYCLE_DAYS, DAY_SECONDS } from './civil.ts';
import { spend } from './effort.ts';
import type { Grid } from './grid.ts';
import { greatestDivisor, meet } from './grid.ts';
import type { Seconds } from './seconds.ts';
import { NO_SECONDS, OF_BITS, secondsOfGrid } from './seconds.ts';
import { DENSE } from './wall-agenda.ts';

/** More days that differ than this are made each time they are asked for. */
const MOST_REMEMBERED = 64;

/** The points of a grid (milliseconds) that lie on whole seconds, day by day. */
export function gridAgenda(grid: Grid): Agenda {
  const fine = grid.every % 1000 !== 0 || grid.anchor % 1000 !== 0;
  const whole = meet(grid, { anchor: 0, every: 1000 });
  if (whole === null)
    return {
      day: () => NO_SECONDS,
      nextDay: () => Infinity,
      previousDay: () => -Infinity,
      outline: () => ({ from: -Infinity, until: Infinity, most: NO_SECONDS, least: NO_SECONDS }),
      periodicFrom: -Infinity,
      weight: 1,
      fine,
    };
  const every = whole.every / 1000;
  const anchor = whole.anchor / 1000;
  // Whatever the day, only every `common`-th second of it can be a point.
  const common = greatestDivisor(every, DAY_SECONDS);
  const most = secondsOfGrid(((anchor % common) + common) % common, common);
  const phases = new Map<number, Seconds>();
  /** Second of the day of the first point from its start on; 86,400 and more: it comes later. */
  const firstOf = (day: number): number => {
    const rest = (anchor - day * DAY_SECONDS) % every;
    return rest < 0 ? rest + every : rest;
  };
  function day(number: number): Seconds {
    const first = firstOf(number);
    if (first >= DAY_SECONDS) return NO_SECONDS;
    // Few phases are made once; with many, each day is another one.
    spend(every / common <= MOST_REMEMBERED ? 2 : 4 + Math.min(Math.floor(DAY_SECONDS / every), 500));
    let found = phases.get(first);
    if (found === undefined) {
      found = secondsOfGrid(first, every);
      if (phases.size >= MOST_REMEMBERED) phases.clear();
      phases.set(first, found);
    }
    return found;
  }
  if (most.bits !== null) spend(5 * OF_BITS);
  function previousDay(number: number): number {
    const point = (number + 1) * DAY_SECONDS + firstOf(number + 1) - every;
    return Math.floor(point / DAY_SECONDS);
  }
  return {
    day,
    nextDay: (number) => number + Math.floor(firstOf(number) / DAY_SECONDS),
    previousDay,
    outline: () => ({ from: -Infinity, until: Infinity, most, least: every === common ? most : NO_SECONDS }),
    periodicFrom: (CYCLE_DAYS * DAY_SECONDS) % every === 0 ? -Infinity : Infinity,
    weight: most.bits === null ? 1 : DENSE,
    fine,
  };
}
