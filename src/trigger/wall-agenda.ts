import type { Agenda, Calm, Outline } from './agenda.ts';
import { DAY_SECONDS, modulo } from './civil.ts';
import { spend, uncharged } from './effort.ts';
import type { Seconds } from './seconds.ts';
import { ALL_SECONDS, either, firstFrom, lastUntil, NO_SECONDS, OF_BITS, remembered, Runs, secondsOfList } from './seconds.ts';
import type { DstGap, DstOverlap } from './trigger.ts';
import type { WallDays } from './wall.ts';
import type { Zone } from './zone.ts';
import { CYCLE_START, LONGEST_GAP_MADE_UP_FOR } from './zone.ts';

/** Steps of answering one day, and one near a change of the clock. */
const [A_DAY, A_ROUGH_DAY] = [3, 60];
/** A set of many runs is like so many simple ones. */
export const DENSE = 12;
const MOST_REMEMBERED = 64;

/** The days of UTC under a wall pattern in a zone: the same occurrences as its time line, a day at a time. */
export function wallAgenda(wall: WallDays, zone: Zone, gap: DstGap, overlap: DstOverlap): Agenda {
  const dense = wall.most.bits !== null;
  // What it keeps is made when it is first asked for, which may be long after.
  spend(dense ? 8 * OF_BITS : A_ROUGH_DAY);
  const composers = new Map<number, (a: Seconds, b: Seconds) => Seconds>();

  /** One day of UTC from the two local days that it lies in; `cut` is the local time at which it begins, 0 to 86,399. */
  function compose(first: Seconds, second: Seconds, cut: number): Seconds {
    if (cut === 0 || (first === NO_SECONDS && second === NO_SECONDS)) return first;
    let composer = composers.get(cut);
    if (composer === undefined) {
      composer = remembered((a, b) => {
        const runs = new Runs();
        runs.copy(a, cut, DAY_SECONDS, -cut);
        runs.copy(b, 0, cut, DAY_SECONDS - cut);
        return runs.seconds();
      });
      composers.set(cut, composer);
    }
    return composer(first, second);
  }

  let calm: Calm = { from: 0, until: 0, offset: 0 };
  /** null: a change of the clock is less than about a day away. */
  function calmAround(day: number): Calm | null {
    if (day >= calm.from && day < calm.until) return calm;
    const i = zone.index(day * DAY_SECONDS);
    // What is missing or repeated lies no farther from the change than the clock jumps.
    const from = Math.ceil((zone.start(i) + jump(i)) / DAY_SECONDS);
    const until = Math.floor((zone.start(i + 1) - jump(i + 1)) / DAY_SECONDS);
    if (day < from || day >= until) return null;
    return (calm = { from, until, offset: zone.offset(i) });
  }
  /** Size of the change at which segment i begins, either way. */
  function jump(i: number): number {
    return i > 0 ? Math.abs(zone.offset(i) - zone.offset(i - 1)) : 0;
  }

  /** A day near a change of the clock. Written out piece by piece, as `createTimeline` defines it. */
  function roughDay(day: number): Seconds {
    const start = day * DAY_SECONDS;
    const end = start + DAY_SECONDS;
    const pieces: [instant: number, until: number, offset: number][] = [];
    for (let i = zone.index(start); zone.start(i) < end; i++) {
      const [offset, before] = [zone.offset(i), zone.offset(Math.max(i - 1, 0))];
      const [begins, ends] = [zone.start(i), zone.start(i + 1)];
      const first = overlap === 'FIRST' && i > 0 ? begins + Math.max(before - offset, 0) : begins;
      const last = overlap === 'LAST' ? ends + Math.min(zone.offset(i + 1) - offset, 0) : ends;
      pieces.push([first, last, offset]);
      const size = offset - before;
      if (size <= 0 || gap === 'SKIP') continue;
      if (gap === 'SHIFT') pieces.push([begins, begins + size, before]);
      else if (size <= LONGEST_GAP_MADE_UP_FOR && readings(begins + before, begins + offset, 0) !== NO_SECONDS)
        pieces.push([begins, begins + 1, NaN]);
    }
    let found = NO_SECONDS;
    for (const [instant, until, offset] of pieces) {
      const [from, stop] = [Math.max(instant, start), Math.min(until, end)];
      if (from >= stop) continue;
      found = either(
        found,
        Number.isNaN(offset) ? oneSecond(from - start) : readings(from + offset, stop + offset, -offset - start),
      );
    }
    return found;
  }

  /** The readings in [from, until), moved by `distance` into one day. */
  function readings(from: number, until: number, distance: number): Seconds {
    const runs = new Runs();
    for (let day = Math.floor(from / DAY_SECONDS); day * DAY_SECONDS < until; day++) {
      const start = day * DAY_SECONDS;
      runs.copy(wall.on(day), from - start, until - start, start + distance);
    }
    return runs.seconds();
  }

  const rough = new Map<number, Seconds>();
  function day(number: number): Seconds {
    const around = calmAround(number);
    if (around === null) {
      // Charged whether it is remembered or not, together with what others make of a set that is like no other day's.
      spend(dense ? 7 * OF_BITS : A_ROUGH_DAY);
      let found = rough.get(number);
      if (found === undefined) {
        found = uncharged(() => roughDay(number));
        if (rough.size >= MOST_REMEMBERED) rough.clear();
        rough.set(number, found);
      }
      return found;
    }
    spend(A_DAY);
    const reading = number * DAY_SECONDS + around.offset;
    const local = Math.floor(reading / DAY_SECONDS);
    const cut = reading - local * DAY_SECONDS;
    return compose(wall.on(local), cut === 0 ? NO_SECONDS : wall.on(local + 1), cut);
  }
  function nextDay(number: number): number {
    const around = calmAround(number);
    // No clock is a whole day off UTC.
    if (around === null) return Math.max(number, wall.nextDay(number - 1) - 1);
    const reading = number * DAY_SECONDS + around.offset;
    const local = Math.floor(reading / DAY_SECONDS);
    let found = wall.nextDay(local);
    if (found === local && firstFrom(wall.on(local), reading - local * DAY_SECONDS) < 0) found = wall.nextDay(local + 1);
    if (found === Infinity) return Infinity;
    const exact = Math.max(
      number,
      Math.floor((found * DAY_SECONDS + Math.max(firstFrom(wall.on(found), 0), 0) - around.offset) / DAY_SECONDS),
    );
    return exact < around.until ? exact : Math.max(around.until, found - 1);
  }
  function previousDay(number: number): number {
    const around = calmAround(number);
    if (around === null) return Math.min(number, wall.previousDay(number + 1) + 1);
    const reading = (number + 1) * DAY_SECONDS - 1 + around.offset;
    const local = Math.floor(reading / DAY_SECONDS);
    let found = wall.previousDay(local);
    if (found === local && lastUntil(wall.on(local), reading - local * DAY_SECONDS) < 0) found = wall.previousDay(local - 1);
    if (found === -Infinity) return -Infinity;
    const last = lastUntil(wall.on(found), DAY_SECONDS - 1);
    const latest = last < 0 ? DAY_SECONDS - 1 : last;
    const exact = Math.min(number, Math.floor((found * DAY_SECONDS + latest - around.offset) / DAY_SECONDS));
    return exact >= around.from ? exact : Math.min(around.from - 1, found + 1);
  }
  let known: Outline = { from: 0, until: 0, most: ALL_SECONDS, least: NO_SECONDS };
  function outline(number: number): Outline {
    if (number >= known.from && number < known.until) return known;
    return (known = calmOutline(number) ?? { from: number, until: number + 1, most: roughMost(number), least: NO_SECONDS });
  }
  /** null: near a change of the clock, or of the pattern. */
  function calmOutline(number: number): Outline | null {
    const around = calmAround(number);
    const offset = around?.offset ?? zone.offset(zone.index(number * DAY_SECONDS));
    const local = Math.floor((number * DAY_SECONDS + offset) / DAY_SECONDS);
    const stretch = wall.outline?.(local) ?? null;
    const uniform = stretch && uniformOutline(stretch, number);
    if (uniform !== null) return uniform;
    if (around === null) return null;
    const cut = number * DAY_SECONDS + offset - local * DAY_SECONDS;
    const { most, least } = stretch ?? wall;
    const from = stretch === null ? around.from : Math.max(around.from, stretch.from + number - local);
    // A day that ends on the first local day behind the stretch is not told of.
    const ends = stretch === null ? Infinity : stretch.until - (cut === 0 ? 0 : 1) + number - local;
    const until = Math.min(around.until, ends);
    return number < until ? { from, until, most: compose(most, most, cut), least: compose(least, least, cut) } : null;
  }
  /**
   * Days that have all seconds or none have them whatever the clock does, unless one pass of a repeated time is dropped;
   * no clock is a whole day off UTC. null: they are no such days, or `number` is at their edge.
   */
  function uniformOutline({ from, until, most, least }: Outline, number: number): Outline | null {
    if (most !== NO_SECONDS && !(least === ALL_SECONDS && overlap === 'BOTH')) return null;
    return number >= from + 2 && number < until - 2 ? { from: from + 2, until: until - 2, most, least } : null;
  }
  /** All the times of the pattern under each offset of the day and of its neighbours, and what stands in for missing ones. */
  function roughMost(number: number): Seconds {
    const start = number * DAY_SECONDS;
    const { most } = wall;
    let found = NO_SECONDS;
    for (let i = zone.index(start - DAY_SECONDS); zone.start(i) < start + 2 * DAY_SECONDS; i++) {
      found = either(found, compose(most, most, modulo(zone.offset(i), DAY_SECONDS)));
      const second = zone.start(i) - start;
      if (gap !== 'RUN_AFTER' || second < 0 || second >= DAY_SECONDS) continue;
      const first = modulo(zone.start(i) + zone.offset(i - 1), DAY_SECONDS);
      const last = first + zone.offset(i) - zone.offset(i - 1) - 1;
      const missing = last >= DAY_SECONDS || (last >= first && firstFrom(most, first) >= 0 && firstFrom(most, first) <= last);
      if (missing) found = either(found, oneSecond(second));
    }
    return found;
  }
  const periodicFrom = Math.max(wall.periodicFrom + 2, Math.ceil(CYCLE_START / DAY_SECONDS));
  return {
    day,
    nextDay,
    previousDay,
    outline,
    periodicFrom,
    weight: dense ? DENSE : 1,
    fine: false,
    clock: { zone, wall, calmAround },
  };
}

const singles = new Map<number, Seconds>();
/** The same object for the same second, so that what is made of it is remembered: clocks change at few times of the day. */
function oneSecond(second: number): Seconds {
  let found = singles.get(second);
  if (found === undefined) singles.set(second, (found = secondsOfList([second])));
  return found;
}
