import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../support/properties.ts';
import type { Skip } from '../../src/domain/due.ts';
import type { PlannedRun } from '../../src/domain/overlap.ts';
import { cutAtLimit, limitReached, remainingRuns } from '../../src/domain/runLimit.ts';
import { at, print } from '../support/verdicts.ts';

type Item = PlannedRun | Skip;
const fire = (time: string, state: PlannedRun['state'] = 'QUEUED'): Item => {
  return { kind: 'fire', scheduledFor: at(time), effectiveAt: at(time), origin: 'SCHEDULE', state };
};
const skip = (first: string, last: string, count: number): Item => {
  return { kind: 'skip', verdict: 'OVERLAP_SKIPPED', reason: 'why', scheduledFor: at(first), through: at(last), count };
};

describe('what a limit leaves of a plan', () => {
  const cases: {
    rule: string;
    limit: [maxRuns: number | null, counted: number];
    items: Item[];
    become: string[];
    reached: boolean;
  }[] = [
    { rule: 'no limit: all of it', limit: [null, 9], items: [fire('10:00')], become: ['10:00 SCHEDULE QUEUED'], reached: false },
    {
      rule: 'not the last run',
      limit: [3, 1],
      items: [fire('10:00')],
      become: ['10:00 SCHEDULE QUEUED'],
      reached: false,
    },
    { rule: 'the last run', limit: [3, 2], items: [fire('10:00')], become: ['10:00 SCHEDULE QUEUED'], reached: true },
    {
      rule: 'a buffered run is a run',
      limit: [2, 0],
      items: [fire('10:00'), fire('10:10', 'BUFFERED'), fire('10:20', 'BUFFERED')],
      become: ['10:00 SCHEDULE QUEUED', '10:10 SCHEDULE BUFFERED', '10:20-10:20 LIMIT_REACHED 1'],
      reached: true,
    },
    {
      rule: 'what is passed over uses nothing up',
      limit: [1, 0],
      items: [skip('09:00', '09:50', 6), fire('10:00')],
      become: ['09:00-09:50 OVERLAP_SKIPPED 6', '10:00 SCHEDULE QUEUED'],
      reached: true,
    },
    {
      rule: 'all behind the last run is one entry, whatever it would have been',
      limit: [2, 1],
      items: [fire('10:00'), skip('10:10', '10:30', 3), fire('10:40'), skip('10:50', '11:00', 2)],
      become: ['10:00 SCHEDULE QUEUED', '10:10-11:00 LIMIT_REACHED 6'],
      reached: true,
    },
    {
      rule: 'nothing is left',
      limit: [2, 2],
      items: [fire('10:00'), fire('10:10')],
      become: ['10:00-10:10 LIMIT_REACHED 2'],
      reached: true,
    },
    { rule: 'nothing is due', limit: [2, 1], items: [], become: [], reached: false },
  ];
  for (const {
    rule,
    limit: [maxRuns, countedRuns],
    items,
    become,
    reached,
  } of cases) {
    test(rule, () => {
      const cut = cutAtLimit(items, { maxRuns, countedRuns });
      assert.deepEqual(cut.items.map(print), become);
      assert.equal(cut.reached, reached);
      assert.equal(cut.fires, cut.items.filter((item) => item.kind === 'fire').length);
    });
  }

  test('the reason names the limit', () => {
    const [item] = cutAtLimit([fire('10:00')], { maxRuns: 5, countedRuns: 5 }).items;
    assert.equal(item?.kind === 'skip' && item.reason, 'maxRuns 5 was reached');
  });
});

test('what is left is never below 0: the limit may have been lowered', () => {
  const left = (maxRuns: number | null, countedRuns: number) => remainingRuns({ maxRuns, countedRuns });
  assert.deepEqual([left(null, 7), left(3, 0), left(3, 2), left(3, 3), left(3, 9)], [null, 3, 1, 0, 0]);
  assert.deepEqual(
    [limitReached({ maxRuns: null, countedRuns: 7 }), limitReached({ maxRuns: 3, countedRuns: 2 })],
    [false, false],
  );
  assert.ok(limitReached({ maxRuns: 3, countedRuns: 3 }) && limitReached({ maxRuns: 3, countedRuns: 9 }));
});

test('no occurrence of a plan is lost, and no run is too many', () => {
  const plans = fc.array(fc.boolean(), { maxLength: 30 }).map((kinds) =>
    kinds.map((fires, n): Item => {
      const time = new Date(at('10:00') + n * 60_000).toISOString().slice(11, 19);
      return fires ? fire(time) : skip(time, time, 1);
    }),
  );
  const limits = fc.record({ maxRuns: fc.option(fc.integer({ min: 1, max: 20 })), countedRuns: fc.nat(25) });
  fc.assert(
    fc.property(plans, limits, (items, limit) => {
      const cut = cutAtLimit(items, limit);
      const counts = cut.items.map((item) => (item.kind === 'fire' ? 1 : item.count));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        items.length,
      );
      const most = remainingRuns(limit) ?? Infinity;
      assert.equal(cut.fires, Math.min(most, items.filter((item) => item.kind === 'fire').length));
      assert.equal(cut.reached, limitReached({ ...limit, countedRuns: limit.countedRuns + cut.fires }));
    }),
  );
});
