import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { CalendarTexts, DstGap, DstOverlap } from '../../src/trigger/trigger.ts';
import { CALENDAR_FIELDS, LAST_INSTANT } from '../../src/trigger/trigger.ts';
import { CONTEXT, calendar, cron, faults, localTimes } from './compiled.ts';
import { enumerate } from './judge.ts';
import { assertAnswers, assertCanonical } from './laws.ts';

const [FROM, UNTIL] = [Date.UTC(2024, 0), Date.UTC(2029, 0)];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const asCron: [rule: string, fields: CalendarTexts, expression: string][] = [
  ['what is coarser than the finest field is any, what is finer is its minimum', { hours: '9' }, '0 0 9 * * *'],
  ['seconds alone: every minute', { seconds: '*/20' }, '*/20 * * * * *'],
  ['minutes alone: every hour', { minutes: '15' }, '0 15 * * * *'],
  ['days alone: at midnight', { daysOfMonth: '15' }, '0 0 0 15 * *'],
  ['months alone: on their first day', { months: '6' }, '0 0 0 1 6 *'],
  ['years alone: on New Year', { years: '2026' }, '0 0 0 1 1 * 2026'],
  ['a weekday alone is no first of the month', { daysOfWeek: 'MON' }, '0 0 0 * * 1'],
  ['a weekday within a month', { months: '6', daysOfWeek: 'MON' }, '0 0 0 * 6 1'],
  ['a gap between coarse and fine is any', { years: '2026', hours: '9' }, '0 0 9 * * * 2026'],
  ['any week is no choice of weeks', { weeks: '*', hours: '9' }, '0 0 9 * * *'],
  ['daysOfMonth with daysOfWeek: both must match', { daysOfMonth: '13', daysOfWeek: 'FRI' }, '0 0 0 13 * 5'],
  ['names, ranges, steps', { months: 'jan-MAY/2', daysOfWeek: 'Monday,WED-FRI', hours: '9-17/4' }, '0 0 9-17/4 * 1-5/2 1,3-5'],
  ['ranges over the end', { months: 'NOV-FEB', daysOfWeek: 'SAT-MON', hours: '22-2' }, '0 0 22-2 * NOV-FEB 6-1'],
  ['Sunday is 0 and 7', { daysOfWeek: '5-7' }, '0 0 0 * * 5-7'],
  ['a step from a number on', { daysOfMonth: '5/10', minutes: '7/20' }, '0 7/20 * 5/10 * *'],
  ['? is any day', { daysOfMonth: '?', daysOfWeek: '?', hours: '4' }, '0 0 4 ? * ?'],
  ['last days and working days', { daysOfMonth: 'L-3,LW,15W,l' }, '0 0 0 L-3,LW,15W,L * *'],
  ['weekdays by their place', { daysOfWeek: 'FRIL,MON#1' }, '0 0 0 * * 5L,1#1'],
  ['white space around the items', { hours: ' 9 , 17 ' }, '0 0 9,17 * * *'],
];
for (const [rule, fields, expression] of asCron) {
  test(`${JSON.stringify(fields)} means ${expression}: ${rule}`, () => {
    const expected = cron(expression, 'Europe/Berlin', undefined, 'BOTH').between(FROM, UNTIL, 3000);
    assert.ok(expected.length > 0);
    assert.deepEqual(calendar(fields, 'Europe/Berlin').between(FROM, UNTIL, 3000), expected);
  });
}

