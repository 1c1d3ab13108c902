import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { pino } from 'pino';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { cancelLocked } from '../../src/store/cancels.ts';
import { finishRuns, insertRuns, iso, lockSchedules, startRuns } from '../../src/store/runs.ts';
import { promoteBuffered } from '../../src/store/waiting.ts';
import type { Hold, NewRun } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { untilBlocked } from '../support/database.ts';
import { startTestWorker } from '../support/executor.ts';
import { whenEvents } from '../support/ledger.ts';
import { addSchedule, addTask, at, cancel, openParts, startTestEngine, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

type Test = Parameters<typeof openParts>[0];
const find = ({ store }: Parts, id: string) =>
  store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: { orderBy: { number: 'asc' } } } });
const runWhen = (parts: Parts, id: string, state: string) =>
  whenEvents(parts, async () => {
    const run = await find(parts, id);
    return run.state === state && run;
  });
const code = (error: unknown) => (error as { code: string } | null)?.code;
const attemptsOf = (run: Awaited<ReturnType<typeof find>>) => run.attempts.map((attempt) => [attempt.state, code(attempt.error)]);
async function statesOf({ store }: Parts, id: string): Promise<unknown[]> {
  const events = await store.prisma.event.findMany({ where: { subjectId: id }, orderBy: { seq: 'asc' } });
  return events.map((event) => (event.after as { state: string }).state);
}
const auditCount = ({ store }: Parts) => store.prisma.auditEntry.count({ where: { action: 'run.cancel' } });

/** A schedule that never fires by itself, whose runs would be tried again at once. */
async function openWork(t: Test) {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'P1D', retry: { maxAttempts: 5, initialInterval: 'PT0S' } } });
  const { id: scheduleId } = await addSchedule(parts, { trigger: { interval: { every: 'P365D' } } });
  return { parts, scheduleId, start: async () => (await trigger(parts, scheduleId)).id };
}
/** A run that a worker has under way. */
async function openRunning(t: Test) {
  const work = await openWork(t);
  const worker = await startTestWorker(work.parts);
  const id = await work.start();
  return { ...work, worker, id, call: await worker.next() };
}

test('the worker is told at once, and ends the attempt even when the task does not listen', async (t) => {
  const { parts, id, call } = await openRunning(t);
  const aborted = once(call.signal, 'abort');
  assert.equal((await cancel(parts, id, 'enough')).state, 'CANCELING');
  await aborted;
  assert.deepEqual(call.signal.reason, { code: 'CANCELED', message: 'canceled by test: enough' });
  const run = await runWhen(parts, id, 'CANCELED');
  assert.deepEqual([attemptsOf(run), run.lease, run.retryAt], [[['CANCELED', 'CANCELED']], null, null]);
});

test('the log names what a run has become: CANCELED, when the cancel decided', async (t) => {
  const { parts, start } = await openWork(t);
  const said: string[] = [];
  const write = (line: string) => said.push((JSON.parse(line) as { msg: string }).msg);
  const worker = await startTestWorker({ ...parts, log: pino({ level: 'info' }, { write }) });
  const canceled = await start();
  await worker.next();
  await cancel(parts, canceled);
  await runWhen(parts, canceled, 'CANCELED');
  await until(() => said.length === 1);
  await start();
  (await worker.next()).fail({ retryable: false });
  await until(() => said.length === 2);
  assert.deepEqual(said, ['a run was CANCELED', 'a run has FAILED']);
});

test('a worker of another process is told through the database', async (t) => {
  const { parts, start } = await openWork(t);
  const worker = await startTestWorker(await parts.another());
  const id = await start();
  const call = await worker.next();
  await cancel(parts, id);
  if (!call.signal.aborted) await once(call.signal, 'abort');
  await until(async () => (await find(parts, id)).state === 'CANCELED');
});

test('a cancel that nobody announced is found by the next beat', async (t) => {
  const { parts, worker, id, call } = await openRunning(t);
  const error = { code: 'CANCELED', name: 'Canceled', message: 'canceled by a whisper', retryable: false };
  await cancelLocked(parts.store.sql, parts.clock.now(), id, 'CANCELING', error);
  assert.equal(call.signal.aborted, false);
  await worker.beat();
  assert.equal(call.signal.aborted, true);
  assert.equal((await runWhen(parts, id, 'CANCELED')).leaseExpiresAt, null);
});

test('a second cancel of a run that is being canceled answers it, and leaves no second trace', async (t) => {
  const { parts, start } = await openWork(t);
  // A worker that is only a row: nobody breaks the attempt off.
  const id = await start();
  await startRuns(parts.store.sql, 0, await addWorker(parts), LEASE_MS, [{ runId: id, attempt: 1, lease: 'one' }], '');
  const first = await cancel(parts, id, 'first');
  const second = await cancel(parts, id, 'second');
  assert.deepEqual(second, first);
  assert.deepEqual([await statesOf(parts, id), await auditCount(parts)], [['QUEUED', 'RUNNING', 'CANCELING'], 1]);
});

