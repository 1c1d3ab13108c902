import { DAY_SECONDS, dayOfDate, daysInMonth, isLeapYear } from './civil.ts';
import { ascending } from './sorted.ts';
import { LONGEST_TEXT, shorten } from './text.ts';

const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'] as const;
export type Frequency = (typeof FREQUENCIES)[number];

/** `nth` 0: each of them; 2: the second, -1: the last, of the month or of the year. */
export interface RRuleWeekday {
  /** 0 = Sunday. */
  weekday: number;
  nth: number;
}
interface Until {
  text: string;
  /** The last second that counts, as the seconds since 1970-01-01T00:00:00 of a clock: of UTC's, or of the trigger's zone. */
  reading: number;
  utc: boolean;
}

/** The parts of an RRULE. An empty list is an absent part; lists are ascending, each value once. */
export interface RRule {
  freq: Frequency;
  interval: number;
  count: number | null;
  until: Until | null;
  /** 0 = Sunday. */
  weekStart: number;
  months: readonly number[];
  weekNumbers: readonly number[];
  yearDays: readonly number[];
  monthDays: readonly number[];
  weekdays: readonly RRuleWeekday[];
  hours: readonly number[];
  minutes: readonly number[];
  seconds: readonly number[];
  positions: readonly number[];
}

interface TextError {
  message: string;
  allowed: string;
}
export type RRuleText = { ok: true; rule: RRule; canonical: string } | { ok: false; errors: TextError[] };

type ListField = 'months' | 'weekNumbers' | 'yearDays' | 'monthDays' | 'hours' | 'minutes' | 'seconds' | 'positions';
interface ListPart {
  field: ListField;
  min: number;
  max: number;
  /** -1 is the last. */
  signed: boolean;
}
const LISTS: Record<string, ListPart> = {
  BYMONTH: { field: 'months', min: 1, max: 12, signed: false },
  BYWEEKNO: { field: 'weekNumbers', min: 1, max: 53, signed: true },
  BYYEARDAY: { field: 'yearDays', min: 1, max: 366, signed: true },
  BYMONTHDAY: { field: 'monthDays', min: 1, max: 31, signed: true },
  BYHOUR: { field: 'hours', min: 0, max: 23, signed: false },
  BYMINUTE: { field: 'minutes', min: 0, max: 59, signed: false },
  BYSECOND: { field: 'seconds', min: 0, max: 60, signed: false },
  BYSETPOS: { field: 'positions', min: 1, max: 366, signed: true },
};
/** In canonical order. */
const PARTS = [
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'WKST',
  'BYMONTH',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
  'BYMINUTE',
  'BYSECOND',
  'BYSETPOS',
];
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
/** The week is told from Monday. */
const WEEKDAY_NAMES = [...WEEKDAYS.slice(1), 'SU'].join(', ');
const MOST_INTERVAL = 100_000_000;
const MOST_COUNT = 100_000;

/** RFC 5545 §3.3.10, with or without `RRULE:`, in any case. Everything that is wrong is told at once. */
export function parseRRule(given: unknown): RRuleText {
  if (typeof given !== 'string' || given.length > LONGEST_TEXT) {
    const message = typeof given === 'string' ? `${given.length} characters are too many` : 'the rule must be text';
    return { ok: false, errors: [{ message, allowed: `text of at most ${LONGEST_TEXT} characters` }] };
  }
  const errors: TextError[] = [];
  const refuse = (message: string, allowed: string): void => void errors.push({ message, allowed });
  const text = given
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '');
  if (/\s/.test(text) || text.includes(':')) {
    refuse(`'${shorten(text)}' is more than one rule`, 'one RRULE; DTSTART, RDATE and EXDATE have fields of their own');
    return { ok: false, errors };
  }
  const rule = readParts(splitParts(text, refuse), refuse);
  if (errors.length === 0) checkTogether(rule, refuse);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, rule, canonical: printRRule(rule) };
}

