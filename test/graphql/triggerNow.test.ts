import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { startTarget } from '../support/target.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const target = await startTarget({ after });
const task = await api.taskOn(target.url);
const specOf = (key = task.key, spec: object = {}) => ({ name: fresh('now'), task: { key }, trigger: YEARLY, ...spec });

test('the schedule is created and has a run by hand, with its input; its times and counters are as without', async () => {
  const labels = [{ key: 'team', value: 'a' }];
  const spec = specOf(task.key, { input: { report: 'daily' }, maxRuns: 1, labels });
  const { schedule, userErrors } = await api.createSchedule({ spec, triggerNow: true });
  assert.deepEqual(userErrors, []);
  const run = await api.runIn(schedule!.lastRun!.id, 'SUCCEEDED');
  assert.deepEqual([run.origin, run.schedule?.id, run.input, run.labels], ['MANUAL', schedule?.id, { report: 'daily' }, labels]);
  assert.deepEqual((await target.next()).body, { report: 'daily' });
  const afterwards = await api.schedule(spec.name);
  assert.deepEqual(
    [afterwards?.state, afterwards?.remainingRuns, afterwards?.lastFireAt],
    ['ACTIVE', 1, null],
    'it counts as MANUAL',
  );
  assert.equal(afterwards?.nextFireAt, `${new Date().getUTCFullYear() + 1}-01-01T00:00:00.000Z`);
  const audited = await query(carillon.databaseUrl, 'SELECT action FROM audit_entry WHERE target_id = $1 ORDER BY id', [
    schedule!.id,
  ]);
  assert.deepEqual(audited, [{ action: 'schedule.create' }, { action: 'schedule.trigger' }]);
});

for (const [said, input] of [
  ['false', { triggerNow: false }],
  ['null', { triggerNow: null }],
  ['not given', {}],
] as const) {
  test(`triggerNow ${said}: nothing runs`, async () => {
    const { schedule } = await api.createSchedule({ spec: specOf(), ...input });
    assert.deepEqual([schedule?.lastRun, schedule?.runs.totalCount], [null, 0]);
  });
}

test('one that is created paused, or has no times of its own, runs all the same', async () => {
  for (const spec of [specOf(task.key, { paused: true }), specOf(task.key, { trigger: { manual: true } })]) {
    const { schedule } = await api.createSchedule({ spec, triggerNow: true });
    await api.runIn(schedule!.lastRun!.id, 'SUCCEEDED');
  }
});

test('while its task is paused: INVALID_STATE, and there is no schedule either', async () => {
  const paused = await api.taskOn(target.url);
  await api.pauseTask({ task: { id: paused.id }, reason: 'broken' });
  const spec = specOf(paused.key);
  const { schedule, userErrors } = await api.createSchedule({ spec, triggerNow: true });
  assert.deepEqual([schedule, userErrors[0]?.code, userErrors[0]?.path], [null, 'INVALID_STATE', ['input', 'triggerNow']]);
  assert.match(userErrors[0]?.message ?? '', /^The task is paused since .*: broken$/);
  assert.equal(await api.schedule(spec.name), null);
});

test('what is wrong with the spec is said as without', async () => {
  const { userErrors } = await api.createSchedule({ spec: specOf('nowhere', { timeZone: 'UTC' }), triggerNow: true });
  assert.deepEqual(
    userErrors.map(({ code, path }) => [code, path]),
    [['NOT_FOUND', ['input', 'spec', 'task']]],
  );
});

test('many at once, of one task with a limit: each has its run, one runs, the others wait for the slot', async () => {
  const limited = await api.taskOn(target.url, { execution: { concurrency: 1 } });
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.createSchedule({ spec: specOf(limited.key), triggerNow: true })),
  );
  assert.deepEqual(
    answers.flatMap(({ userErrors }) => userErrors),
    [],
  );
  for (const { schedule } of answers) await api.runIn(schedule!.lastRun!.id, 'SUCCEEDED');
});

test('with a key it is created and run once', async () => {
  const input = { spec: specOf(), triggerNow: true, idempotencyKey: fresh('key') };
  const first = await api.createSchedule(input);
  const again = await api.createSchedule(input);
  assert.deepEqual([again.replayed, again.schedule?.id, again.schedule?.runs.totalCount], [true, first.schedule?.id, 1]);
  assert.equal((await api.run(first.schedule!.lastRun!.id)).idempotencyKey, input.idempotencyKey);
  const without = await api.createSchedule({ ...input, triggerNow: false });
  assert.equal(without.userErrors[0]?.code, 'IDEMPOTENCY_MISMATCH');
});
