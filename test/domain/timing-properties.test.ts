import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { planDue, planPaused } from '../../src/domain/due.ts';
import type { Fire, MisfirePolicy, Skip } from '../../src/domain/due.ts';
import { countsFrom, timingOf } from '../../src/domain/timing.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { occurrences, offsets, policies, timed } from '../support/cadences.ts';

test('effective instants lie within the offset, never go backwards, and jitter never passes the next occurrence', () => {
  fc.assert(
    fc.property(timed, ({ trigger, start, every, id, offsets: { spreadMs, jitterMs } }) => {
      const timing = timingOf({ id, spreadMs, jitterMs }, trigger);
      const nominal = occurrences(trigger, start, start + 50 * every);
      let before = -Infinity;
      for (const at of nominal) {
        const effective = timing.effective(at);
        assert.ok(Number.isInteger(effective) && effective >= at && effective < at + Math.max(1, spreadMs, jitterMs));
        assert.ok(effective > before, 'in the order of the occurrences');
        if (jitterMs > 0) assert.ok(effective < (trigger.next(at) ?? Infinity));
        else assert.equal(effective - at, timing.effective(start) - start, 'a spread is the same for all');
        assert.equal(timingOf({ id, spreadMs, jitterMs }, trigger).effective(at), effective);
        before = effective;
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a bound of effective instants is one of nominal instants', () => {
  const bounded = timed.chain((one) =>
    fc.tuple(fc.constant(one), fc.oneof(fc.nat(60 * one.every), fc.nat(50)), fc.integer({ min: -1, max: 1 })),
  );
  fc.assert(
    fc.property(bounded, ([{ trigger, start, every, id, offsets: of }, place, beside]) => {
      const timing = timingOf({ id, ...of }, trigger);
      const nominal = occurrences(trigger, start, start + 50 * every);
      // Anywhere, and at an effective instant to the millisecond.
      const hit = nominal[place];
      const bound = hit === undefined ? start + place : timing.effective(hit) + beside;
      const from = timing.firstNominalFrom(bound);
      assert.ok(from <= bound);
      for (const at of nominal) assert.equal(at >= from, timing.effective(at) >= bound);
    }),
    { numRuns: 2_000 },
  );
});

/** What becomes of an occurrence by its lateness alone. */
function judge(due: number[], timing: Timing, now: number, policy: MisfirePolicy): [at: number, becomes: string][] {
  const late = (at: number) => now - timing.effective(at);
  const missed = due.filter((at) => late(at) > policy.graceMs);
  const kept = missed.filter((at) => late(at) <= policy.catchupWindowMs);
  const latest = missed.length < due.length ? null : kept.at(-1);
  return due.map((at) => {
    if (!missed.includes(at)) return [at, 'SCHEDULE'];
    if (policy.mode === 'SKIP' || !kept.includes(at)) return [at, 'MISSED'];
    if (policy.mode === 'FIRE_ONCE') return [at, at === latest ? 'CATCH_UP' : 'COALESCED'];
    return [at, kept.slice(-policy.maxCatchupRuns).includes(at) ? 'CATCH_UP' : 'MISSED'];
  });
}
function spell(trigger: Trigger, items: readonly (Fire | Skip)[]): [at: number, becomes: string][] {
  return items.flatMap((item): [number, string][] => {
    if (item.kind === 'fire') return [[item.scheduledFor, item.origin]];
    const held = occurrences(trigger, item.scheduledFor, item.through);
    assert.equal(held.length, item.count);
    return held.map((at) => [at, item.verdict]);
  });
}

test('every occurrence that is due becomes what its lateness behind the effective instant says', () => {
  const woken = timed.chain((one) =>
    fc.tuple(fc.constant(one), policies(one.every), fc.oneof(fc.nat(60 * one.every), fc.nat(3 * one.every))),
  );
  fc.assert(
    fc.property(woken, ([{ trigger, start, id, offsets: of }, policy, lateBy]) => {
      const timing = timingOf({ id, ...of }, trigger);
      const expected = trigger.next(start) as number;
      const now = timing.effective(expected) + lateBy;
      const due = occurrences(trigger, expected, now).filter((at) => timing.effective(at) <= now);
      const plan = planDue(trigger, expected, now, policy, 100_000, timing);
      assert.deepEqual(spell(trigger, plan.items), judge(due, timing, now, policy));
      assert.equal(plan.next, trigger.next(due.at(-1) as number));
    }),
    { numRuns: 2_000 },
  );
});

const lives = timed.chain((one) => {
  // Forward over outages, backward, and to the very instant that is waited for.
  const waits = fc.oneof(fc.nat(2 * one.every), fc.nat(40 * one.every), fc.integer({ min: -3 * one.every, max: 0 }));
  const turn = fc.oneof(
    { weight: 5, arbitrary: fc.record({ does: fc.constant('tick' as const), waits, limit: fc.integer({ min: 13, max: 30 }) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('tick when due' as const), lateBy: fc.nat(2) }) },
    fc.record({ does: fc.constant('pause' as const), waits }),
    fc.record({ does: fc.constant('edit of the offset' as const), to: offsets(one.every) }),
    fc.record({ does: fc.constant('edit of the trigger' as const), to: offsets(one.every) }),
  );
  return fc.record({
    one: fc.constant(one),
    policy: policies(one.every),
    turns: fc.array(turn, {
      minLength: 1,
      maxLength: 25,
    }),
  });
});

test('over any sequence of ticks, pauses and edits of the offset every occurrence is planned exactly once, none before it is due', () => {
  fc.assert(
    fc.property(lives, ({ one: { trigger, start, id, offsets: initial }, policy, turns }) => {
      let [timing, now, latest] = [timingOf({ id, ...initial }, trigger), start, start];
      let next = trigger.next(start);
      const planned: number[] = [];
      const take = (plan: { items: (Fire | Skip)[]; next: number | null }) => {
        for (const item of plan.items) {
          const held = spell(trigger, [item]).map(([at]) => at);
          assert.ok(held.every((at) => timing.effective(at) <= now));
          if (item.kind === 'fire') assert.equal(item.effectiveAt, timing.effective(item.scheduledFor));
          planned.push(...held);
        }
        next = plan.next;
      };
      const tick = (limit = 100_000) => {
        if (next !== null) take(planDue(trigger, next, now, policy, limit, timing));
      };
      for (const turn of turns) {
        if (turn.does === 'tick') now += turn.waits;
        if (turn.does === 'tick when due' && next !== null) now = Math.max(now, timing.effective(next) + turn.lateBy);
        latest = Math.max(latest, now);
        tick(turn.does === 'tick' ? turn.limit : undefined);
        if (turn.does === 'pause') {
          now += turn.waits;
          if (next !== null) take(planPaused(trigger, next, now, timing));
        }
        if (turn.does === 'edit of the offset') timing = timingOf({ id, ...turn.to }, trigger);
        if (turn.does === 'edit of the trigger') {
          // To one with the same times: what is settled does not come again, what would have been due is over, what is ahead comes.
          timing = timingOf({ id, ...turn.to }, trigger);
          const settled = trigger.previous(next ?? Infinity) ?? -Infinity;
          const after = trigger.next(countsFrom(timing, now, Math.max(settled, start)));
          const over = occurrences(trigger, settled + 1, (after ?? Infinity) - 1).filter((at) => at > start);
          assert.ok(over.every((at) => timing.effective(at) <= now));
          planned.push(...over);
          next = after;
        }
        latest = Math.max(latest, now);
      }
      now = latest;
      tick();
      const last = planned.at(-1) ?? start;
      assert.deepEqual(planned, occurrences(trigger, start + 1, last), 'none is missing, none came twice');
      assert.equal(next, trigger.next(last));
      assert.ok(next === null || timing.effective(next) > latest, 'nothing that is due is left');
    }),
    { numRuns: 1_500 },
  );
});
