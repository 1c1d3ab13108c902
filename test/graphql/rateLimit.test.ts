import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, createRateLimiter } from '../../src/graphql/rateLimit.ts';

function limiterAt(pointsPerMinute: number | 'off') {
  const clock = { at: 1_000_000, now: () => clock.at };
  return { clock, limiter: createRateLimiter(pointsPerMinute, clock) };
}

test('an operation costs a point, and a point for each ten objects', () => {
  assert.equal(costOf(0), 1);
  assert.equal(costOf(250), 26);
});

test('a minute of points can be spent at once; then the answer is how long to wait', () => {
  const { clock, limiter } = limiterAt(60);
  assert.equal(limiter.take('a', 60), null);
  assert.equal(limiter.take('a', 1), 1);
  assert.equal(limiter.take('a', 30), 30);
  clock.at += 29_999;
  assert.equal(limiter.take('a', 30), 1);
  clock.at += 1;
  assert.equal(limiter.take('a', 30), null);
});

test('principals do not share a bucket', () => {
  const { limiter } = limiterAt(10);
  assert.equal(limiter.take('a', 10), null);
  assert.notEqual(limiter.take('a', 1), null);
  assert.equal(limiter.take('b', 10), null);
});

test('an operation dearer than a full bucket passes once and is paid off', () => {
  const { clock, limiter } = limiterAt(60);
  assert.equal(limiter.take('a', 120), null);
  assert.equal(limiter.take('a', 1), 61);
  clock.at += 61_000;
  assert.equal(limiter.take('a', 1), null);
});

test('a refusal costs nothing, and idling never fills past a minute', () => {
  const { clock, limiter } = limiterAt(60);
  assert.equal(limiter.take('a', 60), null);
  for (let refused = 0; refused < 100; refused += 1) assert.equal(limiter.take('a', 10), 10);
  clock.at += 3_600_000;
  assert.equal(limiter.take('a', 60), null);
  assert.notEqual(limiter.take('a', 1), null);
});

test('a clock that steps back refills nothing and does not block', () => {
  const { clock, limiter } = limiterAt(60);
  assert.equal(limiter.take('a', 60), null);
  clock.at -= 3_600_000;
  assert.equal(limiter.take('a', 1), 1);
  clock.at += 1000;
  assert.equal(limiter.take('a', 1), null);
});

test('10,000 principals are remembered; the quietest is forgotten first', () => {
  const { limiter } = limiterAt(10);
  assert.equal(limiter.take('quiet', 10), null);
  assert.equal(limiter.take('busy', 10), null);
  for (let other = 0; other < 9998; other += 1) limiter.take(`other ${other}`, 10);
  assert.notEqual(limiter.take('busy', 10), null);
  limiter.take('one more', 10);
  assert.equal(limiter.take('quiet', 10), null, 'forgotten, so full again');
  assert.notEqual(limiter.take('busy', 10), null, 'kept');
});

test('off lets everything pass', () => {
  const { limiter } = limiterAt('off');
  for (let take = 0; take < 1000; take += 1) assert.equal(limiter.take('a', 1e9), null);
});
