import { DAY_SECONDS, dayOfDate, daysInMonth, isLeapYear } from './civil.ts';
import { DAY_OF_WEEK, normaliseField } from './cron-field.ts';
import { parseCronText } from './cron-text.ts';
import type { DayItem } from './day-items.ts';
import type { DaySet } from './days.ts';
import { spend } from './effort.ts';
import { weekdaySet } from './local-days.ts';
import type { DayRange } from './local-days.ts';
import type { Compiler } from './members.ts';
import { checkedList, compileMember } from './members.ts';
import { nearNames } from './near-names.ts';
import { firstFrom } from './sorted.ts';
import { LONGEST_TEXT, shorten } from './text.ts';
import type { ExclusionCheck, ExclusionSpec, Trigger, TriggerContext, TriggerError } from './trigger.ts';

/** All exclusions of one `except`, by what they look at. */
export interface Exclusions {
  /** Canonical, in the order given. */
  specs: ExclusionSpec[];
  triggers: Trigger[];
  weekdays: DayItem[];
  ranges: DayRange[];
  /** Seconds of the day, [from, until); `from` later than `until` crosses midnight. */
  windows: [from: number, until: number][];
  /** The same one by one, for whoever asks why. */
  checks: ExclusionCheck[];
}

const SIZE = { least: 1, most: 50 };
const KINDS = ['trigger', 'dates', 'dailyWindow', 'daysOfWeek', 'calendar'];

/** @param path  of the list */
export function readExclusions(
  list: unknown,
  path: string[],
  context: TriggerContext,
  compiler: Compiler,
  errors: TriggerError[],
): Exclusions {
  const found: Exclusions = { specs: [], triggers: [], weekdays: [], ranges: [], windows: [], checks: [] };
  for (const [i, entry] of checkedList(list, path, SIZE, 'exclusions', errors).entries())
    readExclusion(entry, [...path, String(i)], context, compiler, errors, found);
  return found;
}

function readExclusion(
  entry: unknown,
  path: string[],
  context: TriggerContext,
  compiler: Compiler,
  errors: TriggerError[],
  found: Exclusions,
): void {
  const given = Object.entries(entry ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const [key = '', value] = given[0] ?? [];
  if (given.length !== 1 || !KINDS.includes(key)) {
    const message = `exactly one of ${KINDS.join(', ')} must be given`;
    errors.push({ path, message, constraint: KINDS.join(' | ') });
    return;
  }
  const at = [...path, key];
  if (key === 'trigger') {
    const trigger = compileMember(value, at, compiler, errors);
    if (trigger === null) return;
    found.triggers.push(trigger);
    add(found, { trigger: trigger.spec }, false, (instant) => trigger.matches(instant));
  } else if (key === 'dates') readDates(value, at, errors, found);
  else if (key === 'dailyWindow') readWindow(value, at, errors, found);
  else if (key === 'daysOfWeek') readWeekdays(value, at, errors, found);
  else readCalendar(value, at, context, errors, found);
}

const dayOf = (reading: number): number => Math.floor(reading / DAY_SECONDS);

function add(found: Exclusions, spec: ExclusionSpec, byDay: boolean, holds: ExclusionCheck['holds']): void {
  found.specs.push(spec);
  found.checks.push({ spec, byDay, holds });
}

interface Pair {
  from?: unknown;
  through?: unknown;
  until?: unknown;
}

function readDates(value: unknown, path: string[], errors: TriggerError[], found: Exclusions): void {
  const { from, through } = Object(value) as Pair;
  const [first, last] = [readDate(from, [...path, 'from'], errors), readDate(through, [...path, 'through'], errors)];
  if (first === null || last === null) return;
  const [fromText, throughText] = [String(from).trim(), String(through).trim()];
  if (first > last) {
    const message = `through ${throughText} is before from ${fromText}`;
    errors.push({ path: [...path, 'through'], message, constraint: 'not before from' });
    return;
  }
  found.ranges.push([first, last]);
  add(found, { dates: { from: fromText, through: throughText } }, true, (_, reading) => {
    const day = dayOf(reading);
    return day >= first && day <= last;
  });
}

/** `2026-12-24` → day number; null when it is none, with the reason in `errors`. */
function readDate(text: unknown, path: string[], errors: TriggerError[]): number | null {
  const given = typeof text === 'string' && text.length <= LONGEST_TEXT ? text.trim() : '';
  let reason = 'is not a date such as 2026-12-24';
  if (/^\d{4}-\d\d-\d\d$/.test(given)) {
    const [year = 0, month = 0, day = 0] = given.split('-').map(Number);
    if (year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(isLeapYear(year), month))
      return dayOfDate(year, month, day);
    reason = 'does not exist in the calendar';
  }
  const shown = typeof text === 'string' ? shorten(text) : typeof text;
  errors.push({ path, message: `'${shown}' ${reason}`, constraint: 'date, years 0001-9999' });
  return null;
}

function readWindow(value: unknown, path: string[], errors: TriggerError[], found: Exclusions): void {
  const { from, until } = Object(value) as Pair;
  const [start, end] = [readTime(from, [...path, 'from'], errors), readTime(until, [...path, 'until'], errors)];
  if (start === null || end === null) return;
  if (start === end) {
    const message = `from and until are both ${timeText(start)}: a window is shorter than a day and not empty`;
    errors.push({ path, message, constraint: 'from and until differ' });
    return;
  }
  found.windows.push([start, end]);
  add(found, { dailyWindow: { from: timeText(start), until: timeText(end) } }, false, (_, reading) => {
    const time = reading - dayOf(reading) * DAY_SECONDS;
    return start < end ? time >= start && time < end : time >= start || time < end;
  });
}

/** `22:00` or `22:00:00` → second of the day; null when it is none, with the reason in `errors`. */
function readTime(text: unknown, path: string[], errors: TriggerError[]): number | null {
  const match = typeof text === 'string' && text.length <= LONGEST_TEXT ? TIME.exec(text.trim()) : null;
  if (match !== null) return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  const shown = typeof text === 'string' ? shorten(text) : typeof text;
  errors.push({ path, message: `'${shown}' is not a time of day such as 22:00`, constraint: '00:00:00 to 23:59:59' });
  return null;
}
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.0{1,9})?)?$/;