const ends = [
  {
    rule: 'that succeeds before the abort reaches it stays a success',
    state: 'SUCCEEDED',
    result: { state: 'SUCCEEDED', error: null },
  },
  {
    rule: 'that fails by itself is not followed by another',
    state: 'CANCELED',
    result: { state: 'RETRY_WAIT', error: { code: 'BROKEN' } },
  },
] as const;
for (const { rule, state, result } of ends) {
  test(`an attempt ${rule}`, async (t) => {
    const { parts, start } = await openWork(t);
    const id = await start();
    const hold = { runId: id, attempt: 1, lease: 'one' };
    await startRuns(parts.store.sql, 0, await addWorker(parts), LEASE_MS, [hold], '');
    await cancel(parts, id);
    const error = result.error && { ...result.error, name: 'Broken', message: 'it broke', retryable: true };
    const retryAt = result.state === 'RETRY_WAIT' ? iso(0) : null;
    await finishRuns(parts.store.sql, 0, [{ ...hold, state: result.state, output: null, error, retryAt }]);
    await (await startTestEngine(parts)).settle();
    assert.deepEqual(
      [(await find(parts, id)).state, await statesOf(parts, id)],
      [state, ['QUEUED', 'RUNNING', 'CANCELING', state]],
    );
  });
}

test('the worker of a run that is being canceled is lost: it is CANCELED by the reaper and not run again', async (t) => {
  const { parts, start } = await openWork(t);
  const id = await start();
  const dead = await addWorker(parts);
  await startRuns(parts.store.sql, 0, dead, parts.clock.now() + LEASE_MS, [{ runId: id, attempt: 1, lease: 'one' }], '');
  await cancel(parts, id, 'in vain');
  parts.clock.advanceTo(at('00:00:00') + LEASE_MS + 1);
  await reap(parts);
  const run = await find(parts, id);
  assert.deepEqual([run.state, attemptsOf(run)], ['CANCELED', [['FAILED', 'WORKER_LOST']]]);
  assert.equal((run.error as { message: string }).message, 'canceled by test: in vain');
});

test('a run that is handed back at a stop while it is being canceled is CANCELED', async (t) => {
  const { parts, worker, id, call } = await openRunning(t);
  const error = { code: 'CANCELED', name: 'Canceled', message: 'canceled by a whisper', retryable: false };
  await cancelLocked(parts.store.sql, parts.clock.now(), id, 'CANCELING', error);
  const stopped = worker.stop(10_000);
  await until(() => parts.clock.nextTimer() === at('00:00:10'));
  parts.clock.advanceTo(at('00:00:10'));
  await stopped;
  assert.equal(code(call.signal.reason), 'SHUTDOWN');
  const run = await find(parts, id);
  assert.deepEqual([run.state, attemptsOf(run)], ['CANCELED', [['FAILED', 'SHUTDOWN']]]);
});

test('a queued run is CANCELED at once, and its delivery is dropped', async (t) => {
  const { parts, start } = await openWork(t);
  const id = await start();
  assert.equal((await cancel(parts, id)).state, 'CANCELED');
  const worker = await startTestWorker(parts);
  await until(async () => (await parts.store.sql.query('SELECT 1 FROM pgboss.job')).length === 0);
  assert.equal(worker.waiting(), 0);
  assert.deepEqual([await statesOf(parts, id), (await find(parts, id)).attempts], [['QUEUED', 'CANCELED'], []]);
});

/** One run that is queued, and two that wait for it. */
async function openBacklog(t: Test) {
  const { parts, scheduleId, start } = await openWork(t);
  const id = await start();
  const buffered = async (instant: string) =>
    newRun(parts, { scheduleId, state: 'BUFFERED', origin: 'CATCH_UP', scheduledFor: iso(at(instant)), jobId: null });
  const [first, second] = [await buffered('00:00:10'), await buffered('00:00:20')];
  await insertRuns(parts.store.sql, parts.clock.now(), [first, second]);
  return { parts, scheduleId, id, first, second };
}

test('what waited for a canceled run goes on, and is delivered; a canceled one that waited is passed over', async (t) => {
  const { parts, id, first, second } = await openBacklog(t);
  assert.equal((await cancel(parts, first.id)).state, 'CANCELED');
  assert.equal((await find(parts, second.id)).state, 'BUFFERED');
  await cancel(parts, id);
  const worker = await startTestWorker(parts);
  const call = await worker.next();
  assert.equal(call.run.runId, second.id);
  call.succeed();
});

const CANCELED = { code: 'CANCELED', name: 'Canceled', message: 'canceled by test', retryable: false };

