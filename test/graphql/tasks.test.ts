import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import type { TaskView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const URL_OF_NOBODY = 'http://127.0.0.1:9/hook';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('a task is answered as it was given, at once and when it is asked for by key or by id', async () => {
  const key = fresh('billing/nightly.run:v2_');
  const input = {
    key,
    group: 'billing',
    name: 'Nightly run',
    description: 'Closes the day.\nThen sends the mails.',
    http: {
      url: 'HTTP://Example.com:80/hook?day=1#top',
      method: 'PUT',
      headers: { Authorization: 'Bearer abc', 'X-Team': 'billing' },
      body: { deep: [1, null, 'ü'] },
      successStatuses: '200-204, 304',
    },
    execution: {
      timeout: 'PT90S',
      priority: 100,
      concurrency: 3,
      retry: {
        maxAttempts: 5,
        initialInterval: 'PT0.5S',
        backoffCoefficient: 1.5,
        maxInterval: 'PT1M',
        jitter: 'PT2S',
        nonRetryableErrors: ['HTTP_STATUS'],
      },
    },
    retention: { runs: 'P7D', count: 50 },
    labels: [{ key: 'team', value: 'billing' }],
  };
  const { task, userErrors } = await api.createHttpTask(input);
  assert.deepEqual(userErrors, []);
  const { id, registeredAt, ...rest } = task as TaskView;
  assert.match(registeredAt, INSTANT);
  assert.deepEqual(rest, {
    key,
    group: 'billing',
    name: 'Nightly run',
    description: 'Closes the day.\nThen sends the mails.',
    kind: 'HTTP',
    scope: 'GLOBAL',
    initialDelay: null,
    labels: [{ key: 'team', value: 'billing' }],
    startedAt: null,
    timesOutAt: null,
    pause: null,
    lastRunEndedAt: null,
    lastError: null,
    state: 'IDLE',
    nextFireAt: null,
    retention: { runs: 'P1W', count: 50 },
    execution: {
      timeout: 'PT1M30S',
      priority: 100,
      concurrency: 3,
      retry: { ...input.execution.retry, initialInterval: 'PT0.5S' },
    },
    http: {
      url: 'http://example.com/hook?day=1',
      method: 'PUT',
      headers: { Authorization: 'Bearer abc', 'X-Team': 'billing' },
      body: { deep: [1, null, 'ü'] },
      successStatuses: '200-204,304',
      secretHeaders: [],
      signed: false,
    },
    lastRun: null,
    schedules: { nodes: [], totalCount: 0 },
    runs: { nodes: [], totalCount: 0 },
  });
  assert.deepEqual(await api.task(key), task);
  const byId = await api.ask<TaskView>('query ($id: ID!) { task(ref: { id: $id }) { key } }', { id });
  assert.equal(byId.key, key);
});

test('what is not given has its documented default', async () => {
  const key = fresh('plain');
  const { task } = await api.createHttpTask({ key, name: 'Plain', http: { url: URL_OF_NOBODY } });
  assert.equal(task?.group, 'http');
  assert.equal(task.description, null);
  assert.deepEqual(task.http, {
    url: URL_OF_NOBODY,
    method: 'POST',
    headers: {},
    secretHeaders: [],
    signed: false,
    body: null,
    successStatuses: '200-299',
  });
  const retry = {
    maxAttempts: 3,
    initialInterval: 'PT1S',
    backoffCoefficient: 2,
    maxInterval: null,
    jitter: null,
    nonRetryableErrors: [],
  };
  assert.deepEqual(task.execution, { timeout: 'PT30S', priority: 0, concurrency: null, retry });
});

test('null is as good as absent where a field may be null', async () => {
  const http = {
    url: URL_OF_NOBODY,
    method: null,
    headers: null,
    body: null,
    successStatuses: null,
    secretHeaders: null,
    signingSecret: null,
  };
  const { task, userErrors } = await api.createHttpTask({
    key: fresh('nulls'),
    name: 'Nulls',
    group: null,
    description: null,
    http,
    execution: null,
  });
  assert.deepEqual(userErrors, []);
  assert.equal(task?.http?.method, 'POST');
});

test('every bad field is named at once, with its path and what is allowed', async () => {
  const { task, userErrors } = await api.createHttpTask({
    key: '-no',
    group: '',
    name: 'x'.repeat(201),
    description: 'y'.repeat(2_001),
    http: {
      url: 'ftp://example.com',
      method: 'GET',
      headers: { Host: 'else', 'X Y': '1', Good: 'yes', Number: 5 },
      body: { not: 'with GET' },
      successStatuses: '99',
    },
    execution: {
      timeout: 'P8D',
      priority: 101,
      retry: {
        maxAttempts: 0,
        initialInterval: 'soon',
        backoffCoefficient: 0.5,
        maxInterval: 'P2D',
        jitter: '-PT1S',
        nonRetryableErrors: ['OK', ''],
      },
    },
  });
  assert.equal(task, null);
  for (const error of userErrors) {
    assert.equal(error.__typename, 'InvalidInputError');
    assert.equal(error.code, 'INVALID');
    assert.ok(error.constraint, `${error.path?.join('.')} says what is allowed`);
    assert.ok(error.message.length > 10 && !error.message.includes('undefined'), error.message);
  }
  assert.deepEqual(userErrors.map((error) => error.path?.join('.')).toSorted(), [
    'input.description',
    'input.execution.priority',
    'input.execution.retry.backoffCoefficient',
    'input.execution.retry.initialInterval',
    'input.execution.retry.jitter',
    'input.execution.retry.maxAttempts',
    'input.execution.retry.maxInterval',
    'input.execution.retry.nonRetryableErrors.1',
    'input.execution.timeout',
    'input.group',
    'input.http.body',
    'input.http.headers.Host',
    'input.http.headers.Number',
    'input.http.headers.X Y',
    'input.http.successStatuses',
    'input.http.url',
    'input.key',
    'input.name',
  ]);
});

test('a message says what was given and what is allowed, once and in words', async () => {
  const retry = { maxAttempts: 101, initialInterval: 'soon', nonRetryableErrors: [''] };
  const { userErrors } = await api.createHttpTask({
    key: 'a b',
    name: '   ',
    http: { url: URL_OF_NOBODY },
    execution: { timeout: 'PT0S', retry },
  });
  const messages = Object.fromEntries(
    userErrors.map(({ path, message }) => [path?.at(-1) === '0' ? 'nonRetryableErrors' : path?.at(-1), message]),
  );
  assert.deepEqual(messages, {
    key: 'key "a b" is not allowed: letters, digits and . _ - / : up to 200 characters, starting with a letter or digit.',
    name: 'name is blank; allowed are 1 to 200 characters.',
    timeout: 'timeout is PT0S; allowed is PT0.001S to P1W.',
    maxAttempts: 'maxAttempts is 101; allowed is 1 to 100.',
    initialInterval: "initialInterval 'soon' is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W.",
    nonRetryableErrors: 'nonRetryableErrors[0] is blank; allowed are 1 to 100 characters.',
  });
});

test('a key that is taken: ALREADY_EXISTS with the task that has it', async () => {
  const first = await api.taskOn(URL_OF_NOBODY);
  const { task, userErrors } = await api.createHttpTask({ key: first.key, name: 'Second', http: { url: URL_OF_NOBODY } });
  assert.equal(task, null);
  assert.deepEqual(userErrors, [
    {
      __typename: 'ConflictError',
      code: 'ALREADY_EXISTS',
      message: `There is a task with the key "${first.key}" already.`,
      path: ['input', 'key'],
      existing: { __typename: 'Task', id: first.id },
    },
  ]);
  assert.equal((await api.task(first.key))?.name, first.key, 'the first one is as it was');
});

test('of many that want one key at the same moment one gets it, and the others are told so', async () => {
  const key = fresh('race');
  const input = { key, name: 'Race', http: { url: URL_OF_NOBODY } };
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.createHttpTask(input)));
  assert.equal(answers.filter((answer) => answer.task !== null).length, 1);
  const codes = answers.flatMap((answer) => answer.userErrors.map((error) => error.code));
  assert.deepEqual(
    codes,
    Array.from({ length: 7 }, () => 'ALREADY_EXISTS'),
  );
});

