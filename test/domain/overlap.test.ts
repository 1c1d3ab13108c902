import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fire, MisfireMode, Skip } from '../../src/domain/due.ts';
import { resolveOverlap } from '../../src/domain/overlap.ts';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';
import { at, misfire, print } from '../support/verdicts.ts';

/** Reads what `print` writes: `10:00 SCHEDULE` or `10:00-10:40 MISSED 5`. */
function item(text: string): Fire | Skip {
  const [when = '', what = '', count] = text.split(' ');
  const [first = '', last = first] = when.split('-');
  const scheduledFor = at(first);
  if (what === 'SCHEDULE' || what === 'CATCH_UP') {
    return { kind: 'fire', scheduledFor, effectiveAt: scheduledFor, origin: what };
  }
  const verdict = what as Skip['verdict'];
  return { kind: 'skip', verdict, reason: 'as planned', scheduledFor, through: at(last), count: Number(count) };
}

interface Case {
  rule: string;
  mode?: MisfireMode;
  maxCatchupRuns?: number;
  active?: number;
  backlog?: number;
  buffered?: number;
  catchUp?: number;
  bufferLimit?: number;
  due: string[];
  become: string[];
}
function judge(overlap: OverlapPolicy, cases: readonly Case[]): void {
  for (const { rule, mode = 'FIRE_ONCE', maxCatchupRuns = 100, bufferLimit, due, become, ...given } of cases) {
    test(rule, () => {
      const underway = { active: 0, backlog: 0, ...given };
      const items = resolveOverlap(due.map(item), overlap, misfire({ mode, maxCatchupRuns }), underway, bufferLimit);
      assert.deepEqual(items.map(print), become);
    });
  }
}

describe('ALLOW_ALL', () => {
  judge('ALLOW_ALL', [
    {
      rule: 'all run beside each other and beside what runs',
      active: 3,
      due: ['10:00 SCHEDULE', '10:10 SCHEDULE'],
      become: ['10:00 SCHEDULE QUEUED', '10:10 SCHEDULE QUEUED'],
    },
    {
      rule: 'what is made up for waits for nothing',
      mode: 'FIRE_ALL',
      active: 1,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 SCHEDULE'],
      become: ['10:00 CATCH_UP QUEUED', '10:10 CATCH_UP QUEUED', '10:20 SCHEDULE QUEUED'],
    },
    {
      rule: 'has no backlog, so no bound of one',
      mode: 'FIRE_ALL',
      maxCatchupRuns: 1,
      active: 5,
      backlog: 5,
      due: ['10:00 CATCH_UP', '10:10 SCHEDULE'],
      become: ['10:00 CATCH_UP QUEUED', '10:10 SCHEDULE QUEUED'],
    },
  ]);
});

describe('SKIP', () => {
  judge('SKIP', [
    { rule: 'nothing active: fires', due: ['10:00 SCHEDULE'], become: ['10:00 SCHEDULE QUEUED'] },
    { rule: 'a run is active: passed over', active: 1, due: ['10:00 SCHEDULE'], become: ['10:00-10:00 OVERLAP_SKIPPED 1'] },
    {
      rule: 'something waits though nothing is active yet: passed over',
      backlog: 1,
      due: ['10:00 SCHEDULE'],
      become: ['10:00-10:00 OVERLAP_SKIPPED 1'],
    },
    {
      rule: 'of several that are due the first fires and holds the place; the others are one entry',
      due: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE'],
      become: ['10:00 SCHEDULE QUEUED', '10:10-10:20 OVERLAP_SKIPPED 2'],
    },
    {
      rule: 'the one run that FIRE_ONCE makes up for is passed over like a fresh one',
      active: 1,
      due: ['10:00-10:10 COALESCED 2', '10:20 CATCH_UP'],
      become: ['10:00-10:10 COALESCED 2', '10:20-10:20 OVERLAP_SKIPPED 1'],
    },
    {
      rule: 'FIRE_ALL: a fresh fire behind a run that is no catch-up is an overlap like any other',
      mode: 'FIRE_ALL',
      active: 1,
      due: ['10:00 SCHEDULE'],
      become: ['10:00-10:00 OVERLAP_SKIPPED 1'],
    },
  ]);
});

