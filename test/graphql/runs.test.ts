import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVERY_SECOND, createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { connect, halfPastHourly, missHours } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { until } from '../support/until.ts';
import type { RunView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const ONCE = { execution: { retry: { maxAttempts: 1 } } };
const between = (from: string | null, to: string | null) => Date.parse(to as string) - Date.parse(from as string);

test('a run tells its way: queued, started, late by so much, taken so long, by which worker, with what outcome', async (t) => {
  const target = await startTarget(t);
  target.hold();
  target.reply({ status: 201, body: { made: 3 } });
  const task = await api.taskOn(target.url, { execution: { timeout: 'PT40S' } });
  const { id } = await api.trigger(await api.scheduleOf(task));
  await target.next();
  const running = await api.run(id);
  assert.equal(running.state, 'RUNNING');
  assert.equal(between(running.startedAt, running.timesOutAt), 40_000);
  assert.equal(running.latenessMs, between(running.effectiveAt, running.startedAt));
  assert.deepEqual([running.finishedAt, running.durationMs, running.output, running.error], [null, null, null, null]);
  const worker = running.worker as NonNullable<RunView['worker']>;
  const started = {
    number: 1,
    state: 'RUNNING',
    startedAt: running.startedAt,
    finishedAt: null,
    nextRetryAt: null,
    worker: { id: worker.id },
    error: null,
  };
  assert.deepEqual(running.attempts, [started]);
  assert.deepEqual([running.attempt, running.maxAttempts], [1, 3]);
  assert.equal(worker.state, 'RUNNING');
  assert.equal(worker.pid, process.pid);
  assert.ok(worker.hostname && worker.version && worker.capacity > 0 && worker.lastHeartbeatAt >= worker.startedAt);

  target.release();
  const done = await api.runIn(id, 'SUCCEEDED');
  assert.equal(done.timesOutAt, null);
  assert.ok((done.latenessMs as number) >= 0);
  assert.equal(done.latenessMs, running.latenessMs);
  assert.equal(done.durationMs, between(done.startedAt, done.finishedAt));
  assert.deepEqual(done.output, { status: 201, headers: { 'content-type': 'application/json' }, body: { made: 3 } });
  assert.equal(done.error, null);
  assert.deepEqual(done.attempts, [{ ...started, state: 'SUCCEEDED', finishedAt: done.finishedAt }]);
  assert.equal(done.worker?.id, worker.id);
});

test('a run of the schedule carries its nominal instant, and nobody asked for it', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { trigger: EVERY_SECOND, input: { n: 1 } });
  const { headers } = await target.next();
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'enough' });
  const run = await api.runIn(headers['carillon-run-id'] as string, 'SUCCEEDED');
  assert.equal(run.origin, 'SCHEDULE');
  assert.equal(run.scheduledFor, schedule.nextFireAt);
  assert.equal(run.effectiveAt, run.scheduledFor);
  assert.deepEqual([run.requestedBy, run.reason], [null, null]);
  assert.deepEqual(run.input, { n: 1 });
  assert.ok((run.latenessMs as number) >= 0 && (run.latenessMs as number) < 5_000);
  assert.ok(run.createdAt >= run.scheduledFor);
  const fired = await api.schedule(schedule.name);
  assert.equal(fired?.lastRun?.id !== undefined && (fired.lastFireAt as string) >= run.createdAt, true);
});

test('what was missed in an outage is made up for by one run: CATCH_UP, for the latest instant', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { trigger: halfPastHourly() });
  const missed = await missHours(await connect(t, carillon.databaseUrl), api, schedule, 3);
  const { headers } = await target.next();
  const run = await api.runIn(headers['carillon-run-id'] as string, 'SUCCEEDED');
  assert.deepEqual([run.origin, run.scheduledFor], ['CATCH_UP', missed.at(-1)]);
  const { nextFireAt, runs } = (await api.schedule(schedule.name)) ?? {};
  assert.equal(runs?.totalCount, 1);
  assert.equal(nextFireAt, schedule.nextFireAt);
});

