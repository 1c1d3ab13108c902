import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CronTrigger } from '../../src/trigger/trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../../src/trigger/trigger.ts';
import { cron, refusals } from './compiled.ts';

function walk(trigger: CronTrigger, from: number, until: number): { forward: number[]; backward: number[] } {
  const forward: number[] = [];
  for (let at = trigger.next(from - 1); at !== null && at < until; at = trigger.next(at)) forward.push(at);
  const backward: number[] = [];
  for (let at = trigger.previous(until); at !== null && at >= from; at = trigger.previous(at)) backward.unshift(at);
  return { forward, backward };
}

const yearly: [timeZone: string, month: number, day: number, time: string][] = [
  ['America/New_York', 3, 10, '02:30'],
  ['America/New_York', 11, 3, '01:30'],
  ['America/Havana', 3, 10, '00:00'],
  ['Australia/Lord_Howe', 10, 6, '02:10'],
  ['Europe/London', 3, 31, '01:00'],
  ['Africa/Casablanca', 3, 9, '02:30'],
  ['Pacific/Apia', 12, 30, '09:00'],
];
for (const [timeZone, month, day, time] of yearly) {
  test(`once a year on ${month}/${day} at ${time} in ${timeZone}: no year is lost between changes of clock`, () => {
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    const trigger = cron(`${minute} ${hour} ${day} ${month} *`, timeZone, { gap: 'SHIFT', overlap: 'FIRST' });
    const expected: number[] = [];
    for (let year = 1920; year < 2620; year++) {
      const local = Temporal.PlainDateTime.from({ year, month, day, hour, minute });
      // SHIFT and FIRST are what java.time and Temporal do by themselves.
      expected.push(local.toZonedDateTime(timeZone).epochMilliseconds);
    }
    const { forward, backward } = walk(trigger, Date.UTC(1920, 0, 2), Date.UTC(2620, 0));
    assert.deepEqual(forward, expected);
    assert.deepEqual(backward, expected);
    assert.equal(trigger.count(Date.UTC(1920, 0, 2), Date.UTC(2620, 0)), expected.length);
  });
}

test('29 February on a Monday, in a zone with daylight saving, across the rules after 2100', () => {
  const trigger = cron('0 0 29 2 1', 'America/New_York', undefined, 'BOTH');
  const expected: number[] = [];
  for (let year = 1904; year < 3400; year += 4) {
    const date = Temporal.PlainDate.from({ year, month: 2, day: 28 }).add({ days: 1 });
    if (date.day === 29 && date.dayOfWeek === 1) expected.push(date.toZonedDateTime('America/New_York').epochMilliseconds);
  }
  const { forward, backward } = walk(trigger, Date.UTC(1900, 0), Date.UTC(3400, 0));
  assert.deepEqual(forward, expected);
  assert.deepEqual(backward, expected);
});

test('a rule that changes of clock have made impossible ends, in both directions', () => {
  // The second Sunday of March is the day of the change since 2007, and not before.
  const trigger = cron('30 2 8-14 3 0', 'America/New_York', { gap: 'SKIP', overlap: null }, 'BOTH');
  const last = Date.parse('2006-03-12T02:30:00-05:00');
  assert.equal(trigger.next(last - 1), last);
  assert.equal(trigger.next(last), null);
  assert.equal(trigger.next(Date.UTC(9000, 0)), null);
  assert.equal(trigger.previous(Date.UTC(9990, 0)), last);
  assert.equal(trigger.count(last, Date.UTC(9990, 0)), 1);
});

test('every month of 10,000 years is counted as it is enumerated', () => {
  for (const timeZone of ['UTC', 'Europe/Berlin']) {
    const trigger = cron('0 12 L * *', timeZone);
    const { forward, backward } = walk(trigger, FIRST_INSTANT, LAST_INSTANT);
    assert.equal(forward.length, 9999 * 12);
    assert.equal(trigger.count(-Infinity, Infinity), 9999 * 12);
    assert.deepEqual(backward, forward);
  }
});

test('listed years end the trigger', () => {
  const trigger = cron('0 0 0 1 1 ? 2020,2024/4', 'Europe/Berlin');
  const years = trigger.between(-Infinity, Date.UTC(2034, 0), Infinity).map((at) => trigger.fireTime(at).local.slice(0, 4));
  assert.deepEqual(years, ['2020', '2024', '2028', '2032']);
  assert.equal(cron('0 0 0 1 1 ? 2020').next(Date.UTC(2021, 0)), null);
  assert.equal(cron('0 0 0 31 12 ? 9999').next(0), Date.UTC(9999, 11, 31));
});

test('instants outside the years 1-9999 may be asked for, but are never answered', () => {
  const trigger = cron('* * * * * *', 'Asia/Kathmandu');
  assert.equal(trigger.next(-Infinity), FIRST_INSTANT);
  assert.equal(trigger.previous(Infinity), LAST_INSTANT - 999);
  for (const never of [
    trigger.next(Infinity),
    trigger.next(LAST_INSTANT),
    trigger.next(NaN),
    trigger.previous(-Infinity),
    trigger.previous(NaN),
  ]) {
    assert.equal(never, null);
  }
  assert.deepEqual(trigger.between(Infinity, -Infinity, 5), []);
  assert.equal(trigger.count(5000, 1000), 0);
});

const impossible: [rule: string, expression: string, timeZone?: string][] = [
  ['no such date', '0 0 30 2 *'],
  ['no such date in any listed month', '0 0 31 4,6,9,11 *'],
  ['31W passes over months without a 31st', '0 0 31W 2 *'],
  ['no day 30 before the last of February', '0 0 L-30 4 *'],
  ['29 February in years that are not leap years', '0 0 0 29 2 ? 2025-2027'],
  ['the one date is a day that the zone left out', '0 0 12 30 12 ? 2011', 'Pacific/Apia'],
];
for (const [rule, expression, timeZone = 'UTC'] of impossible) {
  test(`refused, as it can never fire: ${expression} (${rule})`, () => {
    assert.match(refusals({ cron: { expression, timeZone } }).join(), /^never fires: /);
  });
}

test('a date that never comes is no obstacle where a weekday may match instead', () => {
  assert.equal(cron('0 0 30 2 1').next(Date.UTC(2026, 1, 1)), Date.UTC(2026, 1, 2));
  assert.match(refusals({ cron: { expression: '0 0 30 2 1', dayMatch: 'BOTH' } }).join(), /^never fires/);
});
