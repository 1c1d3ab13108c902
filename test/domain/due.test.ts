import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_MISFIRE, MAX_CATCHUP_RUNS, MAX_FIRES_PER_TICK, planDue, planPaused } from '../../src/domain/due.ts';
import type { MisfirePolicy } from '../../src/domain/due.ts';
import { at, misfire, print, timeOf } from '../support/verdicts.ts';
import { cron, interval } from '../trigger/compiled.ts';

const everyTenMinutes = interval('PT10M');

interface Case {
  rule: string;
  /** Nominal instant of the first occurrence without a verdict; 10:00 unless said. */
  expected?: string;
  woke: string;
  misfire?: Partial<MisfirePolicy>;
  plan: string[];
  next: string;
}
function judge(cases: readonly Case[]): void {
  for (const { rule, expected = '10:00', woke, misfire: policy, plan, next } of cases) {
    test(rule, () => {
      const { items, next: after } = planDue(everyTenMinutes, at(expected), at(woke), misfire(policy));
      assert.deepEqual(items.map(print), plan);
      assert.equal(after === null ? null : timeOf(after), next);
    });
  }
}

describe('what is due now', () => {
  judge([
    { rule: 'on time: fires', woke: '10:00', plan: ['10:00 SCHEDULE'], next: '10:10' },
    { rule: 'a millisecond early: keeps waiting', woke: '09:59:59.999', plan: [], next: '10:00' },
    { rule: 'clock stepped back: keeps waiting for the same occurrence', woke: '08:30', plan: [], next: '10:00' },
    {
      rule: 'clock stepped back over occurrences that have their verdicts: none is given twice',
      expected: '10:30',
      woke: '10:05',
      plan: [],
      next: '10:30',
    },
    {
      rule: 'several within grace: each fires, oldest first',
      woke: '10:20',
      misfire: { graceMs: 1_200_000 },
      plan: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE'],
      next: '10:30',
    },
  ]);
});

describe('grace time', () => {
  for (const mode of ['SKIP', 'FIRE_ONCE', 'FIRE_ALL'] as const) {
    const late = { SKIP: '10:00-10:00 MISSED 1', FIRE_ONCE: '10:00 CATCH_UP', FIRE_ALL: '10:00 CATCH_UP' }[mode];
    judge([
      { rule: `${mode}: late, but within grace`, woke: '10:00:30', misfire: { mode }, plan: ['10:00 SCHEDULE'], next: '10:10' },
      { rule: `${mode}: late by the whole grace`, woke: '10:01', misfire: { mode }, plan: ['10:00 SCHEDULE'], next: '10:10' },
      { rule: `${mode}: late by grace and 1 ms`, woke: '10:01:00.001', misfire: { mode }, plan: [late], next: '10:10' },
      {
        rule: `${mode}: no grace, on the ms`,
        woke: '10:00',
        misfire: { mode, graceMs: 0 },
        plan: ['10:00 SCHEDULE'],
        next: '10:10',
      },
      { rule: `${mode}: no grace, 1 ms late`, woke: '10:00:00.001', misfire: { mode, graceMs: 0 }, plan: [late], next: '10:10' },
    ]);
  }
});

describe('SKIP', () => {
  judge([
    {
      rule: 'what is late is missed, as one entry',
      woke: '10:35',
      misfire: { mode: 'SKIP' },
      plan: ['10:00-10:30 MISSED 4'],
      next: '10:40',
    },
    {
      rule: 'what is fresh beside it fires',
      woke: '10:30:30',
      misfire: { mode: 'SKIP' },
      plan: ['10:00-10:20 MISSED 3', '10:30 SCHEDULE'],
      next: '10:40',
    },
    {
      rule: 'has no window: all that is late is one entry',
      woke: '12:05',
      misfire: { mode: 'SKIP' },
      plan: ['10:00-12:00 MISSED 13'],
      next: '12:10',
    },
  ]);
});

