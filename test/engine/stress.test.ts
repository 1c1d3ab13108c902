import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RUN_TRANSITIONS } from '../../src/domain/runState.ts';
import type { RunState } from '../../src/domain/runState.ts';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { startWorker } from '../../src/worker/worker.ts';
import type { Worker } from '../../src/worker/worker.ts';
import {
  addSchedule,
  addTask,
  cancel,
  editSchedule,
  openParts,
  pause,
  resume,
  startTestEngine,
  trigger,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';

const STEPS = 20;
const EVERY = { interval: { every: 'PT1S' } };
const specs = [
  { name: 'skip' },
  { name: 'skip too', misfire: { mode: 'SKIP', graceTime: 'PT2S' } },
  { name: 'backlog', misfire: { mode: 'FIRE_ALL', graceTime: 'PT1S', maxCatchupRuns: 5 } },
  { name: 'backlog too', misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } },
  { name: 'all', overlapPolicy: 'ALLOW_ALL' },
  { name: 'all, made up for', overlapPolicy: 'ALLOW_ALL', misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } },
] as const;

/** A worker whose runs take a few round trips to the database or some seconds of the clock, and fail now and then. */
async function startBusyWorker(parts: Parts, random: (below: number) => number): Promise<Worker> {
  const worker = await startWorker({
    ...parts,
    queues: [HTTP_QUEUE],
    tasks: [],
    capacity: 8,
    leaseMs: LEASE_MS,
    identity: { hostname: 'test', pid: 1, version: '0.0.0' },
    async execute() {
      for (let trips = random(20); trips > 0; trips -= 1) await parts.store.sql.query('SELECT 1');
      if (random(5) === 0) await new Promise<void>((resolve) => parts.clock.after(random(12) * 1_000, resolve));
      if (random(8) === 0) throw new Error('now and then');
      return { ok: true, output: null };
    },
  });
  let stopped = false;
  parts.defer(async () => {
    if (!stopped) await worker.stop(0);
    stopped = true;
  });
  return worker;
}

test('ticks, finishes, lost leases, triggers, cancels, edits and pauses at once: no deadlock, and the ledger accounts for everything', async (t) => {
  const random = createRandom(7);
  const one = await openParts(t);
  const two = await one.another();
  await addTask(one, { execution: { retry: { maxAttempts: 100, initialInterval: 'PT1S', backoffCoefficient: 1 } } });
  const ids: string[] = [];
  for (const spec of specs) ids.push((await addSchedule(one, { trigger: EVERY, ...spec })).id);
  const instances = [one, two];
  const engines = await Promise.all(instances.map(startTestEngine));
  const workers = await Promise.all(instances.map((parts) => startBusyWorker(parts, random)));

  const some = () => ids.filter(() => random(2) === 0).toReversed();
  /** A cancel of a run that has not ended when it is picked. */
  const cancelOne = async (parts: Parts) => {
    const runs = await parts.store.prisma.run.findMany({
      where: { finishedAt: null },
      select: { id: true },
      orderBy: { id: 'asc' },
    });
    if (runs.length > 0) await cancel(parts, runs[random(runs.length)]?.id ?? '');
  };
  /** One command, by either instance. What a caller may run into is an answer; anything else fails the test. */
  const command = async () => {
    const parts = instances[random(2)] as Parts;
    const id = ids[random(ids.length)] as string;
    const kinds = [
      () => trigger(parts, id),
      () => trigger(parts, id, { overlapPolicy: 'ALLOW_ALL' }),
      () => editSchedule(parts, id, { description: `edit ${random(1_000)}` }),
      () => pause(parts, ...some()),
      () => resume(parts, ...ids),
      () => resume(parts, ...some()),
      () => cancelOne(parts),
      () => cancelOne(parts),
    ];
    await (kinds[random(kinds.length)] as () => Promise<unknown>)().catch((error: Error) =>
      assert.match(error.message, /^ALREADY_RUNNING|^INVALID_STATE The run has ended/),
    );
  };
  const round = (seconds: number, commands: number, beats: boolean) => {
    one.clock.advanceTo(one.clock.now() + seconds * 1_000);
    return Promise.all([
      ...engines.map((engine) => engine.settle()),
      ...instances.map((parts) => reap(parts)),
      ...workers.map((worker) => beats && worker.beat()),
      ...Array.from({ length: commands }, command),
    ]);
  };
  for (let step = 0; step < STEPS; step += 1) {
    // Every fifth one is an outage longer than a lease: workers find their runs given to others when they beat again.
    const outage = step % 5 === 4;
    await round(outage ? LEASE_MS / 1_000 + 1 : 1, 10, !outage);
  }

  await pause(one, ...ids);
  const unfinished = () => one.store.prisma.run.count({ where: { finishedAt: null } });
  for (let left = await unfinished(), rounds = 0; left > 0; left = await unfinished(), rounds += 1) {
    assert.ok(rounds < 500, `${left} runs do not end`);
    await round(1, 0, true);
  }
  await resume(one, ...ids);
  await assertLedger(one);
  await assertHistories(one);
  assert.ok((await one.store.prisma.attempt.count({ where: { error: { path: ['code'], equals: 'WORKER_LOST' } } })) > 0);
  const canceled = await one.store.sql.query<{ before: string }>(
    `SELECT DISTINCT before->>'state' AS before FROM event WHERE topic = 'run' AND after->>'state' IN ('CANCELED', 'CANCELING') ORDER BY 1`,
  );
  const before = canceled.map((row) => row.before);
  // Which others were hit is chance; each has a test of its own.
  for (const state of ['RUNNING', 'CANCELING']) assert.ok(before.includes(state), `${state} is not in ${before}`);
  const errors = [...one.logged, ...two.logged].filter((line) => line.err !== undefined);
  assert.deepEqual(errors, []);
});

