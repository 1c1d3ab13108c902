import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { CalendarIntervalTrigger, DstGap, DstOverlap } from '../../src/trigger/trigger.ts';
import { CONTEXT, calendarInterval, faults, localTimes } from './compiled.ts';
import { instantsOf } from './judge.ts';
import { assertAnswers, assertCanonical } from './laws.ts';

const DAY = 86_400_000;
const dates = (trigger: CalendarIntervalTrigger, limit: number, from = -Infinity): string =>
  trigger
    .between(from, Infinity, limit)
    .map((at) => trigger.fireTime(at).local.slice(0, 10))
    .join(' ');

const sequences: [rule: string, every: string, startOn: string, dates: string][] = [
  ['days', 'P3D', '2026-02-26', '2026-02-26 2026-03-01 2026-03-04 2026-03-07'],
  ['weeks', 'P2W', '2025-12-25', '2025-12-25 2026-01-08 2026-01-22'],
  ['months', 'P1M', '2026-11-28', '2026-11-28 2026-12-28 2027-01-28 2027-02-28'],
  ['day 31 passes over short months', 'P1M', '2026-01-31', '2026-01-31 2026-03-31 2026-05-31 2026-07-31 2026-08-31'],
  ['day 30 passes over February', 'P3M', '2024-11-30', '2024-11-30 2025-05-30 2025-08-30 2025-11-30'],
  ['day 31 passes over short months, by two', 'P2M', '2026-07-31', '2026-07-31 2027-01-31 2027-03-31 2027-05-31'],
  ['29 February passes over years', 'P1Y', '2092-02-29', '2092-02-29 2096-02-29 2104-02-29'],
  ['29 February, every 25 years', 'P25Y', '2000-02-29', '2000-02-29 2400-02-29 2800-02-29'],
  ['29 February, by months', 'P6M', '2024-02-29', '2024-02-29 2024-08-29 2025-08-29 2026-08-29 2027-08-29 2028-02-29'],
  ['years and months together', 'P2Y5M', '2022-04-25', '2022-04-25 2024-09-25 2027-02-25 2029-07-25'],
  ['months, then weeks', 'P1M1W', '2013-03-01', '2013-03-01 2013-04-08 2013-05-15 2013-06-22 2013-07-29 2013-09-05'],
  ['months, then days', 'P1M19D', '2017-03-10', '2017-03-10 2017-04-29 2017-06-17 2017-08-05 2017-09-24'],
  ['all units', 'P1Y5M6W8D', '2016-03-05', '2016-03-05 2017-09-24 2019-04-15 2020-11-04'],
  ['months that pass over, then days', 'P1M1D', '2026-01-30', '2026-01-30 2026-03-31 2026-06-01 2026-07-02'],
];
for (const [rule, every, startOn, expected] of sequences) {
  test(`${every} from ${startOn}: ${rule}`, () => {
    const trigger = calendarInterval({ every, at: '09:00', startOn });
    const found = dates(trigger, expected.split(' ').length);
    assert.equal(found, expected);
    assert.equal(trigger.previous(trigger.next(-Infinity) ?? NaN), null, 'nothing before startOn');
    assertCanonical(trigger, CONTEXT);
  });
}

