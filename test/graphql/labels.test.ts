import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { TRIGGER_TASK, UPDATE_TASK } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import type { ErrorView, RunView, TaskView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const NOWHERE = 'http://127.0.0.1:9/hook';
const label = (key: string, value: string) => ({ key, value });
const LABELS = [label('team', 'ops'), label('city', 'Rome')];
const SORTED = [label('city', 'Rome'), label('team', 'ops')];

async function auditOf(t: Parameters<typeof connect>[0], id: string): Promise<unknown[]> {
  const { rows } = await (
    await connect(t, carillon.databaseUrl)
  ).query<{ labels: unknown }>(
    `SELECT changes->'labels' AS labels FROM audit_entry WHERE target_id = $1 AND action LIKE '%.update' ORDER BY at, id`,
    [id],
  );
  return rows.map((row) => row.labels);
}

test('labels of a schedule: answered by key, replaced whole, cleared by null or an empty list; each edit is a version and audited', async (t) => {
  const task = await api.taskOn(NOWHERE);
  const schedule = await api.scheduleOf(task, { labels: LABELS });
  assert.deepEqual([schedule.labels, schedule.version], [SORTED, 1]);
  const edit = async (patch: object) => {
    const { schedule: edited, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
    assert.deepEqual(userErrors, []);
    return [edited?.labels, edited?.version];
  };
  assert.deepEqual(await edit({ labels: LABELS.toReversed() }), [SORTED, 1], 'the same labels are no edit');
  assert.deepEqual(await edit({ description: 'kept' }), [SORTED, 2]);
  assert.deepEqual(await edit({ labels: [label('team', 'dev')] }), [[label('team', 'dev')], 3]);
  assert.deepEqual(await edit({ labels: [] }), [[], 4]);
  assert.deepEqual(await edit({ labels: LABELS }), [SORTED, 5]);
  assert.deepEqual(await edit({ labels: null }), [[], 6]);
  assert.deepEqual(
    (await auditOf(t, schedule.id)).filter((changes) => changes !== null),
    [
      { before: { team: 'ops', city: 'Rome' }, after: { team: 'dev' } },
      { before: { team: 'dev' }, after: {} },
      { before: {}, after: { team: 'ops', city: 'Rome' } },
      { before: { team: 'ops', city: 'Rome' }, after: {} },
    ],
  );
  assert.deepEqual((await api.scheduleOf(task)).labels, [], 'none unless given');
});

test('labels of a task: the same, and a run by hand gets them', async (t) => {
  const task = await api.taskOn(NOWHERE, { labels: LABELS });
  assert.deepEqual(task.labels, SORTED);
  const run = (await api.ask<{ run: RunView }>(TRIGGER_TASK, { input: { task: { id: task.id } } })).run;
  assert.deepEqual(run.labels, SORTED);
  const edit = async (patch: object) =>
    (await api.ask<{ task: TaskView }>(UPDATE_TASK, { task: { id: task.id }, patch })).task.labels;
  assert.deepEqual(await edit({ description: 'kept' }), SORTED);
  assert.deepEqual(await edit({ labels: [label('team', 'dev')] }), [label('team', 'dev')]);
  assert.deepEqual(await edit({ labels: null }), []);
  assert.deepEqual((await auditOf(t, task.id)).filter((changes) => changes !== null).length, 2);
  assert.deepEqual((await api.run(run.id)).labels, SORTED, 'a run keeps what it was written with');
});

test('faults of labels carry their path, in every mutation that takes them, and nothing is made', async () => {
  const labels = [label('team', 'ops'), label('team', 'dev')];
  const task = await api.taskOn(NOWHERE);
  const schedule = await api.scheduleOf(task);
  const key = fresh('refused');
  const http = { url: NOWHERE };
  const spec = { name: key, task: { key: task.key }, trigger: { interval: { every: 'P1D' } }, labels };
  const answers: [{ userErrors: ErrorView[] }, string[]][] = [
    [await api.createHttpTask({ key, name: key, http, labels }), ['input']],
    [await api.ask(UPDATE_TASK, { task: { id: task.id }, patch: { labels } }), ['patch']],
    [await api.createSchedule({ spec }), ['input', 'spec']],
    [await api.updateSchedule({ ref: { id: schedule.id }, patch: { labels } }), ['input', 'patch']],
  ];
  for (const [{ userErrors }, path] of answers) {
    assert.deepEqual(userErrors, [
      {
        __typename: 'InvalidInputError',
        code: 'INVALID',
        message: 'key "team" is given twice; each label has one value.',
        path: [...path, 'labels', '1', 'key'],
        constraint: 'unique',
      },
    ]);
  }
  assert.deepEqual([await api.task(key), await api.schedule(key)], [null, null]);
  assert.deepEqual((await api.schedule(schedule.name))?.version, 1);
});
