import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { APPLY_SCHEDULES } from '../support/operations.ts';
import type { AppliedView } from '../support/views.ts';

const api = createApi(await startTestCarillon({ after }));
const task = await api.taskOn('http://127.0.0.1:9/hook');
const DAILY = { cron: { expression: '0 3 * * *' } };

const apply = (managedBy: string, schedules: readonly object[], options: object = {}) =>
  api.ask<AppliedView>(APPLY_SCHEDULES, { input: { managedBy, schedules, ...options } });
const document = (count: number, owner: string, trigger: object) =>
  Array.from({ length: count }, (_, index) => ({ name: `${owner}/${index}`, task: { key: task.key }, trigger }));

test('5,000 schedules fit into one request, with all that can be asked of their changes', async () => {
  const { changes, userErrors } = await apply(fresh('large'), document(5_000, fresh('large'), DAILY), { dryRun: true });
  assert.deepEqual([changes.length, userErrors], [5_000, []]);
});

test('1,000 schedules in one call take less than 5 s, whatever is done with them', async () => {
  const owner = fresh('many');
  const steps = [
    { action: 'CREATE', schedules: document(1_000, owner, DAILY) },
    { action: 'UNCHANGED', schedules: document(1_000, owner, DAILY) },
    { action: 'UPDATE', schedules: document(1_000, owner, { cron: { expression: '*/5 * * * *' } }) },
    { action: 'DELETE', schedules: [] },
  ];
  for (const { action, schedules } of steps) {
    const began = performance.now();
    const answer = await apply(owner, schedules, { prune: true });
    const took = performance.now() - began;
    assert.deepEqual([...new Set(answer.changes.map((change) => change.action))], [action]);
    assert.equal(answer.changes.length, 1_000);
    assert.ok(took < 5_000, `${action} took ${took} ms`);
  }
});
