import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerTask } from '../../src/commands/registerTask.ts';
import { addCodeTask, addTask, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';

const SERVER = {
  viewer: { actor: { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' }, role: 'ADMIN' },
  requestId: 'start',
} as const;
const DECLARATION = {
  key: 'task',
  group: 'code',
  name: 'Task',
  description: null,
  scope: 'GLOBAL',
  inputSchema: null,
  labels: {},
} as const;
const register = (parts: Parts, changes: object = {}) =>
  registerTask(parts, SERVER, { ...DECLARATION, execution: {}, ...changes });
const events = (parts: Parts) =>
  parts.store.sql.query<{ kind: string }>(`SELECT kind FROM event WHERE topic = 'task' ORDER BY xid, seq`);

test('a task is made once, brought up to date when its code says something else, and left alone otherwise', async (t) => {
  const parts = await openParts(t);
  const first = await addCodeTask(parts);
  const again = await addCodeTask(parts);
  assert.equal(again.id, first.id);
  const inputSchema = { type: 'object', properties: { n: { type: 'integer' } } };
  const changed = await addCodeTask(parts, { name: 'Renamed', inputSchema, execution: { timeout: 'PT5M' } });
  assert.equal(changed.id, first.id);
  const { name, inputSchema: schema, execution, registeredAt } = changed;
  assert.deepEqual(
    { name, schema, execution },
    { name: 'Renamed', schema: inputSchema, execution: { timeoutMs: 300_000, retry: null, priority: null } },
  );
  assert.deepEqual(registeredAt, first.registeredAt);
  await addCodeTask(parts, { name: 'Renamed', inputSchema, execution: { timeout: 'PT5M' } });
  assert.deepEqual(
    (await events(parts)).map(({ kind }) => kind),
    ['CREATED', 'UPDATED'],
  );
  assert.equal((await addCodeTask(parts, { initialDelay: 'PT5S' })).initialDelayMs, 5_000);
  assert.equal((await addCodeTask(parts)).initialDelayMs, null);
});

test('instances that start at the same moment make one task', async (t) => {
  const parts = await openParts(t);
  const others = await Promise.all([parts.another(), parts.another(), parts.another()]);
  const results = await Promise.all([parts, ...others].map((each) => register(each)));
  const ids = new Set(results.map((result) => (result.ok ? result.value.id : 'none')));
  assert.equal(ids.size, 1);
  assert.equal((await parts.store.prisma.task.findMany()).length, 1);
});

test('the key of an HTTP task is not taken over', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const result = await register(parts);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.userErrors.map(({ code, message }) => ({ code, message })),
    [{ code: 'ALREADY_EXISTS', message: 'There is an HTTP task with the key "task" already.' }],
  );
});

test('every bad field of a declaration is named, and nothing is written', async (t) => {
  const parts = await openParts(t);
  const result = await register(parts, {
    name: '',
    group: 'x'.repeat(201),
    initialDelay: 'P2D',
    execution: { timeout: 'ten minutes', retry: { maxAttempts: 0 } },
  });
  assert.ok(!result.ok);
  assert.deepEqual(result.userErrors.map((error) => error.path?.join('.')).toSorted(), [
    'group',
    'initialDelay',
    'name',
    'retry.maxAttempts',
    'timeout',
  ]);
  assert.equal((await parts.store.prisma.task.findMany()).length, 0);
});
