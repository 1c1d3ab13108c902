import type { CronFields } from './cron-text.ts';
import type { DayItem } from './day-items.ts';
import type { DstGap, EffectiveDst } from './trigger.ts';

export const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
export const MONTHS = 'January February March April May June July August September October November December'.split(' ');

const GAPS: Record<DstGap, string> = {
  RUN_AFTER: 'missing times run right after the jump',
  SHIFT: 'missing times move on by the jump',
  SKIP: 'missing times are skipped',
};

/** More times of day than this are told as a rule, fewer as a list. */
const MOST_LISTED = 6;

/**
 * The fields of crontab or calendar in plain English, e.g. `at 09:00 on Monday to Friday (Europe/Berlin)`. Told from the values, not from the
 * text, so two spellings of one rule read alike. Daylight saving is mentioned where it is not the default.
 */
export function describeCron(fields: CronFields, either: boolean, timeZone: string, dst: EffectiveDst): string {
  const parts = [describeTimes(fields), describeDays(fields, either), describeWeeks(fields.weeks), describeMonths(fields.months)];
  if (fields.years !== null) parts.push(`in ${runs(fields.years, String)}`);
  return `${parts.filter((part) => part !== '').join(' ')} (${[timeZone, ...describeDst(dst)].join('; ')})`;
}

/** What of the policy is not the default of the kind. */
export function describeDst(dst: EffectiveDst, usualGap: DstGap = 'RUN_AFTER'): string[] {
  const notes: string[] = [];
  if (dst.followsRealClock) return notes;
  if (dst.gap !== usualGap) notes.push(GAPS[dst.gap]);
  if (dst.overlap !== 'FIRST')
    notes.push(dst.overlap === 'LAST' ? 'repeated times run the second time' : 'repeated times run twice');
  return notes;
}

function describeTimes({ hours, minutes, seconds }: CronFields): string {
  const everyHour = hours.length === 24;
  const onTheMinute = seconds.length === 1 && seconds[0] === 0;
  if (!everyHour && hours.length * minutes.length * seconds.length <= MOST_LISTED)
    return `at ${list(timesOfDay(hours, minutes, seconds))}`;

  const parts: string[] = [];
  if (!onTheMinute) parts.push(describeUnit(seconds, 60, 'second'));
  if (minutes.length < 60 || onTheMinute) parts.push(describeUnit(minutes, 60, 'minute'));
  if (onTheMinute && minutes.length === 1 && minutes[0] === 0) return describeFullHours(hours);
  if (!everyHour) parts.push(hourStep(hours) ?? `in the hour${hours.length > 1 ? 's' : ''} ${runs(hours, (hour) => two(hour))}`);
  else if (minutes.length < 60 && evenStep(minutes, 60) === null) parts.push('of every hour');
  return parts.join(' ');
}

function timesOfDay(hours: number[], minutes: number[], seconds: number[]): string[] {
  const onTheMinute = seconds.length === 1 && seconds[0] === 0;
  const clock = (...values: number[]): string => values.map(two).join(':');
  return hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => (onTheMinute ? clock(hour, minute) : clock(hour, minute, second)))),
  );
}

/** `every minute`, `every 5 minutes`, `at minutes 0, 7 and 14`. */
function describeUnit(values: readonly number[], size: number, unit: string): string {
  const step = evenStep(values, size);
  if (step !== null) return step === 1 ? `every ${unit}` : `every ${step} ${unit}s`;
  return `at ${unit}${values.length > 1 ? 's' : ''} ${runs(values, String)}`;
}

function describeFullHours(hours: readonly number[]): string {
  const [first = 0, last = 0] = [hours[0], hours.at(-1)];
  if (evenStep(hours, 24) === null && last - first === hours.length - 1)
    return `every hour from ${two(first)}:00 to ${two(last)}:00`;
  return evenStep(hours, 24) === null ? `at ${list(hours.map((hour) => `${two(hour)}:00`))}` : describeUnit(hours, 24, 'hour');
}
const hourStep = (hours: readonly number[]): string | null => {
  const step = evenStep(hours, 24);
  return step === null ? null : `of every ${ordinal(step)} hour`;
};

/** The distance when the values run evenly through the whole field, from 0 and over its end; else null. */
function evenStep(values: readonly number[], size: number): number | null {
  const step = size / values.length;
  return Number.isInteger(step) && step < size && values.every((value, i) => value === i * step) ? step : null;
}

