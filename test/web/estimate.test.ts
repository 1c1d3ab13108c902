import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coarse, estimate } from '../../web/src/pages/run/estimate.ts';

const S = 1000;
const half = { done: 50, total: 100, updatedAt: 60 * S };

const cases = [
  { rule: 'at its pace so far', progress: half, medianMs: null, now: 60, is: { from: 'progress', remainingMs: 60 * S } },
  { rule: 'less what has passed since it was said', progress: half, medianMs: null, now: 70, is: { from: 'progress', remainingMs: 50 * S } },
  { rule: 'never less than nothing', progress: half, medianMs: null, now: 600, is: { from: 'progress', remainingMs: 0 } },
  { rule: 'its own pace goes before the median', progress: half, medianMs: 900 * S, now: 60, is: { from: 'progress', remainingMs: 60 * S } },
  { rule: 'hardly begun: the median', progress: { ...half, done: 1 }, medianMs: 90 * S, now: 60, is: { from: 'median', remainingMs: 30 * S, medianMs: 90 * S } },
  { rule: 'too soon: the median', progress: { ...half, updatedAt: 900 }, medianMs: 90 * S, now: 1, is: { from: 'median', remainingMs: 89 * S, medianMs: 90 * S } },
  { rule: 'without a total: the median', progress: { ...half, total: null }, medianMs: 90 * S, now: 60, is: { from: 'median', remainingMs: 30 * S, medianMs: 90 * S } },
  { rule: 'longer than the median: it says by how much', progress: null, medianMs: 60 * S, now: 75, is: { from: 'overdue', overMs: 15 * S, medianMs: 60 * S } },
  { rule: 'nothing is known: no estimate', progress: null, medianMs: null, now: 60, is: null },
  { rule: 'more done than there was to do: it is at its end', progress: { ...half, done: 120 }, medianMs: null, now: 60, is: { from: 'progress', remainingMs: 0 } },
]; // prettier-ignore
for (const { rule, progress, medianMs, now, is } of cases) {
  test(rule, () => assert.deepEqual(estimate({ startedAt: 0, progress, medianMs }, now * S), is));
}

test('estimates are said so coarsely that they do not flicker', () => {
  const said = [[120, 1000], [4400, 4000], [31_900, 30_000], [133_000, 130_000], [3_700_000, 3_720_000]]; // prettier-ignore
  for (const [ms, is] of said) assert.equal(coarse(ms!), is);
});
