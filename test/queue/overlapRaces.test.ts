import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endAttempts } from '../../src/queue/finish.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { insertRuns, startRuns } from '../../src/store/runs.ts';
import type { Hold } from '../../src/store/runs.ts';
import type { Tx } from '../../src/store/open.ts';
import { releaseWaiting } from '../../src/engine/release.ts';
import { untilBlocked } from '../support/database.ts';
import { runsOf } from '../support/ledger.ts';
import { addSchedule, addTask, at, openParts, pause, startTestEngine, trigger, triggerTask } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';

/** A task, a schedule of it that runs whatever is under way, and runs that a worker has begun. */
async function openUnderway(
  t: Parameters<typeof openParts>[0],
  count: number,
  { ofSchedule = false, concurrency }: { ofSchedule?: boolean; concurrency?: number } = {},
) {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'P1D', concurrency } });
  const { id: scheduleId } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts, ofSchedule ? { scheduleId } : {})));
  return { parts, scheduleId, holds: await startedRuns(parts, await addWorker(parts), 600_000, runs) };
}
const endIn = (tx: Tx, { queue, clock }: Parts, hold: Hold) =>
  endAttempts(tx, queue, clock.now(), [{ ...hold, state: 'SUCCEEDED', output: null, error: null, retryAt: null }]);
const end = (parts: Parts, hold: Hold) => parts.store.hotTransaction((tx) => endIn(tx, parts, hold));
const states = async ({ store }: Parts) =>
  (await store.prisma.run.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })).map((run) => run.state).toSorted();

const buffers = [
  {
    of: 'a schedule',
    ofSchedule: true,
    waitsIn: 'lockActive_schedule_id',
    ask: (parts: Parts, id: string) => trigger(parts, id, { overlapPolicy: 'BUFFER_ALL' }),
  },
  {
    of: 'a task',
    ofSchedule: false,
    waitsIn: 'lockActive_task_id',
    ask: (parts: Parts) => triggerTask(parts, { overlapPolicy: 'BUFFER_ALL' }),
  },
];
for (const { of, ofSchedule, waitsIn, ask } of buffers) {
  test(`the last run of ${of} ends while another asks to wait for it: it waits for nobody`, async (t) => {
    const { parts, scheduleId, holds } = await openUnderway(t, 1, { ofSchedule });
    let asked: ReturnType<typeof ask> | undefined;
    await parts.store.hotTransaction(async (tx) => {
      await endIn(tx, parts, holds[0] as Hold);
      asked = ask(parts, scheduleId);
      await untilBlocked(parts.store.sql, waitsIn);
    });
    assert.equal((await asked)?.state, 'QUEUED');
  });

  test(`one asks to wait for the last run of ${of} while that is about to end: it goes with that end`, async (t) => {
    const { parts, scheduleId, holds } = await openUnderway(t, 1, { ofSchedule });
    // The command has looked and written, and has not committed yet.
    const commit = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const slow: Parts = {
      ...parts,
      store: {
        ...parts.store,
        transaction: (work) =>
          parts.store.transaction(async (tx) => {
            const value = await work(tx);
            written.resolve();
            await commit.promise;
            return value;
          }),
      },
    };
    const asked = ask(slow, scheduleId);
    await written.promise;
    const ended = end(parts, holds[0] as Hold);
    await untilBlocked(parts.store.sql, 'finishRuns');
    commit.resolve();
    assert.equal((await asked).state, 'BUFFERED');
    await ended;
    assert.deepEqual(await states(parts), ['QUEUED', 'SUCCEEDED']);
  });
}

test('two that hold the last slots end at once: as many go as there are slots', async (t) => {
  const { parts, holds } = await openUnderway(t, 2, { concurrency: 2 });
  const waiting = await Promise.all(
    Array.from({ length: 3 }, () => newRun(parts, { state: 'BUFFERED', waitsFor: 'SLOT', jobId: null })),
  );
  await insertRuns(parts.store.sql, parts.clock.now(), waiting);
  let second: Promise<unknown> | undefined;
  await parts.store.hotTransaction(async (tx) => {
    await endIn(tx, parts, holds[0] as Hold);
    second = end(parts, holds[1] as Hold);
    await untilBlocked(parts.store.sql, 'lockSchedulesOf');
  });
  await second;
  assert.deepEqual(await states(parts), ['BUFFERED', 'QUEUED', 'QUEUED', 'SUCCEEDED', 'SUCCEEDED']);
  assert.equal((await parts.queue.take(HTTP_QUEUE, 8)).length, 2);
});

test('a fire against a finish for the last slot: one of both gets it', async (t) => {
  const { parts, scheduleId, holds } = await openUnderway(t, 1, { concurrency: 1 });
  await insertRuns(parts.store.sql, parts.clock.now(), [
    await newRun(parts, { state: 'BUFFERED', waitsFor: 'SLOT', jobId: null }),
  ]);
  const engine = await startTestEngine(parts);
  let fired: Promise<void> | undefined;
  await parts.store.hotTransaction(async (tx) => {
    await endIn(tx, parts, holds[0] as Hold);
    parts.clock.advanceTo(at('00:00:10'));
    fired = engine.settle();
    await untilBlocked(parts.store.sql, 'lockTasks');
  });
  await fired;
  assert.deepEqual(await runsOf(parts, scheduleId), ['00:00:10 SCHEDULE BUFFERED']);
  assert.deepEqual(await states(parts), ['BUFFERED', 'QUEUED', 'SUCCEEDED']);
});