const dates: [fields: CalendarTexts, dates: string][] = [
  [{ daysOfMonth: 'MON#1', months: '1-4' }, '01-05 02-02 03-02 04-06'],
  [{ daysOfMonth: 'FRIL,2-3', months: '1,2' }, '01-02 01-03 01-30 02-02 02-03 02-27'],
  [{ daysOfMonth: 'sunday#5' }, '03-29 05-31 08-30 11-29'],
  [{ weeks: '1' }, '01-01 01-02 01-03 01-04'],
  [{ weeks: '53' }, '12-28 12-29 12-30 12-31'],
  [{ weeks: '53-1', daysOfWeek: 'MON,SAT' }, '01-03 12-28'],
  [{ weeks: '10-40/10', daysOfWeek: 'WED' }, '03-04 05-13 07-22 09-30'],
  [{ weeks: '9', months: '3' }, '03-01'],
];
for (const [fields, expected] of dates) {
  test(`${JSON.stringify(fields)} in 2026: ${expected}`, () => {
    const found = calendar(fields).between(Date.UTC(2026, 0), Date.UTC(2027, 0), 400);
    assert.equal(found.map((at) => new Date(at).toISOString().slice(5, 10)).join(' '), expected);
  });
}

test('ISO weeks are those of Temporal, on every day of 400 years', () => {
  const [from, until] = [Date.UTC(1900, 0), Date.UTC(2300, 0)];
  const days: Record<number, number[]> = { 1: [], 9: [], 52: [], 53: [] };
  for (let at = from, date = Temporal.PlainDate.from('1900-01-01'); at < until; at += DAY, date = date.add({ days: 1 }))
    days[date.weekOfYear ?? 0]?.push(at);
  for (const [week, expected] of Object.entries(days)) {
    const trigger = calendar({ weeks: week });
    assert.deepEqual(trigger.between(from, until, Infinity), expected, `week ${week}`);
    assert.equal(trigger.count(from, until), expected.length);
  }
});

const sparse: [rule: string, fields: CalendarTexts, matches: (date: Temporal.PlainDate) => boolean][] = [
  ['29 February on a Monday', { months: '2', daysOfMonth: '29', daysOfWeek: 'MON' }, (date) => date.dayOfWeek === 1],
  [
    'week 53 on a Friday, 1 January',
    { weeks: '53', months: '1', daysOfMonth: '1', daysOfWeek: 'FRI' },
    (date) => date.dayOfWeek === 5,
  ],
  [
    'week 53 on a Saturday, 1 January: only after a leap year',
    { weeks: '53', months: '1', daysOfMonth: '1', daysOfWeek: 'SAT' },
    (date) => date.dayOfWeek === 6 && date.weekOfYear === 53,
  ],
];
for (const [rule, fields, matches] of sparse) {
  test(`rare dates, over more than one cycle of the calendar, both ways: ${rule}`, () => {
    const expected: number[] = [];
    const [month, day] = [Number(fields.months), Number(fields.daysOfMonth)];
    for (let year = 1900; year < 2400; year++) {
      if (day === 29 && !Temporal.PlainDate.from({ year, month: 1, day: 1 }).inLeapYear) continue;
      const date = Temporal.PlainDate.from({ year, month, day });
      if (matches(date)) expected.push(date.toZonedDateTime('America/New_York').epochMilliseconds);
    }
    assert.ok(expected.length > 10);
    assertAnswers(calendar(fields, 'America/New_York'), expected, Date.UTC(1900, 0), Date.UTC(2400, 0));
  });
}

