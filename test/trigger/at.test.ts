import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { DstGap, DstOverlap } from '../../src/trigger/trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../../src/trigger/trigger.ts';
import { CONTEXT, at, faults } from './compiled.ts';
import { instantsOf } from './judge.ts';
import { assertAnswers, assertCanonical } from './laws.ts';

const ALWAYS = [-Infinity, Infinity, Infinity] as const;
const iso = (instants: readonly number[]) => instants.map((instant) => new Date(instant).toISOString().replace('.000Z', 'Z'));

/** Occurrences as wall clock with offset; G where they stand in for a missing time, O where the time comes twice. */
const shown = (trigger: ReturnType<typeof at>) =>
  trigger
    .between(...ALWAYS)
    .map((instant) => trigger.fireTime(instant))
    .map(({ local, offset, inGap, inOverlap }) => `${local}${offset}${inGap ? ' G' : ''}${inOverlap ? ' O' : ''}`)
    .join(', ');

test('an instant is the same in every zone; a local time is read in the zone of the trigger', () => {
  for (const timeZone of ['UTC', 'America/New_York', 'Asia/Kathmandu']) {
    const trigger = at({ times: ['2026-02-10T09:00:00+01:00'], timeZone });
    assert.deepEqual(iso(trigger.between(...ALWAYS)), ['2026-02-10T08:00:00Z']);
  }
  assert.deepEqual(iso(at({ localTimes: ['2026-02-10T03:00'], timeZone: 'America/New_York' }).between(...ALWAYS)), [
    '2026-02-10T08:00:00Z',
  ]);
});

test('without a zone of its own it has the one of the context', () => {
  const result = compileTrigger({ at: { localTimes: ['2026-02-10T03:00'] } }, { ...CONTEXT, timeZone: 'Asia/Tokyo' });
  assert.ok(result.ok && result.trigger.kind === 'AT');
  assert.equal(result.trigger.timeZone, 'Asia/Tokyo');
  assert.deepEqual(iso(result.trigger.between(...ALWAYS)), ['2026-02-09T18:00:00Z']);
  assert.deepEqual(result.trigger.spec, { at: { localTimes: ['2026-02-10T03:00:00'] } });
});

test('it ends after the last', () => {
  const trigger = at({ times: ['2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z'] });
  const last = Date.UTC(2026, 1, 11);
  assert.equal(trigger.next(last - 1), last);
  assert.equal(trigger.next(last), null);
  assert.equal(trigger.next(Infinity), null);
  assert.equal(trigger.previous(-Infinity), null);
});

test('the canonical spec: sorted, each once, instants in UTC with milliseconds, local times as they are', () => {
  const trigger = at({
    times: ['2026-03-01T01:00:00+01:00', '2026-02-10T08:00:00Z', '2026-03-01T00:00:00.0009Z'],
    localTimes: [' 2026-02-10T03:00 ', '2026-02-10 03:00:00.000', '2025-12-31T23:59:59.5'],
    timeZone: 'america/new_york',
  });
  assert.deepEqual(trigger.spec, {
    at: {
      times: ['2026-02-10T08:00:00.000Z', '2026-03-01T00:00:00.000Z'],
      localTimes: ['2025-12-31T23:59:59.500', '2026-02-10T03:00:00'],
      timeZone: 'America/New_York',
    },
  });
  // 03:00 in New York is 08:00 in UTC: one occurrence.
  assert.deepEqual(iso(trigger.between(...ALWAYS)), ['2026-01-01T04:59:59.500Z', '2026-02-10T08:00:00Z', '2026-03-01T00:00:00Z']);
  assertCanonical(trigger, CONTEXT);
});

test('it follows no clock: what is effective is the policy', () => {
  assert.deepEqual(at({ localTimes: ['2026-02-10T03:00'] }).dst, { gap: 'SHIFT', overlap: 'FIRST', followsRealClock: false });
  assert.deepEqual(at({ times: ['2026-02-10T03:00Z'] }, { gap: 'SKIP', overlap: 'BOTH' }).dst, {
    gap: 'SKIP',
    overlap: 'BOTH',
    followsRealClock: false,
  });
});