/** Every occurrence from the first to the last that was due is exactly one run, or in exactly one row of the ledger. */
async function assertLedger({ store }: Parts): Promise<void> {
  const accounts = await store.sql.query<{ name: string; due: number; runs: number; skipped: number; inside: number }>(
    `SELECT s.name, extract(epoch FROM s.next_scheduled_for - s.created_at)::int - 1 AS due, r.runs, o.skipped, o.inside FROM schedule s,
       LATERAL (SELECT count(*)::int AS runs FROM run WHERE schedule_id = s.id AND origin IN ('SCHEDULE', 'CATCH_UP')) r,
       LATERAL (SELECT coalesce(sum(count), 0)::int AS skipped, count(run.id)::int AS inside FROM occurrence o
                  LEFT JOIN run ON run.schedule_id = o.schedule_id AND run.origin IN ('SCHEDULE', 'CATCH_UP')
                       AND run.scheduled_for BETWEEN o.scheduled_for AND o.through
                 WHERE o.schedule_id = s.id) o ORDER BY s.id`,
  );
  assert.equal(accounts.length, specs.length);
  for (const { name, due, runs, skipped, inside } of accounts) {
    assert.deepEqual({ name, inside, accounted: runs + skipped }, { name, inside: 0, accounted: due });
    assert.ok(runs > 0, name);
  }
  const overlapping = await store.sql.query(
    `SELECT 1 FROM occurrence a JOIN occurrence b ON a.schedule_id = b.schedule_id AND a.id < b.id
        AND a.scheduled_for <= b.through AND b.scheduled_for <= a.through`,
  );
  assert.deepEqual(overlapping, []);
}

/** The events of each run are one unbroken way through the table of states that ends where the run is, with a start for each attempt. */
async function assertHistories({ store }: Parts): Promise<void> {
  const runs = await store.prisma.run.findMany({ include: { attempts: true } });
  const events = await store.prisma.event.findMany({ where: { topic: 'run' }, orderBy: { seq: 'asc' } });
  const bySubject = Map.groupBy(events, (event) => event.subjectId);
  assert.equal(bySubject.size, runs.length);
  for (const run of runs) {
    let state: RunState | null = null;
    let starts = 0;
    for (const event of bySubject.get(run.id) ?? []) {
      const before = (event.before as { state: RunState } | null)?.state ?? null;
      const { state: after } = event.after as { state: RunState };
      assert.equal(before, state);
      const allowed: readonly RunState[] = state === null ? ['QUEUED', 'BUFFERED'] : RUN_TRANSITIONS[state];
      assert.ok(allowed.includes(after), `${state} → ${after}`);
      state = after;
      if (after === 'RUNNING') starts += 1;
    }
    assert.deepEqual([state, starts], [run.state, run.attempts.length]);
    const results = run.attempts.filter((attempt) => attempt.state === 'SUCCEEDED').length;
    assert.equal(results, run.state === 'SUCCEEDED' ? 1 : 0, 'a result is recorded once, and not for what was canceled');
    assert.ok(run.state === 'SUCCEEDED' || run.state === 'CANCELED', `${run.id} is ${run.state}`);
    assert.ok(run.attempts.every((attempt) => attempt.finishedAt !== null));
  }
}
