import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { createMerge } from '../../src/domain/merge.ts';
import { plannedFrom } from '../../src/domain/plannedFires.ts';
import type { PlannedSchedule } from '../../src/domain/plannedFires.ts';
import type { Freeze } from '../../src/domain/freezes.ts';
import { firingOnTime } from '../../src/domain/frozenPlan.ts';
import { triggerOf } from '../../src/domain/schedule.ts';
import { timingOf } from '../../src/domain/timing.ts';
import { upcomingTimes } from '../../src/domain/upcoming.ts';

test('sources that ascend are read as one that ascends, and no source is asked for more than one item ahead', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(50), { maxLength: 10 }), { maxLength: 20 }), fc.nat(200), (lists, most) => {
      const sorted = lists.map((list) => list.toSorted((a, b) => a - b));
      let given = 0;
      const merge = createMerge<number>((a, b) => a - b);
      for (const list of sorted) {
        merge.add(
          (function* () {
            for (const item of list) {
              given += 1;
              yield item;
            }
          })(),
        );
      }
      const taken: number[] = [];
      for (let next = merge.first(); next !== null && taken.length < most; next = merge.first()) {
        assert.equal(merge.take(), next);
        taken.push(next);
      }
      assert.deepEqual(
        taken,
        sorted
          .flat()
          .toSorted((a, b) => a - b)
          .slice(0, most),
      );
      assert.ok(given <= taken.length + lists.length);
      if (taken.length < most) assert.deepEqual([merge.first(), merge.take()], [null, null]);
    }),
  );
});

const NOW = Date.parse('2026-03-02T00:00:00Z');
const MINUTE = 60_000;
const schedule = fc
  .record({
    every: fc.integer({ min: 1, max: 20 }),
    offset: fc.constantFrom(
      { spreadMs: 0, jitterMs: 0 },
      { spreadMs: 7 * MINUTE, jitterMs: 0 },
      { spreadMs: 0, jitterMs: 9 * MINUTE },
    ),
    maxRuns: fc.option(fc.integer({ min: 1, max: 15 })),
    countedRuns: fc.nat(3),
    skipped: fc.array(fc.nat(20), { maxLength: 3 }),
    frozen: fc.option(
      fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 60 }), fc.constantFrom<Freeze['exit']>('SKIP', 'FIRE_ONCE', 'FIRE_ALL')),
    ),
    next: fc.integer({ min: -10, max: 30 }),
  })
  .map(({ every, offset, skipped, frozen, next, ...rest }): PlannedSchedule => {
    const minute = (n: number) => new Date(NOW + n * MINUTE);
    const freeze = (from: number, length: number, exit: Freeze['exit']): Freeze => ({
      id: 'frz',
      reason: 'deploy',
      from: minute(from).toISOString(),
      until: minute(from + length).toISOString(),
      exit,
      by: { id: 'tok', name: null },
    });
    return {
      ...rest,
      ...offset,
      id: 'sch',
      version: 1,
      triggerSpec: { interval: { every: `PT${every}M`, anchorAt: new Date(NOW).toISOString() } },
      timeZone: 'UTC',
      dst: { gap: null, overlap: null },
      createdAt: new Date(NOW),
      startAt: null,
      endAt: null,
      calendars: null,
      calendarStamp: 0,
      nextScheduledFor: minute(next * every),
      skips: skipped.map((n) => ({ scheduledFor: NOW + n * every * MINUTE, reason: '' })),
      freezes: frozen === null ? [] : [freeze(...frozen)],
    };
  });

test('from any instant on a schedule plans what it plans from its next fire on', () => {
  fc.assert(
    fc.property(schedule, fc.integer({ min: 1, max: 200 * MINUTE }), (one, later) => {
      const trigger = triggerOf(one);
      const all = upcomingTimes(firingOnTime(trigger, one), timingOf(one, trigger), one, NOW, 300);
      const start = NOW + later;
      const until = NOW + 300 * MINUTE;
      const planned = plannedFrom(one, trigger, NOW, start)
        .take(300)
        .filter(({ effectiveAt }) => effectiveAt < until)
        .toArray();
      assert.deepEqual(
        planned.map(({ scheduledFor, effectiveAt }) => [scheduledFor, effectiveAt]),
        all
          .filter(({ effectiveAt }) => effectiveAt >= start && effectiveAt < until)
          .map(({ at, effectiveAt }) => [at, effectiveAt]),
      );
    }),
    { numRuns: 1_000 },
  );
});
