import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { freezeAt, outside, spansOf, unsettledFreezes } from '../../src/domain/freezes.ts';
import type { Freeze } from '../../src/domain/freezes.ts';
import { nextFireAmid, planDueAmid, planSettledAmid } from '../../src/domain/frozenPlan.ts';
import { timingOf } from '../../src/domain/timing.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { at, misfire, print, timeOf } from '../support/verdicts.ts';

let created = 0;
const freeze = (from: string, until: string, exit: Freeze['exit'] = 'SKIP'): Freeze => {
  created += 1;
  const [begins, ends] = [from, until].map((time) => new Date(at(time)).toISOString()) as [string, string];
  return {
    id: `frz_${String(created).padStart(4, '0')}`,
    reason: from,
    from: begins,
    until: ends,
    exit,
    by: { id: 'tok', name: null },
  };
};
const compiled = compileTrigger(
  { cron: { expression: '*/10 * * * *' } },
  { timeZone: 'UTC', dst: { gap: null, overlap: null }, anchorAt: 0 },
);
assert.ok(compiled.ok);
const { trigger } = compiled;

const overlaps: { rule: string; freezes: [string, string][]; spans: string[] }[] = [
  { rule: 'one for itself', freezes: [['10:00', '11:00']], spans: ['10:00-11:00 of 10:00, released 11:00'] },
  {
    rule: 'apart',
    freezes: [
      ['12:00', '13:00'],
      ['10:00', '11:00'],
    ],
    spans: ['10:00-11:00 of 10:00, released 11:00', '12:00-13:00 of 12:00, released 13:00'],
  },
  {
    rule: 'one within another has no say',
    freezes: [
      ['10:00', '13:00'],
      ['11:00', '12:00'],
    ],
    spans: ['10:00-13:00 of 10:00, released 13:00'],
  },
  {
    rule: 'overlapping: the one that ends last decides for what lies in both',
    freezes: [
      ['10:00', '12:00'],
      ['11:00', '13:00'],
    ],
    spans: ['10:00-11:00 of 10:00, released 13:00', '11:00-13:00 of 11:00, released 13:00'],
  },
  {
    rule: 'touching: nothing fires between them',
    freezes: [
      ['10:00', '11:00'],
      ['11:00', '12:00'],
    ],
    spans: ['10:00-11:00 of 10:00, released 12:00', '11:00-12:00 of 11:00, released 12:00'],
  },
  {
    rule: 'a chain is released with its last',
    freezes: [
      ['10:00', '10:30'],
      ['11:30', '12:30'],
      ['10:20', '11:40'],
    ],
    spans: [
      '10:00-10:20 of 10:00, released 12:30',
      '10:20-11:30 of 10:20, released 12:30',
      '11:30-12:30 of 11:30, released 12:30',
    ],
  },
  {
    rule: 'of two that end together the later one decides',
    freezes: [
      ['10:00', '12:00'],
      ['11:00', '12:00'],
    ],
    spans: ['10:00-11:00 of 10:00, released 12:00', '11:00-12:00 of 11:00, released 12:00'],
  },
  { rule: 'one that never began holds nothing', freezes: [['10:00', '10:00']], spans: [] },
];
for (const { rule, freezes, spans } of overlaps)
  test(rule, () => {
    const told = spansOf(freezes.map(([from, until]) => freeze(from, until))).map(
      (span) => `${timeOf(span.from)}-${timeOf(span.until)} of ${span.freeze.reason}, released ${timeOf(span.releasedAt)}`,
    );
    assert.deepEqual(told, spans);
  });

test('the occurrences outside of freezes are those of the trigger that lie in none', () => {
  const minute = fc.integer({ min: 0, max: 400 });
  const some = fc.array(fc.record({ from: minute, lasts: fc.integer({ min: 1, max: 90 }) }), { maxLength: 5 });
  const start = at('00:00');
  const instant = (minutes: number) => new Date(start + minutes * 60_000).toISOString().slice(11, 19);
  fc.assert(
    fc.property(some, minute, minute, fc.integer({ min: 0, max: 60 }), (given, a, b, limit) => {
      const freezes = given.map(({ from, lasts }) => freeze(instant(from), instant(from + lasts)));
      const rest = outside(trigger, spansOf(freezes));
      const open = trigger
        .between(start - 86_400_000, start + 86_400_000, 1_000)
        .filter((one) => freezeAt(freezes, one) === null);
      const [from, until] = [start + Math.min(a, b) * 60_000, start + Math.max(a, b) * 60_000];
      const within = open.filter((one) => one >= from && one < until);
      assert.deepEqual(rest.between(from, until, limit), within.slice(0, limit));
      assert.equal(rest.count(from, until), within.length);
      assert.equal(
        rest.next(from),
        open.find((one) => one > from),
      );
      assert.equal(
        rest.previous(from),
        open.findLast((one) => one < from),
      );
    }),
    { seed: 20_260_302, numRuns: 300 },
  );
});

