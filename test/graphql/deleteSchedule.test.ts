import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { SCHEDULES } from '../support/operations.ts';
import { connect, halfPastHourly, missHours } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { until } from '../support/until.ts';
import type { PageView, RunView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);

test('a deleted schedule is gone at once, and its name is free', async (t) => {
  const task = await api.taskOn((await startTarget(t)).url);
  const schedule = await api.scheduleOf(task);
  assert.deepEqual(await api.deleteSchedule({ ref: { name: schedule.name } }), { deletedId: schedule.id, userErrors: [] });
  assert.equal(await api.schedule(schedule.name), null);
  const { totalCount } = await api.ask<PageView>(SCHEDULES, { filter: { taskKeys: [task.key] } });
  assert.equal(totalCount, 0);
  assert.equal((await api.task(task.key))?.nextFireAt, null);

  const next = await api.scheduleOf(task, { name: schedule.name });
  assert.notEqual(next.id, schedule.id);
  assert.equal((await api.schedule(schedule.name))?.id, next.id);
});

test('one that is not there, or not any more: NOT_FOUND for every mutation', async (t) => {
  const { id, name } = await api.scheduleOf(await api.taskOn((await startTarget(t)).url));
  await api.deleteSchedule({ ref: { id } });
  const ref = { id };
  const answers = [
    await api.deleteSchedule({ ref }),
    await api.updateSchedule({ ref, patch: {} }),
    await api.triggerSchedule({ ref }),
    await api.pauseSchedules({ select: { ids: [id] }, reason: 'because' }),
    await api.resumeSchedules({ select: { names: [name] } }),
  ];
  for (const { userErrors } of answers) {
    assert.deepEqual(
      userErrors.map((error) => error.code),
      ['NOT_FOUND'],
    );
  }
});

test('expectedVersion and reason are looked at before anything is done', async (t) => {
  const { id, name } = await api.scheduleOf(await api.taskOn((await startTarget(t)).url));
  const stale = await api.deleteSchedule({ ref: { id }, expectedVersion: 2 });
  assert.equal(stale.deletedId, null);
  assert.deepEqual(
    stale.userErrors.map((error) => [error.code, error.currentVersion, error.current]),
    [['VERSION_CONFLICT', 1, { __typename: 'Schedule', id }]],
  );
  const wordy = await api.deleteSchedule({ ref: { id }, reason: 'x'.repeat(2_001) });
  assert.deepEqual(
    wordy.userErrors.map((error) => [error.code, error.path]),
    [['INVALID', ['input', 'reason']]],
  );
  assert.ok(await api.schedule(name));
  assert.equal((await api.deleteSchedule({ ref: { id }, expectedVersion: 1, reason: 'Not needed' })).deletedId, id);
});

test('runs that wait are canceled, the run under way finishes, and all of them can be read with their schedule', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const database = await connect(t, carillon.databaseUrl);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task, {
    trigger: halfPastHourly(),
    misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' },
  });
  // A backlog: the oldest runs, the others wait for it one after the other.
  await missHours(database, api, schedule, 3);
  await target.next();
  const before = await runsOf(schedule.name);
  assert.deepEqual(
    before.map(({ state, origin }) => [state, origin]),
    [
      ['RUNNING', 'CATCH_UP'],
      ['BUFFERED', 'CATCH_UP'],
      ['BUFFERED', 'CATCH_UP'],
    ],
  );

  await api.deleteSchedule({ ref: { id: schedule.id } });
  const [underWay, ...waiting] = await runsOf(schedule.name);
  assert.equal(underWay?.state, 'RUNNING');
  for (const run of waiting) {
    assert.equal(run.state, 'CANCELED');
    assert.ok(run.finishedAt);
    assert.equal(run.startedAt, null);
    assert.equal(run.durationMs, null);
  }
  const past = { nextFireAt: null, nextFireTimes: [], viewerCanEdit: false, viewerCanOperate: false };
  assert.deepEqual(underWay.schedule, { id: schedule.id, name: schedule.name, ...past });
  target.release();
  await api.runIn(underWay.id, 'SUCCEEDED');
  assert.equal(target.received.length, 1, 'what was canceled is never sent');
  assert.equal((await api.task(task.key))?.runs.totalCount, 3);
});

test('a run that a worker has not begun yet is canceled, although its delivery is out', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const busy = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const { capacity } = (await api.runIn((await api.trigger(busy)).id, 'RUNNING')).worker!;
  await Promise.all(Array.from({ length: capacity - 1 }, () => api.trigger(busy)));
  await until(() => target.received.length === capacity);
  const schedule = await api.scheduleOf(task);
  const waiting = await api.trigger(schedule);
  assert.equal((await api.run(waiting.id)).state, 'QUEUED', 'every place of the worker is taken');
  await api.deleteSchedule({ ref: { id: schedule.id } });
  assert.equal((await api.run(waiting.id)).state, 'CANCELED');
  target.release();
  const last = await api.trigger(busy);
  await api.runIn(last.id, 'SUCCEEDED');
  assert.equal(
    target.received.some((request) => request.headers['carillon-run-id'] === waiting.id),
    false,
  );
});

/** Oldest first. */
async function runsOf(scheduleName: string): Promise<RunView[]> {
  const query = `query ($name: String!) {
    runs(filter: { scheduleNames: [$name] }, orderBy: { field: SCHEDULED_FOR, direction: ASC }) { nodes { id } }
  }`;
  const { nodes } = await api.ask<{ nodes: { id: string }[] }>(query, { name: scheduleName });
  return Promise.all(nodes.map(({ id }) => api.run(id)));
}