describe('SKIP with FIRE_ALL is a serial backlog', () => {
  const mode = 'FIRE_ALL';
  judge('SKIP', [
    {
      rule: 'the oldest runs, the others wait, fresh ones behind them',
      mode,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 SCHEDULE', '10:30 SCHEDULE'],
      become: ['10:00 CATCH_UP QUEUED', '10:10 CATCH_UP BUFFERED', '10:20 SCHEDULE BUFFERED', '10:30 SCHEDULE BUFFERED'],
    },
    {
      rule: 'it begins behind a run that is no catch-up, too',
      mode,
      active: 1,
      due: ['10:00 CATCH_UP', '10:10 SCHEDULE'],
      become: ['10:00 CATCH_UP BUFFERED', '10:10 SCHEDULE BUFFERED'],
    },
    {
      rule: 'while its last run lasts, a fresh fire appends to it',
      mode,
      active: 1,
      backlog: 1,
      due: ['10:00 SCHEDULE'],
      become: ['10:00 SCHEDULE BUFFERED'],
    },
    {
      rule: 'fresh fires append until it has reached maxCatchupRuns, the rest is passed over',
      mode,
      maxCatchupRuns: 3,
      active: 1,
      backlog: 1,
      due: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE', '10:30 SCHEDULE'],
      become: ['10:00 SCHEDULE BUFFERED', '10:10 SCHEDULE BUFFERED', '10:20-10:30 OVERLAP_SKIPPED 2'],
    },
    {
      rule: 'as many as maxCatchupRuns find room, the running one counted',
      mode,
      maxCatchupRuns: 3,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP', '10:30 SCHEDULE'],
      become: ['10:00 CATCH_UP QUEUED', '10:10 CATCH_UP BUFFERED', '10:20 CATCH_UP BUFFERED', '10:30-10:30 OVERLAP_SKIPPED 1'],
    },
    {
      rule: 'a second outage finds what the first has left of its room, and the newest take it',
      mode,
      maxCatchupRuns: 3,
      active: 1,
      backlog: 1,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP', '10:30 CATCH_UP'],
      become: ['10:00-10:10 MISSED 2', '10:20 CATCH_UP BUFFERED', '10:30 CATCH_UP BUFFERED'],
    },
    {
      rule: 'when it is full, all that come late are missed: a slow schedule without grace cannot grow it for ever',
      mode,
      maxCatchupRuns: 2,
      active: 1,
      backlog: 2,
      due: ['10:00 CATCH_UP', '10:10 SCHEDULE'],
      become: ['10:00-10:00 MISSED 1', '10:10-10:10 OVERLAP_SKIPPED 1'],
    },
    {
      rule: 'longer than a bound that was lowered meanwhile: it takes nothing more',
      mode,
      maxCatchupRuns: 2,
      active: 1,
      backlog: 9,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 SCHEDULE'],
      become: ['10:00-10:10 MISSED 2', '10:20-10:20 OVERLAP_SKIPPED 1'],
    },
  ]);
});

