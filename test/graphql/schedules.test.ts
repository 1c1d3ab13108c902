import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import type { ErrorView, ScheduleView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const URL_OF_NOBODY = 'http://127.0.0.1:9/hook';
const task = await api.taskOn(URL_OF_NOBODY, { execution: { timeout: 'PT5S', priority: 9 } });
const retryDefaults = {
  maxAttempts: 3,
  initialInterval: 'PT1S',
  backoffCoefficient: 2,
  maxInterval: null,
  jitter: null,
  nonRetryableErrors: [],
};

/** Creates a schedule that is refused. */
async function refused(spec: Record<string, unknown>): Promise<ErrorView[]> {
  const name = fresh('refused');
  const { schedule, userErrors } = await api.createSchedule({
    spec: { name, task: { key: task.key }, trigger: YEARLY, ...spec },
  });
  assert.equal(schedule, null);
  assert.equal(await api.schedule(name), null, 'nothing was created');
  return userErrors;
}
const only = (errors: ErrorView[]): ErrorView => {
  assert.equal(errors.length, 1, JSON.stringify(errors));
  return errors[0] as ErrorView;
};

test('a cron schedule is answered as it was given, at once and when it is asked for', async () => {
  const spec = {
    name: fresh('Nightly report'),
    task: { id: task.id },
    trigger: { cron: { expression: '30  2 * * MON-FRI', dayMatch: 'CRONTAB', timeZone: null } },
    description: 'For the board',
    timeZone: 'europe/berlin',
    dst: { gap: 'SHIFT', overlap: null },
    overlapPolicy: 'ALLOW_ALL',
    misfire: { mode: 'FIRE_ALL', graceTime: 'PT30S', catchupWindow: 'P2D', maxCatchupRuns: 10 },
    execution: { timeout: 'PT20S', priority: -3, retry: { maxAttempts: 1 } },
    input: { report: 'daily', pages: [1, 2] },
    labels: [{ key: 'team', value: 'board' }],
  };
  const { schedule, userErrors } = await api.createSchedule({ spec });
  assert.deepEqual(userErrors, []);
  const { id, createdAt, updatedAt, nextFireAt, nextFireTimes, createdBy, updatedBy, ...rest } = schedule as ScheduleView;
  assert.deepEqual(rest, {
    name: spec.name,
    description: 'For the board',
    state: 'ACTIVE',
    version: 1,
    triggerSpec: { cron: { expression: '30 2 * * MON-FRI' } },
    spec: {
      name: spec.name,
      task: { key: task.key },
      trigger: { cron: { expression: '30 2 * * MON-FRI' } },
      description: 'For the board',
      timeZone: 'Europe/Berlin',
      dst: { gap: 'SHIFT' },
      overlapPolicy: 'ALLOW_ALL',
      misfire: { mode: 'FIRE_ALL', graceTime: 'PT30S', catchupWindow: 'P2D', maxCatchupRuns: 10 },
      execution: { timeout: 'PT20S', priority: -3, retry: { maxAttempts: 1, initialInterval: 'PT1S', backoffCoefficient: 2 } },
      input: { report: 'daily', pages: [1, 2] },
      labels: [{ key: 'team', value: 'board' }],
    },
    timeZone: 'Europe/Berlin',
    startAt: null,
    endAt: null,
    spread: 'PT0S',
    jitter: 'PT0S',
    maxRuns: null,
    remainingRuns: null,
    input: { report: 'daily', pages: [1, 2] },
    overlapPolicy: 'ALLOW_ALL',
    bufferLimit: 100,
    lastFireAt: null,
    labels: [{ key: 'team', value: 'board' }],
    managedBy: null,
    pauseAfterFailures: null,
    consecutiveFailures: 0,
    pendingOccurrences: 0,
    viewerCanEdit: true,
    viewerCanOperate: true,
    task: { id: task.id, key: task.key },
    pause: null,
    trigger: {
      __typename: 'CronTrigger',
      kind: 'CRON',
      summary: 'at 02:30 on Monday to Friday (Europe/Berlin; missing times move on by the jump)',
      expression: '30 2 * * MON-FRI',
      dayMatch: 'CRONTAB',
      timeZone: 'Europe/Berlin',
      dst: { gap: 'SHIFT', overlap: 'FIRST', followsRealClock: false },
    },
    dst: { gap: 'SHIFT', overlap: null },
    misfire: { mode: 'FIRE_ALL', graceTime: 'PT30S', catchupWindow: 'P2D', maxCatchupRuns: 10 },
    execution: { timeout: 'PT20S', priority: -3, concurrency: null, retry: { ...retryDefaults, maxAttempts: 1 } },
    lastRun: null,
    runs: { nodes: [], totalCount: 0 },
  });
  assert.equal(createdAt, updatedAt);
  assert.ok(Date.parse(nextFireAt as string) > Date.parse(createdAt));
  assert.equal(nextFireTimes.length, 3);
  assert.equal(nextFireTimes[0]?.at, nextFireAt);
  for (const fire of nextFireTimes) assert.match(fire.local, /T02:30:00$/);
  assert.equal(createdBy.kind, 'TOKEN');
  assert.equal(createdBy.name, 'admin');
  assert.deepEqual(updatedBy, createdBy);
  assert.deepEqual(await api.schedule(spec.name), schedule);
  assert.deepEqual(await api.ask('query ($id: ID!) { schedule(ref: { id: $id }) { name } }', { id }), { name: spec.name });
});

test('what is not given has its documented default, and inherits from the task', async () => {
  const schedule = await api.scheduleOf(task);
  assert.equal(schedule.timeZone, 'UTC');
  assert.equal(schedule.overlapPolicy, 'SKIP');
  assert.deepEqual(schedule.dst, { gap: null, overlap: null });
  assert.deepEqual(schedule.misfire, { mode: 'FIRE_ONCE', graceTime: 'PT1M', catchupWindow: 'P1D', maxCatchupRuns: 100 });
  assert.deepEqual(schedule.execution, { timeout: 'PT5S', priority: 9, concurrency: null, retry: retryDefaults });
  assert.equal(schedule.input, null);
  assert.equal(schedule.description, null);
});

test('an interval is counted from the second in which the schedule was created, unless it has an anchor', async () => {
  const { trigger, triggerSpec, createdAt, nextFireAt } = await api.scheduleOf(task, {
    trigger: { interval: { every: 'PT36H' } },
  });
  const second = Math.floor(Date.parse(createdAt) / 1_000) * 1_000;
  const anchorAt = new Date(second).toISOString();
  const summary = `every 1 day 12 hours of elapsed time, counted from ${anchorAt}`;
  assert.deepEqual(trigger, { __typename: 'IntervalTrigger', kind: 'INTERVAL', summary, every: 'P1DT12H', anchorAt });
  assert.deepEqual(triggerSpec, { interval: { every: 'P1DT12H' } });
  assert.equal(nextFireAt, new Date(second + 36 * 3_600_000).toISOString());

  const anchored = await api.scheduleOf(task, {
    trigger: { interval: { every: 'P1W', anchorAt: '2020-01-01T10:00:00.250+02:00' } },
  });
  assert.equal(anchored.trigger.anchorAt, '2020-01-01T08:00:00.250Z');
  assert.equal((Date.parse(anchored.nextFireAt as string) - Date.parse('2020-01-01T08:00:00.250Z')) % (7 * 86_400_000), 0);
});

test('triggerSpec can be sent back as it is', async () => {
  for (const trigger of [
    YEARLY,
    { cron: { expression: '@daily', timeZone: 'Asia/Tokyo', dayMatch: 'BOTH' } },
    { interval: { every: 'PT1H', anchorAt: '2020-01-01T00:00:00Z' } },
  ]) {
    const { triggerSpec } = await api.scheduleOf(task, { trigger });
    const again = await api.scheduleOf(task, { trigger: triggerSpec });
    assert.deepEqual(again.triggerSpec, triggerSpec);
  }
});

test('created paused: it says who, since when and why, and has no next fire', async () => {
  const { state, pause, nextFireAt, nextFireTimes, createdAt, createdBy } = await api.scheduleOf(task, { paused: true });
  assert.equal(state, 'PAUSED');
  assert.deepEqual(pause, { since: createdAt, until: null, reason: 'created paused', by: createdBy });
  assert.equal(nextFireAt, null);
  assert.deepEqual(nextFireTimes, []);
});

test('a task that is not there: NOT_FOUND', async () => {
  const path = ['input', 'spec', 'task'];
  const expected = { __typename: 'NotFoundError', code: 'NOT_FOUND', path };
  assert.deepEqual(only(await refused({ task: { key: 'nowhere' } })), {
    ...expected,
    message: 'There is no task with the key "nowhere".',
  });
  assert.deepEqual(only(await refused({ task: { id: 'task_0' } })), {
    ...expected,
    message: 'There is no task with the id "task_0".',
  });
});

const badTriggers = [
  { rule: 'a field out of its range', trigger: { cron: { expression: '61 * * * *' } }, path: 'cron.expression', says: /61/ },
  { rule: 'too few fields', trigger: { cron: { expression: '* *' } }, path: 'cron.expression', says: /got 2/ },
  {
    rule: 'a day that never comes',
    trigger: { cron: { expression: '0 0 30 2 *' } },
    path: 'cron.expression',
    says: /never fires/,
  },
  {
    rule: 'a zone of its own that does not exist',
    trigger: { cron: { expression: '@daily', timeZone: 'Mars/Base' } },
    path: 'cron.timeZone',
    says: /Mars/,
  },
  { rule: 'shorter than a second', trigger: { interval: { every: 'PT0.5S' } }, path: 'interval.every', says: /PT1S/ },
  { rule: 'no duration', trigger: { interval: { every: '10 minutes' } }, path: 'interval.every', says: /ISO-8601/ },
];
for (const { rule, trigger, path, says } of badTriggers) {
  test(`a trigger that cannot be: ${rule}`, async () => {
    const error = only(await refused({ trigger }));
    assert.equal(error.code, 'INVALID');
    assert.deepEqual(error.path, ['input', 'spec', 'trigger', ...path.split('.')]);
    assert.match(error.message, says);
  });
}

test('a zone that does not exist is told with the names that are near', async () => {
  const error = only(await refused({ timeZone: 'Europe/Berln' }));
  assert.deepEqual(error.path, ['input', 'spec', 'timeZone']);
  assert.equal(error.message, "'Europe/Berln' is not a known IANA time zone. Did you mean Europe/Berlin?");
  assert.ok(error.constraint);
});

test('all times past: refused, with the instant it is', async () => {
  const error = only(await refused({ trigger: { cron: { expression: '0 0 0 1 1 * 2020' } } }));
  assert.equal(error.code, 'INVALID');
  assert.deepEqual(error.path, ['input', 'spec', 'trigger']);
  assert.match(error.message, /^All times of this trigger are past: it is 20\d\d-\d\d-\d\dT[\d:.]+Z now\.$/);
});

test('every bad field is named at once', async () => {
  const errors = await refused({
    name: '  ',
    task: { key: 'nowhere' },
    trigger: { cron: { expression: '0 25 * * *' } },
    description: 'x'.repeat(2_001),
    timeZone: 'Mars/Base',
    misfire: { graceTime: '-PT1S', catchupWindow: 'P1Y', maxCatchupRuns: 1_001 },
    execution: { timeout: 'P8D', priority: -101, retry: { maxAttempts: 0 } },
    input: { much: 'x'.repeat(70_000) },
  });
  assert.deepEqual(errors.map((error) => `${error.code} ${error.path?.slice(2).join('.')}`).toSorted(), [
    'INVALID description',
    'INVALID execution.priority',
    'INVALID execution.retry.maxAttempts',
    'INVALID execution.timeout',
    'INVALID input',
    'INVALID misfire.catchupWindow',
    'INVALID misfire.graceTime',
    'INVALID misfire.maxCatchupRuns',
    'INVALID name',
    'INVALID timeZone',
    'INVALID trigger.cron.expression',
    'NOT_FOUND task',
  ]);
});

test('a name that is taken: ALREADY_EXISTS with the schedule that has it', async () => {
  const first = await api.scheduleOf(task);
  const { schedule, userErrors } = await api.createSchedule({
    spec: { name: first.name, task: { key: task.key }, trigger: YEARLY },
  });
  assert.equal(schedule, null);
  assert.deepEqual(only(userErrors), {
    __typename: 'ConflictError',
    code: 'ALREADY_EXISTS',
    message: `There is a schedule with the name "${first.name}" already.`,
    path: ['input', 'spec', 'name'],
    existing: { __typename: 'Schedule', id: first.id },
  });
});

test('of many that want one name at the same moment one gets it, and the others are told so', async () => {
  const spec = { name: fresh('race'), task: { key: task.key }, trigger: YEARLY };
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.createSchedule({ spec })));
  assert.equal(answers.filter((answer) => answer.schedule !== null).length, 1);
  const codes = answers.flatMap((answer) => answer.userErrors.map((error) => error.code));
  assert.deepEqual(
    codes,
    Array.from({ length: 7 }, () => 'ALREADY_EXISTS'),
  );
});

test('exactly one trigger: two or none is BAD_USER_INPUT, before anything is done', async () => {
  for (const trigger of [{}, { ...YEARLY, interval: { every: 'PT1H' } }, { cron: null }]) {
    const variables = { input: { spec: { name: fresh('no'), task: { key: task.key }, trigger } } };
    const { errors } = await carillon.ask(
      'mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { userErrors { code } } }',
      variables,
    );
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
  }
});

test('nextFireTimes: 1 to 100', async () => {
  const { name } = await api.scheduleOf(task);
  const query = 'query ($name: String!, $first: Int) { schedule(ref: { name: $name }) { nextFireTimes(first: $first) { at } } }';
  for (const first of [0, 101, -1]) {
    const { errors } = await carillon.ask(query, { name, first });
    assert.equal(errors?.[0]?.message, `first is ${first}; allowed is 1 to 100.`);
    assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
  }
  const { nextFireTimes } = await api.ask<{ nextFireTimes: { at: string }[] }>(query, { name, first: 100 });
  assert.equal(nextFireTimes.length, 100);
});
