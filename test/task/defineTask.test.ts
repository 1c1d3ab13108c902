import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskError, defineTask, isCodeTask, z } from '../../src/task/defineTask.ts';
import type { TaskDefinition } from '../../src/task/defineTask.ts';

const run = () => null;
const refused: { rule: string; definition: unknown; says: RegExp }[] = [
  { rule: 'a key with a blank', definition: { key: 'my task', run }, says: /key "my task" is not allowed: letters, digits/ },
  { rule: 'no key', definition: { run }, says: /key undefined is not allowed/ },
  { rule: 'a key that is too long', definition: { key: 'k'.repeat(201), run }, says: /up to 200 characters/ },
  { rule: 'nothing to run', definition: { key: 'k' }, says: /task "k" has no function run/ },
  {
    rule: 'a scope that is none',
    definition: { key: 'k', scope: 'WORLD', run },
    says: /scope "WORLD" is not allowed: GLOBAL or LOCAL/,
  },
  {
    rule: 'an isolation that is none',
    definition: { key: 'k', isolation: 'PROCESS', run },
    says: /isolation "PROCESS" is not allowed: NONE or THREAD/,
  },
  {
    rule: 'a limit of memory without a thread that it could hold for',
    definition: { key: 'k', memoryLimitMb: 64, run },
    says: /task "k": memoryLimitMb is for tasks with a thread of their own/,
  },
  ...[31, 65_537, 64.5, '64', null].map((memoryLimitMb) => ({
    rule: `a limit of memory of ${JSON.stringify(memoryLimitMb)} MB`,
    definition: { key: 'k', isolation: 'THREAD', memoryLimitMb, run },
    says: new RegExp(`memoryLimitMb ${JSON.stringify(memoryLimitMb)} is not allowed: 32 to 65536, whole`),
  })),
  {
    rule: 'settings that there are not, on every level, all at once',
    definition: {
      key: 'k',
      run,
      timeOut: 'PT1S',
      retry: { attempts: 3 },
      retention: { count: 1, days: 2 },
      schedules: [
        { name: 's', trigger: { manual: {} } },
        { name: 't', timezone: 'Europe/Berlin', misfire: { policy: 'SKIP' }, trigger: {} },
      ],
    },
    says: /task "k" has settings that there are not: timeOut, retry\.attempts, retention\.days, schedules\.1\.timezone, schedules\.1\.misfire\.policy$/,
  },
  { rule: 'an input that is no object', definition: { key: 'k', input: z.string(), run }, says: /must be a z.object/ },
  {
    rule: 'an input that JSON cannot carry',
    definition: { key: 'k', input: z.object({ at: z.date() }), run },
    says: /cannot be described as JSON Schema/,
  },
];

for (const { rule, definition, says } of refused) {
  test(`refused: ${rule}`, () => {
    assert.throws(() => defineTask(definition as TaskDefinition), { name: 'TypeError', message: says });
  });
}

test('the JSON Schema says what may be given: a field with a default need not be', () => {
  const { inputSchema } = defineTask({ key: 'k', input: z.object({ a: z.string(), b: z.int().default(1) }), run });
  assert.deepEqual(inputSchema?.['required'], ['a']);
});

test('without an input schema anything may be given', () => {
  assert.equal(defineTask({ key: 'k', run }).inputSchema, null);
});

test('a task is known by its brand, not by its shape', () => {
  const task = defineTask({ key: 'k', run });
  assert.ok(isCodeTask(task));
  assert.ok(!isCodeTask({ ...JSON.parse(JSON.stringify(task)) }));
  assert.ok(!isCodeTask(null));
});

test('TaskError carries its code, and is retryable unless it says otherwise', () => {
  assert.equal(new TaskError('CARD_DECLINED', 'no').retryable, true);
  assert.equal(new TaskError('CARD_DECLINED', 'no', { retryable: false }).retryable, false);
});
