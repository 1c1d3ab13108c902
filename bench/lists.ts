/**
 * What a page of each list costs in the database, and its totalCount, on a fresh embedded PostgreSQL of its own: EXPLAIN (ANALYZE, BUFFERS)
 * of the statements that the store sends, with every order, both directions, the first page and one from deep within, for every filter.
 * Usage: node bench/lists.ts [runs] [schedules] [all] [only=LIST]: with all, every page; otherwise the slowest one of each list and filter.
 * With only, such as only=schedules, one list.
 */
import { openBench } from './burst.ts';
import { ROUNDS, explainLists, slowest, table } from './listCosts.ts';
import { fillLists } from './listRows.ts';
import type { Sizes } from './listRows.ts';
import { countArgument, machine, runBenchmark } from './measure.ts';
import type { Cleanups } from './measure.ts';

const DEFAULT_SIZES: Sizes = { runs: 1_000_000, schedules: 100_000 };
const LIMIT_MS = 20;

async function measure(hooks: Cleanups, sizes: Sizes, all: boolean, only: string | null): Promise<string[]> {
  const bench = await openBench(hooks);
  const now = bench.clock.now();
  await fillLists(bench, now, sizes);
  const lines = await explainLists(bench, now, sizes, only);
  const slow = lines.filter(({ ms }) => ms > LIMIT_MS);
  return [
    `${sizes.runs} runs, ${sizes.schedules} schedules; best of ${ROUNDS}; ${machine()}`,
    '',
    ...table(all ? lines : slowest(lines)),
    '',
    `${slow.length} of ${lines.length} took over ${LIMIT_MS} ms`,
  ];
}

const given = process.argv.slice(2);
const all = given.includes('all');
const only = given.find((word) => word.startsWith('only='))?.slice('only='.length) ?? null;
const [runs, schedules] = given.filter((word) => word !== 'all' && !word.startsWith('only='));
const sizes = {
  runs: countArgument(runs, DEFAULT_SIZES.runs),
  schedules: countArgument(schedules, DEFAULT_SIZES.schedules),
};
if (sizes.runs === null || sizes.schedules === null || sizes.runs < 2_000 || sizes.schedules < 1_000) {
  console.error(
    'Usage: node bench/lists.ts [runs, a whole number from 2000] [schedules, a whole number from 1000] [all] [only=LIST]',
  );
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, sizes as Sizes, all, only));
