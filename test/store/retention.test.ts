import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { appendEvents, ensureEventPartitions, readEvents } from '../../src/store/events.ts';
import { purgeEvents, purgeLedger, purgeRuns, purgeWorkers, readPurged } from '../../src/store/retention.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, openParts, time } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { skipsOf } from '../support/ledger.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
const FAR = at('23:59:59');

async function openSchedule(t: TestContext) {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  return { parts, id };
}
/** Runs of a schedule that ended, one for each instant, in the order in which they are given. */
async function addEnded(parts: Parts, scheduleId: string, instants: string[], overrides: object = {}) {
  for (const instant of instants) {
    const scheduledFor = iso(at(instant));
    const run = await newRun(parts, {
      scheduleId,
      scheduleVersion: 1,
      origin: 'SCHEDULE',
      scheduledFor,
      effectiveAt: scheduledFor,
      ...overrides,
    });
    await insertRuns(parts.store.sql, at(instant), [run]);
    await parts.store.prisma.run.update({ where: { id: run.id }, data: { state: 'SUCCEEDED', finishedAt: scheduledFor } });
  }
}
const addSkip = ({ store }: Parts, scheduleId: string, instant: string) =>
  store.prisma.occurrence.create({
    data: {
      id: `occ_${instant}`,
      scheduleId,
      scheduledFor: iso(at(instant)),
      through: iso(at(instant)),
      verdict: 'MISSED',
      scheduleVersion: 1,
      recordedAt: iso(at(instant)),
    },
  });
const runTimes = async ({ store }: Parts) =>
  (await store.prisma.run.findMany({ orderBy: { scheduledFor: 'asc' } })).map((run) => time(run.scheduledFor));

test('old runs go, their occurrences stay counted in the ledger; the newest of the schedule and what has not ended stay', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30', '00:01:00', '00:02:00']);
  await insertRuns(parts.store.sql, at('00:00:40'), [
    await newRun(parts, {
      scheduleId: id,
      scheduleVersion: 1,
      origin: 'SCHEDULE',
      scheduledFor: iso(at('00:00:40')),
      effectiveAt: iso(at('00:00:40')),
    }),
  ]);
  assert.equal(await purgeRuns(parts.store, FAR, FAR), 4);
  assert.deepEqual(await runTimes(parts), ['00:00:40', '00:02:00']);
  // The run that is queued stands between.
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 FIRED 3', '00:01:00 to 00:01:00 FIRED 1']);
  assert.equal(await purgeRuns(parts.store, FAR, FAR), 0);
});

test('what ended later than asked for stays', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30']);
  assert.equal(await purgeRuns(parts.store, at('00:00:20'), FAR), 1);
  assert.deepEqual(await runTimes(parts), ['00:00:20', '00:00:30']);
});

test('the next night goes on with the row of the night before, unless a skip stands between', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addEnded(parts, id, ['00:00:10', '00:00:20', '00:00:30', '00:00:40']);
  await purgeRuns(parts.store, at('00:00:21'), FAR);
  await purgeRuns(parts.store, at('00:00:31'), FAR);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 FIRED 3']);
  await addSkip(parts, id, '00:00:35');
  await addEnded(parts, id, ['00:00:50']);
  await purgeRuns(parts.store, at('00:00:41'), FAR);
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:10 to 00:00:30 FIRED 3',
    '00:00:35 to 00:00:35 MISSED 1',
    '00:00:40 to 00:00:40 FIRED 1',
  ]);
});

