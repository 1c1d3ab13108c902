import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { STOP_GRACE_MS } from '../../src/domain/cancel.ts';
import { startTestWorker } from '../support/executor.ts';
import { whenEvents } from '../support/ledger.ts';
import { addTask, at, cancel, openParts, start } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { until } from '../support/until.ts';

/** Code that does not listen to its signal: in a test every attempt goes on until the test ends it. */

type Test = Parameters<typeof openParts>[0];
const runIn = ({ store }: Parts, id: string, state: string) =>
  whenEvents({ store }, async () => (await store.prisma.run.findUniqueOrThrow({ where: { id } })).state === state);
const beside = { overlapPolicy: 'ALLOW_ALL' } as const;

async function openWork(t: Test, capacity: number) {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'PT1M', retry: { maxAttempts: 1 } } });
  return { parts, worker: await startTestWorker(parts, { capacity }) };
}

const stops = [
  {
    rule: 'its cancel',
    state: 'CANCELED',
    stop: async (parts: Parts, id: string) => void (await cancel(parts, id)),
  },
  {
    rule: 'a cancel by force',
    state: 'CANCELED',
    ignored: 'its cancel',
    stop: async (parts: Parts, id: string) => void (await cancel(parts, id, 'now', true)),
  },
  {
    rule: 'its time limit',
    state: 'TIMED_OUT',
    stop: async ({ clock }: Parts) => clock.advanceTo(at('00:01:00')),
  },
];
for (const { rule, state, stop, ignored = rule } of stops) {
  test(`code that ignores ${rule}: the run is ${state}, and the code keeps its place on the worker until it ends`, async (t) => {
    const { parts, worker } = await openWork(t, 1);
    const run = await start(parts);
    const call = await worker.next();
    const told = once(call.signal, 'abort');
    await stop(parts, run.id);
    await told;
    await runIn(parts, run.id, state);
    const next = await start(parts);
    // The worker looks again and again, and finds no place.
    for (let looks = 0; looks < 30; looks += 1) {
      parts.clock.advanceTo(parts.clock.now() + 100);
      assert.equal((await parts.store.prisma.run.findUniqueOrThrow({ where: { id: next.id } })).state, 'QUEUED');
    }
    assert.deepEqual([worker.waiting(), parts.logged.filter(({ msg }) => msg.includes('ignored'))], [0, []]);
    parts.clock.advanceTo(parts.clock.now() + STOP_GRACE_MS);
    const said = () => parts.logged.filter(({ msg }) => msg.includes('ignored')).map(({ msg }) => msg);
    const words = `task "task" of run ${run.id} ignored ${ignored}; it keeps its place on this worker until it ends`;
    assert.deepEqual(said(), [words]);
    call.succeed('late');
    const after = await worker.next();
    assert.equal(after.run.runId, next.id);
    assert.deepEqual(said(), [words], 'once');
    const { output } = await parts.store.prisma.run.findUniqueOrThrow({ where: { id: run.id } });
    assert.equal(output, null, 'what it brought late is not recorded');
  });
}

test('code that listens, however late, is not named', async (t) => {
  const { parts, worker } = await openWork(t, 1);
  const run = await start(parts);
  const call = await worker.next();
  await cancel(parts, run.id);
  await runIn(parts, run.id, 'CANCELED');
  parts.clock.advanceTo(parts.clock.now() + STOP_GRACE_MS - 1);
  call.throw(new Error('stopped'));
  const next = await start(parts);
  assert.equal((await worker.next()).run.runId, next.id);
  parts.clock.advanceTo(parts.clock.now() + STOP_GRACE_MS);
  assert.deepEqual(
    parts.logged.filter(({ msg }) => msg.includes('ignored')),
    [],
  );
});

test('other places of the worker are free', async (t) => {
  const { parts, worker } = await openWork(t, 2);
  const run = await start(parts);
  await worker.next();
  await cancel(parts, run.id);
  await runIn(parts, run.id, 'CANCELED');
  const runs = [await start(parts, beside), await start(parts, beside)];
  const call = await worker.next();
  assert.equal(call.run.runId, runs[0]?.id);
  assert.equal(worker.waiting(), 0);
  call.succeed();
  assert.equal((await worker.next()).run.runId, runs[1]?.id);
});

test('a stop does not wait for it', async (t) => {
  const { parts, worker } = await openWork(t, 1);
  const run = await start(parts);
  await worker.next();
  await cancel(parts, run.id);
  await runIn(parts, run.id, 'CANCELED');
  await worker.stop(60_000);
  assert.equal(parts.clock.nextTimer(), null, 'nothing of it is left to wait for');
  const [stopped] = await until(async () => {
    const rows = await parts.store.prisma.worker.findMany({ where: { state: 'STOPPED' } });
    return rows.length === 1 && rows;
  });
  assert.equal(stopped?.id, worker.id);
});
