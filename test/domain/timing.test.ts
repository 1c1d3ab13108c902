import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planDue, planPaused } from '../../src/domain/due.ts';
import type { MisfirePolicy } from '../../src/domain/due.ts';
import { NOMINAL, countsFrom, placeAt, timingOf } from '../../src/domain/timing.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { boundTrigger } from '../../src/trigger/bounded.ts';
import { LAST_INSTANT } from '../../src/trigger/trigger.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { at, misfire, print, timeOf } from '../support/verdicts.ts';
import { at as listed, interval } from '../trigger/compiled.ts';

const everyTenMinutes = interval('PT10M');
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const spread = (id: string, spreadMs: number, trigger: Trigger = everyTenMinutes) =>
  timingOf({ id, spreadMs, jitterMs: 0 }, trigger);
const jitter = (id: string, jitterMs: number, trigger: Trigger = everyTenMinutes) =>
  timingOf({ id, spreadMs: 0, jitterMs }, trigger);
const offset = (timing: Timing, time: string) => timing.effective(at(time)) - at(time);

test('without spread and jitter an occurrence is due when it is', () => {
  assert.equal(timingOf({ id: 'sch_1', spreadMs: 0, jitterMs: 0 }, everyTenMinutes), NOMINAL);
  assert.equal(NOMINAL.effective(at('10:00')), at('10:00'));
});

describe('offsets that hold for ever', () => {
  const cases: [setting: string, timing: Timing, time: string, offsetMs: number][] = [
    ['spread of an hour', spread('sch_1', HOUR), '10:00', 2_687_476],
    ['the same at another time', spread('sch_1', HOUR), '10:10', 2_687_476],
    ['another schedule', spread('sch_2', HOUR), '10:00', 144_141],
    ['a shorter one is the same share of it', spread('sch_1', MINUTE), '10:00', 44_791],
    ['longer than the trigger is wide', spread('sch_1', DAY), '10:00', 64_499_435],
    ['spread of a millisecond', spread('sch_1', 1), '10:00', 0],
    ['jitter of 5 minutes', jitter('sch_1', 5 * MINUTE), '10:00', 25_518],
    ['the next occurrence', jitter('sch_1', 5 * MINUTE), '10:10', 90_526],
    ['another schedule', jitter('sch_2', 5 * MINUTE), '10:00', 264_040],
    ['jitter as long as the trigger is wide', jitter('sch_1', 10 * MINUTE), '10:00', 51_036],
    ['a longer one is cut to that', jitter('sch_1', DAY), '10:00', 51_036],
    ['jitter of a millisecond', jitter('sch_1', 1), '10:00', 0],
  ];
  for (const [setting, timing, time, offsetMs] of cases)
    test(`${setting}: ${offsetMs} ms`, () => assert.equal(offset(timing, time), offsetMs));
});

test('the last occurrence has all of its jitter, also beyond endAt: bounds are nominal', () => {
  const ends = boundTrigger(everyTenMinutes, null, at('10:00'));
  assert.equal(offset(jitter('sch_1', DAY, ends), '10:00'), 7_349_305);
  assert.equal(jitter('sch_1', DAY, ends).firstNominalFrom(at('11:00')), at('10:00'));
});

test('nothing is due after the last instant that there is', () => {
  const last = listed({ times: ['9999-12-31T23:59:59.999Z'] });
  assert.equal(spread('sch_1', DAY, last).effective(LAST_INSTANT), LAST_INSTANT);
  assert.equal(jitter('sch_1', DAY, last).effective(LAST_INSTANT), LAST_INSTANT);
});

/** Every occurrence is due four minutes later; what a spread is, with a figure that can be read. */
const FOUR_LATER: Timing = { effective: (n) => n + 4 * MINUTE, firstNominalFrom: (bound) => bound - 4 * MINUTE };

