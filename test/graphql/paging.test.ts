import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUNS, SCHEDULES, TASKS } from '../support/operations.ts';
import type { PageView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const other = await api.taskOn('http://127.0.0.1:9/hook');
const names: string[] = [];
for (let n = 0; n < 30; n += 1) names.push((await api.scheduleOf(task, { name: `s${String(n).padStart(2, '0')}` })).name);
const paused = await api.scheduleOf(other, { name: 'other-1', paused: true });
const soon = await api.scheduleOf(other, { name: 'other-2', trigger: { interval: { every: 'P1D' } } });
const late = await api.scheduleOf(other, { name: 'other-3' });

const page = (variables: object) => api.ask<PageView>(SCHEDULES, { filter: { taskKeys: [task.key] }, ...variables });
const keys = ({ nodes }: PageView) => nodes.map((node) => node.key);
const flags = ({ pageInfo }: PageView) => [pageInfo.hasPreviousPage, pageInfo.hasNextPage];
async function refusalOf(query: string, variables: object): Promise<string> {
  const { errors } = await carillon.ask(query, { ...variables });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT', JSON.stringify(errors));
  return errors[0].message;
}

test('last answers the end of the list, in the order of the list, and before goes on towards the start', async () => {
  const end = await page({ last: 4 });
  assert.deepEqual([keys(end), flags(end)], [names.slice(-4), [true, false]]);
  const before = await page({ last: 4, before: end.pageInfo.startCursor });
  assert.deepEqual([keys(before), flags(before)], [names.slice(-8, -4), [true, true]]);
  const start = await page({ last: 100, before: before.pageInfo.startCursor });
  assert.deepEqual([keys(start), flags(start)], [names.slice(0, -8), [false, true]]);
  const nothing = await page({ last: 1, before: start.pageInfo.startCursor });
  assert.deepEqual([keys(nothing), flags(nothing), nothing.pageInfo.endCursor], [[], [false, true], null]);
  const back = await page({ first: 3, after: before.pageInfo.endCursor });
  assert.deepEqual([keys(back), flags(back)], [names.slice(-4, -1), [true, true]]);
});

test('last without before counts whatever default first has; null is as good as absent', async () => {
  assert.deepEqual(keys(await page({ last: 2, first: null, after: null })), names.slice(-2));
  assert.deepEqual(keys(await page({ first: 2, last: null, before: null })), names.slice(0, 2));
  assert.deepEqual(keys(await page({})), names.slice(0, 25));
  const bare = '{ schedules(last: 2, filter: { taskKeys: ["TASK"] }) { nodes { id key: name } } }'.replace('TASK', task.key);
  assert.deepEqual(keys(await api.ask<PageView>(bare)), names.slice(-2));
});

test('hasPreviousPage looks: nothing is before the first row, even behind a cursor', async () => {
  const one = await page({ first: 1 });
  const filter = { taskKeys: [task.key], names: names.slice(1) };
  const rest = await page({ first: 5, after: one.pageInfo.endCursor, filter });
  assert.deepEqual([keys(rest), flags(rest)], [names.slice(1, 6), [false, true]]);
});

test('first and last, or a cursor of the other way, do not go together, in any list', async () => {
  const cursor = (await page({ first: 1 })).pageInfo.startCursor;
  const mixes = [
    { variables: { first: 1, last: 1 }, given: 'first and last' },
    { variables: { first: 25, last: 1 }, given: 'first and last' },
    { variables: { first: 1, before: cursor }, given: 'first and before' },
    { variables: { last: 1, after: cursor }, given: 'after and last' },
    { variables: { after: cursor, before: cursor }, given: 'after and before' },
    { variables: { first: 1, after: cursor, last: 1, before: cursor }, given: 'first and after and last and before' },
  ];
  for (const list of [TASKS, SCHEDULES, RUNS]) {
    for (const { variables, given } of mixes) {
      assert.equal(
        await refusalOf(list, variables),
        `${given} do not go together: give first with or without after, or last with or without before.`,
      );
    }
    for (const last of [0, -1, 101]) assert.equal(await refusalOf(list, { last }), `last is ${last}; allowed is 1 to 100.`);
  }
  assert.match(await refusalOf(SCHEDULES, { before: cursor }), /^before does not go without last: give first /);
});

test('runs of a task and of a schedule are walked both ways as well', async () => {
  const schedule = await api.scheduleOf(task, { name: 'with runs', overlapPolicy: 'ALLOW_ALL' });
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push((await api.trigger(schedule)).id);
  const newestFirst = (await api.ask<PageView>(RUNS, { filter: { scheduleIds: [schedule.id] } })).nodes.map((run) => run.id);
  assert.deepEqual(newestFirst.toSorted(), ids.toSorted());
  const query = `query ($id: ID!, $last: Int, $before: Cursor) {
    schedule(ref: { id: $id }) {
      runs(last: $last, before: $before) { nodes { id } pageInfo { startCursor hasPreviousPage } }
      task { runs(last: $last, before: $before, filter: { scheduleIds: [$id] }) { nodes { id } } }
    }
  }`;
  type Runs = { nodes: { id: string }[]; pageInfo: { startCursor: string; hasPreviousPage: boolean } };
  const read = async (variables: object) => {
    const { runs, task: owner } = await api.ask<{ runs: Runs; task: { runs: Runs } }>(query, { id: schedule.id, ...variables });
    assert.deepEqual(runs.nodes, owner.runs.nodes);
    return runs;
  };
  const end = await read({ last: 2 });
  assert.deepEqual([end.nodes.map((run) => run.id), end.pageInfo.hasPreviousPage], [newestFirst.slice(-2), true]);
  const rest = await read({ last: 3, before: end.pageInfo.startCursor });
  assert.deepEqual([rest.nodes.map((run) => run.id), rest.pageInfo.hasPreviousPage], [newestFirst.slice(0, 3), false]);
});

const orders = [
  { direction: 'ASC', found: [soon.name, late.name, paused.name] },
  { direction: 'DESC', found: [late.name, soon.name, paused.name] },
];
for (const { direction, found } of orders) {
  test(`by next fire ${direction}: what does not fire comes last, and cursors go on behind it`, async () => {
    const filter = { taskKeys: [other.key] };
    const orderBy = { field: 'NEXT_FIRE_AT', direction };
    assert.deepEqual(keys(await page({ filter, orderBy })), found);
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const one: PageView = await page({ filter, orderBy, first: 1, after });
      seen.push(...keys(one));
      after = one.pageInfo.endCursor;
      more = one.pageInfo.hasNextPage;
    }
    assert.deepEqual(seen, found);
    assert.deepEqual(keys(await page({ filter, orderBy, last: 2, before: after })), found.slice(0, 2), 'also back from there');
  });
}