/** @param second  of the day. @returns `22:00:00` */
function timeText(second: number): string {
  return [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
    .map((value) => String(value).padStart(2, '0'))
    .join(':');
}

function readWeekdays(value: unknown, path: string[], errors: TriggerError[], found: Exclusions): void {
  const constraint = DAY_OF_WEEK.allowed;
  const text = typeof value === 'string' && value.length <= LONGEST_TEXT ? value.trim().toUpperCase() : '';
  if (text === '' || /\s/.test(text)) {
    const message = `'${typeof value === 'string' ? shorten(value) : typeof value}' is not a list of weekdays such as SAT,SUN`;
    errors.push({ path, message, constraint });
    return;
  }
  const normal = normaliseField(DAY_OF_WEEK, text);
  const parsed = normal.ok ? parseCronText(`0 0 * * ${normal.text}`) : null;
  if (!normal.ok || !parsed?.ok) {
    errors.push({ path, message: normal.ok ? `'${shorten(text)}' is not understood` : normal.message, constraint });
    return;
  }
  const { dayOfWeek } = parsed.fields;
  found.weekdays.push(...dayOfWeek);
  let days: DaySet | undefined;
  add(found, { daysOfWeek: text }, true, (_, reading) => (days ??= weekdaySet(dayOfWeek)).has(dayOf(reading)));
}

function readCalendar(value: unknown, path: string[], context: TriggerContext, errors: TriggerError[], found: Exclusions): void {
  const name = typeof value === 'string' ? value.trim() : '';
  const days = context.calendars?.get(name);
  if (days === undefined) {
    const near = nearNames(name, [...(context.calendars?.keys() ?? [])]);
    const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
    const message = `there is no calendar '${shorten(name)}'.${hint}`;
    errors.push({ path, message, constraint: 'name of a calendar' });
    return;
  }
  const known = found.specs.some((spec) => 'calendar' in spec && spec.calendar === name);
  if (!known) {
    spend(2 * days.length);
    for (const day of days) found.ranges.push([day, day]);
  }
  add(found, { calendar: name }, true, (_, reading) => days[firstFrom(days, dayOf(reading))] === dayOf(reading));
}
