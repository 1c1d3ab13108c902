import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVERY_SECOND, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const names = (schedules: { name: string }[]) => schedules.map((schedule) => schedule.name).toSorted();

test('a paused schedule says since when, why and by whom, and has no next fire; its version stays', async () => {
  const own = await api.taskOn('http://127.0.0.1:9/hook');
  const before = await api.scheduleOf(own);
  const { schedules, count, userErrors } = await api.pauseSchedules({ select: { ids: [before.id] }, reason: 'Maintenance' });
  assert.deepEqual(userErrors, []);
  assert.equal(count, 1);
  const [paused] = schedules;
  assert.ok(paused);
  assert.equal(paused.state, 'PAUSED');
  assert.equal(paused.version, 1);
  assert.equal(paused.nextFireAt, null);
  assert.deepEqual(paused.nextFireTimes, []);
  assert.equal(paused.pause?.reason, 'Maintenance');
  assert.deepEqual(paused.pause.by, before.createdBy);
  assert.ok(paused.pause.since >= before.createdAt);
  assert.deepEqual(await api.schedule(before.name), paused);
  assert.equal((await api.task(own.key))?.nextFireAt, null);

  const resumed = await api.resumeSchedules({ select: { ids: [before.id] } });
  assert.deepEqual(resumed.schedules, [before], 'as it was before the pause');
});

test('schedules are selected by ids, by names or by a filter', async () => {
  const own = await api.taskOn('http://127.0.0.1:9/hook');
  const [a, b, c] = [await api.scheduleOf(own), await api.scheduleOf(own), await api.scheduleOf(own)];
  const all = names([a, b, c]);
  const byTask = { filter: { taskKeys: [own.key] } };
  for (const select of [{ ids: [c.id, a.id, b.id] }, { names: all }, byTask]) {
    const paused = await api.pauseSchedules({ select, reason: 'because' });
    assert.deepEqual([paused.count, names(paused.schedules)], [3, all]);
    const resumed = await api.resumeSchedules({ select, reason: 'done' });
    assert.deepEqual([resumed.count, names(resumed.schedules)], [3, all]);
  }
  await api.pauseSchedules({ select: { names: [a.name] }, reason: 'because' });
  const rest = await api.pauseSchedules({ select: { filter: { ...byTask.filter, states: ['ACTIVE'] } }, reason: 'because' });
  assert.deepEqual(names(rest.schedules), names([b, c]));
});

test('one that is named twice counts once; none is none', async () => {
  const { id, name } = await api.scheduleOf(task);
  assert.equal((await api.pauseSchedules({ select: { ids: [id, id] }, reason: 'because' })).count, 1);
  assert.equal((await api.resumeSchedules({ select: { names: [name, name] } })).count, 1);
  assert.deepEqual(await api.pauseSchedules({ select: { names: [] }, reason: 'because' }), {
    schedules: [],
    count: 0,
    userErrors: [],
  });
});

test('one that is paused already is not counted when it is so for the same reason; nor is an active one on resume', async () => {
  const [first, second] = [await api.scheduleOf(task), await api.scheduleOf(task)];
  const before = await api.pauseSchedules({ select: { ids: [first.id] }, reason: 'same' });
  const again = await api.pauseSchedules({ select: { ids: [first.id, second.id] }, reason: 'same' });
  assert.deepEqual([again.count, names(again.schedules)], [1, [second.name]]);
  assert.deepEqual((await api.schedule(first.name))?.pause, before.schedules[0]?.pause);
  await api.resumeSchedules({ select: { ids: [first.id] } });
  assert.equal((await api.resumeSchedules({ select: { ids: [first.id, second.id] } })).count, 1);
});

test('another reason or another end changes a pause: its since stays, and the audit trail has both', async (t) => {
  const { id, name } = await api.scheduleOf(task);
  const [first] = (await api.pauseSchedules({ select: { ids: [id] }, reason: 'first' })).schedules;
  const until = '2999-01-01T00:00:00.000Z';
  const changes = [
    { input: { reason: 'second' }, pause: { reason: 'second', until: null } },
    { input: { reason: 'second', until }, pause: { reason: 'second', until } },
    { input: { reason: 'second' }, pause: { reason: 'second', until: null } },
  ];
  for (const { input, pause } of changes) {
    const { count, schedules } = await api.pauseSchedules({ select: { ids: [id] }, ...input });
    assert.equal(count, 1);
    assert.deepEqual(schedules[0]?.pause, { ...first?.pause, ...pause });
  }
  assert.equal((await api.schedule(name))?.state, 'PAUSED');
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query(
    `SELECT changes FROM audit_entry WHERE target_id = $1 AND action = 'schedule.pause' ORDER BY at, id`,
    [id],
  );
  const words = [{ reason: 'first', until: null }, ...changes.map(({ pause }) => pause)];
  assert.deepEqual(
    rows.map((row) => row.changes),
    [
      { state: { before: 'ACTIVE', after: 'PAUSED' } },
      ...changes.map((_, index) => ({ pause: { before: words[index], after: words[index + 1] } })),
    ],
  );
});

