import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPulse } from '../src/pulse.ts';
import { createFakeClock } from './support/clock.ts';

const BEAT_MS = 2_000;
const LEASE_MS = 6_000;
function open() {
  const clock = createFakeClock(0);
  const pulse = createPulse(clock, BEAT_MS, LEASE_MS);
  return { pulse, at: (instant: number) => clock.advanceTo(instant) };
}

test('a beat that hangs counts as missed a second after it was due', () => {
  const { pulse, at } = open();
  at(2_999);
  assert.equal(pulse.alive(), true);
  at(3_000);
  assert.equal(pulse.alive(), false);
  pulse.beaten();
  assert.equal(pulse.alive(), true);
});

test('a beat that fails counts at once, until one succeeds', () => {
  const { pulse, at } = open();
  at(500);
  pulse.missed();
  assert.equal(pulse.alive(), false);
  at(2_500);
  pulse.beaten();
  assert.equal(pulse.alive(), true);
});

test('after more than a lease without a beat it is steady again when another lease has passed', () => {
  const { pulse, at } = open();
  at(LEASE_MS);
  pulse.beaten();
  assert.equal(pulse.steady(), true, 'no lease has run out');
  at(2 * LEASE_MS + 1);
  pulse.beaten();
  assert.equal(pulse.steady(), false);
  at(3 * LEASE_MS);
  pulse.beaten();
  assert.equal(pulse.steady(), false);
  at(3 * LEASE_MS + 1);
  assert.equal(pulse.steady(), true);
});
