import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { addCodeTask, addSchedule, addTask, at, openParts, startTestEngine, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { workerQueue } from '../../src/queue/queue.ts';
import { purgeWorkers } from '../../src/store/retention.ts';
import { insertRuns } from '../../src/store/runs.ts';
import { startTestWorker } from '../support/executor.ts';
import { newRun } from '../support/runs.ts';
import { whenEvents } from '../support/ledger.ts';
import { until } from '../support/until.ts';

const RETRY = { maxAttempts: 3, initialInterval: 'PT4S', backoffCoefficient: 2 };

/** A task, a schedule that fires far in the future, and how to start runs of it by hand. */
async function openWork(t: Parameters<typeof openParts>[0], execution: object = { timeout: 'PT30S', retry: RETRY }) {
  const parts = await openParts(t);
  await addTask(parts, { execution });
  const { id } = await addSchedule(parts, { trigger: { cron: { expression: '0 0 1 1 *' } }, overlapPolicy: 'ALLOW_ALL' });
  const advance = (seconds: number) => parts.clock.advanceTo(parts.clock.now() + seconds * 1_000);
  return { parts, advance, start: async () => (await trigger(parts, id)).id };
}
const runNow = ({ store }: Parts, id: string) =>
  store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: { orderBy: { number: 'asc' } } } });
async function runWhen(parts: Parts, id: string, state: string) {
  return whenEvents(parts, async () => {
    const run = await runNow(parts, id);
    return run.state === state && run;
  });
}
const code = (error: unknown) => (error as { code: string } | null)?.code;

test('a run that succeeds has its output, one attempt, and no lease any more', async (t) => {
  const { parts, advance, start } = await openWork(t);
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  assert.equal(call.run.attempt, 1);
  const running = await runNow(parts, id);
  assert.equal(running.state, 'RUNNING');
  assert.equal(running.workerId, worker.id);
  assert.equal(running.leaseExpiresAt?.getTime(), parts.clock.now() + LEASE_MS);
  advance(2);
  call.succeed({ answer: [42, null, 'ü'] });
  const run = await runWhen(parts, id, 'SUCCEEDED');
  assert.deepEqual(run.output, { answer: [42, null, 'ü'] });
  assert.equal(run.startedAt?.getTime(), at('00:00:00'));
  assert.equal(run.finishedAt?.getTime(), at('00:00:02'));
  assert.equal(run.lease, null);
  assert.equal(run.error, null);
  assert.deepEqual(
    run.attempts.map(({ number, state, workerId }) => ({ number, state, workerId })),
    [{ number: 1, state: 'SUCCEEDED', workerId: worker.id }],
  );
  await until(async () => (await parts.store.sql.query('SELECT 1 FROM pgboss.job')).length === 0);
});

test('an attempt that fails is retried after its back-off, which grows, until maxAttempts is reached', async (t) => {
  const { parts, start } = await openWork(t);
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const id = await start();
  (await worker.next()).fail({ message: 'first' });
  const waiting = await runWhen(parts, id, 'RETRY_WAIT');
  assert.equal(waiting.retryAt?.getTime(), at('00:00:04'));
  assert.deepEqual(waiting.error, { code: 'BROKEN', name: 'Broken', message: 'first', retryable: true });
  assert.equal(waiting.attempts[0]?.nextRetryAt?.getTime(), at('00:00:04'));

  // The engine armed its timer for it: nobody wakes it.
  await until(() => parts.clock.nextTimer() !== null);
  parts.clock.advanceTo(at('00:00:03.999'));
  await engine.settle();
  assert.equal((await runNow(parts, id)).state, 'RETRY_WAIT');
  parts.clock.advanceTo(at('00:00:04'));
  const second = await worker.next();
  assert.equal(second.run.attempt, 2);
  assert.equal((await runNow(parts, id)).error, null);
  second.fail({ message: 'second' });
  assert.equal((await runWhen(parts, id, 'RETRY_WAIT')).retryAt?.getTime(), at('00:00:12'));
  await engine.settle();
  parts.clock.advanceTo(at('00:00:12'));
  (await worker.next()).fail({ message: 'third' });
  const run = await runWhen(parts, id, 'FAILED');
  assert.deepEqual(
    run.attempts.map((attempt) => [attempt.number, attempt.state, (attempt.error as { message: string }).message]),
    [
      [1, 'FAILED', 'first'],
      [2, 'FAILED', 'second'],
      [3, 'FAILED', 'third'],
    ],
  );
  assert.equal((run.error as { message: string }).message, 'third');
});

