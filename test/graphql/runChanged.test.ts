import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { EVERY_SECOND, createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUN_CHANGED, TASK_CHANGED } from '../support/operations.ts';
import { connect, halfPastHourly, missHours } from '../support/outage.ts';
import { refusal, watch } from '../support/stream.ts';
import type { Stream } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import type { RunEventView, TaskEventView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const FINAL = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED'];

const watchRuns = (t: TestContext, filter: unknown = null, after: string | null = null) =>
  watch<RunEventView>(t, carillon, { query: RUN_CHANGED, variables: { filter, after } });
const steps = (events: RunEventView[]) => events.map((event) => `${event.previousState ?? '-'} ${event.state}`);
const isFinal = (event: RunEventView) => FINAL.includes(event.state);

/** A schedule that many runs may be triggered of at a time, and a filter for them. */
async function playground(t: TestContext, task: Record<string, unknown> = {}) {
  const target = await startTarget(t);
  const { key } = await api.taskOn(target.url, task);
  return { target, schedule: await api.scheduleOf({ key }, { overlapPolicy: 'ALLOW_ALL' }), filter: { taskKeys: [key] }, key };
}

test('a run goes QUEUED, RUNNING, SUCCEEDED, and each step says what it is about', async (t) => {
  const { schedule, filter, key } = await playground(t);
  const stream = await watchRuns(t, filter);
  const run = await api.trigger(schedule);
  const events = await stream.until(isFinal);
  assert.deepEqual(steps(events), ['- QUEUED', 'QUEUED RUNNING', 'RUNNING SUCCEEDED']);
  assert.deepEqual(
    events.map((event) => event.kind),
    ['CREATED', 'UPDATED', 'UPDATED'],
  );
  for (const event of events)
    assert.deepEqual([event.id, event.taskKey, event.scheduleId, event.run?.id], [run.id, key, schedule.id, run.id]);
  assert.equal(new Set(events.map((event) => event.cursor)).size, 3);
  const done = await api.run(run.id);
  assert.deepEqual(
    events.map((event) => event.at),
    [done.queuedAt, done.startedAt, done.finishedAt],
  );
});

test('a schedule that fires by itself is seen the same way', async (t) => {
  const { filter, key } = await playground(t);
  const stream = await watchRuns(t, filter);
  const { id } = await api.scheduleOf({ key }, { trigger: EVERY_SECOND });
  assert.deepEqual(steps(await stream.until(isFinal)), ['- QUEUED', 'QUEUED RUNNING', 'RUNNING SUCCEEDED']);
  await api.pauseSchedules({ select: { ids: [id] }, reason: 'enough' });
});

test('a retry goes through RETRY_WAIT and QUEUED again', async (t) => {
  const { target, schedule, filter } = await playground(t, { execution: { retry: { maxAttempts: 2, initialInterval: 'PT0S' } } });
  target.reply({ status: 500 }, {});
  const stream = await watchRuns(t, filter);
  await api.trigger(schedule);
  const retried = [
    '- QUEUED',
    'QUEUED RUNNING',
    'RUNNING RETRY_WAIT',
    'RETRY_WAIT QUEUED',
    'QUEUED RUNNING',
    'RUNNING SUCCEEDED',
  ];
  assert.deepEqual(steps(await stream.until(isFinal)), retried);
});

test('a backlog waits BUFFERED and goes one after the other, oldest first', async (t) => {
  const { target, stream, missed } = await backlog(t);
  target.release();
  const finals: RunEventView[] = [];
  const later: string[] = [];
  while (finals.length < 3) {
    const event = await stream.next();
    later.push(`${event.previousState} ${event.state}`);
    if (isFinal(event)) finals.push(event);
  }
  const turn = ['RUNNING SUCCEEDED', 'BUFFERED QUEUED', 'QUEUED RUNNING'];
  assert.deepEqual(later, [...turn, ...turn, 'RUNNING SUCCEEDED']);
  const instants = await Promise.all(finals.map(async ({ id }) => (await api.run(id)).scheduledFor));
  assert.deepEqual(instants, missed);
});

test('deleting the schedule cancels what is BUFFERED', async (t) => {
  const { schedule, stream } = await backlog(t);
  await api.deleteSchedule({ ref: { id: schedule.id } });
  assert.deepEqual(steps(await stream.take(2)), ['BUFFERED CANCELED', 'BUFFERED CANCELED']);
});

/** A schedule that makes up for three hours; the first run is under way and held, which `stream` has told. */
async function backlog(t: TestContext) {
  const { target, key, filter } = await playground(t);
  target.hold();
  const schedule = await api.scheduleOf({ key }, { trigger: halfPastHourly(), misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } });
  const stream = await watchRuns(t, filter);
  const missed = await missHours(await connect(t, carillon.databaseUrl), api, schedule, 3);
  assert.deepEqual(steps(await stream.take(4)).toSorted(), ['- BUFFERED', '- BUFFERED', '- QUEUED', 'QUEUED RUNNING']);
  return { target, schedule, stream, missed };
}