test('a failure that may pass: RETRY_WAIT until the attempt’s nextRetryAt, then the next attempt', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 503 }, { body: 'well' });
  const retry = { maxAttempts: 2, initialInterval: 'PT1S' };
  const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(target.url, { execution: { retry } })));
  const waiting = await api.runIn(id, 'RETRY_WAIT');
  assert.deepEqual([waiting.attempt, waiting.maxAttempts, waiting.finishedAt], [1, 2, null]);
  const message = `POST ${target.url}/ answered 503 Service Unavailable`;
  const error = { code: 'HTTP_STATUS', name: 'HttpStatusError', message, retryable: true };
  assert.deepEqual(waiting.error, error);
  const [failed] = waiting.attempts;
  assert.deepEqual([failed?.state, failed?.error], ['FAILED', error]);
  const pause = between(failed?.startedAt as string, failed?.nextRetryAt as string);
  assert.ok(pause >= 1_000 && pause < 10_000, `${pause} ms after the start of the attempt that failed`);
  assert.equal(waiting.durationMs, between(failed?.startedAt as string, failed?.finishedAt as string));

  const done = await api.runIn(id, 'SUCCEEDED');
  assert.equal(done.attempt, 2);
  assert.equal(done.error, null, 'the run is well; the attempt keeps what went wrong');
  assert.deepEqual(
    done.attempts.map((attempt) => [attempt.number, attempt.state, attempt.error?.code]),
    [
      [1, 'FAILED', 'HTTP_STATUS'],
      [2, 'SUCCEEDED', undefined],
    ],
  );
  assert.ok((done.attempts[1]?.startedAt as string) >= (failed?.nextRetryAt as string));
  assert.equal(done.startedAt, done.attempts[1]?.startedAt);
  assert.equal(done.latenessMs, between(done.effectiveAt, done.attempts[0]?.startedAt as string), 'of the first start');
  assert.equal(done.durationMs, between(done.startedAt, done.finishedAt), 'of the last attempt');
});

test('a target that says when it will be ready again is not called earlier, within maxInterval', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 429, headers: { 'Retry-After': '3600' } });
  const waitOf = async (retry: object) => {
    const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(target.url, { execution: { retry } })));
    const [failed] = (await api.runIn(id, 'RETRY_WAIT')).attempts;
    return between(failed?.finishedAt as string, failed?.nextRetryAt as string) / 1_000;
  };
  const [asked, capped] = [await waitOf({ maxAttempts: 2 }), await waitOf({ maxAttempts: 2, maxInterval: 'PT10M' })];
  assert.ok(Math.abs(asked - 3_600) < 5, `${asked} s`);
  assert.ok(Math.abs(capped - 600) < 5, `${capped} s`);
});

test('an attempt that is queued again has not started: nothing of the one before shows', async (t) => {
  const [busy, own] = [await startTarget(t), await startTarget(t)];
  busy.hold();
  own.hold();
  own.reply({ status: 500 });
  const filler = await api.scheduleOf(await api.taskOn(busy.url), { overlapPolicy: 'ALLOW_ALL' });
  const retry = { maxAttempts: 2, initialInterval: 'PT0S' };
  const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(own.url, { execution: { retry } })));
  const { capacity } = (await api.runIn(id, 'RUNNING')).worker!;
  // All places but one are taken, and one more run waits for the place that the failure gives free.
  await Promise.all(Array.from({ length: capacity }, () => api.trigger(filler)));
  await until(() => busy.received.length === capacity - 1);
  own.release();
  const again = await until(async () => {
    const run = await api.run(id);
    return run.attempt === 2 && run;
  });
  const { state, startedAt, durationMs, worker, error, timesOutAt, finishedAt } = again;
  assert.deepEqual(
    { state, startedAt, durationMs, worker, error, timesOutAt, finishedAt },
    {
      state: 'QUEUED',
      startedAt: null,
      durationMs: null,
      worker: null,
      error: null,
      timesOutAt: null,
      finishedAt: null,
    },
  );
  assert.equal(again.attempts.length, 1);
  assert.equal(again.latenessMs, between(again.effectiveAt, again.attempts[0]?.startedAt as string));
  assert.ok((again.queuedAt as string) >= (again.attempts[0]?.finishedAt as string));
  busy.release();
  await api.runIn(id, 'FAILED');
});