interface Change {
  rule: string;
  zone: string;
  local: string[];
  SHIFT: string;
  RUN_AFTER: string;
  SKIP: string;
}
const gaps: Change[] = [
  {
    rule: 'New York loses 02:00 to 03:00',
    zone: 'America/New_York',
    local: ['2024-03-10T02:30'],
    SHIFT: '2024-03-10T03:30:00-04:00 G',
    RUN_AFTER: '2024-03-10T03:00:00-04:00 G',
    SKIP: 'never',
  },
  {
    rule: 'several in one gap: RUN_AFTER is one occurrence',
    zone: 'America/New_York',
    local: ['2024-03-10T02:15', '2024-03-10T02:45', '2024-03-10T04:00'],
    SHIFT: '2024-03-10T03:15:00-04:00 G, 2024-03-10T03:45:00-04:00 G, 2024-03-10T04:00:00-04:00',
    RUN_AFTER: '2024-03-10T03:00:00-04:00 G, 2024-03-10T04:00:00-04:00',
    SKIP: '2024-03-10T04:00:00-04:00',
  },
  {
    rule: 'the edges of a gap: the first missing time and the first after it',
    zone: 'America/New_York',
    local: ['2024-03-10T02:00', '2024-03-10T01:59:59.999'],
    SHIFT: '2024-03-10T01:59:59.999-05:00, 2024-03-10T03:00:00-04:00 G',
    RUN_AFTER: '2024-03-10T01:59:59.999-05:00, 2024-03-10T03:00:00-04:00 G',
    SKIP: '2024-03-10T01:59:59.999-05:00',
  },
  {
    rule: 'moved onto a time that is listed anyway: once, and it stands in for nothing',
    zone: 'America/New_York',
    local: ['2024-03-10T02:30', '2024-03-10T03:30', '2024-03-10T03:00'],
    SHIFT: '2024-03-10T03:00:00-04:00, 2024-03-10T03:30:00-04:00',
    RUN_AFTER: '2024-03-10T03:00:00-04:00, 2024-03-10T03:30:00-04:00',
    SKIP: '2024-03-10T03:00:00-04:00, 2024-03-10T03:30:00-04:00',
  },
  {
    rule: 'Lord Howe loses half an hour',
    zone: 'Australia/Lord_Howe',
    local: ['2024-10-06T02:15', '2024-10-06T02:30'],
    SHIFT: '2024-10-06T02:30:00+11:00, 2024-10-06T02:45:00+11:00 G',
    RUN_AFTER: '2024-10-06T02:30:00+11:00',
    SKIP: '2024-10-06T02:30:00+11:00',
  },
  {
    rule: 'Apia lost a day: longer than 3 hours is not made up for, as with cron',
    zone: 'Pacific/Apia',
    local: ['2011-12-29T12:00', '2011-12-30T12:00'],
    SHIFT: '2011-12-29T12:00:00-10:00, 2011-12-31T12:00:00+14:00 G',
    RUN_AFTER: '2011-12-29T12:00:00-10:00',
    SKIP: '2011-12-29T12:00:00-10:00',
  },
  {
    rule: 'Havana has no midnight',
    zone: 'America/Havana',
    local: ['2024-03-10T00:00'],
    SHIFT: '2024-03-10T01:00:00-04:00 G',
    RUN_AFTER: '2024-03-10T01:00:00-04:00 G',
    SKIP: 'never',
  },
  {
    rule: 'Cairo has no midnight',
    zone: 'Africa/Cairo',
    local: ['2024-04-26T00:30'],
    SHIFT: '2024-04-26T01:30:00+03:00 G',
    RUN_AFTER: '2024-04-26T01:00:00+03:00 G',
    SKIP: 'never',
  },
];
for (const { rule, zone, local, ...expected } of gaps) {
  for (const gap of ['SHIFT', 'RUN_AFTER', 'SKIP'] as const) {
    test(`a missing time, ${gap}: ${rule}`, () => {
      const result = compileTrigger({ at: { localTimes: local, timeZone: zone } }, { ...CONTEXT, dst: { gap, overlap: null } });
      if (expected[gap] !== 'never') {
        assert.ok(result.ok && result.trigger.kind === 'AT');
        assert.equal(shown(result.trigger), expected[gap]);
        return;
      }
      assert.ok(!result.ok);
      assert.deepEqual(result.errors[0]?.path, ['at', 'localTimes']);
      assert.match(result.errors[0]?.message ?? '', /^never fires: the clock of .* jumps over each of its times/);
    });
  }
}

