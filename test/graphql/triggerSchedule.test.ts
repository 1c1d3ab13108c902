import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { startTarget } from '../support/target.ts';

const api = createApi(await startTestCarillon({ after }));

test('it runs at once, by hand, while the schedule keeps its next time', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task, { input: { report: 'daily' } });
  const run = await api.trigger(schedule, { reason: 'The file came late' });
  assert.equal(run.state, 'QUEUED');
  assert.equal(run.origin, 'MANUAL');
  assert.equal(run.reason, 'The file came late');
  assert.deepEqual(run.requestedBy, schedule.createdBy);
  assert.deepEqual(run.task, { id: task.id, key: task.key });
  assert.equal(run.schedule?.id, schedule.id);
  assert.deepEqual(run.input, { report: 'daily' });
  assert.deepEqual([run.scheduledFor, run.effectiveAt, run.queuedAt], [run.createdAt, run.createdAt, run.createdAt]);

  const request = await target.next();
  assert.deepEqual(request.body, { report: 'daily' });
  assert.equal(request.headers['carillon-run-id'], run.id);
  await api.runIn(run.id, 'SUCCEEDED');
  const afterwards = await api.schedule(schedule.name);
  assert.equal(afterwards?.nextFireAt, schedule.nextFireAt);
  assert.equal(afterwards.lastFireAt, null, 'a run by hand is no fire of the schedule');
  assert.equal(afterwards.lastRun?.id, run.id);
  assert.deepEqual(afterwards.runs, { nodes: [{ id: run.id }], totalCount: 1 });
});

test('a second one while the first runs: ALREADY_RUNNING with the run that is running; afterwards it goes', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const schedule = await api.scheduleOf(await api.taskOn(target.url));
  const first = await api.trigger(schedule);
  await target.next();
  const running = await api.run(first.id);
  assert.equal(running.state, 'RUNNING');
  const { run, userErrors } = await api.triggerSchedule({ ref: { name: schedule.name } });
  assert.equal(run, null);
  assert.deepEqual(userErrors, [
    {
      __typename: 'ConflictError',
      code: 'ALREADY_RUNNING',
      message: `The schedule "${schedule.name}" is running already: run ${first.id} is RUNNING since ${running.startedAt}.`,
      path: ['input', 'ref'],
      existing: { __typename: 'Run', id: first.id },
    },
  ]);
  target.release();
  await api.runIn(first.id, 'SUCCEEDED');
  const second = await api.trigger(schedule);
  await api.runIn(second.id, 'SUCCEEDED');
});

test('the overlap policy of the call stands in for that of the schedule, both ways', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const careful = await api.scheduleOf(task);
  const first = await api.trigger(careful);
  await target.next();
  const beside = await api.trigger(careful, { overlapPolicy: 'ALLOW_ALL' });
  await target.next();
  assert.deepEqual([(await api.run(first.id)).state, (await api.run(beside.id)).state], ['RUNNING', 'RUNNING']);

  const generous = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  await api.trigger(generous);
  await api.trigger(generous, { overlapPolicy: null });
  const { userErrors } = await api.triggerSchedule({ ref: { id: generous.id }, overlapPolicy: 'SKIP' });
  assert.deepEqual(
    userErrors.map((error) => error.code),
    ['ALREADY_RUNNING'],
  );
});

test('of many at the same moment one runs', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const schedule = await api.scheduleOf(await api.taskOn(target.url));
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.triggerSchedule({ ref: { id: schedule.id } })));
  const runs = answers.flatMap((answer) => (answer.run === null ? [] : [answer.run.id]));
  assert.equal(runs.length, 1);
  const existing = answers.flatMap((answer) => answer.userErrors.map((error) => error.existing?.id));
  assert.deepEqual(
    existing,
    Array.from({ length: 7 }, () => runs[0]),
  );
});

test('a paused schedule is triggered all the same, and stays paused', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { paused: true });
  await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  assert.equal((await api.schedule(schedule.name))?.state, 'PAUSED');
});

const bodies = [
  {
    rule: 'the input of the call comes before the schedule’s',
    call: { input: { from: 'call' } },
    schedule: { from: 'schedule' },
    sent: { from: 'call' },
  },
  { rule: 'no input of the call: the schedule’s', call: {}, schedule: { from: 'schedule' }, sent: { from: 'schedule' } },
  { rule: 'an empty object is an input', call: { input: {} }, schedule: { from: 'schedule' }, sent: {} },
  {
    rule: 'null takes the schedule’s away: the body of the task',
    call: { input: null },
    schedule: { from: 'schedule' },
    sent: { from: 'task' },
  },
  { rule: 'no input at all: the body of the task', call: {}, schedule: null, sent: { from: 'task' } },
];
for (const { rule, call, schedule: input, sent } of bodies) {
  test(`what is sent: ${rule}`, async (t) => {
    const target = await startTarget(t);
    const task = await api.taskOn(target.url, { http: { body: { from: 'task' } } });
    const schedule = await api.scheduleOf(task, { input });
    const run = await api.trigger(schedule, call);
    assert.deepEqual((await target.next()).body, sent);
    assert.deepEqual((await api.run(run.id)).input, 'input' in call ? call.input : input);
    assert.deepEqual((await api.schedule(schedule.name))?.input, input, 'the schedule keeps its own');
  });
}

test('what cannot be is refused with its path, and nothing runs', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url));
  const missing = await api.triggerSchedule({ ref: { id: 'sch_0' } });
  const message = 'There is no schedule with the id "sch_0".';
  assert.deepEqual(missing.userErrors, [{ __typename: 'NotFoundError', code: 'NOT_FOUND', message, path: ['input', 'ref'] }]);
  const input = { much: 'x'.repeat(70_000) };
  const { run, userErrors } = await api.triggerSchedule({ ref: { id: schedule.id }, input, reason: 'x'.repeat(2_001) });
  assert.equal(run, null);
  assert.deepEqual(userErrors.map((error) => error.path?.join('.')).toSorted(), ['input.input', 'input.reason']);
  assert.equal((await api.schedule(schedule.name))?.runs.totalCount, 0);
});
