/**
 * How fast schedules that are due at the same instant are fired, and their runs completed, on a fresh embedded PostgreSQL of its own,
 * against a floor measured in turn on the same database: the same rows written by plain batch statements (bench/floor.ts).
 * Usage: node bench/fire.ts [schedules]
 */
import { startEngine } from '../src/engine/engine.ts';
import { LEASE_MS } from '../src/engine/reaper.ts';
import { HTTP_QUEUE } from '../src/queue/queue.ts';
import { registerWorker } from '../src/store/workers.ts';
import { startWorker } from '../src/worker/worker.ts';
import { until } from '../test/support/until.ts';
import { checkBurst, openBench, prepareBurst } from './burst.ts';
import type { Bench, Burst } from './burst.ts';
import { ROWS_COMPLETED, ROWS_RECORDED, completeFloor, recordFloor } from './floor.ts';
import { countArgument, machine, median, runBenchmark, timed } from './measure.ts';
import type { Cleanups } from './measure.ts';

const SIZES = [1_000, 10_000];
const ROUNDS = 3;
/** As in production (src/compose.ts). */
const WORKER_CAPACITY = 50;
const LIMIT_MS = 120_000;
const WORKER = { hostname: 'bench', pid: process.pid, version: '0.0.0' };

/** Milliseconds for all of a burst. */
type Way = (bench: Bench, burst: Burst) => Promise<number>;

/** The engine, until the commit of its last tick. */
async function recordByEngine(bench: Bench): Promise<number> {
  let lastCommit = Number.NaN;
  const unsubscribe = bench.store.signals.on('events', () => (lastCommit = performance.now()));
  const before = performance.now();
  const engine = startEngine(bench);
  await engine.settle();
  unsubscribe();
  await engine.stop();
  return lastCommit - before;
}

/** Engine and worker at once, as in one process of Carillon, until the commit of the last finish. */
async function completeByWorker(bench: Bench, burst: Burst): Promise<number> {
  const { store } = bench;
  let executed = 0;
  const worker = await startWorker({
    ...bench,
    queues: [HTTP_QUEUE],
    tasks: [],
    capacity: WORKER_CAPACITY,
    leaseMs: LEASE_MS,
    identity: WORKER,
    execute() {
      executed += 1;
      return Promise.resolve({ ok: true, output: null });
    },
  });
  let lastCommit = Number.NaN;
  const unsubscribe = store.signals.on('events', () => (lastCommit = performance.now()));
  const before = performance.now();
  const engine = startEngine(bench);
  await until(() => executed >= burst.schedules.length, LIMIT_MS);
  await until(async () => (await store.sql.query(`SELECT 1 FROM run WHERE finished_at IS NULL LIMIT 1`)).length === 0);
  unsubscribe();
  await engine.stop();
  await worker.stop(LIMIT_MS);
  return lastCommit - before;
}

async function completeByFloor(bench: Bench, burst: Burst): Promise<number> {
  const workerId = 'wrk_bench';
  await bench.store.hotTransaction((tx) =>
    registerWorker(tx.sql, bench.clock.now(), { id: workerId, capacity: WORKER_CAPACITY, ...WORKER }),
  );
  return timed(() => completeFloor(bench, burst, workerId));
}

interface Question {
  name: string;
  end: 'QUEUED' | 'SUCCEEDED';
  /** Rows that must be written for each schedule. */
  rows: number;
  floor: Way;
  product: Way;
}
const QUESTIONS: Question[] = [
  {
    name: 'fires recorded',
    end: 'QUEUED',
    rows: ROWS_RECORDED,
    floor: (bench, burst) => timed(() => recordFloor(bench, burst)),
    product: recordByEngine,
  },
  { name: 'runs completed', end: 'SUCCEEDED', rows: ROWS_COMPLETED, floor: completeByFloor, product: completeByWorker },
];

/** Floor and product in turn, after a round that does not count. @returns a line of the table */
async function compare(bench: Bench, question: Question, count: number): Promise<string> {
  const rates = { floor: [] as number[], product: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const way of ['floor', 'product'] as const) {
      const burst = await prepareBurst(bench, count);
      const ms = await question[way](bench, burst);
      await checkBurst(bench, burst, question.end);
      if (round > 0) rates[way].push((count / ms) * 1_000);
    }
  }
  // Of each round by itself: what else the machine did meanwhile met both.
  const ratios = rates.product.map((rate, index) => rate / (rates.floor[index] ?? Number.NaN));
  const [floor, product] = [median(rates.floor), median(rates.product)];
  const figures = [product, floor, product * question.rows, floor * question.rows].map((figure) => figure.toFixed(0));
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return row(question.name, String(count), ...figures, median(ratios).toFixed(2), range);
}

const row = (name: string, ...cells: string[]) => `${name.padEnd(16)}${cells.map((cell) => cell.padStart(14)).join('')}`;

async function measure(hooks: Cleanups, sizes: readonly number[]): Promise<string[]> {
  const bench = await openBench(hooks);
  const lines = [
    `medians of ${ROUNDS} rounds; ${machine()}`,
    '',
    row('per second', 'schedules', 'Carillon', 'floor', 'Carillon rows', 'floor rows', 'ratio', 'from–to'),
  ];
  for (const size of sizes) for (const question of QUESTIONS) lines.push(await compare(bench, question, size));
  return [...lines, '', 'rows: those that the floor writes; ratio: Carillon / floor of the same round'];
}

const [, , given] = process.argv;
const size = countArgument(given, 1);
if (size === null) {
  console.error('Usage: node bench/fire.ts [schedules, a whole number from 1]');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, given === undefined ? SIZES : [size]));