const overlaps: { zone: string; local: string; FIRST: string; LAST: string; BOTH: string }[] = [
  {
    zone: 'America/New_York',
    local: '2024-11-03T01:30',
    FIRST: '2024-11-03T01:30:00-04:00 O',
    LAST: '2024-11-03T01:30:00-05:00 O',
    BOTH: '2024-11-03T01:30:00-04:00 O, 2024-11-03T01:30:00-05:00 O',
  },
  {
    zone: 'Australia/Lord_Howe',
    local: '2024-04-07T01:45',
    FIRST: '2024-04-07T01:45:00+11:00 O',
    LAST: '2024-04-07T01:45:00+10:30 O',
    BOTH: '2024-04-07T01:45:00+11:00 O, 2024-04-07T01:45:00+10:30 O',
  },
  {
    zone: 'America/Havana',
    local: '2024-11-03T00:00',
    FIRST: '2024-11-03T00:00:00-04:00 O',
    LAST: '2024-11-03T00:00:00-05:00 O',
    BOTH: '2024-11-03T00:00:00-04:00 O, 2024-11-03T00:00:00-05:00 O',
  },
  {
    zone: 'Africa/Cairo',
    local: '2024-10-31T23:30',
    FIRST: '2024-10-31T23:30:00+03:00 O',
    LAST: '2024-10-31T23:30:00+02:00 O',
    BOTH: '2024-10-31T23:30:00+03:00 O, 2024-10-31T23:30:00+02:00 O',
  },
];
for (const { zone, local, ...expected } of overlaps) {
  for (const overlap of ['FIRST', 'LAST', 'BOTH'] as const) {
    test(`a time that comes twice in ${zone}, ${overlap}`, () => {
      assert.equal(shown(at({ localTimes: [local], timeZone: zone }, { gap: null, overlap })), expected[overlap]);
    });
  }
}

test('an instant is never in a gap: it stands in for nothing, whatever a local time beside it does', () => {
  const times = ['2024-03-10T07:00:00Z', '2024-03-10T07:30:00Z', '2024-11-03T06:30:00Z'];
  const timeZone = 'America/New_York';
  const instants = '2024-03-10T03:00:00-04:00, 2024-03-10T03:30:00-04:00, 2024-11-03T01:30:00-05:00 O';
  assert.equal(shown(at({ times, timeZone })), instants);
  assert.equal(shown(at({ times, localTimes: ['2024-03-10T02:30'], timeZone })), instants);
});

// Answers of APScheduler 3.11.2 for its `date` trigger; a naive date is wall time in the zone.
const upstream: [given: string, zone: string, answer: string][] = [
  ['2025-06-01T12:00:00', 'UTC', '2025-06-01T12:00:00Z'],
  ['2024-03-10T02:30:00', 'America/New_York', '2024-03-10T07:30:00Z'],
  ['2024-11-03T01:30:00', 'America/New_York', '2024-11-03T05:30:00Z'],
  ['2024-11-03T01:30:00-05:00', 'America/New_York', '2024-11-03T06:30:00Z'],
  ['2024-10-06T02:15:00', 'Australia/Lord_Howe', '2024-10-05T15:45:00Z'],
  ['2025-06-01T12:00:00+09:30', 'Europe/Amsterdam', '2025-06-01T02:30:00Z'],
  ['2010-10-17T22:14:00', 'America/Sao_Paulo', '2010-10-18T00:14:00Z'],
  ['2020-11-11T00:00:00', 'Asia/Kathmandu', '2020-11-10T18:15:00Z'],
  ['2022-09-02T17:07:00', 'Pacific/Apia', '2022-09-02T04:07:00Z'],
  ['2019-03-31T00:00:00', 'Europe/Amsterdam', '2019-03-30T23:00:00Z'],
  ['2013-04-07T00:00:00', 'Pacific/Chatham', '2013-04-06T10:15:00Z'],
  ['2018-04-01T10:42:00', 'Australia/Lord_Howe', '2018-04-01T00:12:00Z'],
];
for (const [given, timeZone, answer] of upstream) {
  test(`as APScheduler: ${given} in ${timeZone}`, () => {
    const instant = /[+-]\d\d:\d\d$/.test(given);
    const trigger = at({ ...(instant ? { times: [given] } : { localTimes: [given] }), timeZone });
    assert.deepEqual(iso(trigger.between(...ALWAYS)), [answer]);
  });
}

