/**
 * How late an every-second schedule fires on a fresh Carillon with its embedded PostgreSQL, against a floor measured in the
 * same run: no scheduler on this machine could be earlier than a plain timer, one question and one empty transaction.
 * Usage: node bench/lateness.ts [fires]
 */
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createHome } from '../test/support/process.ts';
import { createHttpTask, createSchedule } from '../test/support/httpSchedule.ts';
import { startReceiver } from '../test/support/receiver.ts';

const SECOND = 1_000;
const DEFAULT_FIRES = 60;
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
interface Floor {
  timer: number[];
  select: number[];
  emptyTransaction: number[];
  writingTransaction: number[];
}

const cleanups: (() => Promise<void> | void)[] = [];
const hooks = { after: (clean: () => Promise<void> | void) => void cleanups.unshift(clean) };
let cleaning: Promise<void> | undefined;
const cleanUp = () =>
  (cleaning ??= (async () => {
    for (const clean of cleanups) await clean();
  })());

const now = () => performance.timeOrigin + performance.now();
/** @returns how late a plain timer came that was aimed at `instant`; a little below zero when it came early */
async function lateAt(instant: number): Promise<number> {
  await pause(Math.ceil(instant - now()));
  return now() - instant;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

async function measureFloor(client: pg.Client, until: Promise<void>): Promise<Floor> {
  const floor: Floor = { timer: [], select: [], emptyTransaction: [], writingTransaction: [] };
  const transaction = async (statement?: string) => {
    await client.query('BEGIN');
    if (statement !== undefined) await client.query(statement);
    await client.query('COMMIT');
  };
  let over = false;
  void until.then(() => (over = true));
  for (let second = Math.ceil(now() / SECOND) * SECOND; !over; second += SECOND) {
    floor.timer.push(await lateAt(second));
    await lateAt(second + FLOOR_OFFSET_MS);
    floor.select.push(await timed(() => client.query('SELECT 1')));
    floor.emptyTransaction.push(await timed(() => transaction()));
    // Writes a record that no table holds, and waits for the disk as every commit does that changes something.
    floor.writingTransaction.push(await timed(() => transaction(`SELECT pg_logical_emit_message(true, 'bench', '')`)));
  }
  return floor;
}

async function readRuns(client: pg.Client, fires: number): Promise<FiredRun[]> {
  const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;
  const { rows } = await client.query<FiredRun>(
    `SELECT r.id, ${ms('r.effective_at')} AS due, ${ms('r.created_at')} AS claimed, ${ms('a.started_at')} AS started, ${ms('r.finished_at')} AS finished
       FROM run r JOIN attempt a ON a.run_id = r.id AND a.number = 1 WHERE r.finished_at IS NOT NULL ORDER BY r.scheduled_for LIMIT $1`,
    [fires],
  );
  return rows;
}

/** Nearest rank: a value that occurred. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const SHARES = [0.5, 0.95, 0.99, 1];
function line(name: string, values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${name.padEnd(52)}${SHARES.map((share) => percentile(sorted, share).toFixed(digits).padStart(8)).join('')}`;
}

async function measure(fires: number): Promise<string[]> {
  const home = await createHome(hooks);
  const arrived = new Map<string, number>();
  const enough = Promise.withResolvers<void>();
  const url = await startReceiver(hooks, ({ runId, arrivedAt, answer }) => {
    arrived.set(runId, arrivedAt);
    answer(null);
    if (arrived.size >= fires) enough.resolve();
  });
  const carillon = await home.start();
  const client = new pg.Client({ connectionString: await home.databaseUrl() });
  await client.connect();
  hooks.after(() => client.end());
  await createHttpTask(carillon, 'target', url);
  await createSchedule(carillon, 'target', 'every second', { trigger: { cron: { expression: '* * * * * *' } } });

  const floor = await measureFloor(client, enough.promise);
  const runs = await readRuns(client, fires);
  const { rows: skipped } = await client.query(`SELECT verdict, count FROM occurrence`);
  const sum = floor.timer.map((late, index) => late + (floor.select[index] ?? 0) + (floor.emptyTransaction[index] ?? 0));
  const lateness = runs.map((run) => run.started - run.due);
  const between = (from: (run: FiredRun) => number, to: (run: FiredRun) => number) => runs.map((run) => to(run) - from(run));
  const arrival = (run: FiredRun) => arrived.get(run.id) ?? Number.NaN;
  const ratio = (share: number) =>
    percentile(
      lateness.toSorted((a, b) => a - b),
      share,
    ) /
    percentile(
      sum.toSorted((a, b) => a - b),
      share,
    );
  return [
    `${runs.length} fires, one a second; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    `occurrences without a run: ${skipped.length === 0 ? 'none' : JSON.stringify(skipped)}`,
    '',
    `${'milliseconds'.padEnd(52)}${['p50', 'p95', 'p99', 'max'].map((name) => name.padStart(8)).join('')}`,
    line('lateness, as stored', lateness),
    line('floor: the next three together', sum),
    line('  plain setTimeout, aimed at the same seconds', floor.timer),
    line('  SELECT 1', floor.select),
    line('  empty transaction', floor.emptyTransaction),
    `${'lateness / floor'.padEnd(52)}${SHARES.map((share) => ratio(share).toFixed(1).padStart(8)).join('')}`,
    '',
    line(
      'due → the engine looks',
      between(
        (run) => run.due,
        (run) => run.claimed,
      ),
    ),
    line(
      '→ claimed, committed, delivered, taken (= lateness)',
      between(
        (run) => run.claimed,
        (run) => run.started,
      ),
    ),
    line(
      '→ started, committed, the request has arrived',
      between((run) => run.started, arrival),
    ),
    line(
      '→ answered, the finish begins',
      between(arrival, (run) => run.finished),
    ),
    line('for comparison: a transaction that writes', floor.writingTransaction),
  ];
}

const fires = Number(process.argv[2] ?? DEFAULT_FIRES);
if (!Number.isInteger(fires) || fires < 1) {
  console.error('Usage: node bench/lateness.ts [fires, a whole number from 1]');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  console.log((await measure(fires)).join('\n'));
} finally {
  await cleanUp();
}
