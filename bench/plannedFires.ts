/**
 * How long the planned fires of many schedules take, on a fresh embedded PostgreSQL of its own with as many every-minute schedules as are
 * asked for.
 * Usage: node bench/plannedFires.ts [schedules]
 */
import { listPlannedFires } from '../src/graphql/plannedFires.ts';
import { openBench, prepareBurst } from './burst.ts';
import type { Bench } from './burst.ts';
import { countArgument, machine, median, runBenchmark, timed } from './measure.ts';
import type { Cleanups } from './measure.ts';

const DEFAULT_SCHEDULES = 10_000;
const ROUNDS = 5;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Question {
  name: string;
  /** When the range begins, from now on. */
  beginsMs: number;
  first: number;
}
const QUESTIONS: Question[] = [
  { name: 'the next hour, first 200', beginsMs: 0, first: 200 },
  { name: 'the next hour, first 1000', beginsMs: 0, first: 1_000 },
  { name: 'an hour from tomorrow on, first 200', beginsMs: 24 * HOUR, first: 200 },
];

async function ask({ store, clock }: Bench, { name, beginsMs, first }: Question): Promise<string> {
  const from = clock.now() + beginsMs;
  const range = { from: new Date(from), until: new Date(from + HOUR) };
  const question = () => listPlannedFires({ store, clock }, { range, first });
  let told: string;
  try {
    const { fires, truncated } = await question();
    told = `${fires.length}${truncated ? ' of more' : ''}`;
  } catch {
    told = 'refused';
  }
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(() => question().catch(() => undefined)));
  return row(name, told, median(times).toFixed(1));
}

const row = (name: string, ...cells: string[]) => `${name.padEnd(36)}${cells.map((cell) => cell.padStart(14)).join('')}`;

async function measure(hooks: Cleanups, count: number): Promise<string[]> {
  const bench = await openBench(hooks);
  await prepareBurst(bench, count);
  await bench.clock.sync();
  const next = new Date(Math.ceil((bench.clock.now() + 1) / MINUTE) * MINUTE + 10 * MINUTE);
  await bench.client.query(
    `UPDATE schedule SET trigger_spec = '{"cron": {"expression": "* * * * *"}}', trigger_kind = 'CRON', next_scheduled_for = $1, next_fire_at = $1`,
    [next],
  );
  await bench.client.query('VACUUM ANALYZE schedule');
  const lines = [`${count} schedules; medians of ${ROUNDS} rounds; ${machine()}`, '', row('range', 'fires', 'ms')];
  for (const question of QUESTIONS) lines.push(await ask(bench, question));
  return lines;
}

const count = countArgument(process.argv[2], DEFAULT_SCHEDULES);
if (count === null) {
  console.error('Usage: node bench/plannedFires.ts [schedules, a whole number from 1]');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, count));
