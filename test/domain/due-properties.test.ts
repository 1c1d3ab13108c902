import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { planDue } from '../../src/domain/due.ts';
import type { DuePlan, MisfirePolicy } from '../../src/domain/due.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { cadences, occurrences, policies } from '../support/cadences.ts';

/** The paragraph on misfires in one sentence per occurrence: [instant, what becomes of it], without any arithmetic on ranges. */
function judge(due: number[], now: number, policy: MisfirePolicy): [at: number, becomes: string][] {
  const isFresh = (at: number): boolean => now - at <= policy.graceMs;
  const inWindow = due.filter((at) => !isFresh(at) && now - at <= policy.catchupWindowMs);
  const kept = inWindow.slice(-policy.maxCatchupRuns);
  const fold = due.some(isFresh) ? null : inWindow.at(-1);
  return due.map((at) => {
    if (isFresh(at)) return [at, 'SCHEDULE'];
    if (policy.mode === 'SKIP' || !inWindow.includes(at)) return [at, 'MISSED'];
    if (policy.mode === 'FIRE_ONCE') return [at, at === fold ? 'CATCH_UP' : 'COALESCED'];
    return [at, kept.includes(at) ? 'CATCH_UP' : 'MISSED'];
  });
}

/** A plan with its counted stretches spelled out. */
function spell(trigger: Trigger, plan: DuePlan): [at: number, becomes: string][] {
  return plan.items.flatMap((item): [number, string][] => {
    if (item.kind === 'fire') return [[item.scheduledFor, item.origin]];
    const held = occurrences(trigger, item.scheduledFor, item.through);
    assert.equal(held.length, item.count);
    assert.deepEqual([held[0], held.at(-1)], [item.scheduledFor, item.through]);
    return held.map((at) => [at, item.verdict]);
  });
}

const wakings = cadences.chain(({ name, trigger, start, every }) =>
  fc.record({
    name: fc.constant(name),
    trigger: fc.constant(trigger),
    start: fc.constant(start),
    policy: policies(every),
    // On an occurrence or its limits to the ms, anywhere, and before it was time.
    lateBy: fc.oneof(
      fc.nat(60).map((times) => times * every),
      fc.nat(60 * every),
      fc.integer({ min: -2 * every, max: 2 * every }),
    ),
    limit: fc.integer({ min: 13, max: 40 }),
  }),
);

test('every due occurrence becomes what its lateness says, in order, and next is the first that is left', () => {
  fc.assert(
    fc.property(wakings, ({ trigger, start, policy, lateBy, limit }) => {
      const expected = trigger.next(start);
      assert.ok(expected !== null);
      const now = expected + lateBy;
      const plan = planDue(trigger, expected, now, policy, limit);
      const all = judge(occurrences(trigger, expected, now), now, policy);
      const fires = all.filter(([, becomes]) => becomes === 'SCHEDULE' || becomes === 'CATCH_UP');
      const [unplanned] = fires[limit] ?? [];
      assert.deepEqual(
        spell(trigger, plan),
        all.filter(([at]) => unplanned === undefined || at < unplanned),
      );
      assert.equal(plan.next, unplanned ?? (lateBy < 0 ? expected : trigger.next(now)));
    }),
    { numRuns: 3_000 },
  );
});

test('limits to the millisecond: on them and one past them', () => {
  fc.assert(
    fc.property(
      cadences.chain(({ trigger, start, every }) =>
        fc.tuple(fc.constant({ trigger, start }), policies(every), fc.boolean(), fc.nat(1)),
      ),
      ([{ trigger, start }, policy, ofWindow, past]) => {
        const expected = trigger.next(start);
        assert.ok(expected !== null);
        const now = expected + (ofWindow ? policy.catchupWindowMs : policy.graceMs) + past;
        const all = judge(occurrences(trigger, expected, now), now, policy);
        assert.deepEqual(spell(trigger, planDue(trigger, expected, now, policy)), all);
      },
    ),
    { numRuns: 1_000 },
  );
});
