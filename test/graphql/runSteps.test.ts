import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUN_CHANGED, RUN_STEPS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';
import type { StepView } from '../support/views.ts';

/** What the modules below wait for: they run in this process. */
const gate = Promise.withResolvers<string>();
Object.assign(globalThis, { carillonStepsGate: gate.promise });

const WORK = `
import { TaskError, defineTask, z } from 'carillon';
const define = (key, rest, run) => defineTask({ key, retry: { maxAttempts: 3, initialInterval: 'PT0S' }, ...rest, run });
export const work = define('work', {}, async ({ step, attempt }) => {
  const [one, two] = await Promise.all([step('one', () => 1), step('two', async () => ({ n: 2 }))]);
  const three = await step('three', () => {
    if (attempt < 2) throw new TaskError('NOT_YET', 'come again');
    return one + two.n;
  });
  return { three, attempt };
});
export const local = define('local', { scope: 'LOCAL' }, ({ step }) => step('here', () => 'done'));
export const twice = define('twice', {}, async ({ step }) => {
  await step('same', () => 1);
  await step('same', () => 2);
});
export const caught = define('caught', {}, async ({ step }) => {
  const broken = await step('broken', () => { throw new Error('no') }).catch((error) => error.message);
  return step('after', () => broken);
});
export const slow = define('slow', { timeout: 'PT5M' }, async ({ step }) => {
  await step('first', () => 'f');
  await step('waits', () => globalThis.carillonStepsGate);
});
export const mended = define('mended', { retry: { maxAttempts: 1 } }, async ({ step, input }) => {
  const did = [];
  for (const name of ['a', 'b', 'c']) await step(name, () => {
    did.push(name);
    if (name === 'b' && input?.broken !== false) throw new Error('it is broken');
  });
  return did;
});
export const late = define('late', { timeout: 'PT1S', retry: { maxAttempts: 1 } }, async ({ step }) => {
  await step('forever', () => new Promise(() => undefined));
});
`;
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: await taskFolder({ after }, { 'work.ts': WORK }) });
const api = createApi(carillon);

async function start(key: string): Promise<string> {
  const { run } = await api.ask<{ run: { id: string } }>(TRIGGER_CODE_TASK, { input: { task: { key } } });
  return run.id;
}
const stepsOf = async (id: string) => (await api.ask<{ steps: StepView[] }>(RUN_STEPS, { id })).steps;
const shown = (steps: StepView[]) => steps.map(({ name, state, attempt }) => `${name} ${state} ${attempt}`);

test('a run shows its steps in the order in which it came to them, with what they left', async () => {
  const id = await start('work');
  const run = await api.runIn(id, 'SUCCEEDED', 'FAILED');
  assert.deepEqual([run.state, run.output], ['SUCCEEDED', { three: 3, attempt: 2 }]);
  const steps = await stepsOf(id);
  assert.deepEqual(shown(steps), ['one SUCCEEDED 1', 'two SUCCEEDED 1', 'three SUCCEEDED 2']);
  assert.deepEqual(
    steps.map(({ output, error }) => [output, error]),
    [
      [1, null],
      [{ n: 2 }, null],
      [3, null],
    ],
  );
  for (const { startedAt, finishedAt } of steps) assert.ok(finishedAt !== null && startedAt <= finishedAt);
});

test('a step that was done twice under one name fails the run for good, with a code of its own', async () => {
  const id = await start('twice');
  const run = await api.runIn(id, 'SUCCEEDED', 'FAILED');
  assert.deepEqual([run.state, run.attempt, run.error?.code, run.error?.retryable], ['FAILED', 1, 'DUPLICATE_STEP', false]);
  assert.match(run.error?.message ?? '', /two steps named "same"/);
});

test('a handler that catches what a step throws goes on; the step has its error', async () => {
  const id = await start('caught');
  const run = await api.runIn(id, 'SUCCEEDED', 'FAILED');
  assert.deepEqual([run.state, run.output], ['SUCCEEDED', 'no']);
  const steps = await stepsOf(id);
  assert.deepEqual(shown(steps), ['broken FAILED 1', 'after SUCCEEDED 1']);
  assert.deepEqual(steps[0]?.error, { code: 'TASK_FAILED', message: 'no', retryable: true });
});

test('tasks of scope LOCAL have steps as all others', async () => {
  const id = await start('local');
  await api.runIn(id, 'SUCCEEDED');
  assert.deepEqual(shown(await stepsOf(id)), ['here SUCCEEDED 1']);
});

test('steps are seen while the run goes on, and their changes come over runChanged; a cancel ends what is under way', async (t) => {
  const stream = await watch<{ previousState: string | null; state: string; run: { id: string } }>(t, carillon, {
    query: RUN_CHANGED,
    variables: { filter: { taskKeys: ['slow'] } },
  });
  const id = await start('slow');
  await until(async () => shown(await stepsOf(id)).join() === 'first SUCCEEDED 1,waits RUNNING 1');
  const seen = await stream.until((event) => event.previousState === 'RUNNING');
  assert.equal(seen.at(-1)?.state, 'RUNNING');
  await api.cancelRun({ id, reason: 'enough' });
  await api.runIn(id, 'CANCELED');
  const steps = await stepsOf(id);
  assert.deepEqual(shown(steps), ['first SUCCEEDED 1', 'waits CANCELED 1']);
  assert.equal(steps[1]?.error?.code, 'CANCELED');
  gate.resolve('too late');
  assert.deepEqual(shown(await stepsOf(id)), ['first SUCCEEDED 1', 'waits CANCELED 1']);
});

test('a step that outlasted its attempt is shown as the attempt ended', async () => {
  const id = await start('late');
  await api.runIn(id, 'TIMED_OUT');
  const [step] = await stepsOf(id);
  assert.deepEqual([step?.state, step?.error?.code], ['FAILED', 'TIMED_OUT']);
  assert.ok(step!.finishedAt !== null);
});

test('a run is run once more from one of its steps: what stands before it is not done again', async () => {
  const failed = await start('mended');
  await api.runIn(failed, 'FAILED');
  assert.deepEqual(shown(await stepsOf(failed)), ['a SUCCEEDED 1', 'b FAILED 1']);
  const { run, userErrors } = await api.retryRun({ id: failed, fromStep: 'b', input: { broken: false } });
  assert.deepEqual(userErrors, []);
  const again = await api.runIn((run as { id: string }).id, 'SUCCEEDED');
  assert.deepEqual(again.output, ['b', 'c']);
  assert.deepEqual(shown(await stepsOf(again.id)), ['a SUCCEEDED 0', 'b SUCCEEDED 1', 'c SUCCEEDED 1']);
});

test('a step that the run has not is refused, naming those that it has, and nothing is run', async () => {
  const failed = await start('mended');
  await api.runIn(failed, 'FAILED');
  const { run, userErrors } = await api.retryRun({ id: failed, fromStep: 'z' });
  assert.equal(run, null);
  const message = 'The run has no step "z": it has "a", "b".';
  assert.deepEqual(userErrors, [{ code: 'INVALID', path: ['input', 'fromStep'], message, ...(userErrors[0] as object) }]);
  assert.deepEqual((await api.run(failed)).retries, []);
});