interface ClockCase {
  rule: string;
  zone: string;
  input: [every: string, startOn: string, at: string];
  dst?: [DstGap | null, DstOverlap | null];
  fires: string;
}
const clock: ClockCase[] = [
  {
    rule: 'a missing time is shifted, and the date keeps its place',
    zone: 'America/New_York',
    input: ['P1D', '2024-03-09', '02:30'],
    fires: '09T02:30-05:00 10T03:30-04:00 11T02:30-04:00',
  },
  {
    rule: 'SKIP passes the date over',
    zone: 'America/New_York',
    input: ['P1W', '2024-03-03', '02:30'],
    dst: ['SKIP', null],
    fires: '03T02:30-05:00 17T02:30-04:00 24T02:30-04:00',
  },
  {
    rule: 'RUN_AFTER runs at the first instant after the jump',
    zone: 'America/New_York',
    input: ['P1D', '2024-03-10', '02:30'],
    dst: ['RUN_AFTER', null],
    fires: '10T03:00-04:00 11T02:30-04:00',
  },
  {
    rule: 'a repeated time runs in the first pass',
    zone: 'America/New_York',
    input: ['P1D', '2024-11-03', '01:30'],
    fires: '03T01:30-04:00 04T01:30-05:00',
  },
  {
    rule: 'LAST runs in the second',
    zone: 'America/New_York',
    input: ['P1D', '2024-11-03', '01:30'],
    dst: [null, 'LAST'],
    fires: '03T01:30-05:00 04T01:30-05:00',
  },
  {
    rule: 'BOTH runs twice',
    zone: 'America/New_York',
    input: ['P1D', '2024-11-03', '01:30'],
    dst: [null, 'BOTH'],
    fires: '03T01:30-04:00 03T01:30-05:00 04T01:30-05:00',
  },
  {
    rule: 'half an hour is missing',
    zone: 'Australia/Lord_Howe',
    input: ['P1D', '2024-10-06', '02:15'],
    fires: '06T02:45+11:00 07T02:15+11:00',
  },
  {
    rule: 'two hours are missing',
    zone: 'Antarctica/Troll',
    input: ['P1D', '2024-03-31', '01:30'],
    fires: '31T03:30+02:00 01T01:30+02:00',
  },
  {
    rule: 'midnight is missing: SHIFT stays on the date',
    zone: 'America/Havana',
    input: ['P1D', '2024-03-10', '00:00'],
    fires: '10T01:00-04:00 11T00:00-04:00',
  },
  {
    rule: 'midnight is missing: SKIP goes on from the date',
    zone: 'Africa/Cairo',
    input: ['P1W', '2023-04-21', '00:00'],
    dst: ['SKIP', null],
    fires: '21T00:00+02:00 05T00:00+03:00',
  },
  {
    rule: 'a skipped day is shifted onto the next, once',
    zone: 'Pacific/Apia',
    input: ['P1D', '2011-12-29', '12:00'],
    fires: '29T12:00-10:00 31T12:00+14:00 01T12:00+14:00',
  },
  {
    rule: 'counting goes on from a skipped day, not from the day that it was shifted to',
    zone: 'Pacific/Apia',
    input: ['P2D', '2011-12-28', '12:00'],
    fires: '28T12:00-10:00 31T12:00+14:00 01T12:00+14:00 03T12:00+14:00',
  },
  {
    rule: 'a skipped day is not made up for otherwise',
    zone: 'Pacific/Apia',
    input: ['P2D', '2011-12-28', '12:00'],
    dst: ['RUN_AFTER', null],
    fires: '28T12:00-10:00 01T12:00+14:00',
  },
];
for (const { rule, zone, input, dst = [null, null], fires } of clock) {
  const [every, startOn, at] = input;
  test(`${every} at ${at} from ${startOn} in ${zone}: ${rule}`, () => {
    const trigger = calendarInterval({ every, at, startOn, timeZone: zone }, { gap: dst[0], overlap: dst[1] });
    const until = new Date(Date.parse(startOn) + 50 * DAY).toISOString();
    const found = localTimes(trigger, '2000-01-01T00:00Z', until).map((time) => time.slice(8));
    assert.equal(found.slice(0, fires.split(' ').length).join(' '), fires);
  });
}

test('what stands in for a missing time is marked', () => {
  const trigger = calendarInterval({ every: 'P1D', at: '02:30', startOn: '2024-03-09', timeZone: 'America/New_York' });
  const found = trigger.between(0, Infinity, 3).map((at) => trigger.fireTime(at).inGap);
  assert.deepEqual(found, [false, true, false]);
});

