import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { firstInstants } from '../../src/trigger/first-instants.ts';
import type { Trigger, TriggerSpec } from '../../src/trigger/trigger.ts';

const FROM = Date.parse('2026-11-21T00:00:00Z');

function compiled(spec: TriggerSpec): Trigger {
  const result = compileTrigger(spec, { timeZone: 'UTC', dst: { gap: null, overlap: null }, anchorAt: FROM });
  assert.ok(result.ok, JSON.stringify(result));
  return result.trigger;
}
const cron = (expression: string): TriggerSpec => ({ cron: { expression } });
const every = (text: string): TriggerSpec => ({ interval: { every: text } });
/** Each is years after the one before. */
const RARE = { allOf: { triggers: [every('PT61M'), cron('0 9 * * 1')] } };

test('a list is that of between, bounds and limit included', () => {
  for (const spec of [
    cron('*/7 * * * *'),
    cron('0 0 29 2 *'),
    { at: { times: ['2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z'] } },
  ]) {
    const trigger = compiled(spec);
    const first = trigger.next(FROM) as number;
    for (const [from, until, limit] of [
      [first, Infinity, 1],
      [first, Infinity, 101],
      [first, first + 1, 10],
      [first + 1, first + 1, 10],
      [FROM, first, 10],
    ] as const) {
      assert.deepEqual(firstInstants(trigger, from, until, limit), {
        instants: trigger.between(from, until, limit),
        early: false,
      });
    }
  }
});

test('a list that takes too long ends early and says so, the same each time; what it holds is right', () => {
  const trigger = compiled(RARE);
  const { instants, early } = firstInstants(trigger, FROM, Infinity, 101);
  assert.equal(early, true);
  assert.ok(instants.length >= 10, `${instants.length} of a form's ten`);
  assert.deepEqual(instants, trigger.between(FROM, Infinity, instants.length));
  assert.deepEqual(firstInstants(trigger, FROM, Infinity, 101), { instants, early });
  assert.deepEqual(firstInstants(trigger, FROM, Infinity, 10), { instants: instants.slice(0, 10), early: false });
});
