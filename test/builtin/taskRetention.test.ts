import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { applyTaskRetention } from '../../src/builtin/taskRetention.ts';
import type { RunRetention } from '../../src/domain/retention.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import { untilBlocked } from '../support/database.ts';
import { skipsOf } from '../support/ledger.ts';
import { addSchedule, addTask, at, openParts, removeSchedule, startTestEngine, time } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun } from '../support/runs.ts';

const HOUR = 3_600_000;
const go = new AbortController().signal;

async function openTask(
  t: TestContext,
  retention: Partial<RunRetention> | null,
  trigger: object = { interval: { every: 'PT10S' } },
) {
  const parts = await openParts(t);
  const task = await addTask(parts);
  const { id } = await addSchedule(parts, { trigger });
  if (retention !== null) await keep(parts, task.id, retention);
  return { parts, task, id };
}
const keep = ({ store }: Parts, id: string, retention: Partial<RunRetention>) =>
  store.prisma.task.update({ where: { id }, data: { retention: { runsMs: null, count: null, ...retention } } });

/** Occurrences that fired and whose runs ended at once; without a schedule, runs by hand. */
async function addEnded(parts: Parts, scheduleId: string | null, instants: string[], overrides: object = {}) {
  const origin = scheduleId === null ? 'MANUAL' : 'SCHEDULE';
  for (const instant of instants) {
    const scheduledFor = iso(at(instant));
    const place = {
      scheduleId,
      scheduleVersion: scheduleId === null ? null : 1,
      origin,
      scheduledFor,
      effectiveAt: scheduledFor,
    } as const;
    const run = await newRun(parts, { ...place, ...overrides });
    await insertRuns(parts.store.sql, at(instant), [run]);
    await parts.store.prisma.run.update({ where: { id: run.id }, data: { state: 'SUCCEEDED', finishedAt: scheduledFor } });
  }
}
const timesOf = async ({ store }: Parts, where: object = {}) =>
  (await store.prisma.run.findMany({ where, orderBy: { scheduledFor: 'asc' } })).map((run) => time(run.scheduledFor));

