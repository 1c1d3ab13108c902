import { LONGEST_TEXT, shorten } from './text.ts';

/** 100 years: more than any grid needs, and far from where sums of milliseconds lose precision. */
const LONGEST_MS = 36_525 * 86_400_000;

/**
 * ISO-8601 duration → whole milliseconds. A day is 24 hours and a week 7 days; the smallest unit given may have a fraction.
 * Years and months are refused, because their length depends on the date; so are negative ones, fractions of a
 * millisecond and more than 100 years. Zero is allowed: what a field needs beyond that is its own rule.
 */
export function parseDuration(text: string): { ok: true; ms: number } | { ok: false; message: string } {
  const refuse = (reason: string): { ok: false; message: string } => ({ ok: false, message: `'${shorten(text)}' ${reason}` });
  const notIso = 'is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W';
  if (text.length > LONGEST_TEXT) return refuse(notIso);
  let duration: Temporal.Duration;
  try {
    duration = Temporal.Duration.from(text.trim());
  } catch {
    return refuse(notIso);
  }
  if (duration.sign < 0) return refuse('is negative: a duration here runs forward');
  if (duration.years > 0 || duration.months > 0)
    return refuse('has years or months, whose length depends on the date: use weeks, days or smaller');
  if (duration.microseconds > 0 || duration.nanoseconds > 0) return refuse('has fractions of a millisecond');
  const hours = (duration.weeks * 7 + duration.days) * 24 + duration.hours;
  const ms = (hours * 60 + duration.minutes) * 60_000 + duration.seconds * 1000 + duration.milliseconds;
  return ms <= LONGEST_MS ? { ok: true, ms } : refuse('is longer than 100 years (P36525D)');
}

/** The canonical ISO-8601 text: whole weeks as `P2W`, everything else in days, hours, minutes and seconds (`P1DT2H0.5S`). */
export function formatDuration(ms: number): string {
  const { days, hours, minutes, seconds } = unitsOf(ms);
  if (days > 0 && days % 7 === 0 && ms % 86_400_000 === 0) return `P${days / 7}W`;
  const date = days > 0 ? `${days}D` : '';
  const time = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

/** Plain English: `10 minutes`, `1 hour 30 minutes`, `day` (one of a single unit goes without its number). */
export function describeDuration(ms: number): string {
  const { days, hours, minutes, seconds } = unitsOf(ms);
  const weeks = days % 7 === 0 && ms % 86_400_000 === 0 ? days / 7 : 0;
  const parts: [number, string][] = [
    [weeks, 'week'],
    [weeks > 0 ? 0 : days, 'day'],
    [hours, 'hour'],
    [minutes, 'minute'],
    [seconds, 'second'],
  ];
  const given = parts.filter(([size]) => size > 0);
  const [only] = given;
  if (given.length === 1 && only?.[0] === 1) return only[1];
  return given.map(([size, unit]) => `${size} ${unit}${size === 1 ? '' : 's'}`).join(' ');
}

/** The same where no `every` comes before it: `1 day`. */
export function describeLength(ms: number): string {
  return describeDuration(ms).replace(/^(?=\D)/, '1 ');
}

function unitsOf(ms: number): { days: number; hours: number; minutes: number; seconds: number } {
  return {
    days: Math.floor(ms / 86_400_000),
    hours: Math.floor(ms / 3_600_000) % 24,
    minutes: Math.floor(ms / 60_000) % 60,
    seconds: (ms % 60_000) / 1000,
  };
}
