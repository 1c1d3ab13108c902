import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RETRY_RUN, RUNS } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { addTokens } from '../support/tokens.ts';
import type { PageView, RunView } from '../support/views.ts';

const STRICT = `import { defineTask, z } from 'carillon';
export default defineTask({ key: 'strict', input: z.object({ days: z.int().min(1) }), run: ({ input }) => input });`;
const EVERYWHERE = `import { defineTask } from 'carillon';
export default defineTask({ key: 'everywhere', scope: 'LOCAL', run: () => null });`;

const folder = await taskFolder({ after }, { 'strict.ts': STRICT, 'everywhere.ts': EVERYWHERE });
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: folder });
const api = createApi(carillon);
const tokens = await addTokens(carillon.databaseUrl, 'VIEWER', 'OPERATOR');
const ONCE = { execution: { retry: { maxAttempts: 1 } } };
const faults = ({ userErrors }: { userErrors: { code: string; path: string[] | null }[] }) =>
  userErrors.map(({ code, path }) => `${code} ${path?.join('.')}`);

test('a run that failed is run once more: a run of its own for the same occurrence, with its input and its labels', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 500 }, { status: 200 });
  const task = await api.taskOn(target.url, ONCE);
  const schedule = await api.scheduleOf(task, { input: { a: 1 }, labels: [{ key: 'team', value: 'ops' }] });
  const failed = await api.runIn((await api.trigger(schedule)).id, 'FAILED');
  assert.equal((await api.schedule(schedule.name))?.consecutiveFailures, 1);
  assert.deepEqual([failed.retryOf, failed.retries, failed.viewerCanRetry], [null, [], true]);
  await api.updateSchedule({
    ref: { id: schedule.id },
    patch: { input: { a: 2 }, labels: [], execution: { retry: { maxAttempts: 7 } } },
  });

  const { run, userErrors } = await api.retryRun({ id: failed.id, reason: 'the disk is mended' }, tokens.OPERATOR);
  assert.deepEqual(userErrors, []);
  const again = run as RunView;
  assert.deepEqual(
    [again.origin, again.retryOf, again.scheduledFor, again.input, again.labels, again.reason, again.requestedBy?.name],
    ['RETRY', { id: failed.id }, failed.scheduledFor, { a: 1 }, failed.labels, 'the disk is mended', 'the OPERATOR'],
  );
  assert.deepEqual([again.task.id, again.schedule?.id, again.effectiveAt], [task.id, schedule.id, again.createdAt]);
  assert.equal(again.maxAttempts, 7, 'under the policies of the present');
  await api.runIn(again.id, 'SUCCEEDED');
  const [first, second] = target.received;
  assert.deepEqual(second?.body, { a: 1 });
  assert.equal(second?.headers['carillon-scheduled-for'], first?.headers['carillon-scheduled-for']);
  assert.ok(first?.headers['idempotency-key'] && second?.headers['idempotency-key']);
  assert.notEqual(second?.headers['idempotency-key'], first?.headers['idempotency-key']);

  const afterwards = await api.schedule(schedule.name);
  assert.deepEqual([afterwards?.consecutiveFailures, afterwards?.lastRun?.id], [0, again.id]);
  assert.deepEqual((await api.run(failed.id)).retries, [{ id: again.id }]);
  assert.equal((await api.run(failed.id)).state, 'FAILED', 'the run itself stays as it ended');
  const page = await api.ask<PageView>(RUNS, { filter: { origins: ['RETRY'], scheduleIds: [schedule.id] } });
  assert.deepEqual(
    page.nodes.map((node) => node.id),
    [again.id],
  );
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query('SELECT reason, changes FROM audit_entry WHERE action = $1 AND target_id = $2', [
    'run.retry',
    failed.id,
  ]);
  assert.deepEqual(rows, [{ reason: 'the disk is mended', changes: { runs: { before: null, after: [again.id] } } }]);
});

