import type { Agenda } from './agenda.ts';
import { DAY_SECONDS } from './civil.ts';
import { isSpent, spend, spentSoFar, uncharged } from './effort.ts';
import type { LocalDays } from './local-days.ts';
import type { Seconds } from './seconds.ts';
import { ALL_SECONDS, either, NO_SECONDS, Runs, without } from './seconds.ts';
import type { WallDays } from './wall.ts';
import type { Zone } from './zone.ts';

/** An occurrence moves over this many days at the most; one that would have to go further is dropped. */
const FARTHEST_SHIFT = 366;

const MOST_REMEMBERED = 64;
/** Steps of adding one day, and of passing over one run of days that are left out, besides one for each of its days. */
const [A_DAY, A_LEAP] = [5, 20];

/**
 * The local times that move onto each day: what the base has on the days left out right before it (`step` 1: moved to the
 * next day that is not) or right after it (`step` -1).
 */
export function shiftedDays(base: Agenda, leftOut: LocalDays, zone: Zone, step: 1 | -1): WallDays {
  const known = new Map<number, { seconds: Seconds; steps: number }>();

  function on(day: number): Seconds {
    if (leftOut.has(day) || !leftOut.has(day - step)) return NO_SECONDS;
    let found = known.get(day);
    if (found === undefined) {
      const before = spentSoFar();
      const seconds = gathered(day);
      found = { seconds, steps: spentSoFar() - before };
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(day, found);
    } else spend(found.steps);
    return found.seconds;
  }
  /** What all the days right before (after) `day` that are left out have. */
  function gathered(day: number): Seconds {
    let found = NO_SECONDS;
    // Of days that are alike the first one adds all there is: a stretch that has no more is passed over.
    let alike: Alike | null = null;
    let nothingMore = false;
    for (let distance = 1; distance <= FARTHEST_SHIFT && leftOut.has(day - step * distance); distance++) {
      const source = day - step * distance;
      spend(A_DAY);
      if (alike === null || source < alike.from || source >= alike.until) {
        alike = alikeAround(base, zone, source);
        nothingMore = false;
      }
      if (nothingMore) continue;
      const more = either(found, localDay(base, zone, source));
      // Asked again only when a day added nothing: in a stretch of many kinds of days nearly all of them do.
      nothingMore = alike !== null && without(alike.most, more) === NO_SECONDS;
      found = more;
    }
    return found;
  }
  /** Last day of the run of days that are left out, from `day` on in the direction, as far as times may move. */
  function endOfRun(day: number, direction: 1 | -1): number {
    let end = day;
    while (leftOut.has(end + direction) && Math.abs(end - day) < FARTHEST_SHIFT) end += direction;
    return end;
  }
  // Only days next to a run of days that are left out get any, and only when the base has times on the run. No clock is a
  // whole day off UTC, so a local day has its occurrences on three days of UTC at the most.
  function nextDay(day: number): number {
    let found = day;
    while (!isSpent()) {
      found = Math.max(found, leftOut.nextDay(found - step) + step);
      if (!Number.isFinite(found)) return found;
      const end = endOfRun(found - step, step === 1 ? -1 : 1);
      spend(A_LEAP + Math.abs(found - step - end));
      const source = base.nextDay(Math.min(found - step, end) - 1);
      if (source <= Math.max(found - step, end) + 1) return found;
      if (source === Infinity) return Infinity;
      found = Math.max(found + 1, step === 1 ? source : source - FARTHEST_SHIFT - 1);
    }
    return found;
  }
  function previousDay(day: number): number {
    let found = day;
    while (!isSpent()) {
      found = Math.min(found, leftOut.previousDay(found - step) + step);
      if (!Number.isFinite(found)) return found;
      const end = endOfRun(found - step, step === 1 ? -1 : 1);
      spend(A_LEAP + Math.abs(found - step - end));
      const source = base.previousDay(Math.max(found - step, end) + 1);
      if (source >= Math.min(found - step, end) - 1) return found;
      if (source === -Infinity) return -Infinity;
      found = Math.min(found - 1, step === -1 ? source : source + FARTHEST_SHIFT + 1);
    }
    return found;
  }
  return {
    on,
    nextDay,
    previousDay,
    most: ALL_SECONDS,
    least: NO_SECONDS,
    outline(day) {
      const { from, until, least } = leftOut.outline?.(day) ?? { ...leftOut, from: day, until: day + 1 };
      // Inside a stretch that is left out there is no day to move to.
      return { from, until, most: least === ALL_SECONDS ? NO_SECONDS : ALL_SECONDS, least: NO_SECONDS };
    },
    periodicFrom: Math.max(base.periodicFrom, leftOut.periodicFrom) + FARTHEST_SHIFT,
  };
}

/** Local days, [from, until), and the readings that any of them has at most. */
interface Alike {
  from: number;
  until: number;
  most: Seconds;
}

/** null: the clock changes nearby, or nothing is known of the days around. */
function alikeAround(agenda: Agenda, zone: Zone, day: number): Alike | null {
  const i = zone.index(day * DAY_SECONDS);
  const offset = zone.offset(i);
  const start = day * DAY_SECONDS - offset;
  spend(30 * agenda.weight);
  const { from, until, most } = uncharged(() => agenda.outline(Math.floor(start / DAY_SECONDS)));
  const first = Math.max(from * DAY_SECONDS, zone.start(i)) + offset;
  const end = Math.min(until * DAY_SECONDS, zone.start(i + 1)) + offset;
  const found = { from: Math.ceil(first / DAY_SECONDS), until: Math.floor(end / DAY_SECONDS) };
  if (day < found.from || day >= found.until) return null;
  const cut = start - Math.floor(start / DAY_SECONDS) * DAY_SECONDS;
  const runs = new Runs();
  runs.copy(most, cut, DAY_SECONDS, -cut);
  runs.copy(most, 0, cut, DAY_SECONDS - cut);
  return { ...found, most: runs.seconds() };
}

/** The readings that a clock shows on one local day when the agenda has an occurrence; both passes of a repeated one alike. */
function localDay(agenda: Agenda, zone: Zone, day: number): Seconds {
  const start = day * DAY_SECONDS;
  let found = NO_SECONDS;
  // No clock is a whole day off UTC.
  for (let i = zone.index(start - DAY_SECONDS); zone.start(i) < start + 2 * DAY_SECONDS; i++) {
    const offset = zone.offset(i);
    const from = Math.max(zone.start(i), start - offset);
    const until = Math.min(zone.start(i + 1), start + DAY_SECONDS - offset);
    const runs = new Runs();
    for (let utc = Math.floor(from / DAY_SECONDS); utc * DAY_SECONDS < until; utc++) {
      const midnight = utc * DAY_SECONDS;
      runs.copy(agenda.day(utc), from - midnight, until - midnight, midnight + offset - start);
    }
    found = either(found, runs.seconds());
  }
  return found;
}
