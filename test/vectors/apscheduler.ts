import type { CalendarTexts, TriggerSpec } from '../../src/trigger/trigger.ts';
import type { Question } from './questions.ts';

/** Constructor arguments of an APScheduler trigger, verbatim. */
interface ApsTrigger {
  type: string;
  timezone?: string;
  triggers?: readonly ApsTrigger[];
  [argument: string]: unknown;
}
/** Recorded answers of APScheduler. `after` is inclusive there; `alt_expected`: what an ideal evaluator gives. */
export interface ApsFile {
  source: string;
  cases: readonly {
    id: string;
    trigger: ApsTrigger;
    after: string;
    count: number;
    expected: readonly string[];
    alt_expected?: readonly string[];
    quirk?: string;
  }[];
  invalid?: readonly { id: string; trigger: ApsTrigger; why: string }[];
}

/** What has no counterpart here, such as text that only APScheduler reads. */
class Skip extends Error {}

const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];
const FIELDS = { year: 'years', month: 'months', week: 'weeks', hour: 'hours', minute: 'minutes', second: 'seconds' } as const;
const REFUSED_HERE_TOO =
  /^(above maximum|below minimum|range end above maximum|zero step|negative|negative step|step above span.*|empty|empty list item|bad weekday|bad name|no sixth|garbage|unknown zone)$/;

/** Cases without a counterpart are left out. */
export function apsQuestions({ cases, invalid = [] }: ApsFile): Question[] {
  return [
    ...cases.flatMap(({ id, trigger, after, count, expected, alt_expected, quirk = '' }) =>
      unlessSkipped(() => {
        if (/lax-syntax|interval-zero/.test(quirk)) throw new Skip('upstream only');
        return {
          id,
          trigger: specOf(trigger),
          timeZone: trigger.timezone ?? 'UTC',
          dst: { gap: 'SKIP', overlap: holds(trigger, 'calendarinterval') ? 'FIRST' : 'BOTH' },
          after: new Date(Date.parse(after) - 1).toISOString(),
          first: count,
          expected: alt_expected ?? expected,
        };
      }),
    ),
    ...invalid.flatMap(({ id, trigger, why }) =>
      unlessSkipped(() => {
        if (!REFUSED_HERE_TOO.test(why) || trigger.type !== 'cron') throw new Skip(why);
        const fields = numericFields(trigger);
        if (trigger['day'] !== undefined) fields.daysOfMonth = String(trigger['day']);
        if (trigger['day_of_week'] !== undefined) fields.daysOfWeek = String(trigger['day_of_week']);
        if (Object.keys(fields).length === 0) throw new Skip(why);
        const spec = { calendar: { ...fields, timeZone: trigger.timezone ?? 'UTC' } };
        return { id, trigger: spec, timeZone: 'UTC', dst: null, after: '2025-01-01T00:00:00Z', first: 1, expected: null };
      }),
    ),
  ];
}

function unlessSkipped(make: () => Question): Question[] {
  try {
    return [make()];
  } catch (error) {
    if (error instanceof Skip) return [];
    throw error;
  }
}

const holds = (trigger: ApsTrigger, type: string): boolean =>
  trigger.type === type || (trigger.triggers ?? []).some((member) => holds(member, type));

function numericFields(trigger: ApsTrigger): CalendarTexts {
  const fields: CalendarTexts = {};
  for (const [theirs, name] of Object.entries(FIELDS)) if (trigger[theirs] !== undefined) fields[name] = String(trigger[theirs]);
  return fields;
}

