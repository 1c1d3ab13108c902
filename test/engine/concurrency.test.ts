import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reap } from '../../src/engine/reaper.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { startTestWorker } from '../support/executor.ts';
import type { Call, TestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import {
  addCodeTask,
  addSchedule,
  addTask,
  at,
  cancel,
  editSchedule,
  editTask,
  openParts,
  removeSchedule,
  startTestEngine,
  trigger,
  triggerTask,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';

const limited = (concurrency: number, more: object = {}) => ({ execution: { timeout: 'P1D', concurrency, ...more } });
const stateOf = async ({ store }: Parts, id: string) => (await store.prisma.run.findUniqueOrThrow({ where: { id } })).state;
const count = ({ store }: Parts, ...states: string[]) => store.prisma.run.count({ where: { state: { in: states } } });
const delivered = (parts: Parts) => parts.queue.take(HTTP_QUEUE, 16);

test('200 fires of many schedules under a limit of 3, on two instances: never more than 3 at once, and all of them run', async (t) => {
  const one = await openParts(t);
  const two = await one.another();
  await addTask(one, limited(3));
  const schedules = 20;
  const ids: string[] = [];
  for (let n = 0; n < schedules; n += 1) {
    const overlapPolicy = n % 2 === 0 ? ('ALLOW_ALL' as const) : ('BUFFER_ALL' as const);
    ids.push((await addSchedule(one, { name: `schedule ${n}`, overlapPolicy, trigger: { interval: { every: 'PT1S' } } })).id);
  }
  const instances = [one, two];
  const engines = await Promise.all(instances.map(startTestEngine));
  const begun: { run: string; open: number }[] = [];
  let open = 0;
  const total = schedules * 10;
  const handle = async (call: Call) => {
    open += 1;
    begun.push({ run: call.run.runId, open });
    // Some round trips long, so that others would come if they could.
    for (let trips = 0; trips < 5; trips += 1) await one.store.sql.query('SELECT 1');
    open -= 1;
    call.succeed();
  };
  const serve = async (worker: TestWorker) => {
    for (;;) void handle(await worker.next());
  };
  for (const parts of instances) void serve(await startTestWorker(parts));
  for (let second = 1; second <= 10; second += 1) {
    one.clock.advanceTo(at('00:00:00') + second * 1_000);
    await Promise.all(engines.map((engine) => engine.settle()));
  }
  await whenEvents(one, async () => (await count(one, 'SUCCEEDED')) === total);
  assert.equal(new Set(begun.map(({ run }) => run)).size, total);
  assert.equal(Math.max(...begun.map((call) => call.open)), 3);
  // What the database says: the clock stands still for a second, so the order is that of the events.
  const [most] = await one.store.sql.query<{ most: number }>(
    `SELECT max(held)::int AS most FROM (
       SELECT sum(CASE WHEN after->>'state' = 'QUEUED' THEN 1 WHEN before->>'state' = 'RUNNING' THEN -1 ELSE 0 END) OVER (ORDER BY xid, seq) AS held
         FROM event WHERE topic = 'run') e`,
  );
  assert.equal(most?.most, 3);
});

test('what finds no slot waits, of several schedules the oldest goes first, and its schedule keeps its order', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(1));
  const skip = await addSchedule(parts, { name: 'skip' });
  const all = await addSchedule(parts, { name: 'all', overlapPolicy: 'ALLOW_ALL', trigger: { interval: { every: 'PT15S' } } });
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const first = await triggerTask(parts);
  for (const instant of ['00:00:10', '00:00:15', '00:00:20', '00:00:30']) {
    parts.clock.advanceTo(at(instant));
    await engine.settle();
  }
  assert.deepEqual(await runsOf(parts, all.id), ['00:00:15 SCHEDULE BUFFERED', '00:00:30 SCHEDULE BUFFERED']);
  assert.deepEqual(await runsOf(parts, skip.id), ['00:00:10 SCHEDULE BUFFERED']);
  assert.deepEqual(
    await skipsOf(parts, skip.id),
    ['00:00:20 to 00:00:30 OVERLAP_SKIPPED 2'],
    'what waits for a slot has its place',
  );
  const order: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    const call = await worker.next();
    order.push(call.run.scheduledFor.getTime());
    if (n === 0) assert.equal(call.run.runId, first.id);
    assert.equal(worker.waiting(), 0);
    call.succeed();
  }
  assert.deepEqual(order, ['00:00:00', '00:00:10', '00:00:15', '00:00:30'].map(at));
});

