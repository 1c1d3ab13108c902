import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { STOP_GRACE_MS } from '../../src/domain/cancel.ts';
import { createCodeExecutor } from '../../src/task/kinds/code.ts';
import { loadTasks } from '../../src/task/loadTasks.ts';
import { createThreads } from '../../src/task/threads.ts';
import type { TaskLog } from '../../src/task/defineTask.ts';
import { execute } from '../../src/worker/execute.ts';
import { createFakeClock } from '../support/clock.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';

/** Attempts in threads, without a worker around them. */

/** What handlers do, by rule. Each stands in a task with a thread of its own and in one without: both must come out the same. */
const SAME: Record<string, string> = {
  'an answer': '() => ({ n: 1, list: [null, true] })',
  nothing: '() => undefined',
  'an answer that prints itself': '({ scheduledFor }) => ({ at: scheduledFor, url: new URL("http://a.example/") })',
  'the run it is called for': '({ runId, attempt, input, scheduledFor }) => [runId, attempt, input, scheduledFor.getTime()]',
  'the input as the schema makes it': '({ input }) => input',
  'what the API answers': '({ query }) => query("{ a }", { n: 1, none: undefined })',
  'what the API refuses': '({ query }) => query("refused")',
  'an error': '() => { throw new RangeError("too far") }',
  'an error that says how it failed': '() => { throw new TaskError("NO_SUCH_SHOP", "no shop", { retryable: false }) }',
  'an error of a class of its own': '() => { throw Object.assign(new Error("odd"), { name: "Odd", code: "E_ODD" }) }',
  'a text that is thrown': '() => { throw "just a text" }',
  'an object that is thrown': '() => { throw { status: 500 } }',
  'a cycle': '() => { const a = {}; a.a = a; return a; }',
  'too much': '() => "x".repeat(1024 * 1024)',
  'a number that JSON has not': '() => 1n',
};
const module = `
import { TaskError, defineTask, z } from 'carillon';
const input = z.object({ n: z.int().default(7) });
const both = (key, run) => ['NONE', 'THREAD'].map((isolation) => defineTask({ key: isolation + '/' + key, isolation, input, run }));
${Object.values(SAME)
  .map((handler, index) => `export const [n${index}, t${index}] = both('${index}', ${handler});`)
  .join('\n')}
const alone = (key, run, rest) => defineTask({ key, isolation: 'THREAD', ...rest, run });
export const exits = alone('exits', () => process.exit(3));
export const exitsWell = alone('exits-well', () => process.exit(0));
export const uncaught = alone('uncaught', () => new Promise(() => setTimeout(() => { throw new Error('in a timer'); })));
export const unhandled = alone('unhandled', () => new Promise(() => void Promise.reject(new Error('left alone'))));
export const hungry = alone('hungry', () => { const kept = []; for (;;) kept.push({ a: [kept.length] }); }, { memoryLimitMb: 32 });
export const listens = alone('listens', async ({ signal, query }) => {
  await new Promise((resolve) => { signal.addEventListener('abort', resolve); void query('ready'); });
  throw signal.reason.code === 'CANCELED' ? new Error('cleaned up') : new Error('what?');
});
export const spins = alone('spins', async ({ query }) => { await query('ready'); for (;;); });
export const chatty = alone('chatty', ({ log }) => { for (let n = 0; n < 30_000; n += 1) log.info('line ' + n); });
export const leaves = alone('leaves', () => { setInterval(() => undefined, 10); return 'done'; });
export const floods = alone('floods', async ({ query }) => {
  const asked = Array.from({ length: 10_001 }, () => query('never').catch((error) => error.code));
  return asked.at(-1);
});
`;
const folder = await taskFolder(
  { after },
  {
    'work.ts': module,
    'once.ts': `
      import { isMainThread } from 'node:worker_threads';
      import { defineTask } from 'carillon';
      if (!isMainThread) throw new Error('not in here');
      export default defineTask({ key: 'once', isolation: 'THREAD', run: () => 1 });`,
    'gone.ts': `
      import { isMainThread } from 'node:worker_threads';
      import { defineTask } from 'carillon';
      export default isMainThread ? defineTask({ key: 'gone', isolation: 'THREAD', run: () => 1 }) : null;`,
  },
);
const { tasks, broken } = await loadTasks(folder);
assert.deepEqual(broken, []);

function openThreads() {
  const clock = createFakeClock(0);
  const logged: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  const threads = createThreads({ clock, log });
  const ready = Promise.withResolvers<void>();
  const lines: string[] = [];
  async function query<Data>(document: string, variables?: Record<string, unknown>): Promise<Data> {
    if (document === 'refused') throw new Error('Cannot query field "refused"');
    if (document === 'ready') ready.resolve();
    if (document === 'never') await new Promise(() => undefined);
    return { document, variables } as Data;
  }
  const executor = createCodeExecutor(tasks, () => query, threads);
  function start(taskKey: string, input: Record<string, unknown> | null = null) {
    const abort = new AbortController();
    const code = Promise.withResolvers<void>();
    const run = {
      taskKey,
      input,
      runId: 'run_1',
      attempt: 2,
      scheduledFor: new Date(0),
      signal: abort.signal,
      progress: () => undefined,
      step: async () => undefined as never,
      log: { info: (line: string) => void lines.push(line) } as TaskLog,
    };
    const work = () => executor.execute(run).finally(code.resolve);
    return { abort, ended: code.promise, outcome: execute(work, 60_000, abort, clock) };
  }
  return { clock, logged, threads, start, ready: ready.promise, lines };
}