for (const overlap of ['BUFFER_ONE', 'BUFFER_ALL'] as const) {
  const bufferLimit = overlap === 'BUFFER_ONE' ? 50 : 1;
  describe(`${overlap} with room for one`, () => {
    judge(overlap, [
      { rule: 'nothing under way: fires', bufferLimit, due: ['10:00 SCHEDULE'], become: ['10:00 SCHEDULE QUEUED'] },
      { rule: 'a run is active: waits', bufferLimit, active: 1, due: ['10:00 SCHEDULE'], become: ['10:00 SCHEDULE BUFFERED'] },
      {
        rule: 'one waits already: the buffer is full',
        bufferLimit,
        active: 1,
        buffered: 1,
        due: ['10:00 SCHEDULE', '10:10 SCHEDULE'],
        become: ['10:00-10:10 BUFFER_FULL 2'],
      },
      {
        rule: 'something waits though nothing is active yet: it is not overtaken',
        bufferLimit,
        buffered: 1,
        due: ['10:00 SCHEDULE'],
        become: ['10:00-10:00 BUFFER_FULL 1'],
      },
      {
        rule: 'of several that are due the first fires, the second waits',
        bufferLimit,
        due: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE', '10:30 SCHEDULE'],
        become: ['10:00 SCHEDULE QUEUED', '10:10 SCHEDULE BUFFERED', '10:20-10:30 BUFFER_FULL 2'],
      },
      {
        rule: 'what is made up for waits in the same buffer',
        mode: 'FIRE_ALL',
        bufferLimit,
        active: 1,
        due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 SCHEDULE'],
        become: ['10:00 CATCH_UP BUFFERED', '10:10-10:20 BUFFER_FULL 2'],
      },
      {
        rule: 'the one run that FIRE_ONCE makes up for, too',
        bufferLimit,
        active: 1,
        due: ['10:00-10:10 COALESCED 2', '10:20 CATCH_UP'],
        become: ['10:00-10:10 COALESCED 2', '10:20 CATCH_UP BUFFERED'],
      },
    ]);
  });
}

describe('BUFFER_ALL', () => {
  judge('BUFFER_ALL', [
    {
      rule: 'as many wait as bufferLimit says, those counted that wait already',
      bufferLimit: 3,
      active: 1,
      buffered: 1,
      due: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE', '10:30 SCHEDULE'],
      become: ['10:00 SCHEDULE BUFFERED', '10:10 SCHEDULE BUFFERED', '10:20-10:30 BUFFER_FULL 2'],
    },
    {
      rule: 'several that are active are as good as one',
      bufferLimit: 3,
      active: 9,
      due: ['10:00 SCHEDULE'],
      become: ['10:00 SCHEDULE BUFFERED'],
    },
    {
      rule: 'longer than a limit that was lowered meanwhile: it takes nothing more',
      bufferLimit: 2,
      active: 1,
      buffered: 9,
      due: ['10:00 SCHEDULE'],
      become: ['10:00-10:00 BUFFER_FULL 1'],
    },
    {
      rule: 'FIRE_ALL: no more catch-up than maxCatchupRuns over all ticks, and the newest of it',
      mode: 'FIRE_ALL',
      maxCatchupRuns: 3,
      active: 1,
      buffered: 1,
      catchUp: 1,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP', '10:30 SCHEDULE'],
      become: ['10:00-10:00 MISSED 1', '10:10 CATCH_UP BUFFERED', '10:20 CATCH_UP BUFFERED', '10:30 SCHEDULE BUFFERED'],
    },
    {
      rule: 'FIRE_ALL: fresh fires that wait take nothing of maxCatchupRuns',
      mode: 'FIRE_ALL',
      maxCatchupRuns: 1,
      active: 1,
      buffered: 5,
      due: ['10:00 CATCH_UP', '10:10 SCHEDULE'],
      become: ['10:00 CATCH_UP BUFFERED', '10:10 SCHEDULE BUFFERED'],
    },
    {
      rule: 'FIRE_ALL: with nothing under way the oldest runs and the others wait',
      mode: 'FIRE_ALL',
      bufferLimit: 1,
      due: ['10:00 CATCH_UP', '10:10 CATCH_UP', '10:20 CATCH_UP'],
      become: ['10:00 CATCH_UP QUEUED', '10:10 CATCH_UP BUFFERED', '10:20-10:20 BUFFER_FULL 1'],
    },
  ]);

  test('the ledger names the limit', () => {
    const full = (overlap: OverlapPolicy, limit: number) =>
      resolveOverlap([item('10:00 SCHEDULE')], overlap, misfire(), { active: 1, backlog: 0, buffered: 9 }, limit);
    const reasons = [full('BUFFER_ALL', 7), full('BUFFER_ALL', 1), full('BUFFER_ONE', 7)].map(([skip]) => (skip as Skip).reason);
    assert.deepEqual(reasons, [
      '7 runs wait already: bufferLimit is 7',
      '1 run waits already: bufferLimit is 1',
      'a run waits already; overlap policy BUFFER_ONE',
    ]);
  });
});

