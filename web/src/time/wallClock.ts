/** A wall clock's time such as 2026-03-29T02:30:00, and the instants at which a zone's clock shows it. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock of a zone shows at an instant, in whole seconds. */
export function wallOf(at: number, zone: string): string {
  let format = formats.get(zone);
  if (!format) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' });
    formats.set(zone, format);
  }
  return format.format(at).replace(' ', 'T');
}

export interface WallReading {
  /** Epoch milliseconds. */
  at: number;
  /** GAP: the clock jumps over it, at is as far behind the jump; TWICE: it comes twice, at is the first. */
  is: 'ONCE' | 'GAP' | 'TWICE';
}

const HOUR_MS = 3_600_000;

/** @param wall  with or without seconds; null: it is no such time, or there is no such zone */
export function readWall(wall: string, zone: string): WallReading | null {
  const whole = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall) ? `${wall}:00` : wall;
  const asUtc = Date.parse(`${whole}Z`);
  // Date.parse takes February 30, too, and answers a day of March.
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString() !== `${whole}.000Z`) return null;
  try {
    // No zone is further than a day from UTC, and none changes its clock twice within two days.
    const offsets = [asUtc - 24 * HOUR_MS, asUtc + 24 * HOUR_MS].map((at) => Date.parse(`${wallOf(at, zone)}Z`) - at);
    const fitting = [...new Set(offsets)].map((offset) => asUtc - offset).filter((at) => wallOf(at, zone) === whole);
    if (fitting.length > 0) return { at: Math.min(...fitting), is: fitting.length > 1 ? 'TWICE' : 'ONCE' };
    return { at: asUtc - (offsets[0] as number), is: 'GAP' };
  } catch {
    return null;
  }
}

/** The instant at which another zone's clock shows what this one's shows. What it cannot read it answers as it is. */
export function moveWall(instant: string, from: string, to: string): string {
  try {
    const reading = readWall(wallOf(Date.parse(instant), from), to);
    return reading === null ? instant : new Date(reading.at).toISOString();
  } catch {
    return instant;
  }
}
