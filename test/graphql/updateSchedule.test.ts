import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVERY_SECOND, YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { startTarget } from '../support/target.ts';
import type { ScheduleView } from '../support/views.ts';

const api = createApi(await startTestCarillon({ after }));
const URL_OF_NOBODY = 'http://127.0.0.1:9/hook';
const task = await api.taskOn(URL_OF_NOBODY);

/** A schedule in which nothing has its default. */
const full = {
  trigger: { cron: { expression: '0 3 * * *', timeZone: 'Asia/Tokyo' } },
  description: 'Before',
  timeZone: 'Europe/Berlin',
  dst: { gap: 'SKIP', overlap: 'BOTH' },
  overlapPolicy: 'ALLOW_ALL',
  bufferLimit: 7,
  misfire: { mode: 'SKIP', graceTime: 'PT5S', catchupWindow: 'PT1H', maxCatchupRuns: 7 },
  execution: { timeout: 'PT7S', retry: { maxAttempts: 7, maxInterval: 'PT7M' } },
  input: { a: 1, b: { c: 2 } },
};

async function edited(schedule: ScheduleView, patch: Record<string, unknown>): Promise<ScheduleView> {
  const { schedule: updated, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
  assert.deepEqual(userErrors, []);
  return updated as ScheduleView;
}

/** The same for a schedule that does not fire meanwhile: what is answered is what is stored. */
async function patched(schedule: ScheduleView, patch: Record<string, unknown>): Promise<ScheduleView> {
  const updated = await edited(schedule, patch);
  assert.deepEqual(await api.schedule(updated.name), updated);
  return updated;
}

test('absent keeps: a patch of one field changes that field, the version and the stamp, nothing else', async () => {
  const before = await api.scheduleOf(task, full);
  const updated = await patched(before, { description: 'After' });
  assert.ok(updated.updatedAt > before.updatedAt);
  assert.deepEqual(updated, {
    ...before,
    description: 'After',
    spec: { ...before.spec, description: 'After' },
    version: 2,
    updatedAt: updated.updatedAt,
  });
});

test('null clears to the default', async () => {
  const { trigger: _, ...clearable } = full;
  const patch = Object.fromEntries(Object.keys(clearable).map((field) => [field, null]));
  const cleared = await patched(await api.scheduleOf(task, full), patch);
  const plain = await api.scheduleOf(task, { trigger: full.trigger });
  for (const field of Object.keys(clearable))
    assert.deepEqual(cleared[field as keyof ScheduleView], plain[field as keyof ScheduleView], field);
});

test('null where there is nothing to fall back to is refused, each by its path', async () => {
  const { id } = await api.scheduleOf(task);
  const { userErrors } = await api.updateSchedule({ ref: { id }, patch: { name: null, task: null, trigger: null } });
  assert.deepEqual(
    userErrors.map(({ code, path, message }) => [code, path?.join('.'), message]),
    ['name', 'task', 'trigger'].map((field) => [
      'INVALID',
      `input.patch.${field}`,
      `${field} cannot be cleared: a schedule must have one.`,
    ]),
  );
});

test('a nested object replaces the old one whole', async () => {
  const updated = await patched(await api.scheduleOf(task, full), {
    dst: { gap: 'SHIFT' },
    misfire: { maxCatchupRuns: 8 },
    execution: { retry: { maxAttempts: 2 } },
    input: { d: 4 },
    trigger: { cron: { expression: '0 4 * * *' } },
  });
  assert.deepEqual(updated.dst, { gap: 'SHIFT', overlap: null });
  assert.deepEqual(updated.misfire, { mode: 'FIRE_ONCE', graceTime: 'PT1M', catchupWindow: 'P1D', maxCatchupRuns: 8 });
  assert.equal(updated.execution.timeout, 'PT30S');
  assert.deepEqual([updated.execution.retry.maxAttempts, updated.execution.retry.maxInterval], [2, null]);
  assert.deepEqual(updated.input, { d: 4 });
  assert.deepEqual(updated.triggerSpec, { cron: { expression: '0 4 * * *' } });
  assert.equal(updated.trigger.timeZone, 'Europe/Berlin', 'the zone of its own is gone with the old trigger');
});

test('every field of a patch is taken over', async () => {
  const other = await api.taskOn(URL_OF_NOBODY);
  const name = fresh('renamed');
  const updated = await patched(await api.scheduleOf(task), { ...full, name, task: { key: other.key } });
  const expected = await api.scheduleOf(other, full);
  assert.equal(updated.name, name);
  for (const field of [
    'task',
    'triggerSpec',
    'trigger',
    'description',
    'timeZone',
    'dst',
    'overlapPolicy',
    'bufferLimit',
    'misfire',
    'execution',
    'input',
    'nextFireAt',
  ] as const) {
    assert.deepEqual(updated[field], expected[field], field);
  }
});

test('an edit that changes nothing is no version', async () => {
  const before = await api.scheduleOf(task, full);
  assert.deepEqual(await patched(before, {}), before);
  assert.deepEqual(await patched(before, { ...full, name: before.name, task: { id: task.id } }), before);
  assert.deepEqual(await patched(before, { trigger: { cron: { expression: ' 0  3 * * * ', timeZone: 'asia/tokyo' } } }), before);
});

test('expectedVersion: the edit of a stale copy is refused with VERSION_CONFLICT and the schedule as it stands', async () => {
  const { id } = await api.scheduleOf(task);
  const edit = (description: string, expectedVersion: number) =>
    api.updateSchedule({ ref: { id }, patch: { description }, expectedVersion });
  assert.equal((await edit('one', 1)).schedule?.version, 2);
  const { schedule, userErrors } = await edit('two', 1);
  assert.equal(schedule, null);
  assert.deepEqual(userErrors, [
    {
      __typename: 'VersionConflictError',
      code: 'VERSION_CONFLICT',
      message: 'The schedule has version 2 by now; you expected 1.',
      path: ['input', 'expectedVersion'],
      currentVersion: 2,
      current: { __typename: 'Schedule', id },
    },
  ]);
  assert.equal((await edit('three', 2)).schedule?.version, 3);
});

test('of many edits of the same version one wins', async () => {
  const { id, name } = await api.scheduleOf(task);
  const edits = Array.from({ length: 8 }, (_, n) =>
    api.updateSchedule({ ref: { id }, patch: { description: `edit ${n}` }, expectedVersion: 1 }),
  );
  const answers = await Promise.all(edits);
  assert.equal(answers.filter((answer) => answer.schedule !== null).length, 1);
  assert.deepEqual(
    new Set(answers.flatMap((answer) => answer.userErrors.map((error) => error.code))),
    new Set(['VERSION_CONFLICT']),
  );
  assert.equal((await api.schedule(name))?.version, 2);
});

test('a schedule that is not there: NOT_FOUND', async () => {
  const { schedule, userErrors } = await api.updateSchedule({ ref: { name: 'nowhere' }, patch: {} });
  assert.equal(schedule, null);
  const message = 'There is no schedule with the name "nowhere".';
  assert.deepEqual(userErrors, [{ __typename: 'NotFoundError', code: 'NOT_FOUND', message, path: ['input', 'ref'] }]);
});

test('a name that another schedule has: ALREADY_EXISTS; its own is none', async () => {
  const [first, second] = [await api.scheduleOf(task), await api.scheduleOf(task)];
  const { userErrors } = await api.updateSchedule({ ref: { id: second.id }, patch: { name: first.name } });
  assert.equal(userErrors[0]?.code, 'ALREADY_EXISTS');
  assert.deepEqual(userErrors[0].path, ['input', 'patch', 'name']);
  assert.deepEqual(userErrors[0].existing, { __typename: 'Schedule', id: first.id });
  assert.equal((await patched(second, { name: second.name })).version, 1);
});

test('every bad field of a patch is named at once, and nothing is changed', async () => {
  const before = await api.scheduleOf(task);
  const patch = {
    name: '',
    task: { key: 'nowhere' },
    trigger: { interval: { every: 'PT0S' } },
    timeZone: 'Mars/Base',
    misfire: { maxCatchupRuns: 0 },
    execution: { timeout: 'never' },
  };
  const { userErrors } = await api.updateSchedule({ ref: { id: before.id }, patch, reason: 'x'.repeat(2_001) });
  assert.deepEqual(userErrors.map((error) => error.path?.join('.')).toSorted(), [
    'input.patch.execution.timeout',
    'input.patch.misfire.maxCatchupRuns',
    'input.patch.name',
    'input.patch.task',
    'input.patch.timeZone',
    'input.patch.trigger.interval.every',
    'input.reason',
  ]);
  assert.deepEqual(await api.schedule(before.name), before);
});

test('a trigger whose times are all past is refused', async () => {
  const { id } = await api.scheduleOf(task);
  const { userErrors } = await api.updateSchedule({
    ref: { id },
    patch: { trigger: { cron: { expression: '0 0 0 1 1 * 2020' } } },
  });
  assert.deepEqual(userErrors[0]?.path, ['input', 'patch', 'trigger']);
  assert.match(userErrors[0]?.message ?? '', /^All times of this trigger are past/);
});

test('the very next fire follows the new trigger, and none comes of the old one any more', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { overlapPolicy: 'ALLOW_ALL' });
  const often = await edited(schedule, { trigger: EVERY_SECOND });
  const first = Math.floor(Date.parse(often.updatedAt) / 1_000) * 1_000 + 1_000;
  assert.equal(often.nextFireAt, new Date(first).toISOString());
  const { headers } = await target.next();
  assert.equal(headers['carillon-scheduled-for'], new Date(first).toISOString());

  const never = await edited(often, { trigger: YEARLY });
  // A later fire of another schedule shows that the engine has been past the seconds at which the old trigger would have fired.
  const witness = await startTarget(t);
  const other = await api.scheduleOf(await api.taskOn(witness.url), { trigger: EVERY_SECOND });
  await witness.next();
  await api.pauseSchedules({ select: { ids: [other.id] }, reason: 'enough' });
  const times = target.received.map((request) => request.headers['carillon-scheduled-for'] as string);
  assert.ok(
    times.every((time) => time <= never.updatedAt),
    `${times.join(', ')} up to ${never.updatedAt}`,
  );
  assert.equal(new Set(times).size, times.length);
});

test('a paused schedule stays paused through an edit', async () => {
  const paused = await api.scheduleOf(task, { paused: true });
  const updated = await patched(paused, { trigger: EVERY_SECOND });
  assert.equal(updated.state, 'PAUSED');
  assert.deepEqual(updated.pause, paused.pause);
  assert.equal(updated.nextFireAt, null);
});
