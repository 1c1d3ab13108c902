import assert from 'node:assert/strict';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { Trigger, TriggerContext } from '../../src/trigger/trigger.ts';

/**
 * Every question of the calculus about [from, until), answered against a list.
 * @param expected  the occurrences in [from, until) as somebody else found them, ascending
 */
export function assertAnswers(trigger: Trigger, expected: readonly number[], from: number, until: number): void {
  assert.deepEqual(trigger.between(from, until, Infinity), expected);
  assert.deepEqual(trigger.between(from, until, 2), expected.slice(0, 2));
  assert.equal(trigger.count(from, until), expected.length);
  assert.equal(trigger.count(until, from), 0);
  const members = new Set(expected);
  for (const [i, instant] of expected.entries()) {
    assert.ok(trigger.matches(instant));
    for (const near of [instant - 1, instant + 1]) {
      if (near >= from && near < until) assert.equal(trigger.matches(near), members.has(near), `${near} next to an occurrence`);
    }
    const before = expected[i - 1] ?? from - 1;
    assert.equal(trigger.next(before), instant, 'strictly increasing, nothing between two answers');
    assert.equal(trigger.next(instant - 0.5), instant, 'a fraction of a millisecond before');
    assert.equal(trigger.previous(expected[i + 1] ?? until), instant, 'previous mirrors next');
    assert.equal(trigger.fireTime(instant).at, instant);
    const middle = instant + 1;
    assert.equal(trigger.count(from, middle) + trigger.count(middle, until), expected.length, 'two halves are the whole');
  }
  const last = expected.at(-1) ?? from - 1;
  const following = trigger.next(last);
  assert.ok(following === null || following >= until, 'nothing after the last one');
  for (const nowhere of [trigger.next(NaN), trigger.previous(NaN)]) assert.equal(nowhere, null);
}

/** Compiling the canonical spec gives the same trigger, and the same canonical spec. */
export function assertCanonical(trigger: Trigger, context: TriggerContext): void {
  const stored = JSON.parse(JSON.stringify(trigger.spec));
  const again = compileTrigger(stored, context);
  assert.ok(again.ok, JSON.stringify(again));
  assert.deepEqual(again.trigger.spec, trigger.spec);
  assert.equal(again.trigger.describe(), trigger.describe());
  const span = [Date.UTC(1900, 0), Date.UTC(2100, 0), 100] as const;
  assert.deepEqual(again.trigger.between(...span), trigger.between(...span));
}