const ends = [
  { state: 'SUCCEEDED', reply: { status: 200 } },
  { state: 'FAILED', reply: { status: 500 } },
  { state: 'TIMED_OUT', reply: null },
  { state: 'CANCELED', reply: null },
];
for (const { state, reply } of ends) {
  test(`a run that is ${state} can be run once more; while that goes on, not again`, async (t) => {
    const target = await startTarget(t);
    if (reply === null) target.hold();
    else target.reply(reply);
    const execution = { timeout: state === 'TIMED_OUT' ? 'PT0.05S' : 'PT30S', retry: { maxAttempts: 1 } };
    const task = await api.taskOn(target.url, { execution });
    const { run } = await api.triggerTask({ task: { id: task.id } });
    if (state === 'CANCELED') {
      await target.next();
      await api.cancelRun({ id: run!.id });
    }
    await api.runIn(run!.id, state);
    target.hold();
    await api.ask('mutation ($task: TaskRef!) { updateHttpTask(task: $task, patch: { execution: {} }) { task { id } } }', {
      task: { id: task.id },
    });
    const again = await api.retryRun({ id: run!.id });
    assert.deepEqual([faults(again), again.run?.retryOf?.id, again.run?.schedule], [[], run!.id, null]);
    const twice = await api.retryRun({ id: run!.id });
    assert.deepEqual([faults(twice), twice.userErrors[0]?.existing?.id], [['ALREADY_RUNNING input.id'], again.run?.id]);
    const early = await api.retryRun({ id: again.run!.id });
    assert.deepEqual(faults(early), ['INVALID_STATE input.id']);
    assert.match(early.userErrors[0]?.message ?? '', /^The run has not ended: it is (QUEUED|RUNNING)\./);
    await api.cancelRun({ id: again.run!.id });
    await api.runIn(again.run!.id, 'CANCELED');
  });
}

test('a schedule that lets runs go side by side lets them be repeated so', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { overlapPolicy: 'ALLOW_ALL' });
  const run = await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  target.hold();
  const runs = [await api.retryRun({ id: run.id }), await api.retryRun({ id: run.id })].map((answer) => answer.run?.id);
  assert.deepEqual(
    (await api.run(run.id)).retries.map((retry) => retry.id),
    runs,
  );
  target.release();
});

test('another input stands in for the run’s, null takes it away, and the task’s schema is asked', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url, { http: { body: { from: 'task' } } });
  const first = await api.triggerTask({ task: { id: task.id }, input: { a: 1 } });
  await api.runIn(first.run!.id, 'SUCCEEDED');
  for (const input of [{ a: 2 }, null]) {
    const { run } = await api.retryRun({ id: first.run!.id, input });
    await api.runIn(run!.id, 'SUCCEEDED');
  }
  assert.deepEqual(
    target.received.map((request) => request.body),
    [{ a: 1 }, { a: 2 }, { from: 'task' }],
  );
  const strict = await api.triggerTask({ task: { key: 'strict' }, input: { days: 1 } });
  await api.runIn(strict.run!.id, 'SUCCEEDED');
  const bad = await api.retryRun({ id: strict.run!.id, input: { days: 0 } });
  assert.deepEqual([bad.run, faults(bad)], [null, ['INVALID input.input.days']]);
});

test('a run of one worker of a task of scope LOCAL is repeated on that worker alone', async () => {
  const { run } = await api.triggerTask({ task: { key: 'everywhere' } });
  const ended = await api.runIn(run!.id, 'SUCCEEDED');
  const again = await api.retryRun({ id: ended.id });
  assert.equal((await api.runIn(again.run!.id, 'SUCCEEDED')).worker?.id, ended.worker?.id);
});

test('what is not there, and what belongs to something deleted, is refused', async (t) => {
  const target = await startTarget(t);
  assert.deepEqual(faults(await api.retryRun({ id: 'run_0' })), ['NOT_FOUND input.id']);
  const schedule = await api.scheduleOf(await api.taskOn(target.url));
  const run = await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  assert.deepEqual(faults(await api.retryRun({ id: run.id, reason: 'x'.repeat(2_001) })), ['INVALID input.reason']);
  await api.deleteSchedule({ ref: { id: schedule.id } });
  const refused = await api.retryRun({ id: run.id });
  assert.deepEqual([refused.run, faults(refused)], [null, ['INVALID_STATE input.id']]);
  assert.deepEqual((await api.run(run.id)).retries, []);
});

test('a VIEWER may not, and is told so', async (t) => {
  const target = await startTarget(t);
  const run = await api.runIn((await api.trigger(await api.scheduleOf(await api.taskOn(target.url)))).id, 'SUCCEEDED');
  const query = 'query ($id: ID!) { run(id: $id) { viewerCanRetry } }';
  assert.equal((await api.ask<RunView>(query, { id: run.id }, tokens.VIEWER)).viewerCanRetry, false);
  const { errors } = await carillon.ask(RETRY_RUN, { input: { id: run.id } }, tokens.VIEWER);
  assert.equal(errors?.[0]?.extensions.code, 'FORBIDDEN');
});
