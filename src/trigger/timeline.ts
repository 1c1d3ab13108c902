import type { Agenda } from './agenda.ts';
import { DAY_SECONDS } from './civil.ts';
import type { DstGap, DstOverlap } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';
import type { WallPattern } from './wall.ts';
import { wallAgenda } from './wall-agenda.ts';
import type { Zone } from './zone.ts';
import { CYCLE_SECONDS, CYCLE_START, LONGEST_GAP_MADE_UP_FOR } from './zone.ts';

/** A wall pattern laid on the real time of a zone. Everything in whole epoch seconds. */
export interface Timeline {
  has(second: number): boolean;
  /** First member ≥ `second`, null when there is none. */
  next(second: number): number | null;
  /** Last member ≤ `second`, null when there is none. */
  previous(second: number): number | null;
  /** Members in [from, until). */
  count(from: number, until: number): number;
  /** A member only because the clock jumped over a local time of the pattern. */
  madeUp(second: number): boolean;
  /** The same, day by day of UTC; absent where the pattern has no days. */
  agenda?: () => Agenda;
}

const FIRST_SECOND = FIRST_INSTANT / 1000;
const LAST_SECOND = Math.floor(LAST_INSTANT / 1000);

/**
 * With `gap: SKIP, overlap: BOTH` a member is every real instant whose wall clock is in the pattern. FIRST and LAST take one
 * pass of a repeated stretch away; RUN_AFTER and SHIFT add instants for readings in a gap.
 */
