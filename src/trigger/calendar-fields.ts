import type { CronField } from './cron-field.ts';
import { CALENDAR_DAY, DAY_OF_WEEK, HOUR, MINUTE, MONTH, SECOND, WEEK, YEAR, expandItems, normaliseField } from './cron-field.ts';
import type { CronFields } from './cron-text.ts';
import { dayOfMonthItem, dayOfWeekItem, formOf } from './cron-text.ts';
import type { DayItem } from './day-items.ts';
import { LONGEST_TEXT } from './text.ts';
import type { CalendarField, CalendarTexts, TriggerError } from './trigger.ts';
import { CALENDAR_FIELDS } from './trigger.ts';

const GRAMMAR: Record<CalendarField, CronField> = {
  years: YEAR,
  months: MONTH,
  daysOfMonth: CALENDAR_DAY,
  weeks: WEEK,
  daysOfWeek: DAY_OF_WEEK,
  hours: HOUR,
  minutes: MINUTE,
  seconds: SECOND,
};

/** Weeks and days of the week go across the others: they have no place among coarse and fine, and select nothing unless given. */
const ACROSS: readonly CalendarField[] = ['weeks', 'daysOfWeek'];

export interface CalendarReading {
  /** What was given, without white space. */
  texts: CalendarTexts;
  /** null when something is wrong. Whether the days named ever come is not looked at. */
  fields: CronFields | null;
}

/** Reads all fields, those that were not given as APScheduler does. Every bad one is added to `errors` under its own path. */
export function readCalendarFields(
  input: { readonly [field in CalendarField]?: unknown },
  errors: TriggerError[],
): CalendarReading {
  const texts: CalendarTexts = {};
  const faults: TriggerError[] = [];
  const given = CALENDAR_FIELDS.filter((field) => (input[field] ?? null) !== null);
  const finest = given.at(-1);
  if (finest === undefined)
    faults.push({
      path: ['calendar'],
      message: 'calendar needs at least one field',
      constraint: `at least one of ${CALENDAR_FIELDS.join(', ')}`,
    });
  for (const field of given) {
    const text = readText(input[field], field, faults);
    if (text !== null) texts[field] = text;
  }

  const coarse = CALENDAR_FIELDS.slice(0, finest === undefined ? 0 : CALENDAR_FIELDS.indexOf(finest));
  const textOf = (field: CalendarField): string =>
    texts[field] ?? (coarse.includes(field) || ACROSS.includes(field) ? '*' : `${GRAMMAR[field].min}`);
  const plain = (field: CalendarField): string => {
    const result = normaliseField(GRAMMAR[field], textOf(field));
    if (!result.ok) faults.push({ path: ['calendar', field], message: result.message, constraint: GRAMMAR[field].allowed });
    return result.ok ? result.text : '*';
  };
  const numbers = (field: CalendarField): number[] => expandItems(GRAMMAR[field], plain(field).split(','));
  const numbersUnlessAll = (field: CalendarField): number[] | null => {
    const text = plain(field);
    return text === '*' ? null : expandItems(GRAMMAR[field], text.split(','));
  };

  const fields: CronFields = {
    years: numbersUnlessAll('years'),
    months: numbers('months'),
    dayOfMonth: dayItems(plain('daysOfMonth').split(',')),
    weeks: numbersUnlessAll('weeks'),
    dayOfWeek: weekdayItems(plain('daysOfWeek').split(',')),
    hours: numbers('hours'),
    minutes: numbers('minutes'),
    seconds: numbers('seconds'),
    followsRealClock: textOf('hours').startsWith('*') || textOf('minutes').startsWith('*'),
    dayOfMonthIs: formOf(textOf('daysOfMonth')),
    dayOfWeekIs: formOf(textOf('daysOfWeek')),
  };
  errors.push(...faults);
  return { texts, fields: faults.length === 0 ? fields : null };
}

/** White space around the items goes; inside of one it stays and is refused. */
function readText(value: unknown, field: CalendarField, errors: TriggerError[]): string | null {
  if (typeof value === 'string' && value.length <= LONGEST_TEXT)
    return value
      .split(',')
      .map((item) => item.trim())
      .join(',');
  const problem = typeof value === 'string' ? `${value.length} characters are too many` : `${field} must be text`;
  errors.push({ path: ['calendar', field], message: problem, constraint: `text of at most ${LONGEST_TEXT} characters` });
  return null;
}

/** Items of `daysOfMonth` as normalised: numbers, ranges, `L-3`, `15W`, and weekdays by their place. */
function dayItems(items: readonly string[]): DayItem[] {
  const isPlace = (item: string): boolean => /#|^\dL$/.test(item);
  const isToken = (item: string): boolean => !isPlace(item) && /[LW]/.test(item);
  const numbers = items.filter((item) => !isPlace(item) && !isToken(item));
  return [
    ...expandItems(CALENDAR_DAY, numbers).map(dayOfMonthItem),
    ...items.filter(isToken).map(dayOfMonthItem),
    ...items.filter(isPlace).map(dayOfWeekItem),
  ];
}

function weekdayItems(items: readonly string[]): DayItem[] {
  const isPlace = (item: string): boolean => /[#L]/.test(item);
  const numbers = items.filter((item) => !isPlace(item));
  return [...expandItems(DAY_OF_WEEK, numbers).map(dayOfWeekItem), ...items.filter(isPlace).map(dayOfWeekItem)];
}
