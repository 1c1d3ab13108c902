import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseEnd } from '../../web/src/parts/pauseEnd.ts';
import { readDuration, writeDuration } from '../../web/src/time/durationParts.ts';
import { formatRelative, formatShortMinute, formatStretch } from '../../web/src/time/format.ts';
import { moveWall, readWall, wallOf } from '../../web/src/time/wallClock.ts';
import fc from '../support/properties.ts';

const walls = [
  { wall: '2026-07-01T09:00', zone: 'Europe/Berlin', at: '2026-07-01T07:00:00.000Z', is: 'ONCE' },
  { wall: '2026-03-29T02:30:00', zone: 'Europe/Berlin', at: '2026-03-29T01:30:00.000Z', is: 'GAP' },
  { wall: '2026-10-25T02:30:00', zone: 'Europe/Berlin', at: '2026-10-25T00:30:00.000Z', is: 'TWICE' },
  { wall: '2026-01-01T00:00:00', zone: 'Pacific/Kiritimati', at: '2025-12-31T10:00:00.000Z', is: 'ONCE' },
  { wall: '2026-04-05T01:45:00', zone: 'Australia/Lord_Howe', at: '2026-04-04T14:45:00.000Z', is: 'TWICE' },
];
for (const { wall, zone, at, is } of walls)
  test(`${wall} on the clock of ${zone} is ${at} (${is})`, () => {
    const reading = readWall(wall, zone);
    assert.deepEqual({ ...reading, at: new Date(reading?.at ?? 0).toISOString() }, { at, is });
  });

for (const [wall, zone] of [
  ['', 'UTC'],
  ['2026-02-30T10:00:00', 'UTC'],
  ['2026-13-01T10:00', 'UTC'],
  ['2026-01-01T10:00', 'Mars/Base'],
] as const)
  test(`"${wall}" in ${zone} is no time`, () => assert.equal(readWall(wall, zone), null));

test('a bound keeps its time of the clock when the zone is another one', () => {
  assert.equal(moveWall('2026-07-01T07:00:00.000Z', 'Europe/Berlin', 'America/New_York'), '2026-07-01T13:00:00.000Z');
});

test('what a clock shows at an instant leads back to it, or to the other pass of the same time', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'];
  const instants = fc.integer({ min: Date.UTC(2000) / 1000, max: Date.UTC(2060) / 1000 });
  fc.assert(
    fc.property(instants, fc.constantFrom(...zones), (second, zone) => {
      const wall = wallOf(second * 1000, zone);
      const reading = readWall(wall, zone);
      assert.notEqual(reading?.is, 'GAP');
      assert.equal(wallOf(reading?.at ?? 0, zone), wall);
      if (reading?.is === 'ONCE') assert.equal(reading.at, second * 1000);
    }),
  );
});

const durations = [
  { text: 'PT90M', parts: { amount: 90, unit: 'MINUTES' } },
  { text: 'PT1H30M', parts: { amount: 90, unit: 'MINUTES' } },
  { text: 'PT1M0.5S', parts: { amount: 60.5, unit: 'SECONDS' } },
  { text: 'PT0H', parts: { amount: 0, unit: 'HOURS' } },
  { text: 'P2W', parts: { amount: 2, unit: 'WEEKS' } },
  { text: 'P1M', parts: { amount: 1, unit: 'MONTHS' } },
  { text: 'P1DT1H', parts: null },
  { text: 'P1Y6M', parts: null },
  { text: '-PT1S', parts: null },
  { text: 'PT', parts: null },
  { text: 'soon', parts: null },
];
for (const { text, parts } of durations)
  test(`${text} is ${parts === null ? 'written as it is' : `${parts.amount} ${parts.unit.toLowerCase()}`}`, () =>
    assert.deepEqual(readDuration(text), parts));

test('a number and a unit are read back as they were written', () => {
  const units = ['SECONDS', 'MINUTES', 'HOURS', 'DAYS', 'WEEKS', 'MONTHS', 'YEARS'] as const;
  fc.assert(
    fc.property(fc.nat(100_000), fc.constantFrom(...units), (amount, unit) => {
      assert.deepEqual(readDuration(writeDuration({ amount, unit })), { amount, unit });
    }),
  );
});

const stretches = [
  [0, '0 ms'], [840.4, '840 ms'], [999.6, '1 s'], [1000, '1 s'], [3249, '3.2 s'], [8000, '8 s'], [8049, '8 s'], [9999, '9.9 s'], [10_000, '10 s'],
  [59_999, '59 s'], [250_000, '4 min 10 s'], [3_600_000, '1 h'], [183_600_000, '2 d 3 h'], [-8000, '8 s'],
] as const; // prettier-ignore
for (const [ms, words] of stretches) test(`${ms} ms are ${words}`, () => assert.equal(formatStretch(ms), words));

test('how far away something is, is counted in whole seconds', () => {
  const now = Date.UTC(2026, 2, 29);
  assert.deepEqual(
    [0, 400, 8000, -8000, 250_000].map((ms) => formatRelative(now + ms, now)),
    ['now', 'now', 'in 8 s', '8 s ago', 'in 4 min 10 s'],
  );
});

test('a time to the minute keeps its minutes, on the hour too', () => {
  const now = Date.parse('2026-03-27T15:00:00Z');
  const said = ['2026-03-27T14:00:00Z', '2026-03-26T14:00:00Z', '2026-03-01T14:00:00Z'].map((at) =>
    formatShortMinute(Date.parse(at), 'UTC', now),
  );
  assert.deepEqual(said, ['14:00', 'Thu 14:00', '2026-03-01 14:00']);
});

const ends = [
  { rule: 'never', wall: '', end: { until: null, fault: null } },
  {
    rule: 'at a time of the clock of the zone',
    wall: '2026-07-01T09:00',
    end: { until: '2026-07-01T07:00:00.000Z', fault: null },
  },
  { rule: 'behind the jump of the clock', wall: '2026-03-29T02:30', end: { until: '2026-03-29T01:30:00.000Z', fault: null } },
  { rule: 'not before now', wall: '2026-03-01T12:59', end: { until: null, fault: 'That is past already.' } },
  { rule: 'not at a time that there is not', wall: '2026-02-30T12:00', end: { until: null, fault: 'This is no time.' } },
];
for (const { rule, wall, end } of ends)
  test(`a pause ends ${rule}`, () => assert.deepEqual(pauseEnd(wall, 'Europe/Berlin', Date.parse('2026-03-01T12:00:00Z')), end));