type Refuse = (message: string, allowed: string) => void;

function splitParts(text: string, refuse: Refuse): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const [name = '', value, ...more] = part.split('=');
    if (value === undefined || value === '' || more.length > 0)
      refuse(`'${shorten(part)}' is not a part such as FREQ=DAILY`, 'NAME=VALUE, joined by ;');
    else if (name === 'RSCALE' || name === 'SKIP') refuse(`${name} (RFC 7529) is not supported`, PARTS.join(', '));
    else if (!PARTS.includes(name)) refuse(`'${shorten(name)}' is not a part of a rule`, PARTS.join(', '));
    else if (parts.has(name)) refuse(`${name} is given twice`, 'each part once');
    else parts.set(name, value);
  }
  return parts;
}

function readParts(parts: Map<string, string>, refuse: Refuse): RRule {
  const rule: RRule = {
    freq: readFrequency(parts.get('FREQ'), refuse),
    interval: readNumber('INTERVAL', parts.get('INTERVAL') ?? '1', MOST_INTERVAL, refuse),
    count: parts.has('COUNT') ? readNumber('COUNT', parts.get('COUNT') ?? '', MOST_COUNT, refuse) : null,
    until: parts.has('UNTIL') ? readUntil(parts.get('UNTIL') ?? '', refuse) : null,
    weekStart: WEEKDAYS.indexOf(parts.get('WKST') ?? 'MO'),
    months: [],
    weekNumbers: [],
    yearDays: [],
    monthDays: [],
    weekdays: parts.has('BYDAY') ? readWeekdays(parts.get('BYDAY') ?? '', refuse) : [],
    hours: [],
    minutes: [],
    seconds: [],
    positions: [],
  };
  if (rule.weekStart < 0) refuse(`WKST is '${shorten(parts.get('WKST') ?? '')}'`, `WKST ${WEEKDAY_NAMES}`);
  for (const [name, part] of Object.entries(LISTS)) {
    const value = parts.get(name);
    if (value !== undefined) rule[part.field] = readList(name, part, value, refuse);
  }
  // RFC 5545 §3.3.12: where there are no leap seconds, second 60 is second 59.
  rule.seconds = ascending(rule.seconds.map((second) => Math.min(second, 59)));
  return rule;
}

function readFrequency(text: string | undefined, refuse: Refuse): Frequency {
  const found = FREQUENCIES.find((freq) => freq === text);
  const message = text === undefined ? 'FREQ is missing' : `FREQ is '${shorten(text)}'`;
  if (found === undefined) refuse(message, `FREQ ${FREQUENCIES.join(', ')}`);
  return found ?? 'DAILY';
}

function readNumber(name: string, text: string, max: number, refuse: Refuse): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) refuse(`${name} is '${shorten(text)}'`, `${name} 1-${max}`);
  return value;
}

function readList(name: string, { min, max, signed }: ListPart, text: string, refuse: Refuse): number[] {
  const values: number[] = [];
  for (const item of text.split(',')) {
    const value = Number(item);
    const size = signed ? Math.abs(value) : value;
    if (/^[+-]?\d{1,3}$/.test(item) && (signed || !/^[+-]/.test(item)) && size >= min && size <= max) values.push(value);
    else refuse(`${name} has '${shorten(item)}'`, `${name} ${min}-${max}${signed ? ` and -${max} to -${min}` : ''}`);
  }
  return ascending(values);
}

function readWeekdays(text: string, refuse: Refuse): RRuleWeekday[] {
  const found = new Map<number, RRuleWeekday>();
  for (const item of text.split(',')) {
    const [, ordinal = '', name = ''] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? [];
    const weekday = WEEKDAYS.indexOf(name);
    const nth = Number(ordinal);
    if (weekday < 0 || Math.abs(nth) > 53 || (ordinal !== '' && nth === 0))
      refuse(`BYDAY has '${shorten(item)}'`, `BYDAY ${WEEKDAY_NAMES}, with 1-53 or -53 to -1 before it in YEARLY and MONTHLY`);
    else found.set(nth * 7 + ((weekday + 6) % 7), { weekday, nth });
  }
  return [...found].sort(([a], [b]) => a - b).map(([, item]) => item);
}

