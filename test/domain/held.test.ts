import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { DEFAULT_MISFIRE } from '../../src/domain/due.ts';
import { isHeldBack, lapseOf, mostResumed, planHeld, planResumed, resumeAtOf } from '../../src/domain/held.ts';
import { timingOf } from '../../src/domain/timing.ts';
import { cadences, occurrences, policies, timed } from '../support/cadences.ts';
import { at } from '../support/verdicts.ts';

const iso = (time: string) => new Date(at(time)).toISOString();
const until = (time: string) => ({ until: iso(time) });
const OPEN = { until: null };
const NOW = at('12:00');
const BY_PAUSE = 'the schedule was paused';
const BY_TASK = 'the task was paused';
const NOTHING = { pauseEnds: false, holdEnds: false, stretches: [] };

const lapses = [
  { rule: 'nothing holds it', is: { state: 'ACTIVE', pause: null, hold: null }, ...NOTHING },
  { rule: 'a pause without an end', is: { state: 'PAUSED', pause: OPEN, hold: OPEN }, ...NOTHING },
  { rule: 'a pause that began before pauses had ends', is: { state: 'PAUSED', pause: {}, hold: null }, ...NOTHING },
  { rule: 'ends that are to come', is: { state: 'PAUSED', pause: until('12:00:01'), hold: until('12:01') }, ...NOTHING },
  {
    rule: 'a pause ends at its very end',
    is: { state: 'PAUSED', pause: until('12:00'), hold: null },
    ...NOTHING,
    pauseEnds: true,
    stretches: [{ until: NOW, reason: BY_PAUSE }],
  },
  {
    rule: 'the task holds on to what the pause leaves',
    is: { state: 'PAUSED', pause: until('11:00'), hold: OPEN },
    ...NOTHING,
    pauseEnds: true,
    stretches: [{ until: at('11:00'), reason: BY_PAUSE }],
  },
  {
    rule: 'both have ended: first the pause, then the task',
    is: { state: 'PAUSED', pause: until('11:00'), hold: until('11:30') },
    pauseEnds: true,
    holdEnds: true,
    stretches: [
      { until: at('11:00'), reason: BY_PAUSE },
      { until: at('11:30'), reason: BY_TASK },
    ],
  },
  {
    rule: 'the task has ended within a pause: nothing is decided',
    is: { state: 'PAUSED', pause: OPEN, hold: until('11:30') },
    ...NOTHING,
    holdEnds: true,
  },
  {
    rule: 'the task has ended',
    is: { state: 'ACTIVE', pause: null, hold: until('11:30') },
    ...NOTHING,
    holdEnds: true,
    stretches: [{ until: at('11:30'), reason: BY_TASK }],
  },
  {
    rule: 'a completed one has nothing to decide',
    is: { state: 'COMPLETED', pause: null, hold: until('11:30') },
    ...NOTHING,
    holdEnds: true,
  },
] as const;
for (const { rule, is, ...expected } of lapses) {
  test(`what has ended by itself: ${rule}`, () => {
    const { pauseEnds, holdEnds, stretches } = expected;
    assert.deepEqual(lapseOf(is, NOW), { pauseEnds, holdEnds, stretches });
  });
}

test('the engine looks when the first of pause and hold ends', () => {
  const cases = [
    { pause: null, hold: null, at: null },
    { pause: OPEN, hold: {}, at: null },
    { pause: until('12:00'), hold: OPEN, at: '12:00' },
    { pause: until('12:00'), hold: until('11:00'), at: '11:00' },
    { pause: null, hold: until('13:00'), at: '13:00' },
  ];
  for (const { pause, hold, at: expected } of cases) {
    assert.equal(resumeAtOf({ pause, hold })?.toISOString() ?? null, expected && iso(expected));
  }
});