const descriptions: [rule: string, input: Parameters<typeof at>[0], text: string, dst?: Parameters<typeof at>[1]][] = [
  ['one time', { localTimes: ['2026-02-10T03:00'], timeZone: 'America/New_York' }, 'once at 2026-02-10 03:00 (America/New_York)'],
  [
    'an instant, in the zone',
    { times: ['2026-02-10T08:00:05Z'], timeZone: 'Asia/Tokyo' },
    'once at 2026-02-10 17:00:05 (Asia/Tokyo)',
  ],
  [
    'several',
    { times: ['2026-02-12T00:00Z', '2026-02-10T00:00Z', '2026-02-11T00:00Z'] },
    'at 3 times, the first 2026-02-10 00:00, the last 2026-02-12 00:00 (UTC)',
  ],
  [
    'a missing time',
    { localTimes: ['2024-03-10T02:30'], timeZone: 'America/New_York' },
    'once at 2024-03-10 03:30 (America/New_York; 1 moved, because the clock jumps over it)',
  ],
  [
    'missing times that are dropped',
    { localTimes: ['2024-03-10T02:30', '2024-03-10T02:40', '2024-03-11T02:30'], timeZone: 'America/New_York' },
    'once at 2024-03-11 02:30 (America/New_York; 2 left out, because the clock jumps over them)',
    { gap: 'SKIP', overlap: null },
  ],
  [
    'a missing time that is listed twice',
    { localTimes: ['2024-03-10T02:30', '2024-03-10T02:30:00', '2024-03-11T02:30'], timeZone: 'America/New_York' },
    'once at 2024-03-11 02:30 (America/New_York; 1 left out, because the clock jumps over it)',
    { gap: 'SKIP', overlap: null },
  ],
  [
    'a time that comes twice',
    { localTimes: ['2024-11-03T01:30'], timeZone: 'America/New_York' },
    'at 2 times, the first 2024-11-03 01:30 -04:00, the last 2024-11-03 01:30 -05:00 (America/New_York)',
    { gap: null, overlap: 'BOTH' },
  ],
];
for (const [rule, input, text, dst] of descriptions) {
  test(`in plain English: ${rule}`, () => {
    assert.equal(at(input, dst).describe(), text);
  });
}