test('a run in RETRY_WAIT holds no slot, and waits for one when its next attempt is due', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(1, { retry: { maxAttempts: 2, initialInterval: 'PT10S' } }));
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  const failing = await triggerTask(parts);
  const other = await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' });
  (await worker.next()).fail();
  const second = await worker.next();
  assert.equal(second.run.runId, other.id);
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  assert.equal(await stateOf(parts, failing.id), 'RETRY_WAIT');
  assert.notEqual(parts.clock.nextTimer(), at('00:00:10.002'), 'the engine does not ask for it again and again');
  second.succeed();
  const again = await worker.next();
  assert.deepEqual([again.run.runId, again.run.attempt], [failing.id, 2]);
});

test('a run in RETRY_WAIT that is due goes at once when there is a slot', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(1, { retry: { maxAttempts: 2, initialInterval: 'PT10S' } }));
  const engine = await startTestEngine(parts);
  const worker = await startTestWorker(parts);
  await triggerTask(parts);
  (await worker.next()).fail();
  await whenEvents(parts, async () => (await count(parts, 'RETRY_WAIT')) === 1);
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  assert.equal((await worker.next()).run.attempt, 2);
});

test('a higher limit lets go at once what it has room for, and none lets all go; a lower one lets what runs run', async (t) => {
  const parts = await openParts(t);
  const task = await addTask(parts, limited(1));
  const schedule = await addSchedule(parts, { overlapPolicy: 'BUFFER_ALL' });
  await triggerTask(parts);
  for (let n = 0; n < 4; n += 1) await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' });
  await trigger(parts, schedule.id);
  await trigger(parts, schedule.id);
  assert.deepEqual([await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')], [1, 6]);
  await editTask(parts, task.id, limited(3));
  assert.deepEqual([await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')], [3, 4]);
  await editTask(parts, task.id, limited(2));
  assert.deepEqual([await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')], [3, 4]);
  await editTask(parts, task.id, { execution: null });
  assert.deepEqual(
    [await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')],
    [6, 1],
    'the schedule runs one after another still',
  );
  assert.equal((await delivered(parts)).length, 6);
});

test('the limit of a code task is that of its code, from its registration on', async (t) => {
  const parts = await openParts(t);
  await addCodeTask(parts, { execution: { concurrency: 1 } });
  await triggerTask(parts);
  const waiting = await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' });
  assert.equal(waiting.state, 'BUFFERED');
  await addCodeTask(parts, { execution: { concurrency: 2 } });
  assert.equal(await stateOf(parts, waiting.id), 'QUEUED');
});

test('a task of scope LOCAL has no limit: it runs once on every worker', async (t) => {
  const parts = await openParts(t);
  await assert.rejects(
    addCodeTask(parts, { scope: 'LOCAL', execution: { concurrency: 1 } }),
    /^Error: INVALID concurrency cannot be set for a task of scope LOCAL, which runs once on every worker\.$/,
  );
  assert.equal(await parts.store.prisma.task.count(), 0);
});

test('a cancel and a deletion give slots free', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(2));
  const gone = await addSchedule(parts, { name: 'gone' });
  const first = await triggerTask(parts);
  await trigger(parts, gone.id);
  const waiting = [
    await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' }),
    await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' }),
  ];
  await cancel(parts, first.id);
  assert.deepEqual([await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')], [2, 1]);
  await removeSchedule(parts, gone.id);
  assert.deepEqual([await count(parts, 'QUEUED'), await count(parts, 'BUFFERED')], [2, 0]);
  assert.deepEqual(await Promise.all(waiting.map((run) => stateOf(parts, run.id))), ['QUEUED', 'QUEUED']);
});

test('the newest of a schedule that replaces what it had under way takes the slot of that', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(2));
  const { id } = await addSchedule(parts, { overlapPolicy: 'TERMINATE_OTHER' });
  const engine = await startTestEngine(parts);
  await trigger(parts, id);
  await trigger(parts, id, { overlapPolicy: 'ALLOW_ALL' });
  const other = await triggerTask(parts, { overlapPolicy: 'ALLOW_ALL' });
  assert.equal(other.state, 'BUFFERED');
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  assert.deepEqual((await runsOf(parts, id)).at(-1), '00:00:10 SCHEDULE QUEUED');
  assert.equal(await stateOf(parts, other.id), 'QUEUED', 'and two were given free');
});

const lost = [
  { what: 'a slot', limit: limited(1), spec: { overlapPolicy: 'ALLOW_ALL' as const } },
  { what: 'its schedule', limit: {}, spec: { overlapPolicy: 'BUFFER_ALL' as const } },
  { what: 'its schedule and a slot', limit: limited(1), spec: { overlapPolicy: 'BUFFER_ALL' as const } },
];
for (const { what, limit, spec } of lost) {
  test(`the net below: what waits for ${what} and was forgotten goes with the next look`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts, limit);
    const { id } = await addSchedule(parts, spec);
    const first = await trigger(parts, id);
    const waiting = [
      await trigger(parts, id, { overlapPolicy: 'BUFFER_ALL' }),
      await trigger(parts, id, { overlapPolicy: 'BUFFER_ALL' }),
    ];
    await parts.store.sql.query(`UPDATE run SET state = 'SUCCEEDED', finished_at = created_at WHERE id = $1`, [first.id]);
    await reap(parts);
    await reap(parts);
    assert.deepEqual(await Promise.all(waiting.map((run) => stateOf(parts, run.id))), ['QUEUED', 'BUFFERED']);
  });
}
test('the net below: what waits for its task and was forgotten goes with the next look', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const first = await triggerTask(parts);
  const waiting = await triggerTask(parts, { overlapPolicy: 'BUFFER_ALL' });
  await reap(parts);
  assert.equal(await stateOf(parts, waiting.id), 'BUFFERED');
  await parts.store.sql.query(`UPDATE run SET state = 'SUCCEEDED', finished_at = created_at WHERE id = $1`, [first.id]);
  await reap(parts);
  assert.equal(await stateOf(parts, waiting.id), 'QUEUED');
});

test('without limits, SKIP and ALLOW_ALL fire and finish with as many statements as there were before there were limits', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  await addSchedule(parts, { name: 'skip' });
  await addSchedule(parts, { name: 'all', overlapPolicy: 'ALLOW_ALL' });
  const statements: string[] = [];
  const { store } = parts;
  const counted: Parts = {
    ...parts,
    store: {
      ...store,
      hotTransaction: (work) =>
        store.hotTransaction((tx) =>
          work({
            ...tx,
            sql: {
              query(text, values) {
                statements.push(/\/\* (\w+) \*\//.exec(text)?.[1] ?? text);
                return tx.sql.query(text, values);
              },
            },
          }),
        ),
    },
  };
  const worker = await startTestWorker(counted);
  const engine = await startTestEngine(counted);
  statements.length = 0;
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  const known = (name: string) => !name.startsWith('boss');
  assert.deepEqual([...new Set(statements.filter(known))], ['claimDueSchedules', 'readUnderway', 'writeVerdicts']);
  const calls = [await worker.next(), await worker.next()];
  statements.length = 0;
  for (const call of calls) call.succeed();
  await whenEvents(parts, async () => (await count(parts, 'SUCCEEDED')) === 2);
  assert.deepEqual([...new Set(statements.filter(known))], ['lockSchedulesOf', 'finishRuns', 'promoteBuffered']);
});

test('an edit of a schedule onto a task with a limit, and off it again, leaves nothing waiting in vain', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, limited(1));
  await addTask(parts, { key: 'free' });
  const { id } = await addSchedule(parts, { overlapPolicy: 'BUFFER_ALL' });
  await triggerTask(parts);
  const waiting = await trigger(parts, id);
  await editSchedule(parts, id, { task: { key: 'free' } });
  const behind = await trigger(parts, id);
  assert.deepEqual([waiting.state, behind.state], ['BUFFERED', 'BUFFERED']);
  const worker = await startTestWorker(parts);
  for (let n = 0; n < 3; n += 1) (await worker.next()).succeed();
  await whenEvents(parts, async () => (await count(parts, 'SUCCEEDED')) === 3);
});
