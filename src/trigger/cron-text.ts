import { parse } from 'node-cron';
import type { CronField } from './cron-field.ts';
import { DAY_OF_MONTH, DAY_OF_WEEK, expandItems, HOUR, MINUTE, MONTH, normaliseField, SECOND, YEAR } from './cron-field.ts';
import type { DayItem } from './day-items.ts';
import { shorten } from './text.ts';
import type { CalendarTexts } from './trigger.ts';

/** Crontab text, understood. All lists ascending. */
export interface CronFields {
  seconds: number[];
  minutes: number[];
  hours: number[];
  dayOfMonth: DayItem[];
  months: number[];
  dayOfWeek: DayItem[];
  /** ISO weeks; null: every week, as always in crontab. */
  weeks: number[] | null;
  /** null: every year. */
  years: number[] | null;
  /** The minute or hour field starts with `*`. */
  followsRealClock: boolean;
  dayOfMonthIs: DayFieldForm;
  dayOfWeekIs: DayFieldForm;
}

/** What the fields say of a day and a time. `either`: one of the two day fields is enough. */
export interface WallRule {
  readonly fields: CronFields;
  readonly either: boolean;
}

/** One bad field; `allowed` is absent when the text as a whole is wrong. */
export interface CronTextError {
  message: string;
  allowed?: string;
}

/** ANY: `*` or `?` alone. STARRED: starts with `*`, which is what crontab looks at. */
type DayFieldForm = 'ANY' | 'STARRED' | 'LISTED';

const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** One blank between fields, none around; nicknames in small letters. */
export function normaliseSpace(expression: string): string {
  const text = expression.trim().split(/\s+/).join(' ');
  return text.startsWith('@') ? text.toLowerCase() : text;
}

/**
 * Reads 5, 6 (leading seconds) or 7 (trailing year) fields, or a nickname. Whether the days named ever come is not looked at.
 * @param expression  as answered by `normaliseSpace`
 * @returns on failure one error per bad field
 */
export function parseCronText(expression: string): { ok: true; fields: CronFields } | { ok: false; errors: CronTextError[] } {
  if (expression === '') return refuse('the expression is empty: give 5, 6 or 7 fields, or a nickname such as @daily');
  const text = expression.startsWith('@') ? NICKNAMES[expression] : expression;
  if (text === undefined) {
    const known = Object.keys(NICKNAMES).join(', ');
    return refuse(`'${shorten(expression)}' is not a nickname; allowed: ${known}`);
  }
  const given = text.split(' ');
  if (given.length < 5 || given.length > 7) {
    const order = 'minute hour day-of-month month day-of-week, with seconds before or seconds before and a year after';
    return refuse(`expected 5, 6 or 7 fields (${order}), got ${given.length}`);
  }
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = '*'] =
    given.length === 5 ? ['0', ...given] : given;

  const errors: CronTextError[] = [];
  const plain = (field: CronField, fieldText: string): string => {
    const result = normaliseField(field, fieldText);
    if (!result.ok) errors.push({ message: result.message, allowed: field.allowed });
    return result.ok ? result.text : '*';
  };
  const time = [plain(SECOND, second), plain(MINUTE, minute), plain(HOUR, hour)].join(' ');
  const [dayText, monthText, weekdayText] = [plain(DAY_OF_MONTH, dayOfMonth), plain(MONTH, month), plain(DAY_OF_WEEK, dayOfWeek)];
  const yearText = plain(YEAR, year);
  if (errors.length > 0) return { ok: false, errors };

  // Without the month: together node-cron refuses `30 2` even where a day of week may match instead.
  const parsed = parse(`${time} ${dayText} * ${weekdayText}`);
  const fields: CronFields = {
    seconds: ascending(parsed.second),
    minutes: ascending(parsed.minute),
    hours: ascending(parsed.hour),
    dayOfMonth: parsed.dayOfMonth.map(dayOfMonthItem),
    months: expandItems(MONTH, monthText.split(',')),
    dayOfWeek: parsed.dayOfWeek.map(dayOfWeekItem),
    weeks: null,
    years: yearText === '*' ? null : expandItems(YEAR, yearText.split(',')),
    followsRealClock: minute.startsWith('*') || hour.startsWith('*'),
    dayOfMonthIs: formOf(dayOfMonth),
    dayOfWeekIs: formOf(dayOfWeek),
  };
  return { ok: true, fields };
}

const refuse = (message: string): { ok: false; errors: CronTextError[] } => ({ ok: false, errors: [{ message }] });

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

export function formOf(text: string): DayFieldForm {
  if (text === '*' || text === '?') return 'ANY';
  return text.startsWith('*') ? 'STARRED' : 'LISTED';
}

/** node-cron's `12`, `L`, `L-3`, `LW`, `15W`. */
export function dayOfMonthItem(token: number | string): DayItem {
  if (typeof token === 'number') return { is: 'DAY', day: token };
  if (token === 'LW') return { is: 'LAST_WORKDAY' };
  if (token.endsWith('W')) return { is: 'NEAREST_WORKDAY', day: Number(token.slice(0, -1)) };
  return { is: 'FROM_LAST', back: Number(token.slice(2)) };
}

/** node-cron's `1`, `5L`, `1#3`; Sunday is 0 by then. */
export function dayOfWeekItem(token: number | string): DayItem {
  if (typeof token === 'number') return { is: 'WEEKDAY', weekday: token };
  const weekday = Number(token[0]);
  return token.endsWith('L') ? { is: 'LAST_WEEKDAY', weekday } : { is: 'NTH_WEEKDAY', weekday, nth: Number(token.slice(2)) };
}

/** The fields of text that has parsed, by the names they have in a calendar trigger. */
export function cronFieldTexts(expression: string): CalendarTexts {
  const given = (NICKNAMES[expression] ?? expression).split(' ');
  const [seconds = '', minutes = '', hours = '', daysOfMonth = '', months = '', daysOfWeek = '', years = '*'] =
    given.length === 5 ? ['0', ...given] : given;
  return { years, months, daysOfMonth, daysOfWeek, hours, minutes, seconds };
}
