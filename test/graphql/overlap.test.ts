import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { TRIGGER_TASK, UPDATE_TASK } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';
import type { ErrorView, RunView, ScheduleView, TaskView } from '../support/views.ts';

const api = createApi(await startTestCarillon({ after }));
const NOBODY = 'http://127.0.0.1:9/hook';
const task = await api.taskOn(NOBODY);

interface Triggered {
  run: RunView | null;
  userErrors: ErrorView[];
}
const triggerTask = (of: TaskView, input: object = {}) =>
  api.ask<Triggered>(TRIGGER_TASK, { input: { task: { id: of.id }, ...input } });
const updateTask = (of: TaskView, patch: object) =>
  api.ask<{ task: TaskView | null; userErrors: ErrorView[] }>(UPDATE_TASK, { task: { id: of.id }, patch });
async function edited(schedule: ScheduleView, patch: Record<string, unknown>): Promise<ScheduleView> {
  const { schedule: updated, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
  assert.deepEqual(userErrors, []);
  return updated as ScheduleView;
}
/** A task whose runs go on until the target lets them. */
async function held(t: TestContext, input: object = {}) {
  const target = await startTarget(t);
  target.hold();
  return { target, slow: await api.taskOn(target.url, { ...input }) };
}

test('overlapPolicy and bufferLimit are answered, kept by edits of other fields and cleared by null', async () => {
  const plain = await api.scheduleOf(task);
  assert.deepEqual([plain.overlapPolicy, plain.bufferLimit], ['SKIP', 100]);
  for (const overlapPolicy of ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL']) {
    assert.equal((await edited(plain, { overlapPolicy })).overlapPolicy, overlapPolicy);
  }
  const created = await api.scheduleOf(task, { overlapPolicy: 'BUFFER_ALL', bufferLimit: 10_000 });
  const described = await edited(created, { description: 'edited' });
  assert.deepEqual([described.overlapPolicy, described.bufferLimit], ['BUFFER_ALL', 10_000]);
  const cleared = await edited(described, { overlapPolicy: null, bufferLimit: null });
  assert.deepEqual([cleared.overlapPolicy, cleared.bufferLimit, cleared.version], ['SKIP', 100, 3]);
});

const OF_THE_TASK =
  'concurrency belongs to the task: set it in the execution of the task, where it counts the runs of all its schedules.';
const refusedOfSchedules = [
  { given: { bufferLimit: 0 }, path: 'bufferLimit', message: 'bufferLimit is 0; allowed is 1 to 10000.' },
  { given: { bufferLimit: 10_001 }, path: 'bufferLimit', message: 'bufferLimit is 10001; allowed is 1 to 10000.' },
  { given: { execution: { concurrency: 2 } }, path: 'execution.concurrency', message: OF_THE_TASK },
];
for (const { given, path, message } of refusedOfSchedules) {
  test(`refused of a schedule, in a spec as in a patch: ${JSON.stringify(given)}`, async () => {
    const before = await api.scheduleOf(task);
    const spec = { name: fresh('refused'), task: { key: task.key }, trigger: YEARLY, ...given };
    const answers = [
      { at: 'input.spec', ...(await api.createSchedule({ spec })) },
      { at: 'input.patch', ...(await api.updateSchedule({ ref: { id: before.id }, patch: given })) },
    ];
    for (const { at, schedule, userErrors } of answers) {
      assert.equal(schedule, null);
      assert.deepEqual(
        userErrors.map((error) => [error.code, error.path?.join('.'), error.message]),
        [['INVALID', `${at}.${path}`, message]],
      );
    }
    assert.deepEqual(await api.schedule(before.name), before);
  });
}

test('the limit of a task is answered by it and by its schedules, kept by edits of other fields, and cleared with its execution', async () => {
  const limited = await api.taskOn(NOBODY, { execution: { concurrency: 10_000 } });
  const schedule = await api.scheduleOf(limited, { execution: { timeout: 'PT1S', concurrency: null } });
  assert.deepEqual([limited.execution.concurrency, schedule.execution.concurrency], [10_000, 10_000]);
  assert.equal((await updateTask(limited, { description: 'edited' })).task?.execution.concurrency, 10_000);
  assert.equal((await updateTask(limited, { execution: null })).task?.execution.concurrency, null);
});

test('refused of a task: a limit out of range; of a single run: any', async () => {
  const told = ({ userErrors }: { userErrors: ErrorView[] }) =>
    userErrors.map((error) => [error.code, error.path?.join('.'), error.message]);
  for (const concurrency of [0, 10_001]) {
    const message = `concurrency is ${concurrency}; allowed is 1 to 10000.`;
    const input = { key: fresh('task'), name: 'Task', http: { url: NOBODY }, execution: { concurrency } };
    assert.deepEqual(told(await api.createHttpTask(input)), [['INVALID', 'input.execution.concurrency', message]]);
    assert.deepEqual(told(await updateTask(task, { execution: { concurrency } })), [
      ['INVALID', 'patch.execution.concurrency', message],
    ]);
  }
  assert.deepEqual(told(await triggerTask(task, { execution: { concurrency: 1 } })), [
    ['INVALID', 'input.execution.concurrency', OF_THE_TASK],
  ]);
});

test('a schedule by hand that buffers answers BUFFERED, then LIMIT_EXCEEDED with the limit; each goes when its turn comes', async (t) => {
  const { target, slow } = await held(t);
  const schedule = await api.scheduleOf(slow, { overlapPolicy: 'BUFFER_ALL', bufferLimit: 2 });
  const runs = [await api.trigger(schedule), await api.trigger(schedule), await api.trigger(schedule)];
  assert.deepEqual(
    runs.map((run) => run.state),
    ['QUEUED', 'BUFFERED', 'BUFFERED'],
  );
  const full = (limit: number, reason: string) => ({
    __typename: 'LimitError',
    code: 'LIMIT_EXCEEDED',
    message: `The buffer of the schedule "${schedule.name}" is full: ${reason}.`,
    path: ['input', 'ref'],
    limit,
  });
  const refused = await api.triggerSchedule({ ref: { id: schedule.id } });
  assert.equal(refused.run, null);
  assert.deepEqual(refused.userErrors, [full(2, '2 runs wait already: bufferLimit is 2')]);
  const one = await api.triggerSchedule({ ref: { id: schedule.id }, overlapPolicy: 'BUFFER_ONE' });
  assert.deepEqual(one.userErrors, [full(1, 'a run waits already; overlap policy BUFFER_ONE')]);
  target.release();
  for (const run of runs) await api.runIn(run.id, 'SUCCEEDED');
  const starts = await Promise.all(runs.map(async (run) => (await api.run(run.id)).attempts[0]?.startedAt ?? ''));
  assert.deepEqual(starts, starts.toSorted());
});

test('a task by hand waits for all its runs when it is to, and is refused when it is not', async (t) => {
  const { target, slow } = await held(t);
  const first = await api.trigger(await api.scheduleOf(slow));
  const skipped = await triggerTask(slow);
  assert.deepEqual(
    skipped.userErrors.map((error) => [error.code, error.existing?.id]),
    [['ALREADY_RUNNING', first.id]],
  );
  const waiting = await triggerTask(slow, { overlapPolicy: 'BUFFER_ONE' });
  assert.equal(waiting.run?.state, 'BUFFERED');
  const { userErrors } = await triggerTask(slow, { overlapPolicy: 'BUFFER_ONE' });
  assert.deepEqual(userErrors, [
    {
      __typename: 'LimitError',
      code: 'LIMIT_EXCEEDED',
      message: `The buffer of the task "${slow.key}" is full: a run waits already; overlap policy BUFFER_ONE.`,
      path: ['input', 'task'],
      limit: 1,
    },
  ]);
  target.release();
  await api.runIn(waiting.run.id, 'SUCCEEDED');
});

test('CANCEL_OTHER and TERMINATE_OTHER: the run under way is CANCELED, says by whom, and the newest runs', async (t) => {
  const { target, slow } = await held(t);
  const schedule = await api.scheduleOf(slow);
  const first = await api.trigger(schedule);
  await target.next();
  const second = await api.trigger(schedule, { overlapPolicy: 'CANCEL_OTHER' });
  assert.equal(second.state, 'BUFFERED');
  const canceled = await api.runIn(first.id, 'CANCELED');
  const by = (policy: string) => `by a newer run of the schedule; overlap policy ${policy}`;
  assert.deepEqual([canceled.error?.code, canceled.error?.message], ['CANCELED', `canceled ${by('CANCEL_OTHER')}`]);
  await target.next();
  const third = await api.trigger(schedule, { overlapPolicy: 'TERMINATE_OTHER' });
  assert.equal(third.state, 'QUEUED');
  const terminated = await api.run(second.id);
  assert.equal(terminated.state, 'CANCELED');
  assert.deepEqual([terminated.error?.code, terminated.error?.message], ['TERMINATED', `terminated ${by('TERMINATE_OTHER')}`]);
  assert.deepEqual(
    terminated.attempts.map((attempt) => attempt.state),
    ['CANCELED'],
  );
  target.release();
  await api.runIn(third.id, 'SUCCEEDED');
});

test('what has no slot is BUFFERED, whatever asks for it, and goes when the limit is raised', async (t) => {
  const { target, slow } = await held(t, { execution: { concurrency: 1 } });
  const first = await triggerTask(slow);
  assert.equal(first.run?.state, 'QUEUED');
  const waiting = await triggerTask(slow, { overlapPolicy: 'ALLOW_ALL' });
  const scheduled = await api.trigger(await api.scheduleOf(slow));
  assert.deepEqual([waiting.run?.state, scheduled.state], ['BUFFERED', 'BUFFERED']);
  await target.next();
  await updateTask(slow, { execution: { concurrency: 2 } });
  await target.next();
  assert.deepEqual([(await api.run(waiting.run?.id ?? '')).state, (await api.run(scheduled.id)).state], ['RUNNING', 'BUFFERED']);
  target.release();
  await api.runIn(scheduled.id, 'SUCCEEDED');
});
