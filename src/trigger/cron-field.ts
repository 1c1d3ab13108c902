import { shorten } from './text.ts';

/** One of the seven fields of crontab text. */
export interface CronField {
  name: string;
  min: number;
  max: number;
  /** What may stand in it, for messages. */
  allowed: string;
  /** Three-letter names, from the value `min` on; the full names in `longNames`. */
  names?: readonly string[];
  longNames?: readonly string[];
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const short = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));

export const SECOND: CronField = { name: 'second', min: 0, max: 59, allowed: '0-59' };
export const MINUTE: CronField = { name: 'minute', min: 0, max: 59, allowed: '0-59' };
export const HOUR: CronField = { name: 'hour', min: 0, max: 23, allowed: '0-23' };
export const DAY_OF_MONTH: CronField = { name: 'day of month', min: 1, max: 31, allowed: '1-31, L, L-1 to L-30, LW, 1W to 31W' };
export const MONTH: CronField = {
  name: 'month',
  min: 1,
  max: 12,
  allowed: '1-12 or JAN-DEC',
  names: short(MONTHS),
  longNames: MONTHS,
};
export const DAY_OF_WEEK: CronField = {
  name: 'day of week',
  min: 0,
  // Sunday is 0 and 7, but the week that `*` and `a/n` run through ends on Saturday.
  max: 6,
  allowed: '0-7 or SUN-SAT, 0L to 7L, 0#1 to 7#5',
  names: short(WEEKDAYS),
  longNames: WEEKDAYS,
};
export const YEAR: CronField = { name: 'year', min: 1970, max: 9999, allowed: '1970-9999' };

/** ISO 8601: week 1 is the one with the year's first Thursday; crontab has no such field. */
export const WEEK: CronField = { name: 'week', min: 1, max: 53, allowed: '1-53' };
/** A day of month that may also be told by its weekday. Only by name: numbers are days here. */
export const CALENDAR_DAY: CronField = {
  ...DAY_OF_MONTH,
  allowed: `${DAY_OF_MONTH.allowed}, SUN#1 to SAT#5, SUNL to SATL`,
};

export type Normalised = { ok: true; text: string } | { ok: false; message: string };

/**
 * Brings one field to the plain form that node-cron expands correctly: stars, numbers, ranges, steps and the day tokens in
 * capitals, each once. Everything is checked here, because node-cron also accepts what cannot be meant (`5*` as 50-59,
 * `JANFEB` as December) and expands `0-4000000000` before it looks at the bounds.
 */
export function normaliseField(field: CronField, text: string): Normalised {
  if (text === '?' && (field === DAY_OF_MONTH || field === DAY_OF_WEEK || field === CALENDAR_DAY)) return { ok: true, text: '*' };
  const items = new Set<string>();
  for (const item of text.split(',')) {
    const normal = normaliseItem(field, item);
    if (!normal.ok) return { ok: false, message: `${field.name}: ${normal.message}; allowed: ${field.allowed}` };
    items.add(normal.text);
  }
  return { ok: true, text: [...items].join(',') };
}

const refuse = (message: string): Normalised => ({ ok: false, message });

function normaliseItem(field: CronField, item: string): Normalised {
  if (item === '') return refuse('an empty list item');
  return dayToken(field, item) ?? normaliseRange(field, item);
}

/** What stands for days without being a number or a range; null when the item is none of it. */
function dayToken(field: CronField, item: string): Normalised | null {
  if (field === DAY_OF_MONTH) return dayOfMonthToken(item);
  if (field === DAY_OF_WEEK) return dayOfWeekToken(item);
  if (field === CALENDAR_DAY) return dayOfMonthToken(item) ?? (/^\d/.test(item) ? null : dayOfWeekToken(item));
  return null;
}

const RANGE = /^(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d+))?$/i;

