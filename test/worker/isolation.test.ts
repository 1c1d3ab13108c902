import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { registerTasks } from '../../src/codeTasks.ts';
import { STOP_GRACE_MS } from '../../src/domain/cancel.ts';
import { LEASE_MS } from '../../src/engine/reaper.ts';
import { findSteps } from '../../src/store/steps.ts';
import { defineTask } from '../../src/task/defineTask.ts';
import { createCodeExecutor } from '../../src/task/kinds/code.ts';
import { loadTasks } from '../../src/task/loadTasks.ts';
import { createThreads } from '../../src/task/threads.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { whenEvents } from '../support/ledger.ts';
import { CANCEL_RUN, RUN_PROGRESS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { cancel, openParts, triggerTask, startTestEngine } from '../support/parts.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';

/** Tasks with threads of their own, under a real worker. The API that they ask is this test: it hears where they are. */

const CAPACITY = 20;
const STEPS = `async ({ step, log, query, attempt }) => {
  log.info('begins', { attempt });
  const [one] = await Promise.all([
    step('one', ({ log }) => { log.debug('in one'); return { at: new Date(0) }; }),
    step('two', async () => { await null; log.warn('in two', new Error('odd')); }),
  ]);
  const nested = await step('outer', () => step('inner', () => 1)).catch((error) => error.code);
  const twice = await step('one', () => 1).catch((error) => error.code);
  const bad = await step('bad', () => 1n).catch((error) => error.code + ' ' + error.message);
  const own = new Error('own');
  const same = await step('fails', () => { throw own; }).catch((error) => error === own);
  const nameless = await step('', () => 1).catch((error) => error.message);
  const workless = await step('nothing').catch((error) => error.message);
  await step('three', () => { if (attempt < 2) throw new TaskError('NOT_YET', 'come again'); });
  return { one, nested, twice, bad, same, nameless, workless };
}`;
const WORK = `
import { TaskError, defineTask, z } from 'carillon';
const define = (key, rest, run) =>
  defineTask({ key, isolation: 'THREAD', timeout: 'PT1M', retry: { maxAttempts: 2, initialInterval: 'PT0S' }, ...rest, run });
export const spin = define('spin', {}, async ({ query, runId, attempt, progress }) => {
  progress(1, 2, 'before');
  await query(runId + ' ' + attempt);
  for (;;);
});
export const hold = define('hold', {}, async ({ query, runId, attempt }) => { await query(runId + ' ' + attempt); await query('gate'); });
export const stepsWithin = define('steps/within', {}, ${STEPS});
export const stepsWithout = define('steps/without', { isolation: 'NONE' }, ${STEPS});
export const hungry = define('hungry', { memoryLimitMb: 32 }, () => { const kept = []; for (;;) kept.push({ a: [kept.length] }); });
export const exits = define('exits', {}, async ({ step, log, attempt }) => {
  await step('before', () => 1);
  log.error('the last words');
  if (attempt === 1) process.exit(1);
  return 'again';
});
export const dies = define('dies', {}, ({ step }) => step('at work', () => process.exit(1)));
`;

const parts = await openParts({ after });
const { tasks, broken } = await loadTasks(await taskFolder({ after }, { 'work.ts': WORK }));
const workerTasks = await registerTasks(parts, parts.log, tasks);
assert.deepEqual([broken, workerTasks.length], [[], 7]);
const threads = createThreads(parts);
parts.defer(() => threads.close());
const heard = new Set<string>();
const gate = Promise.withResolvers<void>();
async function query<Data>(words: string): Promise<Data> {
  heard.add(words);
  if (words === 'gate') await gate.promise;
  return null as Data;
}
const code = createCodeExecutor(tasks, () => query, threads);
const worker = await startWorker({
  ...parts,
  queues: [],
  tasks: workerTasks,
  endedByForce: new Set(tasks.map((task) => task.definition.key)),
  execute: ({ scheduledFor, ...run }, signal, tools) => code.execute({ ...run, ...tools, scheduledFor, signal }),
  capacity: CAPACITY,
  leaseMs: LEASE_MS,
  identity: { hostname: 'test', pid: 1, version: '0.0.0' },
});
let stopped: Promise<void> | undefined;
const stop = () => (stopped ??= worker.stop(0));
parts.defer(() => stop());
const engine = await startTestEngine(parts);

const begin = async (key: string) => (await triggerTask(parts, { task: { key }, overlapPolicy: 'ALLOW_ALL' })).id;
const find = (id: string) =>
  parts.store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: { orderBy: { number: 'asc' } } } });
