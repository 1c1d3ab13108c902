import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskQueue } from '../../src/queue/queue.ts';
import { insertRuns } from '../../src/store/runs.ts';
import type { NewRun } from '../../src/store/runs.ts';
import { addCodeTask, addSchedule, addTask, at, openParts, start, startTestEngine, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startTestWorker } from '../support/executor.ts';
import type { TestWorker } from '../support/executor.ts';
import { newRun } from '../support/runs.ts';
import { whenEvents } from '../support/ledger.ts';

const FAR = { trigger: { cron: { expression: '0 0 1 1 *' } }, overlapPolicy: 'ALLOW_ALL' } as const;
type Waiting = { task?: string; priority?: number; origin?: NewRun['origin'] };

/** Queues a run of each, one after the other; each knows what it is by its input. */
async function enqueue(parts: Parts, waiting: readonly Waiting[]): Promise<void> {
  for (const [index, { task = 'http', priority, origin = 'MANUAL' }] of waiting.entries()) {
    const { id: taskId } = await parts.store.prisma.task.findFirstOrThrow({ where: { key: task } });
    const scheduleId =
      origin === 'MANUAL' ? null : (await addSchedule(parts, { ...FAR, name: `${index}`, task: { key: task } })).id;
    const input = { name: name({ task, origin, ...(priority !== undefined && { priority }) }) };
    const { policy, ...run } = await newRun(parts, {
      taskId,
      scheduleId,
      scheduleVersion: scheduleId === null ? null : 1,
      input,
      origin,
    });
    const { priority: _, ...old } = policy;
    const written = { ...run, policy: priority === undefined ? old : { ...policy, priority } };
    await parts.queue.enqueue(parts.store.sql, await insertRuns(parts.store.sql, parts.clock.now(), [written]));
  }
}
const name = ({ task = 'http', priority, origin = 'MANUAL' }: Waiting) =>
  [task, priority, origin === 'MANUAL' ? '' : origin].filter((word) => word !== '' && word !== undefined).join(' ');

async function orderOf(worker: TestWorker, count: number): Promise<unknown[]> {
  const order: unknown[] = [];
  while (order.length < count) {
    const call = await worker.next();
    order.push(call.run.input?.['name']);
    call.succeed();
  }
  return order;
}

const orders: { rule: string; waiting: Waiting[]; order: string[] }[] = [
  {
    rule: 'in one queue the higher goes first, of equals the one that was queued first',
    waiting: [{ priority: -100 }, { priority: 0 }, { priority: 1 }, { origin: 'SCHEDULE' }, { priority: 100 }],
    order: ['http 100', 'http 1', 'http 0', 'http SCHEDULE', 'http -100'],
  },
  {
    rule: 'of several tasks too, whichever has waited for longest',
    waiting: [
      { priority: 3 },
      { task: 'one', priority: 5 },
      { task: 'two', priority: 4 },
      { task: 'one', priority: -1 },
      { task: 'two', priority: 6 },
      { priority: -2 },
    ],
    order: ['two 6', 'one 5', 'two 4', 'http 3', 'one -1', 'http -2'],
  },
  {
    rule: 'what is made up for after an outage comes after all others of its priority, and before those of lower ones',
    waiting: [
      { origin: 'CATCH_UP', priority: 1 },
      { task: 'one', origin: 'CATCH_UP', priority: 0 },
      { task: 'two', priority: 0 },
      { priority: -1 },
      { priority: 1 },
    ],
    order: ['http 1', 'http 1 CATCH_UP', 'two 0', 'one 0 CATCH_UP', 'http -1'],
  },
];
for (const { rule, waiting, order } of orders) {
  test(rule, async (t) => {
    const parts = await openParts(t);
    await addTask(parts, { key: 'http' });
    const several = waiting.some((run) => run.task !== undefined);
    const tasks = several ? [await addCodeTask(parts, { key: 'one' }), await addCodeTask(parts, { key: 'two' })] : [];
    await enqueue(parts, waiting);
    const worker = await startTestWorker(parts, { capacity: 1, tasks: tasks.map(({ id }) => ({ id, scope: 'GLOBAL' })) });
    assert.deepEqual(await orderOf(worker, waiting.length), order);
  });
}

test('what somebody else is just taking holds up nothing of a lower priority', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { key: 'http' });
  const task = await addCodeTask(parts, { key: 'one' });
  await enqueue(parts, [{ task: 'one', priority: 9 }, { priority: -9 }]);
  // The clock stands: a worker that gave up here would not look again.
  await parts.store.hotTransaction(async ({ sql }) => {
    await sql.query('SELECT 1 FROM pgboss.job WHERE name = $1 FOR UPDATE', [taskQueue(task.id)]);
    const worker = await startTestWorker(parts, { capacity: 1, tasks: [{ id: task.id, scope: 'GLOBAL' }] });
    assert.deepEqual(await orderOf(worker, 1), ['http -9']);
  });
});

test('a task gives its priority to its schedules, a schedule to its runs, and who runs it by hand may give another', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { priority: 5 } });
  const plain = await addSchedule(parts, { ...FAR, name: 'plain' });
  const urgent = await addSchedule(parts, { ...FAR, name: 'urgent', execution: { priority: 7 } });
  await start(parts, { input: { name: 'the task, lowered' }, overlapPolicy: 'ALLOW_ALL', execution: { priority: 4 } });
  await trigger(parts, plain.id, { input: { name: 'of the task' } });
  await trigger(parts, urgent.id, { input: { name: 'of the schedule' } });
  await start(parts, { input: { name: 'the task, raised' }, overlapPolicy: 'ALLOW_ALL', execution: { priority: 8 } });
  const worker = await startTestWorker(parts, { capacity: 1 });
  const order = ['the task, raised', 'of the schedule', 'of the task', 'the task, lowered'];
  assert.deepEqual(await orderOf(worker, 4), order);
});

test('an attempt that is made again, and a run whose time has come, have the priority of their run', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { retry: { maxAttempts: 2, initialInterval: 'PT5S' } } });
  const byHand = (text: string, priority: number, runAt?: Date) =>
    start(parts, { input: { name: text }, overlapPolicy: 'ALLOW_ALL', execution: { priority }, runAt });
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts, { capacity: 1 });
  const first = await byHand('again', 2);
  await byHand('later', 3, new Date(at('00:00:05')));
  (await worker.next()).fail();
  await whenEvents(
    parts,
    async () => (await parts.store.prisma.run.findUnique({ where: { id: first.id } }))?.state === 'RETRY_WAIT',
  );
  await byHand('busy', 0);
  const busy = await worker.next();
  await byHand('low', 1);
  parts.clock.advanceTo(at('00:00:05'));
  await engine.settle();
  busy.succeed();
  assert.deepEqual(await orderOf(worker, 3), ['later', 'again', 'low']);
});
