import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createProgressWriter } from '../../src/worker/progress.ts';
import type { Hold } from '../../src/store/runs.ts';
import { addTask, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

async function openRunning(t: TestContext, count = 1) {
  const parts = await openParts(t);
  await addTask(parts);
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
  const holds = await startedRuns(parts, await addWorker(parts), 60_000, runs);
  const writer = createProgressWriter(parts);
  t.after(() => writer.stop());
  return { parts, holds, hold: holds[0] as Hold, writer };
}
const progressOf = async ({ store }: Parts, { runId }: Hold) => {
  const { progress } = await store.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  return progress as { done: number; total: number | null; message: string | null } | null;
};
const events = async ({ store }: Parts) =>
  (
    await store.sql.query<{ states: string }>(
      `SELECT concat(before->>'state', ' ', after->>'state') AS states FROM event WHERE topic = 'run' ORDER BY xid, seq`,
    )
  ).map((row) => row.states.trim());

test('what is said in quick succession is written once, the newest, with an event that changes no state', async (t) => {
  const { parts, hold, writer } = await openRunning(t);
  for (let done = 1; done <= 100; done += 1) writer.say(hold, done, 100, `step ${done}`);
  assert.equal(await progressOf(parts, hold), null);
  parts.clock.advanceTo(parts.clock.now() + 500);
  const progress = await until(() => progressOf(parts, hold));
  assert.deepEqual({ ...progress, updatedAt: '' }, { done: 100, total: 100, message: 'step 100', updatedAt: '' });
  assert.deepEqual(await events(parts), ['QUEUED', 'QUEUED RUNNING', 'RUNNING RUNNING']);
});

test('what is not written yet can be written before the end of the attempt', async (t) => {
  const { parts, hold, writer } = await openRunning(t);
  writer.say(hold, 3);
  await writer.flush(hold);
  assert.equal((await progressOf(parts, hold))?.done, 3);
  await writer.flush(hold);
  assert.equal((await events(parts)).length, 3);
});

test('who does not hold the lease any more says nothing', async (t) => {
  const { parts, hold, writer } = await openRunning(t);
  writer.say({ ...hold, lease: 'another' }, 3);
  await writer.flush({ ...hold, lease: 'another' });
  assert.equal(await progressOf(parts, hold), null);
  assert.equal((await events(parts)).length, 2);
});

test('figures that are none are left out', async (t) => {
  const { parts, hold, writer } = await openRunning(t);
  for (const done of [NaN, Infinity, -1]) writer.say(hold, done);
  await writer.flush(hold);
  assert.equal(await progressOf(parts, hold), null);
  writer.say(hold, 1, NaN, 'half \ud800 a pair');
  await writer.flush(hold);
  const { total, message } = (await progressOf(parts, hold))!;
  assert.deepEqual({ total, message }, { total: null, message: 'half \ufffd a pair' });
});

test('many attempts are written in one statement', async (t) => {
  const { parts, holds, writer } = await openRunning(t, 50);
  holds.forEach((hold, index) => writer.say(hold, index, 50));
  parts.clock.advanceTo(parts.clock.now() + 500);
  await until(async () =>
    (await Promise.all(holds.map((hold) => progressOf(parts, hold)))).every((progress) => progress !== null),
  );
});

test('a message that is too long is cut where it can be stored, and does not take the word of others with it', async (t) => {
  const { parts, holds, writer } = await openRunning(t, 2);
  writer.say(holds[0]!, 1, 2, `${'x'.repeat(499)}😀`);
  writer.say(holds[1]!, 2, 2);
  parts.clock.advanceTo(parts.clock.now() + 500);
  const long = await until(() => progressOf(parts, holds[0]!));
  assert.equal(long.message?.length, 500);
  assert.equal((await progressOf(parts, holds[1]!))?.done, 2);
});
