import type { CronField } from './cron-field.ts';
import { CALENDAR_DAY, DAY_OF_WEEK, HOUR, MINUTE, MONTH, SECOND, WEEK, expandItems, normaliseField } from './cron-field.ts';
import type { CronFields } from './cron-text.ts';
import type { TriggerLint } from './lint.ts';
import type { CalendarField, CalendarTexts } from './trigger.ts';

/** How a field runs round. */
interface Round {
  field: CronField;
  unit: string;
  /** After what it begins again, and how many of its values that may have. */
  within: string;
  sizes: readonly number[];
}
const ROUNDS: Partial<Record<CalendarField, Round>> = {
  months: { field: MONTH, unit: 'month', within: 'year', sizes: [12] },
  daysOfMonth: { field: CALENDAR_DAY, unit: 'day', within: 'month', sizes: [28, 29, 30, 31] },
  weeks: { field: WEEK, unit: 'week', within: 'year', sizes: [52, 53] },
  daysOfWeek: { field: DAY_OF_WEEK, unit: 'day', within: 'week', sizes: [7] },
  hours: { field: HOUR, unit: 'hour', within: 'day', sizes: [24] },
  minutes: { field: MINUTE, unit: 'minute', within: 'hour', sizes: [60] },
  seconds: { field: SECOND, unit: 'second', within: 'minute', sizes: [60] },
};

/** A step that runs to the end of its field and does not fit: it begins again too early. */
export function unevenSteps(texts: CalendarTexts, fields: CronFields): TriggerLint[] {
  const lints: TriggerLint[] = [];
  for (const [name, round] of Object.entries(ROUNDS)) {
    const text = texts[name as CalendarField] ?? '';
    const step = Number(/\/(\d+)$/.exec(text)?.[1] ?? 0);
    if (step < 2 || text.includes(',') || !goesRound(name as CalendarField, fields)) continue;
    const shortest = lastGap(round, text);
    if (shortest >= step) continue;
    const { unit, within, sizes } = round;
    const far = (size: number): string => `${size} ${unit}${size === 1 ? '' : 's'}`;
    const message = `${name} '${text}' are ${far(step)} apart, but ${sizes.length > 1 ? 'as little as' : 'only'} ${far(shortest)} from the last of one ${within} to the first of the next.`;
    lints.push({ code: 'UNEVEN_STEP', message, at: null });
  }
  return lints;
}

/** The smallest distance from the last value to the first one of the next round. A step has two values at least. */
function lastGap({ field, sizes }: Round, text: string): number {
  const normal = normaliseField(field, text);
  if (!normal.ok) return Infinity;
  const places = expandItems(field, [normal.text]).map((value) => value - field.min);
  const [first = 0] = places;
  const gaps = sizes.map((size) => size - (places.findLast((place) => place < size) ?? 0) + first);
  return Math.min(...gaps);
}

/** Whether the last time of one hour or minute is ever followed by the first of the one right after it. */
function goesRound(name: CalendarField, fields: CronFields): boolean {
  if (name === 'minutes') return haveNeighbours(fields.hours, 24);
  if (name === 'seconds') return minutesHaveNeighbours(fields);
  return true;
}

const haveNeighbours = (values: readonly number[], size: number): boolean =>
  values.some((value) => values.includes((value + 1) % size));
const minutesHaveNeighbours = ({ minutes, hours }: CronFields): boolean =>
  minutes.some((minute) => minutes.includes(minute + 1)) ||
  (minutes.includes(59) && minutes.includes(0) && haveNeighbours(hours, 24));

/** The smallest distance of two times, in milliseconds, as far as it is below a minute; Infinity when it is not. */
export function closestTimes(fields: CronFields): number {
  const { seconds } = fields;
  const gaps = seconds.slice(1).map((second, i) => second - (seconds[i] ?? 0));
  if (minutesHaveNeighbours(fields)) gaps.push(60 - (seconds.at(-1) ?? 0) + (seconds[0] ?? 0));
  return Math.min(...gaps) * 1000;
}

const FREQUENT_MS = 10_000;

/** @param closest  smallest distance of two times, in milliseconds */
export function veryFrequent(closest: number): TriggerLint[] {
  if (closest >= FREQUENT_MS) return [];
  const message = `Its times come as close as ${closest / 1000} s to each other: each is a run with its own rows and events.`;
  return [{ code: 'VERY_FREQUENT', message, at: null }];
}