test('two triggers against each other for the last slot: one waits', async (t) => {
  const { parts } = await openUnderway(t, 2, { concurrency: 3 });
  const asked = await Promise.all(Array.from({ length: 4 }, () => triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' })));
  assert.deepEqual(asked.map((run) => run.state).toSorted(), ['BUFFERED', 'BUFFERED', 'BUFFERED', 'QUEUED']);
});

test('two that let go what waits for a task at once let one go', async (t) => {
  const { parts } = await openUnderway(t, 0);
  const waiting = await Promise.all(
    Array.from({ length: 2 }, () => newRun(parts, { state: 'BUFFERED', waitsFor: 'TASK', jobId: null })),
  );
  await insertRuns(parts.store.sql, parts.clock.now(), waiting);
  const taskIds = [waiting[0]?.taskId as string];
  await Promise.all([1, 2, 3].map(() => releaseWaiting(parts, { scheduleIds: [], taskIds })));
  assert.deepEqual(await states(parts), ['BUFFERED', 'QUEUED']);
});

test('CANCEL_OTHER by hand against the finish of what it cancels: either the end or the cancel comes first', async (t) => {
  const { parts, scheduleId, holds } = await openUnderway(t, 1, { ofSchedule: true });
  let asked: Promise<{ state: string }> | undefined;
  await parts.store.hotTransaction(async (tx) => {
    await endIn(tx, parts, holds[0] as Hold);
    asked = trigger(parts, scheduleId, { overlapPolicy: 'CANCEL_OTHER' });
    await untilBlocked(parts.store.sql, 'lockActive_schedule_id');
  });
  assert.equal((await asked)?.state, 'QUEUED');
  assert.deepEqual(await states(parts), ['QUEUED', 'SUCCEEDED']);
});

/** What is held by a transaction, and what it wants next: it must get it, or there is a deadlock. */
async function heldMeanwhile(
  parts: Parts,
  held: [table: string, id: string],
  meanwhile: () => Promise<unknown>,
  blockedIn: string,
  wanted: [table: string, id: string],
): Promise<void> {
  const lock = (tx: Tx, [table, id]: [string, string]) =>
    tx.sql.query(`SELECT 1 FROM ${table} WHERE id = $1 FOR NO KEY UPDATE`, [id]);
  let done: Promise<unknown> | undefined;
  await parts.store.hotTransaction(async (tx) => {
    await lock(tx, held);
    done = meanwhile();
    await untilBlocked(parts.store.sql, blockedIn);
    await lock(tx, wanted);
  });
  await done;
}

test('several schedules of a task with a limit are locked before that task: who holds one of them and wants the task gets it', async (t) => {
  const parts = await openParts(t);
  const task = await addTask(parts, { execution: { concurrency: 1 } });
  const one = await addSchedule(parts, { name: 'one' });
  const two = await addSchedule(parts, { name: 'two' });
  await heldMeanwhile(parts, ['schedule', two.id], () => pause(parts, one.id, two.id), 'lockSchedules', ['task', task.id]);
});

const replacing = [
  { by: 'one tick', act: (parts: Parts) => startTestEngine(parts) },
  { by: 'one command', act: (parts: Parts, ids: string[]) => pause(parts, ...ids) },
];
for (const { by, act } of replacing) {
  test(`runs of several schedules that ${by} ends are locked in order of their ids, as a worker does`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    // The newer of both schedules has the older run.
    const one = await addSchedule(parts, { name: 'one', overlapPolicy: 'CANCEL_OTHER' });
    const two = await addSchedule(parts, { name: 'two', overlapPolicy: 'TERMINATE_OTHER' });
    const older = await trigger(parts, two.id);
    const newer = await trigger(parts, one.id);
    assert.ok(older.id < newer.id);
    parts.clock.advanceTo(at('00:00:10'));
    const ids = [one.id, two.id];
    await heldMeanwhile(parts, ['run', older.id], () => act(parts, ids), 'lockReplaced', ['run', newer.id]);
    assert.deepEqual(await states(parts), ['CANCELED', 'CANCELED', 'QUEUED', 'QUEUED']);
  });
}

for (const [overlapPolicy, ends] of [
  ['CANCEL_OTHER', { run: 'CANCELING', attempt: 'RUNNING' }],
  ['TERMINATE_OTHER', { run: 'CANCELED', attempt: 'CANCELED' }],
] as const) {
  test(`${overlapPolicy}: a worker begins the run that is just being replaced: its attempt is seen`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const schedule = await addSchedule(parts);
    const { id } = await trigger(parts, schedule.id);
    const workerId = await addWorker(parts);
    let asked: Promise<unknown> | undefined;
    await parts.store.hotTransaction(async (tx) => {
      await startRuns(tx.sql, parts.clock.now(), workerId, at('01:00:00'), [{ runId: id, attempt: 1, lease: 'one' }], '');
      asked = trigger(parts, schedule.id, { overlapPolicy });
      await untilBlocked(parts.store.sql, 'lockActive_schedule_id');
    });
    await asked;
    const run = await parts.store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: true } });
    assert.deepEqual({ run: run.state, attempt: run.attempts[0]?.state }, ends);
  });
}
