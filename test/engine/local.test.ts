import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { addCodeTask, addSchedule, at, openParts, startTestEngine, time, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startSteps } from '../support/play.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';

/** A LOCAL task with a schedule every 10 s, and an engine that has looked. */
async function openLocal(t: TestContext, overlapPolicy: 'SKIP' | 'ALLOW_ALL' = 'ALLOW_ALL') {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const { id } = await addSchedule(parts, { overlapPolicy });
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  const join = () => startTestWorker(parts, { tasks });
  const step = await startSteps(parts);
  return { parts, id, join, step };
}
/** Which worker each run is for. */
async function placesOf({ store }: Parts, scheduleId: string) {
  const runs = await store.prisma.run.findMany({
    where: { scheduleId },
    orderBy: [{ scheduledFor: 'asc' }, { localWorkerId: 'asc' }],
  });
  return runs.map((run) => ({ at: time(run.scheduledFor), worker: run.localWorkerId, state: run.state }));
}

test('LOCAL: every occurrence runs once on each live worker that has the code, and one that joins later takes part from the next', async (t) => {
  const { parts, id, join, step } = await openLocal(t);
  const [one, two] = [await join(), await join()];
  // Has not the code.
  const stranger = await startTestWorker(parts);
  await step('00:00:10');
  const first = await Promise.all([one.next(), two.next()]);
  assert.equal(new Set(first.map((call) => call.run.runId)).size, 2);
  const three = await join();
  await step('00:00:20');
  await Promise.all([one.next(), two.next(), three.next()]);
  const workers = [one.id, two.id].toSorted();
  assert.deepEqual(await placesOf(parts, id), [
    ...workers.map((worker) => ({ at: '00:00:10', worker, state: 'RUNNING' })),
    ...[...workers, three.id].toSorted().map((worker) => ({ at: '00:00:20', worker, state: 'RUNNING' })),
  ]);
  assert.equal(stranger.waiting(), 0);
});

test('LOCAL: without a live worker the occurrence is in the ledger as missed', async (t) => {
  const { parts, id, join, step } = await openLocal(t);
  await step('00:00:10');
  await step('00:00:20');
  assert.deepEqual(await runsOf(parts, id), []);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 MISSED 2']);
  const worker = await join();
  await step('00:00:30');
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:30'));
});

test('LOCAL: what waits for a worker that is lost fails, what it ran too, and neither is moved to another', async (t) => {
  const { parts, id, join, step } = await openLocal(t);
  const [lost, alive] = [await join(), await join()];
  await step('00:00:10');
  await lost.next();
  (await alive.next()).succeed();
  // Nothing takes it: its delivery lies in a queue of its own, as the row of a worker that hangs.
  await parts.store.sql.query(
    `UPDATE run SET state = 'QUEUED', started_at = NULL, lease = NULL, lease_expires_at = NULL, worker_id = NULL WHERE local_worker_id = $1`,
    [lost.id],
  );
  parts.clock.advanceTo(at('00:00:10') + LEASE_MS + 1);
  await alive.beat();
  await reap(parts);
  assert.deepEqual(
    (await placesOf(parts, id)).map(({ worker, state }) => `${worker === lost.id ? 'lost' : 'alive'} ${state}`).toSorted(),
    ['alive SUCCEEDED', 'lost FAILED'],
  );
  const run = await parts.store.prisma.run.findFirstOrThrow({ where: { localWorkerId: lost.id } });
  assert.equal((run.error as { code: string }).code, 'WORKER_LOST');
  // Once more finds nothing.
  await reap(parts);
  assert.equal(alive.waiting(), 0);
});

test('LOCAL: triggered by hand it runs on each live worker at once', async (t) => {
  const { parts, id, join } = await openLocal(t);
  await assert.rejects(trigger(parts, id), /INVALID_STATE .* there is none/);
  const workers = [await join(), await join()];
  await trigger(parts, id);
  for (const worker of workers) (await worker.next()).succeed();
  await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('MANUAL SUCCEEDED')));
  assert.equal((await runsOf(parts, id)).length, 2);
});

test('LOCAL with overlap SKIP: passed over while any of its runs has not ended', async (t) => {
  const { parts, id, join, step } = await openLocal(t, 'SKIP');
  const [one, two] = [await join(), await join()];
  await step('00:00:10');
  (await one.next()).succeed();
  const slow = await two.next();
  await whenEvents(parts, async () => (await runsOf(parts, id)).includes('00:00:10 SCHEDULE SUCCEEDED'));
  await step('00:00:20');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 OVERLAP_SKIPPED 1']);
  slow.succeed();
  await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('SUCCEEDED')));
  await step('00:00:30');
  await Promise.all([one.next(), two.next()]);
});

test('LOCAL: a worker that started when the task was GLOBAL still takes part, and holds no other schedule up', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  const older = await startTestWorker(parts, { tasks: [{ id: task.id, scope: 'GLOBAL' }] });
  await addCodeTask(parts, { scope: 'LOCAL' });
  const newer = await startTestWorker(parts, { tasks: [{ id: task.id, scope: 'LOCAL' }] });
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  assert.deepEqual((await placesOf(parts, id)).map(({ worker }) => worker).toSorted(), [older.id, newer.id].toSorted());
  await Promise.all([older.next(), newer.next()]);
});

test('LOCAL: the backlog that maxCatchupRuns bounds counts occurrences, however many workers each is for', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const misfire = { mode: 'FIRE_ALL', graceTime: 'PT0S', maxCatchupRuns: 3 } as const;
  const { id } = await addSchedule(parts, { overlapPolicy: 'SKIP', misfire });
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  await Promise.all([startTestWorker(parts, { tasks }), startTestWorker(parts, { tasks })]);
  parts.clock.advanceTo(at('00:00:25'));
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:00:30'));
  await engine.settle();
  assert.deepEqual(await skipsOf(parts, id), []);
  assert.equal((await runsOf(parts, id)).length, 6);
});
