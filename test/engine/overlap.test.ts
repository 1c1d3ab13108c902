import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';
import { endAttempts } from '../../src/queue/finish.ts';
import { startRuns } from '../../src/store/runs.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import {
  addCodeTask,
  addSchedule,
  addTask,
  at,
  cancel,
  editSchedule,
  openParts,
  startTestEngine,
  trigger,
  triggerTask,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startSteps } from '../support/play.ts';
import { addWorker } from '../support/runs.ts';

/** A schedule every 10 s of a task, a worker, and an engine that is looked through once at each instant. */
async function openPolicy(t: TestContext, spec: Parameters<typeof addSchedule>[1]) {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, spec);
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  return { parts, id, worker, step };
}
const ended = (parts: Parts, id: string, run: string) => whenEvents(parts, async () => (await runsOf(parts, id)).includes(run));
const errorsOf = async ({ store }: Parts, scheduleId: string) => {
  const runs = await store.prisma.run.findMany({ where: { scheduleId }, orderBy: { scheduledFor: 'asc' } });
  return runs.map((run) => run.error as { code: string; message: string } | null);
};

test('BUFFER_ALL: they run one after another in order; beyond bufferLimit the ledger names the limit', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'BUFFER_ALL', bufferLimit: 2 });
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40', '00:00:50');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:40 to 00:00:50 BUFFER_FULL 2']);
  const [row] = await parts.store.prisma.occurrence.findMany();
  assert.equal(row?.reason, '2 runs wait already: bufferLimit is 2');
  for (const instant of ['00:00:10', '00:00:20', '00:00:30']) {
    const call = await worker.next();
    assert.equal(call.run.scheduledFor.getTime(), at(instant));
    assert.equal(worker.waiting(), 0, 'one at a time');
    call.succeed();
    await ended(parts, id, `${instant} SCHEDULE SUCCEEDED`);
  }
  await step('00:01:00');
  await worker.next();
});

test('BUFFER_ONE: the oldest that finds the buffer empty waits', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'BUFFER_ONE' });
  await step('00:00:10', '00:00:20', '00:00:30');
  (await worker.next()).fail({ retryable: false });
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:20'));
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:30 BUFFER_FULL 1']);
});

test('BUFFER_ALL: a run that is tried again keeps its place', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'BUFFER_ALL' });
  await step('00:00:10');
  (await worker.next()).fail();
  await ended(parts, id, '00:00:10 SCHEDULE RETRY_WAIT');
  parts.clock.advanceTo(at('00:00:10.500'));
  await trigger(parts, id);
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE RETRY_WAIT', '00:00:10.500 MANUAL BUFFERED']);
  await step('00:00:11');
  (await worker.next()).succeed();
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:10.500'));
});

test('BUFFER_ALL with FIRE_ALL: what was missed waits in the same buffer and runs in order', async (t) => {
  const misfire = { mode: 'FIRE_ALL', graceTime: 'PT0S', maxCatchupRuns: 3 } as const;
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'BUFFER_ALL', bufferLimit: 2, misfire });
  await step('00:00:55', '00:01:00');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 MISSED 2', '00:01:00 to 00:01:00 BUFFER_FULL 1']);
  for (const instant of ['00:00:30', '00:00:40', '00:00:50']) {
    const call = await worker.next();
    assert.equal(call.run.scheduledFor.getTime(), at(instant));
    call.succeed();
  }
});

test('CANCEL_OTHER: the run under way is asked to end, the newest waits for it, and never more than one waits', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'CANCEL_OTHER' });
  const step = await startSteps(parts);
  await step('00:00:10');
  const first = await parts.store.prisma.run.findFirstOrThrow();
  const hold = { runId: first.id, attempt: 1, lease: 'one' };
  await startRuns(parts.store.sql, parts.clock.now(), await addWorker(parts), at('01:00:00'), [hold], '');
  await step('00:00:20');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE CANCELING', '00:00:20 SCHEDULE BUFFERED']);
  await step('00:00:30');
  const canceled = ['00:00:10 SCHEDULE CANCELING', '00:00:20 SCHEDULE CANCELED'];
  assert.deepEqual(await runsOf(parts, id), [...canceled, '00:00:30 SCHEDULE BUFFERED']);
  assert.deepEqual(
    (await errorsOf(parts, id)).map((error) => error?.message ?? null),
    [...canceled.map(() => 'canceled by a newer run of the schedule; overlap policy CANCEL_OTHER'), null],
  );
  await parts.store.hotTransaction((tx) =>
    endAttempts(tx, parts.queue, parts.clock.now(), [{ ...hold, state: 'CANCELED', output: null, error: null, retryAt: null }]),
  );
  assert.deepEqual((await runsOf(parts, id)).at(-1), '00:00:30 SCHEDULE QUEUED');
});