const UNTIL = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/;
function readUntil(text: string, refuse: Refuse): Until | null {
  const [, ...groups] = UNTIL.exec(text) ?? [];
  const [year = 0, month = 0, day = 0, hour, minute = 0, second = 0] = groups.slice(0, 6).map((part) => part && Number(part));
  // A date means all of its day, or the day that the caller named would be lost.
  const time = hour === undefined || hour === '' ? DAY_SECONDS - 1 : (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const exists =
    Number(year) >= 1 &&
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= daysInMonth(isLeapYear(Number(year)), Number(month));
  if (exists && Number(hour ?? 0) <= 23 && Number(minute) <= 59 && Number(second) <= 59)
    return { text, reading: dayOfDate(Number(year), Number(month), Number(day)) * DAY_SECONDS + time, utc: groups[6] === 'Z' };
  refuse(`UNTIL is '${shorten(text)}'`, 'UNTIL as 20261231, 20261231T235959 (in timeZone) or 20261231T235959Z, years 0001-9999');
  return null;
}

/** Parts that are good by themselves but not with the others; RFC 5545 §3.3.10. */
function checkTogether(rule: RRule, refuse: Refuse): void {
  const { freq } = rule;
  const onlyIn = (name: string, given: boolean, allowed: readonly Frequency[]): void => {
    if (given && !allowed.includes(freq))
      refuse(`${name} does not go with FREQ=${freq}`, `${name} only in ${allowed.join(', ')}`);
  };
  const shorter = FREQUENCIES.slice(4);
  if (rule.count !== null && rule.until !== null) refuse('COUNT and UNTIL are both given', 'COUNT or UNTIL');
  onlyIn('BYWEEKNO', rule.weekNumbers.length > 0, ['YEARLY']);
  onlyIn('BYYEARDAY', rule.yearDays.length > 0, ['YEARLY', ...shorter]);
  onlyIn('BYMONTHDAY', rule.monthDays.length > 0, ['YEARLY', 'MONTHLY', 'DAILY', ...shorter]);
  const numbered = rule.weekdays.find((item) => item.nth !== 0);
  if (numbered !== undefined) {
    const name = `BYDAY=${printWeekday(numbered)}`;
    onlyIn(name, true, ['YEARLY', 'MONTHLY']);
    if (rule.weekNumbers.length > 0) refuse(`${name} does not go with BYWEEKNO`, 'BYDAY without numbers');
  }
  const by = [rule.weekdays, ...Object.values(LISTS).map(({ field }) => rule[field])];
  if (rule.positions.length > 0 && by.filter((list) => list.length > 0).length === 1)
    refuse('BYSETPOS has nothing to choose from', 'BYSETPOS with another BY part');
}

const printWeekday = ({ weekday, nth }: RRuleWeekday): string => `${nth === 0 ? '' : nth}${WEEKDAYS[weekday]}`;

/** Parts in a fixed order, defaults left out. */
function printRRule(rule: RRule): string {
  const parts: Record<string, string> = {
    FREQ: rule.freq,
    INTERVAL: rule.interval === 1 ? '' : String(rule.interval),
    COUNT: String(rule.count ?? ''),
    UNTIL: rule.until?.text ?? '',
    WKST: rule.weekStart === 1 ? '' : (WEEKDAYS[rule.weekStart] ?? ''),
    BYDAY: rule.weekdays.map(printWeekday).join(','),
  };
  for (const [name, { field }] of Object.entries(LISTS)) parts[name] = rule[field].join(',');
  return PARTS.flatMap((name) => (parts[name] ? [`${name}=${parts[name]}`] : [])).join(';');
}
