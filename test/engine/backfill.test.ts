import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { reap } from '../../src/engine/reaper.ts';
import { findBackfills } from '../../src/store/backfills.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import { startTestWorker } from '../support/executor.ts';
import type { Call, TestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import {
  addCodeTask,
  addSchedule,
  addTask,
  at,
  backfill,
  cancel,
  cancelAll,
  editSchedule,
  holdTask,
  openParts,
  pause,
  releaseTask,
  removeSchedule,
  retry,
  startTestEngine,
  stopBackfill,
  time,
  trigger,
  triggerTask,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { newRun } from '../support/runs.ts';

/** One database for the file: each test has a task and a schedule of its own, and leaves nothing under way. */
const parts = await openParts({ after });
const BEGAN = at('00:01:00');
parts.clock.advanceTo(BEGAN);
const worker = await startTestWorker(parts);
const EVERY_20_S = { cron: { expression: '*/20 * * * * *' } };
const ALL = { only: 'ALL' } as const;
const ONCE = { retry: { maxAttempts: 1 } };
let names = 0;

/** Every 20 s, and created at the end of the minute that is to be filled. */
async function scheduleOf(spec: Parameters<typeof addSchedule>[1] = {}, execution: object = {}, on: Parts = parts) {
  names += 1;
  const name = `s${names}`;
  const { id: taskId } = await addTask(on, { key: name, execution: { timeout: 'P1D', ...execution } });
  const { id } = await addSchedule(on, { name, task: { key: name }, trigger: EVERY_20_S, ...spec });
  return { id, taskId, name };
}
const read = async (id: string | null) => (await findBackfills(parts.store.sql, [id as string]))[0]!;
const figures = async (id: string | null) => {
  const { state, total, finished, failed } = await read(id);
  return `${state} ${finished} of ${total}, ${failed} failed`;
};
const ended = (id: string, run: string) => whenEvents(parts, async () => (await runsOf(parts, id)).includes(run));
const over = (id: string | null) => whenEvents(parts, async () => (await read(id)).state === 'COMPLETED');
const instantOf = ({ run }: Call) => time(run.scheduledFor);
const rowOf = (id: string) => parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
/** Ends what is left of a backfill. */
async function finish(id: string | null): Promise<void> {
  while ((await read(id)).state === 'RUNNING') {
    const call = await worker.next();
    call.succeed();
    await whenEvents(parts, async () => (await parts.store.prisma.run.findUnique({ where: { id: call.run.runId } }))?.finishedAt);
  }
}

test('ALL: one run after another, each written when the one before it has ended; then the backfill is COMPLETED', async () => {
  const { id } = await scheduleOf();
  const { id: backfillId, fireTimes } = await backfill(parts, id, ALL);
  assert.deepEqual(fireTimes, ['00:00:00', '00:00:20', '00:00:40']);
  const done: string[] = [];
  for (const instant of fireTimes as string[]) {
    const call = await worker.next();
    assert.equal(instantOf(call), instant);
    assert.deepEqual(await runsOf(parts, id), [...done, `${instant} BACKFILL RUNNING`]);
    assert.equal(await figures(backfillId), `RUNNING ${done.length} of 3, 0 failed`);
    call.succeed();
    done.push(`${instant} BACKFILL SUCCEEDED`);
    await ended(id, done.at(-1) as string);
  }
  assert.equal(await figures(backfillId), 'COMPLETED 3 of 3, 0 failed');
  assert.deepEqual(await parts.store.prisma.backfillInstant.count({ where: { backfillId: backfillId as string } }), 0);
});

test('as many run at once as concurrency says; one that is tried again keeps its place, one that failed leaves it', async () => {
  const { id } = await scheduleOf({}, { retry: { maxAttempts: 2, initialInterval: 'PT1H' } });
  const { id: backfillId } = await backfill(parts, id, { ...ALL, concurrency: 2, newestFirst: true });
  const [last, middle] = [await worker.next(), await worker.next()];
  assert.deepEqual([instantOf(last), instantOf(middle)].toSorted(), ['00:00:20', '00:00:40'], 'the newest first');
  last.fail();
  await ended(id, `${instantOf(last)} BACKFILL RETRY_WAIT`);
  assert.equal(await parts.store.prisma.run.count({ where: { scheduleId: id } }), 2);
  middle.fail({ retryable: false });
  assert.equal(instantOf(await worker.next().then((call) => (call.succeed(), call))), '00:00:00');
  await ended(id, '00:00:00 BACKFILL SUCCEEDED');
  assert.equal(await figures(backfillId), 'RUNNING 2 of 3, 1 failed');
  await cancelAll(parts, { backfillId });
  assert.equal(await figures(backfillId), 'COMPLETED 3 of 3, 1 failed');
});

test('its runs follow the schedule as it was when it was asked for: task, version, policy, input and labels', async () => {
  const { id, taskId } = await scheduleOf({ input: { n: 1 }, labels: [{ key: 'a', value: 'b' }], execution: { priority: 7 } });
  const { id: backfillId } = await backfill(parts, id, { ...ALL, reason: 'lost day' });
  await editSchedule(parts, id, { input: { n: 2 }, trigger: { cron: { expression: '0 0 0 1 1 *' } } });
  await finish(backfillId);
  const runs = await parts.store.prisma.run.findMany({ where: { backfillId: backfillId as string } });
  assert.equal(runs.length, 3);
  for (const run of runs) {
    assert.deepEqual([run.taskId, run.scheduleVersion, run.input, run.labels], [taskId, 1, { n: 1 }, { a: 'b' }]);
    assert.deepEqual([(run.policy as { priority: number }).priority, run.reason], [7, 'lost day']);
    assert.equal((run.requestedBy as { id: string }).id, 'tok_test');
    assert.deepEqual([run.effectiveAt.getTime(), run.latenessMs], [BEGAN, null], 'it was never due');
  }
});

/** A run of the schedule that ended so. */
async function ranAt(id: string, instant: string, state: string, origin: 'SCHEDULE' | 'MANUAL' = 'SCHEDULE'): Promise<void> {
  const run = await newRun(parts, { scheduleId: id, scheduleVersion: 1, origin, scheduledFor: iso(at(instant)) });
  await insertRuns(parts.store.sql, parts.clock.now(), [run]);
  await parts.store.prisma.run.update({
    where: { id: run.id },
    data: { state, finishedAt: new Date(parts.clock.now()), jobId: null },
  });
}

test('MISSING leaves out what has a run of whatever origin and end, MISSING_OR_FAILED only where the last one is sound', async () => {
  const { id } = await scheduleOf({ trigger: { cron: { expression: '*/5 * * * * *' } } });
  const states = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED', 'FAILED', 'SUCCEEDED'];
  for (const [index, state] of states.entries()) await ranAt(id, `00:00:${String(5 * index).padStart(2, '0')}`, state);
  await ranAt(id, '00:00:20', 'SUCCEEDED', 'MANUAL');
  await ranAt(id, '00:00:25', 'FAILED', 'MANUAL');
  const missed = { scheduleId: id, verdict: 'MISSED', reason: 'test', scheduleVersion: 1, recordedAt: new Date(BEGAN) };
  const row = { id: `occ_${id}`, scheduledFor: new Date(at('00:00:30')), through: new Date(at('00:00:55')), count: 6 };
  await parts.store.prisma.occurrence.create({ data: { ...missed, ...row } });
  const asked = async (only: 'ALL' | 'MISSING' | 'MISSING_OR_FAILED') =>
    (await backfill(parts, id, { only, dryRun: true })).fireTimes.map((instant) => instant?.slice(-2));
  const missing = ['30', '35', '40', '45', '50', '55'];
  assert.deepEqual(await asked('ALL'), ['00', '05', '10', '15', '20', '25', ...missing]);
  assert.deepEqual(await asked('MISSING'), missing);
  assert.deepEqual(await asked('MISSING_OR_FAILED'), ['05', '10', '15', '25', ...missing]);
  assert.equal(await parts.store.prisma.backfill.count({ where: { scheduleId: id } }), 0, 'a dry run writes nothing');

  const half = { from: new Date(at('00:00:45')), until: new Date(at('00:01:00')) };
  const { id: first } = await backfill(parts, id, { range: half });
  assert.deepEqual(await asked('MISSING'), ['30', '35', '40'], 'what another backfill is about to run is not missing');
  await finish(first);
  assert.deepEqual(await asked('MISSING'), ['30', '35', '40']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:55 MISSED 6'], 'a verdict stays what happened then');
});

test('what ran and was removed by retention is not missing; nothing to run: COMPLETED at once', async () => {
  const { id } = await scheduleOf();
  for (const instant of ['00:00:00', '00:00:20', '00:00:40']) await ranAt(id, instant, 'SUCCEEDED');
  while ((await purgeRuns(parts.store, parts.clock.now() + 1, parts.clock.now())) > 0);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:00 to 00:00:20 FIRED 2'], 'the newest run stays');
  const { id: backfillId, fireTimes } = await backfill(parts, id);
  assert.deepEqual(fireTimes, []);
  assert.equal(await figures(backfillId), 'COMPLETED 0 of 0, 0 failed');
});

test('overlap policies look neither at a backfill nor from it: the schedule and its task can be triggered beside it', async () => {
  const { id, name } = await scheduleOf({ overlapPolicy: 'SKIP' });
  const first = await trigger(parts, id);
  const manual = await worker.next();
  const { id: backfillId } = await backfill(parts, id, ALL);
  const filling = await worker.next();
  assert.deepEqual([manual.run.runId, instantOf(filling)], [first.id, '00:00:00']);
  manual.succeed();
  await ended(id, '00:01:00 MANUAL SUCCEEDED');
  for (const overlapPolicy of ['SKIP', 'BUFFER_ONE', 'CANCEL_OTHER', 'TERMINATE_OTHER'] as const) {
    const beside = [
      await trigger(parts, id, { overlapPolicy }),
      await triggerTask(parts, { task: { key: name }, overlapPolicy: 'ALLOW_ALL' }),
    ];
    for (let n = 0; n < beside.length; n += 1) (await worker.next()).succeed();
    for (const run of beside)
      await whenEvents(parts, async () => (await parts.store.prisma.run.findUnique({ where: { id: run.id } }))?.finishedAt);
    const alone = await triggerTask(parts, { task: { key: name }, overlapPolicy });
    (await worker.next()).succeed();
    await whenEvents(parts, async () => (await parts.store.prisma.run.findUnique({ where: { id: alone.id } }))?.finishedAt);
  }
  assert.equal(filling.signal.aborted, false);
  filling.succeed();
  await finish(backfillId);
});

test('a schedule fires beside its backfill; neither failures nor runs of the backfill count for it', async (t) => {
  const own = await openParts(t);
  own.clock.advanceTo(BEGAN);
  await addTask(own, { execution: { timeout: 'P1D', ...ONCE } });
  const spec = { trigger: EVERY_20_S, overlapPolicy: 'SKIP' as const, pauseAfterFailures: 1, maxRuns: 2 };
  const { id } = await addSchedule(own, spec);
  const [engine, hand] = [await startTestEngine(own), await startTestWorker(own)];
  const { id: backfillId } = await backfill(own, id, ALL);
  own.clock.advanceTo(at('00:01:20'));
  await engine.settle();
  const calls = [await hand.next(), await hand.next()].toSorted(
    (a, b) => a.run.scheduledFor.getTime() - b.run.scheduledFor.getTime(),
  );
  assert.deepEqual(calls.map(instantOf), ['00:00:00', '00:01:20']);
  for (let n = 0; n < 3; n += 1) (n === 0 ? (calls[0] as Call) : await hand.next()).fail({ retryable: false });
  const [row] = await whenEvents(own, async () => {
    const rows = await findBackfills(own.store.sql, [backfillId as string]);
    return rows[0]?.state === 'COMPLETED' && rows;
  });
  assert.deepEqual([row?.finished, row?.failed], [3, 3]);
  const schedule = await own.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
  assert.deepEqual([schedule.state, schedule.consecutiveFailures, schedule.countedRuns], ['ACTIVE', 0, 1]);
  (calls[1] as Call).succeed();
  await whenEvents(own, async () => (await runsOf(own, id)).includes('00:01:20 SCHEDULE SUCCEEDED'));
});

test('a limit of the task holds for it too, and of what waits for a slot it comes last', async () => {
  const { id } = await scheduleOf({ overlapPolicy: 'ALLOW_ALL' }, { concurrency: 1 });
  const { id: backfillId } = await backfill(parts, id, { ...ALL, concurrency: 3 });
  const waiting = ['00:00:00 BACKFILL QUEUED', '00:00:20 BACKFILL BUFFERED', '00:00:40 BACKFILL BUFFERED'];
  const [call, states] = [await worker.next(), await runsOf(parts, id)];
  assert.deepEqual(states, waiting.with(0, '00:00:00 BACKFILL RUNNING'));
  await trigger(parts, id);
  call.succeed();
  const fresh = await worker.next();
  assert.equal(instantOf(fresh), '00:01:00', 'what was asked for later goes first');
  fresh.succeed();
  await finish(backfillId);
  assert.equal(await figures(backfillId), 'COMPLETED 3 of 3, 0 failed');
});

for (const cancelRuns of [true, false]) {
  test(`canceled${cancelRuns ? '' : ' without its runs'}: no further run is written, what waits is CANCELED, what runs ${cancelRuns ? 'is broken off' : 'goes on'}`, async () => {
    const { id } = await scheduleOf({}, { concurrency: 1 });
    const { id: backfillId } = await backfill(parts, id, { ...ALL, concurrency: 2 });
    const call = await worker.next();
    const { state, finished, total } = await stopBackfill(parts, backfillId as string, cancelRuns);
    assert.deepEqual({ state, finished, total }, { state: 'CANCELED', finished: 1, total: 3 });
    const before = await parts.store.prisma.auditEntry.count();
    if (!cancelRuns) call.succeed();
    await ended(id, `00:00:00 BACKFILL ${cancelRuns ? 'CANCELED' : 'SUCCEEDED'}`);
    assert.equal(call.signal.aborted, cancelRuns);
    assert.equal((await stopBackfill(parts, backfillId as string)).state, 'CANCELED', 'once more does no harm');
    assert.equal(await parts.store.prisma.auditEntry.count(), before);
    assert.equal(await figures(backfillId), 'CANCELED 2 of 3, 0 failed');
    await reap(parts);
    assert.equal((await runsOf(parts, id)).length, 2);
    assert.equal(await parts.store.prisma.backfillInstant.count({ where: { backfillId: backfillId as string } }), 0);
  });
}

test('a run that is canceled, gently or by force, makes room for the next', async () => {
  const { id } = await scheduleOf();
  const { id: backfillId } = await backfill(parts, id, ALL);
  const runOf = async (call: Call) => call.run.runId;
  await cancel(parts, await runOf(await worker.next()), 'not this one');
  const second = await worker.next();
  assert.equal(instantOf(second), '00:00:20');
  await cancel(parts, await runOf(second), 'nor this', true);
  (await worker.next()).succeed();
  await over(backfillId);
  assert.deepEqual(await runsOf(parts, id), [
    '00:00:00 BACKFILL CANCELED',
    '00:00:20 BACKFILL CANCELED',
    '00:00:40 BACKFILL SUCCEEDED',
  ]);
  const again = await retry(parts, (await parts.store.prisma.run.findFirstOrThrow({ where: { scheduleId: id } })).id);
  assert.deepEqual([again.origin, again.backfillId], ['RETRY', null], 'what is run once more is not part of it');
  (await worker.next()).succeed();
  await ended(id, `${time(again.scheduledFor)} RETRY SUCCEEDED`);
});

test('a paused schedule can be backfilled; while its task is paused no further run begins, and the net lets it go on', async () => {
  const { id, name } = await scheduleOf();
  await pause(parts, id);
  const { id: backfillId } = await backfill(parts, id, ALL);
  const call = await worker.next();
  await holdTask(parts, name);
  call.succeed();
  await ended(id, '00:00:00 BACKFILL SUCCEEDED');
  await reap(parts);
  assert.deepEqual(await runsOf(parts, id), ['00:00:00 BACKFILL SUCCEEDED']);
  await assert.rejects(backfill(parts, id, ALL), /^Error: INVALID_STATE The task is paused since/);
  await releaseTask(parts, name);
  await reap(parts);
  await finish(backfillId);
  assert.equal((await rowOf(id)).state, 'PAUSED');
});

test('a task of scope LOCAL is refused: nobody can say which workers there were', async () => {
  await addCodeTask(parts, { key: 'local', scope: 'LOCAL' });
  const { id } = await addSchedule(parts, { name: 'local', task: { key: 'local' }, trigger: EVERY_20_S });
  await assert.rejects(backfill(parts, id, ALL), /^Error: INVALID_STATE The task of "local" has the scope LOCAL/);
});

test('its schedule is deleted: it is CANCELED with what waits, and what runs goes on', async () => {
  const { id } = await scheduleOf({}, { concurrency: 1 });
  const { id: backfillId } = await backfill(parts, id, { ...ALL, concurrency: 2 });
  const call = await worker.next();
  await removeSchedule(parts, id);
  assert.equal(await figures(backfillId), 'CANCELED 1 of 3, 0 failed');
  call.succeed();
  await ended(id, '00:00:00 BACKFILL SUCCEEDED');
  assert.deepEqual(await runsOf(parts, id), ['00:00:00 BACKFILL SUCCEEDED', '00:00:20 BACKFILL CANCELED']);
});

test('what is planned is not backfilled: of a spread schedule what is nominal and not due yet', async () => {
  const { id } = await scheduleOf({ spread: 'PT1M' });
  const { nextScheduledFor, nextFireAt } = await rowOf(id);
  const offset = (nextFireAt as Date).getTime() - (nextScheduledFor as Date).getTime();
  const due = ['00:00:00', '00:00:20', '00:00:40'].filter((instant) => at(instant) + offset <= BEGAN);
  assert.deepEqual((await backfill(parts, id, { ...ALL, dryRun: true })).fireTimes, due);
  await pause(parts, id);
  assert.deepEqual((await backfill(parts, id, { ...ALL, dryRun: true })).fireTimes, due, 'what a pause holds back is past');
});

test('runs end, are canceled and their backfill is canceled at once, on two instances: none of it is left, and none is written after', async (t) => {
  const one = await openParts(t);
  one.clock.advanceTo(BEGAN);
  const two = await one.another();
  const serve = async (hand: TestWorker) => {
    for (;;) (await hand.next()).succeed();
  };
  for (const instance of [one, two]) void serve(await startTestWorker(instance));
  for (let round = 0; round < 6; round += 1) {
    const { id } = await scheduleOf(
      { trigger: { cron: { expression: '* * * * * *' } } },
      round % 2 === 0 ? { concurrency: 3 } : {},
      one,
    );
    const { id: backfillId } = await backfill(one, id, { ...ALL, concurrency: 4 });
    const some = await one.store.prisma.run.findMany({ where: { backfillId }, take: 2 });
    await Promise.all([
      ...some.map((run) => cancel(two, run.id).catch((error: Error) => assert.match(error.message, /^INVALID_STATE/))),
      cancelAll(one, { backfillId, states: ['RUNNING', 'QUEUED'] }),
      stopBackfill(two, backfillId as string),
    ]);
    await whenEvents(one, async () => (await one.store.prisma.run.count({ where: { backfillId, finishedAt: null } })) === 0);
    const [row] = await findBackfills(one.store.sql, [backfillId as string]);
    assert.deepEqual([row?.state, row?.finished], ['CANCELED', await one.store.prisma.run.count({ where: { backfillId } })]);
  }
});

test('90 runs, 3 at once, on two instances: each instant once, never more than 3 under way', async () => {
  const other = await parts.another();
  const { id } = await scheduleOf({ trigger: { cron: { expression: '* * * * * *' } } });
  const range = { from: new Date(at('00:00:00') - 30_000), until: new Date(BEGAN) };
  const { id: backfillId } = await backfill(parts, id, { ...ALL, range, concurrency: 3 });
  const begun: string[] = [];
  let [open, most] = [0, 0];
  const serve = async (hand: TestWorker, on: Parts) => {
    for (;;) {
      const call = await hand.next();
      most = Math.max(most, (open += 1));
      begun.push(instantOf(call) as string);
      void on.store.sql.query('SELECT 1').then(() => {
        open -= 1;
        call.succeed();
      });
    }
  };
  void serve(worker, parts);
  void serve(await startTestWorker(other), other);
  await whenEvents(parts, async () => {
    const rows = await parts.store.prisma.run.count({ where: { backfillId: backfillId as string, finishedAt: null } });
    assert.ok(rows <= 3, `${rows} runs are under way`);
    return (await read(backfillId)).state === 'COMPLETED';
  });
  assert.equal(new Set(begun).size, 90);
  assert.deepEqual([begun.length, most], [90, 3]);
  assert.equal(await figures(backfillId), 'COMPLETED 90 of 90, 0 failed');
});
