/** Words for instants and stretches of time. Zones are IANA names. */

export const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();
// Swedish writes dates as ISO 8601 does.
function format(zone: string, options: Intl.DateTimeFormatOptions, language = 'sv-SE'): Intl.DateTimeFormat {
  const key = `${language} ${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(language, { ...options, timeZone: zone, hourCycle: 'h23' });
  formats.set(key, made);
  return made;
}

const DAY: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' };
const MINUTE: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const WEEKDAY: Intl.DateTimeFormatOptions = { weekday: 'short' };
const SECOND: Intl.DateTimeFormatOptions = { ...MINUTE, second: '2-digit' };

/** 2026-03-29 */
export const formatDay = (at: number, zone: string): string => format(zone, DAY).format(at);
/** 02:30 */
export const formatMinute = (at: number, zone: string): string => format(zone, MINUTE).format(at);
/** 02:30:00 */
export const formatSecond = (at: number, zone: string): string => format(zone, SECOND).format(at);
/** 2026-03-29 02:30:00 */
export const formatInstant = (at: number, zone: string): string => format(zone, { ...DAY, ...SECOND }).format(at);

/** UTC+02:00, of that instant. */
export function offsetOf(at: number, zone: string): string {
  const part = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName');
  return part?.value.replace('GMT', 'UTC') ?? 'UTC';
}

/** As short as it can be said about now: 14:05 today, Fri 14:05 within six days, else 2026-03-29 14:05. */
export function formatShort(at: number, zone: string, now: number): string {
  if (formatDay(at, zone) === formatDay(now, zone)) return formatSecond(at, zone);
  if (Math.abs(at - now) < 6 * 86_400_000) {
    const weekday = format(zone, WEEKDAY, 'en').format(at);
    return `${weekday} ${formatMinute(at, zone)}`;
  }
  return `${formatDay(at, zone)} ${formatMinute(at, zone)}`;
}

/** The same to the minute: 14:05, Fri 14:05, 2026-03-29 14:05. */
export const formatShortMinute = (at: number, zone: string, now: number): string =>
  formatDay(at, zone) === formatDay(now, zone) ? formatMinute(at, zone) : formatShort(at, zone, now);

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** The two greatest units of a stretch of time: 2 d 3 h, 4 min 10 s, 3.2 s, 8 s, 840 ms. */
export function formatStretch(ms: number): string {
  const length = Math.round(Math.abs(ms));
  if (length < 1000) return `${length} ms`;
  if (length < 10_000) return `${Math.floor(length / 100) / 10} s`;
  const first = UNITS.findIndex(([, unit]) => length >= unit);
  const [name, unit] = UNITS[first] as (typeof UNITS)[number];
  const whole = Math.floor(length / unit);
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((length - whole * unit) / next[1]);
  return rest === 0 || next === undefined ? `${whole} ${name}` : `${whole} ${name} ${rest} ${next[0]}`;
}

/** in 4 min 10 s; 3 s ago; now. Counted in whole seconds. */
export function formatRelative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (seconds === 0) return 'now';
  const stretch = formatStretch(seconds * 1000);
  return seconds > 0 ? `in ${stretch}` : `${stretch} ago`;
}

/** PT1H30M as 1 h 30 min; what it cannot read it answers as it is. */
export function formatDuration(iso: string): string {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(iso);
  if (match === null) return iso;
  const names = ['y', 'mo', 'w', 'd', 'h', 'min', 's'];
  const parts = match
    .slice(1)
    .flatMap((value, i) => (value === undefined || Number(value) === 0 ? [] : [`${Number(value)} ${names[i]}`]));
  return parts.length === 0 ? '0 s' : parts.join(' ');
}