const ends = [
  { rule: 'an error that is not retryable ends the run at once', error: { retryable: false }, retry: RETRY },
  {
    rule: 'a code in nonRetryableErrors ends the run at once',
    error: { code: 'TEAPOT' },
    retry: { ...RETRY, nonRetryableErrors: ['TEAPOT'] },
  },
  { rule: 'with maxAttempts 1 nothing is retried', error: {}, retry: { maxAttempts: 1 } },
];
for (const { rule, error, retry } of ends) {
  test(rule, async (t) => {
    const { parts, start } = await openWork(t, { retry });
    const worker = await startTestWorker(parts);
    const id = await start();
    (await worker.next()).fail(error);
    assert.equal((await runWhen(parts, id, 'FAILED')).attempts.length, 1);
  });
}

test('what an executor throws is a failure like any other', async (t) => {
  const { parts, start } = await openWork(t, { retry: { maxAttempts: 1 } });
  const worker = await startTestWorker(parts);
  const id = await start();
  (await worker.next()).throw(new TypeError('a bug of the task \0'));
  const run = await runWhen(parts, id, 'FAILED');
  const { stack, ...error } = run.error as { stack: string };
  assert.deepEqual(error, { code: 'TASK_FAILED', name: 'TypeError', message: 'a bug of the task \ufffd', retryable: true });
  assert.match(stack, /TypeError: a bug/);
});

test('an attempt that takes too long is told to stop, and is TIMED_OUT even when it does not listen', async (t) => {
  const { parts, advance, start } = await openWork(t, { timeout: 'PT3S', retry: { maxAttempts: 1 } });
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  parts.clock.advanceTo(at('00:00:02.999'));
  assert.equal(call.signal.aborted, false);
  parts.clock.advanceTo(at('00:00:03'));
  assert.equal(call.signal.aborted, true);
  assert.equal(code(call.signal.reason), 'TIMED_OUT');
  const run = await runWhen(parts, id, 'TIMED_OUT');
  assert.deepEqual(
    run.attempts.map((attempt) => attempt.state),
    ['TIMED_OUT'],
  );
  assert.equal(code(run.error), 'TIMED_OUT');
  advance(1);
  call.succeed('too late');
  assert.equal((await runNow(parts, id)).output, null);
});

test('a timeout with attempts left is retried', async (t) => {
  const { parts, start } = await openWork(t, { timeout: 'PT3S', retry: { maxAttempts: 2, initialInterval: 'PT1S' } });
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const id = await start();
  await worker.next();
  parts.clock.advanceTo(at('00:00:03'));
  const waiting = await runWhen(parts, id, 'RETRY_WAIT');
  assert.deepEqual(
    waiting.attempts.map((attempt) => attempt.state),
    ['TIMED_OUT'],
  );
  parts.clock.advanceTo(at('00:00:04'));
  await engine.settle();
  const again = await worker.next();
  assert.equal(again.signal.aborted, false);
  again.succeed();
  await runWhen(parts, id, 'SUCCEEDED');
});

test('a worker that beats keeps its leases for as long as it runs', async (t) => {
  const { parts, advance, start } = await openWork(t);
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  for (let beats = 0; beats < 6; beats += 1) {
    advance(2);
    await worker.beat();
    await reap(parts);
  }
  assert.equal(call.signal.aborted, false);
  const run = await runNow(parts, id);
  assert.equal(run.leaseExpiresAt?.getTime(), at('00:00:12') + LEASE_MS);
  assert.equal(run.attempt, 1);
});

/** A run whose first worker stopped beating, and which was given to a second one. */
async function openGhost(t: Parameters<typeof openParts>[0]) {
  const { parts, advance, start } = await openWork(t);
  await startTestEngine(parts);
  // With its one place taken, it does not take its own lost run again.
  const ghost = await startTestWorker(parts, { capacity: 1 });
  const id = await start();
  const late = await ghost.next();
  const second = await startTestWorker(await parts.another());
  advance(LEASE_MS / 1_000 + 0.001);
  await reap(parts);
  const call = await second.next();
  assert.equal(call.run.runId, id);
  assert.equal(call.run.attempt, 2);
  return { parts, id, ghost, late, second, call };
}

