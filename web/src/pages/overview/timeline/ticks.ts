/** Marks of a time axis, at round times of a zone's clock. Instants are epoch milliseconds. */

export interface Tick {
  at: number;
  /** 14:05, or 14:05:30 between minutes; the day where one begins. */
  label: string;
  /** A day begins there. */
  day: boolean;
}
/** The clock of the zone is put forward or back. */
export interface ClockChange {
  at: number;
  /** Minutes that it is put forward; back is negative. */
  minutes: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
]; // prettier-ignore
/** Of all zones today, differences from UTC are whole multiples of it. */
const QUARTER = 15 * MINUTE;

/** The smallest round step that has at most so many marks. */
export function stepOf(span: number, most: number): number {
  return STEPS.find((step) => span / step <= most) ?? DAY * Math.ceil(span / DAY / most);
}

const clocks = new Map<string, Intl.DateTimeFormat>();
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, clock);
  return clock;
}

/** What the zone's clock shows at an instant, as if that were UTC: local time in milliseconds. */
export function localOf(at: number, zone: string): number {
  const part: Record<string, number> = {};
  for (const { type, value } of clockOf(zone).formatToParts(at)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % SECOND) + SECOND) % SECOND);
}

const offsetAt = (at: number, zone: string): number => localOf(at, zone) - at;

/**
 * Instants in [from, until) at which the clock of the zone shows a whole multiple of the step since its midnight; a time that it
 * shows twice is there twice, one that it jumps over is not.
 */
export function ticksOf(from: number, until: number, step: number, zone: string): Tick[] {
  const days = Math.max(1, Math.round(step / DAY));
  const grid = step % QUARTER === 0 ? QUARTER : QUARTER % step === 0 ? step : MINUTE;
  const ticks: Tick[] = [];
  let quarter = Number.NaN;
  let offset = 0;
  for (let at = Math.ceil(from / grid) * grid; at < until; at += grid) {
    // One question for each quarter of an hour: clocks change at none other.
    if (Math.floor(at / QUARTER) !== quarter) {
      quarter = Math.floor(at / QUARTER);
      offset = offsetAt(quarter * QUARTER, zone);
    }
    const local = at + offset;
    const ofDay = ((local % DAY) + DAY) % DAY;
    const onStep = step < DAY ? ofDay % step === 0 : ofDay === 0 && (local / DAY) % days === 0;
    if (!onStep) continue;
    const day = ofDay === 0;
    ticks.push({ at, day, label: day ? dayLabel(local) : timeLabel(ofDay, step < MINUTE) });
  }
  return ticks;
}

const two = (value: number): string => String(value).padStart(2, '0');
function timeLabel(ofDay: number, seconds: boolean): string {
  const label = `${two(Math.floor(ofDay / HOUR))}:${two(Math.floor((ofDay % HOUR) / MINUTE))}`;
  return seconds ? `${label}:${two(Math.floor((ofDay % MINUTE) / SECOND))}` : label;
}
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
function dayLabel(local: number): string {
  const date = new Date(local);
  return `${WEEKDAYS[date.getUTCDay()]} ${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** Changes of the zone's clock in (from, until], to the minute. */
export function clockChanges(from: number, until: number, zone: string): ClockChange[] {
  const changes: ClockChange[] = [];
  let before = offsetAt(from, zone);
  for (let at = from; at < until;) {
    const next = Math.min(at + 6 * HOUR, until);
    const after = offsetAt(next, zone);
    if (after !== before) changes.push({ at: bisect(at, next, zone), minutes: (after - before) / MINUTE });
    before = after;
    at = next;
  }
  return changes;
}

function bisect(from: number, until: number, zone: string): number {
  const before = offsetAt(from, zone);
  let [low, high] = [from, until];
  while (high - low > MINUTE) {
    const middle = (low + high) / 2;
    if (offsetAt(middle, zone) === before) low = middle;
    else high = middle;
  }
  return Math.floor(high / MINUTE) * MINUTE;
}
