import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from '../support/properties.ts';
import { bucketsOf, startsOf } from '../../src/domain/buckets.ts';
import { NO_RUNS } from '../../src/domain/runStats.ts';
import { createLoaders } from '../../src/graphql/loaders.ts';
import { readRunStats, readRunStatsSeries } from '../../src/store/runStats.ts';
import type { RunFilter } from '../../src/store/runLists.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import type { RunState } from '../../src/domain/runState.ts';
import { addSchedule, addTask, at, openParts } from '../support/parts.ts';
import { newRun } from '../support/runs.ts';

const parts = await openParts({ after });
const { prisma, sql } = parts.store;
await addTask(parts);
const ids = [(await addSchedule(parts, { name: 'one' })).id, (await addSchedule(parts, { name: 'two' })).id] as const;

interface Made {
  scheduleId: string | null;
  state: RunState;
  /** Seconds of the day. */
  second: number;
  late: number;
  took: number;
}
const START = at('00:00:00');
async function write(made: readonly Made[]): Promise<void> {
  await sql.query('TRUNCATE run CASCADE');
  const runs = await Promise.all(
    made.map(async ({ scheduleId, second }) => {
      const scheduledFor = iso(START + second * 1_000);
      return { run: await newRun(parts, { scheduleId, scheduledFor, effectiveAt: scheduledFor }) };
    }),
  );
  await insertRuns(
    sql,
    START,
    runs.map(({ run }) => run),
  );
  const ends = made.flatMap(({ state, second, late, took }, index) => {
    const startedAt = START + second * 1_000 + late;
    return state === 'QUEUED'
      ? []
      : [{ id: runs[index]!.run.id, state, late, startedAt: iso(startedAt), finishedAt: iso(startedAt + took) }];
  });
  await sql.query(
    `UPDATE run r SET state = e.state, lateness_ms = e.late, started_at = e."startedAt", finished_at = e."finishedAt"
       FROM jsonb_to_recordset($1::jsonb) AS e(id text, state text, late float8, "startedAt" timestamptz, "finishedAt" timestamptz) WHERE r.id = e.id`,
    [JSON.stringify(ends)],
  );
}

const HOUR = 3_600;
const made = fc.record<Made>({
  scheduleId: fc.constantFrom(null, ...ids),
  state: fc.constantFrom<RunState>('QUEUED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELED', 'TIMED_OUT'),
  // Often right on the edge of a bucket.
  second: fc.oneof(
    fc.nat(60).map((minute) => minute * 60),
    fc.nat(HOUR),
  ),
  late: fc.nat(5_000),
  took: fc.nat(100_000),
});
const filters: fc.Arbitrary<{ filter: RunFilter | null; has: (run: Made) => boolean }> = fc.constantFrom(
  { filter: null, has: () => true },
  { filter: { scheduleIds: [ids[0]] }, has: (run: Made) => run.scheduleId === ids[0] },
  { filter: { states: ['SUCCEEDED', 'QUEUED'] }, has: (run: Made) => ['SUCCEEDED', 'QUEUED'].includes(run.state) },
  { filter: { minLatenessMs: 2_500 }, has: (run: Made) => run.state !== 'QUEUED' && run.late >= 2_500 },
);

test('a series says of each bucket what is counted one by one, and what stats says of it', async () => {
  const asked = fc.record({
    from: fc.nat(HOUR - 1),
    length: fc.integer({ min: 1, max: HOUR }),
    bucket: fc.integer({ min: 60, max: 1_200 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(made, { maxLength: 60 }),
      asked,
      filters,
      async (runs, { from, length, bucket }, { filter, has }) => {
        await write(runs);
        const buckets = bucketsOf({ from: START + from * 1_000, until: START + (from + length) * 1_000 }, bucket * 1_000);
        const series = await readRunStatsSeries(prisma, filter, buckets);
        for (const start of startsOf(buckets)) {
          const stats = series.get(start) ?? NO_RUNS;
          const inside = runs.filter((run) => {
            const instant = START + run.second * 1_000;
            return has(run) && instant >= start && instant < start + buckets.ms;
          });
          assert.equal(stats.total, inside.length);
          for (const { state, count } of stats.byState)
            assert.equal(count, inside.filter((run) => run.state === state).length, state);
          const late = inside
            .filter(({ state }) => state !== 'QUEUED')
            .map((run) => run.late)
            .toSorted((a, b) => a - b);
          assert.equal(stats.latenessP50Ms, medianOf(late));
          // A window of stats has its end and not its beginning; instants are whole milliseconds.
          const window = { from: new Date(start - 1), until: new Date(start + buckets.ms - 1) };
          assert.deepEqual(stats, await readRunStats(prisma, filter, window));
        }
        assert.ok([...series.keys()].every((start) => startsOf(buckets).includes(start)));
      },
    ),
    { numRuns: 25 },
  );
});

function medianOf(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

test('a series is one statement, and needs nothing but the index of stats', async () => {
  await write([{ scheduleId: ids[0], state: 'SUCCEEDED', second: 10, late: 5, took: 5 }]);
  const plans: string[] = [];
  await parts.store
    .transaction(async (tx) => {
      // As in the test of stats: of a table this small the planner would read all.
      await tx.sql.query(`DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'run'::regclass AND NOT indisprimary LOOP
    IF name <> 'run_stats_idx' THEN EXECUTE 'DROP INDEX ' || name; END IF;
  END LOOP;
END $$`);
      await tx.sql.query(`SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`);
      const explain = {
        async $queryRawUnsafe(text: string, ...values: unknown[]) {
          const lines = await tx.prisma.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, ...values);
          plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
          return tx.prisma.$queryRawUnsafe(text, ...values);
        },
      } as unknown as typeof tx.prisma;
      const buckets = bucketsOf({ from: START, until: START + HOUR * 1_000 }, 60_000);
      assert.equal((await readRunStatsSeries(explain, { states: ['SUCCEEDED'] }, buckets)).size, 1);
      throw new Error('the other indexes stay');
    })
    .catch((error: Error) => assert.equal(error.message, 'the other indexes stay'));
  assert.equal(plans.length, 1);
  assert.match(plans[0]!, /Index Only Scan using run_stats_idx/);
});

test('how long a run usually takes is the median of the 20 newest that ended by themselves or failed to; many are one statement', async () => {
  const run = (scheduleId: string, state: RunState, second: number, took: number): Made => ({
    scheduleId,
    state,
    second,
    late: 0,
    took,
  });
  const old = Array.from({ length: 30 }, (_, index) => run(ids[0], 'SUCCEEDED', index, 90_000));
  const newest = Array.from({ length: 17 }, (_, index) => run(ids[0], 'SUCCEEDED', 100 + index, 1_000 + index));
  const others = [run(ids[0], 'FAILED', 200, 5_000), run(ids[0], 'TIMED_OUT', 201, 6_000), run(ids[0], 'CANCELED', 202, 1)];
  await write([...old, ...newest, ...others, run(ids[0], 'QUEUED', 300, 0), run(ids[1], 'CANCELED', 1, 1)]);
  const loaders = createLoaders(parts.store);
  const durations = await loaders.usualDurationOfSchedule.loadMany([ids[0], ids[1], 'sch_0', ids[0]]);
  assert.deepEqual(durations, [1_009, null, null, 1_009]);
});