test('a worker whose lease was lost aborts its attempt at the next beat', async (t) => {
  const { parts, id, ghost, late, call } = await openGhost(t);
  assert.equal(late.signal.aborted, false);
  await ghost.beat();
  assert.equal(late.signal.aborted, true);
  assert.equal(code(late.signal.reason), 'LEASE_LOST');
  assert.equal(call.signal.aborted, false);
  assert.equal((await runNow(parts, id)).state, 'RUNNING');
});

test('a ghost cannot write: run, attempt and output belong to the worker that holds the lease', async (t) => {
  const { parts, id, late, second, call } = await openGhost(t);
  late.succeed('from the ghost');
  await until(() => parts.logged.some((line) => line.msg.includes('came too late')));
  const running = await runNow(parts, id);
  assert.equal(running.state, 'RUNNING');
  assert.equal(running.workerId, second.id);
  assert.equal(running.output, null);
  call.succeed('from the holder');
  const run = await runWhen(parts, id, 'SUCCEEDED');
  assert.equal(run.output, 'from the holder');
  assert.deepEqual(
    run.attempts.map((attempt) => [attempt.state, code(attempt.error)]),
    [
      ['FAILED', 'WORKER_LOST'],
      ['SUCCEEDED', undefined],
    ],
  );
});

test('a worker that gets its own lost run again holds the new attempt, and gives the old one up', async (t) => {
  const { parts, advance, start } = await openWork(t);
  await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const id = await start();
  const old = await worker.next();
  // As after a suspension of the machine: another instance reaps, this one wakes up and takes.
  advance(LEASE_MS / 1_000 + 0.001);
  await reap(parts);
  const call = await worker.next();
  assert.equal(call.run.attempt, 2);
  await worker.beat();
  assert.equal(code(old.signal.reason), 'LEASE_LOST');
  assert.equal(call.signal.aborted, false);
  await until(() => parts.logged.some((line) => line.msg.includes('came too late')));
  for (let beats = 0; beats < 5; beats += 1) {
    advance(2);
    await worker.beat();
    await reap(parts);
  }
  assert.equal((await runNow(parts, id)).attempt, 2, 'its lease was kept after the old attempt had ended');
  call.succeed('second');
  assert.equal((await runWhen(parts, id, 'SUCCEEDED')).output, 'second');
});

test('stop() takes nothing more, and waits for what runs', async (t) => {
  const { parts, start } = await openWork(t);
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  const stopped = worker.stop(10_000);
  await whenEvents(parts, () => parts.store.prisma.worker.findFirst({ where: { id: worker.id, state: 'DRAINING' } }));
  const later = await start();
  await worker.beat();
  assert.equal(call.signal.aborted, false);
  call.succeed('drained');
  await stopped;
  assert.equal((await runNow(parts, id)).output, 'drained');
  assert.equal((await runNow(parts, later)).state, 'QUEUED');
  assert.equal((await parts.store.prisma.worker.findUniqueOrThrow({ where: { id: worker.id } })).state, 'STOPPED');
});

test('stop() hands back what does not end in time: it is run again elsewhere, without waiting', async (t) => {
  const { parts, advance, start } = await openWork(t);
  await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  const stopped = worker.stop(10_000);
  await until(() => parts.clock.nextTimer() === at('00:00:10'));
  advance(10);
  await once(call.signal, 'abort');
  assert.equal(code(call.signal.reason), 'SHUTDOWN');
  await stopped;
  const next = await startTestWorker(parts);
  const again = await next.next();
  assert.equal(again.run.runId, id);
  assert.equal(again.run.attempt, 2);
  const [first] = (await runNow(parts, id)).attempts;
  assert.deepEqual([first?.state, code(first?.error)], ['FAILED', 'SHUTDOWN']);
});

test('no more runs at a time than the capacity, and none lies idle while a place is free', async (t) => {
  const { parts, start } = await openWork(t);
  const ids = await Promise.all([start(), start(), start(), start(), start()]);
  const worker = await startTestWorker(parts, { capacity: 2 });
  const count = (state: string) => parts.store.prisma.run.count({ where: { state } });
  for (let ended = 0; ended < ids.length; ended += 1) {
    const running = Math.min(2, ids.length - ended);
    await whenEvents(parts, async () => (await count('SUCCEEDED')) === ended && (await count('RUNNING')) === running);
    (await worker.next()).succeed();
  }
  await whenEvents(parts, async () => (await count('SUCCEEDED')) === ids.length);
});

