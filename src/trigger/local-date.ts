import { dayOfDate, daysInMonth, isLeapYear } from './civil.ts';
import { LONGEST_TEXT, shorten } from './text.ts';
import type { TriggerError } from './trigger.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/**
 * A date such as 2026-02-10 → its day number.
 * @returns null when it is none; the reason is added to `errors` under `path`
 */
export function readLocalDate(text: unknown, path: string[], errors: TriggerError[]): number | null {
  const match = DATE.exec(trimmed(text));
  const [year = 0, month = 0, day = 0] = match?.slice(1).map(Number) ?? [];
  if (year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(isLeapYear(year), month))
    return dayOfDate(year, month, day);
  const reason = match === null ? 'is not a date such as 2026-02-10' : 'does not exist in the calendar';
  errors.push({ path, message: `'${shown(text)}' ${reason}`, constraint: 'date without a time, years 0001-9999' });
  return null;
}

/**
 * A time of day such as 09:00 or 09:00:30 → the seconds since midnight.
 * @returns null when it is none; the reason is added to `errors` under `path`
 */
export function readTimeOfDay(text: unknown, path: string[], errors: TriggerError[]): number | null {
  const match = TIME.exec(trimmed(text));
  if (match !== null) {
    const [hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
    return (hour * 60 + minute) * 60 + second;
  }
  const message = `'${shown(text)}' is not a time of day such as 09:00 or 09:00:30`;
  errors.push({ path, message, constraint: '00:00 to 23:59:59, whole seconds' });
  return null;
}

const trimmed = (text: unknown): string => (typeof text === 'string' && text.length <= LONGEST_TEXT ? text.trim() : '');
const shown = (text: unknown): string => (typeof text === 'string' ? shorten(text) : typeof text);