describe('FIRE_ONCE', () => {
  judge([
    {
      rule: 'the latest missed one runs for all',
      woke: '10:35',
      plan: ['10:00-10:20 COALESCED 3', '10:30 CATCH_UP'],
      next: '10:40',
    },
    { rule: 'the only missed one runs', woke: '10:05', plan: ['10:00 CATCH_UP'], next: '10:10' },
    {
      rule: 'folds into a fresh fire of the same tick',
      woke: '10:30:30',
      plan: ['10:00-10:20 COALESCED 3', '10:30 SCHEDULE'],
      next: '10:40',
    },
    {
      rule: 'folds into the first of several fresh fires, and each of them fires',
      woke: '10:30',
      misfire: { graceMs: 660_000 },
      plan: ['10:00-10:10 COALESCED 2', '10:20 SCHEDULE', '10:30 SCHEDULE'],
      next: '10:40',
    },
    {
      rule: 'maxCatchupRuns is no matter: it is one run anyway',
      woke: '10:35',
      misfire: { maxCatchupRuns: 1 },
      plan: ['10:00-10:20 COALESCED 3', '10:30 CATCH_UP'],
      next: '10:40',
    },
    {
      rule: 'what is beyond the window is missed, not coalesced',
      woke: '11:25',
      plan: ['10:00-10:20 MISSED 3', '10:30-11:10 COALESCED 5', '11:20 CATCH_UP'],
      next: '11:30',
    },
    {
      rule: 'nothing inside the window: nothing is made up for',
      woke: '10:35',
      misfire: { catchupWindowMs: 240_000 },
      plan: ['10:00-10:30 MISSED 4'],
      next: '10:40',
    },
  ]);
});

describe('FIRE_ALL', () => {
  const mode = 'FIRE_ALL';
  judge([
    {
      rule: 'makes up for each, oldest first',
      woke: '10:35',
      misfire: { mode },
      plan: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP', '10:30 CATCH_UP'],
      next: '10:40',
    },
    {
      rule: 'what is fresh comes after what is made up for',
      woke: '10:20:30',
      misfire: { mode },
      plan: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 SCHEDULE'],
      next: '10:30',
    },
    {
      rule: 'maxCatchupRuns keeps the newest',
      woke: '10:35',
      misfire: { mode, maxCatchupRuns: 2 },
      plan: ['10:00-10:10 MISSED 2', '10:20 CATCH_UP', '10:30 CATCH_UP'],
      next: '10:40',
    },
    {
      rule: 'exactly maxCatchupRuns: none is missed',
      woke: '10:25',
      misfire: { mode, maxCatchupRuns: 3 },
      plan: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP'],
      next: '10:30',
    },
    {
      rule: 'maxCatchupRuns does not count fresh fires',
      woke: '10:20:30',
      misfire: { mode, maxCatchupRuns: 1 },
      plan: ['10:00-10:00 MISSED 1', '10:10 CATCH_UP', '10:20 SCHEDULE'],
      next: '10:30',
    },
    {
      rule: 'beyond the window and beyond maxCatchupRuns are two entries: their reasons differ',
      woke: '11:25',
      misfire: { mode, maxCatchupRuns: 2 },
      plan: ['10:00-10:20 MISSED 3', '10:30-11:00 MISSED 4', '11:10 CATCH_UP', '11:20 CATCH_UP'],
      next: '11:30',
    },
    {
      rule: 'nothing inside the window: nothing is made up for',
      woke: '10:35',
      misfire: { mode, catchupWindowMs: 240_000 },
      plan: ['10:00-10:30 MISSED 4'],
      next: '10:40',
    },
  ]);
});