function normaliseRange(field: CronField, item: string): Normalised {
  const match = RANGE.exec(item);
  if (match === null) return refuse(`'${shorten(item)}' is not understood`);
  const [, fromText, toText, stepText] = match;
  const from = fromText === undefined ? field.min : valueOf(field, fromText);
  if (from === null) return refuse(outside(fromText ?? ''));
  const to = toText === undefined ? field.max : valueOf(field, toText);
  if (to === null) return refuse(outside(toText ?? ''));
  if (field === YEAR && from > to) return refuse(`'${shorten(item)}' runs backwards`);
  const plain = fromText === undefined ? '*' : toText === undefined && stepText === undefined ? `${from}` : null;
  if (stepText === undefined) return { ok: true, text: plain ?? `${from}-${to}` };

  // `7/2` counts from Sunday, the first day of the week, not from a day after its end.
  const first = toText === undefined && from > field.max ? field.min : from;
  const size = field.max - field.min + 1;
  const span = first <= to ? to - first : (to - first + 2 * size) % size;
  const step = Number(stepText);
  // Checked against the range, not the field: the second value of `4-6/3` lies outside, so the step cannot be meant.
  if (step < 1 || step > Math.max(span, 1)) {
    return refuse(`the step of '${shorten(item)}' must be 1${span > 1 ? ` to ${span}` : ''}`);
  }
  return { ok: true, text: `${plain ?? `${first}-${to}`}/${step}` };
}

const outside = (text: string): string =>
  `'${shorten(text)}' is ${/^\d+$/.test(text) ? 'out of range' : 'not a value of this field'}`;

/** A number or a name of the field; Sunday may be 7. null when it is neither or out of range. */
function valueOf(field: CronField, text: string): number | null {
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    return value >= field.min && value <= (field === DAY_OF_WEEK ? 7 : field.max) ? value : null;
  }
  const name = text.toLowerCase();
  const index = Math.max(field.names?.indexOf(name) ?? -1, field.longNames?.indexOf(name) ?? -1);
  return index < 0 ? null : index + field.min;
}

/** `L`, `L-n`, `LW`, `nW`; null when the item is none of these. */
function dayOfMonthToken(item: string): Normalised | null {
  const text = item.toUpperCase();
  if (text === 'L' || text === 'LW') return { ok: true, text };
  const match = /^(?:L-(\d+)|(\d+)W)$/.exec(text);
  if (match === null) return null;
  const value = Number(match[1] ?? match[2]);
  const most = match[1] === undefined ? 31 : 30;
  if (value < 1 || value > most) return refuse(`'${shorten(item)}' is out of range`);
  return { ok: true, text: match[1] === undefined ? `${value}W` : `L-${value}` };
}

/** `dL` and `d#n`, the day as number or name; null when the item is neither. */
function dayOfWeekToken(item: string): Normalised | null {
  const match = /^([a-z]+|\d+)(?:L|#(\d+))$/i.exec(item);
  if (match === null) return null;
  const [, dayText = '', nthText] = match;
  const day = valueOf(DAY_OF_WEEK, dayText);
  if (day === null) return refuse(outside(dayText));
  if (nthText === undefined) return { ok: true, text: `${day % 7}L` };
  const nth = Number(nthText);
  if (nth < 1 || nth > 5) return refuse(`'${shorten(item)}': a month has a weekday 1 to 5 times`);
  return { ok: true, text: `${day % 7}#${nth}` };
}

/**
 * The numbers of normalised items without tokens, ascending. A range may run over the end of the field: `6-1` and `5-7` in a
 * week. (A mask, not a set: a hundred ranges of years are a million numbers.)
 */
export function expandItems(field: CronField, normalised: readonly string[]): number[] {
  const size = field.max - field.min + 1;
  const listed = new Uint8Array(size);
  for (const item of normalised) {
    const [range = '', stepText = '1'] = item.split('/');
    const [from = field.min, to = from] = range === '*' ? [field.min, field.max] : range.split('-').map(Number);
    const [first, last, step] = [from - field.min, to - field.min + (to < from ? size : 0), Number(stepText)];
    for (let value = first; value <= last; value += step) listed[value < size ? value : value - size] = 1;
  }
  const values: number[] = [];
  listed.forEach((is, value) => is === 1 && values.push(value + field.min));
  return values;
}