const became = (id: string, state: string) =>
  whenEvents(parts, async () => {
    const run = await find(id);
    return run.state === state && run;
  });
const isInside = (id: string, attempt = 1) => until(() => heard.has(`${id} ${attempt}`));
const codeOf = (error: unknown) => (error as { code: string } | null)?.code;
const pass = (ms: number) => parts.clock.advanceTo(parts.clock.now() + ms);
async function retried(id: string) {
  await became(id, 'RETRY_WAIT');
  pass(1_000);
  await engine.settle();
}

test('a canceled loop without an end: the run is CANCELED at once, and its thread is gone after the grace', async () => {
  const id = await begin('spin');
  await isInside(id);
  await cancel(parts, id, 'enough');
  const run = await became(id, 'CANCELED');
  assert.deepEqual(run.progress, {
    done: 1,
    total: 2,
    message: 'before',
    updatedAt: (run.progress as { updatedAt: string }).updatedAt,
  });
  assert.equal(threads.count(), 1);
  pass(STOP_GRACE_MS);
  await until(() => threads.count() === 0);
  pass(STOP_GRACE_MS);
  const words = `task "spin" of run ${id} ignored that it is to end (CANCELED): its thread is ended`;
  assert.deepEqual(
    parts.logged.splice(0).map(({ msg }) => msg),
    [words],
    'and the worker does not say that it goes on',
  );
});

test('a loop without an end meets its time limit, and is tried again in another thread', async () => {
  const id = await begin('spin');
  await isInside(id);
  pass(60_000);
  await retried(id);
  await isInside(id, 2);
  pass(60_000);
  const run = await became(id, 'TIMED_OUT');
  assert.deepEqual(
    run.attempts.map(({ state, error }) => [state, codeOf(error)]),
    [
      ['TIMED_OUT', 'TIMED_OUT'],
      ['TIMED_OUT', 'TIMED_OUT'],
    ],
  );
  pass(STOP_GRACE_MS);
  await until(() => threads.count() === 0);
  parts.logged.length = 0;
});

test('steps and lines are kept as they are without a thread, over two attempts', async () => {
  const [within, without] = await Promise.all(
    ['within', 'without'].map(async (how) => {
      const id = await begin(`steps/${how}`);
      await retried(id);
      const { output } = await became(id, 'SUCCEEDED');
      const steps = (await findSteps(parts.store.prisma, [id])).map(({ name, place, attempt, state, output: kept, error }) => {
        return { name, place, attempt, state, kept, error: error && { ...error, stack: null } };
      });
      const lines = await parts.store.prisma.logLine.findMany({ where: { runId: id } });
      const said = lines.map(({ attempt, level, step, message, fields }) =>
        JSON.stringify([attempt, level, step, message, step === null && fields]),
      );
      return { output, steps, said: said.toSorted() };
    }),
  );
  assert.deepEqual(within, without);
  assert.deepEqual(within?.output, {
    one: { at: '1970-01-01T00:00:00.000Z' },
    nested: 'NESTED_STEP',
    twice: 'DUPLICATE_STEP',
    bad: 'INVALID_OUTPUT the step "bad": the output is not JSON that can be stored: a cycle, U+0000, half a surrogate pair, or nested deeper than 100 levels',
    same: true,
    nameless: 'the name of the step "" has 0 characters; allowed are 1 to 200',
    workless: 'the step "nothing" has no function to do it',
  });
  assert.deepEqual(
    within?.steps.map(({ name, state, attempt }) => `${name} ${state} ${attempt}`),
    ['one SUCCEEDED 1', 'two SUCCEEDED 1', 'outer FAILED 2', 'bad FAILED 2', 'fails FAILED 2', 'three SUCCEEDED 2'],
  );
  assert.deepEqual(within?.said.slice(0, 3), [
    '[1,"DEBUG","one","in one",false]',
    '[1,"INFO",null,"begins",{"attempt":1}]',
    '[1,"WARN","two","in two",false]',
  ]);
});

test('a thread that ends takes nothing with it that was said or done; the next attempt goes on behind its steps', async () => {
  const id = await begin('exits');
  await retried(id);
  const run = await became(id, 'SUCCEEDED');
  assert.deepEqual(
    run.attempts.map(({ state, error }) => [state, codeOf(error)]),
    [
      ['FAILED', 'THREAD_ENDED'],
      ['SUCCEEDED', undefined],
    ],
  );
  assert.equal(await parts.store.prisma.logLine.count({ where: { runId: id, message: 'the last words' } }), 2);
  assert.deepEqual(
    (await findSteps(parts.store.prisma, [id])).map(({ name, state, attempt }) => [name, state, attempt]),
    [['before', 'SUCCEEDED', 1]],
  );
});

