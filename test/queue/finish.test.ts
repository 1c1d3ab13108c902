import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endAttempts } from '../../src/queue/finish.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { insertRuns } from '../../src/store/runs.ts';
import type { Finish, Hold } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, openParts, removeSchedule, startTestEngine } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { untilBlocked } from '../support/database.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';

/** A schedule that lets runs wait, with `count` runs under way. */
async function openUnderway(t: Parameters<typeof openParts>[0], count: number) {
  const parts = await openParts(t);
  await addTask(parts);
  const { id: scheduleId } = await addSchedule(parts, { misfire: { mode: 'FIRE_ALL' } });
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts, { scheduleId })));
  return { parts, scheduleId, holds: await startedRuns(parts, await addWorker(parts), 600_000, runs) };
}
const end = ({ store, queue, clock }: Parts, hold: Hold, inside: () => Promise<void> = async () => undefined) =>
  store.hotTransaction(async (tx) => {
    await endAttempts(tx, queue, clock.now(), [{ ...hold, state: 'SUCCEEDED', output: null, error: null, retryAt: null }]);
    await inside();
  });

test('two runs of one schedule that end at once let one waiting run go, not two and not none', async (t) => {
  const { parts, scheduleId, holds } = await openUnderway(t, 2);
  const [one, two] = holds as [Hold, Hold];
  const waiting = [
    await newRun(parts, { scheduleId, state: 'BUFFERED', jobId: null }),
    await newRun(parts, { scheduleId, state: 'BUFFERED', jobId: null }),
  ];
  await insertRuns(parts.store.sql, parts.clock.now(), waiting);
  let second: Promise<void> | undefined;
  await end(parts, one, async () => {
    second = end(parts, two);
    await untilBlocked(parts.store.sql, 'lockSchedulesOf');
  });
  await second;
  const [delivery, ...more] = await parts.queue.take(HTTP_QUEUE, 10);
  assert.deepEqual(more, []);
  const queued = await parts.store.prisma.run.findMany({ where: { state: 'QUEUED' } });
  assert.deepEqual(
    queued.map((run) => run.id),
    [delivery?.runId],
  );
});

test('a tick passes over a schedule whose run is just ending, and fires it a moment later: it neither skips nor waits in vain', async (t) => {
  const { parts, scheduleId, holds } = await openUnderway(t, 1);
  const engine = await startTestEngine(parts);
  await end(parts, holds[0] as Hold, async () => {
    parts.clock.advanceTo(at('00:00:10'));
    await engine.settle();
    assert.deepEqual(await runsOf(parts, scheduleId), ['00:00:00 MANUAL RUNNING']);
  });
  assert.equal(parts.clock.nextTimer(), at('00:00:10.002'));
  parts.clock.advanceTo(at('00:00:10.002'));
  await engine.settle();
  assert.deepEqual(await runsOf(parts, scheduleId), ['00:00:00 MANUAL SUCCEEDED', '00:00:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, scheduleId), []);
});

test('a run that is to be retried keeps its place: nothing that waits goes', async (t) => {
  const { parts, scheduleId, holds } = await openUnderway(t, 1);
  await insertRuns(parts.store.sql, parts.clock.now(), [await newRun(parts, { scheduleId, state: 'BUFFERED', jobId: null })]);
  const retry = { state: 'RETRY_WAIT', output: null, error: null, retryAt: '2026-03-02T01:00:00Z' } as const;
  await parts.store.hotTransaction((tx) => endAttempts(tx, parts.queue, 0, [{ ...(holds[0] as Hold), ...retry }]));
  assert.deepEqual(await parts.queue.take(HTTP_QUEUE, 10), []);
});

const END = {
  ok: { state: 'SUCCEEDED', output: null, error: null, retryAt: null },
  failed: { state: 'FAILED', output: null, error: null, retryAt: null },
  late: { state: 'TIMED_OUT', output: null, error: null, retryAt: null },
  canceled: { state: 'CANCELED', output: null, error: null, retryAt: null },
  retried: { state: 'RETRY_WAIT', output: null, error: null, retryAt: '2026-03-02T01:00:00Z' },
} as const satisfies Record<string, Omit<Finish, keyof Hold>>;

/** A schedule, runs of it under way, and how its count of failures stands after some of them have ended in one transaction. */
async function openCounting(t: Parameters<typeof openParts>[0], count: number, overlapPolicy: 'SKIP' | 'ALLOW_ALL' = 'SKIP') {
  const parts = await openParts(t);
  await addTask(parts);
  const { id: scheduleId } = await addSchedule(parts, { overlapPolicy });
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts, { scheduleId })));
  const holds = await startedRuns(parts, await addWorker(parts), 600_000, runs);
  const row = () => parts.store.prisma.schedule.findUniqueOrThrow({ where: { id: scheduleId } });
  return {
    parts,
    scheduleId,
    holds,
    row,
    async end(...ends: (keyof typeof END)[]): Promise<number> {
      const finishes = ends.map((name) => ({ ...(holds.shift() as Hold), ...END[name] }));
      await parts.store.hotTransaction((tx) => endAttempts(tx, parts.queue, parts.clock.now(), finishes));
      return (await row()).consecutiveFailures;
    },
  };
}