test('a result that the database refuses is kept and offered again', async (t) => {
  const { parts, start } = await openWork(t);
  const worker = await startTestWorker(parts);
  const id = await start();
  const call = await worker.next();
  await parts.store.sql.query('ALTER TABLE attempt RENAME TO attempt_away');
  call.succeed('kept');
  await until(() => parts.logged.some((line) => line.msg.includes('writing results: failed')));
  assert.equal((await parts.store.prisma.run.findUniqueOrThrow({ where: { id } })).state, 'RUNNING');
  await parts.store.sql.query('ALTER TABLE attempt_away RENAME TO attempt');
  parts.clock.advanceTo(at('00:00:00.500'));
  const run = await runWhen(parts, id, 'SUCCEEDED');
  assert.equal(run.output, 'kept');
  assert.equal(run.attempts.length, 1);
});

test('one result that cannot be stored fails its own run, and no other', async (t) => {
  const { parts, start } = await openWork(t);
  const worker = await startTestWorker(parts);
  const ids = [await start(), await start()];
  const calls = [await worker.next(), await worker.next()];
  for (const call of calls) call.succeed(call.run.runId === ids[0] ? { text: '\0' } : 'sound');
  assert.equal(code((await runWhen(parts, ids[0] as string, 'FAILED')).error), 'INVALID_OUTPUT');
  assert.equal((await runWhen(parts, ids[1] as string, 'SUCCEEDED')).output, 'sound');
});

test('a worker that was given up for lost and answers again is running again', async (t) => {
  const { parts, advance } = await openWork(t);
  const worker = await startTestWorker(parts);
  const state = async () => (await parts.store.prisma.worker.findUniqueOrThrow({ where: { id: worker.id } })).state;
  advance(LEASE_MS / 1_000 + 0.001);
  await reap(parts);
  assert.equal(await state(), 'LOST');
  await worker.beat();
  assert.equal(await state(), 'RUNNING');
  const events = await parts.store.prisma.event.findMany({ where: { topic: 'worker' }, orderBy: { seq: 'asc' } });
  assert.deepEqual(
    events.map((event) => event.after),
    [{ state: 'RUNNING' }, { state: 'LOST' }, { state: 'RUNNING' }],
  );
});

test('runs are found within half a second even when no notification comes', async (t) => {
  const { parts } = await openWork(t);
  const worker = await startTestWorker(parts);
  await until(() => parts.clock.nextTimer() === at('00:00:00.500'));
  const run = await newRun(parts);
  // Without a signal: nobody is told.
  await parts.store.hotTransaction(async ({ sql }) => parts.queue.enqueue(sql, await insertRuns(sql, parts.clock.now(), [run])));
  parts.clock.advanceTo(at('00:00:00.499'));
  assert.equal((await runNow(parts, run.id)).state, 'QUEUED');
  parts.clock.advanceTo(at('00:00:00.500'));
  assert.equal((await worker.next()).run.runId, run.id);
});

test('with many queues none keeps the others waiting: a free slot goes to the one that was served longest ago', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { key: 'http' });
  const task = await addCodeTask(parts, { key: 'code' });
  const enqueue = async (key: string, count: number) => {
    const { id: taskId } = await parts.store.prisma.task.findFirstOrThrow({ where: { key } });
    const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts, { taskId })));
    await parts.queue.enqueue(parts.store.sql, await insertRuns(parts.store.sql, parts.clock.now(), runs));
  };
  await enqueue('http', 4);
  await enqueue('code', 2);
  const worker = await startTestWorker(parts, { capacity: 1, tasks: [{ id: task.id, scope: 'GLOBAL' }] });
  const order: string[] = [];
  for (let served = 0; served < 6; served += 1) {
    const call = await worker.next();
    order.push(call.run.taskKey);
    call.succeed();
  }
  assert.deepEqual(order, ['http', 'code', 'http', 'code', 'http', 'http']);
});

test('a worker that was forgotten while it was suspended makes itself known again, and runs what it gets', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const worker = await startTestWorker(parts, { tasks: [{ id: task.id, scope: 'LOCAL' }] });
  await parts.store.prisma.worker.update({ where: { id: worker.id }, data: { state: 'LOST' } });
  assert.deepEqual(await purgeWorkers(parts.store, at('00:00:01')), [worker.id]);
  await parts.queue.remove(workerQueue(worker.id));
  await worker.beat();
  await addSchedule(parts).then(({ id }) => trigger(parts, id));
  assert.equal((await worker.next()).run.taskKey, 'task');
});