for (const overlap of ['CANCEL_OTHER', 'TERMINATE_OTHER'] as const) {
  describe(overlap, () => {
    judge(overlap, [
      { rule: 'nothing left under way: fires', due: ['10:00 SCHEDULE'], become: ['10:00 SCHEDULE QUEUED'] },
      {
        rule: 'waits for what has yet to be broken off',
        active: 1,
        due: ['10:00 SCHEDULE'],
        become: ['10:00 SCHEDULE BUFFERED'],
      },
      {
        rule: 'of several that are due the newest runs: each would end the one before it',
        due: ['10:00 SCHEDULE', '10:10 SCHEDULE', '10:20 SCHEDULE'],
        become: ['10:00-10:10 OVERLAP_SKIPPED 2', '10:20 SCHEDULE QUEUED'],
      },
      {
        rule: 'FIRE_ALL: of what is made up for, too; and a fresh one goes before it',
        mode: 'FIRE_ALL',
        due: ['10:00-10:10 MISSED 2', '10:20 CATCH_UP', '10:30 CATCH_UP', '10:40 SCHEDULE'],
        become: ['10:00-10:10 MISSED 2', '10:20-10:30 OVERLAP_SKIPPED 2', '10:40 SCHEDULE QUEUED'],
      },
      { rule: 'nothing fires: nothing is decided', active: 1, due: ['10:00-10:10 MISSED 2'], become: ['10:00-10:10 MISSED 2'] },
    ]);
  });
}

describe('skips of the plan', () => {
  judge('SKIP', [
    { rule: 'stay as they are', active: 1, due: ['10:00-10:40 MISSED 5'], become: ['10:00-10:40 MISSED 5'] },
    {
      rule: 'hold no place',
      due: ['10:00-10:40 COALESCED 5', '10:50 SCHEDULE'],
      become: ['10:00-10:40 COALESCED 5', '10:50 SCHEDULE QUEUED'],
    },
  ]);

  test('adjacent ones with the same verdict and reason are one entry', () => {
    const [older, newer] = [item('10:00-10:10 MISSED 2'), item('10:20-10:40 MISSED 3')] as [Skip, Skip];
    const resolve = (items: Skip[]) => resolveOverlap(items, 'SKIP', misfire(), { active: 0, backlog: 0 }).map(print);
    assert.deepEqual(resolve([older, newer]), ['10:00-10:40 MISSED 5']);
    assert.deepEqual(resolve([older, { ...newer, reason: 'another' }]), ['10:00-10:10 MISSED 2', '10:20-10:40 MISSED 3']);
    assert.deepEqual(resolve([older, { ...newer, verdict: 'COALESCED' }]), ['10:00-10:10 MISSED 2', '10:20-10:40 COALESCED 3']);
  });

  test('what is handed in is not changed', () => {
    const items = ['10:00-10:10 MISSED 2', '10:20-10:30 MISSED 2', '10:40 SCHEDULE', '10:50 SCHEDULE'].map(item);
    const before = structuredClone(items);
    resolveOverlap(items, 'SKIP', misfire(), { active: 0, backlog: 0 });
    assert.deepEqual(items, before);
  });

  test('nothing due: nothing decided', () => {
    assert.deepEqual(resolveOverlap([], 'SKIP', misfire(), { active: 1, backlog: 1 }), []);
  });
});
