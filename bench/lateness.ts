/**
 * How late every-second schedules fire on a fresh Carillon with its embedded PostgreSQL, against a floor measured in the same run:
 * no scheduler on this machine could be earlier than a plain timer, one question and one empty transaction.
 * One fire a second is one schedule of an HTTP task whose target lies in this process. More are as many schedules, all due at each
 * whole second, of a code task that does nothing (bench/tasks): a target would be a load of its own, and the figure not Carillon's.
 * Usage: node bench/lateness.ts [fires] [per second]
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createHome } from '../test/support/process.ts';
import type { CarillonProcess } from '../test/support/process.ts';
import { createHttpTask, createSchedule } from '../test/support/httpSchedule.ts';
import { RESUME_SCHEDULES } from '../test/support/operations.ts';
import { startReceiver } from '../test/support/receiver.ts';
import { until } from '../test/support/until.ts';
import { countArgument, machine, percentile, runBenchmark, timed } from './measure.ts';
import type { Cleanups } from './measure.ts';

const SECOND = 1_000;
/** Seconds of fires when nothing else is said; at high rates fewer, for they are work for the whole machine. */
const DEFAULT_SECONDS = 60;
const DEFAULT_SECONDS_HIGH = 15;
const HIGH_RATE = 1_000;
const CODE_TASK = 'bench.nothing';
const TASKS = fileURLToPath(new URL('./tasks', import.meta.url));
/** Names that one resumeSchedules may hold. */
const RESUME_BATCH = 100;
/** Requests under way at a time while schedules are made. */
const CREATE_BATCH = 10;
/** From the last resumption to the first second that counts: what the start of so many costs is not lateness. */
const SETTLE_MS = 3_000;
const FINISH_LIMIT_MS = 60_000;
/** Half a second away from the fires, so that measuring the floor does not disturb them. */
const FLOOR_OFFSET_MS = 500;

/** Instants as stored, in epoch milliseconds: `claimed` is the engine's look at the clock, before its transaction begins. */
interface FiredRun {
  id: string;
  due: number;
  claimed: number;
  started: number;
  finished: number;
}
/** The whole seconds in [from, until), epoch milliseconds. */
interface Window {
  from: number;
  until: number;
}
interface Floor {
  timer: number[];
  select: number[];
  emptyTransaction: number[];
  writingTransaction: number[];
}

const now = () => performance.timeOrigin + performance.now();
/** @returns how late a plain timer came that was aimed at `instant`; a little below zero when it came early */
async function lateAt(instant: number): Promise<number> {
  await pause(Math.ceil(instant - now()));
  return now() - instant;
}

async function measureFloor(client: pg.Client, { from, until }: Window): Promise<Floor> {
  const floor: Floor = { timer: [], select: [], emptyTransaction: [], writingTransaction: [] };
  const transaction = async (statement?: string) => {
    await client.query('BEGIN');
    if (statement !== undefined) await client.query(statement);
    await client.query('COMMIT');
  };
  for (let second = from; second < until; second += SECOND) {
    floor.timer.push(await lateAt(second));
    await lateAt(second + FLOOR_OFFSET_MS);
    floor.select.push(await timed(() => client.query('SELECT 1')));
    floor.emptyTransaction.push(await timed(() => transaction()));
    // Writes a record that no table holds, and waits for the disk as every commit does that changes something.
    floor.writingTransaction.push(await timed(() => transaction(`SELECT pg_logical_emit_message(true, 'bench', '')`)));
  }
  return floor;
}

/** Makes paused schedules and lets them go together: while many are made, those that are there already are no load. */
async function startSchedules(carillon: CarillonProcess, rate: number): Promise<void> {
  const trigger = { cron: { expression: '* * * * * *' } };
  const names = Array.from({ length: rate }, (_, index) => `every second ${index + 1}`);
  for (let first = 0; first < rate; first += CREATE_BATCH) {
    const batch = names.slice(first, first + CREATE_BATCH);
    await Promise.all(batch.map((name) => createSchedule(carillon, CODE_TASK, name, { trigger, paused: true })));
  }
  for (let first = 0; first < rate; first += RESUME_BATCH) {
    const select = { names: names.slice(first, first + RESUME_BATCH) };
    const { data, errors } = await carillon.ask<{ resumeSchedules: { count: number } }>(RESUME_SCHEDULES, { input: { select } });
    if (data?.resumeSchedules.count !== select.names.length) throw new Error(JSON.stringify(errors ?? data));
  }
}

/** The only schedules that count; Carillon has one of its own. */
const OURS = `s.name LIKE 'every second%'`;

/** Settles when every occurrence of the window has its verdict and every run of it has ended. */
async function settled(client: pg.Client, window: Window): Promise<void> {
  const text = `SELECT 1 FROM schedule s WHERE ${OURS} AND s.next_fire_at < $1
    UNION ALL SELECT 1 FROM run r JOIN schedule s ON s.id = r.schedule_id WHERE ${OURS} AND r.finished_at IS NULL AND r.effective_at < $1 LIMIT 1`;
  await until(async () => (await client.query(text, [new Date(window.until)])).rowCount === 0, FINISH_LIMIT_MS);
}

