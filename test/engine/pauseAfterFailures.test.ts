import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import { addSchedule, addTask, at, editSchedule, openParts, pause, resume, startTestEngine, trigger } from '../support/parts.ts';

const FAILED = { retryable: false };

async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']>) {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', ...spec });
  const worker = await startTestWorker(parts);
  const read = async () => {
    const { state, consecutiveFailures, pause: own } = await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
    return { state, failures: consecutiveFailures, reason: (own as { reason: string } | null)?.reason ?? null };
  };
  /** Runs by hand, one after the other, that end so; answers how the schedule stands then. */
  const end = async (...ends: ('ok' | { code?: string; message?: string })[]) => {
    for (const how of ends) {
      const { id: runId } = await trigger(parts, id);
      const call = await worker.next();
      if (how === 'ok') call.succeed();
      else call.fail({ ...FAILED, ...how });
      await whenEvents(parts, async () => {
        const run = await parts.store.prisma.run.findUniqueOrThrow({ where: { id: runId } });
        return run.finishedAt !== null;
      });
    }
    return read();
  };
  return { parts, id, end, read };
}

test('so many failures in a row pause a schedule, by SYSTEM, with the last error as the reason; fewer, or with a success between, do not', async (t) => {
  const { parts, id, end } = await playing(t, { pauseAfterFailures: 3 });
  assert.equal((await end({}, {}, 'ok', {}, {})).state, 'ACTIVE');
  assert.deepEqual(await end({ code: 'DISK_FULL', message: 'x'.repeat(500) }), {
    state: 'PAUSED',
    failures: 3,
    reason: `3 runs in a row failed; the last: DISK_FULL: ${'x'.repeat(188)}…`,
  });
  const entry = await parts.store.prisma.auditEntry.findFirstOrThrow({ where: { targetId: id, action: 'schedule.pause' } });
  assert.deepEqual([(entry.actor as { kind: string }).kind, entry.source], ['SYSTEM', 'engine']);
  assert.deepEqual(entry.changes, { state: { before: 'ACTIVE', after: 'PAUSED' } });
  const events = await parts.store.sql.query(
    `SELECT before->>'state' AS before, after->>'state' AS after, after ? 'nextFireAt' AS fires, after->'failing' AS failing FROM event
      WHERE subject_id = $1 ORDER BY xid DESC, seq DESC LIMIT 1`,
    [id],
  );
  assert.deepEqual(events, [{ before: 'ACTIVE', after: 'PAUSED', fires: false, failing: true }]);
});

test('it holds back as any other pause does', async (t) => {
  const { parts, id, end } = await playing(t, { pauseAfterFailures: 1 });
  assert.equal((await end({ message: 'no' })).reason, '1 run failed; the last: BROKEN: no');
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:00:25'));
  await engine.settle();
  assert.deepEqual(await runsOf(parts, id), ['00:00:00 MANUAL FAILED']);
  await resume(parts, id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 PAUSED 2']);
});

test('resuming forgets the failures: the next one does not pause it again at once', async (t) => {
  const { parts, id, end, read } = await playing(t, { pauseAfterFailures: 2 });
  assert.equal((await end({}, {})).state, 'PAUSED');
  await resume(parts, id);
  assert.deepEqual(await read(), { state: 'ACTIVE', failures: 0, reason: null });
  assert.deepEqual(await end({}), { state: 'ACTIVE', failures: 1, reason: null });
  assert.equal((await end({})).state, 'PAUSED');
  // Somebody else's words are on it, and another limit: why it was paused stays.
  await pause(parts, id);
  await editSchedule(parts, id, { pauseAfterFailures: 3 });
  await resume(parts, id);
  assert.deepEqual(await read(), { state: 'ACTIVE', failures: 0, reason: null });
});

test('a pause by hand keeps the count, unless as many have failed meanwhile as are allowed', async (t) => {
  const { parts, id, end, read } = await playing(t, { pauseAfterFailures: 3 });
  await end({}, {});
  await pause(parts, id);
  await resume(parts, id);
  assert.equal((await read()).failures, 2);
  await pause(parts, id);
  assert.deepEqual(await end({}), { state: 'PAUSED', failures: 3, reason: 'test' });
  await resume(parts, id);
  assert.deepEqual(await read(), { state: 'ACTIVE', failures: 0, reason: null });
});

test('without a limit nothing pauses it; a limit that is reached already does with the next failure', async (t) => {
  const { parts, id, end } = await playing(t, {});
  assert.deepEqual(await end({}, {}, {}), { state: 'ACTIVE', failures: 3, reason: null });
  await editSchedule(parts, id, { pauseAfterFailures: 2 });
  assert.equal((await end({})).state, 'PAUSED');
});