function specOf(trigger: ApsTrigger): TriggerSpec {
  const timeZone = trigger.timezone ?? 'UTC';
  const bound = (name: string): string | undefined =>
    trigger[name] === undefined || trigger[name] === null ? undefined : instantOf(trigger[name], timeZone);
  const number = (name: string): number => Number(trigger[name] ?? 0);
  switch (trigger.type) {
    case 'cron': {
      const fields = numericFields(trigger);
      if (trigger['day'] !== undefined) fields.daysOfMonth = daysOfMonth(trigger['day']);
      if (trigger['day_of_week'] !== undefined) fields.daysOfWeek = daysOfWeek(trigger['day_of_week']);
      if (Object.keys(fields).length === 0) fields.seconds = '*';
      return bounded({ calendar: { ...fields, timeZone } }, bound('start_date'), bound('end_date'));
    }
    case 'interval': {
      const hours = number('weeks') * 168 + number('days') * 24 + number('hours');
      const seconds = hours * 3600 + number('minutes') * 60 + number('seconds');
      if (seconds < 1) throw new Skip('an interval of nothing is a second upstream');
      const anchorAt = bound('start_date');
      const spec = { interval: { every: `PT${seconds}S`, ...(anchorAt !== undefined && { anchorAt }) } };
      return bounded(spec, anchorAt, bound('end_date'));
    }
    case 'date':
      return { at: { times: [instantOf(trigger['run_date'], timeZone)] } };
    case 'calendarinterval': {
      const parts = [
        ['years', 'Y'],
        ['months', 'M'],
        ['weeks', 'W'],
        ['days', 'D'],
      ] as const;
      const every = `P${parts.map(([name, letter]) => (number(name) > 0 ? `${number(name)}${letter}` : '')).join('')}`;
      const at = ['hour', 'minute', 'second'].map((name) => String(number(name)).padStart(2, '0')).join(':');
      const startOn = String(trigger['start_date']).slice(0, 10);
      const last = trigger['end_date'] ? `${String(trigger['end_date']).slice(0, 10)}T23:59:59` : undefined;
      const spec = { calendarInterval: { every, at, startOn, timeZone } };
      return bounded(spec, undefined, last === undefined ? undefined : instantOf(last, timeZone));
    }
    case 'and':
      return { allOf: { triggers: (trigger.triggers ?? []).map(specOf) } };
    case 'or':
      return { anyOf: (trigger.triggers ?? []).map(specOf) };
    default:
      throw new Skip(trigger.type);
  }
}

function bounded(trigger: TriggerSpec, startAt?: string, endAt?: string): TriggerSpec {
  if (startAt === undefined && endAt === undefined) return trigger;
  return { bounded: { trigger, ...(startAt !== undefined && { startAt }), ...(endAt !== undefined && { endAt }) } };
}

/** 0 is Monday there; as names, so that no numbering is in play. */
function daysOfWeek(field: unknown): string {
  const days = new Set<number>();
  for (const part of String(field).split(',')) {
    const match = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part.trim());
    if (match === null) throw new Skip(`weekday ${String(field)}`);
    const [, first = '', second, stepText] = match;
    const from = first === '*' ? 0 : weekday(first);
    const to = second !== undefined ? weekday(second) : first === '*' || stepText !== undefined ? 6 : from;
    for (let day = from; day <= to; day += Number(stepText ?? 1)) days.add(day);
  }
  return days.size === 7
    ? '*'
    : [...days]
        .sort((a, b) => a - b)
        .map((day) => WEEKDAYS[day])
        .join(',');
}

function weekday(text: string): number {
  const day = /^\d+$/.test(text) ? Number(text) : WEEKDAYS.indexOf(text.toUpperCase());
  if (day < 0 || day > 6) throw new Skip(`weekday ${text}`);
  return day;
}

/** `last`, `2nd mon` and `last fri` are `L`, `MON#2` and `FRIL` here. */
function daysOfMonth(field: unknown): string {
  const items = String(field)
    .split(',')
    .map((part) => {
      const text = part.trim().toLowerCase();
      if (text === 'last') return 'L';
      const place = /^(?:([1-5])\w\w|last) (mon|tue|wed|thu|fri|sat|sun)$/.exec(text);
      if (place !== null) return `${(place[2] ?? '').toUpperCase()}${place[1] === undefined ? 'L' : `#${place[1]}`}`;
      if (!/^[\d*/-]+$/.test(text)) throw new Skip(`day ${String(field)}`);
      return text;
    });
  return items.join(',');
}

/** Wall clock of a zone, or text with an offset. What is missing moves on, what is repeated is the first, as recorded. */
function instantOf(value: unknown, timeZone: string): string {
  const text = String(value).trim();
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match === null) throw new Skip(`date ${text}`);
  const [year, month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', offset] = match.slice(1);
  const [m, d, h, min, s] = [month, day, hour, minute, second].map((part) => part.padStart(2, '0'));
  const iso = `${year}-${m}-${d}T${h}:${min}:${s}${fraction}`;
  if (offset !== undefined) return Temporal.Instant.from(iso + offset).toString();
  return Temporal.PlainDateTime.from(iso).toZonedDateTime(timeZone).toInstant().toString();
}