async function readRuns(client: pg.Client, window: Window): Promise<FiredRun[]> {
  const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;
  const { rows } = await client.query<FiredRun>(
    `SELECT r.id, ${ms('r.effective_at')} AS due, ${ms('r.created_at')} AS claimed, ${ms('a.started_at')} AS started, ${ms('r.finished_at')} AS finished
       FROM run r JOIN attempt a ON a.run_id = r.id AND a.number = 1 JOIN schedule s ON s.id = r.schedule_id
      WHERE ${OURS} AND r.effective_at >= $1 AND r.effective_at < $2 ORDER BY r.scheduled_for`,
    [new Date(window.from), new Date(window.until)],
  );
  return rows;
}

/** What the ledger says of the occurrences of the window that have no run. */
async function readVerdicts(client: pg.Client, window: Window): Promise<string> {
  const { rows } = await client.query<{ verdict: string; count: number }>(
    `SELECT o.verdict, sum(o.count)::int AS count FROM occurrence o JOIN schedule s ON s.id = o.schedule_id
      WHERE ${OURS} AND o.through >= $1 AND o.scheduled_for < $2 GROUP BY 1 ORDER BY 1`,
    [new Date(window.from), new Date(window.until)],
  );
  return rows.map((row) => `${row.verdict} ${row.count}`).join(', ');
}

const SHARES = [0.5, 0.95, 0.99, 1];
function line(name: string, values: readonly number[]): string {
  return `${name.padEnd(52)}${SHARES.map((share) => percentile(values, share).toFixed(1).padStart(8)).join('')}`;
}

async function measure(hooks: Cleanups, fires: number, rate: number): Promise<string[]> {
  const home = await createHome(hooks);
  const arrived = new Map<string, number>();
  const carillon = await home.start({ CARILLON_TASKS: TASKS });
  const client = new pg.Client({ connectionString: await home.databaseUrl() });
  await client.connect();
  hooks.after(() => client.end());
  if (rate === 1) {
    const url = await startReceiver(hooks, ({ runId, arrivedAt, answer }) => {
      arrived.set(runId, arrivedAt);
      answer(null);
    });
    await createHttpTask(carillon, 'target', url);
    await createSchedule(carillon, 'target', 'every second', { trigger: { cron: { expression: '* * * * * *' } } });
  } else {
    console.error(`making ${rate} schedules`);
    await startSchedules(carillon, rate);
  }

  const from = Math.ceil((now() + (rate === 1 ? 0 : SETTLE_MS)) / SECOND) * SECOND;
  const window = { from, until: from + Math.ceil(fires / rate) * SECOND };
  const floor = await measureFloor(client, window);
  await settled(client, window);
  const runs = await readRuns(client, window);
  const verdicts = await readVerdicts(client, window);
  const occurrences = ((window.until - window.from) / SECOND) * rate;
  const sum = floor.timer.map((late, index) => late + (floor.select[index] ?? 0) + (floor.emptyTransaction[index] ?? 0));
  const between = (start: (run: FiredRun) => number, end: (run: FiredRun) => number) => runs.map((run) => end(run) - start(run));
  const due = (run: FiredRun) => run.due;
  const claimed = (run: FiredRun) => run.claimed;
  const started = (run: FiredRun) => run.started;
  const finished = (run: FiredRun) => run.finished;
  const arrival = (run: FiredRun) => arrived.get(run.id) ?? Number.NaN;
  const lateness = between(due, started);
  const ratios = SHARES.map((share) => percentile(lateness, share) / percentile(sum, share));
  return [
    `${occurrences} fires, ${rate} a second, ${rate === 1 ? 'an HTTP task' : 'a code task that does nothing'}; ${machine()}`,
    `occurrences without a run: ${occurrences === runs.length ? 'none' : `${occurrences - runs.length} (in the ledger: ${verdicts})`}`,
    '',
    `${'milliseconds'.padEnd(52)}${['p50', 'p95', 'p99', 'max'].map((name) => name.padStart(8)).join('')}`,
    line('lateness, as stored', lateness),
    line('floor: the next three together', sum),
    line('  plain setTimeout, aimed at the same seconds', floor.timer),
    line('  SELECT 1', floor.select),
    line('  empty transaction', floor.emptyTransaction),
    `${'lateness / floor'.padEnd(52)}${ratios.map((ratio) => ratio.toFixed(1).padStart(8)).join('')}`,
    '',
    line('due → the engine looks', between(due, claimed)),
    line('→ claimed, committed, delivered, taken (= lateness)', between(claimed, started)),
    ...(rate === 1
      ? [
          line('→ started, committed, the request has arrived', between(started, arrival)),
          line('→ answered, the finish begins', between(arrival, finished)),
        ]
      : [line('→ started, committed, done, the finish begins', between(started, finished))]),
    line('for comparison: a transaction that writes', floor.writingTransaction),
  ];
}

const [, , firesText, rateText] = process.argv;
const rate = countArgument(rateText, 1);
const seconds = (rate ?? 1) >= HIGH_RATE ? DEFAULT_SECONDS_HIGH : DEFAULT_SECONDS;
const fires = countArgument(firesText, seconds * (rate ?? 1));
if (fires === null || rate === null) {
  console.error('Usage: node bench/lateness.ts [fires] [per second], whole numbers from 1');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, fires, rate));
