import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { insertRuns } from '../../src/store/runs.ts';
import type { QueuedRun } from '../../src/store/runs.ts';
import { addTask, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { newRun } from '../support/runs.ts';

type Test = Parameters<typeof openParts>[0];

async function openQueued(t: Test, count: number): Promise<{ parts: Parts; queued: QueuedRun[] }> {
  const parts = await openParts(t);
  await addTask(parts);
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
  const queued = await insertRuns(parts.store.sql, parts.clock.now(), runs);
  return { parts, queued };
}
const enqueue = (parts: Parts, queued: QueuedRun[]) => parts.store.hotTransaction(({ sql }) => parts.queue.enqueue(sql, queued));
const ids = (rows: readonly { runId: string }[]) => rows.map((row) => row.runId).sort();

test('a delivery names the run and the attempt it is for', async (t) => {
  const { parts, queued } = await openQueued(t, 1);
  await enqueue(parts, queued);
  const [run] = queued;
  assert.deepEqual(await parts.queue.take(HTTP_QUEUE, 10), [{ jobId: run?.jobId, runId: run?.runId, attempt: 1 }]);
});

test('a delivery is part of its transaction: before the commit nobody sees it, after a rollback it never was', async (t) => {
  const { parts, queued } = await openQueued(t, 1);
  const undone = parts.store.hotTransaction(async ({ sql }) => {
    await parts.queue.enqueue(sql, queued);
    assert.deepEqual(await parts.queue.take(HTTP_QUEUE, 10), []);
    throw new Error('undone');
  });
  await assert.rejects(undone, /undone/);
  assert.deepEqual(await parts.queue.take(HTTP_QUEUE, 10), []);
});

test('a delivery goes to one taker, however many take at once', async (t) => {
  const { parts, queued } = await openQueued(t, 60);
  await enqueue(parts, queued);
  const takers = [parts, await parts.another(), await parts.another()];
  const taken = await Promise.all(
    takers.map(async ({ queue }) => {
      const mine = [];
      for (let round = 0; round < 30; round += 1) mine.push(...(await queue.take(HTTP_QUEUE, 3)));
      return mine;
    }),
  );
  assert.deepEqual(ids(taken.flat()), ids(queued));
});

test('take() answers no more than it was asked for', async (t) => {
  const { parts, queued } = await openQueued(t, 5);
  await enqueue(parts, queued);
  assert.equal((await parts.queue.take(HTTP_QUEUE, 2)).length, 2);
  assert.equal((await parts.queue.take(HTTP_QUEUE, 10)).length, 3);
});

test('undelivered: of queued runs, those whose delivery was taken, settled or never made', async (t) => {
  const { parts, queued } = await openQueued(t, 4);
  assert.deepEqual(ids(await parts.queue.undelivered(queued)), ids(queued));
  await enqueue(parts, queued.slice(0, 3));
  assert.deepEqual(ids(await parts.queue.undelivered(queued)), ids(queued.slice(3)));
  const taken = await parts.queue.take(HTTP_QUEUE, 2);
  await parts.queue.settle(HTTP_QUEUE, taken.slice(0, 1));
  assert.deepEqual(ids(await parts.queue.undelivered(queued)), ids([...taken, ...queued.slice(3)]));
});

test('settled deliveries leave nothing behind', async (t) => {
  const { parts, queued } = await openQueued(t, 3);
  await enqueue(parts, queued);
  await parts.queue.settle(HTTP_QUEUE, await parts.queue.take(HTTP_QUEUE, 10));
  await parts.queue.settle(HTTP_QUEUE, []);
  assert.deepEqual(await parts.store.sql.query('SELECT 1 FROM pgboss.job'), []);
});
