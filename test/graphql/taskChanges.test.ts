import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { DELETE_TASK, TRIGGER_TASK, UPDATE_TASK } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';
import type { ErrorView, RunView, TaskView } from '../support/views.ts';

interface Update {
  task: TaskView | null;
  userErrors: ErrorView[];
}
interface Deletion {
  deletedId: string | null;
  userErrors: ErrorView[];
}
interface Triggered {
  run: RunView | null;
  userErrors: (ErrorView & { existing?: { id: string } | null })[];
}

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const update = (id: string, patch: object) => api.ask<Update>(UPDATE_TASK, { task: { id }, patch });
const remove = (id: string) => api.ask<Deletion>(DELETE_TASK, { task: { id } });
const trigger = (id: string, input: object = {}) => api.ask<Triggered>(TRIGGER_TASK, { input: { task: { id }, ...input } });

test('an edit keeps what is absent, clears what is null, and the next attempt sends the new request', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url, { description: 'old', execution: { timeout: 'PT5S' } });
  const { task: updated, userErrors } = await update(task.id, { description: null, method: 'PUT', body: { a: 1 }, name: 'New' });
  assert.deepEqual(userErrors, []);
  assert.equal(updated?.description, null);
  assert.equal(updated?.name, 'New');
  assert.equal(updated?.http?.method, 'PUT');
  assert.equal(updated?.http?.url, task.http?.url);
  assert.equal(updated?.execution.timeout, 'PT5S');
  await trigger(task.id);
  const { method, body } = await target.next();
  assert.deepEqual({ method, body }, { method: 'PUT', body: { a: 1 } });
});

test('null brings the defaults back', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook', { group: 'mine', execution: { timeout: 'PT5S' } });
  await update(task.id, { method: 'GET', successStatuses: '204' });
  const { task: updated } = await update(task.id, { group: null, method: null, successStatuses: null, execution: null });
  assert.equal(updated?.group, 'http');
  assert.equal(updated?.http?.method, 'POST');
  assert.equal(updated?.http?.successStatuses, '200-299');
  assert.equal(updated?.execution.timeout, 'PT30S');
});

test('every bad field of an edit is named at once, and nothing is changed', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const { userErrors } = await update(task.id, {
    name: null,
    url: 'ftp://x',
    headers: { Host: 'x' },
    execution: { timeout: 'P9D' },
  });
  assert.deepEqual(userErrors.map((error) => error.path?.join('.')).toSorted(), [
    'patch.execution.timeout',
    'patch.headers.Host',
    'patch.name',
    'patch.url',
  ]);
  const { task: same } = await update(task.id, {});
  assert.equal(same?.http?.url, task.http?.url);
});

test('the audit trail has the names of headers, never their values', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  await update(task.id, { headers: { Authorization: 'Bearer very-secret-value' } });
  const rows = await query<{ changes: unknown }>(
    carillon.databaseUrl,
    `SELECT changes FROM audit_entry WHERE target_id = '${task.id}' AND action = 'task.update'`,
  );
  assert.equal(rows.length, 1);
  assert.match(JSON.stringify(rows), /Authorization/);
  assert.doesNotMatch(JSON.stringify(rows), /very-secret-value/);
});

test('a task that has schedules is not deleted; without them it is, and its key is free', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const schedule = await api.scheduleOf(task);
  const refused = await remove(task.id);
  assert.equal(refused.userErrors[0]?.code, 'INVALID_STATE');
  await api.deleteSchedule({ ref: { id: schedule.id } });
  assert.deepEqual(await remove(task.id), { deletedId: task.id, userErrors: [] });
  assert.equal((await remove(task.id)).userErrors[0]?.code, 'NOT_FOUND');
  const again = await api.taskOn('http://127.0.0.1:9/hook', { key: task.key });
  assert.notEqual(again.id, task.id);
});

test('a schedule that is made while its task is deleted: one of the two wins', async () => {
  for (let round = 0; round < 10; round += 1) {
    const task = await api.taskOn('http://127.0.0.1:9/hook');
    const spec = { name: `race-${task.id}`, task: { id: task.id }, trigger: { cron: { expression: '0 0 1 1 *' } } };
    const [made, gone] = await Promise.all([api.createSchedule({ spec }), remove(task.id)]);
    assert.notEqual(made.schedule === null, gone.deletedId === null, JSON.stringify({ made, gone }));
  }
});

test('a task runs by hand with the given input; a second one while it runs is ALREADY_RUNNING with that run', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const first = await trigger(task.id, { input: { who: 'me' }, reason: 'because', execution: { retry: { maxAttempts: 1 } } });
  assert.deepEqual((await target.next()).body, { who: 'me' });
  assert.equal(first.run?.origin, 'MANUAL');
  assert.equal(first.run?.maxAttempts, 1);
  const second = await trigger(task.id);
  assert.equal(second.run, null);
  assert.equal(second.userErrors[0]?.code, 'ALREADY_RUNNING');
  assert.equal(second.userErrors[0]?.existing?.id, first.run?.id);
  const beside = await trigger(task.id, { overlapPolicy: 'ALLOW_ALL' });
  assert.deepEqual(beside.userErrors, []);
  await target.next();
  target.release();
});

test('twenty triggers at once start one run', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => trigger(task.id)));
  assert.equal(answers.filter((answer) => answer.run !== null).length, 1);
  target.release();
});

test('a task that is not there is NOT_FOUND', async () => {
  const answers = [await trigger('task_0'), await update('task_0', {}), await remove('task_0')];
  assert.deepEqual(
    answers.map((answer) => answer.userErrors[0]?.code),
    ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'],
  );
});