test('what handlers bring and throw comes out of a thread as it does without one', async () => {
  const { start, threads } = openThreads();
  const outcomes = await Promise.all(
    Object.keys(SAME).map(async (rule, index) => {
      const both = [start(`NONE/${index}`), start(`THREAD/${index}`)];
      const [without, within] = await Promise.all(both.map(async ({ outcome }) => withoutStack(await outcome)));
      return { rule, without, within };
    }),
  );
  for (const { rule, without, within } of outcomes) assert.deepEqual(within, without, rule);
  assert.deepEqual(outcomes.filter(({ within }) => within?.ok === true).length, 6, 'and these are no failures all alike');
  await until(() => threads.count() === 0);
});

function withoutStack(outcome: Awaited<ReturnType<typeof execute>>) {
  // As the database keeps it.
  const stored = JSON.parse(JSON.stringify(outcome)) as typeof outcome;
  if (!stored.ok) delete stored.error.stack;
  return stored;
}

test('the input is checked in the thread', async () => {
  const outcome = await openThreads().start('THREAD/4', { n: 'x' }).outcome;
  assert.match(outcome.ok ? '' : `${outcome.error.code} ${outcome.error.message}`, /^INVALID_INPUT input\.n: /);
});

test('the stack of what was thrown is that of the thread', async () => {
  const outcome = await openThreads().start('THREAD/7').outcome;
  assert.match(outcome.ok ? '' : (outcome.error.stack ?? ''), /^RangeError: too far\n.*work\.ts/);
});

const deaths = [
  { task: 'exits', says: /^THREAD_ENDED: its thread ended with exit code 3, before the task did$/ },
  { task: 'exits-well', says: /^THREAD_ENDED: its thread ended with exit code 0, before the task did$/ },
  { task: 'uncaught', says: /^THREAD_ENDED: its thread ended by an error that nothing caught: Error: in a timer$/ },
  { task: 'unhandled', says: /^THREAD_ENDED: its thread ended by an error that nothing caught: Error: left alone$/ },
  { task: 'once', says: /^THREAD_ENDED: .*its module could not be imported: not in here$/ },
  { task: 'gone', says: /^NO_CODE: / },
  { task: 'hungry', says: /^OUT_OF_MEMORY: its thread needed more memory than its limit of 32 MB$/ },
];
for (const { task, says } of deaths) {
  test(`a thread that dies fails its attempt, which may be tried again: ${task}`, async () => {
    const { start, threads } = openThreads();
    const outcome = await start(task).outcome;
    assert.ok(!outcome.ok);
    assert.match(`${outcome.error.code}: ${outcome.error.message}`, says);
    assert.equal(outcome.error.retryable, true);
    await until(() => threads.count() === 0);
  });
}

test('code that listens to its signal ends by itself', async () => {
  const { start, ready, threads, logged, clock } = openThreads();
  const { abort, outcome, ended } = start('listens');
  await ready;
  abort.abort({ code: 'CANCELED', message: 'canceled by test' });
  assert.equal((await outcome).ok, false);
  await ended;
  await until(() => threads.count() === 0);
  assert.deepEqual([clock.nextTimer(), logged], [null, []]);
});

test('code that does not is ended with its thread, after the grace', async () => {
  const { start, ready, threads, logged, clock } = openThreads();
  const { abort, ended } = start('spins');
  await ready;
  abort.abort({ code: 'TIMED_OUT', message: 'no result' });
  clock.advanceTo(STOP_GRACE_MS - 1);
  assert.deepEqual([threads.count(), logged], [1, []]);
  clock.advanceTo(STOP_GRACE_MS);
  await ended;
  assert.equal(threads.count(), 0);
  assert.deepEqual(logged, ['task "spins" of run run_1 ignored that it is to end (TIMED_OUT): its thread is ended']);
  assert.equal(clock.nextTimer(), null);
});

test('an attempt that is told to end before its thread is there does not stay', async () => {
  const { start, threads, clock } = openThreads();
  const { abort, ended } = start('spins');
  abort.abort({ code: 'CANCELED', message: 'at once' });
  clock.advanceTo(STOP_GRACE_MS);
  await ended;
  assert.equal(threads.count(), 0);
});

test('what a task leaves running ends with its attempt', async () => {
  const { start, threads } = openThreads();
  assert.deepEqual(await start('leaves').outcome, { ok: true, output: 'done' });
  await until(() => threads.count() === 0);
});

test('lines beyond what a run keeps are not sent', async () => {
  const { start, lines } = openThreads();
  assert.equal((await start('chatty').outcome).ok, true);
  assert.deepEqual([lines.length, lines.at(-1)], [10_001, 'line 10000']);
});

test('steps and questions that nobody waits for have a bound', async () => {
  const outcome = await openThreads().start('floods').outcome;
  assert.deepEqual(outcome, { ok: true, output: 'TOO_MANY_CALLS' });
});

test('closing ends every thread', async () => {
  const { start, ready, threads } = openThreads();
  const { ended } = start('spins');
  await ready;
  await threads.close();
  assert.equal(threads.count(), 0);
  await ended;
});