describe('what is due, and how late it is, goes by effective instants', () => {
  const cases: { rule: string; woke: string; misfire?: Partial<MisfirePolicy>; plan: string[]; next: string }[] = [
    { rule: 'nominal by now, due later: keeps waiting', woke: '10:03:59.999', plan: [], next: '10:00' },
    { rule: 'due: fires', woke: '10:04', plan: ['10:00 SCHEDULE'], next: '10:10' },
    { rule: 'late by the whole grace', woke: '10:05', plan: ['10:00 SCHEDULE'], next: '10:10' },
    {
      rule: 'late by grace and 1 ms',
      woke: '10:05:00.001',
      misfire: { mode: 'SKIP' },
      plan: ['10:00-10:00 MISSED 1'],
      next: '10:10',
    },
    { rule: 'the next one is nominal by now, but not due', woke: '10:13', plan: ['10:00 CATCH_UP'], next: '10:10' },
    {
      rule: 'as old as the window: inside',
      woke: '10:12:20',
      misfire: { catchupWindowMs: 500_000 },
      plan: ['10:00 CATCH_UP'],
      next: '10:10',
    },
    {
      rule: '1 ms older than the window: outside',
      woke: '10:12:20.001',
      misfire: { catchupWindowMs: 500_000 },
      plan: ['10:00-10:00 MISSED 1'],
      next: '10:10',
    },
    {
      rule: 'several that are late, one that is fresh, one that waits',
      woke: '10:34:30',
      misfire: { mode: 'FIRE_ALL', maxCatchupRuns: 2 },
      plan: ['10:00-10:00 MISSED 1', '10:10 CATCH_UP', '10:20 CATCH_UP', '10:30 SCHEDULE'],
      next: '10:40',
    },
  ];
  for (const { rule, woke, misfire: policy, plan, next } of cases) {
    test(rule, () => {
      const { items, next: after } = planDue(everyTenMinutes, at('10:00'), at(woke), misfire(policy), 100, FOUR_LATER);
      assert.deepEqual(items.map(print), plan);
      assert.equal(timeOf(after as number), next);
      for (const item of items) if (item.kind === 'fire') assert.equal(item.effectiveAt, item.scheduledFor + 4 * MINUTE);
    });
  }

  const pauses = [
    { rule: 'a pause holds nothing back that is due after it', now: '10:03:59.999', held: [], next: '10:00' },
    { rule: 'a pause holds back what is due at its end', now: '10:14', held: ['10:00-10:10 PAUSED 2'], next: '10:20' },
    { rule: 'and not what is only nominal by then', now: '10:13', held: ['10:00-10:00 PAUSED 1'], next: '10:10' },
  ];
  for (const { rule, now, held, next } of pauses) {
    test(rule, () => {
      const plan = planPaused(everyTenMinutes, at('10:00'), at(now), FOUR_LATER);
      assert.deepEqual(plan.items.map(print), held);
      assert.equal(timeOf(plan.next as number), next);
    });
  }
});

test('an instant that was waited for and is no occurrence any more brings nothing back that is settled', () => {
  // 10:00 had its verdict before its jitter changed so that it would be due only later.
  const late = { effective: (n: number) => (n === at('10:00') ? at('10:09') : n), firstNominalFrom: () => at('10:00') };
  assert.deepEqual(planDue(everyTenMinutes, at('10:05'), at('10:06'), misfire(), 100, late), { items: [], next: at('10:10') });
  assert.deepEqual(planPaused(everyTenMinutes, at('10:05'), at('10:06'), late), { items: [], next: at('10:10') });
});

describe('what is computed anew begins', () => {
  const cases = [
    { rule: 'behind now', timing: NOMINAL, settled: '09:50', from: '10:00' },
    { rule: 'behind what is settled, should the clock have stepped back', timing: NOMINAL, settled: '10:20', from: '10:20' },
    { rule: 'behind what was due by now, whatever is nominal by then', timing: FOUR_LATER, settled: '09:50', from: '09:56' },
    { rule: 'behind what is settled, though it would be due again', timing: FOUR_LATER, settled: '10:00', from: '10:00' },
  ];
  for (const { rule, timing, settled, from } of cases)
    test(rule, () => assert.equal(timeOf(countsFrom(timing, at('10:00'), at(settled))), from));
});

test('a schedule stands at both instants of its next occurrence, or at none', () => {
  assert.deepEqual(placeAt(NOMINAL, null), { nextScheduledFor: null, nextFireAt: null });
  assert.deepEqual(placeAt(FOUR_LATER, at('10:00')), {
    nextScheduledFor: new Date(at('10:00')),
    nextFireAt: new Date(at('10:04')),
  });
});
