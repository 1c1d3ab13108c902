import type { Cause } from './cause.ts';
import { letsThrough } from './cause.ts';
import { clockText, dateText, zonedText } from './reading-text.ts';
import type { EffectiveDst } from './trigger.ts';
import { LONGEST_GAP_MADE_UP_FOR, zoneOf } from './zone.ts';

/** What a trigger says of readings of the clock, before daylight saving. A reading is whole milliseconds here. */
export interface Readings {
  /** As far as decided: the last one says whether the trigger names the reading. */
  causes(reading: number): Cause[];
  /** First reading ≥ `reading` that it names, Infinity when there is none. */
  next(reading: number): number;
}
/** A trigger that follows the clock of a zone. */
export interface OnTheClock {
  readonly timeZone: string;
  readonly dst: EffectiveDst;
  matches(instant: number): boolean;
}

/**
 * What the clock shows at an instant and what the trigger says of it; the policy for daylight saving comes last where it has a
 * hand in it. Where the trigger names a time that the clock jumped over, and the instant is what would have stood for it, that
 * time is explained.
 */
export function explainOnClock(trigger: OnTheClock, readings: Readings, instant: number): Cause[] {
  const { timeZone, dst } = trigger;
  const zone = zoneOf(timeZone);
  const segment = zone.index(Math.floor(instant / 1000));
  const offset = zone.offset(segment) * 1000;
  const passes = trigger.matches(instant);
  const causes = readings.causes(instant + offset);
  if (letsThrough(causes)) {
    const twice = passesOf(instant, timeZone);
    return twice === null ? causes : [...causes, { subject: 'dst.overlap', passes, message: overlapText(twice, timeZone, dst) }];
  }
  if (dst.followsRealClock) return causes;
  const jump = jumpBefore(segment, timeZone);
  const missing = jump && missingReading(jump, readings, instant);
  if (jump === null || missing === null) return causes;
  return [...readings.causes(missing), { subject: 'dst.gap', passes, message: gapText(jump, missing, timeZone, dst) }];
}

/** A jump of the clock forward. Epoch milliseconds, offsets too. */
export interface Jump {
  at: number;
  before: number;
  after: number;
}

/** The change that a segment begins with, when the clock jumps forward by it. */
export function jumpBefore(segment: number, timeZone: string): Jump | null {
  const zone = zoneOf(timeZone);
  const [before, after] = [zone.offset(Math.max(0, segment - 1)) * 1000, zone.offset(segment) * 1000];
  return after > before ? { at: zone.start(segment) * 1000, before, after } : null;
}

/** The reading in the gap that the instant would stand for: the one that the clock of before would show, else any right after. */
function missingReading({ at, before, after }: Jump, readings: Readings, instant: number): number | null {
  const unmoved = instant + before;
  if (unmoved >= at + after) return null;
  if (letsThrough(readings.causes(unmoved))) return unmoved;
  if (instant !== at) return null;
  const first = readings.next(at + before);
  return first < at + after ? first : null;
}

/** `02:30 does not exist on 2026-03-08 (the clock jumps from 02:00 to 03:00); gap SKIP leaves it out`. */
export function gapText({ at, before, after }: Jump, missing: number, timeZone: string, dst: EffectiveDst): string {
  const oneDay = [at + before, at + after].every((reading) => dateText(reading) === dateText(missing));
  const shown = (reading: number): string => `${oneDay ? '' : `${dateText(reading)} `}${clockText(reading)}`;
  const found = `${clockText(missing)} does not exist on ${dateText(missing)} (the clock jumps from ${shown(at + before)} to ${shown(at + after)})`;
  const tooLong = after - before > LONGEST_GAP_MADE_UP_FOR * 1000;
  const made = {
    RUN_AFTER: tooLong
      ? 'does not make up for a jump of more than 3 hours'
      : `runs at the first instant after the jump, ${zonedText(at, timeZone)}`,
    SHIFT: `runs it as much later as the clock jumps, at ${zonedText(missing - before, timeZone)}`,
    SKIP: 'leaves it out',
  };
  return `${found}; gap ${dst.gap} ${made[dst.gap]}`;
}

/** Both passes of a reading, as instants. */
interface Twice {
  reading: number;
  first: number;
  last: number;
}

/** Both passes of what the clock shows at an instant; null when it shows it once. */
function passesOf(instant: number, timeZone: string): Twice | null {
  const zone = zoneOf(timeZone);
  const segment = zone.index(Math.floor(instant / 1000));
  const reading = instant + zone.offset(segment) * 1000;
  if (segment > 0) {
    const before = reading - zone.offset(segment - 1) * 1000;
    if (before < zone.start(segment) * 1000 && before < instant) return { reading, first: before, last: instant };
  }
  const after = reading - zone.offset(segment + 1) * 1000;
  return after >= zone.start(segment + 1) * 1000 && after > instant ? { reading, first: instant, last: after } : null;
}

/** `01:30 comes twice on 2026-11-01; overlap FIRST takes the first pass, at …`. */
export function overlapText({ reading, first, last }: Twice, timeZone: string, dst: EffectiveDst): string {
  const found = `${clockText(reading)} comes twice on ${dateText(reading)}`;
  if (dst.followsRealClock) return `${found}; the trigger follows the clock, so both passes count`;
  if (dst.overlap === 'BOTH') return `${found}; overlap BOTH takes both passes`;
  const taken = zonedText(dst.overlap === 'FIRST' ? first : last, timeZone);
  return `${found}; overlap ${dst.overlap} takes the ${dst.overlap === 'FIRST' ? 'first' : 'second'} pass, at ${taken}`;
}