test('without startOn it starts on the date that the zone shows at the anchor of the context', () => {
  const context = { ...CONTEXT, anchorAt: Date.parse('2026-03-31T22:30:00Z') };
  const starts = (timeZone: string) => {
    const result = compileTrigger({ calendarInterval: { every: 'P1M', at: '09:00', timeZone } }, context);
    assert.ok(result.ok && result.trigger.kind === 'CALENDAR_INTERVAL');
    assert.deepEqual(result.trigger.spec, { calendarInterval: { every: 'P1M', at: '09:00:00', timeZone } });
    assertCanonical(result.trigger, context);
    return [result.trigger.startOn, dates(result.trigger, 2, context.anchorAt)];
  };
  assert.deepEqual(starts('UTC'), ['2026-03-31', '2026-05-31 2026-07-31'], 'its time on that date is over');
  assert.deepEqual(starts('Europe/Berlin'), ['2026-04-01', '2026-04-01 2026-05-01']);
});

const canonical: [input: { every: string; at: string; startOn?: string; timeZone?: string }, spec: Record<string, string>][] = [
  [
    { every: 'p12m', at: '09:00' },
    { every: 'P1Y', at: '09:00:00' },
  ],
  [
    { every: ' P14M ', at: ' 09:00:30 ', startOn: ' 2026-01-31 ' },
    { every: 'P1Y2M', at: '09:00:30', startOn: '2026-01-31' },
  ],
  [
    { every: 'P1W7D', at: '00:00', timeZone: 'europe/berlin' },
    { every: 'P2W', at: '00:00:00', timeZone: 'Europe/Berlin' },
  ],
  [
    { every: 'P1Y1M1W1D', at: '23:59:59' },
    { every: 'P1Y1M8D', at: '23:59:59' },
  ],
];
for (const [input, spec] of canonical) {
  test(`${JSON.stringify(input)} is canonically ${JSON.stringify(spec)}`, () => {
    const trigger = calendarInterval(input);
    assert.deepEqual(trigger.spec, { calendarInterval: spec });
    assertCanonical(trigger, CONTEXT);
  });
}

const described: [every: string, startOn: string, text: string][] = [
  ['P1D', '2026-01-01', 'every day at 09:00, from 2026-01-01 on (UTC)'],
  ['P2W', '2026-01-05', 'every 2 weeks at 09:00, from 2026-01-05 on (UTC)'],
  ['P1Y2M10D', '2026-01-31', 'every 1 year 2 months 10 days at 09:00, from 2026-01-31 on (UTC)'],
  ['P1M', '2026-01-31', 'every month at 09:00, from 2026-01-31 on, passing over months without day 31 (UTC)'],
  ['P1Y', '2024-02-29', 'every year at 09:00, from 2024-02-29 on, passing over years without 29 February (UTC)'],
  ['P1Y', '2024-03-31', 'every year at 09:00, from 2024-03-31 on (UTC)'],
];
for (const [every, startOn, text] of described) {
  test(`reads: ${text}`, () => assert.equal(calendarInterval({ every, at: '09:00', startOn }).describe(), text));
}

test('the description tells a DST policy that is not the default', () => {
  const input = { every: 'P1D', at: '02:30:15', startOn: '2026-01-01', timeZone: 'Europe/Berlin' };
  const text = (gap: DstGap, overlap: DstOverlap) => calendarInterval(input, { gap, overlap }).describe();
  const start = 'every day at 02:30:15, from 2026-01-01 on (Europe/Berlin';
  assert.equal(text('SHIFT', 'FIRST'), `${start})`);
  assert.equal(
    text('RUN_AFTER', 'LAST'),
    `${start}; missing times run right after the jump; repeated times run the second time)`,
  );
  assert.deepEqual(calendarInterval(input).dst, { gap: 'SHIFT', overlap: 'FIRST', followsRealClock: false });
});