test('the run of an event is loaded for that event: as it stands when the event is delivered', async (t) => {
  const { target, schedule, filter } = await playground(t);
  target.hold();
  const stream = await watchRuns(t, filter);
  await api.trigger(schedule);
  const running = (await stream.until((event) => event.state === 'RUNNING')).at(-1);
  assert.equal(running?.run?.state, 'RUNNING');
  target.release();
  const done = await stream.next();
  assert.equal(done.run?.state, 'SUCCEEDED');
});

test('a filter lets an event through when the run matches before or after the change', async (t) => {
  // Three runs of one task: by hand, by hand and failing, and made up for, whose instant is past although it comes last.
  const { target, schedule: first, filter: mine, key } = await playground(t, { execution: { retry: { maxAttempts: 1 } } });
  const other = await playground(t);
  const everything = await watchRuns(t);
  const ended = async (id: string) =>
    (await everything.until((event) => event.id === id && isFinal(event))).at(-1)?.cursor as string;
  const start = await ended((await api.trigger(other.schedule)).id);
  const a = await api.trigger(first);
  await ended(a.id);
  target.reply({ status: 404 }, {});
  const second = await api.scheduleOf({ key });
  const b = await api.trigger(second);
  await ended(b.id);
  const third = await api.scheduleOf({ key }, { trigger: halfPastHourly() });
  const [missed] = await missHours(await connect(t, carillon.databaseUrl), api, third, 1);
  const c = (await everything.until((event) => event.scheduleId === third.id && isFinal(event))).at(-1)?.id as string;

  const A = ['a QUEUED', 'a RUNNING', 'a SUCCEEDED'];
  const B = ['b QUEUED', 'b RUNNING', 'b FAILED'];
  const C = ['c QUEUED', 'c RUNNING', 'c SUCCEEDED'];
  const cases = [
    { filter: {}, seen: [...A, ...B, ...C] },
    { filter: { states: ['RUNNING'] }, seen: [...A.slice(1), ...B.slice(1), ...C.slice(1)] },
    { filter: { states: ['QUEUED'] }, seen: [...A.slice(0, 2), ...B.slice(0, 2), ...C.slice(0, 2)] },
    { filter: { states: ['FAILED', 'TIMED_OUT'] }, seen: ['b FAILED'] },
    { filter: { states: [] }, seen: [] },
    { filter: { states: null, origins: null }, seen: [...A, ...B, ...C] },
    { filter: { origins: ['MANUAL'] }, seen: [...A, ...B] },
    { filter: { origins: ['SCHEDULE', 'CATCH_UP'] }, seen: C },
    { filter: { scheduleIds: [first.id, third.id] }, seen: [...A, ...C] },
    { filter: { scheduleNames: [second.name] }, seen: B },
    { filter: { scheduleIds: [first.id], scheduleNames: [second.name] }, seen: [] },
    { filter: { taskKeys: ['nowhere'] }, seen: [] },
    { filter: { scheduledFor: { from: b.scheduledFor } }, seen: B },
    { filter: { scheduledFor: { from: missed, until: b.scheduledFor } }, seen: [...A, ...C] },
    { filter: { scheduledFor: { until: a.scheduledFor } }, seen: C },
  ];
  const streams = await Promise.all(cases.map(({ filter }) => watchRuns(t, { ...mine, ...filter }, start)));
  const letters = new Map([
    [a.id, 'a'],
    [b.id, 'b'],
    [c, 'c'],
  ]);
  const shown = (events: RunEventView[]) => events.map((event) => `${letters.get(event.id)} ${event.state}`);
  for (const [index, { filter, seen }] of cases.entries()) {
    assert.deepEqual(shown(await (streams[index] as Stream<RunEventView>).take(seen.length)), seen, JSON.stringify(filter));
  }
  // By the time a later run has been seen, whatever else a filter let through would have come.
  await ended((await api.trigger(other.schedule)).id);
  for (const [index, { filter }] of cases.entries())
    assert.deepEqual(shown(streams[index]?.arrived() ?? []), [], JSON.stringify(filter));
});

