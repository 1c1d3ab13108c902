import assert from 'node:assert/strict';
import type { Pattern } from './clock.ts';
import { DAY_MS, enumerate, PLAIN, textOf, watch } from './clock.ts';
import type { Field, Random } from './fields.ts';
import { between, dayOfMonthField, dayOfWeekField, monthField, numberField, pick } from './fields.ts';

/** Zones and instants close to something that their clocks do. */
export const PLACES: readonly (readonly [timeZone: string, near: readonly string[]])[] = [
  ['America/New_York', ['2024-03-10T07:00Z', '2024-11-03T06:00Z', '2027-03-14T07:00Z']],
  ['Australia/Lord_Howe', ['2024-04-06T15:00Z', '2024-10-05T15:30Z', '2026-04-04T15:00Z']],
  ['Antarctica/Troll', ['2024-03-31T01:00Z', '2024-10-27T01:00Z', '2026-03-29T01:00Z']],
  ['Pacific/Apia', ['2011-12-30T10:00Z', '2012-03-31T14:00Z', '2020-09-26T14:00Z']],
  ['Africa/Cairo', ['2024-04-25T22:00Z', '2024-10-31T21:00Z', '2025-04-24T22:00Z']],
  ['America/Havana', ['2024-03-10T05:00Z', '2024-11-03T05:00Z', '2025-03-09T05:00Z']],
  ['America/Santiago', ['2024-04-07T03:00Z', '2024-09-08T04:00Z', '2025-09-07T04:00Z']],
  ['Europe/Dublin', ['2024-03-31T01:00Z', '2024-10-27T01:00Z', '2025-03-30T01:00Z']],
  ['Africa/Casablanca', ['2024-03-10T02:00Z', '2024-04-14T02:00Z', '2025-02-23T02:00Z']],
  ['Asia/Kathmandu', ['1985-12-31T18:30Z', '2024-02-28T18:15Z']],
  ['UTC', ['2024-02-29T00:00Z', '2025-12-31T23:59Z']],
];
const FAR = [
  '2021-06-15T12:34:56Z',
  '2024-01-31T23:59:59Z',
  '2025-08-01T00:00:00Z',
  '2026-02-28T18:00:00Z',
  '2028-02-28T00:00:00Z',
];

/** An instant near one of the changes of a place, or far from all. */
export function instantAt(random: Random, near: readonly string[]): number {
  if (random(3) === 0) return Date.parse(pick(random, FAR));
  return Date.parse(pick(random, near)) - between(random, 1, 100) * 1_800_000 - (random(4) === 0 ? 1 : 0);
}

export interface CronCase {
  id: string;
  expression: string;
  timeZone: string;
  after: string;
  count: number;
  vixie: string[];
  plain: string[];
}

/** How far an enumeration looks when the years are open. */
const PERIOD = 4000 * DAY_MS;

/**
 * @param close  at fixed times every day, asked about right before a change of the clock, and one that the policies differ in
 * @returns null when it does not come within eleven years, or does not differ
 */
export function cronCase(
  random: Random,
  id: string,
  [timeZone, near]: readonly [timeZone: string, near: readonly string[]],
  close: boolean,
): CronCase | null {
  const from = close ? Date.parse(pick(random, near)) - between(random, 1, 50) * 1_800_000 : instantAt(random, near);
  const { expression, pattern, lastYear } = randomCron(random, new Date(from).getUTCFullYear(), close);
  const count = between(random, 3, 5);
  const until = lastYear === null ? from + PERIOD : Date.UTC(lastYear + 1, 0, 3);
  const vixie = enumerate(pattern, timeZone, { gap: 'RUN_AFTER', overlap: 'FIRST' }, from + 1, until, count);
  const plain = enumerate(pattern, timeZone, PLAIN, from + 1, until, count);
  if (vixie.length === 0 || plain.length === 0) return null;
  // What lies beyond the horizon is not known, unless the years end before it.
  const known = lastYear === null ? Math.min(count, vixie.length, plain.length) : count;
  const shown = { vixie: vixie.slice(0, known), plain: plain.slice(0, known) };
  if (close && timeZone !== 'UTC' && shown.vixie.join() === shown.plain.join()) return null;
  confirm(pattern, timeZone, from, shown.plain, `${expression} in ${timeZone}`);
  return {
    id,
    expression,
    timeZone,
    after: textOf(from),
    count: known,
    vixie: shown.vixie.map(textOf),
    plain: shown.plain.map(textOf),
  };
}

/** The two ways to enumerate agree right behind `after`, and around the first answer. */
function confirm(pattern: Pattern, timeZone: string, after: number, plain: readonly number[], what: string): void {
  const hours = pattern.seconds.length === 1 && pattern.seconds[0] === 0 ? 30 : 2;
  const [first = after, last = after] = [plain[0], plain.at(-1)];
  for (const from of [after + 1, first - (hours / 2) * 3_600_000]) {
    const [begin, end] = [Math.max(from, after + 1), Math.min(from + hours * 3_600_000, last + 1)];
    assert.deepEqual(
      plain.filter((at) => at >= begin && at < end),
      watch(pattern, timeZone, begin, end),
      `${what}: two ways to enumerate differ`,
    );
  }
}

function randomCron(
  random: Random,
  year: number,
  close: boolean,
): { expression: string; pattern: Pattern; lastYear: number | null } {
  const fields = 5 + (random(2) === 0 ? 0 : between(random, 1, 2));
  const zero: Field = { text: '0', values: [0] };
  const second = fields === 5 || random(2) === 0 ? zero : numberField(random, 0, 59, { star: 1 });
  const minute = numberField(random, 0, 59, { star: close ? 0 : 3 });
  // Where clocks change, more often than not.
  const hour =
    close || random(2) === 0
      ? numberField(random, 0, close ? 3 : 4, { star: 0, wraps: false, open: 23 })
      : numberField(random, 0, 23);
  const every = { day: () => true, star: true };
  const dayOfMonth = close ? { ...every, text: '*' } : dayOfMonthField(random);
  const month = close ? { text: '1-12', values: Array.from({ length: 12 }, (_, i) => i + 1) } : monthField(random);
  const dayOfWeek = close ? { ...every, text: '?' } : dayOfWeekField(random);
  const first = year + (close ? 0 : random(3));
  const years = pick(random, [
    { text: '*', values: null },
    { text: `${first}`, values: [first] },
    { text: `${first}-${first + 2}`, values: [first, first + 1, first + 2] },
    { text: `${first},${first + 3}`, values: [first, first + 3] },
    { text: `${first}-${first + 6}/3`, values: [first, first + 3, first + 6] },
  ]);
  const inYears = fields === 7 ? years.values : null;
  const either = !dayOfMonth.star && !dayOfWeek.star;
  const texts = [minute.text, hour.text, dayOfMonth.text, month.text, dayOfWeek.text];
  if (fields > 5) texts.unshift(second.text);
  if (fields === 7) texts.push(years.text);
  return {
    expression: texts.join(pick(random, [' ', ' ', ' ', '\t', '  '])),
    lastYear: inYears === null ? null : Math.max(...inYears),
    pattern: {
      hours: hour.values,
      minutes: minute.values,
      seconds: second.values,
      followsRealClock: minute.text.startsWith('*') || hour.text.startsWith('*'),
      day(date) {
        if (!month.values.includes(date.month) || (inYears !== null && !inYears.includes(date.year))) return false;
        return either ? dayOfMonth.day(date) || dayOfWeek.day(date) : dayOfMonth.day(date) && dayOfWeek.day(date);
      },
    },
  };
}
