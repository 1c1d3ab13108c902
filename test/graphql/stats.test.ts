import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { SCHEDULE_STATS, STATS } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';

interface StatsView {
  total: number;
  byState: { state: string; count: number }[];
  successRate: number | null;
  latenessP50Ms: number | null;
  latenessP95Ms: number | null;
  latenessP99Ms: number | null;
  durationP50Ms: number | null;
  durationP95Ms: number | null;
}

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const stats = (variables: object = {}) => api.ask<StatsView>(STATS, { ...variables });
const listStats = async (variables: object) =>
  (await api.ask<{ nodes: { name: string; stats: StatsView }[] }>(SCHEDULE_STATS, { ...variables })).nodes;
const NOTHING = {
  total: 0,
  successRate: null,
  latenessP50Ms: null,
  latenessP95Ms: null,
  latenessP99Ms: null,
  durationP50Ms: null,
  durationP95Ms: null,
};

test('what ran can be read at once, of all runs that match and of each schedule', async (t) => {
  const target = await startTarget(t);
  const labels = [{ key: 'test', value: fresh('stats') }];
  const task = await api.taskOn(target.url);
  const [busy, idle] = [await api.scheduleOf(task, { labels }), await api.scheduleOf(task, { labels })];
  const { id } = await api.trigger(busy);
  const run = await api.runIn(id, 'SUCCEEDED');
  const filter = { taskKeys: [task.key] };
  const all = await stats({ filter });
  assert.deepEqual([all.total, all.successRate], [1, 1]);
  assert.deepEqual(
    all.byState.filter(({ count }) => count > 0),
    [{ state: 'SUCCEEDED', count: 1 }],
  );
  assert.deepEqual(
    [all.latenessP50Ms, all.latenessP99Ms, all.durationP50Ms, all.durationP95Ms],
    [run.latenessMs, run.latenessMs, run.durationMs, run.durationMs],
    'as the run itself says',
  );
  const listed = new Map(
    (await listStats({ filter: { labels: [{ key: 'test', in: [labels[0]!.value] }] } })).map((s) => [s.name, s.stats]),
  );
  assert.deepEqual(listed.get(busy.name), all);
  const { byState, ...rest } = listed.get(idle.name)!;
  assert.deepEqual(rest, NOTHING);
  assert.ok(byState.every(({ count }) => count === 0));
  assert.equal((await stats({ filter: { ...filter, states: ['FAILED'] } })).total, 0);
});

test('byState has every state of the contract', async () => {
  const states = await api.ask<{ enumValues: { name: string }[] }>(`{ __type(name: "RunState") { enumValues { name } } }`);
  assert.deepEqual(
    (await stats()).byState.map(({ state }) => state).toSorted(),
    states.enumValues.map(({ name }) => name).toSorted(),
  );
});

test('a window is PT1M to P400D, PT1H and P7D when nothing is said', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const schedule = await api.scheduleOf(task);
  for (const window of ['PT1M', 'P400D', null]) {
    assert.equal((await stats({ window, filter: { taskKeys: [task.key] } })).total, 0);
    assert.equal((await listStats({ window, filter: { names: [schedule.name] } })).length, 1);
  }
  const allowed = 'allowed is PT1M to P400D.';
  const refused = {
    PT59S: `window is PT59S; ${allowed}`,
    P400DT1S: `window is P400DT1S; ${allowed}`,
    PT0S: `window is PT0S; ${allowed}`,
    P1M: `window 'P1M' has years or months, whose length depends on the date: use weeks, days or smaller.`,
    hour: `window 'hour' is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W.`,
  };
  for (const [window, message] of Object.entries(refused)) {
    for (const operation of [STATS, SCHEDULE_STATS]) {
      const filter = operation === STATS ? null : { names: [schedule.name] };
      const { errors } = await carillon.ask(operation, { window, filter });
      assert.deepEqual([errors?.[0]?.message, errors?.[0]?.extensions.code], [message, 'BAD_USER_INPUT']);
    }
  }
});

test('a filter that cannot be is refused as in lists', async () => {
  const { errors } = await carillon.ask(STATS, { filter: { labels: [{ key: 'a', in: ['b'], exists: false }] } });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
});
