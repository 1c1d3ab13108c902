import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { purgeWorkers } from '../../src/store/retention.ts';
import { addCodeTask, addSchedule, addTask, at, openParts, start, startTestEngine, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';
import { until } from '../support/until.ts';

/** A task with a delay of a minute, and workers that have its code. */
async function openDelayed(t: TestContext, scope: 'GLOBAL' | 'LOCAL' = 'GLOBAL') {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope, initialDelay: 'PT1M' });
  const tasks = [{ id: task.id, scope, initialDelayMs: task.initialDelayMs }];
  return { parts, task, join: () => startTestWorker(parts, { tasks }) };
}
const stateOf = async ({ store }: Parts, id: string) => (await store.prisma.run.findUniqueOrThrow({ where: { id } })).state;

test('after its start a worker takes no run of the task until the delay is over, and all others meanwhile', async (t) => {
  const { parts, join } = await openDelayed(t);
  await addTask(parts, { key: 'other' });
  const worker = await join();
  const { id } = await start(parts);
  const other = () => start(parts, { task: { key: 'other' }, overlapPolicy: 'ALLOW_ALL' });
  await other();
  assert.equal((await worker.next()).run.taskKey, 'other');
  parts.clock.advanceTo(at('00:00:59.999'));
  await other();
  // It has looked at its queues: what was asked for later has begun.
  assert.equal((await worker.next()).run.taskKey, 'other');
  assert.equal(await stateOf(parts, id), 'QUEUED');
  parts.clock.advanceTo(at('00:01:00'));
  assert.equal((await worker.next()).run.runId, id);
});

test('a worker whose delay is over goes on while another that has just started waits', async (t) => {
  const { parts, join } = await openDelayed(t);
  const old = await join();
  parts.clock.advanceTo(at('00:01:00'));
  const young = await join();
  for (let round = 0; round < 3; round += 1) {
    await start(parts, { overlapPolicy: 'ALLOW_ALL' });
    await old.next();
  }
  assert.equal(young.waiting(), 0);
});

test('a worker that was forgotten while it was suspended has not started anew: its delay is not begun again', async (t) => {
  const { parts, join } = await openDelayed(t, 'LOCAL');
  const worker = await join();
  parts.clock.advanceTo(at('00:01:00'));
  await parts.store.prisma.worker.update({ where: { id: worker.id }, data: { state: 'LOST' } });
  assert.deepEqual(await purgeWorkers(parts.store, at('00:02:00')), [worker.id]);
  await worker.beat();
  const { id } = await start(parts);
  assert.equal((await worker.next()).run.runId, id);
});

test('a stop while a task waits leaves no timer behind', async (t) => {
  const { parts, join } = await openDelayed(t);
  const worker = await join();
  assert.equal(await until(() => parts.clock.nextTimer() !== null), true);
  await worker.stop(0);
  assert.equal(parts.clock.nextTimer(), null);
});

test('LOCAL: occurrences are for the workers whose delay is over, and by hand there must be one', async (t) => {
  const { parts, join } = await openDelayed(t, 'LOCAL');
  const { id } = await addSchedule(parts, { trigger: { interval: { every: 'PT30S' } }, overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  const worker = await join();
  await assert.rejects(trigger(parts, id), /INVALID_STATE .* past its initial delay/);
  parts.clock.advanceTo(at('00:00:30'));
  await engine.settle();
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:30 MISSED 1']);
  parts.clock.advanceTo(at('00:01:00'));
  await engine.settle();
  await worker.next();
  assert.deepEqual(await runsOf(parts, id), ['00:01:00 SCHEDULE RUNNING']);
});