test('CANCEL_OTHER: the worker is told at once, and when it has broken the attempt off the newest runs', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'CANCEL_OTHER' });
  await step('00:00:10');
  const first = await worker.next();
  await step('00:00:20');
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:20'));
  assert.equal((first.signal.reason as { code: string }).code, 'CANCELED');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE CANCELED', '00:00:20 SCHEDULE RUNNING']);
});

test('CANCEL_OTHER: what nobody has begun ends at once, and the newest goes at once', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'CANCEL_OTHER' });
  const engine = await startTestEngine(parts);
  for (const instant of ['00:00:10', '00:00:20', '00:00:30']) {
    parts.clock.advanceTo(at(instant));
    await engine.settle();
  }
  const canceled = ['00:00:10 SCHEDULE CANCELED', '00:00:20 SCHEDULE CANCELED'];
  assert.deepEqual(await runsOf(parts, id), [...canceled, '00:00:30 SCHEDULE QUEUED']);
  await trigger(parts, id);
  const manual = ['00:00:30 MANUAL QUEUED', '00:00:30 SCHEDULE CANCELED'];
  assert.deepEqual((await runsOf(parts, id)).toSorted(), [...canceled, ...manual]);
});

test('TERMINATE_OTHER: the run under way is over at once, its late result is not recorded, and its worker breaks it off', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'TERMINATE_OTHER' });
  await step('00:00:10');
  const first = await worker.next();
  const aborted = new Promise<void>((resolve) => first.signal.addEventListener('abort', () => resolve()));
  await step('00:00:20');
  const second = await worker.next();
  assert.equal(second.run.scheduledFor.getTime(), at('00:00:20'));
  await aborted;
  first.succeed({ late: true });
  second.succeed();
  await ended(parts, id, '00:00:20 SCHEDULE SUCCEEDED');
  const [run] = await parts.store.prisma.run.findMany({
    where: { scheduledFor: new Date(at('00:00:10')) },
    include: { attempts: true },
  });
  const error = {
    code: 'TERMINATED',
    name: 'Terminated',
    message: 'terminated by a newer run of the schedule; overlap policy TERMINATE_OTHER',
    retryable: false,
  };
  assert.deepEqual([run?.state, run?.output, run?.lease, run?.error], ['CANCELED', null, null, error]);
  assert.deepEqual(
    run?.attempts.map((attempt) => [attempt.state, attempt.finishedAt?.getTime(), attempt.error]),
    [['CANCELED', at('00:00:20'), error]],
  );
});

test('TERMINATE_OTHER: what waits to be tried again or for a worker ends too', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, {
    overlapPolicy: 'TERMINATE_OTHER',
    execution: { retry: { maxAttempts: 3, initialInterval: 'PT1H' } },
  });
  await step('00:00:10');
  (await worker.next()).fail();
  await ended(parts, id, '00:00:10 SCHEDULE RETRY_WAIT');
  // Two at once: the newest of them is the one that runs.
  await step('00:00:30.500');
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:30'));
  assert.equal((await runsOf(parts, id))[0], '00:00:10 SCHEDULE CANCELED');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 OVERLAP_SKIPPED 1']);
});

test('by hand: BUFFER_ALL waits, CANCEL_OTHER and TERMINATE_OTHER take the place, whatever the policy of the schedule', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'ALLOW_ALL', bufferLimit: 1 });
  await step('00:00:10');
  const first = await worker.next();
  parts.clock.advanceTo(at('00:00:11'));
  const waiting = await trigger(parts, id, { overlapPolicy: 'BUFFER_ALL' });
  assert.equal(waiting.state, 'BUFFERED');
  await assert.rejects(
    trigger(parts, id, { overlapPolicy: 'BUFFER_ALL' }),
    /^Error: LIMIT_EXCEEDED The buffer of the schedule "schedule" is full: 1 run waits already: bufferLimit is 1\.$/,
  );
  first.succeed();
  const second = await worker.next();
  assert.equal(second.run.runId, waiting.id);
  parts.clock.advanceTo(at('00:00:12'));
  const newest = await trigger(parts, id, { overlapPolicy: 'TERMINATE_OTHER' });
  assert.equal(newest.state, 'QUEUED');
  const third = await worker.next();
  assert.equal(third.run.runId, newest.id);
  assert.ok(
    second.signal.aborted || (await new Promise((resolve) => second.signal.addEventListener('abort', () => resolve(true)))),
  );
  parts.clock.advanceTo(at('00:00:13'));
  const last = await trigger(parts, id, { overlapPolicy: 'CANCEL_OTHER' });
  assert.equal(last.state, 'BUFFERED', 'until the worker has broken the other one off');
  assert.equal((await worker.next()).run.runId, last.id);
});