const NEW_YORK = 'America/New_York';
const clock: [rule: string, fields: CalendarTexts, dst: [DstGap | null, DstOverlap | null], from: string, fires: string][] = [
  ['a missing time runs right after the jump', { hours: '2', minutes: '30' }, [null, null], '2024-03-10', '03:00-04:00'],
  ['SHIFT keeps the distance', { hours: '2', minutes: '30' }, ['SHIFT', null], '2024-03-10', '03:30-04:00'],
  ['SKIP passes over', { hours: '2', minutes: '30' }, ['SKIP', null], '2024-03-10', ''],
  ['a repeated time runs once', { hours: '1', minutes: '30' }, [null, null], '2024-11-03', '01:30-04:00'],
  ['BOTH runs twice', { hours: '1', minutes: '30' }, [null, 'BOTH'], '2024-11-03', '01:30-04:00 01:30-05:00'],
  [
    'an hour that was not given follows the clock, into the gap and through both passes',
    { daysOfMonth: '3,10', minutes: '30' },
    ['SHIFT', 'LAST'],
    '2024-11-03',
    '00:30-04:00 01:30-04:00 01:30-05:00 02:30-05:00 03:30-05:00',
  ],
  ['a minute star follows the clock', { hours: '2', minutes: '*/30' }, [null, null], '2024-03-10', ''],
  ['a second star does not', { hours: '2', minutes: '30', seconds: '*/30' }, [null, null], '2024-03-10', '03:00-04:00'],
];
for (const [rule, fields, [gap, overlap], date, fires] of clock) {
  test(`${JSON.stringify(fields)} in New York on ${date}: ${rule}`, () => {
    const trigger = calendar(fields, NEW_YORK, { gap, overlap });
    const found = localTimes(trigger, `${date}T00:00${date.includes('-11-') ? '-04:00' : '-05:00'}`, `${date}T04:00-04:00`);
    const night = date.includes('-11-') ? localTimes(trigger, `${date}T04:00-04:00`, `${date}T04:00-05:00`) : [];
    assert.equal([...found, ...night].map((time) => time.slice(11)).join(' '), fires);
  });
}

test('the effective policy and the fields that were given are told', () => {
  const { dst, fields, timeZone } = calendar({ hours: ' 2,3', minutes: '30' }, 'europe/berlin', { gap: 'SKIP', overlap: null });
  assert.deepEqual(dst, { gap: 'SKIP', overlap: 'FIRST', followsRealClock: false });
  assert.deepEqual([fields, timeZone], [{ hours: '2,3', minutes: '30' }, 'Europe/Berlin']);
  assert.deepEqual(calendar({ seconds: '30' }).dst, { gap: 'RUN_AFTER', overlap: 'FIRST', followsRealClock: true });
});

const never: [rule: string, fields: CalendarTexts, timeZone?: string][] = [
  ['no such date', { months: '2', daysOfMonth: '30' }],
  ['a week that the month never has', { weeks: '1', months: '6' }],
  ['week 53 in February', { weeks: '53', months: '2' }],
  ['a weekday that the day never is', { daysOfMonth: 'TUE#1', daysOfWeek: 'MON' }],
  ['a Thursday 1 January lies in week 1', { weeks: '53', months: '1', daysOfMonth: '1', daysOfWeek: 'THU' }],
  ['1 January is never in the middle of the year', { weeks: '2-51', months: '1', daysOfMonth: '1' }],
  ['no week 53 in the listed year', { years: '2025', weeks: '53' }],
  ['29 February in years that are not leap years', { years: '2025-2027', months: '2', daysOfMonth: '29' }],
  [
    'the one date is a day that the zone left out',
    { years: '2011', months: '12', daysOfMonth: '30', hours: '9' },
    'Pacific/Apia',
  ],
];
for (const [rule, fields, timeZone = 'UTC'] of never) {
  test(`refused, as it can never fire: ${JSON.stringify(fields)} (${rule})`, () => {
    const found = faults({ calendar: { ...fields, timeZone } });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /^calendar: never fires: /);
  });
}

