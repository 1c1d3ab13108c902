import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { startWorker } from '../../src/worker/worker.ts';
import type { Worker } from '../../src/worker/worker.ts';
import {
  addSchedule,
  addTask,
  cancel,
  editSchedule,
  editTask,
  openParts,
  pause,
  startTestEngine,
  trigger,
  triggerTask,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';

const STEPS = 12;
const BUFFER_LIMIT = 3;
const MOST_AT_ONCE = 3;
const POLICIES = ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL'] as const;
const TASKS = [{ key: 'free' }, { key: 'limited', concurrency: 2 }];

/** A worker whose runs take a few round trips to the database or some seconds of the clock, and fail now and then. */
async function startBusyWorker(parts: Parts, random: (below: number) => number): Promise<Worker> {
  const worker = await startWorker({
    ...parts,
    queues: [HTTP_QUEUE],
    tasks: [],
    capacity: 16,
    leaseMs: LEASE_MS,
    identity: { hostname: 'test', pid: 1, version: '0.0.0' },
    async execute() {
      for (let trips = random(10); trips > 0; trips -= 1) await parts.store.sql.query('SELECT 1');
      if (random(3) === 0) await new Promise<void>((resolve) => parts.clock.after(random(4) * 1_000, resolve));
      if (random(6) === 0) throw new Error('now and then');
      return { ok: true, output: null };
    },
  });
  parts.defer(() => worker.stop(0));
  return worker;
}

test('all policies on two instances, with triggers, cancels and edits between: no deadlock, each run ends once, buffers and limits hold', async (t) => {
  const random = createRandom(11);
  const one = await openParts(t);
  const two = await one.another();
  const { sql, prisma } = one.store;
  const retry = { maxAttempts: 3, initialInterval: 'PT1S', backoffCoefficient: 1 };
  const taskIds: string[] = [];
  const ids: string[] = [];
  for (const { key, concurrency } of TASKS) {
    taskIds.push((await addTask(one, { key, execution: { timeout: 'P1D', retry, concurrency } })).id);
    for (const overlapPolicy of POLICIES) {
      const spec = { overlapPolicy, bufferLimit: BUFFER_LIMIT, trigger: { interval: { every: 'PT1S' } } };
      ids.push((await addSchedule(one, { name: `${key} ${overlapPolicy}`, task: { key }, ...spec })).id);
    }
  }
  const instances = [one, two];
  const engines = await Promise.all(instances.map(startTestEngine));
  const workers = await Promise.all(instances.map((parts) => startBusyWorker(parts, random)));

  const policy = () => POLICIES[random(POLICIES.length)];
  const cancelOne = async (parts: Parts) => {
    const runs = await prisma.run.findMany({ where: { finishedAt: null }, select: { id: true }, orderBy: { id: 'asc' } });
    if (runs.length > 0) await cancel(parts, runs[random(runs.length)]?.id ?? '');
  };
  /** One command, by either instance. What a caller may run into is an answer; anything else fails the test. */
  const command = async () => {
    const parts = instances[random(2)] as Parts;
    const id = ids[random(ids.length)] as string;
    const kinds = [
      () => trigger(parts, id, { overlapPolicy: policy() }),
      () => trigger(parts, id, { overlapPolicy: policy() }),
      () => triggerTask(parts, { task: { key: TASKS[random(2)]?.key ?? '' }, overlapPolicy: policy() }),
      () => triggerTask(parts, { task: { key: TASKS[random(2)]?.key ?? '' }, overlapPolicy: policy() }),
      () => editSchedule(parts, id, { overlapPolicy: policy() }),
      () => editTask(parts, taskIds[1] ?? '', { execution: { timeout: 'P1D', retry, concurrency: 1 + random(MOST_AT_ONCE) } }),
      () => cancelOne(parts),
    ];
    await (kinds[random(kinds.length)] as () => Promise<unknown>)().catch((error: Error) =>
      assert.match(error.message, /^(Error: )?(ALREADY_RUNNING|LIMIT_EXCEEDED|INVALID_STATE The run has ended)/),
    );
  };
  /** What holds at any moment, also while transactions are in flight. */
  const assertBounds = async () => {
    const [found] = await sql.query<{ buffered: number; held: number }>(
      `SELECT (SELECT coalesce(max(n), 0)::int FROM (SELECT count(*) AS n FROM run WHERE state = 'BUFFERED' AND waits_for = 'SCHEDULE' GROUP BY schedule_id) s) AS buffered,
              (SELECT count(*)::int FROM run WHERE state IN ('QUEUED', 'RUNNING', 'CANCELING') AND task_id = $1) AS held`,
      [taskIds[1]],
    );
    assert.ok(found && found.buffered <= BUFFER_LIMIT, `${found?.buffered} of one schedule wait`);
    assert.ok(found.held <= MOST_AT_ONCE, `${found.held} at once`);
  };
  const round = (commands: number) => {
    one.clock.advanceTo(one.clock.now() + 1_000);
    return Promise.all([
      ...engines.map((engine) => engine.settle()),
      ...instances.map((parts) => reap(parts)),
      ...workers.map((worker) => worker.beat()),
      ...Array.from({ length: commands }, command),
      assertBounds(),
    ]);
  };
  for (let step = 0; step < STEPS; step += 1) await round(8);

  await pause(one, ...ids);
  const unfinished = () => prisma.run.count({ where: { finishedAt: null } });
  for (let left = await unfinished(), rounds = 0; left > 0; left = await unfinished(), rounds += 1) {
    assert.ok(rounds < 200, `${left} runs do not end`);
    await round(0);
  }
  const ends = await sql.query<{ runs: number; ends: number; open: number }>(
    `SELECT (SELECT count(*)::int FROM run) AS runs, (SELECT count(*)::int FROM attempt WHERE finished_at IS NULL) AS open,
            (SELECT count(*)::int FROM event e JOIN run r ON r.id = e.subject_id AND r.state = e.after->>'state'
              WHERE e.topic = 'run' AND e.after->>'state' IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED')) AS ends`,
  );
  assert.deepEqual(ends, [{ runs: ends[0]?.runs, ends: ends[0]?.runs, open: 0 }]);
  const seen = await sql.query<{ seen: string }>(
    `SELECT DISTINCT coalesce(error->>'code', state) AS seen FROM run WHERE error->>'message' LIKE '%by a newer run%' OR state = 'SUCCEEDED'
     UNION SELECT DISTINCT verdict FROM occurrence UNION SELECT DISTINCT after->>'state' FROM event WHERE after->>'state' = 'BUFFERED'`,
  );
  const kinds = new Set(seen.map((row) => row.seen));
  for (const kind of ['SUCCEEDED', 'CANCELED', 'TERMINATED', 'BUFFERED', 'BUFFER_FULL', 'OVERLAP_SKIPPED'])
    assert.ok(kinds.has(kind), kind);
  const errors = [...one.logged, ...two.logged].filter((line) => line.err !== undefined);
  assert.deepEqual(errors, []);
});
