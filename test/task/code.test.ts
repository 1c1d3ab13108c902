import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCodeExecutor } from '../../src/task/kinds/code.ts';
import { defineTask, z } from '../../src/task/defineTask.ts';
import type { TaskDefinition, TaskLog } from '../../src/task/defineTask.ts';

const query = async () => undefined as never;
/** Runs one task once. */
function execute(definition: Pick<TaskDefinition<never>, 'input' | 'run'>, input: Record<string, unknown> | null = null) {
  const task = defineTask({ key: 'task', ...definition });
  const run = {
    runId: 'run_1',
    attempt: 2,
    scheduledFor: new Date(0),
    signal: new AbortController().signal,
    progress: () => undefined,
    step: async () => undefined as never,
    log: {} as TaskLog,
  };
  return createCodeExecutor([task], () => query).execute({ ...run, taskKey: 'task', input });
}

test('what the handler answers is the output; nothing is null', async () => {
  assert.deepEqual(await execute({ run: async () => ({ n: 1 }) }), { ok: true, output: { n: 1 } });
  assert.deepEqual(await execute({ run: () => undefined }), { ok: true, output: null });
});

test('the handler gets the run it is called for', async () => {
  const outcome = await execute({ run: ({ runId, attempt, scheduledFor }) => ({ runId, attempt, scheduledFor }) });
  assert.deepEqual(outcome, { ok: true, output: { runId: 'run_1', attempt: 2, scheduledFor: new Date(0) } });
});

const schema = z.object({ days: z.int().min(1).default(7), to: z.email() });

test('the input comes as the schema makes it: defaults filled in, unknown keys gone', async () => {
  const outcome = await execute({ input: schema as never, run: ({ input }) => input }, { to: 'a@example.com', more: 1 });
  assert.deepEqual(outcome, { ok: true, output: { days: 7, to: 'a@example.com' } });
});

test('an input that does not fit fails the run for good, names every field, and the handler is not called', async () => {
  let called = false;
  const outcome = await execute({ input: schema as never, run: () => (called = true) }, { days: 0, to: 'x' });
  assert.ok(!outcome.ok);
  const { code, retryable, message } = outcome.error;
  assert.deepEqual({ code, retryable }, { code: 'INVALID_INPUT', retryable: false });
  assert.match(message, /^input\.days: .*; input\.to: /);
  assert.equal(called, false);
});

test('a run without input is checked as one with an empty input', async () => {
  const outcome = await execute({ input: schema as never, run: () => null });
  assert.match(outcome.ok ? '' : outcome.error.message, /input\.to/);
});

test('what a handler throws is passed on', async () => {
  const fault = new Error('broken');
  await assert.rejects(execute({ run: () => Promise.reject(fault) }), fault);
});