const many = (count: number) => Array.from({ length: count }, (_, i) => new Date(i * 1000).toISOString());
const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['nothing', {}, [/^at: at needs an entry in times or localTimes$/]],
  ['empty lists', { times: [], localTimes: [] }, [/^at: at needs an entry/]],
  ['no lists', { times: '2026-02-10T00:00:00Z' }, [/^at\.times: times must be a list$/]],
  ['more than 1,000 in both lists', { times: many(1000), localTimes: ['2026-02-10T00:00'] }, [/^at: at has 1001 entries$/]],
  [
    '30 February',
    { localTimes: ['2026-02-30T03:00'] },
    [/^at\.localTimes\.0: '2026-02-30T03:00' does not exist in the calendar$/],
  ],
  [
    '30 February, as an instant',
    { times: ['2026-02-30T03:00:00Z'] },
    [/^at\.times\.0: '2026-02-30T03:00:00Z' is not an instant/],
  ],
  ['29 February of a common year', { localTimes: ['2100-02-29T00:00'] }, [/does not exist/]],
  ['hour 24', { localTimes: ['2026-02-10T24:00'] }, [/does not exist/]],
  ['a leap second', { localTimes: ['2016-12-31T23:59:60'] }, [/does not exist/]],
  ['the year 0', { localTimes: ['0000-12-31T00:00'] }, [/does not exist/]],
  ['a date without a time', { localTimes: ['2026-02-10'] }, [/'2026-02-10' is not a local date-time such as/]],
  ['words', { localTimes: ['tomorrow'] }, [/'tomorrow' is not a local date-time/]],
  ['a number', { localTimes: [5] }, [/'number' is not a local date-time/]],
  [
    'an offset where none belongs',
    { localTimes: ['2026-02-10T03:00:00+01:00'] },
    [/has an offset, so it is an instant: give it in times/],
  ],
  ['UTC where none belongs', { localTimes: ['2026-02-10T03:00Z'] }, [/has an offset/]],
  ['no offset where one belongs', { times: ['2026-02-10T03:00:00'] }, [/is not an instant/]],
  [
    'before the year 1 of UTC',
    { localTimes: ['0001-01-01T00:00'], timeZone: 'Asia/Tokyo' },
    [/outside the years 1 to 9999 of UTC/],
  ],
  ['after the year 9999 of UTC', { localTimes: ['9999-12-31T23:00'], timeZone: 'America/New_York' }, [/outside the years/]],
  [
    'an unknown zone',
    { times: ['2026-02-10T00:00Z'], timeZone: 'Europe/Berln' },
    [/^at\.timeZone: .*Did you mean Europe\/Berlin\?$/],
  ],
  [
    'everything at once, each by its index',
    { times: ['x', '2026-02-10T00:00Z', 'y'], localTimes: ['2026-02-10T03:00', 'z'], timeZone: 'Mars/Base' },
    [/^at\.timeZone: /, /^at\.times\.0: 'x'/, /^at\.times\.2: 'y'/, /^at\.localTimes\.1: 'z'/],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ at: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

test('the first and the last instant of the calculus, and 1,000 entries, are allowed', () => {
  const edges = at({ times: ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'] });
  assert.deepEqual(edges.between(...ALWAYS), [FIRST_INSTANT, LAST_INSTANT]);
  assert.equal(edges.next(-Infinity), FIRST_INSTANT);
  assert.equal(edges.previous(Infinity), LAST_INSTANT);
  assert.equal(at({ times: many(1000) }).count(-Infinity, Infinity), 1000);
});

/** Zones and days on which their clocks change. */
const DAYS: [zone: string, day: string][] = [
  ['America/New_York', '2024-03-10'],
  ['America/New_York', '2024-11-03'],
  ['Australia/Lord_Howe', '2024-10-06'],
  ['Australia/Lord_Howe', '2024-04-07'],
  ['Antarctica/Troll', '2024-03-31'],
  ['America/Havana', '2024-03-10'],
  ['Africa/Cairo', '2024-11-01'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kathmandu', '2024-06-01'],
];
test('it agrees with Temporal about any list of times around the changes of a clock, whatever the policy', () => {
  const local = fc.tuple(fc.integer({ min: -36 * 60, max: 36 * 60 }), fc.constantFrom(0, 1, 59_999));
  fc.assert(
    fc.property(
      fc.constantFrom(...DAYS),
      fc.constantFrom<DstGap>('RUN_AFTER', 'SHIFT', 'SKIP'),
      fc.constantFrom<DstOverlap>('FIRST', 'LAST', 'BOTH'),
      fc.array(local, { maxLength: 12 }),
      fc.array(fc.integer({ min: -1500, max: 1500 }), { maxLength: 6 }),
      ([timeZone, day], gap, overlap, offsets, minutes) => {
        const midnight = Temporal.PlainDateTime.from(`${day}T00:00`);
        const localTimes = offsets.map(([minute, ms]) => midnight.add({ milliseconds: minute * 60_000 + ms }).toString());
        const base = Date.parse(`${day}T00:00Z`);
        const times = minutes.map((minute) => new Date(base + minute * 60_000).toISOString());
        const judged = [
          ...times.map((text) => Date.parse(text)),
          ...localTimes.flatMap((text) => instantsOf(text, timeZone, { gap, overlap })),
        ];
        const expected = [...new Set(judged)].sort((a, b) => a - b);
        const context = { ...CONTEXT, timeZone, dst: { gap, overlap } };
        const result = compileTrigger({ at: { times, localTimes } }, context);
        assert.equal(result.ok, expected.length > 0, 'refused only when nothing is left');
        if (!result.ok) return;
        const week = 7 * 86_400_000;
        assertAnswers(result.trigger, expected, base - week, base + week);
        assertCanonical(result.trigger, context);
      },
    ),
  );
});
