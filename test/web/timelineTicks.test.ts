import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clockChanges, localOf, stepOf, ticksOf } from '../../web/src/pages/overview/timeline/ticks.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (text: string) => Date.parse(text);
const shown = (from: string, until: string, step: number, zone: string) =>
  ticksOf(at(from), at(until), step, zone).map((tick) => `${new Date(tick.at).toISOString().slice(11, 16)}=${tick.label}`);

test('marks stand where the clock of the zone shows a round time', () => {
  const cases: { rule: string; from: string; until: string; step: number; zone: string; ticks: string[] }[] = [
    { rule: 'whole hours of UTC', from: '2026-01-05T09:30Z', until: '2026-01-05T12:30Z', step: HOUR, zone: 'UTC', ticks: ['10:00=10:00', '11:00=11:00', '12:00=12:00'] },
    { rule: 'from is inside, until is not', from: '2026-01-05T10:00Z', until: '2026-01-05T11:00Z', step: HOUR, zone: 'UTC', ticks: ['10:00=10:00'] },
    { rule: 'a zone of three quarters of an hour', from: '2026-01-05T09:00Z', until: '2026-01-05T11:00Z', step: HOUR, zone: 'Asia/Kathmandu', ticks: ['09:15=15:00', '10:15=16:00'] },
    { rule: 'ten minutes do not divide its offset', from: '2026-01-05T09:00Z', until: '2026-01-05T09:20Z', step: 10 * MINUTE, zone: 'Asia/Kathmandu', ticks: ['09:05=14:50', '09:15=15:00'] },
    { rule: 'midnight is named by its day', from: '2026-01-05T22:00Z', until: '2026-01-06T00:00Z', step: HOUR, zone: 'Europe/Berlin', ticks: ['22:00=23:00', '23:00=Tue 01-06'] },
    { rule: 'an hour that is jumped over has no mark', from: '2026-03-29T00:00Z', until: '2026-03-29T03:00Z', step: HOUR, zone: 'Europe/Berlin', ticks: ['00:00=01:00', '01:00=03:00', '02:00=04:00'] },
    { rule: 'every two hours: 02:00 is not there, 04:00 is', from: '2026-03-28T22:00Z', until: '2026-03-29T05:00Z', step: 2 * HOUR, zone: 'Europe/Berlin', ticks: ['23:00=Sun 03-29', '02:00=04:00', '04:00=06:00'] },
    { rule: 'an hour that comes twice has two', from: '2026-10-25T00:00Z', until: '2026-10-25T02:00Z', step: HOUR, zone: 'Europe/Berlin', ticks: ['00:00=02:00', '01:00=02:00'] },
    { rule: 'a change of half an hour', from: '2026-04-04T13:00Z', until: '2026-04-04T17:00Z', step: HOUR, zone: 'Australia/Lord_Howe', ticks: ['13:00=Sun 04-05', '14:00=01:00', '15:30=02:00', '16:30=03:00'] },
    { rule: 'seconds are said between minutes', from: '2026-01-05T09:00:00Z', until: '2026-01-05T09:01:00Z', step: 30_000, zone: 'UTC', ticks: ['09:00=09:00:00', '09:00=09:00:30'] },
  ]; // prettier-ignore
  for (const { rule, from, until, step, zone, ticks } of cases) assert.deepEqual(shown(from, until, step, zone), ticks, rule);
});

test('a day has its marks at midnight of the zone, whatever its length', () => {
  const days = ticksOf(at('2026-03-27T12:00Z'), at('2026-03-31T12:00Z'), DAY, 'Europe/Berlin');
  assert.deepEqual(
    days.map((tick) => new Date(tick.at).toISOString().slice(5, 16)),
    ['03-27T23:00', '03-28T23:00', '03-29T22:00', '03-30T22:00'],
  );
  assert.ok(days.every(({ day }) => day));
});

test('in any zone every mark is a round time, and none between is left out', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Chatham',
    'America/Havana',
  ];
  const steps = [5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);
  const base = at('2026-01-01T00:00Z');
  const cases = fc.record({
    zone: fc.constantFrom(...zones),
    step: fc.constantFrom(...steps),
    hour: fc.integer({ min: 0, max: 365 * 24 }),
  });
  fc.assert(
    fc.property(cases, ({ zone, step, hour }) => {
      const [from, until] = [base + hour * HOUR, base + (hour + 26) * HOUR];
      const brute: number[] = [];
      for (let instant = from; instant < until; instant += 5 * MINUTE) {
        if ((((localOf(instant, zone) % DAY) + DAY) % DAY) % step === 0) brute.push(instant);
      }
      assert.deepEqual(
        ticksOf(from, until, step, zone).map((tick) => tick.at),
        brute,
      );
    }),
    { numRuns: 60 },
  );
});

test('changes of the clock are found to the minute', () => {
  const year = (zone: string) => clockChanges(at('2026-01-01T00:00Z'), at('2027-01-01T00:00Z'), zone);
  const said = (zone: string) =>
    year(zone).map((change) => `${new Date(change.at).toISOString().slice(0, 16)} ${change.minutes}`);
  assert.deepEqual(said('Europe/Berlin'), ['2026-03-29T01:00 60', '2026-10-25T01:00 -60']);
  assert.deepEqual(said('Australia/Lord_Howe'), ['2026-04-04T15:00 -30', '2026-10-03T15:30 30']);
  assert.deepEqual(said('Asia/Tokyo'), []);
});

test('a step is the smallest round one that leaves no more marks than there is room for', () => {
  for (const [span, most, step] of [
    [HOUR, 12, 5 * MINUTE],
    [HOUR, 11, 10 * MINUTE],
    [90 * MINUTE, 10, 10 * MINUTE],
    [36 * HOUR, 10, 6 * HOUR],
    [7 * DAY, 7, DAY],
    [7 * DAY, 3, 3 * DAY],
    [MINUTE, 10, 10_000],
  ] as const) {
    assert.equal(stepOf(span, most), step, `${span / MINUTE} min, ${most}`);
  }
});
