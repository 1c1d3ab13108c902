import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { PAUSE_SCHEDULES, RUNS, RUN_CHANGED, SCHEDULES, SCHEDULE_CHANGED, TASKS, TASK_CHANGED } from '../support/operations.ts';
import { refusal, watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import type { ErrorView, PageView, RunEventView, TaskEventView } from '../support/views.ts';

/** What each field means is in test/events/filters.test.ts; here is how filters come in and reach lists, streams and mutations. */

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const keys = async (list: string, filter: object) => (await api.ask<PageView>(list, { filter })).nodes.map((node) => node.key);
const NOWHERE = 'http://127.0.0.1:9/hook';

const faults = [
  {
    filter: { labels: [{ key: 'a' }, { key: 'team', in: ['x'], exists: false }] },
    message: 'labels[1] asks for values of "team" and for its absence: give in or exists: false.',
    path: ['labels', '1'],
  },
  { filter: { search: 'x'.repeat(201) }, message: 'search has 201 characters; allowed are 200.', path: ['search'] },
  {
    filter: { labels: Array.from({ length: 21 }, () => ({ key: 'a' })) },
    message: 'labels has 21 entries; allowed are 20.',
    path: ['labels'],
  },
  {
    filter: { labels: [{ key: 'a', in: Array.from({ length: 1001 }, () => 'x') }] },
    message: 'labels[0].in has 1001 entries; allowed are 1000.',
    path: ['labels', '0', 'in'],
  },
];
for (const { filter, message, path } of faults) {
  test(`a filter that cannot be is refused by lists, streams and mutations: ${message}`, async () => {
    const { search: _, ...labelsOnly } = filter as { search?: string };
    const lists = { [TASKS]: filter, [SCHEDULES]: filter, ...('labels' in filter && { [RUNS]: labelsOnly }) };
    const streams = {
      [TASK_CHANGED]: filter,
      [SCHEDULE_CHANGED]: filter,
      ...('labels' in filter && { [RUN_CHANGED]: labelsOnly }),
    };
    const wanted = ['BAD_USER_INPUT', `filter: ${message}`];
    for (const [query, value] of Object.entries(lists)) {
      const { errors } = await carillon.ask(query, { filter: value });
      assert.deepEqual([errors?.[0]?.extensions.code, errors?.[0]?.message], wanted);
    }
    for (const [query, value] of Object.entries(streams)) {
      const { errors } = await refusal(carillon, { query, variables: { filter: value } });
      assert.deepEqual([errors?.[0]?.extensions.code, errors?.[0]?.message], wanted);
    }
    const input = { select: { filter }, reason: 'because' };
    const { userErrors } = await api.ask<{ userErrors: ErrorView[] }>(PAUSE_SCHEDULES, { input });
    assert.deepEqual(
      userErrors.map((error) => [error.message, error.path]),
      [[message, ['input', 'select', 'filter', ...path]]],
    );
  });
}

test('any list of a filter has at most 1,000 entries', async () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `nobody ${n}`);
  const cases = [
    { list: TASKS, field: 'keys' },
    { list: SCHEDULES, field: 'names' },
    { list: RUNS, field: 'scheduleNames' },
  ];
  for (const { list, field } of cases) {
    assert.deepEqual(await keys(list, { [field]: names(1000) }), []);
    const { errors } = await carillon.ask(list, { filter: { [field]: names(1001) } });
    assert.equal(errors?.[0]?.message, `filter: ${field} has 1001 entries; allowed are 1000.`);
  }
});

test('lists inside of objects check their filters as well', async () => {
  const task = await api.taskOn(NOWHERE);
  const schedule = await api.scheduleOf(task);
  const bad = '(filter: { labels: [{ key: "a", in: [], exists: false }] }) { totalCount }';
  for (const query of [
    `{ task(ref: { id: "${task.id}" }) { schedules${bad} } }`,
    `{ task(ref: { id: "${task.id}" }) { runs${bad} } }`,
    `{ schedule(ref: { id: "${schedule.id}" }) { runs${bad} } }`,
  ]) {
    const { errors } = await carillon.ask(query);
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT', query);
  }
});

