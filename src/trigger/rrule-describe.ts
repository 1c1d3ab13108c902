import { DAY_SECONDS } from './civil.ts';
import { MONTHS, WEEKDAYS, list, ordinal, runs, two } from './describe.ts';
import { fillIn } from './rrule-pattern.ts';
import type { Frequency, RRule, RRuleWeekday } from './rrule-text.ts';
import type { EffectiveDst } from './trigger.ts';
import { localText } from './zone.ts';

const UNITS: Record<Frequency, string> = {
  YEARLY: 'year',
  MONTHLY: 'month',
  WEEKLY: 'week',
  DAILY: 'day',
  HOURLY: 'hour',
  MINUTELY: 'minute',
  SECONDLY: 'second',
};
/** More times of day than this are told by their fields. */
const MOST_LISTED = 6;

/**
 * `every 2 weeks on Monday and Friday at 09:00, 10 times, from 2026-01-05 (Europe/Berlin)`.
 * @param start    reading of DTSTART, whole seconds
 * @param further  numbers of RDATEs and EXDATEs
 */
export function describeRRule(
  rule: RRule,
  start: number,
  further: { rdates: number; exdates: number },
  timeZone: string,
  dst: EffectiveDst,
): string {
  const filled = fillIn(rule, start);
  const unit = UNITS[rule.freq];
  const withinDay = rule.freq === 'HOURLY' || rule.freq === 'MINUTELY' || rule.freq === 'SECONDLY';
  const phrases = [
    rule.interval === 1 ? `every ${unit}` : `every ${rule.interval} ${unit}s`,
    withinDay ? describeFields(rule) : '',
    describeDates(filled),
    rule.months.length > 0 || (filled.months.length > 0 && rule.freq === 'YEARLY')
      ? `in ${runs(filled.months, (month) => MONTHS[month - 1] ?? '')}`
      : '',
    withinDay ? '' : describeTimes(filled),
  ];
  const parts = [phrases.filter((phrase) => phrase !== '').join(' ')];
  if (rule.positions.length > 0) parts.push(`only the ${list(rule.positions.map(nthText))} of each ${unit}`);
  if (rule.count !== null) parts.push(rule.count === 1 ? 'once' : `${rule.count} times`);
  const [day, time] = shown(start).split(' ');
  parts.push(`from ${withinDay ? `${day} ${time}` : day}`);
  if (rule.until !== null) {
    const text = rule.until.text.length === 8 ? shown(rule.until.reading).slice(0, 10) : shown(rule.until.reading);
    parts.push(`until ${text}${rule.until.utc ? ' UTC' : ''}`);
  }
  if (further.rdates > 0) parts.push(`with ${further.rdates} further time${further.rdates > 1 ? 's' : ''}`);
  if (further.exdates > 0) parts.push(`without ${further.exdates} excluded time${further.exdates > 1 ? 's' : ''}`);
  return `${parts.join(', ')} (${[timeZone, ...describeDst(dst)].join('; ')})`;
}

const shown = (reading: number): string => localText(reading, 0).replace('T', ' ').replace(/:00$/, '');

function describeDst(dst: EffectiveDst): string[] {
  const notes: string[] = [];
  if (dst.gap !== 'SHIFT')
    notes.push(dst.gap === 'SKIP' ? 'missing times are skipped' : 'missing times run right after the jump');
  if (dst.overlap !== 'FIRST')
    notes.push(dst.overlap === 'LAST' ? 'repeated times run the second time' : 'repeated times run twice');
  return notes;
}

/** 1st, 2nd; last, 2nd to last. */
function nthText(nth: number): string {
  if (nth > 0) return ordinal(nth);
  return nth === -1 ? 'last' : `${ordinal(-nth)} to last`;
}

function describeDates(rule: RRule): string {
  const phrases: string[] = [];
  if (rule.weekNumbers.length > 0) phrases.push(`in ${numbered('week', rule.weekNumbers)}`);
  if (rule.yearDays.length > 0) phrases.push(`on ${numbered('day', rule.yearDays)} of the year`);
  if (rule.monthDays.length > 0) phrases.push(`on ${numbered('day', rule.monthDays)}`);
  if (rule.weekdays.length > 0)
    phrases.push(`${rule.yearDays.length + rule.monthDays.length > 0 ? 'if it is' : 'on'} ${weekdaysText(rule)}`);
  return phrases.join(' ');
}

/** `days 1 to 7`, `the last day`, `day 15 and the last day`. */
function numbered(name: string, values: readonly number[]): string {
  const [forward, back] = [values.filter((value) => value > 0), values.filter((value) => value < 0)];
  const phrases = forward.length > 0 ? [`${name}${forward.length > 1 ? 's' : ''} ${runs(forward, String)}`] : [];
  return list([...phrases, ...back.toReversed().map((value) => `the ${nthText(value)} ${name}`)]);
}

function weekdaysText(rule: RRule): string {
  const plain = rule.weekdays.filter((item) => item.nth === 0).map(({ weekday }) => (weekday + 6) % 7);
  const days = plain.length > 0 ? [runs(plain, (day) => WEEKDAYS[(day + 1) % 7] ?? '')] : [];
  const byNumber = rule.weekdays.filter((item) => item.nth !== 0);
  const inYear = rule.freq === 'YEARLY' && rule.months.length === 0 ? ' of the year' : '';
  const text = ({ weekday, nth }: RRuleWeekday): string => `the ${nthText(nth)} ${WEEKDAYS[weekday]}${inYear}`;
  return list([...days, ...byNumber.map(text)]);
}

function describeTimes(rule: RRule): string {
  const { hours, minutes, seconds } = rule;
  if (hours.length * minutes.length * seconds.length > MOST_LISTED)
    return `at ${[
      field('hour', hours),
      field('minute', minutes),
      seconds.length > 1 || seconds[0] !== 0 ? field('second', seconds) : '',
    ]
      .filter((text) => text !== '')
      .join(', ')}`;
  const times = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => shown((hour * 60 + minute) * 60 + second + DAY_SECONDS).slice(11))),
  );
  return `at ${list(times)}`;
}

const field = (name: string, values: readonly number[]): string =>
  values.length === 0 ? '' : `${name}${values.length > 1 ? 's' : ''} ${runs(values, name === 'hour' ? two : String)}`;

/** The times of day that a rule within the day names itself. */
function describeFields(rule: RRule): string {
  const fields = [field('hour', rule.hours), field('minute', rule.minutes), field('second', rule.seconds)];
  const given = fields.filter((text) => text !== '');
  return given.length > 0 ? `at ${list(given)}` : '';
}