test('a task that is not there is null', async () => {
  assert.equal(await api.task('nowhere'), null);
  assert.equal(await api.ask('{ task(ref: { id: "task_nowhere" }) { id } }'), null);
});

test('a task shows its schedules and its runs: state, last run, next fire', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const task = await api.taskOn(target.url);
  const later = await api.scheduleOf(task, { trigger: { interval: { every: 'P2D' } } });
  const sooner = await api.scheduleOf(task, { trigger: { interval: { every: 'P1D' } } });
  await api.scheduleOf(task, { trigger: { interval: { every: 'PT1H' } }, paused: true });
  const idle = await api.task(task.key);
  assert.equal(idle?.nextFireAt, sooner.nextFireAt, 'the earliest of the active ones');
  assert.equal(idle.schedules.totalCount, 3);
  assert.equal(idle.state, 'IDLE');

  const first = await api.trigger(later);
  await target.next();
  const running = await api.task(task.key);
  assert.equal(running?.state, 'RUNNING');
  assert.equal(running.lastRun?.id, first.id);
  target.release();
  await api.runIn(first.id, 'SUCCEEDED');
  const second = await api.trigger(sooner);
  await api.runIn(second.id, 'SUCCEEDED');
  const after = await api.task(task.key);
  assert.equal(after?.state, 'IDLE');
  assert.equal(after.lastRun?.id, second.id);
  assert.deepEqual(after.runs, { nodes: [{ id: second.id }, { id: first.id }], totalCount: 2 });
});

test('no live worker: UNAVAILABLE', async (t) => {
  const task = await api.taskOn(URL_OF_NOBODY);
  const database = await connect(t, carillon.databaseUrl);
  await database.query(`UPDATE worker SET state = 'DRAINING'`);
  assert.equal((await api.task(task.key))?.state, 'UNAVAILABLE');
  await database.query(`UPDATE worker SET state = 'RUNNING'`);
  assert.equal((await api.task(task.key))?.state, 'IDLE');
});