test('streams refuse what no event tells of: a silent schedule, a missed occurrence, an unavailable task', async () => {
  for (const silent of [true, false]) {
    const { status, errors } = await refusal(carillon, { query: SCHEDULE_CHANGED, variables: { filter: { silent } } });
    assert.deepEqual([status, errors?.[0]?.extensions.code], [400, 'BAD_USER_INPUT']);
    assert.match(errors?.[0]?.message ?? '', /^filter: silent is for lists/);
  }
  const missedSince = new Date(0).toISOString();
  const missed = await refusal(carillon, { query: SCHEDULE_CHANGED, variables: { filter: { missedSince } } });
  assert.match(missed.errors?.[0]?.message ?? '', /^filter: missedSince is for lists/);
  const { errors } = await refusal(carillon, { query: TASK_CHANGED, variables: { filter: { states: ['IDLE', 'UNAVAILABLE'] } } });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
  assert.match(errors?.[0]?.message ?? '', /^filter: states holds UNAVAILABLE, which is for lists/);
  assert.equal(typeof (await api.ask<PageView>(TASKS, { filter: { states: ['UNAVAILABLE'] } })).totalCount, 'number');
  assert.equal(typeof (await api.ask<PageView>(SCHEDULES, { filter: { silent: true } })).totalCount, 'number');
  assert.equal(typeof (await api.ask<PageView>(SCHEDULES, { filter: { missedSince } })).totalCount, 'number');
});

test('who watches what fails is told when a schedule begins to fail and when it recovers; lists and schedules say so too', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url, { execution: { retry: { maxAttempts: 1 } } });
  const schedule = await api.scheduleOf(task, { labels: [{ key: 'team', value: 'ops' }] });
  interface Event {
    id: string;
    kind: string;
    schedule: { version: number };
  }
  const filter = { failing: true, taskKeys: [task.key] };
  const stream = await watch<Event>(t, carillon, { query: SCHEDULE_CHANGED, variables: { filter } });
  const all = await watch<Event>(t, carillon, { query: SCHEDULE_CHANGED, variables: { filter: { taskKeys: [task.key] } } });
  const end = async (status: number) => {
    target.reply({ status });
    await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED', 'FAILED');
    return (await api.schedule(schedule.name))?.consecutiveFailures;
  };
  await api.updateSchedule({ ref: { id: schedule.id }, patch: { description: 'fine so far' } });
  assert.equal(await end(404), 1);
  assert.equal((await stream.next()).id, schedule.id);
  assert.deepEqual(await keys(SCHEDULES, filter), [schedule.name]);
  assert.equal(await end(404), 2);
  assert.equal(await end(200), 0);
  assert.deepEqual([(await stream.next()).kind, await keys(SCHEDULES, filter)], ['UPDATED', []]);
  await api.updateSchedule({ ref: { id: schedule.id }, patch: { description: 'fine again' } });
  await all.until((event) => event.schedule.version === 3);
  assert.deepEqual(stream.arrived(), []);
});

