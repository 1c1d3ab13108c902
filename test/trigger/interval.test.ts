import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../../src/trigger/trigger.ts';
import { CONTEXT, interval, refusals } from './compiled.ts';

const MINUTE = 60_000;

test('without an anchor the grid starts at the context, and the first fire is one step later', () => {
  const trigger = interval('PT10M');
  assert.equal(trigger.anchorAt, CONTEXT.anchorAt);
  assert.equal(trigger.next(CONTEXT.anchorAt), CONTEXT.anchorAt + 10 * MINUTE);
  assert.deepEqual(trigger.spec, { interval: { every: 'PT10M' } });
});

test('an anchor fixes the phase, not the beginning', () => {
  const past = interval('PT6H', '2020-01-01T03:00:00Z');
  const future = interval('PT6H', '2040-01-01T09:00+06:00');
  const [from, until] = [Date.UTC(2026, 0), Date.UTC(2026, 1)];
  assert.deepEqual(past.between(from, until, 500), future.between(from, until, 500));
  assert.equal(past.next(from), Date.UTC(2026, 0, 1, 3));
  assert.equal(future.previous(from), Date.UTC(2025, 11, 31, 21));
});

test('days and weeks are elapsed time: a change of clock does not move the grid', () => {
  const trigger = interval('P1D', '2024-03-09T12:00:00-05:00');
  assert.equal(trigger.next(Date.parse('2024-03-10T00:00:00-05:00')), Date.parse('2024-03-10T13:00:00-04:00'));
  assert.equal(interval('P1W').everyMs, 7 * 24 * 60 * MINUTE);
});

test('the canonical spec normalises the duration and writes a given anchor in UTC with milliseconds', () => {
  assert.deepEqual(interval('PT90M', '2026-01-01T01:00:00+01:00').spec, {
    interval: { every: 'PT1H30M', anchorAt: '2026-01-01T00:00:00.000Z' },
  });
});

const instants = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) });
test('next, previous, between, count and matches agree on any grid', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 10_000_000_000 }), instants, instants, fc.nat(30), (every, anchor, from, steps) => {
      const trigger = interval(`PT${every / 1000}S`, new Date(anchor).toISOString());
      const until = from + steps * every;
      const found = trigger.between(from, until, Infinity);
      assert.equal(found.length, steps);
      assert.equal(trigger.count(from, until), steps);
      for (const [i, at] of found.entries()) {
        assert.ok(trigger.matches(at) && !trigger.matches(at + 1));
        assert.ok((at - anchor) % every === 0);
        assert.equal(trigger.next(i === 0 ? from - 1 : (found[i - 1] ?? 0)), at);
        assert.equal(trigger.previous(found[i + 1] ?? until), at);
      }
    }),
  );
});

test('the grid ends with the years 1-9999', () => {
  const trigger = interval('PT1S');
  assert.equal(trigger.next(-Infinity), FIRST_INSTANT);
  assert.equal(trigger.previous(Infinity), LAST_INSTANT - 999);
  assert.equal(trigger.count(-Infinity, Infinity), (LAST_INSTANT + 1 - FIRST_INSTANT) / 1000);
  for (const never of [trigger.next(LAST_INSTANT), trigger.previous(FIRST_INSTANT), trigger.next(NaN), trigger.previous(NaN)]) {
    assert.equal(never, null);
  }
  assert.equal(trigger.count(10_000, 1000), 0);
});

const refused: [field: 'every' | 'anchorAt', value: string, message: RegExp][] = [
  ['every', 'PT0S', /shorter than one second/],
  ['every', 'PT0.999S', /shorter than one second/],
  ['every', 'P1M', /years or months/],
  ['every', 'ten minutes', /not an ISO-8601 duration/],
  ['every', 'P36526D', /longer than 100 years/],
  ['anchorAt', '2026-01-31', /not an instant/],
  ['anchorAt', '2026-01-31T09:00:00', /not an instant/],
  ['anchorAt', '2026-02-30T09:00:00Z', /not an instant/],
  ['anchorAt', '0000-01-01T00:00:00Z', /not an instant/],
  ['anchorAt', 'x'.repeat(100_000), /'x{40}…' is not an instant/],
];
for (const [field, value, message] of refused) {
  test(`refused: ${field} ${value.slice(0, 40)}`, () => {
    assert.match(refusals({ interval: { every: 'PT1H', [field]: value } }).join(), message);
  });
}

test('every and anchorAt are refused together', () => {
  assert.equal(refusals({ interval: { every: 'x', anchorAt: 'y' } }).length, 2);
});

test('an interval reads in the zone of the context', () => {
  const result = compileTrigger({ interval: { every: 'PT1H' } }, { ...CONTEXT, timeZone: 'Asia/Kathmandu' });
  assert.ok(result.ok);
  assert.equal(result.trigger.fireTime(0).local, '1970-01-01T05:30:00');
});
