import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { SCHEDULES } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';

/** What callers of other schedulers' services may do, asked of a whole Carillon: docs/conformance.md says which is whose. */

const INTERVAL = `{ interval: { every: 'PT1S' } }`;
const CRON = `{ cron: { expression: '* * * * * *' } }`;
const TASKS = `
import { defineTask } from 'carillon';
const run = ({ signal, scheduledFor }) => ({ open: signal instanceof AbortSignal && !signal.aborted, at: scheduledFor });
const task = (key, scope, trigger) =>
  defineTask({ key, scope, group: 'conformance', name: key.toUpperCase(), description: 'every second', schedules: [{ name: key, trigger }], run });
export const a = task('a-global-interval', 'GLOBAL', ${INTERVAL});
export const b = task('b-global-cron', 'GLOBAL', ${CRON});
export const c = task('c-local-interval', 'LOCAL', ${INTERVAL});
export const d = task('d-local-cron', 'LOCAL', ${CRON});
export const moody = defineTask({
  key: 'moody', scope: 'LOCAL', retry: { maxAttempts: 1 },
  run({ input }) { if (input?.fails) throw new Error('in a bad mood'); },
});
`;
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: await taskFolder({ after }, { 'tasks.ts': TASKS }) });
const api = createApi(carillon);

interface Listed {
  key: string;
  group: string;
  name: string;
  description: string;
  scope: string;
  schedules: {
    nodes: { trigger: { kind: string }; runs: { nodes: { scheduledFor: string; output: { open: boolean; at: string } }[] } }[];
  };
}
const LIST = `{
  tasks(filter: { groups: ["conformance"] }) {
    nodes {
      key group name description scope
      schedules { nodes { trigger { kind } runs(last: 2, filter: { states: [SUCCEEDED] }) { nodes { scheduledFor output } } } }
    }
  }
}`;
test('code tasks of either scope run by interval as by cron, at their times and not at the start, each with an open signal; one list shows them all', async () => {
  const listed = await until(async () => {
    const { nodes } = await api.ask<{ nodes: Listed[] }>(LIST);
    return nodes.every(({ schedules }) => (schedules.nodes[0]?.runs.nodes.length ?? 0) >= 2) && nodes;
  });
  assert.deepEqual(
    listed.map(({ schedules, ...task }) => ({ ...task, kind: schedules.nodes[0]?.trigger.kind })),
    [
      ['a-global-interval', 'GLOBAL', 'INTERVAL'],
      ['b-global-cron', 'GLOBAL', 'CRON'],
      ['c-local-interval', 'LOCAL', 'INTERVAL'],
      ['d-local-cron', 'LOCAL', 'CRON'],
    ].map(([key, scope, kind]) => ({
      key,
      group: 'conformance',
      name: key?.toUpperCase(),
      description: 'every second',
      scope,
      kind,
    })),
  );
  for (const { key, schedules } of listed) {
    const runs = schedules.nodes[0]!.runs.nodes;
    for (const { scheduledFor, output } of runs) {
      assert.deepEqual(output, { open: true, at: scheduledFor }, key);
      assert.match(scheduledFor, /\.000Z$/, key);
    }
    assert.ok(Date.parse(runs[0]!.scheduledFor) !== Date.parse(runs[1]!.scheduledFor), key);
  }
});

test('a LOCAL task says when it last ended and how, until it succeeds again', async () => {
  const key = 'moody';
  const told = async () => {
    const { state, lastRunEndedAt, lastError } = (await api.task(key))!;
    return { state, lastRunEndedAt, error: lastError?.message ?? null };
  };
  assert.deepEqual(await told(), { state: 'IDLE', lastRunEndedAt: null, error: null });
  for (const fails of [false, true, false]) {
    const { run } = await api.triggerTask({ task: { key }, input: { fails } });
    const { finishedAt } = await api.runIn(run!.id, 'SUCCEEDED', 'FAILED');
    assert.deepEqual(await told(), { state: 'IDLE', lastRunEndedAt: finishedAt, error: fails ? 'in a bad mood' : null });
  }
});

test('a task is triggered with nothing but its key, outside its schedules, which keep their next times; unknown: NOT_FOUND', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task);
  const { run, userErrors } = await api.triggerTask({ task: { key: task.key } });
  assert.deepEqual(userErrors, []);
  await api.runIn(run!.id, 'SUCCEEDED');
  assert.equal((await api.schedule(schedule.name))?.nextFireAt, schedule.nextFireAt);
  const unknown = await api.triggerTask({ task: { key: 'nowhere' } });
  assert.deepEqual([unknown.run, unknown.userErrors.map(({ code }) => code)], [null, ['NOT_FOUND']]);
});

interface Page {
  nodes: { key: string }[];
  totalCount: number;
}
test('schedules are found by a part of their name in any case, counted as found, and sorted by name both ways', async (t) => {
  const task = await api.taskOn((await startTarget(t)).url);
  const mark = fresh('Workflows');
  const names = ['b', 'c', 'a'].map((letter) => `Resume ${mark} ${letter}`);
  for (const name of [...names, 'Clean up']) await api.scheduleOf(task, { name });
  const filter = { search: `${mark.toUpperCase().slice(2)} `, taskKeys: [task.key] };
  for (const direction of ['ASC', 'DESC']) {
    const page = await api.ask<Page>(SCHEDULES, { filter, first: 2, orderBy: { field: 'NAME', direction } });
    const sorted = direction === 'ASC' ? names.toSorted() : names.toSorted().toReversed();
    assert.deepEqual([page.nodes.map(({ key }) => key), page.totalCount], [sorted.slice(0, 2), 3]);
  }
});

const unknown: [what: string, query: string, message: RegExp][] = [
  ['field of a filter', '{ schedules(filter: { nam: "x" }) { totalCount } }', /"nam".*"ScheduleFilter".*Did you mean "names"/s],
  [
    'field of an order',
    '{ schedules(orderBy: { field: NAMES }) { totalCount } }',
    /"NAMES".*"ScheduleOrderField".*Did you mean.*"NAME"/s,
  ],
  [
    'field of what is created',
    'mutation { createSchedule(input: { spec: { name: "x", when: 1 } }) { userErrors { code } } }',
    /"when"/,
  ],
  ['mutation', 'mutation { replaceSchedule(id: "x") { userErrors { code } } }', /"replaceSchedule"/],
];
for (const [what, query, message] of unknown) {
  test(`an unknown ${what} is refused as a whole and told by name: nothing is answered half, nothing is done`, async () => {
    const { data, errors } = await carillon.ask<unknown>(query);
    assert.equal(data ?? null, null);
    assert.ok(
      errors?.some((error) => error.extensions.code === 'GRAPHQL_VALIDATION_FAILED' && message.test(error.message)),
      JSON.stringify(errors),
    );
  });
}