describe('catch-up window', () => {
  for (const mode of ['FIRE_ONCE', 'FIRE_ALL'] as const) {
    const policy = { mode, catchupWindowMs: 500_000 };
    judge([
      {
        rule: `${mode}: as old as the window: inside`,
        woke: '10:08:20',
        misfire: policy,
        plan: ['10:00 CATCH_UP'],
        next: '10:10',
      },
      {
        rule: `${mode}: 1 ms older than the window: outside`,
        woke: '10:08:20.001',
        misfire: policy,
        plan: ['10:00-10:00 MISSED 1'],
        next: '10:10',
      },
      {
        rule: `${mode}: a window smaller than the grace time makes up for nothing, and takes no fresh fire away`,
        woke: '10:10:30',
        misfire: { mode, catchupWindowMs: 1 },
        plan: ['10:00-10:00 MISSED 1', '10:10 SCHEDULE'],
        next: '10:20',
      },
    ]);
  }

  test('the reasons say which rule it was', () => {
    const reasons = (policy: Partial<MisfirePolicy>): string[] =>
      planDue(everyTenMinutes, at('10:00'), at('11:25'), misfire(policy)).items.flatMap((item) =>
        item.kind === 'skip' ? [item.reason] : [],
      );
    assert.deepEqual(reasons({ mode: 'SKIP' }), ['late by more than the grace time; misfire policy SKIP']);
    assert.deepEqual(reasons({}), ['older than the catch-up window', 'left to the one that follows (FIRE_ONCE)']);
    assert.deepEqual(reasons({ mode: 'FIRE_ALL', maxCatchupRuns: 2 }), [
      'older than the catch-up window',
      'more were missed than maxCatchupRuns; the newest are kept',
    ]);
  });
});

describe('a trigger that ends', () => {
  const lastDay = cron('0 0 22-23 31 12 * 2026');
  const [ten, eleven] = [Date.UTC(2026, 11, 31, 22), Date.UTC(2026, 11, 31, 23)];

  test('after its last fire there is no next', () => {
    assert.deepEqual(planDue(lastDay, eleven, eleven, misfire()), {
      items: [{ kind: 'fire', scheduledFor: eleven, effectiveAt: eleven, origin: 'SCHEDULE' }],
      next: null,
    });
  });

  test('before its last fire there is', () => {
    assert.equal(planDue(lastDay, ten, ten, misfire()).next, eleven);
  });

  const woke = Date.UTC(2027, 0, 1, 0, 30);
  const ends = [
    { mode: 'SKIP', plan: ['22:00-23:00 MISSED 2'] },
    { mode: 'FIRE_ONCE', plan: ['22:00-22:00 COALESCED 1', '23:00 CATCH_UP'] },
    { mode: 'FIRE_ALL', plan: ['22:00 CATCH_UP', '23:00 CATCH_UP'] },
  ] as const;
  for (const { mode, plan } of ends) {
    test(`an outage over its end: ${mode} decides for the last ones, and there is no next`, () => {
      const { items, next } = planDue(lastDay, ten, woke, misfire({ mode, catchupWindowMs: 9_000_000 }));
      assert.deepEqual(items.map(print), plan);
      assert.equal(next, null);
    });
  }

  test('an outage over its end, longer than the window: all are missed and there is no next', () => {
    const { items, next } = planDue(lastDay, ten, Date.UTC(2040, 0), misfire());
    assert.deepEqual(items.map(print), ['22:00-23:00 MISSED 2']);
    assert.equal(next, null);
  });
});

