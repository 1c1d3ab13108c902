import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endAttempts } from '../../src/queue/finish.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { insertRuns } from '../../src/store/runs.ts';
import type { Hold } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, openParts, startTestEngine } from '../support/parts.ts';
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
