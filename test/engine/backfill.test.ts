import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findBackfills } from '../../src/store/backfills.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, whenEvents } from '../support/ledger.ts';
import { addSchedule, addTask, at, backfill, openParts, stopBackfill } from '../support/parts.ts';

/** One database for the file: each test has a task and a schedule of its own. */
const parts = await openParts({ after });
parts.clock.advanceTo(at('00:01:00'));
const worker = await startTestWorker(parts);
const EVERY_20_S = { cron: { expression: '*/20 * * * * *' } };
let names = 0;

/** Every 20 s, and created at the end of the minute that is to be filled. */
async function scheduleOf(spec: Parameters<typeof addSchedule>[1] = {}, task: Parameters<typeof addTask>[1] = {}) {
  names += 1;
  const name = `s${names}`;
  const { id: taskId } = await addTask(parts, { key: name, ...task });
  const { id } = await addSchedule(parts, { name, task: { key: name }, trigger: EVERY_20_S, ...spec });
  return { id, taskId, name };
}
const read = async (id: string | null) => (await findBackfills(parts.store.sql, [id as string]))[0]!;
const ended = (id: string, run: string) => whenEvents(parts, async () => (await runsOf(parts, id)).includes(run));

test('ALL: one run after another, each written when the one before it has ended; then the backfill is COMPLETED', async () => {
  const { id } = await scheduleOf();
  const { id: backfillId, fireTimes } = await backfill(parts, id, { only: 'ALL' });
  assert.deepEqual(fireTimes, ['00:00:00', '00:00:20', '00:00:40']);
  const done: string[] = [];
  for (const instant of fireTimes as string[]) {
    const call = await worker.next();
    assert.equal(call.run.scheduledFor.getTime(), at(instant));
    const runs = await runsOf(parts, id);
    assert.deepEqual(runs, [...done, `${instant} BACKFILL RUNNING`]);
    assert.deepEqual([(await read(backfillId)).state, (await read(backfillId)).finished], ['RUNNING', done.length]);
    call.succeed();
    done.push(`${instant} BACKFILL SUCCEEDED`);
    await ended(id, done.at(-1) as string);
  }
  const { state, total, finished, failed } = await read(backfillId);
  assert.deepEqual({ state, total, finished, failed }, { state: 'COMPLETED', total: 3, finished: 3, failed: 0 });
});

test('canceled: no further run is written', async () => {
  const { id } = await scheduleOf();
  const { id: backfillId } = await backfill(parts, id, { only: 'ALL' });
  const call = await worker.next();
  await stopBackfill(parts, backfillId as string, false);
  assert.deepEqual(await runsOf(parts, id), ['00:00:00 BACKFILL RUNNING']);
  call.succeed();
  await ended(id, '00:00:00 BACKFILL SUCCEEDED');
  const { state, total, finished } = await read(backfillId);
  assert.deepEqual({ state, total, finished }, { state: 'CANCELED', total: 3, finished: 1 });
  assert.deepEqual(await parts.store.prisma.backfillInstant.findMany({ where: { backfillId: backfillId as string } }), []);
});
