import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { UPDATE_TASK } from '../support/operations.ts';
import { taskFolder } from '../support/taskFolder.ts';
import type { ErrorView, TaskView } from '../support/views.ts';

const TASKS = `
import { defineTask } from 'carillon';
const run = () => null;
export const kept = defineTask({ key: 'kept', retention: { runs: 'P2D', count: 10 }, run });
export const silent = defineTask({ key: 'silent', run });
export const broken = defineTask({ key: 'broken', retention: { count: 1.5 }, run });`;

const folder = await taskFolder({ after }, { 'tasks.ts': TASKS });
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: folder });
const api = createApi(carillon);
const URL_OF_NOBODY = 'http://127.0.0.1:9/hook';
const update = (id: string, patch: object) =>
  api.ask<{ task: TaskView | null; userErrors: ErrorView[] }>(UPDATE_TASK, { task: { id }, patch });

test('a task says what is kept of its runs; an edit keeps it, replaces it whole or clears it', async () => {
  const task = await api.taskOn(URL_OF_NOBODY, { retention: { runs: 'PT36H', count: 100 } });
  assert.deepEqual(task.retention, { runs: 'P1DT12H', count: 100 });
  const after = async (patch: object) => {
    const { task: updated, userErrors } = await update(task.id, patch);
    assert.deepEqual(userErrors, []);
    assert.deepEqual((await api.task(task.key))?.retention, updated?.retention);
    return updated?.retention;
  };
  assert.deepEqual(await after({ description: 'other' }), { runs: 'P1DT12H', count: 100 });
  assert.deepEqual(await after({ retention: { count: 1 } }), { runs: null, count: 1 });
  assert.deepEqual(await after({ retention: { runs: 'PT1H' } }), { runs: 'PT1H', count: null });
  assert.equal(await after({ retention: null }), null);
});

test('nothing said is null: as long as the server says', async () => {
  assert.equal((await api.taskOn(URL_OF_NOBODY)).retention, null);
  assert.equal((await api.taskOn(URL_OF_NOBODY, { retention: { runs: null } })).retention, null);
});

const refused = [
  { rule: 'less than an hour', retention: { runs: 'PT59M' }, path: 'runs', constraint: 'PT1H to P36500D' },
  { rule: 'a length that depends on the date', retention: { runs: 'P1Y' }, path: 'runs', constraint: 'PT1H to P36500D' },
  { rule: 'none at all', retention: { count: 0 }, path: 'count', constraint: '1 to 100000' },
  { rule: 'more than can be counted quickly', retention: { count: 100_001 }, path: 'count', constraint: '1 to 100000' },
];
for (const { rule, retention, path, constraint } of refused) {
  test(`${rule} is refused, by name`, async () => {
    const http = { url: URL_OF_NOBODY };
    const created = await api.createHttpTask({ key: fresh('refused'), name: 'Refused', http, retention });
    assert.deepEqual(
      created.userErrors.map((error) => [error.path, error.constraint]),
      [[['input', 'retention', path], constraint]],
    );
    assert.equal(created.task, null);
    const task = await api.taskOn(URL_OF_NOBODY);
    const { userErrors } = await update(task.id, { retention });
    assert.deepEqual(
      userErrors.map((error) => error.path),
      [['patch', 'retention', path]],
    );
  });
}

test('code tasks say it in their definition; what cannot be is named and not registered', async () => {
  assert.deepEqual((await api.task('kept'))?.retention, { runs: 'P2D', count: 10 });
  assert.equal((await api.task('silent'))?.retention, null);
  assert.equal(await api.task('broken'), null);
});
