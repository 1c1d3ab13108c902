import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STOP_GRACE_MS } from '../../src/domain/cancel.ts';
import { reap } from '../../src/engine/reaper.ts';
import { finishRuns, insertRuns, iso, startRuns } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, cancel, openParts, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun } from '../support/runs.ts';

type Test = Parameters<typeof openParts>[0];
const BEGAN = at('00:00:00');
const HOUR_MS = 3_600_000;
const find = ({ store }: Parts, id: string) =>
  store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: true, schedule: true } });
const code = (error: unknown) => (error as { code: string } | null)?.code;
const text = (error: unknown) => (error as { message: string } | null)?.message;

/** A run under way on a worker that keeps its lease, and does nothing else: as one whose process hangs in part. */
async function openHeld(t: Test, execution: object) {
  const parts = await openParts(t);
  await addTask(parts, { execution });
  const { id: scheduleId } = await addSchedule(parts, { trigger: { interval: { every: 'P365D' } } });
  const { id: runId } = await trigger(parts, scheduleId);
  const hold = { runId, attempt: 1, lease: 'one' };
  await startRuns(parts.store.sql, BEGAN, await addWorker(parts), BEGAN + HOUR_MS, [hold], '');
  /** Moves the clock there and lets the reaper look. */
  async function reapAt(instant: number) {
    parts.clock.advanceTo(instant);
    await reap(parts);
    return (await find(parts, runId)).state;
  }
  return { parts, scheduleId, runId, hold, reapAt };
}
const PATIENT = { timeout: 'P1D', retry: { maxAttempts: 5, initialInterval: 'PT0S' } };
const success = { state: 'SUCCEEDED', output: 'late', error: null, retryAt: null } as const;

test('a cancel that the worker ignores for 10 s: the attempt is taken away, and the run is CANCELED by whom and why', async (t) => {
  const { parts, runId, hold, reapAt } = await openHeld(t, PATIENT);
  parts.clock.advanceTo(at('00:05:00'));
  await cancel(parts, runId, 'wrong file');
  assert.equal(await reapAt(at('00:05:00') + STOP_GRACE_MS - 1), 'CANCELING');
  assert.equal(await reapAt(at('00:05:00') + STOP_GRACE_MS), 'CANCELED');
  const run = await find(parts, runId);
  assert.deepEqual([text(run.error), run.lease, run.cancelingSince], ['canceled by test: wrong file', null, null]);
  assert.deepEqual(
    run.attempts.map(({ state, error }) => [state, text(error)]),
    [['CANCELED', 'the attempt did not end within 10 s of its cancel']],
  );
  assert.deepEqual(
    await finishRuns(parts.store.sql, parts.clock.now(), [{ ...hold, ...success }]),
    [],
    'a late result is not taken',
  );
  assert.deepEqual(await find(parts, runId), run);
});

const timeouts = [
  { rule: 'with attempts left it is tried again', maxAttempts: 2, state: 'RETRY_WAIT', failures: 0 },
  { rule: 'on the last attempt it is TIMED_OUT, a failure of its schedule', maxAttempts: 1, state: 'TIMED_OUT', failures: 1 },
];
for (const { rule, maxAttempts, state, failures } of timeouts) {
  test(`a time limit that the worker ignores for 10 s: ${rule}`, async (t) => {
    const { parts, runId, hold, reapAt } = await openHeld(t, { timeout: 'PT30S', retry: { maxAttempts } });
    const due = BEGAN + 30_000 + STOP_GRACE_MS;
    assert.equal(await reapAt(due - 1), 'RUNNING');
    assert.equal(await reapAt(due), state);
    const run = await find(parts, runId);
    assert.deepEqual([code(run.error), run.schedule?.consecutiveFailures], ['TIMED_OUT', failures]);
    assert.equal(run.retryAt?.getTime(), state === 'RETRY_WAIT' ? due + 1_000 : undefined);
    assert.deepEqual(
      run.attempts.map((attempt) => [attempt.state, text(attempt.error)]),
      [['TIMED_OUT', 'no result within 30 s, and no end 10 s later']],
    );
    assert.deepEqual(await finishRuns(parts.store.sql, due, [{ ...hold, ...success }]), []);
  });
}

test('what waited for it goes on', async (t) => {
  const { parts, scheduleId, runId, reapAt } = await openHeld(t, PATIENT);
  const waits = await newRun(parts, { scheduleId, state: 'BUFFERED', origin: 'CATCH_UP', scheduledFor: iso(1), jobId: null });
  await insertRuns(parts.store.sql, BEGAN, [waits]);
  await cancel(parts, runId);
  await reapAt(BEGAN + STOP_GRACE_MS);
  assert.equal((await find(parts, waits.id)).state, 'QUEUED');
});

test('two reapers at once take it away once', async (t) => {
  const { parts, runId } = await openHeld(t, PATIENT);
  await cancel(parts, runId);
  parts.clock.advanceTo(BEGAN + STOP_GRACE_MS);
  const other = await parts.another();
  await Promise.all([reap(parts), reap(other), reap(parts), reap(other)]);
  const events = await parts.store.prisma.event.count({ where: { subjectId: runId } });
  assert.deepEqual([(await find(parts, runId)).state, events], ['CANCELED', 4]);
});

test('by force it is CANCELED at once, also when it is being canceled already; what it brings later is not recorded', async (t) => {
  for (const first of [false, true]) {
    const { parts, scheduleId, runId, hold } = await openHeld(t, PATIENT);
    const waits = await newRun(parts, { scheduleId, state: 'BUFFERED', origin: 'CATCH_UP', scheduledFor: iso(1), jobId: null });
    await insertRuns(parts.store.sql, BEGAN, [waits]);
    if (first) assert.equal((await cancel(parts, runId, 'gently')).state, 'CANCELING');
    assert.equal((await cancel(parts, runId, 'now', true)).state, 'CANCELED');
    const run = await find(parts, runId);
    assert.deepEqual([text(run.error), run.lease], [`canceled by test: ${first ? 'gently' : 'now'}`, null]);
    assert.deepEqual(
      run.attempts.map(({ state, error }) => [state, text(error)]),
      [['CANCELED', 'canceled by test: now']],
    );
    assert.deepEqual(await finishRuns(parts.store.sql, BEGAN, [{ ...hold, ...success }]), []);
    assert.equal((await find(parts, waits.id)).state, 'QUEUED');
    await assert.rejects(cancel(parts, runId, 'again', true), /INVALID_STATE/);
  }
});