test('what is paused, or active and held, is held back', () => {
  assert.equal(isHeldBack({ state: 'PAUSED', hold: null }), true);
  assert.equal(isHeldBack({ state: 'ACTIVE', hold: OPEN }), true);
  assert.equal(isHeldBack({ state: 'ACTIVE', hold: null }), false);
  assert.equal(isHeldBack({ state: 'COMPLETED', hold: OPEN }), false);
});

test('whatever ends a pause, each occurrence until then has exactly one verdict, and those after it have none yet', () => {
  const modes = fc.constantFrom('SKIP', 'FIRE_ONCE', 'FIRE_ALL');
  const lives = timed.chain((one) =>
    fc.record({ one: fc.constant(one), policy: policies(one.every), mode: modes, waits: fc.nat(60 * one.every) }),
  );
  fc.assert(
    fc.property(lives, ({ one: { trigger, start, id, offsets }, policy, mode, waits }) => {
      const now = start + waits;
      const timing = timingOf({ id, ...offsets }, trigger);
      const first = trigger.next(start) as number;
      const { items, next } = planResumed(trigger, first, now, { ...policy, mode }, timing);
      const passed = occurrences(trigger, first, now).filter((instant) => timing.effective(instant) <= now);
      const decided = items.flatMap((item) =>
        item.kind === 'fire' ? [item.scheduledFor] : occurrences(trigger, item.scheduledFor, item.through),
      );
      assert.deepEqual(decided, passed);
      assert.equal(next, passed.length === 0 ? first : trigger.next(passed.at(-1) as number));
      const fires = items.filter((item) => item.kind === 'fire');
      const most = mostResumed({ ...policy, mode }, passed.length);
      assert.deepEqual(
        fires.map((fire) => [fire.scheduledFor, fire.origin]),
        (most === 0 ? [] : passed.slice(-most)).map((instant) => [instant, 'CATCH_UP']),
        'the newest run, as catch-up',
      );
      const skips = new Set(items.flatMap((item) => (item.kind === 'skip' ? [item.verdict] : [])));
      assert.ok(skips.isSubsetOf(new Set([{ SKIP: 'PAUSED', FIRE_ONCE: 'COALESCED', FIRE_ALL: 'MISSED' }[mode]])));
    }),
    { numRuns: 1_000 },
  );
});

test('stretches that follow each other hold back each occurrence once, the first that covers it', () => {
  const lives = timed.chain((one) =>
    fc.record({ one: fc.constant(one), ends: fc.array(fc.nat(60 * one.every), { minLength: 1, maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(lives, ({ one: { trigger, start, id, offsets }, ends }) => {
      const timing = timingOf({ id, ...offsets }, trigger);
      const first = trigger.next(start) as number;
      const stretches = ends.map((end, index) => ({ until: start + end, reason: String(index) }));
      const { items, next } = planHeld(trigger, first, stretches, timing);
      const last = start + Math.max(...ends);
      const found = items.flatMap((item) =>
        item.kind === 'skip'
          ? occurrences(trigger, item.scheduledFor, item.through).map((instant) => [instant, item.reason])
          : [],
      );
      const expected = occurrences(trigger, first, last).flatMap((instant) => {
        const by = stretches.find((stretch) => timing.effective(instant) < stretch.until);
        return by === undefined ? [] : [[instant, by.reason]];
      });
      assert.deepEqual(found, expected);
      assert.equal(next, expected.length === 0 ? first : trigger.next(expected.at(-1)?.[0] as number));
    }),
    { numRuns: 1_000 },
  );
});

test('the policy of the schedule decides nothing but how many: neither grace time nor catch-up window', () => {
  fc.assert(
    fc.property(cadences, fc.constantFrom('FIRE_ONCE', 'FIRE_ALL'), ({ trigger, start, every }, mode) => {
      const plan = (graceMs: number, catchupWindowMs: number) =>
        planResumed(trigger, trigger.next(start) as number, start + 40 * every, {
          ...DEFAULT_MISFIRE,
          mode,
          graceMs,
          catchupWindowMs,
        });
      assert.deepEqual(plan(0, 0), plan(90 * every, 90 * every));
    }),
  );
});
