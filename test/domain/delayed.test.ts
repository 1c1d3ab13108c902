import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promoteDelayed } from '../../src/domain/delayed.ts';
import type { RunInTheWay } from '../../src/domain/delayed.ts';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';

const RUNNING = new Map<string, RunInTheWay>([['a', { id: 'old', state: 'RUNNING' }]]);
const NONE = new Map<string, RunInTheWay>();
const due = (...runs: [id: string, taskId: string, overlapPolicy: OverlapPolicy][]) =>
  runs.map(([id, taskId, overlapPolicy]) => ({ id, taskId, overlapPolicy }));

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
];
for (const { rule, due: runs, active, verdicts } of cases) {
  test(rule, () => {
    const promotions = promoteDelayed(runs, active);
    assert.deepEqual(
      promotions.map((each) =>
        each.state === 'QUEUED' ? each.state : `${each.state} by ${/run (\w+) was/.exec(each.error.message)?.[1]}`,
      ),
      verdicts,
    );
    assert.deepEqual(
      promotions.map((each) => each.id),
      runs.map((run) => run.id),
    );
  });
}
