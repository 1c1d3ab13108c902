import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { SCHEDULE_CHANGED, TASK_CHANGED } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const URL = 'http://127.0.0.1:9/hook';
const FAR = '2999-01-01T00:00:00.000Z';

test('a paused task says since when, until when, why and by whom; its schedules keep their state and have no next fire', async () => {
  const task = await api.taskOn(URL);
  const schedule = await api.scheduleOf(task);
  assert.equal(task.pause, null);
  const paused = await api.pauseTask({ task: { key: task.key }, reason: 'The target is rebuilt', until: FAR });
  assert.deepEqual(paused.userErrors, []);
  const { since, ...pause } = paused.task?.pause ?? { since: '' };
  assert.ok(since >= schedule.createdAt);
  assert.deepEqual(pause, { until: FAR, reason: 'The target is rebuilt', by: schedule.createdBy });
  assert.equal(paused.task?.nextFireAt, null);
  const held = await api.schedule(schedule.name);
  assert.deepEqual(held, { ...schedule, nextFireAt: null, nextFireTimes: [] });

  const resumed = await api.resumeTask({ task: { id: task.id } });
  assert.deepEqual([resumed.userErrors, resumed.task?.pause], [[], null]);
  assert.deepEqual(await api.schedule(schedule.name), schedule, 'as it was before the pause');
});

test('another reason or another end changes the pause of a task, its since stays; the same again changes nothing, nor does a resume of none', async (t) => {
  const task = await api.taskOn(URL);
  const set = async (reason: string, until?: string) =>
    (await api.pauseTask({ task: { id: task.id }, reason, until })).task?.pause;
  const first = await set('first');
  assert.deepEqual(await set('first'), first);
  assert.deepEqual(await set('second', FAR), { ...first, reason: 'second', until: FAR });
  assert.deepEqual(await set('second'), { ...first, reason: 'second' });
  for (let n = 0; n < 2; n += 1) await api.resumeTask({ task: { id: task.id } });
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query(
    `SELECT action, reason, changes->'pause' AS pause FROM audit_entry WHERE target_id = $1 AND action IN ('task.pause', 'task.resume') ORDER BY at`,
    [task.id],
  );
  const words = [
    null,
    { reason: 'first', until: null },
    { reason: 'second', until: FAR },
    { reason: 'second', until: null },
    null,
  ];
  const entry = (index: number) => ({
    action: index === 3 ? 'task.resume' : 'task.pause',
    reason: words[index + 1]?.reason ?? null,
    pause: { before: words[index], after: words[index + 1] },
  });
  assert.deepEqual(rows, [entry(0), entry(1), entry(2), entry(3)]);
});

test('what is wrong with a pause of a task is told by its place, and nothing is changed', async () => {
  const task = await api.taskOn(URL);
  const past = '2020-01-01T00:00:00.000Z';
  const cases = [
    { variables: { reason: ' ' }, errors: [['INVALID', ['reason'], 'reason is blank; allowed are 1 to 2000 characters.']] },
    {
      variables: { reason: 'x'.repeat(2_001), until: past },
      errors: [
        ['INVALID', ['reason'], 'reason has 2001 characters; allowed are 1 to 2000.'],
        ['INVALID', ['until'], `until is ${past}; allowed is later than now, which is …`],
      ],
    },
    {
      variables: { reason: 'because', task: { key: 'nowhere' } },
      errors: [['NOT_FOUND', ['task'], 'There is no task with the key "nowhere".']],
    },
  ];
  for (const { variables, errors } of cases) {
    const { userErrors, ...answer } = await api.pauseTask({ task: { id: task.id }, ...variables });
    assert.equal(answer.task, null);
    assert.deepEqual(
      userErrors.map(({ code, path, message }) => [code, path, message.replace(/which is .*/, 'which is …')]),
      errors,
    );
  }
  assert.equal((await api.task(task.key))?.pause, null);
  const { userErrors } = await api.resumeTask({ task: { id: 'task_0' } });
  assert.deepEqual(
    userErrors.map(({ code, path }) => [code, path]),
    [['NOT_FOUND', ['task']]],
  );
});

test('nobody can trigger a paused task, nor a schedule of it, nor retry a run of it: INVALID_STATE names the pause. A paused schedule can be', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task);
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'because' });
  const ended = await api.trigger(schedule);
  await target.next();
  await api.runIn(ended.id, 'SUCCEEDED');
  const paused = await api.pauseTask({ task: { id: task.id }, reason: 'rebuilt', until: FAR });
  const since = paused.task?.pause?.since;
  const message = `The task is paused since ${since} until ${FAR}, by admin: rebuilt`;
  const refusal = { __typename: 'ConflictError', code: 'INVALID_STATE', message, existing: { __typename: 'Task', id: task.id } };
  const byTask = await api.ask<{ userErrors: unknown[] }>(
    `mutation ($id: ID!) { triggerTask(input: { task: { id: $id } }) {
       userErrors { __typename code message path ... on ConflictError { existing { __typename id } } } } }`,
    { id: task.id },
  );
  assert.deepEqual(byTask.userErrors, [{ ...refusal, path: ['input', 'task'] }]);
  const bySchedule = await api.triggerSchedule({ ref: { id: schedule.id }, overlapPolicy: 'ALLOW_ALL' });
  assert.deepEqual([bySchedule.run, bySchedule.userErrors], [null, [{ ...refusal, path: ['input', 'ref'] }]]);
  const retried = await api.retryRun({ id: ended.id });
  assert.deepEqual([retried.run, retried.userErrors], [null, [{ ...refusal, path: ['input', 'id'] }]]);
  await api.resumeTask({ task: { id: task.id } });
  await api.trigger(schedule, { overlapPolicy: 'ALLOW_ALL' });
  await target.next();
});

