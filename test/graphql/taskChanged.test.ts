import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { TASK_CHANGED } from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import type { TaskEventView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);

const watchTasks = (t: TestContext, filter: unknown = null, after: string | null = null) =>
  watch<TaskEventView>(t, carillon, { query: TASK_CHANGED, variables: { filter, after } });
const told = (events: TaskEventView[]) => events.map((event) => [event.kind, event.state, event.task?.key]);

/** A task whose runs wait for `target.release`. Its creation has been told: streams that begin later do not begin with it. */
async function heldTask(t: TestContext) {
  const target = await startTarget(t);
  target.hold();
  const before = await watchTasks(t);
  const task = await api.taskOn(target.url);
  await before.until((event) => event.id === task.id);
  before.close();
  return { target, task, schedule: await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' }), filter: { keys: [task.key] } };
}

test('a task that is made is announced, idle', async (t) => {
  const stream = await watchTasks(t);
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const [event] = (await stream.until(({ id }) => id === task.id)).slice(-1);
  assert.deepEqual(
    { ...event, cursor: typeof event?.cursor },
    {
      cursor: 'string',
      kind: 'CREATED',
      at: task.registeredAt,
      id: task.id,
      state: 'IDLE',
      task: { key: task.key, state: 'IDLE' },
    },
  );
});

test('a task turns RUNNING with its first run and IDLE with the end of its last', async (t) => {
  const { target, task, schedule, filter } = await heldTask(t);
  const stream = await watchTasks(t, filter);
  await api.trigger(schedule);
  const [running] = await stream.take(1);
  assert.deepEqual(
    [running?.kind, running?.state, running?.id, running?.task],
    ['UPDATED', 'RUNNING', task.id, { key: task.key, state: 'RUNNING' }],
  );
  const more = [await api.trigger(schedule), await api.trigger(schedule)];
  for (const { id } of more) await api.runIn(id, 'RUNNING');
  target.release();
  assert.deepEqual(told(await stream.take(1)), [['UPDATED', 'IDLE', task.key]]);
  for (const { id } of more) await api.runIn(id, 'SUCCEEDED');

  target.hold();
  await api.trigger(schedule);
  assert.deepEqual(told(await stream.take(1)), [['UPDATED', 'RUNNING', task.key]], 'nothing came between');
  target.release();
  assert.deepEqual(told(await stream.take(1)), [['UPDATED', 'IDLE', task.key]]);
});

test('who begins to watch while a task runs is told when it turns IDLE', async (t) => {
  const { target, task, schedule, filter } = await heldTask(t);
  const before = await watchTasks(t, filter);
  await api.trigger(schedule);
  await api.trigger(schedule);
  await before.take(1);
  const stream = await watchTasks(t, filter);
  target.release();
  assert.deepEqual(told(await stream.take(1)), [['UPDATED', 'IDLE', task.key]]);
});

test('after goes on behind an event, also in the middle of a run, whether somebody else watches or nobody', async (t) => {
  for (const company of [true, false]) {
    const { target, task, schedule, filter } = await heldTask(t);
    const other = company ? await watchTasks(t) : null;
    const before = await watchTasks(t, filter);
    const first = await api.trigger(schedule);
    const [running] = await before.take(1);
    before.close();
    const second = await api.trigger(schedule);
    await api.runIn(second.id, 'RUNNING');
    target.release();
    for (const { id } of [first, second]) await api.runIn(id, 'SUCCEEDED');
    await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
    const back = await watchTasks(t, filter, running?.cursor);
    assert.deepEqual(
      (await back.take(3)).map((event) => event.state),
      ['IDLE', 'RUNNING', 'IDLE'],
    );
    const whole = await watchTasks(t, filter, null);
    await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
    assert.deepEqual(told(await whole.take(2)), [
      ['UPDATED', 'RUNNING', task.key],
      ['UPDATED', 'IDLE', task.key],
    ]);
    other?.close();
    whole.close();
    back.close();
  }
});

test('filters look at key, group and kind, of new tasks and of runs alike', async (t) => {
  const target = await startTarget(t);
  const [mine, other] = [fresh('group'), fresh('group')];
  const key = fresh('named');
  const everything = await watchTasks(t);
  const streams = {
    group: await watchTasks(t, { groups: [mine] }),
    groups: await watchTasks(t, { groups: [mine, other], kinds: ['HTTP'] }),
    key: await watchTasks(t, { keys: [key] }),
    code: await watchTasks(t, { kinds: ['CODE'] }),
    both: await watchTasks(t, { keys: [key], groups: [other] }),
    none: await watchTasks(t, { keys: [] }),
  };
  const named = await api.taskOn(target.url, { key, group: mine });
  const second = await api.taskOn(target.url, { group: mine });
  const third = await api.taskOn(target.url, { group: other });
  await api.trigger(await api.scheduleOf(named));
  await everything.until((event) => event.id === named.id && event.kind === 'UPDATED' && event.state === 'IDLE');
  const flips = [
    ['UPDATED', 'RUNNING', key],
    ['UPDATED', 'IDLE', key],
  ];
  const created = (task: { key: string }) => ['CREATED', 'IDLE', task.key];
  assert.deepEqual(told(await streams.group.take(4)), [created(named), created(second), ...flips]);
  assert.deepEqual(told(await streams.groups.take(5)), [created(named), created(second), created(third), ...flips]);
  assert.deepEqual(told(await streams.key.take(3)), [created(named), ...flips]);
  // By the time a later task has been seen, whatever else a filter let through would have come.
  const last = await api.taskOn(target.url);
  await everything.until((event) => event.id === last.id);
  for (const [name, stream] of Object.entries(streams)) assert.deepEqual(stream.arrived(), [], name);
});
