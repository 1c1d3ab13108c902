import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promoteDelayed } from '../../src/domain/delayed.ts';
import type { RunInTheWay } from '../../src/domain/delayed.ts';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';

const RUNNING = new Map<string, RunInTheWay>([['a', { id: 'old', state: 'RUNNING', buffered: 0 }]]);
const CROWDED = new Map<string, RunInTheWay>([['a', { id: 'old', state: 'RUNNING', buffered: 99 }]]);
const NONE = new Map<string, RunInTheWay>();
const due = (...runs: [id: string, taskId: string, overlapPolicy: OverlapPolicy][]) =>
  runs.map(([id, taskId, overlapPolicy]) => ({ id, taskId, overlapPolicy, limited: taskId.startsWith('limited') }));

const cases = [
  { rule: 'nothing is under way: it goes', due: due(['1', 'a', 'SKIP']), active: NONE, verdicts: ['QUEUED'] },
  { rule: 'another is under way: SKIP ends it', due: due(['1', 'a', 'SKIP']), active: RUNNING, verdicts: ['CANCELED by old'] },
  { rule: 'ALLOW_ALL does not look', due: due(['1', 'a', 'ALLOW_ALL']), active: RUNNING, verdicts: ['QUEUED'] },
  { rule: 'another task is in nobody’s way', due: due(['1', 'b', 'SKIP']), active: RUNNING, verdicts: ['QUEUED'] },
  {
    rule: 'of two that are due at once the first goes',
    due: due(['1', 'a', 'SKIP'], ['2', 'b', 'SKIP'], ['3', 'a', 'SKIP']),
    active: NONE,
    verdicts: ['QUEUED', 'QUEUED', 'CANCELED by 1'],
  },
  {
    rule: 'one that goes beside others is in the way of those that look',
    due: due(['1', 'a', 'ALLOW_ALL'], ['2', 'a', 'SKIP'], ['3', 'a', 'ALLOW_ALL']),
    active: NONE,
    verdicts: ['QUEUED', 'CANCELED by 1', 'QUEUED'],
  },
  {
    rule: 'one that is ended is in nobody’s way',
    due: due(['1', 'a', 'SKIP'], ['2', 'a', 'SKIP']),
    active: RUNNING,
    verdicts: ['CANCELED by old', 'CANCELED by old'],
  },
  { rule: 'BUFFER_ONE waits', due: due(['1', 'a', 'BUFFER_ONE']), active: RUNNING, verdicts: ['BUFFERED TASK'] },
  {
    rule: 'BUFFER_ONE: where one waits, another is one too many',
    due: due(['1', 'a', 'BUFFER_ONE'], ['2', 'a', 'BUFFER_ONE']),
    active: RUNNING,
    verdicts: ['BUFFERED TASK', 'CANCELED BUFFER_FULL'],
  },
  {
    rule: 'BUFFER_ALL: a hundred wait, and no more',
    due: due(['1', 'a', 'BUFFER_ALL'], ['2', 'a', 'BUFFER_ALL']),
    active: CROWDED,
    verdicts: ['BUFFERED TASK', 'CANCELED BUFFER_FULL'],
  },
  { rule: 'a buffer with nothing before it is not used', due: due(['1', 'a', 'BUFFER_ALL']), active: NONE, verdicts: ['QUEUED'] },
  {
    rule: 'what takes the place of others waits for those that end by themselves',
    due: due(['1', 'a', 'CANCEL_OTHER']),
    active: RUNNING,
    verdicts: ['BUFFERED TASK'],
  },
  {
    rule: 'of a task with a limit each waits for a slot, that has it at once when there is one',
    due: due(['1', 'limited', 'SKIP'], ['2', 'limited', 'ALLOW_ALL']),
    active: NONE,
    verdicts: ['BUFFERED TASK', 'BUFFERED SLOT'],
  },
];
for (const { rule, due: runs, active, verdicts } of cases) {
  test(rule, () => {
    const promotions = promoteDelayed(runs, active);
    assert.deepEqual(
      promotions.map((each) => {
        if (each.state !== 'CANCELED') return each.state === 'BUFFERED' ? `BUFFERED ${each.waitsFor}` : each.state;
        const by = /run (\w+) was/.exec(each.error.message)?.[1];
        return by === undefined ? `CANCELED ${each.error.code}` : `CANCELED by ${by}`;
      }),
      verdicts,
    );
    assert.deepEqual(
      promotions.map((each) => each.id),
      runs.map((run) => run.id),
    );
  });
}
