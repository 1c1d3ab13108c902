import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSchedule, addTask, at, editSchedule, openParts, pause, resume, startTestEngine, time } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import { until } from '../support/until.ts';

/** Everything a tick writes, as the database has it. */
async function writtenByTick({ store }: Parts) {
  const [row] = await store.sql.query(
    `SELECT (SELECT count(*)::int FROM run) AS runs, (SELECT count(*)::int FROM occurrence) AS occurrences,
            (SELECT count(*)::int FROM event WHERE topic = 'run') AS events, (SELECT count(*)::int FROM pgboss.job) AS jobs,
            (SELECT array_agg(DISTINCT to_char(next_fire_at AT TIME ZONE 'UTC', 'HH24:MI:SS')) FROM schedule) AS next`,
  );
  return row;
}

const REFUSE = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$`;
const DIE = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`;
const crashes = [
  { where: 'the run cannot be written', how: REFUSE, trigger: 'TRIGGER refuse BEFORE INSERT ON run' },
  { where: 'the schedule cannot be moved on', how: REFUSE, trigger: 'TRIGGER refuse BEFORE UPDATE ON schedule' },
  { where: 'the ledger cannot be written', how: REFUSE, trigger: 'TRIGGER refuse BEFORE INSERT ON occurrence' },
  { where: 'the event cannot be written', how: REFUSE, trigger: 'TRIGGER refuse BEFORE INSERT ON event' },
  { where: 'the delivery cannot be written', how: REFUSE, trigger: 'TRIGGER refuse BEFORE INSERT ON pgboss.job' },
  {
    where: 'the commit is refused',
    how: REFUSE,
    trigger: 'CONSTRAINT TRIGGER refuse AFTER INSERT ON run DEFERRABLE INITIALLY DEFERRED',
  },
  { where: 'the database process dies after all was written', how: DIE, trigger: 'TRIGGER refuse BEFORE INSERT ON pgboss.job' },
];
for (const { where, how, trigger } of crashes) {
  test(`a tick is all or nothing: ${where}`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    // The second one is overlapped by its first run, so that the tick in question writes the ledger as well.
    await addSchedule(parts, { name: 'fires', overlapPolicy: 'ALLOW_ALL' });
    await addSchedule(parts, { name: 'skips' });
    const engine = await startTestEngine(parts);
    parts.clock.advanceTo(at('00:00:10'));
    await engine.settle();
    const before = await writtenByTick(parts);
    assert.deepEqual(before, { runs: 2, occurrences: 0, events: 2, jobs: 2, next: ['00:00:20'] });

    await parts.store.sql.query(how);
    await parts.store.sql.query(`CREATE ${trigger} FOR EACH ROW EXECUTE FUNCTION refuse()`);
    parts.clock.advanceTo(at('00:00:20'));
    await engine.settle();
    assert.deepEqual(await writtenByTick(parts), before, 'nothing of the tick is there');
    assert.ok(parts.logged.some((line) => line.msg.startsWith('the engine: ')));

    await parts.store.sql.query('DROP FUNCTION refuse CASCADE');
    await engine.settle();
    assert.deepEqual(await writtenByTick(parts), { runs: 3, occurrences: 1, events: 3, jobs: 3, next: ['00:00:30'] });
  });
}

test('after an outage of the database the engine looks again by itself, after a back-off', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const schedule = await addSchedule(parts);
  await startTestEngine(parts);
  await parts.store.sql.query('ALTER TABLE schedule RENAME TO schedule_away');
  parts.clock.advanceTo(at('00:00:10'));
  await armedFor(parts, '00:00:10.100');
  parts.clock.advanceTo(at('00:00:10.100'));
  await armedFor(parts, '00:00:10.300');
  await parts.store.sql.query('ALTER TABLE schedule_away RENAME TO schedule');
  parts.clock.advanceTo(at('00:00:10.300'));
  await whenEvents(parts, async () => (await runsOf(parts, schedule.id)).length === 1);
});

test('two engines at once: every occurrence has exactly one verdict, however many schedules are due', async (t) => {
  const one = await openParts(t);
  const two = await one.another();
  await addTask(one);
  // More than one tick can claim; every other one is overlapped by its own first run.
  const { id } = await addSchedule(one, { overlapPolicy: 'ALLOW_ALL' });
  await cloneSchedule(one, id, 1_200);
  const engines = [await startTestEngine(one), await startTestEngine(two)];
  const instants = ['00:00:10', '00:00:20', '00:00:30'];
  for (const instant of instants) {
    one.clock.advanceTo(at(instant));
    await Promise.all(engines.map((engine) => engine.settle()));
    // What one engine had locked while the other looked is looked for again a moment later.
    await until(async () => {
      one.clock.advanceTo(one.clock.now() + 2);
      await Promise.all(engines.map((engine) => engine.settle()));
      const [row] = await one.store.sql.query<{ due: number }>(
        `SELECT count(*)::int AS due FROM schedule WHERE next_fire_at <= $1`,
        [new Date(at(instant))],
      );
      return row?.due === 0;
    });
  }
  const verdicts = await one.store.sql.query(
    `SELECT overlap_policy AS policy, runs, skipped, count(*)::int AS schedules FROM schedule s,
       LATERAL (SELECT count(*)::int AS runs FROM run WHERE schedule_id = s.id) r,
       LATERAL (SELECT coalesce(sum(count), 0)::int AS skipped FROM occurrence WHERE schedule_id = s.id) o
      GROUP BY 1, 2, 3 ORDER BY 1`,
  );
  assert.deepEqual(verdicts, [
    { policy: 'ALLOW_ALL', runs: 3, skipped: 0, schedules: 601 },
    { policy: 'SKIP', runs: 1, skipped: 2, schedules: 600 },
  ]);
  const [written] = await one.store.sql.query(
    `SELECT (SELECT count(*)::int FROM run) AS runs, (SELECT count(*)::int FROM event WHERE topic = 'run') AS events,
            (SELECT count(DISTINCT id)::int FROM pgboss.job) AS jobs`,
  );
  assert.deepEqual(written, { runs: 601 * 3 + 600, events: 601 * 3 + 600, jobs: 601 * 3 + 600 });
  assert.deepEqual([...one.logged, ...two.logged], []);
});