test('a pause may have an end, which must be later than now', async () => {
  const { id, name } = await api.scheduleOf(task);
  for (const until of ['2020-01-01T00:00:00Z', new Date(Date.now() - 60_000).toISOString()]) {
    const { userErrors, count } = await api.pauseSchedules({ select: { ids: [id] }, reason: ' ', until });
    assert.equal(count, 0);
    assert.deepEqual(
      userErrors.map((error) => [error.code, error.path, error.constraint]),
      [
        ['INVALID', ['input', 'reason'], '1 to 2000 characters, no control characters'],
        ['INVALID', ['input', 'until'], 'later than now'],
      ],
    );
    assert.ok(userErrors[1]?.message.startsWith(`until is ${new Date(until).toISOString()}; allowed is later than now`));
  }
  assert.equal((await api.schedule(name))?.state, 'ACTIVE');
  const until = '2999-01-01T00:00:00.000Z';
  const { schedules } = await api.pauseSchedules({ select: { ids: [id] }, reason: 'because', until });
  assert.deepEqual([schedules[0]?.state, schedules[0]?.pause?.until], ['PAUSED', until]);
});

test('a name or an id that is not there is told by its place, and nothing is changed', async () => {
  const { id, name } = await api.scheduleOf(task);
  const cases = [
    {
      select: { names: [name, 'nowhere', 'nothing'] },
      path: (n: number) => ['input', 'select', 'names', String(n)],
      missing: ['nowhere', 'nothing'],
    },
    {
      select: { ids: [id, 'sch_1', 'sch_2'] },
      path: (n: number) => ['input', 'select', 'ids', String(n)],
      missing: ['sch_1', 'sch_2'],
    },
  ];
  for (const { select, path, missing } of cases) {
    for (const change of [api.pauseSchedules, api.resumeSchedules]) {
      const { schedules, count, userErrors } = await change({ select, reason: 'because' });
      assert.deepEqual([schedules, count], [[], 0]);
      const expected = missing.map((value, index) => ({
        __typename: 'NotFoundError',
        code: 'NOT_FOUND',
        message: `There is no schedule "${value}".`,
        path: path(index + 1),
      }));
      assert.deepEqual(userErrors, expected);
    }
    assert.equal((await api.schedule(name))?.state, 'ACTIVE');
  }
});