test('a run is retried by its own task, also when its schedule has another one by now: the pause of that one only is in the way', async (t) => {
  const target = await startTarget(t);
  const [before, now] = [await api.taskOn(target.url), await api.taskOn(URL)];
  const schedule = await api.scheduleOf(before, { overlapPolicy: 'ALLOW_ALL' });
  const ended = await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  await api.updateSchedule({ ref: { id: schedule.id }, patch: { task: { id: now.id } } });
  const retryWhilePaused = async (id: string) => {
    await api.pauseTask({ task: { id }, reason: 'rebuilt' });
    const { run, userErrors } = await api.retryRun({ id: ended.id });
    await api.resumeTask({ task: { id } });
    return [run?.task.id, userErrors.map(({ code, path }) => `${code} ${path?.join('.')}`)];
  };
  assert.deepEqual(await retryWhilePaused(before.id), [undefined, ['INVALID_STATE input.id']]);
  assert.deepEqual(await retryWhilePaused(now.id), [before.id, []]);
});

test('to pause a task is told of the task and of its schedules that fire no more; so is its end', async (t) => {
  const task = await api.taskOn(URL);
  const active = await api.scheduleOf(task);
  const own = await api.scheduleOf(task);
  await api.pauseSchedules({ select: { ids: [own.id] }, reason: 'because' });
  const tasks = await watch<{ id: string; kind: string }>(t, carillon, {
    query: TASK_CHANGED,
    variables: { filter: { keys: [task.key] } },
  });
  const filter = { taskKeys: [task.key], nextFire: { from: '2026-01-01T00:00:00Z', until: '2990-01-01T00:00:00Z' } };
  const schedules = await watch<{ id: string; kind: string }>(t, carillon, { query: SCHEDULE_CHANGED, variables: { filter } });
  await api.pauseTask({ task: { id: task.id }, reason: 'because' });
  await api.resumeTask({ task: { id: task.id } });
  await api.updateSchedule({ ref: { id: active.id }, patch: { description: 'the last' } });
  assert.deepEqual(
    (await tasks.take(2)).map(({ id, kind }) => [id, kind]),
    Array.from({ length: 2 }, () => [task.id, 'UPDATED']),
  );
  // Two of the pause, and the edit; nothing of the schedule that is paused itself.
  assert.deepEqual(
    (await schedules.take(3)).map(({ id, kind }) => [id, kind]),
    Array.from({ length: 3 }, () => [active.id, 'UPDATED']),
  );
});

test('resuming with another mode than SKIP is refused while the task is paused, and changes none of the selected', async () => {
  const [task, other] = [await api.taskOn(URL), await api.taskOn(URL)];
  const [held, free] = [await api.scheduleOf(task), await api.scheduleOf(other)];
  const select = { ids: [held.id, free.id] };
  await api.pauseSchedules({ select, reason: 'because' });
  await api.pauseTask({ task: { id: task.id }, reason: 'because' });
  const { count, userErrors } = await api.resumeSchedules({ select, misfire: 'FIRE_ONCE' });
  assert.equal(count, 0);
  const message = `The task of the schedule "${held.name}" is paused, and nothing of it can run: resume the task first, or resume with misfire SKIP.`;
  const existing = { __typename: 'Task', id: task.id };
  assert.deepEqual(userErrors, [
    { __typename: 'ConflictError', code: 'INVALID_STATE', path: ['input', 'misfire'], message, existing },
  ]);
  assert.equal((await api.schedule(free.name))?.state, 'PAUSED');
  assert.equal((await api.resumeSchedules({ select, misfire: null })).count, 2, 'null is SKIP');
});

test('pauseAfterFailures is part of the definition: 1 to 1000, null for any number', async () => {
  const task = await api.taskOn(URL);
  const { id, name, pauseAfterFailures } = await api.scheduleOf(task, { pauseAfterFailures: 5 });
  assert.equal(pauseAfterFailures, 5);
  const edited = await api.updateSchedule({ ref: { id }, patch: { pauseAfterFailures: 1_000 } });
  assert.deepEqual([edited.schedule?.pauseAfterFailures, edited.schedule?.version], [1_000, 2]);
  for (const wrong of [0, -1, 1_001]) {
    const { userErrors } = await api.updateSchedule({ ref: { id }, patch: { pauseAfterFailures: wrong } });
    const { userErrors: created } = await api.createSchedule({
      spec: { name: fresh('s'), task: { id: task.id }, trigger: { manual: true }, pauseAfterFailures: wrong },
    });
    for (const [field, errors] of [
      ['patch', userErrors],
      ['spec', created],
    ] as const) {
      assert.deepEqual(
        errors.map(({ code, path, message }) => [code, path, message]),
        [['INVALID', ['input', field, 'pauseAfterFailures'], `pauseAfterFailures is ${wrong}; allowed is 1 to 1000.`]],
      );
    }
  }
  assert.equal((await api.schedule(name))?.pauseAfterFailures, 1_000);
  const cleared = await api.updateSchedule({ ref: { id }, patch: { pauseAfterFailures: null } });
  assert.equal(cleared.schedule?.pauseAfterFailures, null);
  assert.equal((await api.scheduleOf(task)).pauseAfterFailures, null);
});

test('pending occurrences are those that a running pause holds back', async () => {
  const task = await api.taskOn(URL);
  const { id, name } = await api.scheduleOf(task, { trigger: { interval: { every: 'PT1S' } }, paused: true });
  const counted = async () => (await api.schedule(name))?.pendingOccurrences ?? -1;
  const first = await counted();
  let later = await counted();
  while (later <= first) later = await counted();
  await api.updateSchedule({ ref: { id }, patch: { trigger: { cron: { expression: '0 0 1 1 *' } } } });
  assert.equal(await counted(), 0);
});
