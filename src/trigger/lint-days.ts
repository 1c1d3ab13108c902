import { daysInMonth, isLeapYear } from './civil.ts';
import type { WallRule } from './cron-text.ts';
import type { DayItem } from './day-items.ts';
import { maskOf } from './day-items.ts';
import { MONTHS, datesOf, list, runs, weekdaysOf } from './describe.ts';
import { dateWords, weekdayWords } from './explain-fields.ts';
import type { TriggerLint } from './lint.ts';
import type { CalendarIntervalTrigger } from './trigger.ts';

const FEBRUARY = 2;
const monthName = (month: number): string => MONTHS[month - 1] ?? '';

/** Days that not every month has, and nothing else: day 29 to 31, the 5th of a weekday. */
export function monthsPassedOver({ fields, either }: WallRule): TriggerLint[] {
  if (fields.weeks !== null) return [];
  const anyDate = new Set(datesOf(fields.dayOfMonth)).size === 31;
  const anyWeekday = new Set(weekdaysOf(fields.dayOfWeek)).size === 7;
  // Where both fields must match, that some months go without is what was asked for.
  if (either ? anyDate || anyWeekday : anyDate === anyWeekday) return [];
  const items = [...(anyDate ? [] : fields.dayOfMonth), ...(anyWeekday ? [] : fields.dayOfWeek)];
  if (!items.every(isRare)) return [];

  /** Of 7 months of this length, each beginning on another weekday, how many have none of the days. */
  const lacking = (month: number, leap: boolean): number =>
    WEEK.filter((first) => maskOf(items, first, daysInMonth(leap, month)) === 0).length;
  const never = fields.months.filter((month) => lacking(month, true) === 7);
  const inLeapYears = fields.months.filter((month) => lacking(month, false) === 7 && lacking(month, true) === 0);
  const others = fields.months.filter((month) => !never.includes(month) && !inLeapYears.includes(month));
  const sometimes = others.some((month) => lacking(month, false) > 0);
  const words = [
    ...(anyDate ? [] : [dateWords(fields.dayOfMonth)]),
    ...(anyWeekday ? [] : [weekdayWords(fields.dayOfWeek)]),
  ].join(' or ');
  return passedOver([
    ...(never.length > 0 ? [runs(never, monthName)] : []),
    ...(inLeapYears.length > 0 ? ['February except in leap years'] : []),
    ...(sometimes ? [`months without ${words}`] : []),
  ]);
}

const WEEK = [0, 1, 2, 3, 4, 5, 6];

function isRare(item: DayItem): boolean {
  if (item.is === 'DAY' || item.is === 'NEAREST_WORKDAY') return item.day > 28;
  if (item.is === 'FROM_LAST') return item.back > 27;
  return item.is === 'NTH_WEEKDAY' && item.nth === 5;
}

/** Dates that follow one another by months, from a day that not all of these months have. */
export function stepsPassOver({ every, startOn }: CalendarIntervalTrigger): TriggerLint[] {
  const [, month = 1, day = 1] = startOn.split('-').map(Number);
  const { years, months, weeks, days } = Temporal.Duration.from(every);
  const step = years * 12 + months;
  // With weeks or days the day of the month moves at each step, and no month is passed over for long.
  if (day <= 28 || step === 0 || weeks + days > 0) return [];
  const reached = [...new Set(Array.from({ length: 12 }, (_, k) => ((month - 1 + k * step) % 12) + 1))].sort((a, b) => a - b);
  const never = reached.filter((each) => daysInMonth(true, each) < day);
  const inLeapYears = day === 29 && reached.includes(FEBRUARY) && !alwaysLeap(startOn, step);
  return passedOver([
    ...(never.length > 0 ? [runs(never, monthName)] : []),
    ...(inLeapYears ? ['February except in leap years'] : []),
  ]);
}

/** Every 4 years from a leap year: only 2100 and its like are passed over, beyond what anybody plans. */
function alwaysLeap(startOn: string, step: number): boolean {
  return step % 48 === 0 && isLeapYear(Number(startOn.slice(0, 4)));
}

function passedOver(what: readonly string[]): TriggerLint[] {
  if (what.length === 0) return [];
  return [{ code: 'MONTHS_PASSED_OVER', message: `It passes over ${list(what)}.`, at: null }];
}

/** Both day fields are given, and how they go together was left to crontab's rule. */
export function dayMatchAmbiguous({ fields, either }: WallRule): TriggerLint[] {
  if (fields.dayOfMonthIs === 'ANY' || fields.dayOfWeekIs === 'ANY') return [];
  const [date, weekday] = [dateWords(fields.dayOfMonth), weekdayWords(fields.dayOfWeek)];
  const message = either
    ? `It runs on ${date} and on any day that is ${weekday}: one of the two is enough, as in crontab. For days that are both, set dayMatch BOTH.`
    : `It runs on ${date} only if that is ${weekday}: both must match, as in crontab where one of the fields starts with *. For days that are either, set dayMatch EITHER.`;
  return [{ code: 'DAY_MATCH_AMBIGUOUS', message, at: null }];
}
