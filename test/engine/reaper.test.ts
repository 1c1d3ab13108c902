import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { insertRuns } from '../../src/store/runs.ts';
import { addCodeTask, addSchedule, addTask, at, openParts, startTestEngine, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf } from '../support/ledger.ts';
import { newRun } from '../support/runs.ts';

const LOST_AFTER = LEASE_MS + 1;
type Test = Parameters<typeof openParts>[0];

/** A run that a worker has begun and which, from here on, never says anything again. */
async function openDead(t: Test, maxAttempts: number) {
  const parts = await openParts(t);
  await addTask(parts, { execution: { retry: { maxAttempts, initialInterval: 'PT1H' } } });
  const { id: scheduleId } = await addSchedule(parts, { trigger: { interval: { every: 'PT1H' } } });
  const dead = await startTestWorker(parts, { capacity: 1 });
  const { id } = await trigger(parts, scheduleId);
  await dead.next();
  return { parts, scheduleId, id, dead };
}
const find = ({ store }: Parts, id: string) =>
  store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: { orderBy: { number: 'asc' } } } });
const code = (error: unknown) => (error as { code: string } | null)?.code;

test('a run whose worker died is run again, at once, as its next attempt', async (t) => {
  const { parts, id, dead } = await openDead(t, 3);
  const engine = await startTestEngine(parts);
  const second = await startTestWorker(parts);
  parts.clock.advanceTo(at('00:00:00') + LEASE_MS);
  await reap(parts);
  assert.equal((await find(parts, id)).state, 'RUNNING', 'a lease holds up to its last instant');

  parts.clock.advanceTo(at('00:00:00') + LOST_AFTER);
  await reap(parts);
  await engine.settle();
  const call = await second.next();
  assert.deepEqual([call.run.runId, call.run.attempt], [id, 2]);
  const run = await find(parts, id);
  assert.equal(run.workerId, second.id);
  assert.deepEqual(
    run.attempts.map((attempt) => [attempt.state, attempt.workerId, code(attempt.error)]),
    [
      ['FAILED', dead.id, 'WORKER_LOST'],
      ['RUNNING', second.id, undefined],
    ],
  );
  // No back-off (an hour here): the worker is what failed, not the task.
  assert.equal(run.startedAt?.getTime(), at('00:00:00') + LOST_AFTER);
  assert.equal((await parts.store.prisma.worker.findUniqueOrThrow({ where: { id: dead.id } })).state, 'LOST');
});

test('a run that was lost on its last attempt is FAILED with WORKER_LOST, and frees its schedule', async (t) => {
  const { parts, scheduleId, id } = await openDead(t, 1);
  parts.clock.advanceTo(at('00:00:00') + LOST_AFTER);
  await reap(parts);
  const run = await find(parts, id);
  assert.deepEqual([run.state, code(run.error), run.attempts.length], ['FAILED', 'WORKER_LOST', 1]);
  await trigger(parts, scheduleId);
});

test('a lost run that ends lets the next of its backlog go', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { retry: { maxAttempts: 1 } } });
  const { id } = await addSchedule(parts, { misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } });
  const dead = await startTestWorker(parts, { capacity: 1 });
  parts.clock.advanceTo(at('00:00:25'));
  await startTestEngine(parts);
  await dead.next();
  const second = await startTestWorker(parts);
  parts.clock.advanceTo(at('00:00:25') + LOST_AFTER);
  await reap(parts);
  assert.equal((await second.next()).run.scheduledFor.getTime(), at('00:00:20'));
  assert.equal((await runsOf(parts, id))[0], '00:00:10 CATCH_UP FAILED');
});

test('reapers on many instances at once mend each lost run once', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { trigger: { interval: { every: 'PT1H' } }, overlapPolicy: 'ALLOW_ALL' });
  const dead = await startTestWorker(parts, { capacity: 20 });
  for (let count = 0; count < 20; count += 1) {
    await trigger(parts, id);
    await dead.next();
  }
  const instances = [parts, await parts.another(), await parts.another()];
  parts.clock.advanceTo(at('00:00:00') + LOST_AFTER);
  await Promise.all(instances.map((instance) => reap(instance)));
  const attempts = await parts.store.prisma.attempt.findMany();
  assert.equal(attempts.length, 20);
  assert.ok(attempts.every((attempt) => attempt.state === 'FAILED'));
  const ended = await parts.store.sql.query(
    `SELECT subject_id FROM event WHERE topic = 'run' AND after->>'state' = 'RETRY_WAIT' GROUP BY 1 HAVING count(*) = 1`,
  );
  assert.equal(ended.length, 20);
});

test('a delivery that was lost between its taking and the start of its run is made anew, once', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const run = await newRun(parts);
  await parts.store.hotTransaction(async ({ sql }) => parts.queue.enqueue(sql, await insertRuns(sql, parts.clock.now(), [run])));
  const [taken] = await parts.queue.take('http', 1);
  assert.equal(taken?.runId, run.id);

  parts.clock.advanceTo(at('00:00:04'));
  await reap(parts);
  assert.deepEqual(await parts.queue.take('http', 10), [], 'its taker may be about to start it');
  parts.clock.advanceTo(at('00:00:04.001'));
  await Promise.all([reap(parts), reap(await parts.another())]);
  const worker = await startTestWorker(parts);
  assert.equal((await worker.next()).run.runId, run.id);
  assert.deepEqual(await parts.queue.take('http', 10), []);
});

test('a delivery that still waits for a worker is left alone, however long it waits', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const run = await newRun(parts);
  await parts.store.hotTransaction(async ({ sql }) => parts.queue.enqueue(sql, await insertRuns(sql, parts.clock.now(), [run])));
  parts.clock.advanceTo(at('01:00:00'));
  await reap(parts);
  assert.deepEqual(await parts.queue.take('http', 10), [{ jobId: run.jobId, runId: run.id, attempt: 1 }]);
  assert.deepEqual(parts.logged, []);
});

test('a buffered run that nothing will let go is let go', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id: scheduleId } = await addSchedule(parts, { trigger: { interval: { every: 'PT1H' } } });
  const run = await newRun(parts, { scheduleId, state: 'BUFFERED', jobId: null });
  await insertRuns(parts.store.sql, parts.clock.now(), [run]);
  const worker = await startTestWorker(parts);
  await reap(parts);
  assert.equal((await worker.next()).run.runId, run.id);
});

test('a lost delivery is found behind any number of runs that wait for a worker', async (t) => {
  const parts = await openParts(t);
  const { id: unavailable } = await addCodeTask(parts, { key: 'unavailable' });
  const waiting = await Promise.all(Array.from({ length: 600 }, () => newRun(parts, { taskId: unavailable })));
  await parts.queue.enqueue(parts.store.sql, await insertRuns(parts.store.sql, parts.clock.now(), waiting));
  const { id: taskId } = await addTask(parts);
  parts.clock.advanceTo(at('00:00:01'));
  const lost = await newRun(parts, { taskId });
  await insertRuns(parts.store.sql, parts.clock.now(), [lost]);
  parts.clock.advanceTo(at('00:00:20'));
  await reap(parts);
  assert.deepEqual(
    (await parts.queue.take('http', 1)).map(({ runId }) => runId),
    [lost.id],
  );
});
