import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUN_CHANGED, SCHEDULE_CHANGED, TASK_CHANGED } from '../support/operations.ts';
import { refusal, watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import type { RunEventView, TaskEventView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const cursorNow = () => api.ask<string>('{ eventCursor }');
const runs = (t: TestContext, filter: unknown, from: string | null, minInterval: string | null = 'PT0.1S') =>
  watch<RunEventView>(t, carillon, { query: RUN_CHANGED, variables: { filter, after: from, minInterval } });
const shown = (event: RunEventView) => `${event.kind} ${event.previousState ?? '-'} ${event.state}`;

/** What happens once all of it has been told to a stream that tells everything. */
async function happened(t: TestContext, filter: unknown, from: string, count: number): Promise<RunEventView[]> {
  return (await runs(t, filter, from, null)).take(count);
}

async function scene(t: TestContext) {
  const target = await startTarget(t);
  const { key } = await api.taskOn(target.url);
  return { key, target, filter: { taskKeys: [key] }, schedule: await api.scheduleOf({ key }, { overlapPolicy: 'ALLOW_ALL' }) };
}

test('a whole life is one event: created, with the state of its end and the cursor of its last change', async (t) => {
  const { schedule, filter } = await scene(t);
  const from = await cursorNow();
  const ids = [(await api.trigger(schedule)).id, (await api.trigger(schedule)).id];
  const all = await happened(t, filter, from, 6);
  const told = await (await runs(t, filter, from)).take(2);
  assert.deepEqual(told.map(shown), ['CREATED - SUCCEEDED', 'CREATED - SUCCEEDED']);
  assert.deepEqual(told.map(({ id }) => id).toSorted(), ids.toSorted());
  assert.deepEqual(
    told.map(({ cursor, at }) => [cursor, at]),
    all.filter(({ state }) => state === 'SUCCEEDED').map(({ cursor, at }) => [cursor, at]),
  );
});

test('what a client has been told of goes on from the state that it was told', async (t) => {
  const { schedule, filter, target } = await scene(t);
  target.hold();
  const from = await cursorNow();
  await api.trigger(schedule);
  await happened(t, filter, from, 2);
  const stream = await runs(t, filter, from, 'PT0.3S');
  assert.equal(shown(await stream.next()), 'CREATED - RUNNING');
  target.release();
  assert.equal(shown(await stream.next()), 'UPDATED RUNNING SUCCEEDED');
});

test('a filter is asked of each change: who watches RUNNING hears that a run has left', async (t) => {
  const { schedule, filter } = await scene(t);
  const from = await cursorNow();
  await api.trigger(schedule);
  await happened(t, filter, from, 3);
  const [told] = await (await runs(t, { ...filter, states: ['RUNNING'] }, from)).take(1);
  assert.equal(told && shown(told), 'UPDATED QUEUED SUCCEEDED');
  const [queued] = await (await runs(t, { ...filter, states: ['QUEUED'] }, from)).take(1);
  assert.equal(queued && shown(queued), 'CREATED - RUNNING', 'what it did after it had left is not told');
});

test('a task is told of with the state it has at last', async (t) => {
  const { schedule, filter, key } = await scene(t);
  const from = await cursorNow();
  await api.trigger(schedule);
  await happened(t, filter, from, 3);
  const stream = await watch<TaskEventView>(t, carillon, {
    query: TASK_CHANGED,
    variables: { filter: { keys: [key] }, after: from, minInterval: 'PT0.1S' },
  });
  assert.equal((await stream.next()).state, 'IDLE');
});

test('what was created and deleted is told of as deleted', async (t) => {
  // Without a schedule yet: what was written just before the cursor may come as well.
  const { key } = await api.taskOn('http://127.0.0.1:9/hook');
  const from = await cursorNow();
  const name = fresh('short');
  await api.scheduleOf({ key }, { name });
  await api.updateSchedule({ ref: { name }, patch: { description: 'changed' } });
  await api.deleteSchedule({ ref: { name } });
  const last = await api.scheduleOf({ key });
  const stream = (minInterval: string | null) =>
    watch<{ id: string; kind: string }>(t, carillon, {
      query: SCHEDULE_CHANGED,
      variables: { filter: { taskKeys: [key] }, after: from, minInterval },
    });
  await (await stream(null)).until(({ id }) => id === last.id);
  const told = await (await stream('PT1M')).take(2);
  assert.deepEqual(
    told.map(({ kind, id }) => [kind, id === last.id]),
    [
      ['DELETED', false],
      ['CREATED', true],
    ],
  );
});

const refused = [
  { text: 'PT0S', says: 'minInterval is PT0S; allowed are PT0.1S to PT1M.' },
  { text: 'PT0.099S', says: 'minInterval is PT0.099S; allowed are PT0.1S to PT1M.' },
  { text: 'PT1M0.001S', says: 'minInterval is PT1M0.001S; allowed are PT0.1S to PT1M.' },
  { text: '-PT1S', says: "minInterval: '-PT1S' is negative: a duration here runs forward; allowed are PT0.1S to PT1M." },
  {
    text: '1s',
    says: "minInterval: '1s' is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W; allowed are PT0.1S to PT1M.",
  },
];
for (const [name, query] of Object.entries({ RUN_CHANGED, TASK_CHANGED, SCHEDULE_CHANGED })) {
  test(`${name}: a minInterval of less than PT0.1S or more than PT1M is BAD_USER_INPUT`, async (t) => {
    for (const { text, says } of refused) {
      const { status, errors } = await refusal(carillon, { query, variables: { minInterval: text } });
      assert.deepEqual([status, errors?.[0]?.extensions.code, errors?.[0]?.message], [400, 'BAD_USER_INPUT', says]);
    }
    for (const text of ['PT0.1S', 'PT60S']) await watch(t, carillon, { query, variables: { minInterval: text } });
  });
}