const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['no field', {}, [/^calendar: calendar needs at least one field$/]],
  ['fields that are null', { hours: null, timeZone: 'UTC' }, [/^calendar: calendar needs at least one field$/]],
  ['empty text', { hours: ' ' }, [/^calendar\.hours: hour: an empty list item; allowed: 0-23$/]],
  ['an empty item', { minutes: '1,,2' }, [/^calendar\.minutes: minute: an empty list item/]],
  ['white space inside of an item', { minutes: '1 2' }, [/^calendar\.minutes: minute: '1 2' is not understood/]],
  ['week 0', { weeks: '0' }, [/^calendar\.weeks: week: '0' is out of range; allowed: 1-53$/]],
  ['week 54', { weeks: '50-54' }, [/^calendar\.weeks: week: '54' is out of range/]],
  ['too large a step', { daysOfMonth: '4-6/3' }, [/^calendar\.daysOfMonth: day of month: the step of '4-6\/3' must be 1 to 2/]],
  ['a weekday by number among days of the month', { daysOfMonth: '1#1' }, [/^calendar\.daysOfMonth: .*'1#1' is not understood/]],
  ['a sixth Monday', { daysOfMonth: 'MON#6' }, [/^calendar\.daysOfMonth: .*'MON#6': a month has a weekday 1 to 5 times/]],
  ['a name that is no weekday', { daysOfMonth: 'LASTX' }, [/^calendar\.daysOfMonth: .*not a value of this field/]],
  ['a year before 1970', { years: '1969' }, [/^calendar\.years: year: '1969' is out of range; allowed: 1970-9999$/]],
  ['a number as field', { hours: 9 }, [/^calendar\.hours: hours must be text$/]],
  ['1,001 characters', { seconds: '1,'.repeat(500) + '1' }, [/^calendar\.seconds: 1001 characters are too many$/]],
  [
    'all that is wrong at once',
    { months: '13', daysOfWeek: 'FRIDAYS', hours: '24', timeZone: 'Europe/Berln' },
    [/^calendar\.months: /, /^calendar\.daysOfWeek: /, /^calendar\.hours: /, /^calendar\.timeZone: .*Europe\/Berlin/],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ calendar: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

const described: [fields: CalendarTexts, text: string][] = [
  [{ hours: '9', daysOfWeek: 'MON-FRI' }, 'at 09:00 on Monday to Friday (Europe/Berlin)'],
  [
    { weeks: '1,10-20', daysOfWeek: 'TUE', hours: '8', minutes: '30' },
    'at 08:30 on Tuesday in ISO weeks 1 and 10 to 20 (Europe/Berlin)',
  ],
  [{ weeks: '53' }, 'at 00:00 every day in ISO week 53 (Europe/Berlin)'],
  [{ daysOfMonth: 'MON#1,15' }, 'at 00:00 on day 15 or the 1st Monday of the month (Europe/Berlin)'],
  [{ daysOfMonth: '13', daysOfWeek: 'FRI' }, 'at 00:00 on day 13 if it is Friday (Europe/Berlin)'],
  [{ years: '2026', minutes: '*/5' }, 'every 5 minutes in 2026 (Europe/Berlin)'],
];
for (const [fields, text] of described) {
  test(`${JSON.stringify(fields)} reads: ${text}`, () => assert.equal(calendar(fields, 'Europe/Berlin').describe(), text));
}

test('the last and the first hours of the calculus are found on clocks that show another year', () => {
  const trigger = calendar({ hours: '2' }, 'Pacific/Kiritimati');
  const last = Date.parse('9999-12-31T12:00Z');
  assert.deepEqual([trigger.matches(last), trigger.next(last - DAY), trigger.next(last)], [true, last, null]);
  assert.deepEqual([trigger.previous(LAST_INSTANT), trigger.count(last, LAST_INSTANT)], [last, 1]);
  const west = calendar({ hours: '20' }, 'Pacific/Niue');
  const first = west.next(-Infinity) ?? NaN;
  assert.deepEqual([west.fireTime(first).local, west.previous(first + 1)], ['0000-12-31T20:00:00', first]);
});

interface Choice {
  text: string;
  values: readonly number[];
}
const choice = (text: string, ...values: number[]): Choice => ({ text, values });
const all = (size: number, from = 1): number[] => Array.from({ length: size }, (_, i) => i + from);
const CHANGES: readonly [timeZone: string, date: string][] = [
  ['America/New_York', '2024-03-10'],
  ['America/New_York', '2024-11-03'],
  ['Australia/Lord_Howe', '2024-10-06'],
  ['Antarctica/Troll', '2024-10-27'],
  ['Africa/Cairo', '2024-04-26'],
  ['America/Havana', '2024-11-03'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kathmandu', '2027-01-02'],
];
test('a calendar agrees with an enumeration minute by minute, at every change of clock and under every policy', () => {
  const any = (size: number, from = 1) => choice('*', ...all(size, from));
  const cases = fc.record({
    minutes: fc.constantFrom(choice('30', 30), choice('0,15', 0, 15), choice('*/20', 0, 20, 40)),
    hours: fc.constantFrom(choice('0', 0), choice('2', 2), choice('1-2', 1, 2), choice('23-1', 23, 0, 1), any(24, 0)),
    daysOfMonth: fc.constantFrom(
      any(31),
      choice('30-3', 30, 31, 1, 2, 3),
      choice('*/2', ...all(31).filter((day) => day % 2 === 1)),
    ),
    daysOfWeek: fc.constantFrom(any(7), choice('FRI-SUN', 5, 6, 7), choice('1/2', 1, 3, 5)),
    weeks: fc.constantFrom(
      any(53),
      choice('*/2', ...all(53).filter((week) => week % 2 === 1)),
      choice('40-10', ...all(14, 40), ...all(10)),
    ),
    change: fc.constantFrom(...CHANGES),
    gap: fc.constantFrom<DstGap>('RUN_AFTER', 'SHIFT', 'SKIP'),
    overlap: fc.constantFrom<DstOverlap>('FIRST', 'LAST', 'BOTH'),
    start: fc.integer({ min: -30, max: 6 }),
    span: fc.integer({ min: 1, max: 48 }),
  });
  let compared = 0;
  fc.assert(
    fc.property(cases, ({ change: [timeZone, date], gap, overlap, start, span, ...fields }) => {
      const { minutes, hours, daysOfMonth, daysOfWeek, weeks } = fields;
      const known = {
        minutes: minutes.values,
        hours: hours.values,
        day: (day: Temporal.PlainDate) =>
          daysOfMonth.values.includes(day.day) &&
          daysOfWeek.values.includes(day.dayOfWeek) &&
          weeks.values.includes(day.weekOfYear ?? 0),
        followsRealClock: minutes.text.startsWith('*') || hours.text.startsWith('*'),
      };
      const texts = Object.fromEntries(Object.entries(fields).map(([name, { text }]) => [name, text]));
      const trigger = calendar(texts, timeZone, { gap, overlap });
      const from = Date.parse(`${date}T00:00:00Z`) + start * HOUR;
      const expected = enumerate(known, timeZone, { gap, overlap }, from, from + span * HOUR);
      compared += expected.length;
      assertAnswers(trigger, expected, from, from + span * HOUR);
      assertCanonical(trigger, { ...CONTEXT, dst: { gap, overlap } });
    }),
    { numRuns: 100 },
  );
  assert.ok(compared > 100, 'the random windows hold occurrences');
});

test('any text in any field is answered, never thrown at', () => {
  const scrap = fc.constantFrom(
    '*',
    '*/2',
    '1-5',
    'L',
    'L-3',
    'LW',
    '15W',
    'FRIL',
    'MON#1',
    '1#1',
    '5L',
    '?',
    '53',
    '2030',
    '/',
    '-',
  );
  const text = fc.option(
    fc.oneof(
      fc.string(),
      fc.array(scrap, { maxLength: 4 }).map((parts) => parts.join(',')),
    ),
    { nil: null },
  );
  const inputs = fc.record(Object.fromEntries(CALENDAR_FIELDS.map((field) => [field, text])));
  fc.assert(
    fc.property(inputs, (input) => {
      const result = compileTrigger({ calendar: input as CalendarTexts }, CONTEXT);
      if (result.ok) assertCanonical(result.trigger, CONTEXT);
      else assert.ok(result.errors.length > 0);
    }),
    { numRuns: 1000 },
  );
});
