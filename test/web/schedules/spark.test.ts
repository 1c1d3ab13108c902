import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkBars, sparkText } from '../../../web/src/pages/schedules/spark.ts';
import type { SparkRun } from '../../../web/src/pages/schedules/spark.ts';

const BOX = { width: 100, height: 20, places: 10 };
const run = (state: SparkRun['state'], durationMs: number | null, id: string = state): SparkRun => ({ id, state, durationMs });

test('the newest run is at the right, older ones before it, each in a place of its own', () => {
  const bars = sparkBars([run('SUCCEEDED', 10, 'newest'), run('SUCCEEDED', 10, 'middle'), run('SUCCEEDED', 10, 'oldest')], BOX);
  assert.deepEqual(
    bars.map(({ id, x, width }) => [id, x, width]),
    [
      ['oldest', 70, 8.5],
      ['middle', 80, 8.5],
      ['newest', 90, 8.5],
    ],
  );
});

test('heights are roots of how long runs took: the longest fills the box, all stand on its ground, none vanishes', () => {
  const bars = sparkBars(
    [run('SUCCEEDED', 400, 'a'), run('SUCCEEDED', 100, 'b'), run('SUCCEEDED', 0, 'c'), run('QUEUED', null, 'd')],
    BOX,
  );
  assert.deepEqual(Object.fromEntries(bars.map(({ id, height }) => [id, height])), { a: 20, b: 10, c: 3, d: 3 });
  for (const { y, height } of bars) assert.equal(y + height, BOX.height);
});

test('colours are those of the states, and failures have a mark as well', () => {
  const bars = sparkBars([run('TIMED_OUT', 1), run('FAILED', 1), run('CANCELED', 1), run('RUNNING', 1)], BOX);
  assert.deepEqual(
    bars.map(({ color, failed }) => [color, failed]),
    [
      ['blue', false],
      ['gray', false],
      ['red', true],
      ['red', true],
    ],
  );
});

test('there are no more bars than places', () => {
  const runs = Array.from({ length: 30 }, (_, n) => run('SUCCEEDED', n, String(n)));
  const bars = sparkBars(runs, BOX);
  assert.deepEqual([bars.length, bars[0]?.x, bars[0]?.id], [10, 0, '9']);
});

const TEXTS = [
  { runs: [], text: 'It has not run yet.' },
  { runs: ['FAILED'], text: 'The only run: failed.' },
  { runs: ['SUCCEEDED', 'FAILED', 'SUCCEEDED'], text: 'Last 3 runs: 2 succeeded, 1 failed. The newest: succeeded.' },
] as const;
for (const { runs, text } of TEXTS) {
  test(`in words: ${text}`, () => assert.equal(sparkText(runs.map((state, n) => run(state, 1, String(n)))), text));
}
