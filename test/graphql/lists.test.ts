import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUNS, SCHEDULES, TASKS } from '../support/operations.ts';
import { connect, halfPastHourly, missHours } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { until } from '../support/until.ts';
import type { PageView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const URL_OF_NOBODY = 'http://127.0.0.1:9/hook';
const LISTS = { tasks: TASKS, schedules: SCHEDULES, runs: RUNS };
type List = keyof typeof LISTS;

const page = (list: List, variables: Record<string, unknown>) => api.ask<PageView>(LISTS[list], variables);
/** Ids or, for tasks and schedules, names. */
const keys = async (list: List, filter: unknown) => (await page(list, { filter, first: 100 })).nodes.map((node) => node.key);
const ids = async (list: List, filter: unknown) =>
  (await page(list, { filter, first: 100 })).nodes.map((node) => node.id).toSorted();

const walks = [
  { list: 'tasks', field: 'KEY' },
  { list: 'schedules', field: 'NAME' },
  { list: 'schedules', field: 'CREATED_AT' },
  { list: 'runs', field: 'SCHEDULED_FOR' },
] as const;
for (const { list, field } of walks) {
  for (const direction of ['ASC', 'DESC']) {
    test(`${list} by ${field} ${direction}: pages walk every entry once, while others come in`, async (t) => {
      const { filter, add, close } = await collection(t, list);
      const early = await Promise.all(Array.from({ length: 11 }, () => add()));
      const orderBy = { field, direction };
      const seen: string[] = [];
      const nodes: { id: string; key: string }[] = [];
      let after: string | null = null;
      for (;;) {
        const {
          nodes: rows,
          edges,
          totalCount,
          totalCountCapped,
          pageInfo,
        }: PageView = await page(list, { first: 4, after, filter, orderBy });
        assert.deepEqual(
          edges.map((edge) => edge.node.id),
          rows.map((row) => row.id),
        );
        assert.deepEqual([pageInfo.startCursor, pageInfo.endCursor], [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null]);
        assert.equal(pageInfo.hasPreviousPage, after !== null);
        assert.ok(totalCount >= 11 && !totalCountCapped);
        seen.push(...rows.map((row) => row.id));
        nodes.push(...rows);
        if (!pageInfo.hasNextPage) break;
        assert.equal(rows.length, 4);
        after = pageInfo.endCursor;
        await add();
      }
      assert.equal(new Set(seen).size, seen.length, 'none twice');
      for (const id of early) assert.ok(seen.includes(id), 'none is missing');
      if (field !== 'CREATED_AT') {
        const sorted = nodes.map((node) => node.key).toSorted();
        assert.deepEqual(
          nodes.map((node) => node.key),
          direction === 'ASC' ? sorted : sorted.toReversed(),
        );
      }
      await close();
    });
  }
}

/** A list that only this test adds to, at both ends and in between. @returns `add` answers the id of what it added */
async function collection(t: Parameters<typeof startTarget>[0], list: List) {
  const group = fresh('group');
  const close = async () => undefined as void;
  let added = 0;
  const letter = () => String.fromCharCode(97 + ((added++ * 11) % 26));
  if (list === 'tasks') {
    const add = async () => (await api.taskOn(URL_OF_NOBODY, { key: `${letter()}${fresh('t')}`, group })).id;
    return { filter: { groups: [group] }, add, close };
  }
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const filter = { taskKeys: [task.key] };
  if (list === 'schedules')
    return { filter, add: async () => (await api.scheduleOf(task, { name: `${letter()}${fresh('s')}` })).id, close };
  const schedule = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const started: string[] = [];
  return {
    filter,
    async add() {
      const { id } = await api.trigger(schedule);
      started.push(id);
      return id;
    },
    async close() {
      await Promise.all(started.map((id) => api.runIn(id, 'SUCCEEDED')));
    },
  };
}

test('the default page has 25 entries; 1 to 100 can be asked for, in every list', async () => {
  const task = await api.taskOn(URL_OF_NOBODY);
  await Promise.all(Array.from({ length: 26 }, () => api.scheduleOf(task)));
  const filter = { taskKeys: [task.key] };
  assert.equal((await page('schedules', { filter })).nodes.length, 25);
  assert.equal((await page('schedules', { filter, first: null })).nodes.length, 25);
  assert.equal((await page('schedules', { filter, first: 100 })).nodes.length, 26);
  assert.equal((await page('schedules', { filter, first: 1 })).nodes.length, 1);
  for (const list of ['tasks', 'schedules', 'runs'] as const) {
    for (const first of [0, -1, 101]) {
      const { errors } = await carillon.ask(LISTS[list], { first });
      assert.deepEqual(
        [errors?.[0]?.message, errors?.[0]?.extensions.code],
        [`first is ${first}; allowed is 1 to 100.`, 'BAD_USER_INPUT'],
      );
    }
  }
});

test('an empty page has no cursors and no more pages', async () => {
  const empty = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
  for (const list of ['tasks', 'schedules', 'runs'] as const) {
    const filter = list === 'tasks' ? { keys: ['nowhere'] } : { taskKeys: ['nowhere'] };
    assert.deepEqual(await page(list, { filter }), {
      nodes: [],
      edges: [],
      totalCount: 0,
      totalCountCapped: false,
      pageInfo: empty,
    });
  }
});

const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const badCursors = [
  { what: 'an empty text', after: '' },
  { what: 'some text', after: 'yesterday' },
  { what: 'JSON of another shape', after: Buffer.from('{"a":1}').toString('base64url') },
  { what: 'no place', after: cursor('scheduledFor:DESC', null, 'run_1') },
  { what: 'no instant', after: cursor('scheduledFor:DESC', 'yesterday', 'run_1') },
  {
    what: 'an instant that the database does not know',
    after: cursor('scheduledFor:DESC', '-200000-01-01T00:00:00.000Z', 'run_1'),
  },
  { what: 'text that the database cannot hold', after: cursor('scheduledFor:DESC', '2026-01-01T00:00:00.000Z', 'run_\0') },
];
for (const { what, after: bad } of badCursors) {
  test(`a cursor that is none is refused: ${what}`, async () => {
    const { errors } = await carillon.ask(RUNS, { after: bad });
    assert.deepEqual(
      [errors?.[0]?.message, errors?.[0]?.extensions.code],
      ['after is not a cursor of this list.', 'BAD_USER_INPUT'],
    );
  });
}

test('a cursor of another order is refused: it would skip or repeat entries', async () => {
  await api.scheduleOf(await api.taskOn(URL_OF_NOBODY));
  const { pageInfo } = await page('schedules', { orderBy: { field: 'NAME', direction: 'ASC' } });
  for (const orderBy of [{ field: 'NAME', direction: 'DESC' }, { field: 'CREATED_AT' }]) {
    const { errors } = await carillon.ask(SCHEDULES, { after: pageInfo.startCursor, orderBy });
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
    assert.match(errors[0].message, /^after is a cursor of the order name:ASC; this list is in the order \w+:\w+\.$/);
  }
  const { errors } = await carillon.ask(TASKS, { after: pageInfo.startCursor });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
});

test('tasks are filtered by keys, groups and kinds; all given fields must match', async () => {
  const [one, two] = [fresh('group'), fresh('group')];
  const [a, b, c] = [
    await api.taskOn(URL_OF_NOBODY, { group: one }),
    await api.taskOn(URL_OF_NOBODY, { group: one }),
    await api.taskOn(URL_OF_NOBODY, { group: two }),
  ];
  assert.deepEqual(await keys('tasks', { keys: [a.key, c.key, 'nowhere'] }), [a.key, c.key]);
  assert.deepEqual(await keys('tasks', { groups: [one] }), [a.key, b.key]);
  assert.deepEqual(await keys('tasks', { groups: [one, two], kinds: ['HTTP'] }), [a.key, b.key, c.key]);
  assert.deepEqual(await keys('tasks', { keys: [a.key], groups: [two] }), []);
  assert.deepEqual(await keys('tasks', { groups: [one], kinds: ['CODE'] }), []);
  assert.deepEqual(await keys('tasks', { groups: [] }), [], 'an empty list matches nothing');
  assert.deepEqual(await keys('tasks', { groups: [one], keys: null }), [a.key, b.key], 'null is as good as absent');
});

test('schedules are filtered by names, task, state, kind and next fire (from, until)', async () => {
  const task = await api.taskOn(URL_OF_NOBODY);
  const other = await api.scheduleOf(await api.taskOn(URL_OF_NOBODY));
  const cron = await api.scheduleOf(task);
  const interval = await api.scheduleOf(task, { trigger: { interval: { every: 'P1D' } } });
  const paused = await api.scheduleOf(task, { trigger: { interval: { every: 'P1D' } }, paused: true });
  const mine = { taskKeys: [task.key] };
  assert.deepEqual(await keys('schedules', mine), [cron.name, interval.name, paused.name]);
  assert.deepEqual(await keys('schedules', { names: [other.name, cron.name] }), [other.name, cron.name].toSorted());
  assert.deepEqual(await keys('schedules', { ...mine, states: ['ACTIVE', 'COMPLETED'] }), [cron.name, interval.name]);
  assert.deepEqual(await keys('schedules', { ...mine, states: ['PAUSED'] }), [paused.name]);
  assert.deepEqual(await keys('schedules', { ...mine, kinds: ['INTERVAL'] }), [interval.name, paused.name]);
  const at = interval.nextFireAt as string;
  const later = new Date(Date.parse(at) + 1).toISOString();
  const nextFire = (range: object) => keys('schedules', { ...mine, nextFire: range });
  assert.deepEqual(
    await nextFire({ from: at, until: later }),
    [interval.name],
    'from is included; a paused one has no next fire',
  );
  assert.deepEqual(await nextFire({ until: at }), [], 'until is not');
  assert.deepEqual(await nextFire({ from: later }), [cron.name]);
  assert.deepEqual(await nextFire({}), [cron.name, interval.name]);
  const nested =
    'query ($id: ID!, $filter: ScheduleFilter) { task(ref: { id: $id }) { schedules(filter: $filter) { nodes { name } } } }';
  const { schedules } = await api.ask<{ schedules: unknown }>(nested, { id: task.id, filter: { kinds: ['CRON'] } });
  assert.deepEqual(schedules, { nodes: [{ name: cron.name }] });
});

test('runs are filtered by schedule, task, state, origin and nominal instant (from, until)', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url, { execution: { retry: { maxAttempts: 1 } } });
  const manual = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const missed = await api.scheduleOf(task, { trigger: halfPastHourly(), misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } });
  const done = await api.trigger(manual);
  await api.runIn(done.id, 'SUCCEEDED');
  target.reply({ status: 404 });
  const failed = await api.trigger(manual);
  await api.runIn(failed.id, 'FAILED');
  target.hold();
  target.reply({});
  await missHours(await connect(t, carillon.databaseUrl), api, missed, 2);
  const mine = { taskKeys: [task.key] };
  await until(async () => (await keys('runs', { ...mine, states: ['RUNNING'] })).length === 1);
  const [running, waiting] = [
    await ids('runs', { ...mine, states: ['RUNNING'] }),
    await ids('runs', { ...mine, states: ['BUFFERED'] }),
  ];
  assert.deepEqual([running.length, waiting.length], [1, 1]);

  const expected = [
    { filter: {}, found: [done.id, failed.id, ...running, ...waiting] },
    { filter: { scheduleIds: [manual.id] }, found: [done.id, failed.id] },
    { filter: { scheduleNames: [missed.name] }, found: [...running, ...waiting] },
    { filter: { scheduleIds: [manual.id], scheduleNames: [missed.name] }, found: [] },
    { filter: { taskKeys: ['nowhere'] }, found: [] },
    { filter: { states: ['SUCCEEDED', 'FAILED'] }, found: [done.id, failed.id] },
    { filter: { states: ['QUEUED', 'RETRY_WAIT', 'TIMED_OUT', 'CANCELED'] }, found: [] },
    { filter: { states: [] }, found: [] },
    { filter: { origins: ['MANUAL'] }, found: [done.id, failed.id] },
    { filter: { origins: ['CATCH_UP', 'SCHEDULE'] }, found: [...running, ...waiting] },
    { filter: { scheduledFor: { from: done.scheduledFor, until: failed.scheduledFor } }, found: [done.id] },
    { filter: { scheduledFor: { from: failed.scheduledFor } }, found: [failed.id] },
    { filter: { scheduledFor: { until: done.scheduledFor } }, found: [...running, ...waiting] },
  ];
  for (const { filter, found } of expected) {
    assert.deepEqual(await ids('runs', { ...mine, ...filter }), found.toSorted(), JSON.stringify(filter));
  }
  const nested = `query ($task: ID!, $schedule: ID!, $filter: RunFilter) {
    both: task(ref: { id: $task }) { runs(filter: $filter) { totalCount } schedules(filter: { names: [] }) { totalCount } }
    of: schedule(ref: { id: $schedule }) { runs(filter: $filter) { nodes { id } } }
  }`;
  const { data } = await carillon.ask(nested, { task: task.id, schedule: manual.id, filter: { states: ['FAILED', 'RUNNING'] } });
  assert.deepEqual(data, {
    both: { runs: { totalCount: 2 }, schedules: { totalCount: 0 } },
    of: { runs: { nodes: [{ id: failed.id }] } },
  });
});