for (const policy of ['SKIP', 'ALLOW_ALL'] as const) {
  test(`failures in a row are counted (${policy}): a failure and a timeout add one, a success begins anew, the rest says nothing`, async (t) => {
    const { end, row } = await openCounting(t, 12, policy);
    const { version } = await row();
    assert.equal(await end('failed'), 1);
    assert.equal(await end('late'), 2);
    assert.equal(await end('canceled'), 2);
    assert.equal(await end('retried'), 2);
    assert.equal(await end('ok'), 0);
    assert.equal(await end('failed', 'failed'), 2, 'several at once');
    assert.equal(await end('ok', 'failed'), 1, 'in their order');
    assert.equal(await end('failed', 'ok'), 0);
    assert.equal(await end('ok'), 0);
    assert.equal((await row()).version, version, 'no edit');
  });
}

test('the row of a schedule that goes on succeeding is not written', async (t) => {
  const { parts, end } = await openCounting(t, 3);
  const place = () => parts.store.sql.query('SELECT ctid::text FROM schedule');
  const before = await place();
  await end('ok');
  await end('ok', 'canceled');
  assert.deepEqual(await place(), before);
});

test('a schedule event tells when a schedule begins to fail and when it recovers, and no failure between', async (t) => {
  const { parts, end } = await openCounting(t, 6);
  for (const name of ['failed', 'failed', 'late', 'ok', 'ok'] as const) await end(name);
  const events = await parts.store.prisma.event.findMany({
    where: { topic: 'schedule', kind: 'UPDATED' },
    orderBy: { seq: 'asc' },
  });
  const facts = { name: 'schedule', kind: 'INTERVAL', state: 'ACTIVE', taskKey: 'task', nextFireAt: '2026-03-02T00:00:10+00:00' };
  assert.deepEqual(
    events.map((event) => [event.before, event.after]),
    [
      [facts, { ...facts, failing: true }],
      [{ ...facts, failing: true }, facts],
    ],
  );
});

test('a run that ends after its schedule was deleted counts for nobody', async (t) => {
  const { parts, scheduleId, end } = await openCounting(t, 1);
  await removeSchedule(parts, scheduleId);
  assert.equal(await end('failed'), 0);
  assert.equal(await parts.store.prisma.event.count({ where: { topic: 'schedule', kind: 'UPDATED' } }), 0);
});

test('runs of the same schedules that end at once in many transactions neither deadlock nor lose a count', async (t) => {
  const parts = await openParts(t);
  const other = await parts.another();
  await addTask(parts);
  const schedules: string[] = [];
  for (let n = 0; n < 6; n += 1) schedules.push((await addSchedule(parts, { name: `s${n}`, overlapPolicy: 'ALLOW_ALL' })).id);
  const worker = await addWorker(parts);
  const batches: Hold[][] = [];
  for (let n = 0; n < 24; n += 1) {
    const runs = await Promise.all(schedules.map((scheduleId) => newRun(parts, { scheduleId })));
    const holds = await startedRuns(parts, worker, 600_000, runs);
    batches.push(n % 2 === 0 ? holds : holds.toReversed());
  }
  const finish = (batch: Hold[], index: number, name: keyof typeof END) =>
    (index % 3 === 0 ? other : parts).store.hotTransaction((tx) =>
      endAttempts(
        tx,
        parts.queue,
        parts.clock.now(),
        batch.map((hold) => ({ ...hold, ...END[name] })),
      ),
    );
  const counts = async () => (await parts.store.prisma.schedule.findMany()).map((schedule) => schedule.consecutiveFailures);
  await Promise.all(batches.slice(0, 20).map((batch, index) => finish(batch, index, 'failed')));
  assert.deepEqual(
    await counts(),
    schedules.map(() => 20),
  );
  // Every one of these successes has a counter to write as well.
  await Promise.all(batches.slice(20).map((batch, index) => finish(batch, index, 'ok')));
  assert.deepEqual(
    await counts(),
    schedules.map(() => 0),
  );
});

test('a failing run waits for its schedule before it is locked itself: who holds the schedule and wants the run is let through', async (t) => {
  const { parts, scheduleId, holds, row } = await openCounting(t, 1, 'ALLOW_ALL');
  const [hold] = holds as [Hold];
  let ending: Promise<unknown> | undefined;
  await parts.store.hotTransaction(async (tx) => {
    await tx.sql.query('SELECT 1 FROM schedule WHERE id = $1 FOR NO KEY UPDATE', [scheduleId]);
    ending = parts.store.hotTransaction((inner) =>
      endAttempts(inner, parts.queue, parts.clock.now(), [{ ...hold, ...END.failed }]),
    );
    await untilBlocked(parts.store.sql, 'lockSchedulesOf');
    await tx.sql.query(`SET LOCAL lock_timeout = '1s'`);
    await tx.sql.query('SELECT 1 FROM run WHERE id = $1 FOR NO KEY UPDATE', [hold.runId]);
  });
  await ending;
  assert.equal((await row()).consecutiveFailures, 1);
});