test('runs by hand are no occurrences: they leave nothing in the ledger', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addEnded(parts, id, ['00:00:10', '00:00:20'], { origin: 'MANUAL' });
  await addEnded(parts, id, ['00:00:30']);
  assert.equal(await purgeRuns(parts.store, FAR, FAR), 2);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('LOCAL: an occurrence is counted once, and only when the last of its runs goes', async (t) => {
  const { parts, id } = await openSchedule(t);
  const [one, two] = [await addWorker(parts), await addWorker(parts)];
  await addEnded(parts, id, ['00:00:10', '00:00:20'], { localWorkerId: one });
  await addEnded(parts, id, ['00:00:10'], { localWorkerId: two });
  await addEnded(parts, id, ['00:00:50'], { localWorkerId: two });
  const [slow] = await parts.store.prisma.run.findMany({ where: { localWorkerId: two, scheduledFor: iso(at('00:00:10')) } });
  await parts.store.prisma.run.update({ where: { id: slow!.id }, data: { finishedAt: iso(at('00:10:00')) } });
  assert.equal(await purgeRuns(parts.store, at('00:01:00'), FAR), 2);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 FIRED 1']);
  assert.equal(await purgeRuns(parts.store, FAR, FAR), 1);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 FIRED 1', '00:00:20 to 00:00:20 FIRED 1']);
});

test('a crash between the folding and the removal leaves both undone', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addEnded(parts, id, ['00:00:10', '00:00:20']);
  await parts.store.sql.query(`CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`);
  await parts.store.sql.query(`CREATE TRIGGER keep BEFORE DELETE ON run FOR EACH ROW EXECUTE FUNCTION keep()`);
  await assert.rejects(purgeRuns(parts.store, FAR, FAR));
  assert.deepEqual(await skipsOf(parts, id), []);
  assert.deepEqual(await runTimes(parts), ['00:00:10', '00:00:20']);
});

test('old ledger rows go; the one that the schedule may extend stays', async (t) => {
  const { parts, id } = await openSchedule(t);
  await addSkip(parts, id, '00:00:10');
  const open = await addSkip(parts, id, '00:00:20');
  await parts.store.prisma.schedule.update({ where: { id }, data: { openOccurrenceId: open.id } });
  assert.equal(await purgeLedger(parts.store, FAR), 1);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 MISSED 1']);
});

test('workers that are gone are forgotten, and their runs are not', async (t) => {
  const { parts } = await openSchedule(t);
  const [gone, alive] = [await addWorker(parts), await addWorker(parts)];
  const [hold] = await startedRuns(parts, gone, 60_000, [await newRun(parts)]);
  await parts.store.prisma.worker.update({ where: { id: gone }, data: { state: 'LOST' } });
  assert.deepEqual(await purgeWorkers(parts.store, FAR), [gone]);
  assert.deepEqual(
    (await parts.store.prisma.worker.findMany()).map((worker) => worker.id),
    [alive],
  );
  assert.equal((await parts.store.prisma.run.findUniqueOrThrow({ where: { id: hold!.runId } })).workerId, null);
});

test('events go by whole days, also those that no day covered, and how far is remembered', async (t) => {
  const parts = await openParts(t);
  const { store } = parts;
  const midnight = at('00:00:00');
  const event = (subjectId: string, now: number) =>
    appendEvents(store.sql, now, [
      { topic: 'worker', kind: 'UPDATED', subjectId, taskId: null, scheduleId: null, before: null, after: {} },
    ]);
  await event('stray', midnight - 5 * DAY);
  await store.hotTransaction((tx) => ensureEventPartitions(tx.sql, midnight, 2));
  await event('first day', midnight);
  await event('second day', midnight + DAY);
  assert.equal(await readPurged(store.sql), null);

  assert.deepEqual(await purgeEvents(store, midnight + DAY - 1), []);
  const stray = await readPurged(store.sql);
  assert.deepEqual(await purgeEvents(store, midnight + DAY), ['20260302']);
  // Transactions of other tests on the same server hold readers back for a moment.
  const left = await until(async () => {
    const page = await readEvents(store.sql, { xid: 0n, seq: 0n }, 10);
    return page.events.length > 0 && page;
  });
  assert.deepEqual(
    left.events.map((each) => each.subjectId),
    ['second day'],
  );
  const purged = await readPurged(store.sql);
  assert.ok(stray !== null && purged !== null && purged.xid > stray.xid);
  assert.ok(purged.xid < left.events[0]!.position.xid);
  // Nothing more to remove: what is remembered stays.
  assert.deepEqual(await purgeEvents(store, midnight + DAY), []);
  assert.deepEqual(await readPurged(store.sql), purged);
});
