import { CYCLE_DAYS, DAY_SECONDS, packedDate } from './civil.ts';
import type { FireTime } from './trigger.ts';
import { nearZoneNames } from './zone-names.ts';
import { shorten } from './text.ts';

/**
 * The time line of one zone as segments of constant offset, numbered from 0 (before the first change). All figures are
 * whole seconds: epoch seconds and seconds east of UTC. Between two changes lies always more than a day and more than the
 * two jumps together, in every zone of the IANA data: a repeated or missing local time concerns two neighbours only.
 */
export interface Zone {
  /** Segment that holds an instant. */
  index(second: number): number;
  /** First instant of a segment, -Infinity for segment 0, Infinity after the last one. */
  start(index: number): number;
  offset(index: number): number;
}

/**
 * From 2100 on every zone follows yearly rules (the longest lists of the IANA data, Ramadan in Morocco, end in 2087), and
 * the calendar repeats after 400 years: nothing later than 2500 is ever asked of Temporal.
 */
export const CYCLE_START = Date.UTC(2100, 0, 1) / 1000;
export const CYCLE_SECONDS = CYCLE_DAYS * DAY_SECONDS;

/** Debian's cron treats longer changes as corrections of the clock, not as daylight saving. */
export const LONGEST_GAP_MADE_UP_FOR = 3 * 3600;

const zones = new Map<string, Zone>();

/** @param timeZone  as answered by `resolveZone` */
export function zoneOf(timeZone: string): Zone {
  let zone = zones.get(timeZone);
  if (zone === undefined) zones.set(timeZone, (zone = createZone(timeZone)));
  return zone;
}

/** Reads the changes from Temporal when they are first needed: most schedules never look beyond the year after next. */
function createZone(timeZone: string): Zone {
  let newest: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(-8.64e15).toZonedDateTimeISO(timeZone);
  const starts = [-Infinity];
  const offsets = [offsetSeconds(newest)];
  /** Index of the first segment that starts in the cycle, and the number of segments that do; 0 while not known. */
  let cycleFirst = 0;
  let cycleLength = 0;

  function grow(): void {
    newest = newest && newest.getTimeZoneTransition('next');
    if (newest === null) return;
    const start = newest.epochMilliseconds / 1000;
    if (start >= CYCLE_START + CYCLE_SECONDS) {
      newest = null;
      cycleFirst = indexOfKnown(CYCLE_START - 1) + 1;
      cycleLength = starts.length - cycleFirst;
    } else if (offsetSeconds(newest) !== offsets.at(-1)) {
      starts.push(start);
      offsets.push(offsetSeconds(newest));
    }
  }
  function indexOfKnown(second: number): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? Infinity) <= second) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  function index(second: number): number {
    while (newest !== null && (starts.at(-1) ?? Infinity) <= second) grow();
    if (cycleLength === 0 || second < CYCLE_START + CYCLE_SECONDS) return indexOfKnown(second);
    const cycles = Math.floor((second - CYCLE_START) / CYCLE_SECONDS);
    return indexOfKnown(second - cycles * CYCLE_SECONDS) + cycles * cycleLength;
  }
  function start(segment: number): number {
    while (newest !== null && segment >= starts.length) grow();
    if (segment < starts.length || cycleLength === 0) return starts[segment] ?? Infinity;
    const cycles = Math.floor((segment - cycleFirst) / cycleLength);
    return (starts[segment - cycles * cycleLength] ?? Infinity) + cycles * CYCLE_SECONDS;
  }
  function offset(segment: number): number {
    while (newest !== null && segment >= offsets.length) grow();
    if (segment < offsets.length || cycleLength === 0) return offsets[segment] ?? offsets.at(-1) ?? 0;
    return offsets[segment - Math.floor((segment - cycleFirst) / cycleLength) * cycleLength] ?? 0;
  }
  return { index, start, offset };
}

const offsetSeconds = (at: Temporal.ZonedDateTime): number => at.offsetNanoseconds / 1e9;

/**
 * How an instant reads in a zone. `inGap` is always false: an instant has a local time, whatever it stands in for;
 * ask the trigger that yielded it.
 * @param instant   epoch milliseconds
 * @param timeZone  as answered by `resolveZone`
 */
export function fireTime(instant: number, timeZone: string): FireTime {
  const zone = zoneOf(timeZone);
  const second = Math.floor(instant / 1000);
  const segment = zone.index(second);
  const offset = zone.offset(segment);
  const start = zone.start(segment);
  const end = zone.start(segment + 1);
  const repeatsEarlier = second - start < zone.offset(segment - 1) - offset;
  const repeatedLater = end - second <= offset - zone.offset(segment + 1);
  return {
    at: instant,
    local: localText(second + offset, instant - second * 1000),
    offset: offsetText(offset),
    inGap: false,
    inOverlap: repeatsEarlier || repeatedLater,
  };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** @param reading  whole seconds that the clock on the wall shows, from its 1970-01-01T00:00:00. @param milliseconds  0–999 */
export function localText(reading: number, milliseconds: number): string {
  const day = Math.floor(reading / DAY_SECONDS);
  const time = reading - day * DAY_SECONDS;
  const date = packedDate(day);
  const fraction = milliseconds === 0 ? '' : `.${String(milliseconds).padStart(3, '0')}`;
  const clock = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60].map(two).join(':');
  return `${String(date >> 9).padStart(4, '0')}-${two((date >> 5) & 15)}-${two(date & 31)}T${clock}${fraction}`;
}

function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60].map(two);
  return (seconds < 0 ? '-' : '+') + (size % 60 === 0 ? parts.slice(0, 2) : parts).join(':');
}

/** No IANA name is longer than 32 characters; the rest is room for the next one. */
const NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;

/**
 * The canonical spelling of an IANA zone name (`europe/berlin` → `Europe/Berlin`); aliases keep their own name. Offsets are
 * refused, because a schedule on an offset is an hour off for half of the year.
 * @returns on failure `near`: at most three names that may have been meant, the likeliest first
 */
export function resolveZone(name: string): { ok: true; timeZone: string } | { ok: false; message: string; near: string[] } {
  const text = name.trim();
  if (/^(?:[+-]\d|(?:UTC|GMT)[+-]\d)/i.test(text)) {
    const message = `'${shorten(text)}' is an offset, which knows no daylight saving: give an IANA time zone such as Europe/Berlin`;
    return { ok: false, message, near: [] };
  }
  if (NAME.test(text)) {
    try {
      return { ok: true, timeZone: Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId };
    } catch {
      // Unknown to the zone data of this process: answered below.
    }
  }
  const near = nearZoneNames(text);
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
  return { ok: false, message: `'${shorten(text)}' is not a known IANA time zone.${hint}`, near };
}