test('streams of runs and tasks follow labels, as lists do', async (t) => {
  const target = await startTarget(t);
  const value = fresh('v');
  const labels = [{ key: 'mark', value }];
  const marked = { labels: [{ key: 'mark', in: [value] }] };
  const start = await watch<TaskEventView>(t, carillon, { query: TASK_CHANGED });
  const runs = await watch<RunEventView>(t, carillon, { query: RUN_CHANGED, variables: { filter: marked } });
  const tasks = await watch<TaskEventView>(t, carillon, { query: TASK_CHANGED, variables: { filter: marked } });
  const busy = await watch<TaskEventView>(t, carillon, {
    query: TASK_CHANGED,
    variables: { filter: { ...marked, states: ['RUNNING'], search: value } },
  });
  const plain = await api.taskOn(target.url);
  const task = await api.taskOn(target.url, { labels, description: `marked ${value}` });
  await api.trigger(await api.scheduleOf(plain));
  const run = await api.trigger(await api.scheduleOf(task));
  assert.deepEqual(
    (await runs.take(3)).map((event) => [event.id, event.state]),
    [
      [run.id, 'QUEUED'],
      [run.id, 'RUNNING'],
      [run.id, 'SUCCEEDED'],
    ],
  );
  assert.deepEqual(
    (await tasks.take(3)).map((event) => [event.id, event.kind, event.state]),
    [
      [task.id, 'CREATED', 'IDLE'],
      [task.id, 'UPDATED', 'RUNNING'],
      [task.id, 'UPDATED', 'IDLE'],
    ],
  );
  assert.deepEqual(
    (await busy.take(2)).map((event) => event.state),
    ['RUNNING', 'IDLE'],
    'before or after the change',
  );
  assert.deepEqual([await keys(TASKS, marked), await keys(RUNS, marked)], [[task.key], [run.scheduledFor]]);
  const last = await api.taskOn(NOWHERE);
  await start.until((event) => event.id === last.id);
  assert.deepEqual([runs.arrived(), tasks.arrived(), busy.arrived()], [[], [], []]);
});

test('schedules are paused and resumed by the same filters', async () => {
  const task = await api.taskOn(NOWHERE);
  const value = fresh('v');
  const a = await api.scheduleOf(task, { labels: [{ key: 'team', value }], description: `50%_${value}` });
  await api.scheduleOf(task);
  const mine = { taskKeys: [task.key] };
  const selections = [
    { ...mine, labels: [{ key: 'team' }] },
    { ...mine, search: `50%_${value.toUpperCase()}` },
    { labels: [{ key: 'team', in: [value] }], failing: false, silent: false },
  ];
  for (const filter of selections) {
    const paused = await api.pauseSchedules({ select: { filter }, reason: 'test' });
    assert.deepEqual([paused.count, paused.schedules[0]?.id], [1, a.id], JSON.stringify(filter));
    const resumed = await api.resumeSchedules({ select: { filter } });
    assert.deepEqual([resumed.count, resumed.schedules[0]?.id], [1, a.id], JSON.stringify(filter));
  }
  for (const filter of [
    { ...mine, failing: true },
    { ...mine, silent: true },
    { ...mine, managedBy: 'task:x' },
    { ...mine, search: '%_%' },
  ]) {
    assert.equal((await api.pauseSchedules({ select: { filter }, reason: 'test' })).count, 0, JSON.stringify(filter));
  }
});

test('a task says since when it runs, until when it may, when it last ended and how', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url, { execution: { retry: { maxAttempts: 1 }, timeout: 'PT20S' } });
  const schedule = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const read = async () => {
    const { state, startedAt, timesOutAt, lastRunEndedAt, lastError } = (await api.task(task.key)) as NonNullable<
      Awaited<ReturnType<typeof api.task>>
    >;
    return { state, startedAt, timesOutAt, lastRunEndedAt, lastError: lastError?.code ?? null };
  };
  const idle = { state: 'IDLE', startedAt: null, timesOutAt: null };
  assert.deepEqual(await read(), { ...idle, lastRunEndedAt: null, lastError: null });
  target.hold();
  target.reply({ status: 404 });
  const first = await api.runIn((await api.trigger(schedule)).id, 'RUNNING');
  const second = await api.runIn((await api.trigger(schedule)).id, 'RUNNING');
  const running = { state: 'RUNNING', startedAt: first.startedAt, timesOutAt: first.timesOutAt };
  assert.deepEqual(await read(), { ...running, lastRunEndedAt: null, lastError: null }, 'the oldest');
  target.release();
  await api.runIn(first.id, 'FAILED');
  await api.runIn(second.id, 'FAILED');
  const ends = [(await api.run(first.id)).finishedAt, (await api.run(second.id)).finishedAt] as string[];
  assert.deepEqual(await read(), { ...idle, lastRunEndedAt: ends.toSorted()[1], lastError: 'HTTP_STATUS' });
  target.reply({});
  const third = await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  assert.deepEqual(await read(), { ...idle, lastRunEndedAt: third.finishedAt, lastError: null });
});
