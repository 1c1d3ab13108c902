import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUNS, RUN_CHANGED } from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import { taskFolder } from '../support/taskFolder.ts';
import type { PageView, RunEventView, RunView } from '../support/views.ts';

const LOCAL = `import { defineTask } from 'carillon';
export default defineTask({ key: 'everywhere', scope: 'LOCAL', run: () => null });`;
const STRICT = `import { defineTask, z } from 'carillon';
export default defineTask({ key: 'strict', input: z.object({ days: z.int().min(1) }), run: ({ input }) => input });`;

const files = { 'everywhere.ts': LOCAL, 'strict.ts': STRICT };
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: await taskFolder({ after }, files) });
const api = createApi(carillon);
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString();
/** Nobody listens there: what must not run would fail. */
const NOWHERE = 'http://127.0.0.1:9';

test('a run for later: SCHEDULED until then, then it runs with its input; in lists, in filters and in the stream', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const events = await watch<RunEventView>(t, carillon, { query: RUN_CHANGED, variables: { filter: { states: ['SCHEDULED'] } } });
  const runAt = fromNow(2 * SECOND);
  const { run, userErrors } = await api.triggerTask({ task: { id: task.id }, runAt, input: { a: 1 }, reason: 'later' });
  assert.deepEqual(userErrors, []);
  const { id, state, origin, scheduledFor, effectiveAt, queuedAt, viewerCanCancel, viewerCanRetry } = run as RunView;
  assert.deepEqual(
    { state, origin, scheduledFor, effectiveAt, queuedAt, viewerCanCancel, viewerCanRetry },
    {
      state: 'SCHEDULED',
      origin: 'MANUAL',
      scheduledFor: runAt,
      effectiveAt: runAt,
      queuedAt: null,
      viewerCanCancel: true,
      viewerCanRetry: false,
    },
  );
  const page = await api.ask<PageView>(RUNS, { filter: { states: ['SCHEDULED'], taskKeys: [task.key] } });
  assert.deepEqual(
    page.nodes.map((node) => node.id),
    [id],
  );
  assert.deepEqual(
    [await events.next(), await events.next()].map((event) => [event.previousState, event.state]),
    [
      [null, 'SCHEDULED'],
      ['SCHEDULED', 'QUEUED'],
    ],
  );
  assert.deepEqual((await target.next()).body, { a: 1 });
  const ended = await api.runIn(id, 'SUCCEEDED');
  assert.ok(ended.latenessMs !== null && ended.latenessMs >= 0 && ended.latenessMs < SECOND, `${ended.latenessMs} ms late`);
});

test('an instant of the last minute is at once: refused while another runs, with that instant as scheduledFor', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const runAt = fromNow(-30 * SECOND);
  const { run } = await api.triggerTask({ task: { id: task.id }, runAt });
  assert.deepEqual([run?.state, run?.scheduledFor, run?.effectiveAt], ['QUEUED', runAt, runAt]);
  const second = await api.triggerTask({ task: { id: task.id }, runAt });
  assert.deepEqual(
    second.userErrors.map(({ code, existing }) => [code, existing?.id]),
    [['ALREADY_RUNNING', run?.id]],
  );
  const later = await api.triggerTask({ task: { id: task.id }, runAt: fromNow(DAY) });
  assert.equal(later.run?.state, 'SCHEDULED', 'what runs now says nothing of then');
  await api.cancelRun({ id: later.run.id });
  target.release();
});

const refused = [
  { rule: 'more than a minute ago', runAt: () => fromNow(-62 * SECOND), code: 'INVALID' },
  { rule: 'more than ten years ahead', runAt: () => fromNow(3_653 * DAY + DAY), code: 'INVALID' },
];
for (const { rule, runAt, code } of refused) {
  test(`an instant ${rule} is refused with what is allowed, and nothing is written`, async () => {
    const task = await api.taskOn(NOWHERE);
    const { run, userErrors } = await api.triggerTask({ task: { id: task.id }, runAt: runAt() });
    assert.equal(run, null);
    assert.deepEqual(
      userErrors.map((error) => [error.code, error.path?.join('.')]),
      [[code, 'input.runAt']],
    );
    assert.match(userErrors[0]?.constraint ?? '', /^\S+Z to \S+Z: a minute ago to P10Y ahead$/);
    assert.equal((await api.task(task.key))?.runs.totalCount, 0);
  });
}

test('almost ten years ahead is allowed', async () => {
  const task = await api.taskOn(NOWHERE);
  const { run } = await api.triggerTask({ task: { id: task.id }, runAt: fromNow(3_650 * DAY) });
  assert.equal(run?.state, 'SCHEDULED');
  const canceled = await api.cancelRun({ id: run.id, reason: 'no more' });
  assert.equal(canceled.run?.state, 'CANCELED');
});

test('a task of scope LOCAL runs where workers are when it starts: runAt is refused', async () => {
  const { run, userErrors } = await api.triggerTask({ task: { key: 'everywhere' }, runAt: fromNow(DAY) });
  assert.equal(run, null);
  assert.deepEqual(
    userErrors.map(({ code, path, constraint }) => [code, path, constraint]),
    [['INVALID', ['input', 'runAt'], 'only for tasks of scope GLOBAL']],
  );
});

test('its input is checked when it is asked for, as that of a run at once', async () => {
  for (const runAt of [null, fromNow(DAY)]) {
    const { run, userErrors } = await api.triggerTask({ task: { key: 'strict' }, runAt, input: { days: 0 } });
    assert.equal(run, null);
    assert.deepEqual(
      userErrors.map(({ code, path }) => [code, path?.join('.')]),
      [['INVALID', 'input.input.days']],
    );
  }
});

test('execution stands in for the task’s, whole where it is given', async () => {
  const task = await api.taskOn(NOWHERE, { execution: { timeout: 'PT7S', retry: { maxAttempts: 5 } } });
  const { run } = await api.triggerTask({
    task: { id: task.id },
    runAt: fromNow(DAY),
    execution: { retry: { maxAttempts: 2 } },
  });
  assert.equal(run?.maxAttempts, 2);
  const bad = await api.triggerTask({ task: { id: task.id }, execution: { timeout: 'PT0S', retry: { maxAttempts: 0 } } });
  assert.deepEqual(bad.userErrors.map((error) => error.path?.join('.')).toSorted(), [
    'input.execution.retry.maxAttempts',
    'input.execution.timeout',
  ]);
});
