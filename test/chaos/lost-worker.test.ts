import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase, query } from '../support/database.ts';
import type { Hooks } from '../support/database.ts';
import { createHttpTask, createSchedule, triggerSchedule } from '../support/httpSchedule.ts';
import { RUN } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import type { CarillonProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Call } from '../support/receiver.ts';
import { until } from '../support/until.ts';

/** Invariant 4 promises 10 s; the rest is for a machine that does other things besides. */
const PICKED_UP_MS = 12_000;

interface Run {
  state: string;
  attempt: number;
  output: { body: unknown } | null;
  worker: { pid: number };
  attempts: { number: number; state: string; error: { code: string } | null }[];
}
interface Scene {
  databaseUrl: string;
  runId: string;
  /** The process that runs the first attempt, and the other one. */
  holder: CarillonProcess;
  other: CarillonProcess;
  /** The request of an attempt. */
  call(attempt: number, limitMs?: number): Promise<Call>;
  readRun(): Promise<Run>;
}

/** Two processes on one database, one of which is in the middle of a run. */
async function startScene(t: Hooks): Promise<Scene> {
  const calls: Call[] = [];
  const url = await startReceiver(t, (call) => calls.push(call));
  const home = await createHome(t);
  const databaseUrl = await createTestDatabase(t, () => home.close());
  const processes = await Promise.all([home.start({ DATABASE_URL: databaseUrl }), home.start({ DATABASE_URL: databaseUrl })]);
  await createHttpTask(processes[0], 'long', url);
  await createSchedule(processes[0], 'long', 'by hand');
  const runId = await triggerSchedule(processes[0], 'by hand');
  const call: Scene['call'] = (attempt, limitMs) => until(() => calls.find((each) => each.attempt === attempt), limitMs);
  await call(1);
  const [row] = await query<{ pid: number }>(
    databaseUrl,
    `SELECT w.pid FROM run r JOIN worker w ON w.id = r.worker_id WHERE r.id = $1`,
    [runId],
  );
  const holder = processes.find(({ pid }) => pid === row?.pid);
  const other = processes.find((each) => each !== holder);
  assert.ok(holder !== undefined && other !== undefined, 'the worker of the run is one of the two processes');
  const readRun = async () => (await other.ask<{ run: Run }>(RUN, { id: runId })).data.run;
  return { databaseUrl, runId, holder, other, call, readRun };
}

/** The second attempt arrives in time, is answered and is what the run is remembered by. */
async function assertTakenOver({ other, call, readRun }: Scene, lostAt: number): Promise<void> {
  const second = await call(2, PICKED_UP_MS - (performance.now() - lostAt));
  second.answer('from the second attempt');
  const run = await until(async () => {
    const read = await readRun();
    return read.state === 'RUNNING' ? null : read;
  });
  assert.deepEqual(
    [run.state, run.attempt, run.output?.body, run.worker.pid],
    ['SUCCEEDED', 2, 'from the second attempt', other.pid],
  );
  assert.deepEqual(
    run.attempts.map(({ number, state, error }) => [number, state, error?.code]),
    [
      [1, 'FAILED', 'WORKER_LOST'],
      [2, 'SUCCEEDED', undefined],
    ],
  );
}

/** A transaction that holds the row of the run until it is ended. */
async function lockRun({ databaseUrl, runId }: Scene): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM run WHERE id = $1 FOR UPDATE', [runId]);
  return client;
}

describe('a run whose worker is gone goes on elsewhere within seconds', { concurrency: 3, timeout: 90_000 }, () => {
  test('the process was killed', async (t) => {
    const scene = await startScene(t);
    await scene.holder.end('SIGKILL');
    await assertTakenOver(scene, performance.now());
  });

  test('the process was suspended: when it wakes up it stops its attempt, and its late result is not recorded', async (t) => {
    const scene = await startScene(t);
    process.kill(scene.holder.pid, 'SIGSTOP');
    const lostAt = performance.now();
    (await scene.call(1)).answer('from the ghost');
    await scene.call(2, PICKED_UP_MS);
    process.kill(scene.holder.pid, 'SIGCONT');
    await scene.holder.said(/a result came too late/);
    const { state, attempt, output } = await scene.readRun();
    assert.deepEqual([state, attempt, output], ['RUNNING', 2, null]);
    await assertTakenOver(scene, lostAt);
  });

  test('the process was suspended in the middle of a transaction that holds the run', async (t) => {
    const scene = await startScene(t);
    const lock = await lockRun(scene);
    // Its heartbeat has begun and waits for the row; suspended, it gets the row and does nothing more with it.
    const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%keepLeases%'`;
    await until(async () => (await query(scene.databaseUrl, waits)).length > 0);
    process.kill(scene.holder.pid, 'SIGSTOP');
    await lock.end();
    await assertTakenOver(scene, performance.now());
    process.kill(scene.holder.pid, 'SIGCONT');
    await scene.holder.said(/a result came too late/);
    assert.deepEqual(await scene.holder.end('SIGTERM'), { code: 0, signal: null });
  });
});