test('a task by hand looks at all its runs, of whatever schedule', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'ALLOW_ALL' });
  await step('00:00:10');
  const scheduled = await worker.next();
  parts.clock.advanceTo(at('00:00:11'));
  const waiting = await triggerTask(parts, { overlapPolicy: 'BUFFER_ONE' });
  assert.equal(waiting.state, 'BUFFERED');
  await assert.rejects(
    triggerTask(parts, { overlapPolicy: 'BUFFER_ONE' }),
    /LIMIT_EXCEEDED The buffer of the task "task" is full/,
  );
  const beside = await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' });
  const other = await worker.next();
  assert.equal(other.run.runId, beside.id);
  scheduled.succeed();
  await ended(parts, id, '00:00:10 SCHEDULE SUCCEEDED');
  assert.equal(worker.waiting(), 0, 'one that belongs to no schedule is under way still');
  other.succeed();
  assert.equal((await worker.next()).run.runId, waiting.id);
  parts.clock.advanceTo(at('00:00:15'));
  const newest = await triggerTask(parts, { overlapPolicy: 'TERMINATE_OTHER' });
  assert.equal((await worker.next()).run.runId, newest.id);
  const terminated = await parts.store.prisma.run.findUniqueOrThrow({ where: { id: waiting.id } });
  assert.match((terminated.error as { message: string }).message, /^terminated by a newer run of the task; overlap/);
});

test('a cancel of what is in the way lets a run go that waits for the whole task', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const first = await triggerTask(parts);
  const waiting = await triggerTask(parts, { overlapPolicy: 'BUFFER_ALL' });
  await cancel(parts, first.id);
  const run = await parts.store.prisma.run.findUniqueOrThrow({ where: { id: waiting.id } });
  assert.deepEqual([run.state, run.waitsFor], ['QUEUED', null]);
});

for (const overlapPolicy of ['BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER'] as const satisfies OverlapPolicy[]) {
  test(`LOCAL with ${overlapPolicy}: the runs of one occurrence go together`, async (t) => {
    const parts = await openParts(t);
    const task = await addCodeTask(parts, { scope: 'LOCAL' });
    const { id } = await addSchedule(parts, { overlapPolicy, bufferLimit: 1 });
    const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
    const [one, two] = [await startTestWorker(parts, { tasks }), await startTestWorker(parts, { tasks })];
    const step = await startSteps(parts);
    await step('00:00:10');
    const [quick, slow] = [await one.next(), await two.next()];
    quick.succeed();
    await ended(parts, id, '00:00:10 SCHEDULE SUCCEEDED');
    await step('00:00:20');
    const buffers = overlapPolicy === 'BUFFER_ONE' || overlapPolicy === 'BUFFER_ALL';
    if (buffers) {
      await step('00:00:30');
      assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:30 BUFFER_FULL 1']);
      assert.deepEqual((await runsOf(parts, id)).slice(2), ['00:00:20 SCHEDULE BUFFERED', '00:00:20 SCHEDULE BUFFERED']);
      slow.succeed();
    }
    const second = await Promise.all([one.next(), two.next()]);
    assert.deepEqual(
      second.map((call) => call.run.scheduledFor.getTime()),
      [at('00:00:20'), at('00:00:20')],
    );
    assert.equal(slow.signal.aborted || overlapPolicy === 'TERMINATE_OTHER', !buffers);
  });
}

test('an edit of the policy is heeded by the next fire; what waits already goes when its turn comes', async (t) => {
  const { parts, id, worker, step } = await openPolicy(t, { overlapPolicy: 'BUFFER_ALL' });
  await step('00:00:10', '00:00:20', '00:00:30');
  await editSchedule(parts, id, { overlapPolicy: 'SKIP', bufferLimit: null });
  await step('00:00:40');
  for (const instant of ['00:00:10', '00:00:20', '00:00:30']) {
    const call = await worker.next();
    assert.equal(call.run.scheduledFor.getTime(), at(instant));
    call.succeed();
  }
  assert.deepEqual(await skipsOf(parts, id), ['00:00:40 to 00:00:40 OVERLAP_SKIPPED 1']);
});