test('tasks by next fire and by last end, runs by start and by end: the orders of the contract all answer', async () => {
  for (const direction of ['ASC', 'DESC']) {
    const byFire = await api.ask<PageView>(TASKS, {
      orderBy: { field: 'NEXT_FIRE_AT', direction },
      filter: { keys: [task.key, other.key] },
    });
    assert.deepEqual(keys(byFire), direction === 'ASC' ? [other.key, task.key] : [task.key, other.key]);
    for (const field of ['LAST_RUN_ENDED_AT', 'KEY'])
      assert.ok((await api.ask<PageView>(TASKS, { orderBy: { field, direction } })).totalCount >= 2);
    for (const field of ['STARTED_AT', 'FINISHED_AT', 'SCHEDULED_FOR']) {
      assert.ok((await api.ask<PageView>(RUNS, { orderBy: { field, direction } })).totalCount >= 5);
    }
    assert.equal(
      keys(await page({ orderBy: { field: 'UPDATED_AT', direction }, filter: { names: [names[0], names[1]] } })).length,
      2,
    );
  }
});

const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
test('a cursor of another order, direction or list is refused, in both directions; one without a value only where there is one always', async () => {
  const { pageInfo } = await page({ first: 1, orderBy: { field: 'NEXT_FIRE_AT' } });
  const place = pageInfo.startCursor;
  assert.equal(
    await refusalOf(SCHEDULES, { last: 1, before: place, orderBy: { field: 'NEXT_FIRE_AT', direction: 'DESC' } }),
    'before is a cursor of the order nextFireAt:ASC; this list is in the order nextFireAt:DESC.',
  );
  assert.match(
    await refusalOf(SCHEDULES, { first: 1, after: place }),
    /^after is a cursor of the order nextFireAt:ASC; this list is in the order name:ASC/,
  );
  assert.match(
    await refusalOf(TASKS, { first: 1, after: place, orderBy: { field: 'NEXT_FIRE_AT' } }),
    /this list is in the order nextFireAtOfTask:ASC/,
  );
  const none = 'before is not a cursor of this list.';
  assert.equal(await refusalOf(SCHEDULES, { last: 1, before: cursor('name:ASC', null, 'sch_1') }), none);
  assert.equal(await refusalOf(SCHEDULES, { last: 1, before: 'x' }), none);
  const orderBy = { field: 'NEXT_FIRE_AT' };
  assert.equal(await refusalOf(SCHEDULES, { last: 1, before: cursor('nextFireAt:ASC', 'soon', 'sch_1'), orderBy }), none);
  assert.equal((await page({ last: 1, before: cursor('nextFireAt:ASC', null, 'sch_1'), orderBy })).nodes.length, 1);
});