test('a thread without memory fails its attempt, and the worker goes on', async () => {
  const hungry = await begin('hungry');
  await retried(hungry);
  assert.equal(codeOf((await became(hungry, 'FAILED')).error), 'OUT_OF_MEMORY');
  const dies = await begin('dies');
  await retried(dies);
  assert.equal(codeOf((await became(dies, 'FAILED')).error), 'THREAD_ENDED');
  assert.deepEqual(parts.logged, []);
});

test('each of many attempts has a thread of its own; a place is free when its thread has ended', async () => {
  const ids = await Promise.all(Array.from({ length: CAPACITY }, () => begin('hold')));
  await Promise.all(ids.map((id) => isInside(id)));
  assert.equal(threads.count(), CAPACITY);
  const next = await begin('exits');
  const [first, ...others] = ids as [string, ...string[]];
  await cancel(parts, first);
  await became(first, 'CANCELED');
  assert.equal((await find(next)).state, 'QUEUED');
  pass(STOP_GRACE_MS);
  await became(next, 'RETRY_WAIT');
  gate.resolve();
  await Promise.all(others.map((id) => became(id, 'SUCCEEDED')));
  await until(() => threads.count() === 0);
  parts.logged.length = 0;
});

test('a task that lies in no module cannot have a thread: it is named and not registered', async () => {
  const nowhere = defineTask({ key: 'nowhere', isolation: 'THREAD', run: () => 1 });
  assert.deepEqual(await registerTasks(parts, parts.log, [nowhere]), []);
  const [said] = parts.logged.splice(0) as unknown as { task: string; problems: string[] }[];
  assert.deepEqual(
    [said?.task, said?.problems],
    ['nowhere', ['isolation: THREAD is for tasks that lie in a module of the tasks folder: a thread imports it']],
  );
  assert.equal(await parts.store.prisma.task.count({ where: { key: 'nowhere' } }), 0);
});

test('a stop hands back what loops, and leaves no thread', async () => {
  const id = await begin('spin');
  await isInside(id);
  const ended = stop();
  // No time is given to what runs.
  const over = ended.then(() => true);
  await until(() => {
    pass(0);
    return Promise.race([over, false]);
  });
  await threads.close();
  assert.equal(threads.count(), 0);
  const run = await find(id);
  assert.deepEqual([run.finishedAt, codeOf(run.attempts[0]?.error)], [null, 'SHUTDOWN']);
});

test('while a thread loops, everything else goes on: schedules fire in time, and the API answers', async (t) => {
  const live = `
import { defineTask } from 'carillon';
export const tick = defineTask({
  key: 'tick', run: () => 1, schedules: [{ name: 'tick', trigger: { interval: { every: 'PT1S' } } }],
});
export const spin = defineTask({
  key: 'spin', isolation: 'THREAD',
  async run({ query, progress }) {
    const { serverInfo } = await query('query ($no: Boolean!) { serverInfo { version maxDepth @include(if: $no) } }', { no: false });
    for (let done = 0; ; done += 1) progress(done, undefined, JSON.stringify(serverInfo));
  },
});`;
  const carillon = await startTestCarillon(t, { CARILLON_TASKS: await taskFolder(t, { 'live.ts': live }) });
  const { ask } = createApi(carillon);
  const { run } = await ask<{ run: { id: string } }>(TRIGGER_CODE_TASK, { input: { task: { key: 'spin' } } });
  const spinning = () => ask<{ progress: { done: number; message: string } | null }>(RUN_PROGRESS, { id: run.id });
  const first = await until(async () => (await spinning()).progress);
  assert.match(first.message, /^\{"version":"[^"]+"\}$/);
  const ticks = '{ runs(filter: { taskKeys: ["tick"], states: [SUCCEEDED] }) { nodes { latenessMs } } }';
  const before = (await ask<{ nodes: unknown[] }>(ticks)).nodes.length;
  const { nodes } = await until(async () => {
    const page = await ask<{ nodes: { latenessMs: number }[] }>(ticks);
    return page.nodes.length >= before + 2 && page;
  });
  assert.ok(Math.max(...nodes.map(({ latenessMs }) => latenessMs)) < 1_000, JSON.stringify(nodes));
  assert.ok(((await spinning()).progress?.done ?? 0) > first.done, 'what it says in the loop is heard');
  await ask(CANCEL_RUN, { input: { id: run.id } });
  // The server stops with the test although the loop has not ended by itself.
});
