/**
 * How long counts and percentiles of runs take, on a fresh embedded PostgreSQL of its own that holds as many runs as are asked for:
 * a week of 100 schedules. Against a floor: the same rows counted by the same index, and nothing else.
 * Usage: node bench/stats.ts [runs]
 */
import { bucketsOf } from '../src/domain/buckets.ts';
import { readRunStats, readRunStatsSeries, readScheduleStats } from '../src/store/runStats.ts';
import { POLICY, TASK, openBench, prepareBurst } from './burst.ts';
import type { Bench } from './burst.ts';
import { countArgument, machine, median, runBenchmark, timed } from './measure.ts';
import type { Cleanups } from './measure.ts';

const DEFAULT_RUNS = 1_000_000;
const SCHEDULES = 100;
const ROUNDS = 5;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

interface Question {
  name: string;
  windowMs: number;
  /** Of how many schedules apart; null: of all runs together. */
  schedules: number | null;
  /** As a series of buckets of this length. */
  bucketMs?: number;
}
const QUESTIONS: Question[] = [
  { name: 'all, PT1H', windowMs: HOUR, schedules: null },
  { name: 'all, P1D', windowMs: DAY, schedules: null },
  { name: 'all, P7D', windowMs: WEEK, schedules: null },
  { name: 'one schedule, P7D', windowMs: WEEK, schedules: 1 },
  { name: '25 schedules, P7D', windowMs: WEEK, schedules: 25 },
  { name: 'series, P1D by PT5M', windowMs: DAY, schedules: null, bucketMs: HOUR / 12 },
  { name: 'series, P7D by PT1H', windowMs: WEEK, schedules: null, bucketMs: HOUR },
];

/** Runs of the week before `until`, in the order in which they would have been written: most succeeded, every hundredth is under way. */
async function fill({ client }: Bench, scheduleIds: readonly string[], count: number, until: number): Promise<void> {
  await client.query('TRUNCATE run CASCADE');
  await client.query(
    `INSERT INTO run (id, task_id, schedule_id, schedule_version, state, origin, scheduled_for, effective_at, created_at, queued_at, started_at,
                      finished_at, lateness_ms, max_attempts, policy, output, job_id)
     SELECT 'run_' || lpad(to_hex(1000000000 + n), 32, '0'), $1, ($2::text[])[1 + n % $3], 1, state, 'SCHEDULE', at, at, at, at,
            CASE WHEN state <> 'QUEUED' THEN at + late * interval '1 ms' END, CASE WHEN state <> 'QUEUED' THEN at + (late + took) * interval '1 ms' END,
            CASE WHEN state <> 'QUEUED' THEN late END, 3, $4::jsonb, '{"status": 200}', gen_random_uuid()
       FROM (SELECT n, $5::timestamptz - ($6::int - n) / $3 * ($3 * $7::float8 / $6) * interval '1 ms' AS at,
                    CASE WHEN n > $6 - $6 / 1000 THEN 'QUEUED' WHEN random() < 0.95 THEN 'SUCCEEDED' ELSE 'FAILED' END AS state,
                    floor(5 + 100 * random()) AS late, floor(20 + 2000 * random() * random()) AS took FROM generate_series(1, $6::int) n) runs`,
    [TASK.id, scheduleIds, SCHEDULES, JSON.stringify(POLICY), new Date(until).toISOString(), count, WEEK - HOUR],
  );
  await client.query('VACUUM ANALYZE run');
  await client.query('CHECKPOINT');
}

/** @returns a line of the table: medians of milliseconds */
async function ask({ store, client }: Bench, ids: readonly string[], until: number, question: Question): Promise<string> {
  const stretch = { from: new Date(until - question.windowMs), until: new Date(until) };
  const asked = ids.slice(0, question.schedules ?? 0).map((scheduleId) => ({ scheduleId, ...stretch }));
  const { bucketMs } = question;
  const product = async () => {
    if (bucketMs !== undefined) {
      const buckets = bucketsOf({ from: stretch.from.getTime() + 1, until: until + 1 }, bucketMs);
      return [...(await readRunStatsSeries(store.prisma, null, buckets)).values()];
    }
    return question.schedules === null
      ? [await readRunStats(store.prisma, null, stretch)]
      : readScheduleStats(store.prisma, asked);
  };
  const floor = () =>
    client.query(
      `SELECT count(*) FROM run WHERE finished_at IS NOT NULL AND scheduled_for > $1 AND scheduled_for <= $2 AND ($3 OR schedule_id = ANY($4::text[]))`,
      [stretch.from, stretch.until, asked.length === 0, asked.map(({ scheduleId }) => scheduleId)],
    );
  const times = { product: [] as number[], floor: [] as number[] };
  const runs = (await product()).reduce((sum, { total }) => sum + total, 0);
  await floor();
  for (let round = 0; round < ROUNDS; round += 1) {
    times.floor.push(await timed(floor));
    times.product.push(await timed(product));
  }
  const [took, least] = [median(times.product), median(times.floor)];
  return row(question.name, String(runs), took.toFixed(1), least.toFixed(1), (took / least).toFixed(1));
}

const row = (name: string, ...cells: string[]) => `${name.padEnd(20)}${cells.map((cell) => cell.padStart(12)).join('')}`;

async function measure(hooks: Cleanups, count: number): Promise<string[]> {
  const bench = await openBench(hooks);
  const { schedules } = await prepareBurst(bench, SCHEDULES);
  const ids = schedules.map(({ id }) => id);
  await bench.clock.sync();
  const until = bench.clock.now();
  await fill(bench, ids, count, until);
  const lines = [
    `${count} runs; medians of ${ROUNDS} rounds; ${machine()}`,
    '',
    row('window', 'runs', 'ms', 'floor ms', 'ratio'),
  ];
  for (const question of QUESTIONS) lines.push(await ask(bench, ids, until, question));
  return lines;
}

const count = countArgument(process.argv[2], DEFAULT_RUNS);
if (count === null) {
  console.error('Usage: node bench/stats.ts [runs, a whole number from 1]');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, count));
