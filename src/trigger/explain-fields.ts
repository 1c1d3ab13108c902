import type { Cause } from './cause.ts';
import { asFarAsDecided } from './cause.ts';
import { DAY_SECONDS, daysInMonth, isLeapYear, isoWeekOf, packedDate, weekdayOf } from './civil.ts';
import type { WallRule } from './cron-text.ts';
import type { DayItem } from './day-items.ts';
import { maskOf } from './day-items.ts';
import { MONTHS, WEEKDAYS, datesOf, describeOtherDates, describePlace, list, runs, weekdaysOf } from './describe.ts';
import { clockText } from './reading-text.ts';

/**
 * What the fields of crontab or calendar say of a reading of the clock, from coarse to fine. Years and weeks are told of only
 * where some are listed.
 * @param reading  whole milliseconds since 1970-01-01T00:00:00 as the clock shows it
 */
export function explainFields({ fields, either }: WallRule, reading: number): Cause[] {
  const second = Math.floor(reading / 1000);
  const day = Math.floor(second / DAY_SECONDS);
  const time = second - day * DAY_SECONDS;
  const date = packedDate(day);
  const causes: Cause[] = [];
  const check = (field: Field, value: number, allowed: readonly number[]): void =>
    void causes.push(explainValue(field, value, allowed));

  if (fields.years !== null) check(YEAR, date >> 9, fields.years);
  check(MONTH, (date >> 5) & 15, fields.months);
  causes.push(explainDay(fields.dayOfMonth, fields.dayOfWeek, either, day));
  if (fields.weeks !== null) check(WEEK, isoWeekOf(day), fields.weeks);
  check(HOUR, Math.floor(time / 3600), fields.hours);
  check(MINUTE, Math.floor(time / 60) % 60, fields.minutes);
  check(SECOND, time % 60, fields.seconds);
  if (second * 1000 !== reading)
    causes.push({ subject: 'millisecond', passes: false, message: `${clockText(reading)} is not a whole second` });
  return asFarAsDecided(causes);
}

interface Field {
  subject: string;
  /** Number of all its values. */
  size: number;
  /** A value in a list of values, and alone. */
  name: (value: number) => string;
  alone: (value: number) => string;
}
const numbered = (subject: string, size: number, noun = subject): Field => ({
  subject,
  size,
  name: String,
  alone: (value) => `${noun} ${value}`,
});
const monthName = (month: number): string => MONTHS[month - 1] ?? '';
const YEAR = numbered('year', Infinity);
const MONTH: Field = { subject: 'month', size: 12, name: monthName, alone: monthName };
const WEEK = numbered('week', 53, 'ISO week');
const HOUR = numbered('hour', 24);
const MINUTE = numbered('minute', 60);
const SECOND = numbered('second', 60);

function explainValue({ subject, size, name, alone }: Field, value: number, allowed: readonly number[]): Cause {
  const passes = allowed.includes(value);
  const cause = (said: string): Cause => ({ subject, passes, message: `${alone(value)}${said}` });
  if (allowed.length === size) return cause(`: every ${subject} is allowed`);
  const all = runs(allowed, name);
  if (allowed.length === 1) return cause(passes ? ' is the one that is asked for' : ` is not ${all}`);
  return cause(` is ${passes ? '' : 'not '}among ${all}`);
}

function explainDay(dates: readonly DayItem[], weekdays: readonly DayItem[], either: boolean, dayNumber: number): Cause {
  const date = packedDate(dayNumber);
  const day = date & 31;
  const firstWeekday = (((weekdayOf(dayNumber) - day + 1) % 7) + 7) % 7;
  const length = daysInMonth(isLeapYear(date >> 9), (date >> 5) & 15);
  const named = (items: readonly DayItem[]): boolean => ((maskOf(items, firstWeekday, length) >> (day - 1)) & 1) === 1;
  const [byDate, byWeekday] = [named(dates), named(weekdays)];
  const passes = either ? byDate || byWeekday : byDate && byWeekday;
  const cause = (said: string): Cause => ({
    subject: 'day',
    passes,
    message: `day ${day}, a ${WEEKDAYS[weekdayOf(dayNumber)]}${said}`,
  });

  const [anyDate, anyWeekday] = [new Set(datesOf(dates)).size === 31, new Set(weekdaysOf(weekdays)).size === 7];
  if (either ? anyDate || anyWeekday : anyDate && anyWeekday) return cause(': every day is allowed');
  const [dateText, weekdayText] = [dateWords(dates), weekdayWords(weekdays)];
  if (anyDate || anyWeekday) return cause(`, is ${passes ? 'allowed: it is ' : 'not '}${anyDate ? weekdayText : dateText}`);
  if (either) {
    if (!passes) return cause(`, is neither ${dateText} nor ${weekdayText}`);
    if (byDate && byWeekday) return cause(`, is both ${dateText} and ${weekdayText}; one of the two is enough`);
    return cause(`, is ${byDate ? dateText : weekdayText}; that is enough, it need not be ${byDate ? weekdayText : dateText}`);
  }
  if (passes) return cause(`, is ${dateText} and ${weekdayText}; both must be so`);
  return cause(`, is not ${byDate ? weekdayText : dateText}; it must be ${dateText} and ${weekdayText}`);
}

/** `day 1, 13 or 20`, `the last day of the month`. */
export function dateWords(items: readonly DayItem[]): string {
  const days = datesOf(items);
  return list([...(days.length > 0 ? [`day ${runs(days, String, 'or')}`] : []), ...describeOtherDates(items)], 'or');
}

/** `a Monday, Tuesday or Friday`, the week told from Monday. */
export function weekdayWords(items: readonly DayItem[]): string {
  const days = [...new Set(weekdaysOf(items))].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
  const names = list(
    days.map((day) => WEEKDAYS[day] ?? ''),
    'or',
  );
  return list([...(days.length > 0 ? [`a ${names}`] : []), ...items.flatMap(describePlace)], 'or');
}
