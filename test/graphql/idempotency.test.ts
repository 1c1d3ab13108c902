import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startInstance, startTestCarillon } from '../support/carillon.ts';
import * as operations from '../support/operations.ts';
import { query } from '../support/database.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { addTokens } from '../support/tokens.ts';
import { until } from '../support/until.ts';
import type { ErrorView, RunView } from '../support/views.ts';

let stopSecond = async () => undefined as void;
// Hooks run in the order of their registration: this one before the one that drops the database.
after(() => stopSecond());
const first = await startTestCarillon({ after });
const second = await startInstance(first.databaseUrl);
stopSecond = second.stop;
const [api, other] = [createApi(first), createApi(second)];
const target = await startTarget({ after });
const task = await api.taskOn(target.url);
const keysOf = async () =>
  (await query<{ count: number }>(first.databaseUrl, 'SELECT count(*)::int FROM idempotency_key'))[0]?.count;

/** Some transaction of another connection holds a key. */
const HELD = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND mode = 'ExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid IN (SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock')`;

interface BackfillPayload {
  backfill: { id: string; total: number } | null;
  fireTimes: object[];
  replayed: boolean;
  userErrors: ErrorView[];
}
const backfill = (input: object) => api.ask<BackfillPayload>(operations.BACKFILL_SCHEDULE, { input });

/** Each makes something under a key; sent once more as it is, it must make nothing. */
const calls: {
  name: string;
  prepare: () => Promise<(key: string) => Promise<{ made: string | undefined; replayed: boolean }>>;
}[] = [
  {
    name: 'createSchedule',
    async prepare() {
      const spec = { name: fresh('schedule'), task: { key: task.key }, trigger: YEARLY };
      return async (idempotencyKey) => {
        const { schedule, replayed, userErrors } = await api.createSchedule({ spec, idempotencyKey });
        assert.deepEqual(userErrors, [], 'ALREADY_EXISTS, were it not for the key');
        return { made: schedule?.id, replayed };
      };
    },
  },
  {
    name: 'triggerTask',
    async prepare() {
      const input = { task: { id: task.id }, overlapPolicy: 'ALLOW_ALL', runAt: '2030-01-01T00:00:00Z' };
      return async (idempotencyKey) => {
        const { run, replayed } = await api.triggerTask({ ...input, idempotencyKey });
        assert.equal(run?.idempotencyKey, idempotencyKey);
        return { made: run.id, replayed };
      };
    },
  },
  {
    name: 'triggerSchedule',
    async prepare() {
      const { id } = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
      return async (idempotencyKey) => {
        const { run, replayed } = await api.triggerSchedule({ ref: { id }, input: { a: 1 }, idempotencyKey });
        assert.equal(run?.idempotencyKey, idempotencyKey);
        return { made: run.id, replayed };
      };
    },
  },
  {
    name: 'retryRun',
    async prepare() {
      const run = await api.trigger(await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' }), { idempotencyKey: fresh('key') });
      await api.runIn(run.id, 'SUCCEEDED');
      return async (idempotencyKey) => {
        const { run: again, replayed } = await api.retryRun({ id: run.id, idempotencyKey });
        assert.equal(again?.idempotencyKey, idempotencyKey, 'not that of the run it repeats');
        return { made: again.id, replayed };
      };
    },
  },
  {
    name: 'backfillSchedule',
    async prepare() {
      const { id } = await api.scheduleOf(task, { trigger: { cron: { expression: '0 * * * *' } } });
      const range = { from: '2026-03-01T00:00:00Z', until: '2026-03-01T03:00:00Z' };
      const times: object[][] = [];
      return async (idempotencyKey) => {
        const answer = await backfill({ ref: { id }, range, only: 'ALL', idempotencyKey });
        times.push(answer.fireTimes);
        assert.equal(answer.fireTimes.length, 3);
        assert.deepEqual(answer.fireTimes, times[0], 'what was said of its times is said again');
        return { made: answer.backfill?.id, replayed: answer.replayed };
      };
    },
  },
];
for (const { name, prepare } of calls) {
  test(`${name}: the same key and input do it once and answer the same again; another key does it again`, async () => {
    const send = await prepare();
    const key = fresh('key');
    const made = await send(key);
    assert.equal(made.replayed, false);
    assert.match(made.made ?? '', /^\w+_\w+$/);
    assert.deepEqual(await send(key), { made: made.made, replayed: true });
    if (name === 'createSchedule') return;
    const another = await send(fresh('key'));
    assert.equal(another.replayed, false);
    assert.notEqual(another.made, made.made);
  });
}

test('20 calls at once with one key, on two instances: one run, which all of them answer; one of them made it', async () => {
  const { id } = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const idempotencyKey = fresh('key');
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? api : other).triggerSchedule({ ref: { id }, idempotencyKey })),
  );
  assert.deepEqual(
    answers.flatMap(({ userErrors }) => userErrors),
    [],
  );
  assert.equal(new Set(answers.map(({ run }) => run?.id)).size, 1);
  assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
  const rows = await query(first.databaseUrl, 'SELECT id FROM run WHERE schedule_id = $1', [id]);
  assert.deepEqual(rows, [{ id: answers[0]?.run?.id }]);
});

test('what is answered again is answered as it stands by now', async () => {
  const schedule = await api.scheduleOf(task);
  const input = { ref: { id: schedule.id }, idempotencyKey: fresh('key') };
  const { run } = await api.triggerSchedule(input);
  await api.runIn(run!.id, 'SUCCEEDED');
  const again = await other.triggerSchedule(input);
  assert.deepEqual([again.run?.id, again.run?.state, again.replayed], [run?.id, 'SUCCEEDED', true]);
});

test('another input under the key: IDEMPOTENCY_MISMATCH says when the first one came, and nothing is done', async () => {
  const { id } = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const idempotencyKey = fresh('key');
  const before = Date.now();
  const { run } = await api.triggerSchedule({ ref: { id }, input: { a: 1, b: 2 }, idempotencyKey });
  const { run: none, replayed, userErrors } = await api.triggerSchedule({ ref: { id }, input: { a: 2 }, idempotencyKey });
  assert.deepEqual([none, replayed, userErrors.length], [null, false, 1]);
  const { firstSeenAt = '', ...error } = userErrors[0]!;
  assert.deepEqual(error, {
    __typename: 'IdempotencyError',
    code: 'IDEMPOTENCY_MISMATCH',
    message: `The key "${idempotencyKey}" was used at ${firstSeenAt}, with another input. For another input take another key.`,
    path: ['input', 'idempotencyKey'],
  });
  assert.ok(Date.parse(firstSeenAt) >= before - 1_000 && Date.parse(firstSeenAt) <= Date.parse(run!.createdAt));
  const reordered = await api.triggerSchedule({ idempotencyKey, input: { b: 2, a: 1 }, ref: { id } });
  assert.deepEqual([reordered.run?.id, reordered.replayed], [run?.id, true], 'the order of fields is no other input');
});

test('a call with user errors leaves its key free, also for another input', async () => {
  const name = fresh('schedule');
  const idempotencyKey = fresh('key');
  const before = await keysOf();
  const spec = { name, task: { key: 'nowhere' }, trigger: YEARLY };
  const failed = await api.createSchedule({ spec, idempotencyKey });
  assert.deepEqual([failed.replayed, failed.userErrors[0]?.code], [false, 'NOT_FOUND']);
  assert.equal(await keysOf(), before);
  const mended = await api.createSchedule({ spec: { ...spec, task: { key: task.key } }, idempotencyKey });
  assert.deepEqual([mended.replayed, mended.userErrors, mended.schedule?.name], [false, [], name]);
});

test('a key is of one mutation and of one caller', async () => {
  const { OPERATOR } = await addTokens(first.databaseUrl, 'OPERATOR');
  const { id } = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const idempotencyKey = fresh('key');
  const mine = await api.triggerSchedule({ ref: { id }, idempotencyKey });
  const theirs = await api.triggerSchedule({ ref: { id }, input: { a: 1 }, idempotencyKey }, OPERATOR);
  const byTask = await api.triggerTask({ task: { id: task.id }, overlapPolicy: 'ALLOW_ALL', idempotencyKey });
  for (const { replayed, userErrors } of [mine, theirs, byTask]) assert.deepEqual([replayed, userErrors], [false, []]);
  assert.equal(new Set([mine, theirs, byTask].map(({ run }) => run?.id)).size, 3);
});

test('what was made is deleted: NOT_FOUND, and it is not made again', async () => {
  const spec = { name: fresh('schedule'), task: { key: task.key }, trigger: YEARLY };
  const input = { spec, idempotencyKey: fresh('key') };
  const { schedule } = await api.createSchedule(input);
  await api.deleteSchedule({ ref: { id: schedule!.id } });
  const { schedule: gone, replayed, userErrors } = await api.createSchedule(input);
  assert.deepEqual(
    [gone, replayed, userErrors[0]?.code, userErrors[0]?.path],
    [null, true, 'NOT_FOUND', ['input', 'idempotencyKey']],
  );
  assert.match(userErrors[0]?.message ?? '', /^What this call did at 2\S+Z has been removed since\./);
  assert.equal(await api.schedule(spec.name), null);
});

for (const idempotencyKey of ['', '  ', 'x'.repeat(201), 'a\u0007b']) {
  test(`no key at all: ${JSON.stringify(idempotencyKey.slice(0, 9))} is INVALID, and nothing runs`, async () => {
    const { run, userErrors } = await api.triggerTask({ task: { id: task.id }, overlapPolicy: 'ALLOW_ALL', idempotencyKey });
    assert.deepEqual([run, userErrors[0]?.code, userErrors[0]?.path], [null, 'INVALID', ['input', 'idempotencyKey']]);
    assert.equal(userErrors[0]?.constraint, '1 to 200 printable characters');
  });
}

test('null is no key: each call does it, and a run without one has none', async () => {
  const input = { task: { id: task.id }, overlapPolicy: 'ALLOW_ALL', idempotencyKey: null };
  const [a, b] = [await api.triggerTask(input), await api.triggerTask(input)];
  assert.notEqual(a.run?.id, b.run?.id);
  assert.deepEqual([a.run?.idempotencyKey, a.replayed, b.replayed], [null, false, false]);
});

test('a dry run of a backfill leaves the key free', async () => {
  const { id } = await api.scheduleOf(task, { trigger: { cron: { expression: '0 * * * *' } } });
  const range = { from: '2026-03-01T00:00:00Z', until: '2026-03-01T02:00:00Z' };
  const input = { ref: { id }, range, only: 'ALL', idempotencyKey: fresh('key') };
  assert.equal((await backfill({ ...input, dryRun: true })).fireTimes.length, 2);
  const real = await backfill(input);
  assert.deepEqual([real.replayed, real.backfill?.total], [false, 2]);
  const dry = await backfill({ ...input, dryRun: true });
  assert.deepEqual([dry.replayed, dry.backfill, dry.userErrors], [false, null, []]);
});

test('a call under way that does not end: IDEMPOTENCY_IN_PROGRESS says since when; once it has ended it is answered again', async (t) => {
  const database = await connect(t, first.databaseUrl);
  const { id } = await api.scheduleOf(task, { overlapPolicy: 'ALLOW_ALL' });
  const input = { ref: { id }, idempotencyKey: fresh('key') };
  await database.query('BEGIN');
  let slow: Promise<{ run: RunView | null; replayed: boolean }>;
  try {
    await database.query('SELECT 1 FROM schedule WHERE id = $1 FOR UPDATE', [id]);
    const before = Date.now();
    slow = api.triggerSchedule(input);
    await until(async () => (await database.query(HELD)).rowCount === 1);
    const { run, replayed, userErrors } = await other.triggerSchedule(input);
    assert.deepEqual([run, replayed, userErrors.length], [null, false, 1]);
    const { firstSeenAt = '', ...error } = userErrors[0]!;
    assert.deepEqual(error, {
      __typename: 'IdempotencyError',
      code: 'IDEMPOTENCY_IN_PROGRESS',
      message: `A call with the key "${input.idempotencyKey}" is under way since ${firstSeenAt}. Send this one again in a moment.`,
      path: ['input', 'idempotencyKey'],
    });
    assert.ok(Date.parse(firstSeenAt) >= before - 1_000 && Date.parse(firstSeenAt) < Date.now() - 2_000);
  } finally {
    await database.query('ROLLBACK');
  }
  const { run, replayed } = await slow;
  assert.equal(replayed, false);
  const again = await other.triggerSchedule(input);
  assert.deepEqual([again.run?.id, again.replayed], [run?.id, true]);
});
