import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RUN_STATES, summarizeRuns } from '../../src/domain/runStats.ts';

const rates = [
  { rule: 'of no runs there is no rate', counts: {}, rate: null, total: 0 },
  { rule: 'what has not ended says nothing', counts: { QUEUED: 3, RUNNING: 1, CANCELING: 1 }, rate: null, total: 5 },
  { rule: 'what was canceled says nothing', counts: { SUCCEEDED: 1, CANCELED: 9 }, rate: 1, total: 10 },
  { rule: 'failures and time-outs count alike', counts: { SUCCEEDED: 2, FAILED: 1, TIMED_OUT: 1 }, rate: 0.5, total: 4 },
  { rule: 'none of them succeeded: 0, which is not null', counts: { FAILED: 2 }, rate: 0, total: 2 },
];
for (const { rule, counts, rate, total } of rates) {
  test(`success rate: ${rule}`, () => {
    const stats = summarizeRuns(counts, null, null);
    assert.deepEqual([stats.successRate, stats.total], [rate, total]);
  });
}

test('every state is answered, in the order of the table, without runs as 0', () => {
  assert.deepEqual(
    summarizeRuns({ FAILED: 2 }, null, null).byState,
    RUN_STATES.map((state) => ({ state, count: state === 'FAILED' ? 2 : 0 })),
  );
});

test('what was not measured is null', () => {
  const { latenessP50Ms, latenessP99Ms, durationP95Ms } = summarizeRuns({}, [null, null, null], null);
  assert.deepEqual([latenessP50Ms, latenessP99Ms, durationP95Ms], [null, null, null]);
});

test('a percentile is told to the microsecond', () => {
  const { latenessP50Ms, latenessP95Ms, durationP50Ms } = summarizeRuns({}, [12, 48.999_999_999_999_964, 50], [0.333_333_333, 1]);
  assert.deepEqual([latenessP50Ms, latenessP95Ms, durationP50Ms], [12, 49, 0.333]);
});
