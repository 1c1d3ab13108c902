import { formatInstant } from './format.ts';

/** What a clock on the wall of a zone shows, as a datetime-local field has it: 2026-03-29T02:30:00. */
export const wallClockOf = (at: number, zone: string): string => formatInstant(at, zone).replace(' ', 'T');

export interface ReadWallClock {
  /** Epoch milliseconds; of a time that comes twice the first, of one that is jumped over the same distance behind the jump. */
  at: number;
  inGap: boolean;
  inOverlap: boolean;
}

const DAY_MS = 86_400_000;

/** The instant at which the clock of the zone shows a time; null when the text is none. */
export function readWallClock(text: string, zone: string): ReadWallClock | null {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?$/.exec(text);
  if (match === null) return null;
  const local = `${match[1]}T${match[2]}${match[3] ?? ':00'}`;
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return null;
  const offsetAt = (at: number) => Date.parse(`${wallClockOf(at, zone)}Z`) - at;
  // No zone changes its clock twice within two days.
  const before = asUtc - offsetAt(asUtc - DAY_MS);
  const after = asUtc - offsetAt(asUtc + DAY_MS);
  const showing = [before, after].filter((at) => wallClockOf(at, zone) === local);
  if (showing.length === 0) return { at: before, inGap: true, inOverlap: false };
  return { at: Math.min(...showing), inGap: false, inOverlap: before !== after && showing.length === 2 };
}