test('a count keeps the newest ended runs of each schedule, and as many without one; the ledger counts the others', async (t) => {
  const { parts, id } = await openTask(t, { count: 2 });
  const other = await addSchedule(parts, { name: 'other' });
  await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30', '00:00:40']);
  await addEnded(parts, other.id, ['00:00:10', '00:00:20']);
  await addEnded(parts, null, ['00:00:11', '00:00:12', '00:00:13']);
  assert.equal(await applyTaskRetention(parts, go), 3);
  assert.deepEqual(await timesOf(parts, { scheduleId: id }), ['00:00:30', '00:00:40']);
  assert.deepEqual(await timesOf(parts, { scheduleId: other.id }), ['00:00:10', '00:00:20']);
  assert.deepEqual(await timesOf(parts, { scheduleId: null }), ['00:00:12', '00:00:13']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 FIRED 2']);
  await addEnded(parts, id, ['00:00:50']);
  assert.equal(await applyTaskRetention(parts, go), 1);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 FIRED 3'], 'the same row goes on');
  assert.equal(await applyTaskRetention(parts, go), 0);
});

test('what has not ended is neither removed nor counted among those that are kept', async (t) => {
  const { parts, id } = await openTask(t, { count: 1, runsMs: HOUR });
  await addEnded(parts, id, ['00:00:20', '00:00:30']);
  for (const instant of ['00:00:10', '00:00:40']) {
    const place = { scheduleId: id, scheduleVersion: 1, scheduledFor: iso(at(instant)), effectiveAt: iso(at(instant)) };
    await insertRuns(parts.store.sql, at(instant), [await newRun(parts, { ...place, origin: 'SCHEDULE' })]);
  }
  assert.equal(await applyTaskRetention(parts, go), 1);
  assert.deepEqual(await timesOf(parts), ['00:00:10', '00:00:30', '00:00:40']);
});

test('an age is reckoned from the end; the newest run of a schedule stays, runs by hand do not', async (t) => {
  const { parts, id } = await openTask(t, { runsMs: HOUR });
  await addEnded(parts, id, ['00:00:10', '00:00:20', '01:00:00', '01:00:30']);
  await addEnded(parts, null, ['00:00:11', '01:00:11']);
  parts.clock.advanceTo(at('01:00:15'));
  assert.equal(await applyTaskRetention(parts, go), 2);
  assert.deepEqual(await timesOf(parts), ['00:00:20', '01:00:00', '01:00:11', '01:00:30']);
  parts.clock.advanceTo(at('09:00:00'));
  assert.equal(await applyTaskRetention(parts, go), 3);
  assert.deepEqual(await timesOf(parts), ['01:00:30']);
});

test('with both, what either lets go goes', async (t) => {
  const { parts, id } = await openTask(t, { runsMs: HOUR, count: 3 });
  parts.clock.advanceTo(at('01:00:30'));
  await addEnded(parts, id, ['00:00:10', '01:00:00', '01:00:10', '01:00:20']);
  assert.equal(await applyTaskRetention(parts, go), 1, 'by age');
  await addEnded(parts, id, ['01:00:25']);
  assert.equal(await applyTaskRetention(parts, go), 1, 'by count');
  assert.deepEqual(await timesOf(parts), ['01:00:10', '01:00:20', '01:00:25']);
});

test('an age of its own stands in place of that of the server, longer or shorter; a count does not', async (t) => {
  const { parts, task, id } = await openTask(t, { runsMs: 100 * HOUR });
  await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30']);
  assert.equal(await purgeRuns(parts.store, at('23:00:00'), at('23:00:00')), 0);
  await keep(parts, task.id, { count: 3 });
  assert.equal(await purgeRuns(parts.store, at('23:00:00'), at('23:00:00')), 2);
});

test('tasks that say nothing keep their runs', async (t) => {
  const { parts, id } = await openTask(t, null);
  await addEnded(parts, id, ['00:00:10', '00:00:20']);
  parts.clock.advanceTo(at('23:00:00'));
  assert.equal(await applyTaskRetention(parts, go), 0);
});

test('a deleted schedule keeps as little as it did', async (t) => {
  const { parts, id } = await openTask(t, { count: 1 });
  await addEnded(parts, id, ['00:00:10', '00:00:20']);
  await removeSchedule(parts, id);
  assert.equal(await applyTaskRetention(parts, go), 1);
  assert.deepEqual(await timesOf(parts), ['00:00:20']);
});

test('LOCAL: the runs of one occurrence stay together', async (t) => {
  const { parts, id } = await openTask(t, { count: 3 });
  for (const localWorkerId of [await addWorker(parts), await addWorker(parts)])
    await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30'], { localWorkerId });
  assert.equal(await applyTaskRetention(parts, go), 2);
  assert.deepEqual(await timesOf(parts), ['00:00:20', '00:00:20', '00:00:30', '00:00:30']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 FIRED 1']);
});

test('more than a batch goes in several transactions, and a stop ends it between two', async (t) => {
  const { parts, id } = await openTask(t, { count: 1 });
  await addEnded(parts, id, ['00:00:00']);
  await parts.store.sql.query(
    `INSERT INTO run SELECT (jsonb_populate_record(r, jsonb_build_object('id', 'run_' || n, 'scheduled_for', r.scheduled_for + n * interval '1 s'))).*
  FROM run r, generate_series(1, 2300) n`,
  );
  const stopping = new AbortController();
  const store: Parts['store'] = {
    ...parts.store,
    async hotTransaction(work) {
      const result = await parts.store.hotTransaction(work);
      stopping.abort();
      return result;
    },
  };
  assert.equal(await applyTaskRetention({ ...parts, store }, stopping.signal), 1_000);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:00 to 00:16:39 FIRED 1000']);
  assert.equal(await applyTaskRetention(parts, go), 1_300);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:00 to 00:38:19 FIRED 2300']);
});

test('what somebody else holds is passed over', async (t) => {
  const { parts, id } = await openTask(t, { count: 1 });
  await addEnded(parts, id, ['00:00:01', '00:00:02', '00:00:03']);
  const other = await parts.another();
  await other.store.hotTransaction(async ({ sql }) => {
    await sql.query(`SELECT id FROM run ORDER BY scheduled_for LIMIT 1 FOR UPDATE`);
    assert.equal(await applyTaskRetention(parts, go), 1);
    assert.deepEqual(await timesOf(parts), ['00:00:01', '00:00:03']);
  });
  assert.equal(await applyTaskRetention(parts, go), 1);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:01 to 00:00:01 FIRED 1', '00:00:02 to 00:00:02 FIRED 1']);
});

test('while a removal stands still in the middle of a batch, the schedule fires', async (t) => {
  const { parts, id } = await openTask(t, { count: 1 });
  await addEnded(parts, id, ['00:00:01', '00:00:02', '00:00:03']);
  await parts.store.sql.query(
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN OLD; END $$`,
  );
  await parts.store.sql.query(`CREATE TRIGGER wait BEFORE DELETE ON run FOR EACH ROW EXECUTE FUNCTION wait()`);
  const other = await parts.another();
  let removal: Promise<number> | undefined;
  await other.store.hotTransaction(async ({ sql }) => {
    await sql.query(`SELECT pg_advisory_xact_lock(1)::text`);
    removal = applyTaskRetention(parts, go);
    await untilBlocked(parts.store.sql, 'deleteRuns');
    const engine = await startTestEngine(parts);
    parts.clock.advanceTo(at('00:00:10'));
    await engine.settle();
    assert.deepEqual(await timesOf(parts), ['00:00:01', '00:00:02', '00:00:03', '00:00:10']);
  });
  assert.equal(await removal, 2);
  assert.deepEqual(await timesOf(parts), ['00:00:03', '00:00:10']);
});
