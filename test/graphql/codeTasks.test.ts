import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createApi } from '../support/api.ts';
import { startInstance, startTestCarillon } from '../support/carillon.ts';
import type { Client } from '../support/carillon.ts';
import { takeTestDatabase } from '../support/database.ts';
import { CODE_TASK, RUN_CHANGED, RUN_PROGRESS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';
import type { ErrorView } from '../support/views.ts';

/** What the modules below wait for: they run in this process. */
const gate = Promise.withResolvers<string>();
Object.assign(globalThis, { carillonTestGate: gate.promise });

const REPORT = `
import { TaskError, defineTask, z } from 'carillon';
export default defineTask({
  key: 'report', group: 'reports', name: 'Report', description: 'Counts.', labels: { team: 'ops' },
  input: z.object({ days: z.int().min(1).default(7), mode: z.enum(['ok', 'broken', 'final']).default('ok') }),
  retry: { maxAttempts: 2, initialInterval: 'PT0S' },
  schedules: [{ name: 'report.yearly', trigger: { cron: { expression: '0 0 1 1 *' } }, timeZone: 'Europe/Berlin', input: { days: 30 } }],
  async run({ input, attempt, query }) {
    if (input.mode === 'broken') throw new Error('broken in attempt ' + attempt);
    if (input.mode === 'final') throw new TaskError('CARD_DECLINED', 'no money', { retryable: false });
    const { viewer } = await query('{ viewer { role actor { id } } }');
    return { days: input.days, viewer };
  },
});`;
const SLOW = `
import { defineTask } from 'carillon';
export default defineTask({
  key: 'slow',
  async run({ signal, progress }) {
    progress(1, 4, 'one of four');
    const stopped = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    return Promise.race([globalThis.carillonTestGate, stopped]);
  },
});`;

const CARD = `
import { TaskError, defineTask } from 'carillon';
export default defineTask({
  key: 'card',
  retry: { maxAttempts: 3, initialInterval: 'PT0S', nonRetryableErrors: ['CARD_DECLINED'] },
  run({ input }) { throw new TaskError(input.code, 'no money'); },
});`;
const LATER = `
import { defineTask } from 'carillon';
export default defineTask({ key: 'later', initialDelay: 'PT90M', run() {} });`;

interface CodeTaskView {
  id: string;
  key: string;
  kind: string;
  scope: string;
  state: string;
  initialDelay: string | null;
  inputSchema: { required?: string[]; properties: Record<string, unknown> } | null;
  workers: { state: string; runningCount: number; worker: { id: string; tasks: { key: string }[]; runs: { id: string }[] } }[];
  schedules: { nodes: { name: string; managedBy: string; viewerCanEdit: boolean; input: unknown }[] };
}
interface Triggered {
  run: { id: string } | null;
  runs: { id: string; state: string; input: unknown }[];
  userErrors: ErrorView[];
}

function codeApi(client: Client) {
  const api = createApi(client);
  return {
    ...api,
    codeTask: (key: string) => api.ask<CodeTaskView>(CODE_TASK, { ref: { key } }),
    triggerTask: (key: string, input?: object) => api.ask<Triggered>(TRIGGER_CODE_TASK, { input: { task: { key }, input } }),
    async result(key: string, input?: object) {
      const { run, userErrors } = await api.ask<Triggered>(TRIGGER_CODE_TASK, { input: { task: { key }, input } });
      assert.deepEqual(userErrors, []);
      return api.runIn(run!.id, 'SUCCEEDED', 'FAILED');
    },
  };
}
async function start(t: TestContext, files: Record<string, string>, env: Record<string, string> = {}) {
  return codeApi(await startTestCarillon(t, { ...env, CARILLON_TASKS: await taskFolder(t, files) }));
}
const faults = (userErrors: ErrorView[]) => userErrors.map(({ code, path }) => `${code} ${path?.join('.')}`).toSorted();

test('the modules of the tasks folder are tasks, each with its schema, its schedules and the workers that have it', async (t) => {
  const { codeTask } = await start(t, { 'report.ts': REPORT, 'slow.ts': SLOW, 'bad.ts': 'throw new Error("bad")' });
  const task = await codeTask('report');
  assert.deepEqual([task.kind, task.scope, task.state], ['CODE', 'GLOBAL', 'IDLE']);
  assert.deepEqual(Object.keys(task.inputSchema!.properties).toSorted(), ['days', 'mode']);
  assert.deepEqual(task.schedules.nodes, [
    { name: 'report.yearly', managedBy: 'task:report', viewerCanEdit: false, input: { days: 30 } },
  ]);
  assert.deepEqual(
    task.workers.map(({ state, runningCount, worker }) => ({ state, runningCount, tasks: worker.tasks.map(({ key }) => key) })),
    [{ state: 'IDLE', runningCount: 0, tasks: ['report', 'slow'] }],
  );
  assert.equal((await codeTask('slow')).inputSchema, null);
});

test('a code of nonRetryableErrors ends the run, a code that only resembles it does not', async (t) => {
  const { result } = await start(t, { 'card.ts': CARD });
  for (const [code, attempts] of [
    ['CARD_DECLINED', 1],
    ['CARD', 3],
    ['card_declined', 3],
  ] as const) {
    const { state, error, attempt } = await result('card', { code });
    assert.deepEqual([state, error?.code, attempt], ['FAILED', code, attempts]);
  }
});

test('a worker that has just started waits with a task for its initial delay', async (t) => {
  const { codeTask } = await start(t, { 'later.ts': LATER, 'slow.ts': SLOW });
  const [later, slow] = [await codeTask('later'), await codeTask('slow')];
  assert.deepEqual([later.initialDelay, slow.initialDelay], ['PT1H30M', null]);
  assert.deepEqual(
    [later, slow].map((task) => task.workers.map(({ state }) => state)),
    [['INITIAL_WAIT'], ['IDLE']],
  );
});

test('a run gets its input as the schema makes it, asks the API as a viewer, and carries the labels of its task', async (t) => {
  const { result, codeTask } = await start(t, { 'report.ts': REPORT });
  await codeTask('report');
  const run = await result('report', {});
  assert.equal(run.state, 'SUCCEEDED', JSON.stringify(run.error));
  assert.deepEqual(run.output, { days: 7, viewer: { role: 'VIEWER', actor: { id: 'task:report' } } });
  assert.deepEqual(run.labels, [{ key: 'team', value: 'ops' }]);
});

test('what a handler throws fails the attempt; a TaskError says by which code, and whether for good', async (t) => {
  const { result } = await start(t, { 'report.ts': REPORT });
  const broken = await result('report', { mode: 'broken' });
  assert.deepEqual(
    [broken.attempt, broken.error],
    [2, { code: 'TASK_FAILED', name: 'Error', message: 'broken in attempt 2', retryable: true }],
  );
  const final = await result('report', { mode: 'final' });
  assert.deepEqual(
    [final.attempt, final.error],
    [1, { code: 'CARD_DECLINED', name: 'TaskError', message: 'no money', retryable: false }],
  );
});

test('an input that does not fit is refused wherever it is written, every field with its path', async (t) => {
  const { triggerTask, createSchedule, updateSchedule, triggerSchedule, scheduleOf, taskOn } = await start(t, {
    'report.ts': REPORT,
  });
  const wrong = { days: 0, mode: 'odd' };
  assert.deepEqual(faults((await triggerTask('report', wrong)).userErrors), [
    'INVALID input.input.days',
    'INVALID input.input.mode',
  ]);
  const spec = { name: 'mine', task: { key: 'report' }, trigger: { manual: true }, input: wrong };
  assert.deepEqual(faults((await createSchedule({ spec })).userErrors), [
    'INVALID input.spec.input.days',
    'INVALID input.spec.input.mode',
  ]);

  const mine = await scheduleOf({ key: 'report' }, { input: { days: 2 } });
  const update = async (patch: object) => faults((await updateSchedule({ ref: { id: mine.id }, patch })).userErrors);
  assert.deepEqual(await update({ input: { days: 'x' } }), ['INVALID input.patch.input.days']);
  assert.deepEqual(await update({ description: 'about something else' }), []);
  assert.deepEqual(faults((await triggerSchedule({ ref: { id: mine.id }, input: { days: -1 } })).userErrors), [
    'INVALID input.input.days',
  ]);

  // Another task gets the input that the schedule has.
  const free = await taskOn('http://target.invalid/');
  const other = await scheduleOf(free, { input: { days: 'anything' } });
  const moved = await updateSchedule({ ref: { id: other.id }, patch: { task: { key: 'report' } } });
  assert.deepEqual(faults(moved.userErrors), ['INVALID input.patch.input.days']);
});

test('a schedule that code declares is paused, resumed and triggered like any other, and not edited', async (t) => {
  const api = await start(t, { 'report.ts': REPORT });
  const ref = { name: 'report.yearly' };
  const edit = await api.updateSchedule({ ref, patch: { description: 'mine' } });
  assert.deepEqual(faults(edit.userErrors), ['INVALID_STATE input.ref']);
  assert.match(
    edit.userErrors[0]!.message,
    /The code of the task "report" declares the schedule "report.yearly": change it there/,
  );
  assert.deepEqual(faults((await api.deleteSchedule({ ref })).userErrors), ['INVALID_STATE input.ref']);
  assert.equal((await api.pauseSchedules({ select: { names: ['report.yearly'] }, reason: 'r' })).count, 1);
  const { run } = await api.triggerSchedule({ ref });
  assert.deepEqual((await api.runIn(run!.id, 'SUCCEEDED')).input, { days: 30 });
});

test('the next start keeps what the code says: edits, removes and adds schedules, and leaves a pause alone', async (t) => {
  const stops: (() => Promise<void>)[] = [];
  const database = await takeTestDatabase(t, async () => {
    for (const stop of stops) await stop();
  });
  const begin = async (text: string) => {
    const folder = await taskFolder(t, { 'report.ts': text });
    const instance = await startInstance(database, { CARILLON_TASKS: folder });
    stops.push(instance.stop);
    return codeApi(instance);
  };
  const first = await begin(REPORT);
  await first.pauseSchedules({ select: { names: ['report.yearly'] }, reason: 'quiet' });
  const version = (await first.schedule('report.yearly'))!.version;

  const same = await begin(REPORT);
  assert.equal((await same.schedule('report.yearly'))!.version, version);

  const changed = await begin(REPORT.replace('input: { days: 30 }', 'input: { days: 31 }, description: "changed"'));
  const after = (await changed.schedule('report.yearly'))!;
  assert.deepEqual(
    [after.version, after.state, after.input, after.description],
    [version + 1, 'PAUSED', { days: 31 }, 'changed'],
  );

  const renamed = await begin(REPORT.replaceAll('report.yearly', 'report.new'));
  assert.equal(await renamed.schedule('report.yearly'), null);
  const made = (await renamed.schedule('report.new'))!;
  assert.deepEqual([made.state, made.description, made.createdBy.kind], ['ACTIVE', null, 'SYSTEM']);
});

test('a schedule of somebody else is not taken over by its name; the task is there all the same', async (t) => {
  const stops: (() => Promise<void>)[] = [];
  const database = await takeTestDatabase(t, async () => {
    for (const stop of stops) await stop();
  });
  const before = await startInstance(database);
  stops.push(before.stop);
  const api = createApi(before);
  const task = await api.taskOn('http://target.invalid/');
  const mine = await api.scheduleOf(task, { name: 'report.yearly' });
  const instance = await startInstance(database, { CARILLON_TASKS: await taskFolder(t, { 'report.ts': REPORT }) });
  stops.push(instance.stop);
  const { codeTask, schedule } = codeApi(instance);
  assert.deepEqual((await codeTask('report')).schedules.nodes, []);
  assert.deepEqual([(await schedule('report.yearly'))!.id, (await schedule('report.yearly'))!.managedBy], [mine.id, null]);
});

test('progress is seen while the run goes on, in the run and in the stream, and so is who runs it', async (t) => {
  const client = await startTestCarillon(t, { CARILLON_TASKS: await taskFolder(t, { 'slow.ts': SLOW }) });
  const { ask, codeTask, triggerTask, runIn } = codeApi(client);
  const stream = await watch<{ previousState: string | null; state: string }>(t, client, {
    query: RUN_CHANGED,
    variables: { filter: { taskKeys: ['slow'] } },
  });
  const { run } = await triggerTask('slow');
  const progress = await until(async () => {
    const found = await ask<{ progress: { done: number; percent: number; message: string } | null }>(RUN_PROGRESS, {
      id: run!.id,
    });
    return found.progress;
  });
  assert.deepEqual([progress.done, progress.percent, progress.message], [1, 25, 'one of four']);
  const [place] = (await codeTask('slow')).workers;
  assert.deepEqual([place!.state, place!.runningCount, place!.worker.runs.map(({ id }) => id)], ['RUNNING', 1, [run!.id]]);
  gate.resolve('done');
  assert.equal((await runIn(run!.id, 'SUCCEEDED')).output, 'done');
  const states = (await stream.until((event) => event.state === 'SUCCEEDED')).map(
    ({ previousState, state }) => `${previousState} ${state}`,
  );
  assert.deepEqual(states, ['null QUEUED', 'QUEUED RUNNING', 'RUNNING RUNNING', 'RUNNING SUCCEEDED']);
});

test('retention that is switched off leaves no schedule behind', async (t) => {
  const stops: (() => Promise<void>)[] = [];
  const database = await takeTestDatabase(t, async () => {
    for (const stop of stops) await stop();
  });
  const begin = async (env: Record<string, string>) => {
    const instance = await startInstance(database, env);
    stops.push(instance.stop);
    return codeApi(instance);
  };
  assert.equal((await (await begin({ CARILLON_KEEP_RUNS: 'P1D' })).schedule('carillon.retention'))?.state, 'ACTIVE');
  assert.equal(await (await begin({})).schedule('carillon.retention'), null);
});

test('retention is a task that everybody sees, with a schedule of its own, and runs by hand', async (t) => {
  const { codeTask, result } = await start(
    t,
    {},
    { CARILLON_KEEP_RUNS: 'P30D', CARILLON_KEEP_LEDGER: 'forever', CARILLON_KEEP_EVENTS: 'P2D' },
  );
  const { schedules, group } = (await codeTask('carillon.retention')) as CodeTaskView & { group: string };
  assert.equal(group, 'carillon');
  assert.deepEqual(
    schedules.nodes.map(({ name, input }) => ({ name, input })),
    [{ name: 'carillon.retention', input: { runs: 'P30D', events: 'P2D', ledger: 'forever' } }],
  );
  const run = await result('carillon.retention', { runs: 'P1D', events: 'forever', ledger: 'P1D' });
  assert.deepEqual(run.output, { runs: 0, eventDays: [], ledgerRows: 0, workers: 0 });
  assert.equal((await result('carillon.retention')).state, 'SUCCEEDED', 'without an input, as every night');
});
