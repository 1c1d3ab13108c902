import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorker } from '../support/executor.ts';
import { whenEvents } from '../support/ledger.ts';
import { addCodeTask, addTask, at, cancel, openParts, removeTask, start, startTestEngine } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';

type Test = Parameters<typeof openParts>[0];
const RUN_AT = new Date(at('00:10:00'));

async function openTask(t: Test): Promise<Parts> {
  const parts = await openParts(t);
  await addTask(parts);
  return parts;
}
const find = ({ store }: Parts, id: string) => store.prisma.run.findUniqueOrThrow({ where: { id } });
const stateOf = async (parts: Parts, id: string) => (await find(parts, id)).state;
const message = (error: unknown) => (error as { message: string } | null)?.message;
const deliveries = ({ store }: Parts) => store.sql.query('SELECT 1 FROM pgboss.job');
async function statesOf({ store }: Parts, id: string): Promise<unknown[]> {
  const events = await store.prisma.event.findMany({ where: { subjectId: id }, orderBy: { seq: 'asc' } });
  return events.map((event) => (event.after as { state: string }).state);
}

test('it waits for its time, goes on the millisecond, and is late only from then on', async (t) => {
  const parts = await openTask(t);
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const run = await start(parts, { runAt: RUN_AT, input: { a: 1 } });
  assert.deepEqual([run.state, run.origin, run.scheduledFor, run.effectiveAt], ['SCHEDULED', 'MANUAL', RUN_AT, RUN_AT]);
  assert.deepEqual([run.queuedAt, run.jobId], [null, null]);
  await engine.settle();
  parts.clock.advanceTo(RUN_AT.getTime() - 1);
  await engine.settle();
  assert.equal(await stateOf(parts, run.id), 'SCHEDULED');
  // The timer is armed: nobody wakes the engine.
  parts.clock.advanceTo(RUN_AT.getTime());
  const call = await worker.next();
  assert.deepEqual([call.run.runId, call.run.input, call.run.scheduledFor], [run.id, { a: 1 }, RUN_AT]);
  call.succeed();
  const ended = await whenEvents(parts, async () => {
    const found = await find(parts, run.id);
    return found.state === 'SUCCEEDED' && found;
  });
  assert.deepEqual([ended.queuedAt, ended.latenessMs], [RUN_AT, 0]);
  assert.deepEqual(await statesOf(parts, run.id), ['SCHEDULED', 'QUEUED', 'RUNNING', 'SUCCEEDED']);
});

test('what became due while no server ran goes when one starts', async (t) => {
  const parts = await openTask(t);
  const engine = await startTestEngine(parts);
  const run = await start(parts, { runAt: RUN_AT });
  await engine.stop();
  parts.clock.advanceTo(at('06:00:00'));
  assert.equal(await stateOf(parts, run.id), 'SCHEDULED');
  await startTestEngine(parts);
  assert.deepEqual([await stateOf(parts, run.id), (await deliveries(parts)).length], ['QUEUED', 1]);
});

test('of two servers one lets it go, once, however many are due', async (t) => {
  const parts = await openTask(t);
  const runs = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      start(parts, { runAt: new Date(RUN_AT.getTime() + (index % 3)), overlapPolicy: 'ALLOW_ALL' }),
    ),
  );
  parts.clock.advanceTo(RUN_AT.getTime() + 10);
  const engines = await Promise.all([startTestEngine(parts), startTestEngine(await parts.another())]);
  await whenEvents(parts, async () => (await parts.store.prisma.run.count({ where: { state: 'QUEUED' } })) === runs.length);
  await Promise.all(engines.map((engine) => engine.settle()));
  assert.equal((await deliveries(parts)).length, runs.length);
  for (const run of runs) assert.deepEqual(await statesOf(parts, run.id), ['SCHEDULED', 'QUEUED']);
});

test('overlap is decided when it is due: what is under way then ends it under SKIP, and its error says so', async (t) => {
  const parts = await openTask(t);
  const engine = await startTestEngine(parts);
  const before = await start(parts, {});
  const skipped = await start(parts, { runAt: RUN_AT });
  const beside = await start(parts, { runAt: RUN_AT, overlapPolicy: 'ALLOW_ALL' });
  const later = await start(parts, { runAt: new Date(RUN_AT.getTime() + 1) });
  parts.clock.advanceTo(RUN_AT.getTime());
  await engine.settle();
  const ended = await find(parts, skipped.id);
  assert.deepEqual([ended.state, ended.finishedAt, ended.jobId], ['CANCELED', RUN_AT, null]);
  assert.deepEqual(ended.error, {
    code: 'OVERLAP_SKIPPED',
    name: 'OverlapSkipped',
    message: `another run of the task was under way when this one was due: run ${before.id} was QUEUED; overlap policy SKIP`,
    retryable: false,
  });
  assert.deepEqual(await statesOf(parts, skipped.id), ['SCHEDULED', 'CANCELED']);
  assert.equal(await stateOf(parts, beside.id), 'QUEUED');
  await cancel(parts, before.id);
  await cancel(parts, beside.id);
  parts.clock.advanceTo(RUN_AT.getTime() + 1);
  await engine.settle();
  assert.equal(await stateOf(parts, later.id), 'QUEUED', 'nothing is in its way any more');
});

test('one that waits for its time is in nobody’s way', async (t) => {
  const parts = await openTask(t);
  await start(parts, { runAt: RUN_AT });
  assert.equal((await start(parts, {})).state, 'QUEUED');
});

test('a task that another transaction holds is left for a moment later, and keeps no other waiting', async (t) => {
  const parts = await openTask(t);
  await addCodeTask(parts, { key: 'free' });
  const held = await start(parts, { runAt: RUN_AT });
  const free = await start(parts, { task: { key: 'free' }, runAt: RUN_AT });
  const engine = await startTestEngine(parts);
  await parts.store.hotTransaction(async ({ sql }) => {
    await sql.query('SELECT 1 FROM task WHERE id = $1 FOR NO KEY UPDATE', [held.taskId]);
    parts.clock.advanceTo(RUN_AT.getTime());
    await engine.settle();
    assert.deepEqual([await stateOf(parts, held.id), await stateOf(parts, free.id)], ['SCHEDULED', 'QUEUED']);
  });
  parts.clock.advanceTo(RUN_AT.getTime() + 100);
  await engine.settle();
  assert.equal(await stateOf(parts, held.id), 'QUEUED');
});

const ends = [
  { rule: 'canceled', end: (parts: Parts, id: string) => cancel(parts, id, 'no more'), error: 'canceled by test: no more' },
  { rule: 'whose task is deleted', end: (parts: Parts) => removeTask(parts, 'task'), error: undefined },
];
for (const { rule, end, error } of ends) {
  test(`one that waits and is ${rule} ends CANCELED and never runs`, async (t) => {
    const parts = await openTask(t);
    const engine = await startTestEngine(parts);
    const run = await start(parts, { runAt: RUN_AT });
    await end(parts, run.id);
    parts.clock.advanceTo(at('01:00:00'));
    await engine.settle();
    const ended = await find(parts, run.id);
    assert.deepEqual([ended.state, message(ended.error), (await deliveries(parts)).length], ['CANCELED', error, 0]);
  });
}