function describeDays(fields: CronFields, either: boolean): string {
  const anyDay = fields.dayOfMonthIs === 'ANY' || everyDayOfMonth(fields.dayOfMonth);
  const anyWeekday = fields.dayOfWeekIs === 'ANY' || weekdaysOf(fields.dayOfWeek).length === 7;
  if (either)
    return anyDay || anyWeekday
      ? 'every day'
      : `on ${describeDates(fields.dayOfMonth)} or on ${describeWeekdays(fields.dayOfWeek)}`;
  if (anyDay && anyWeekday) return runsAllDay(fields) ? '' : 'every day';
  if (anyDay) return `on ${describeWeekdays(fields.dayOfWeek)}`;
  const dates = `on ${describeDates(fields.dayOfMonth)}`;
  return anyWeekday ? dates : `${dates} if it is ${describeWeekdays(fields.dayOfWeek)}`;
}

const everyDayOfMonth = (items: readonly DayItem[]): boolean => items.filter((item) => item.is === 'DAY').length === 31;
/** `every 5 minutes every day` says no more than `every 5 minutes`. */
const runsAllDay = ({ hours }: CronFields): boolean => hours.length === 24 || evenStep(hours, 24) !== null;

function describeDates(items: readonly DayItem[]): string {
  const days = datesOf(items);
  const phrases = days.length > 0 ? [`day${days.length > 1 ? 's' : ''} ${runs(days, String)}`] : [];
  return list([...phrases, ...describeOtherDates(items)], 'or');
}

/** The days of the month that are told by their number, ascending. */
export const datesOf = (items: readonly DayItem[]): number[] =>
  items.flatMap((item) => (item.is === 'DAY' ? [item.day] : [])).sort((a, b) => a - b);

/** Those that are not, each in words. */
export function describeOtherDates(items: readonly DayItem[]): string[] {
  const phrases: string[] = [];
  for (const item of items) {
    if (item.is === 'FROM_LAST')
      phrases.push(
        item.back === 0
          ? 'the last day of the month'
          : `${item.back} day${item.back > 1 ? 's' : ''} before the last of the month`,
      );
    if (item.is === 'LAST_WORKDAY') phrases.push('the last working day (Monday to Friday) of the month');
    if (item.is === 'NEAREST_WORKDAY') phrases.push(`the working day (Monday to Friday) nearest to day ${item.day}`);
    phrases.push(...describePlace(item));
  }
  return phrases;
}

export const weekdaysOf = (items: readonly DayItem[]): number[] =>
  items.flatMap((item) => (item.is === 'WEEKDAY' ? [item.weekday] : []));

function describeWeekdays(items: readonly DayItem[]): string {
  // The week is told from Monday, so that a weekend is one stretch.
  const days = weekdaysOf(items)
    .map((day) => (day + 6) % 7)
    .sort((a, b) => a - b);
  const phrases = days.length > 0 ? [runs(days, (day) => WEEKDAYS[(day + 1) % 7] ?? '')] : [];
  for (const item of items) {
    phrases.push(...describePlace(item));
  }
  return list(phrases, 'or');
}

/** A weekday by its place in the month. */
export function describePlace(item: DayItem): string[] {
  if (item.is === 'NTH_WEEKDAY') return [`the ${ordinal(item.nth)} ${WEEKDAYS[item.weekday]} of the month`];
  return item.is === 'LAST_WEEKDAY' ? [`the last ${WEEKDAYS[item.weekday]} of the month`] : [];
}

function describeWeeks(weeks: readonly number[] | null): string {
  return weeks === null ? '' : `in ISO week${weeks.length > 1 ? 's' : ''} ${runs(weeks, String)}`;
}

function describeMonths(months: readonly number[]): string {
  return months.length === 12 ? '' : `in ${runs(months, (month) => MONTHS[month - 1] ?? '')}`;
}

/** Ascending values as text; three and more neighbours become `a to b`. */
export function runs(values: readonly number[], name: (value: number) => string, link = 'and'): string {
  const phrases: string[] = [];
  for (let i = 0; i < values.length; i++) {
    const first = values[i] ?? 0;
    let last = first;
    while (values[i + 1] === last + 1) last = values[++i] ?? 0;
    if (last - first >= 2) phrases.push(`${name(first)} to ${name(last)}`);
    else phrases.push(...(first === last ? [name(first)] : [name(first), name(last)]));
  }
  if (phrases.length > 12) return `${phrases.slice(0, 3).join(', ')}, … ${phrases.at(-1)}`;
  return list(phrases, link);
}

export function list(phrases: readonly string[], link = 'and'): string {
  return phrases.length < 2 ? (phrases[0] ?? '') : `${phrases.slice(0, -1).join(', ')} ${link} ${phrases.at(-1)}`;
}

export const two = (value: number): string => String(value).padStart(2, '0');
export const ordinal = (value: number): string =>
  `${value}${{ 1: 'st', 2: 'nd', 3: 'rd' }[value % 100 > 10 && value % 100 < 14 ? 0 : value % 10] ?? 'th'}`;