describe('a plan is never larger than its limit', () => {
  const everySecond = interval('PT1S');
  const hourOfGrace = misfire({ graceMs: 3_600_000 });

  test('next stays at the first unplanned one, and the next plan goes on from there', () => {
    const [first, second] = [planDue(everySecond, at('10:00'), at('10:55'), hourOfGrace)].flatMap((plan) => [
      plan,
      planDue(everySecond, plan.next ?? NaN, at('10:55'), hourOfGrace),
    ]);
    assert.ok(first && second);
    assert.equal(first.items.length, MAX_FIRES_PER_TICK);
    assert.equal(first.next, at('10:00') + 2_000 * 1_000);
    assert.equal(second.items.length, 55 * 60 + 1 - 2_000);
    assert.equal(second.next, at('10:55:01'));
  });

  test('exactly as many as the limit: all are planned, and next is later than now', () => {
    const plan = planDue(everySecond, at('10:00'), at('10:00:09'), hourOfGrace, 10);
    assert.equal(plan.items.length, 10);
    assert.equal(plan.next, at('10:00:10'));
  });

  test('what is made up for comes first; fresh fires have what it leaves', () => {
    const policy = misfire({ mode: 'FIRE_ALL', graceMs: 5_000, maxCatchupRuns: 4 });
    const { items, next } = planDue(everySecond, at('10:00'), at('10:00:10'), policy, 6);
    assert.deepEqual(items.map(print), [
      '10:00-10:00 MISSED 1',
      '10:00:01 CATCH_UP',
      '10:00:02 CATCH_UP',
      '10:00:03 CATCH_UP',
      '10:00:04 CATCH_UP',
      '10:00:05 SCHEDULE',
      '10:00:06 SCHEDULE',
    ]);
    assert.equal(next, at('10:00:07'));
  });

  test('catch-up alone can never fill it', () => {
    assert.ok(MAX_CATCHUP_RUNS < MAX_FIRES_PER_TICK);
    const policy = misfire({ mode: 'FIRE_ALL', maxCatchupRuns: MAX_CATCHUP_RUNS, graceMs: 0 });
    const { items, next } = planDue(everySecond, at('10:00'), at('11:00:00.500'), policy);
    assert.equal(items.filter((item) => item.kind === 'fire').length, MAX_CATCHUP_RUNS);
    assert.equal(next, at('11:00:01'));
  });

  test('what is not run is counted, not listed: years of it cost one entry', () => {
    const { items } = planDue(
      everySecond,
      at('10:00') - 10 * 366 * 86_400_000,
      at('10:00'),
      misfire({ mode: 'SKIP', graceMs: 0 }),
    );
    assert.equal(items.length, 2);
    assert.equal(items[0]?.kind === 'skip' && items[0].count, 10 * 366 * 86_400);
  });
});

test('the same inputs give the same plan', () => {
  const plan = () => planDue(everyTenMinutes, at('10:00'), at('12:05'), misfire({ mode: 'FIRE_ALL', maxCatchupRuns: 3 }));
  assert.deepEqual(plan(), plan());
});

test('the default: one run for all that a day brought, a minute of grace', () => {
  assert.deepEqual(DEFAULT_MISFIRE, { mode: 'FIRE_ONCE', graceMs: 60_000, catchupWindowMs: 86_400_000, maxCatchupRuns: 100 });
});

describe('a pause', () => {
  const pauses = [
    { rule: 'what it held back is one entry', expected: '10:00', now: '10:35', held: ['10:00-10:30 PAUSED 4'], next: '10:40' },
    {
      rule: 'an occurrence at its end is held back',
      expected: '10:00',
      now: '10:10',
      held: ['10:00-10:10 PAUSED 2'],
      next: '10:20',
    },
    { rule: 'one at its very end only', expected: '10:00', now: '10:00', held: ['10:00-10:00 PAUSED 1'], next: '10:10' },
    { rule: 'over before anything was due', expected: '10:00', now: '09:59:59.999', held: [], next: '10:00' },
    {
      rule: 'clock stepped back meanwhile: what has its verdict gets no second one',
      expected: '10:30',
      now: '10:05',
      held: [],
      next: '10:30',
    },
  ];
  for (const { rule, expected, now, held, next } of pauses) {
    test(rule, () => {
      const plan = planPaused(everyTenMinutes, at(expected), at(now));
      assert.deepEqual(plan.items.map(print), held);
      assert.equal(plan.next, at(next));
    });
  }

  test('over the end of the trigger: there is no next', () => {
    const plan = planPaused(cron('0 0 22-23 31 12 * 2026'), Date.UTC(2026, 11, 31, 22), Date.UTC(2030, 0));
    assert.deepEqual(plan.items.map(print), ['22:00-23:00 PAUSED 2']);
    assert.equal(plan.next, null);
  });
});

test('a trigger whose answers disagree is a bug, and is thrown', () => {
  const broken = { ...everyTenMinutes, next: () => null };
  assert.throws(() => planDue(broken, at('10:00'), at('12:00'), misfire({ mode: 'SKIP' })), RangeError);
});