const PLAIN = { every: 'P1M', at: '09:00' };
const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['nothing', {}, [/^calendarInterval\.every: /, /^calendarInterval\.at: /]],
  ['no duration', { ...PLAIN, every: 'monthly' }, [/^calendarInterval\.every: 'monthly' is not an ISO-8601 duration of dates/]],
  ['a time part', { ...PLAIN, every: 'P1DT2H' }, [/^calendarInterval\.every: 'P1DT2H' has a time part/]],
  ['a time part of zero', { ...PLAIN, every: 'P1DT0S' }, [/^calendarInterval\.every: 'P1DT0S' has a time part/]],
  ['zero', { ...PLAIN, every: 'P0M' }, [/^calendarInterval\.every: 'P0M' is shorter than one day/]],
  ['negative', { ...PLAIN, every: '-P1M' }, [/^calendarInterval\.every: '-P1M' is negative/]],
  ['a fraction', { ...PLAIN, every: 'P1.5D' }, [/^calendarInterval\.every: 'P1\.5D' is not/]],
  ['more than 1,000 years', { ...PLAIN, every: 'P1000Y1M' }, [/^calendarInterval\.every: 'P1000Y1M' is longer than 1,000 years/]],
  ['more than 1,000 years of days', { ...PLAIN, every: 'P365251D' }, [/^calendarInterval\.every: .*is longer than 1,000 years/]],
  ['24 o’clock', { ...PLAIN, at: '24:00' }, [/^calendarInterval\.at: '24:00' is not a time of day/]],
  ['a fraction of a second', { ...PLAIN, at: '09:00:00.5' }, [/^calendarInterval\.at: '09:00:00\.5' is not a time of day/]],
  ['a time with an offset', { ...PLAIN, at: '09:00Z' }, [/^calendarInterval\.at: '09:00Z' is not a time of day/]],
  [
    'a date that does not exist',
    { ...PLAIN, startOn: '2026-02-29' },
    [/^calendarInterval\.startOn: '2026-02-29' does not exist/],
  ],
  ['the year 0', { ...PLAIN, startOn: '0000-01-01' }, [/^calendarInterval\.startOn: '0000-01-01' does not exist/]],
  ['a date with a time', { ...PLAIN, startOn: '2026-03-04T10:00' }, [/^calendarInterval\.startOn: .*is not a date such as/]],
  ['a number', { every: 1, at: 9, startOn: 2026 }, [/every: 'number' is not/, /at: 'number' is not/, /startOn: 'number' is not/]],
  [
    'text without end',
    { every: `P${'1'.repeat(5000)}D`, at: '0'.repeat(5000), startOn: '2'.repeat(5000) },
    [/every: 'P1{39}…' is not/, /at: '0{40}…' is not/, /startOn: '2{40}…' is not/],
  ],
  [
    'all that is wrong at once',
    { every: 'PT1H', at: 'noon', startOn: 'today', timeZone: 'Europe/Berln' },
    [/\.every: .*time part/, /\.at: 'noon'/, /\.startOn: 'today'/, /\.timeZone: .*Europe\/Berlin/],
  ],
  [
    'its only date lies after the last instant',
    { every: 'P1D', at: '23:00', startOn: '9999-12-31', timeZone: 'America/New_York' },
    [/^calendarInterval: never fires: none of its local times exists in America\/New_York/],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ calendarInterval: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

test('a start that the zone left out is passed over under SKIP', () => {
  const input = { every: 'P1000Y', at: '12:00', startOn: '2011-12-30', timeZone: 'Pacific/Apia' };
  assert.equal(dates(calendarInterval(input, { gap: 'SKIP', overlap: null }), 1), '3011-12-30');
});

/** The dates in [start, until), each from the one before it, by Temporal. */
function* walk(start: string, every: string, until: number): Generator<Temporal.PlainDate> {
  const { years, months, weeks, days } = Temporal.Duration.from(every);
  let date = Temporal.PlainDate.from(start);
  while (date.toZonedDateTime('UTC').epochMilliseconds < until) {
    yield date;
    let month = date.toPlainYearMonth();
    if (years + months > 0) {
      do month = month.add({ years, months });
      while (month.daysInMonth < date.day);
    }
    date = month.toPlainDate({ day: date.day }).add({ weeks, days });
  }
}

const CHANGES: readonly [timeZone: string, date: string, at: string][] = [
  ['America/New_York', '2024-03-10', '02:30'],
  ['America/New_York', '2024-11-03', '01:30'],
  ['Australia/Lord_Howe', '2024-10-06', '02:15'],
  ['Australia/Lord_Howe', '2024-04-07', '01:45'],
  ['Antarctica/Troll', '2024-03-31', '01:30'],
  ['Africa/Cairo', '2024-04-26', '00:00'],
  ['America/Havana', '2024-11-03', '00:30'],
  ['Pacific/Apia', '2011-12-30', '09:00'],
  ['UTC', '2096-02-29', '23:59:59'],
];
const everys = fc
  .record({ years: fc.nat(3), months: fc.nat(14), weeks: fc.nat(3), days: fc.nat(20) }, { requiredKeys: [] })
  .filter((units) => Object.values(units).some((size) => size > 0))
  .map((units) => Temporal.Duration.from(units).toString());

test('it agrees with a walk from date to date, in any zone and under every policy', () => {
  const cases = fc.record({
    every: fc.oneof(fc.constantFrom('P1D', 'P2D', 'P1W', 'P1M', 'P1Y', 'P7M'), everys),
    change: fc.constantFrom(...CHANGES),
    startDays: fc.integer({ min: -70, max: 2 }),
    gap: fc.constantFrom<DstGap>('RUN_AFTER', 'SHIFT', 'SKIP'),
    overlap: fc.constantFrom<DstOverlap>('FIRST', 'LAST', 'BOTH'),
    from: fc.integer({ min: -80, max: 400 }),
    span: fc.integer({ min: 1, max: 1500 }),
  });
  let compared = 0;
  fc.assert(
    fc.property(cases, ({ every, change: [timeZone, date, at], startDays, gap, overlap, from, span }) => {
      const startOn = Temporal.PlainDate.from(date).add({ days: startDays }).toString();
      const dst = { gap, overlap };
      const start = Date.parse(date) + from * DAY;
      const until = start + Math.min(span * DAY, 60 * DAY * (every === 'P1D' ? 1 : 25));
      const instants = new Set<number>();
      for (const day of walk(startOn, every, until + 3 * DAY))
        for (const instant of instantsOf(`${day.toString()}T${at}`, timeZone, dst)) instants.add(instant);
      const expected = [...instants].filter((instant) => instant >= start && instant < until).sort((a, b) => a - b);
      compared += expected.length;
      const trigger = calendarInterval({ every, at, startOn, timeZone }, dst);
      assertAnswers(trigger, expected, start, until);
      assertCanonical(trigger, { ...CONTEXT, dst });
    }),
    { numRuns: 200 },
  );
  assert.ok(compared > 1000, 'the random windows hold occurrences');
});

test('far dates are those of a walk through all years, and the first question may be the farthest', () => {
  const cases = fc.record({
    every: fc.oneof(fc.constantFrom('P1M', 'P11M', 'P1Y', 'P25Y', 'P400Y', 'P1M1D', 'P1000D'), everys),
    startOn: fc.constantFrom('0001-01-31', '1600-02-29', '2023-12-30', '2000-02-29', '2024-05-28', '2026-08-29'),
    from: fc.integer({ min: 1, max: 9000 }),
  });
  fc.assert(
    fc.property(cases, ({ every, startOn, from }) => {
      const [start, end] = [Date.UTC(2000, 0) + (from - 2000) * 365 * DAY, Date.UTC(2000, 0) + (from - 1500) * 365 * DAY];
      const { years, months, weeks, days } = Temporal.Duration.from(every);
      const lengthInDays = (years * 12 + months) * 28 + weeks * 7 + days;
      const found: number[] = [];
      const first = calendarInterval({ every, at: '12:00', startOn });
      for (let at = first.next(-Infinity); at !== null && at < end; at = first.next(at)) if (at >= start) found.push(at);
      const trigger = calendarInterval({ every, at: '12:00', startOn });
      assert.equal(trigger.count(start, end), found.length);
      assert.deepEqual(calendarInterval({ every, at: '12:00', startOn }).between(start, end, Infinity), found);
      assert.equal(calendarInterval({ every, at: '12:00', startOn }).previous(end), found.at(-1) ?? first.previous(start));
      const gaps = found.slice(1).map((at, i) => at - (found[i] ?? 0));
      assert.ok(gaps.every((gap) => gap >= lengthInDays * DAY));
    }),
    { numRuns: 60 },
  );
});
