import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startInstance, startTestCarillon } from '../support/carillon.ts';
import { SCHEDULE_CHANGED, WORKER_CHANGED } from '../support/operations.ts';
import { watch } from '../support/stream.ts';

interface ScheduleEvent {
  cursor: string;
  kind: string;
  id: string;
  schedule: { name: string; state: string; version: number } | null;
}
interface WorkerEvent {
  kind: string;
  id: string;
  worker: { id: string; state: string } | null;
}

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const watchSchedules = (t: TestContext, filter: unknown = null, from: string | null = null) =>
  watch<ScheduleEvent>(t, carillon, { query: SCHEDULE_CHANGED, variables: { filter, after: from } });

/** A task and a schedule of it that does not fire by itself. */
async function scheduled() {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  return { task, schedule: await api.scheduleOf(task, { name: fresh('told') }) };
}

test('the whole life of a schedule is told in order, and after: goes on where a client was', async (t) => {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const name = fresh('life');
  const stream = await watchSchedules(t, { taskKeys: [task.key] });
  const schedule = await api.scheduleOf(task, { name });
  await api.updateSchedule({ ref: { name }, patch: { description: 'changed' } });
  await api.pauseSchedules({ select: { names: [name] }, reason: 'test' });
  await api.resumeSchedules({ select: { names: [name] } });
  await api.deleteSchedule({ ref: { name } });
  const events = await stream.take(5);
  assert.deepEqual(
    events.map((event) => event.kind),
    ['CREATED', 'UPDATED', 'UPDATED', 'UPDATED', 'DELETED'],
  );
  assert.ok(events.every((event) => event.id === schedule.id));
  const again = await watchSchedules(t, { taskKeys: [task.key] }, events[2]?.cursor);
  assert.deepEqual(
    (await again.take(2)).map((event) => event.cursor),
    events.slice(3).map((event) => event.cursor),
  );
});

const filters: { rule: string; filter: (name: string) => object }[] = [
  { rule: 'its old name', filter: (name) => ({ names: [name] }) },
  { rule: 'its new name', filter: (name) => ({ names: [`${name}-renamed`] }) },
  { rule: 'its kind of trigger', filter: () => ({ kinds: ['CRON'] }) },
  { rule: 'its state', filter: () => ({ states: ['ACTIVE'] }) },
  { rule: 'its next fire', filter: () => ({ nextFire: { from: '2026-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' } }) },
];
for (const { rule, filter } of filters) {
  test(`a filter lets a rename through by ${rule}`, async (t) => {
    const { task, schedule } = await scheduled();
    const stream = await watchSchedules(t, { taskKeys: [task.key], ...filter(schedule.name) });
    await api.updateSchedule({ ref: { id: schedule.id }, patch: { name: `${schedule.name}-renamed` } });
    assert.equal((await stream.next()).id, schedule.id);
  });
}

test('a filter holds back what matches neither before nor after', async (t) => {
  const { task, schedule } = await scheduled();
  const never = { from: '2100-01-01T00:00:00Z' };
  const others = await Promise.all(
    [{ names: ['another'] }, { kinds: ['INTERVAL'] }, { states: ['COMPLETED'] }, { nextFire: never }].map((filter) =>
      watchSchedules(t, { taskKeys: [task.key], ...filter }),
    ),
  );
  const all = await watchSchedules(t, { taskKeys: [task.key] });
  await api.updateSchedule({ ref: { id: schedule.id }, patch: { description: 'changed' } });
  await all.next();
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'test' });
  await all.next();
  assert.deepEqual(
    others.flatMap((stream) => stream.arrived()),
    [],
  );
});

test('a worker that comes is told, and again when it drains and stops', async (t) => {
  const stream = await watch<WorkerEvent>(t, carillon, { query: WORKER_CHANGED });
  const second = await startInstance(carillon.databaseUrl);
  const [created] = await stream.take(1);
  assert.equal(created?.kind, 'CREATED');
  assert.equal(created?.worker?.state, 'RUNNING');
  await second.stop();
  const states = (await stream.until((event) => event.worker?.state === 'STOPPED')).map((event) => event.id);
  assert.deepEqual(new Set(states), new Set([created?.id]));
});