/** Each of two things that happen to a run at the same moment comes first once: it holds the run while the other waits. */
interface Race {
  rule: string;
  other: (sql: Sql, worker: string, hold: Hold) => Promise<unknown>;
  blockedOn: string;
  from: 'queued' | 'started';
  /** States when the other one was first, and when the cancel was. */
  other_first: string[];
  cancel_first: string[];
}
const races: Race[] = [
  {
    rule: 'the start',
    from: 'queued',
    blockedOn: 'startRuns',
    other: (sql, worker, hold) => startRuns(sql, 0, worker, LEASE_MS, [hold], ''),
    other_first: ['QUEUED', 'RUNNING', 'CANCELING'],
    cancel_first: ['QUEUED', 'CANCELED'],
  },
  {
    rule: 'a success',
    from: 'started',
    blockedOn: 'finishRuns',
    other: (sql, _, hold) => finishRuns(sql, 0, [{ ...hold, state: 'SUCCEEDED', output: null, error: null, retryAt: null }]),
    other_first: ['QUEUED', 'RUNNING', 'SUCCEEDED'],
    cancel_first: ['QUEUED', 'RUNNING', 'CANCELING', 'SUCCEEDED'],
  },
  {
    rule: 'a failure',
    from: 'started',
    blockedOn: 'finishRuns',
    other: (sql, _, hold) =>
      finishRuns(sql, 0, [{ ...hold, state: 'RETRY_WAIT', output: null, error: CANCELED, retryAt: iso(0) }]),
    other_first: ['QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELED'],
    cancel_first: ['QUEUED', 'RUNNING', 'CANCELING', 'CANCELED'],
  },
];
async function openRace(t: Test, from: Race['from']) {
  const { parts, start } = await openWork(t);
  const worker = await addWorker(parts);
  const id = await start();
  const hold = { runId: id, attempt: 1, lease: 'one' };
  if (from === 'started') await startRuns(parts.store.sql, 0, worker, LEASE_MS, [hold], '');
  return { parts, worker, id, hold };
}
for (const { rule, from, other, blockedOn, other_first, cancel_first } of races) {
  test(`cancel against ${rule}: the one that comes second finds what the first has left`, async (t) => {
    const late = await openRace(t, from);
    let canceling: Promise<unknown> | undefined;
    await late.parts.store.hotTransaction(async ({ sql }) => {
      await other(sql, late.worker, late.hold);
      canceling = cancel(late.parts, late.id).catch((error: Error) => error.message);
      await untilBlocked(late.parts.store.sql, 'lockRun');
    });
    const answer = await canceling;
    assert.deepEqual(await statesOf(late.parts, late.id), other_first);
    if (other_first.at(-1) === 'SUCCEEDED') assert.match(String(answer), /^INVALID_STATE .* it is SUCCEEDED since /);

    const early = await openRace(t, from);
    let waiting: Promise<unknown> | undefined;
    await early.parts.store.hotTransaction(async ({ sql }) => {
      await cancelLocked(sql, 0, early.id, from === 'queued' ? 'CANCELED' : 'CANCELING', CANCELED);
      waiting = early.parts.store.hotTransaction((tx) => other(tx.sql, early.worker, early.hold));
      await untilBlocked(early.parts.store.sql, blockedOn);
    });
    await waiting;
    assert.deepEqual(await statesOf(early.parts, early.id), cancel_first);
  });
}

test('cancel against promote: the run that waits is let go or canceled, and its successor comes after it', async (t) => {
  const { parts, scheduleId, id, first, second } = await openBacklog(t);
  const [hold] = [{ runId: id, attempt: 1, lease: 'one' }];
  await startRuns(parts.store.sql, 0, await addWorker(parts), LEASE_MS, [hold], '');
  let canceling: Promise<{ state: string }> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    await lockSchedules(sql, [scheduleId]);
    await finishRuns(sql, 0, [{ ...hold, state: 'SUCCEEDED', output: null, error: null, retryAt: null }]);
    await promoteBuffered(sql, 0, [scheduleId]);
    canceling = cancel(parts, first.id);
    await untilBlocked(parts.store.sql, 'lockSchedules');
  });
  assert.equal((await canceling)?.state, 'CANCELED');
  assert.deepEqual(await statesOf(parts, first.id), ['BUFFERED', 'QUEUED', 'CANCELED']);
  assert.deepEqual(await statesOf(parts, second.id), ['BUFFERED', 'QUEUED'], 'let go by the cancel of its predecessor');
});

test('cancels of many at once, some of them twice: each run ends once', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const runs: NewRun[] = [];
  for (let count = 0; count < 12; count += 1) runs.push(await newRun(parts));
  const holds = await startedRuns(parts, await addWorker(parts), LEASE_MS, runs.slice(0, 6));
  await insertRuns(parts.store.sql, 0, runs.slice(6));
  const answers = await Promise.all(
    [...runs, ...runs].map((run) =>
      cancel(parts, run.id).then(
        (answer) => answer.state,
        (error: Error) => error.message.slice(0, 13),
      ),
    ),
  );
  assert.deepEqual([...Map.groupBy(answers, (answer) => answer)].map(([answer, each]) => [answer, each.length]).sort(), [
    ['CANCELED', 6],
    ['CANCELING', 12],
    ['INVALID_STATE', 6],
  ]);
  assert.deepEqual([holds.length, await auditCount(parts)], [6, 12]);
});