export function createTimeline(pattern: WallPattern, zone: Zone, gap: DstGap, overlap: DstOverlap): Timeline {
  /** The readings of segment i that count are those in [firstReading, endReading). */
  const firstReading = (i: number): number =>
    zone.start(i) + (overlap === 'FIRST' && i > 0 ? Math.max(zone.offset(i), zone.offset(i - 1)) : zone.offset(i));
  const endReading = (i: number): number =>
    zone.start(i + 1) + (overlap === 'LAST' ? Math.min(zone.offset(i), zone.offset(i + 1)) : zone.offset(i));

  /** Whether readings are missing at the start of segment i that the policy does something about. */
  function gapBefore(i: number): boolean {
    if (gap === 'SKIP' || i === 0) return false;
    const size = zone.offset(i) - zone.offset(i - 1);
    return size > 0 && (gap === 'SHIFT' || size <= LONGEST_GAP_MADE_UP_FOR);
  }
  /** First reading of the pattern in the gap before segment i that is ≥ `reading`, Infinity when there is none. */
  function missingReading(i: number, reading: number): number {
    const found = pattern.next(Math.max(reading, zone.start(i) + zone.offset(i - 1)));
    return found < zone.start(i) + zone.offset(i) ? found : Infinity;
  }

  /** First member of segment i that is ≥ `second`, Infinity when there is none. */
  function earliestIn(i: number, second: number): number {
    const reading = pattern.next(Math.max(second + zone.offset(i), firstReading(i)));
    const regular = reading < endReading(i) ? reading - zone.offset(i) : Infinity;
    if (!gapBefore(i)) return regular;
    const before = zone.offset(i - 1);
    if (gap === 'SHIFT') return Math.min(regular, missingReading(i, second + before) - before);
    return second <= zone.start(i) && missingReading(i, -Infinity) !== Infinity ? zone.start(i) : regular;
  }
  /** Last member of segment i that is ≤ `second`, -Infinity when there is none. */
  function latestIn(i: number, second: number): number {
    const reading = pattern.previous(Math.min(second + zone.offset(i), endReading(i) - 1));
    const regular = reading >= firstReading(i) ? reading - zone.offset(i) : -Infinity;
    if (!gapBefore(i)) return regular;
    const before = zone.offset(i - 1);
    if (gap === 'SHIFT') {
      const missing = pattern.previous(Math.min(second + before, zone.start(i) + zone.offset(i) - 1));
      return missing >= zone.start(i) + before ? Math.max(regular, missing - before) : regular;
    }
    return second >= zone.start(i) && missingReading(i, -Infinity) !== Infinity ? Math.max(regular, zone.start(i)) : regular;
  }

  function next(second: number): number | null {
    if (!(second <= LAST_SECOND)) return null;
    const from = Math.max(second, FIRST_SECOND);
    let i = zone.index(from);
    let found = earliestIn(i, from);
    // Zone and calendar repeat every 400 years from 2100 on: what has not come in one cycle never will. (A pattern of
    // listed years has its own end.)
    const stop = pattern.periodic ? Math.max(from, CYCLE_START) + CYCLE_SECONDS : LAST_SECOND;
    while (found === Infinity) {
      i++;
      if (zone.start(i) > Math.min(stop, LAST_SECOND)) return null;
      found = earliestIn(i, zone.start(i));
      if (found !== Infinity) break;
      // From here to its next reading the pattern is silent on every clock, and no clock is a whole day off UTC.
      const reading = pattern.next(firstReading(i));
      if (reading === Infinity) return null;
      i = Math.max(i, zone.index(reading - DAY_SECONDS) - 1);
    }
    return found <= LAST_SECOND ? found : null;
  }
  function previous(second: number): number | null {
    if (!(second >= FIRST_SECOND)) return null;
    const until = Math.min(second, LAST_SECOND);
    let i = zone.index(until);
    let found = latestIn(i, until);
    while (found === -Infinity) {
      i--;
      if (i < 0) return null;
      found = latestIn(i, zone.start(i + 1) - 1);
      if (found !== -Infinity) break;
      const reading = pattern.previous(endReading(i) - 1);
      if (reading === -Infinity) return null;
      i = Math.min(i, zone.index(reading + DAY_SECONDS) + 1);
      if (pattern.periodic && zone.start(i) > CYCLE_START && until - zone.start(i) > CYCLE_SECONDS)
        i = zone.index(CYCLE_START) + 1;
    }
    return found >= FIRST_SECOND ? found : null;
  }

  function regular(second: number): boolean {
    const i = zone.index(second);
    const reading = second + zone.offset(i);
    return reading >= firstReading(i) && reading < endReading(i) && pattern.has(reading);
  }
  function standsIn(second: number): boolean {
    const i = zone.index(second);
    if (!gapBefore(i)) return false;
    if (gap === 'RUN_AFTER') return second === zone.start(i) && missingReading(i, -Infinity) !== Infinity;
    const reading = second + zone.offset(i - 1);
    return missingReading(i, reading) === reading;
  }
  const madeUp = (second: number): boolean => standsIn(second) && !regular(second);

  /** Members of [from, until) in segment i that only stand in for missing readings. */
  function countMadeUp(i: number, from: number, until: number): number {
    if (!gapBefore(i)) return 0;
    const start = zone.start(i);
    if (gap === 'RUN_AFTER') return from <= start && start < until && madeUp(start) ? 1 : 0;
    const before = zone.offset(i - 1);
    const end = Math.min(start + zone.offset(i), until + before);
    let total = 0;
    for (let at = pattern.next(Math.max(from, start) + before); at < end; at = pattern.next(at + 1)) {
      if (!regular(at - before)) total++;
    }
    return total;
  }
  function count(from: number, until: number): number {
    const first = Math.max(from, FIRST_SECOND);
    const end = Math.min(until, LAST_SECOND + 1);
    let total = 0;
    for (let i = zone.index(first); first < end && zone.start(i) < end; i++) {
      const offset = zone.offset(i);
      total += pattern.count(Math.max(first + offset, firstReading(i)), Math.min(end + offset, endReading(i)));
      total += countMadeUp(i, first, end);
    }
    return total;
  }

  const { days } = pattern;
  let agenda: Agenda | undefined;
  return {
    has: (second) => second >= FIRST_SECOND && second <= LAST_SECOND && (regular(second) || standsIn(second)),
    next,
    previous,
    count,
    madeUp,
    ...(days !== undefined && { agenda: () => (agenda ??= wallAgenda(days, zone, gap, overlap)) }),
  };
}