const late = misfire({ mode: 'FIRE_ALL', catchupWindowMs: 86_400_000 });
const plans: { rule: string; freezes: Freeze[]; now: string; items: string[]; next: string }[] = [
  {
    rule: 'what a freeze with exit SKIP holds back has its verdict among the others when the schedule next fires',
    freezes: [freeze('10:10', '10:30')],
    now: '10:30',
    items: ['10:00 CATCH_UP', '10:10-10:20 FROZEN 2', '10:30 SCHEDULE'],
    next: '10:40',
  },
  {
    rule: 'what is to run at the end keeps its place, and all behind it waits',
    freezes: [freeze('10:10', '10:30', 'FIRE_ALL'), freeze('10:30', '11:00')],
    now: '10:59:59',
    items: ['10:00 CATCH_UP'],
    next: '10:10',
  },
  {
    rule: 'then it runs, by its own exit',
    freezes: [freeze('10:10', '10:30', 'FIRE_ONCE'), freeze('10:30', '11:00')],
    now: '11:00',
    items: ['10:00 CATCH_UP', '10:10-10:10 COALESCED 1', '10:20 CATCH_UP', '10:30-10:50 FROZEN 3', '11:00 SCHEDULE'],
    next: '11:10',
  },
];
for (const { rule, freezes, now, items, next } of plans)
  test(rule, () => {
    const plan = planDueAmid(trigger, { skips: [], freezes }, at('10:00'), at(now), late);
    assert.deepEqual(plan.items.map(print), items);
    assert.equal(timeOf(plan.next as number), next);
  });

test('a change does not wait: what is to run later is FROZEN so far, and the rest of it still runs at the end', () => {
  const obstacles = { skips: [], freezes: [freeze('10:00', '11:00', 'FIRE_ALL')] };
  const plan = planSettledAmid(trigger, obstacles, at('10:00'), at('10:25'), late);
  assert.deepEqual([plan.items.map(print), plan.next], [['10:00-10:20 FROZEN 3'], at('10:30')]);
  assert.equal(nextFireAmid(trigger, obstacles, plan.next), at('11:00'));
});

test('by nominal instants: what is due later than the freeze ends is held back, and runs when the last of it is due', () => {
  const timing = timingOf({ id: 'sch_1', spreadMs: 3_600_000, jitterMs: 0 }, trigger);
  const last = timing.effective(at('10:50'));
  assert.ok(last > at('11:00'));
  const obstacles = { skips: [], freezes: [freeze('10:10', '11:00', 'FIRE_ALL')] };
  assert.equal(nextFireAmid(trigger, obstacles, at('10:10'), timing), last);
  assert.deepEqual(planDueAmid(trigger, obstacles, at('10:10'), last - 1, late, timing).items, []);
  const plan = planDueAmid(trigger, obstacles, at('10:10'), last, late, timing);
  assert.deepEqual(
    plan.items.map((item) => (item.kind === 'fire' ? item.effectiveAt - timing.effective(item.scheduledFor) : item.verdict)),
    [0, 0, 0, 0, 0],
  );
  assert.equal(
    nextFireAmid(trigger, { skips: [], freezes: [freeze('10:10', '11:00')] }, at('10:10'), timing),
    timing.effective(at('11:00')),
  );
});

test('a freeze has a say until it has ended and all that it held back has a verdict', () => {
  const one = freeze('10:00', '11:00');
  const says = (place: string | null, now: string) =>
    unsettledFreezes([one], place === null ? null : new Date(at(place)), at(now)).length === 1;
  assert.equal(says('10:00', '10:59:59.999'), true);
  assert.equal(says('10:50', '12:00'), true);
  assert.equal(says('11:00', '11:00'), false);
  assert.equal(says('11:00', '10:30'), true, 'an edit may bring times again that lie in it');
  assert.equal(says(null, '11:00'), false);
});