test('a pause needs a reason; a reason has at most 2000 characters', async () => {
  const { id, name } = await api.scheduleOf(task);
  const reasons = [
    { change: api.pauseSchedules, reason: ' ', says: 'reason is blank; allowed are 1 to 2000 characters.' },
    { change: api.pauseSchedules, reason: 'x'.repeat(2_001), says: 'reason has 2001 characters; allowed are 1 to 2000.' },
    { change: api.resumeSchedules, reason: 'x'.repeat(2_001), says: 'reason has 2001 characters; allowed are 0 to 2000.' },
  ];
  for (const { change, reason, says } of reasons) {
    const { userErrors } = await change({ select: { ids: [id] }, reason });
    assert.deepEqual(
      userErrors.map((error) => [error.code, error.path, error.message]),
      [['INVALID', ['input', 'reason'], says]],
    );
  }
  assert.equal((await api.schedule(name))?.state, 'ACTIVE');
  const absent = await carillon.ask('mutation ($id: ID!) { pauseSchedules(input: { select: { ids: [$id] } }) { count } }', {
    id,
  });
  assert.equal(absent.errors?.[0]?.extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});

test('at most 100 are named; a filter takes up to 1,000, of which 100 are answered and all are counted', async (t) => {
  const own = await api.taskOn('http://127.0.0.1:9/hook');
  const { id } = await api.scheduleOf(own);
  const database = await connect(t, carillon.databaseUrl);
  /** Copies, paused so that no engine has to do with them. */
  const copy = (from: number, to: number) =>
    database.query(
      `INSERT INTO schedule (id, name, task_id, state, pause, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire,
                             next_scheduled_for, next_fire_at, created_at, created_by, updated_at, updated_by)
       SELECT id || n, name || '-' || n, task_id, 'PAUSED', '{"since":"2026-01-01T00:00:00.000Z","reason":"copy","by":{}}', trigger_spec, trigger_kind,
              time_zone, dst, overlap_policy, misfire, next_scheduled_for, next_fire_at, created_at, created_by, updated_at, updated_by
         FROM schedule, generate_series($2::int, $3::int) n WHERE id = $1`,
      [id, from, to],
    );
  const filter = { taskKeys: [own.key] };
  await copy(1, 104);
  const resumed = await api.resumeSchedules({ select: { filter } });
  assert.deepEqual([resumed.count, resumed.schedules.length], [104, 100]);

  await copy(105, 1_000);
  const tooWide = await api.pauseSchedules({ select: { filter }, reason: 'because' });
  const tooMany = await api.pauseSchedules({
    select: { names: Array.from({ length: 101 }, (_, n) => `name ${n}`) },
    reason: 'because',
  });
  const refusals = [...tooWide.userErrors, ...tooMany.userErrors].map(({ code, path, constraint }) => [
    code,
    path?.join('.'),
    constraint,
  ]);
  assert.deepEqual(refusals, [
    ['INVALID', 'input.select.filter', 'at most 1000'],
    ['INVALID', 'input.select.names', 'at most 100'],
  ]);
  assert.match(tooWide.userErrors[0]?.message ?? '', /^filter matches 1001 schedules;/);
  assert.equal(
    (await api.pauseSchedules({ select: { filter: { ...filter, states: ['ACTIVE'] } }, reason: 'because' })).count,
    105,
  );
});

test('what passes while a schedule is paused does not run: the ledger has it as PAUSED', async (t) => {
  const [target, witness] = [await startTarget(t), await startTarget(t)];
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { trigger: EVERY_SECOND, overlapPolicy: 'ALLOW_ALL' });
  const clock = await api.scheduleOf(await api.taskOn(witness.url), { trigger: EVERY_SECOND, overlapPolicy: 'ALLOW_ALL' });
  await target.next();
  const paused = await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'because' });
  const since = paused.schedules[0]?.pause?.since as string;
  // A fire of another schedule shows that a whole second has passed.
  let fire = await witness.next();
  while ((fire.headers['carillon-scheduled-for'] as string) <= since) fire = await witness.next();
  const resumed = (await api.resumeSchedules({ select: { ids: [schedule.id] } })).schedules[0];
  const next = resumed?.nextFireAt as string;
  await target.next();
  await api.pauseSchedules({ select: { ids: [schedule.id, clock.id] }, reason: 'enough' });

  const times = target.received.map((request) => request.headers['carillon-scheduled-for'] as string);
  assert.deepEqual(
    times.filter((time) => time > since && time < next),
    [],
  );
  assert.ok(times.includes(next), 'it goes on with the first instant after the resume');
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query('SELECT verdict, count FROM occurrence WHERE schedule_id = $1 AND scheduled_for < $2', [
    schedule.id,
    next,
  ]);
  const passed = Math.floor((Date.parse(next) - 1) / 1_000) - Math.floor(Date.parse(since) / 1_000);
  assert.ok(passed >= 1);
  assert.deepEqual(rows, [{ verdict: 'PAUSED', count: passed }]);
});

test('a schedule whose trigger has ended is COMPLETED: neither paused nor resumed, and active again with a trigger that goes on', async (t) => {
  const target = await startTarget(t);
  const at = new Date(Date.now() + 2_000);
  const [second, minute, hour, day, month, year] = at.toISOString().match(/\d+/g)!.slice(0, 6).toReversed();
  const expression = [second, minute, hour, day, month].join(' ');
  const trigger = { cron: { expression: `${expression} * ${year}` } };
  const own = await api.taskOn(target.url);
  const { id, name } = await api.scheduleOf(own, { trigger, name: fresh('once') });
  await target.next();
  const completed = await api.schedule(name);
  assert.equal(completed?.state, 'COMPLETED');
  assert.equal(completed.nextFireAt, null);
  assert.deepEqual(completed.nextFireTimes, []);
  assert.equal(
    Date.parse(target.received[0]?.headers['carillon-scheduled-for'] as string),
    Math.floor(at.getTime() / 1_000) * 1_000,
  );
  assert.ok(Date.parse(completed.lastFireAt as string) >= Math.floor(at.getTime() / 1_000) * 1_000);
  assert.equal((await api.pauseSchedules({ select: { ids: [id] }, reason: 'because' })).count, 0);
  assert.equal((await api.resumeSchedules({ select: { ids: [id] } })).count, 0);
  const { schedule } = await api.updateSchedule({ ref: { id }, patch: { trigger: { interval: { every: 'P1D' } } } });
  assert.equal(schedule?.state, 'ACTIVE');
  assert.ok(schedule.nextFireAt);
});