test('after goes on behind an event: with many runs and many interruptions nothing is missed and nothing comes twice', async (t) => {
  const { schedule, filter } = await playground(t);
  const RUNS = 40;
  const whole = await watchRuns(t, filter);
  let stream = await watchRuns(t, filter);
  const triggered = Promise.all(Array.from({ length: RUNS }, () => api.trigger(schedule)));
  const pieces: RunEventView[] = [];
  while (pieces.length < 3 * RUNS) {
    pieces.push(...(await stream.take(Math.min(7, 3 * RUNS - pieces.length))));
    stream.close();
    stream = await watchRuns(t, filter, pieces.at(-1)?.cursor);
  }
  const reference = await whole.take(3 * RUNS);
  assert.deepEqual(
    pieces.map(({ run: _, ...event }) => event),
    reference.map(({ run: _, ...event }) => event),
  );
  const perRun = Map.groupBy(pieces, (event) => event.id);
  assert.deepEqual([...perRun.keys()].toSorted(), (await triggered).map((run) => run.id).toSorted());
  for (const events of perRun.values()) assert.deepEqual(steps(events), ['- QUEUED', 'QUEUED RUNNING', 'RUNNING SUCCEEDED']);
});

test('what happened while nobody watched at all is told to who comes back', async (t) => {
  const { schedule, filter } = await playground(t);
  const before = await watchRuns(t, filter);
  const first = await api.trigger(schedule);
  const { cursor } = await before.next();
  before.close();
  const others = [await api.trigger(schedule), await api.trigger(schedule)];
  for (const { id } of others) await api.runIn(id, 'SUCCEEDED');
  const back = await watchRuns(t, filter, cursor);
  const events = await back.take(8);
  assert.deepEqual(steps(events.filter((event) => event.id === first.id)), ['QUEUED RUNNING', 'RUNNING SUCCEEDED']);
  for (const { id } of others) assert.equal(events.filter((event) => event.id === id).length, 3);
});

test('without after a stream begins with what happens from now on', async (t) => {
  const { schedule, filter } = await playground(t);
  // What has been told to one is the past to whoever comes after.
  const before = await watchRuns(t, filter);
  await api.trigger(schedule);
  await before.until(isFinal);
  const stream = await watchRuns(t, filter);
  const second = await api.trigger(schedule);
  assert.equal((await stream.next()).id, second.id);
});

test('runs and tasks share one stream of cursors', async (t) => {
  const { schedule, filter, key } = await playground(t);
  const runs = await watchRuns(t, filter);
  await api.trigger(schedule);
  const { cursor } = await runs.next();
  const tasks = await watch<TaskEventView>(t, carillon, {
    query: TASK_CHANGED,
    variables: { after: cursor, filter: { keys: [key] } },
  });
  assert.deepEqual(
    (await tasks.take(2)).map((event) => event.state),
    ['RUNNING', 'IDLE'],
  );
});

const encode = (text: string) => Buffer.from(text).toString('base64url');
const UUID = '5bd0fb6b-2a5c-4a59-8f0f-3f6f0a1c9a11';
const badCursors = [
  { what: 'an empty text', after: '' },
  { what: 'some text', after: 'yesterday' },
  { what: 'a cursor of a list', after: encode('["scheduledFor:DESC","2026-01-01T00:00:00.000Z","run_1"]') },
  { what: 'a very long text', after: 'A'.repeat(1_000) },
];
for (const [name, query] of Object.entries({ runChanged: RUN_CHANGED, taskChanged: TASK_CHANGED })) {
  for (const { what, after: bad } of badCursors) {
    test(`${name}: a cursor that is none is BAD_USER_INPUT: ${what}`, async () => {
      const { status, errors } = await refusal(carillon, { query, variables: { after: bad } });
      assert.deepEqual([status, errors?.[0]?.extensions.code], [400, 'BAD_USER_INPUT']);
      assert.equal(errors?.[0]?.message, 'after is not a cursor of an event.');
    });
  }

  test(`${name}: a cursor of another stream, from before a restore, is CURSOR_EXPIRED`, async () => {
    const { status, errors } = await refusal(carillon, { query, variables: { after: encode(`${UUID}.1.1`) } });
    assert.deepEqual([status, errors?.[0]?.extensions.code], [410, 'CURSOR_EXPIRED']);
    assert.match(errors?.[0]?.message ?? '', /read the lists again and subscribe anew/);
  });
}

test('a cursor of this stream with a place that cannot be is BAD_USER_INPUT', async (t) => {
  const { schedule, filter } = await playground(t);
  const stream = await watchRuns(t, filter);
  await api.trigger(schedule);
  const [streamId] = Buffer.from((await stream.next()).cursor, 'base64url')
    .toString()
    .split('.');
  const { errors } = await refusal(carillon, {
    query: RUN_CHANGED,
    variables: { after: encode(`${streamId}.99999999999999999999.1`) },
  });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
});

test('a filter that cannot be is refused before the stream begins', async () => {
  const { status, errors } = await refusal(carillon, { query: RUN_CHANGED, variables: { filter: { states: ['DONE'] } } });
  assert.deepEqual([status, errors?.[0]?.extensions.code], [400, 'BAD_USER_INPUT']);
});