/** Copies of a schedule, every other one with overlap policy SKIP. */
async function cloneSchedule({ store }: Parts, id: string, count: number): Promise<void> {
  await store.sql.query(
    `INSERT INTO schedule SELECT (jsonb_populate_record(s, jsonb_build_object('id', s.id || n, 'name', s.name || n,
       'overlap_policy', CASE WHEN n % 2 = 0 THEN 'SKIP' ELSE 'ALLOW_ALL' END))).* FROM schedule s, generate_series(1, $2::int) n WHERE s.id = $1`,
    [id, count],
  );
}

/** Awaits what the engine does by itself, without waking it: that its timer is armed for this instant. */
const armedFor = ({ clock }: Parts, instant: string) => until(() => clock.nextTimer() === at(instant));

test('every committed mutation arms the timer anew, without waiting for the one that is armed', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  await startTestEngine(parts);
  assert.equal(time(parts.clock.nextTimer()), '00:00:30', 'nothing is due: the engine still looks every 30 s');

  const late = await addSchedule(parts, { name: 'late', trigger: { interval: { every: 'PT25S' } } });
  await armedFor(parts, '00:00:25');
  const early = await addSchedule(parts, { name: 'early', trigger: { interval: { every: 'PT12S' } } });
  await armedFor(parts, '00:00:12');
  await editSchedule(parts, early.id, { trigger: { interval: { every: 'PT7S' } } });
  await armedFor(parts, '00:00:07');
  await pause(parts, early.id);
  await armedFor(parts, '00:00:25');
  await resume(parts, early.id);
  await armedFor(parts, '00:00:07');

  parts.clock.advanceTo(at('00:00:07'));
  await whenEvents(parts, async () => (await runsOf(parts, early.id)).length === 1);
  assert.deepEqual(await runsOf(parts, early.id), ['00:00:07 SCHEDULE QUEUED']);
  assert.deepEqual(await runsOf(parts, late.id), []);
});

test('a mutation on another instance arms the timer here', async (t) => {
  const parts = await openParts(t);
  const other = await parts.another();
  await addTask(parts);
  await startTestEngine(parts);
  await addSchedule(other, { trigger: { interval: { every: 'PT5S' } } });
  await armedFor(parts, '00:00:05');
});

test('a lost notification costs at most 30 s', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const schedule = await addSchedule(parts, { trigger: { interval: { every: 'PT1H' } } });
  await startTestEngine(parts);
  // Written past the store: nobody is told.
  await parts.store.sql.query(
    `UPDATE schedule SET trigger_spec = '{"interval":{"every":"PT29S"}}', next_fire_at = $1, next_scheduled_for = $1`,
    [new Date(at('00:00:29'))],
  );
  parts.clock.advanceTo(at('00:00:29'));
  assert.deepEqual(await runsOf(parts, schedule.id), []);
  parts.clock.advanceTo(at('00:00:30'));
  await whenEvents(parts, async () => (await runsOf(parts, schedule.id)).length > 0);
});

test('a trigger that cannot be planned is held back, and keeps no other schedule from firing', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const broken = await addSchedule(parts, { name: 'broken' });
  const sound = await addSchedule(parts, { name: 'sound' });
  await parts.store.sql.query(
    `UPDATE schedule SET time_zone = 'Nowhere/Land', trigger_spec = '{"cron":{"expression":"* * * * *"}}' WHERE id = $1`,
    [broken.id],
  );
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  assert.deepEqual(await runsOf(parts, sound.id), ['00:00:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, broken.id), []);
  const held = await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id: broken.id } });
  assert.equal(held.state, 'PAUSED');
  assert.match((held.pause as { reason: string }).reason, /cannot be planned/);
});

test('a clock that steps back fires nothing twice', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const schedule = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  for (const now of ['00:00:10', '00:00:09', '00:00:10', '00:00:12', '00:00:08', '00:00:20']) {
    parts.clock.advanceTo(at(now));
    await engine.settle();
  }
  assert.deepEqual(await runsOf(parts, schedule.id), ['00:00:10 SCHEDULE QUEUED', '00:00:20 SCHEDULE QUEUED']);
});

test('engines whose clocks differ share an occurrence all the same', async (t) => {
  const parts = await openParts(t);
  const ahead = await parts.another();
  await addTask(parts);
  const schedule = await addSchedule(parts);
  const slow = await startTestEngine(parts);
  const fast = await startTestEngine({ ...ahead, clock: { ...ahead.clock, now: () => ahead.clock.now() + 5_000 } });
  for (let now = at('00:00:00'); now <= at('00:00:20'); now += 1_000) {
    parts.clock.advanceTo(now);
    await Promise.all([slow.settle(), fast.settle()]);
  }
  assert.deepEqual(await runsOf(parts, schedule.id), ['00:00:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, schedule.id), ['00:00:20 to 00:00:20 OVERLAP_SKIPPED 1']);
});
