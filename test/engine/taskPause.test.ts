import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { explainAt } from '../../src/graphql/explainSchedule.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import {
  addSchedule,
  addTask,
  at,
  editSchedule,
  holdTask,
  openParts,
  pause,
  pauseUntil,
  releaseTask,
  removeSchedule,
  resume,
  resumeWith,
  skip,
  startTestEngine,
  time,
  trigger,
} from '../support/parts.ts';
import { play } from '../support/play.ts';
import { untilBlocked } from '../support/database.ts';

const EACH = { overlapPolicy: 'ALLOW_ALL' } as const;

/** A task "task" with a schedule every 10 s since midnight, an engine and a clock. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}) {
  const { parts, id, engine, step: stepOnce } = await play(t, spec);
  const step = async (...moments: string[]) => {
    for (const moment of moments) {
      await stepOnce(moment);
      await engine.settle();
    }
  };
  const stateOf = async (of = id) => {
    const { state, hold, nextScheduledFor, nextFireAt } = await parts.store.prisma.schedule.findUniqueOrThrow({
      where: { id: of },
    });
    return { state, held: hold !== null, place: time(nextScheduledFor), nextFireAt: time(nextFireAt) };
  };
  const why = async (moment: string) => {
    const [schedule] = await findSchedulesById(parts.store.prisma, [id]);
    const { causes } = await explainAt({ ...schedule!, calendars: null, skips: [] }, at(moment), parts);
    return `${causes.at(-1)?.subject}: ${causes.at(-1)?.message}`;
  };
  return { parts, id, step, stateOf, why };
}

test('while a task is paused no schedule of it fires; what passed is PAUSED when that ends, and their own states stay', async (t) => {
  const { parts, id, step, stateOf } = await playing(t);
  const own = await addSchedule(parts, { ...EACH, name: 'paused by itself' });
  await addTask(parts, { key: 'other' });
  const elsewhere = await addSchedule(parts, { ...EACH, name: 'elsewhere', task: { key: 'other' } });
  await step('00:00:10');
  await pause(parts, own.id);
  parts.clock.advanceTo(at('00:00:21'));
  await holdTask(parts, 'task');
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: true, place: '00:00:30', nextFireAt: null });
  await step('00:00:30', '00:00:40', '00:00:41');
  assert.deepEqual(await skipsOf(parts, id), [], 'a running pause is not written yet');
  await releaseTask(parts, 'task');
  await step('00:00:50');
  const before = ['00:00:10 SCHEDULE QUEUED', '00:00:20 SCHEDULE QUEUED'];
  assert.deepEqual(await runsOf(parts, id), [...before, '00:00:50 SCHEDULE QUEUED'], 'what was due before the pause fired');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:40 PAUSED 2']);
  assert.equal(
    (await parts.store.prisma.occurrence.findFirstOrThrow({ where: { scheduleId: id } })).reason,
    'the task was paused',
  );
  assert.deepEqual(await stateOf(own.id), { state: 'PAUSED', held: false, place: '00:00:20', nextFireAt: '00:00:20' });
  assert.equal((await runsOf(parts, elsewhere.id)).length, 5, 'other tasks know nothing of it');
  assert.deepEqual(parts.logged, []);
});

test('a pause of a task with an end ends by itself, for each of its schedules and for the task: event and audit entry by SYSTEM', async (t) => {
  const { parts, id, step, stateOf } = await playing(t);
  const task = await holdTask(parts, 'task', at('00:00:30'));
  await step('00:00:10', '00:00:20', '00:00:29.999');
  assert.deepEqual(await runsOf(parts, id), []);
  await step('00:00:30', '00:00:40');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 PAUSED 2']);
  assert.deepEqual(
    await runsOf(parts, id),
    ['00:00:30 SCHEDULE QUEUED', '00:00:40 SCHEDULE QUEUED'],
    'what is due at its end fires',
  );
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: false, place: '00:00:50', nextFireAt: '00:00:50' });
  const { pause: left, resumeAt } = await parts.store.prisma.task.findUniqueOrThrow({ where: { id: task.id } });
  assert.deepEqual([left, resumeAt], [null, null]);
  const entries = await parts.store.prisma.auditEntry.findMany({ where: { source: 'engine' } });
  assert.deepEqual(
    entries.map((entry) => [entry.targetId, entry.action, time(entry.at)]),
    [[task.id, 'task.resume', '00:00:30']],
  );
  const events = await parts.store.sql.query(
    `SELECT topic, count(*)::int AS n FROM event WHERE kind = 'UPDATED' AND topic IN ('task', 'schedule') GROUP BY topic ORDER BY topic`,
  );
  assert.deepEqual(events, [
    { topic: 'schedule', n: 2 },
    { topic: 'task', n: 2 },
  ]);
});

const arrivals: { how: string; arrive: (parts: Parameters<typeof addSchedule>[0]) => Promise<{ id: string }> }[] = [
  { how: 'is created', arrive: (parts) => addSchedule(parts, { ...EACH, name: 'late' }) },
  {
    how: 'is moved to it',
    async arrive(parts) {
      await addTask(parts, { key: 'other' });
      const { id } = await addSchedule(parts, { ...EACH, name: 'late', task: { key: 'other' } });
      return editSchedule(parts, id, { task: { key: 'task' } });
    },
  },
  {
    how: 'is edited',
    async arrive(parts) {
      const { id } = await addSchedule(parts, { ...EACH, name: 'late' });
      return editSchedule(parts, id, { trigger: { interval: { every: 'PT5S' } } });
    },
  },
  {
    how: 'is resumed',
    async arrive(parts) {
      const { id } = await addSchedule(parts, { ...EACH, name: 'late', paused: true });
      return (await resume(parts, id)).schedules[0]!;
    },
  },
];
for (const { how, arrive } of arrivals) {
  test(`a schedule that ${how} while its task is paused is held back as the others are`, async (t) => {
    const { parts, step, stateOf } = await playing(t);
    await holdTask(parts, 'task', at('00:01:00'));
    const { id } = await arrive(parts);
    assert.deepEqual({ ...(await stateOf(id)), place: null }, { state: 'ACTIVE', held: true, place: null, nextFireAt: null });
    await step('00:00:10', '00:00:30', '00:00:59');
    assert.deepEqual(await runsOf(parts, id), []);
    await step('00:01:00');
    assert.deepEqual(await runsOf(parts, id), ['00:01:00 SCHEDULE QUEUED']);
    assert.equal((await stateOf(id)).held, false);
  });
}

test('a schedule that leaves a paused task fires; what was held back of it is PAUSED', async (t) => {
  const { parts, id, step, stateOf } = await playing(t);
  await addTask(parts, { key: 'other' });
  await holdTask(parts, 'task');
  await step('00:00:10', '00:00:15');
  await editSchedule(parts, id, { task: { key: 'other' } });
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: false, place: '00:00:20', nextFireAt: '00:00:20' });
  await step('00:00:20');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 PAUSED 1']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:20 SCHEDULE QUEUED']);
});

test('deleting a schedule, or pausing it, writes down what the pause of its task held back until then', async (t) => {
  const { parts, id, step } = await playing(t);
  const other = await addSchedule(parts, { ...EACH, name: 'other' });
  await holdTask(parts, 'task');
  await step('00:00:25');
  await removeSchedule(parts, id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 PAUSED 2']);
  await pause(parts, other.id);
  await step('00:00:45');
  await releaseTask(parts, 'task');
  await step('00:00:55');
  await resume(parts, other.id);
  const rows = await parts.store.prisma.occurrence.findMany({
    where: { scheduleId: other.id },
    orderBy: { scheduledFor: 'asc' },
  });
  assert.deepEqual(
    rows.map((row) => [row.reason, row.count]),
    [
      ['the task was paused', 2],
      ['the schedule was paused', 3],
    ],
  );
});

test('what comes back from a pause of its task is due at its effective instant, whoever ends the pause', async (t) => {
  const { parts, id, step, stateOf } = await playing(t, { spread: 'PT9S' });
  const own = await addSchedule(parts, { ...EACH, name: 'paused by itself', spread: 'PT9S' });
  const rowOf = (of: string) => parts.store.prisma.schedule.findUniqueOrThrow({ where: { id: of } });
  const before = [await rowOf(id), await rowOf(own.id)];
  await pause(parts, own.id);
  await holdTask(parts, 'task');
  await releaseTask(parts, 'task');
  assert.deepEqual([await rowOf(id), await rowOf(own.id)].map(placed), before.map(placed));
  await holdTask(parts, 'task', at('00:00:05'));
  assert.equal((await stateOf()).nextFireAt, null);
  await step('00:00:05');
  assert.deepEqual([await rowOf(id), await rowOf(own.id)].map(placed), before.map(placed));
  assert.equal((await rowOf(own.id)).state, 'PAUSED');
  // Nominal before the end of the pause, due after it.
  const due = before[0]!.nextFireAt!.getTime();
  await holdTask(parts, 'task', due);
  await step('00:00:10');
  parts.clock.advanceTo(due);
  await step('00:00:19.999');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), []);
});

function placed({ nextScheduledFor, nextFireAt }: { nextScheduledFor: Date | null; nextFireAt: Date | null }) {
  return [nextScheduledFor, nextFireAt];
}

test('what is skipped while the task is paused fires neither before nor after, and the end of all times is noticed then', async (t) => {
  const { parts, id, step, stateOf } = await playing(t, { endAt: new Date(at('00:00:35')) });
  await holdTask(parts, 'task', at('00:00:15'));
  for (const skipped of ['00:00:20', '00:00:30']) await skip(parts, id, skipped);
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: true, place: '00:00:10', nextFireAt: null });
  await step('00:00:10', '00:00:15');
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: false, place: '00:00:20', nextFireAt: null });
  await step('00:00:20', '00:00:30');
  assert.deepEqual(await runsOf(parts, id), []);
  const ledger = ['00:00:10 to 00:00:10 PAUSED 1', '00:00:20 to 00:00:30 SKIPPED_BY_USER 2'];
  assert.deepEqual(await skipsOf(parts, id), ledger);
  assert.equal((await stateOf()).state, 'COMPLETED');
});

test('the later end of two counts: what one pause leaves the other still holds back', async (t) => {
  for (const [own, task] of [
    ['00:00:20', '00:00:40'],
    ['00:00:40', '00:00:20'],
  ] as const) {
    const { parts, id, step } = await playing(t);
    await pauseUntil(parts, at(own), id);
    await holdTask(parts, 'task', at(task));
    await step('00:00:10', '00:00:20', '00:00:30', '00:00:39.999');
    assert.deepEqual(await runsOf(parts, id), []);
    await step('00:00:40', '00:00:50');
    assert.deepEqual(await runsOf(parts, id), ['00:00:40 SCHEDULE QUEUED', '00:00:50 SCHEDULE QUEUED']);
    const ledger = await skipsOf(parts, id);
    const expected =
      own < task ? ['00:00:10 to 00:00:10 PAUSED 1', '00:00:20 to 00:00:30 PAUSED 2'] : ['00:00:10 to 00:00:30 PAUSED 3'];
    assert.deepEqual(ledger, expected);
  }
});

test('both ends passed while no server ran: each stretch has its own reason', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, EACH);
  await pauseUntil(parts, at('00:00:20'), id);
  await holdTask(parts, 'task', at('00:00:40'));
  parts.clock.advanceTo(at('00:00:45'));
  const engine = await startTestEngine(parts);
  await engine.settle();
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 PAUSED 1', '00:00:20 to 00:00:30 PAUSED 2']);
  await engine.settle();
  assert.deepEqual(await runsOf(parts, id), ['00:00:40 SCHEDULE QUEUED']);
});

test('runs under way go on, and queued ones run', async (t) => {
  const { parts, id } = await playing(t);
  await trigger(parts, id);
  const worker = await startTestWorker(parts, { capacity: 1 });
  const first = await worker.next();
  await trigger(parts, id, { overlapPolicy: 'ALLOW_ALL' });
  await holdTask(parts, 'task');
  first.succeed();
  (await worker.next()).succeed();
  await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('SUCCEEDED')));
});

test('what a schedule of a paused task held back by its own pause cannot run: resume with another mode than SKIP is refused', async (t) => {
  const { parts, id, step, stateOf } = await playing(t);
  await pause(parts, id);
  await holdTask(parts, 'task');
  await step('00:00:15');
  await assert.rejects(resumeWith(parts, 'FIRE_ALL', id), /INVALID_STATE The task of the schedule "schedule" is paused/);
  assert.equal((await stateOf()).state, 'PAUSED');
  await resumeWith(parts, 'SKIP', id);
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', held: true, place: '00:00:20', nextFireAt: null });
});

test('explain says "task pause", of what is planned and of what was held back', async (t) => {
  const { parts, step, why } = await playing(t);
  await step('00:00:10', '00:00:15');
  await holdTask(parts, 'task', at('00:01:00'));
  await step('00:00:35');
  const words =
    'task pause: its task is paused since 2026-03-02T00:00:15.000Z until 2026-03-02T00:01:00.000Z, by test: task test';
  for (const held of ['00:00:20', '00:00:30', '00:00:40', '00:00:50']) assert.equal(await why(held), words, held);
  assert.match(await why('00:00:10'), /^run: /);
  assert.match(await why('00:01:00'), /^interval: /, 'its end is known: what is due then fires');
  await releaseTask(parts, 'task');
  assert.equal(await why('00:00:20'), 'ledger: PAUSED: the task was paused');
});

test('a schedule that comes while a pause is being written is held back too', async (t) => {
  const { parts, step, stateOf } = await playing(t);
  const { promise: created, resolve: goOn } = Promise.withResolvers<void>();
  // A transaction that keeps the task as a creation does, and has its schedule written already.
  const writing = parts.store.transaction(async ({ sql }) => {
    await sql.query(`SELECT 1 FROM task WHERE key = 'task' FOR SHARE`);
    await sql.query(
      `INSERT INTO schedule SELECT (jsonb_populate_record(s, '{"id": "sch_late", "name": "late"}')).* FROM schedule s WHERE s.name = 'schedule'`,
    );
    await created;
  });
  const pausing = holdTask(parts, 'task');
  await untilBlocked(parts.store.sql, 'lockTask');
  goOn();
  await Promise.all([writing, pausing]);
  assert.deepEqual(await stateOf('sch_late'), { state: 'ACTIVE', held: true, place: '00:00:10', nextFireAt: null });
  await step('00:00:10');
  assert.deepEqual(await runsOf(parts, 'sch_late'), []);
});

test('the database refuses a next fire for what is held back', async (t) => {
  const { parts, id } = await playing(t);
  await holdTask(parts, 'task');
  await assert.rejects(
    parts.store.sql.query(`UPDATE schedule SET next_fire_at = next_scheduled_for WHERE id = $1`, [id]),
    /schedule_hold_check/,
  );
});