const failures = [
  {
    rule: 'a status that a retry cannot mend ends the run',
    reply: { status: 404 },
    state: 'FAILED',
    code: 'HTTP_STATUS',
    retryable: false,
    attempts: 1,
  },
  {
    rule: 'an error code of nonRetryableErrors ends the run',
    reply: { status: 500 },
    execution: { retry: { maxAttempts: 5, nonRetryableErrors: ['HTTP_STATUS'] } },
    state: 'FAILED',
    code: 'HTTP_STATUS',
    retryable: true,
    attempts: 1,
  },
  {
    rule: 'the last attempt fails: the run has failed',
    reply: { status: 500 },
    execution: { retry: { maxAttempts: 3, initialInterval: 'PT0S' } },
    state: 'FAILED',
    code: 'HTTP_STATUS',
    retryable: true,
    attempts: 3,
  },
];
for (const { rule, reply, execution = {}, state, code, retryable, attempts } of failures) {
  test(rule, async (t) => {
    const target = await startTarget(t);
    target.reply(reply);
    const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(target.url, { execution })));
    const run = await api.runIn(id, 'FAILED', 'SUCCEEDED', 'TIMED_OUT');
    assert.deepEqual([run.state, run.error?.code, run.error?.retryable, run.attempts.length], [state, code, retryable, attempts]);
    assert.equal(run.attempt, attempts);
    assert.equal(run.finishedAt, run.attempts.at(-1)?.finishedAt);
    assert.equal(run.attempts.at(-1)?.nextRetryAt, null);
    assert.equal(target.received.length, attempts);
    assert.equal(run.output, null);
  });
}

test('the last attempt takes longer than its timeout: TIMED_OUT', async (t) => {
  const target = await startTarget(t);
  target.hold();
  const execution = { timeout: 'PT0.2S', retry: { maxAttempts: 2, initialInterval: 'PT0S' } };
  const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(target.url), { execution }));
  const run = await api.runIn(id, 'TIMED_OUT');
  assert.deepEqual(run.error, { code: 'TIMED_OUT', name: run.error?.name, message: 'no result within 0.2 s', retryable: true });
  assert.deepEqual(
    run.attempts.map((attempt) => attempt.state),
    ['TIMED_OUT', 'TIMED_OUT'],
  );
  assert.ok((run.durationMs as number) >= 195);
});

test('nobody listens: CONNECTION_FAILED, which says what was tried', async (t) => {
  const closed = await startTarget(t);
  await closed.stop();
  const { id } = await api.trigger(await api.scheduleOf(await api.taskOn(closed.url, ONCE)));
  const { error } = await api.runIn(id, 'FAILED');
  assert.equal(error?.code, 'CONNECTION_FAILED');
  assert.match(error.message, new RegExp(`^POST ${closed.url}/ failed: .*ECONNREFUSED`));
});

test('the error of a run shows no header of its task', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 400, body: 'you sent secret-4711' });
  const { id } = await api.trigger(
    await api.scheduleOf(await api.taskOn(target.url, { http: { headers: { 'X-Key': 'secret-4711' } } })),
  );
  const { error } = await api.runIn(id, 'FAILED');
  assert.match(error?.message ?? '', /you sent \[header value\]/);
});

test('a run that is not there is null', async () => {
  assert.equal(await api.run('run_nowhere'), null);
});