test('totalCount is exact up to 10,000 and says when it is capped', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const task = await api.taskOn(URL_OF_NOBODY);
  const insert = `INSERT INTO run (id, task_id, state, origin, scheduled_for, effective_at, created_at, finished_at, max_attempts, policy)
    SELECT 'run_' || $1 || n, $1, 'SUCCEEDED', 'MANUAL', now(), now(), now(), now(), 1, '{}' FROM generate_series($2::int, $3::int) n`;
  await database.query(insert, [task.id, 1, 10_000]);
  const count = async () => {
    const { totalCount, totalCountCapped } = await page('runs', { filter: { taskKeys: [task.key] }, first: 1 });
    return [totalCount, totalCountCapped];
  };
  assert.deepEqual(await count(), [10_000, false]);
  await database.query(insert, [task.id, 10_001, 10_001]);
  assert.deepEqual(await count(), [10_000, true]);
});

test('an instant of a filter: years 1 to 9999, with an offset', async () => {
  for (const from of [
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '2026-01-01T00:00:00',
    '2026-01-01',
    'soon',
  ]) {
    const { errors } = await carillon.ask(RUNS, { filter: { scheduledFor: { from } } });
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT', `${from}: ${errors?.[0]?.message}`);
  }
  for (const from of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00+14:00']) {
    assert.equal(typeof (await page('runs', { filter: { scheduledFor: { from } } })).totalCount, 'number');
  }
});
