import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RUN_TRANSITIONS } from '../../src/domain/runState.ts';
import { afterCancel } from '../../src/domain/cancel.ts';
import type { RunState } from '../../src/domain/runState.ts';
import { WAITING_JOB_IDS } from '../../src/queue/queue.ts';
import { cancelLocked, listCanceling } from '../../src/store/cancels.ts';
import {
  cancelWaitingRuns,
  finishRuns,
  insertRuns,
  iso,
  keepLeases,
  listLostRuns,
  listStaleQueued,
  lockLostRuns,
  promoteBuffered,
  promoteRetries,
  renewJobs,
  startRuns,
} from '../../src/store/runs.ts';
import type { Finish, Hold, NewRun } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { addSchedule, addTask, at, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { untilBlocked } from '../support/database.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';

const NO_WAITING = `SET LOCAL lock_timeout = '1s'`;
const LEASE = 6_000;
type Test = Parameters<typeof openParts>[0];

async function openRuns(t: Test, count: number): Promise<{ parts: Parts; runs: NewRun[]; worker: string }> {
  const parts = await openParts(t);
  await addTask(parts);
  const runs: NewRun[] = [];
  for (let n = 0; n < count; n += 1) runs.push(await newRun(parts));
  return { parts, runs, worker: await addWorker(parts) };
}
const finish = (hold: Hold, state: Finish['state'] = 'SUCCEEDED', output: unknown = null): Finish => ({
  ...hold,
  state,
  output,
  error: null,
  retryAt: state === 'RETRY_WAIT' ? iso(at('00:00:01')) : null,
});
const runIds = (rows: { runId: string }[]) => rows.map((row) => row.runId).sort();
const find = ({ store }: Parts, id: string) => store.prisma.run.findUniqueOrThrow({ where: { id }, include: { attempts: true } });

test('insertRuns: an occurrence has one run; a second one is passed over and aborts no batch', async (t) => {
  const { parts } = await openRuns(t, 0);
  const { id: scheduleId } = await addSchedule(parts);
  const occurrence = { scheduleId, origin: 'SCHEDULE', scheduledFor: iso(at('00:00:10')) } as const;
  const [first, again, other, manual] = [
    await newRun(parts, occurrence),
    await newRun(parts, { ...occurrence, origin: 'CATCH_UP' }),
    await newRun(parts, { ...occurrence, scheduledFor: iso(at('00:00:20')) }),
    await newRun(parts, { ...occurrence, origin: 'MANUAL' }),
  ] as const;
  const write = (runs: NewRun[]) => insertRuns(parts.store.sql, 0, runs);
  assert.deepEqual(runIds(await write([first])), [first.id]);
  assert.deepEqual(runIds(await write([again, other, manual])), [other.id, manual.id].sort());
  assert.equal(await parts.store.prisma.event.count({ where: { topic: 'run' } }), 3, 'what was not written has no event');
});

test('insertRuns: two transactions that fire the same occurrence at once write one run', async (t) => {
  const { parts } = await openRuns(t, 0);
  const { id: scheduleId } = await addSchedule(parts);
  const run = () => newRun(parts, { scheduleId, origin: 'SCHEDULE' });
  const [one, two] = [await run(), await run()];
  let second: Promise<unknown[]> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    assert.equal((await insertRuns(sql, 0, [one])).length, 1);
    second = parts.store.hotTransaction((other) => insertRuns(other.sql, 0, [two]));
    await untilBlocked(parts.store.sql, 'insertRuns');
  });
  assert.deepEqual(await second, []);
});

test('startRuns: a delivery is acted on once, and a stale one never', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 2);
  await insertRuns(parts.store.sql, 0, runs);
  const [run, stale] = runs as [NewRun, NewRun];
  const hold = { runId: run.id, attempt: 1, lease: 'one' };
  const start = (holds: Hold[]) => startRuns(parts.store.sql, at('00:00:01'), worker, at('00:00:07'), holds, '');
  assert.deepEqual(runIds(await start([hold, { runId: stale.id, attempt: 2, lease: 'two' }])), [run.id]);
  assert.deepEqual(await start([{ ...hold, lease: 'three' }]), []);
  assert.equal((await find(parts, run.id)).lease, 'one');
  assert.equal((await find(parts, stale.id)).state, 'QUEUED');
});

test('startRuns: two workers with the same delivery at once start it once', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 1);
  await insertRuns(parts.store.sql, 0, runs);
  const hold = (lease: string) => [{ runId: runs[0]?.id as string, attempt: 1, lease }];
  let second: Promise<unknown[]> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    assert.equal((await startRuns(sql, 0, worker, LEASE, hold('one'), '')).length, 1);
    second = parts.store.hotTransaction((other) => startRuns(other.sql, 0, worker, LEASE, hold('two'), ''));
    await untilBlocked(parts.store.sql, 'startRuns');
  });
  assert.deepEqual(await second, []);
});

test('finishRuns: only the holder of the lease ends an attempt', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 1);
  const [hold] = (await startedRuns(parts, worker, LEASE, runs)) as [Hold];
  const end = (finishes: Finish[]) => finishRuns(parts.store.sql, at('00:00:01'), finishes);
  assert.deepEqual(await end([finish({ ...hold, lease: 'another' })]), []);
  assert.deepEqual(await end([finish({ ...hold, attempt: 2 })]), []);
  assert.equal((await find(parts, hold.runId)).state, 'RUNNING');
  assert.equal((await end([finish(hold)])).length, 1);
  assert.deepEqual(await end([finish(hold, 'FAILED')]), [], 'nor twice');
  const run = await find(parts, hold.runId);
  assert.deepEqual([run.state, run.attempts.map((attempt) => attempt.state)], ['SUCCEEDED', ['SUCCEEDED']]);
});

test('finishRuns: a ghost in the same batch as the holder writes nothing', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 4);
  const holds = await startedRuns(parts, worker, LEASE, runs);
  const ghosts = holds.map((hold) => finish({ ...hold, lease: 'lost' }, 'FAILED', 'ghost'));
  const real = holds.map((hold) => finish(hold, 'SUCCEEDED', 'holder'));
  await finishRuns(parts.store.sql, at('00:00:01'), [...ghosts.slice(0, 2), ...real, ...ghosts.slice(2)]);
  for (const { runId } of holds) {
    const run = await find(parts, runId);
    assert.deepEqual([run.state, run.output], ['SUCCEEDED', 'holder']);
  }
});

test('promoteRetries: two at once share what is due, and neither waits', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 3);
  const holds = await startedRuns(parts, worker, LEASE, runs);
  await finishRuns(
    parts.store.sql,
    0,
    holds.map((hold) => finish(hold, 'RETRY_WAIT')),
  );
  assert.deepEqual(await promoteRetries(parts.store.sql, at('00:00:00.999'), 500), [], 'not before they are due');
  await parts.store.hotTransaction(async (one) => {
    const first = await promoteRetries(one.sql, at('00:00:01'), 2);
    await parts.store.hotTransaction(async (two) => {
      await two.sql.query(NO_WAITING);
      const second = await promoteRetries(two.sql, at('00:00:01'), 500);
      assert.deepEqual(runIds([...first, ...second]), runIds(holds));
      assert.ok([...first, ...second].every((run) => run.attempt === 2));
    });
  });
  assert.deepEqual(await promoteRetries(parts.store.sql, at('00:00:02'), 500), []);
});

test('lockLostRuns: two reapers at once share what is lost, and neither waits', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 3);
  const holds = await startedRuns(parts, worker, LEASE, runs);
  const now = parts.clock.now() + LEASE + 1;
  assert.deepEqual(await listLostRuns(parts.store.sql, now - 1, 500), [], 'a lease holds up to its last instant');
  const lost = await listLostRuns(parts.store.sql, now, 500);
  assert.deepEqual(lost.toSorted(), runIds(holds));
  await parts.store.hotTransaction(async (one) => {
    const first = await lockLostRuns(one.sql, now, lost.slice(0, 1));
    await parts.store.hotTransaction(async (two) => {
      await two.sql.query(NO_WAITING);
      assert.deepEqual(runIds([...first, ...(await lockLostRuns(two.sql, now, lost))]), runIds(holds));
    });
  });
});

test('keepLeases: a lease that the reaper is taking is lost; one that is being kept is not taken', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 2);
  const [taken, kept] = (await startedRuns(parts, worker, LEASE, runs)) as [Hold, Hold];
  const now = parts.clock.now() + LEASE + 1;
  let keep: Promise<string[]> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    await lockLostRuns(sql, now, [taken.runId]);
    await finishRuns(sql, now, [finish(taken, 'RETRY_WAIT')]);
    keep = parts.store.hotTransaction((tx) => keepLeases(tx.sql, worker, now + LEASE, [taken]));
    await untilBlocked(parts.store.sql, 'keepLeases');
  });
  assert.deepEqual(await keep, []);
  await parts.store.hotTransaction(async ({ sql }) => {
    assert.deepEqual(await keepLeases(sql, worker, now + LEASE, [kept]), [kept.lease]);
    await parts.store.hotTransaction(async (reaper) => {
      await reaper.sql.query(NO_WAITING);
      assert.deepEqual(await lockLostRuns(reaper.sql, now, [kept.runId]), []);
    });
  });
  assert.deepEqual(await listLostRuns(parts.store.sql, now, 500), []);
});

test('keepLeases: a lease that was passed on is not kept, whoever asks', async (t) => {
  const { parts, runs, worker } = await openRuns(t, 1);
  const [hold] = (await startedRuns(parts, worker, LEASE, runs)) as [Hold];
  const keep = (workerId: string, held: Hold) => keepLeases(parts.store.sql, workerId, at('00:01:00'), [held]);
  assert.deepEqual(await keep(worker, { ...hold, lease: 'older' }), []);
  assert.deepEqual(await keep(worker, { ...hold, attempt: 2 }), []);
  assert.deepEqual(await keep(await addWorker(parts), hold), []);
  assert.deepEqual(await keep(worker, hold), [hold.lease]);
});

test('renewJobs: two reapers at once make a lost delivery anew once', async (t) => {
  const { parts, runs } = await openRuns(t, 2);
  await insertRuns(parts.store.sql, at('00:00:00'), runs);
  assert.deepEqual(await listStaleQueued(parts.store.sql, at('00:00:00'), 500, WAITING_JOB_IDS), []);
  const stale = await listStaleQueued(parts.store.sql, at('00:00:00.001'), 500, WAITING_JOB_IDS);
  assert.deepEqual(runIds(stale), runIds(runs.map((run) => ({ runId: run.id }))));
  let second: Promise<unknown[]> | undefined;
  const renewed = await parts.store.hotTransaction(async ({ sql }) => {
    const first = await renewJobs(sql, stale);
    second = parts.store.hotTransaction((other) => renewJobs(other.sql, stale));
    await untilBlocked(parts.store.sql, 'renewJobs');
    return first;
  });
  assert.equal(renewed.length, 2);
  assert.ok(renewed.every((run) => stale.every((old) => old.jobId !== run.jobId)));
  assert.deepEqual(await second, []);
});

/**
 * Statements that change several runs lock them in order of id, else two of them end in a deadlock. Here the third run is held,
 * the given statement locks what it reaches before that, and a finish follows that wants them all.
 */
const orders: {
  name: string;
  of: 'started' | 'queued';
  statement: (parts: Parts, worker: string, holds: Hold[]) => (sql: Sql) => Promise<unknown>;
}[] = [
  { name: 'keepLeases', of: 'started', statement: (_, worker, holds) => (sql) => keepLeases(sql, worker, at('01:00:00'), holds) },
  {
    name: 'renewJobs',
    of: 'queued',
    statement: (parts, _, holds) => async (sql) => {
      const stale = await listStaleQueued(parts.store.sql, at('23:00:00'), 500, WAITING_JOB_IDS);
      const rank = (runId: string) => holds.findIndex((hold) => hold.runId === runId);
      return renewJobs(
        sql,
        stale.toSorted((a, b) => rank(a.runId) - rank(b.runId)),
      );
    },
  },
];
for (const { name, of, statement } of orders) {
  test(`${name} locks runs in order of id, whatever order it is asked in`, async (t) => {
    const { parts, runs, worker } = await openRuns(t, 3);
    if (of === 'started') await startedRuns(parts, worker, LEASE, runs);
    else await insertRuns(parts.store.sql, 0, runs);
    const rows = await parts.store.prisma.run.findMany({ orderBy: { id: 'asc' } });
    const holds = rows.map((run) => ({ runId: run.id, attempt: 1, lease: run.lease ?? crypto.randomUUID() }));
    const [first, second, third] = holds as [Hold, Hold, Hold];
    const work = statement(parts, worker, [third, second, first]);
    const tail = async (sql: Sql, held: Hold[]): Promise<unknown> => {
      const finishes = held.map((hold) => finish(hold));
      return of === 'started' ? finishRuns(sql, 0, finishes) : startRuns(sql, 0, worker, LEASE, held, '');
    };
    const settled: Promise<unknown>[] = [];
    await parts.store.hotTransaction(async ({ sql }) => {
      await sql.query('SELECT 1 FROM run WHERE id = $1 FOR UPDATE', [second.runId]);
      settled.push(parts.store.hotTransaction((tx) => work(tx.sql)));
      await untilBlocked(parts.store.sql, name);
      settled.push(parts.store.hotTransaction((tx) => tail(tx.sql, [first, third])));
      await untilBlocked(parts.store.sql, of === 'started' ? 'finishRuns' : 'startRuns');
    });
    await Promise.all(settled);
  });
}

test('promoteBuffered: the oldest goes when nothing of its schedule is active any more', async (t) => {
  const { parts, worker } = await openRuns(t, 0);
  const { id: scheduleId } = await addSchedule(parts, { misfire: { mode: 'FIRE_ALL' } });
  const buffered = async (instant: string) =>
    newRun(parts, { scheduleId, state: 'BUFFERED', origin: 'CATCH_UP', scheduledFor: iso(at(instant)), jobId: null });
  const active = await newRun(parts, { scheduleId });
  const [hold] = (await startedRuns(parts, worker, LEASE, [active])) as [Hold];
  const [later, earlier] = [await buffered('00:00:20'), await buffered('00:00:10')];
  await insertRuns(parts.store.sql, 0, [later, earlier]);
  const promote = () => promoteBuffered(parts.store.sql, 0, [scheduleId]);
  assert.deepEqual(await promote(), []);
  await finishRuns(parts.store.sql, 0, [finish(hold)]);
  assert.deepEqual(runIds(await promote()), [earlier.id]);
  assert.deepEqual(await promote(), [], 'which is active from here');
});

/** Puts a run of a schedule into a state past all statements. */
async function force({ store }: Parts, runId: string, state: RunState, worker: string): Promise<Hold> {
  const held = state === 'RUNNING' || state === 'CANCELING';
  const ended = RUN_TRANSITIONS[state].length === 0;
  await store.sql.query(
    `UPDATE run SET state = $2, lease = CASE WHEN $3 THEN 'lease' END, lease_expires_at = CASE WHEN $3 THEN $5::timestamptz END, worker_id = $4,
            finished_at = CASE WHEN $6 THEN $5::timestamptz END, retry_at = CASE WHEN $2 = 'RETRY_WAIT' THEN $5::timestamptz END WHERE id = $1`,
    [runId, state, held, worker, new Date(at('00:00:01')), ended],
  );
  return { runId, attempt: 1, lease: 'lease' };
}
const ALL_STATES = Object.keys(RUN_TRANSITIONS) as RunState[];
const CANCELED = { code: 'CANCELED', name: 'Canceled', message: 'canceled by nobody', retryable: false };
const statements: Record<string, (sql: Sql, hold: Hold, worker: string, scheduleId: string) => Promise<unknown>> = {
  startRuns: (sql, hold, worker) => startRuns(sql, 0, worker, LEASE, [hold], ''),
  'finishRuns to SUCCEEDED': (sql, hold) => finishRuns(sql, 0, [finish(hold)]),
  'finishRuns to CANCELED': (sql, hold) => finishRuns(sql, 0, [finish(hold, 'CANCELED')]),
  'finishRuns to FAILED': (sql, hold) => finishRuns(sql, 0, [finish(hold, 'FAILED')]),
  'finishRuns to TIMED_OUT': (sql, hold) => finishRuns(sql, 0, [finish(hold, 'TIMED_OUT')]),
  'finishRuns to RETRY_WAIT': (sql, hold) => finishRuns(sql, 0, [finish(hold, 'RETRY_WAIT')]),
  cancelLocked: async (sql, hold) => {
    const [run] = await sql.query<{ state: RunState }>('SELECT state FROM run WHERE id = $1', [hold.runId]);
    const to = afterCancel(run?.state as RunState);
    if (to !== null && to !== run?.state) await cancelLocked(sql, 0, hold.runId, to, CANCELED);
  },
  promoteBuffered: (sql, _hold, _worker, scheduleId) => promoteBuffered(sql, 0, [scheduleId]),
  promoteRetries: (sql) => promoteRetries(sql, at('01:00:00'), 500),
  cancelWaitingRuns: (sql, _hold, _worker, scheduleId) => cancelWaitingRuns(sql, 0, 'schedule_id', scheduleId),
  keepLeases: (sql, hold, worker) => keepLeases(sql, worker, LEASE, [hold]),
  renewJobs: async (sql) => renewJobs(sql, await listStaleQueued(sql, at('23:00:00'), 500, WAITING_JOB_IDS)),
};

test('whatever state a run is in, a statement changes it only as the table of states allows, with one event', async (t) => {
  const { parts, worker } = await openRuns(t, 0);
  const { id: scheduleId } = await addSchedule(parts);
  const run = await newRun(parts, { scheduleId });
  await insertRuns(parts.store.sql, 0, [run]);
  const ROLL_BACK = new Error('undone');
  for (const [name, statement] of Object.entries(statements)) {
    for (const from of ALL_STATES) {
      const undone = parts.store.hotTransaction(async ({ sql }) => {
        await sql.query('DELETE FROM event');
        const hold = await force({ store: { ...parts.store, sql } } as Parts, run.id, from, worker);
        await statement(sql, hold, worker, scheduleId);
        const [after] = await sql.query<{ state: RunState }>('SELECT state FROM run WHERE id = $1', [run.id]);
        const events = await sql.query<{ before: { state: RunState }; after: { state: RunState } }>(
          'SELECT before, after FROM event',
        );
        const to = after?.state as RunState;
        const allowed: readonly RunState[] = RUN_TRANSITIONS[from];
        assert.ok(to === from || allowed.includes(to), `${name}: ${from} → ${to}`);
        const changes = events.map((event) => [event.before.state, event.after.state]);
        assert.deepEqual(changes, to === from ? [] : [[from, to]], `events of ${name} on ${from}`);
        throw ROLL_BACK;
      });
      await assert.rejects(undone, ROLL_BACK);
    }
  }
});

const ends = [
  {
    rule: 'a success that came before the abort stays one',
    result: 'SUCCEEDED',
    code: null,
    run: 'SUCCEEDED',
    attempt: 'SUCCEEDED',
  },
  { rule: 'an attempt that was broken off', result: 'FAILED', code: 'CANCELED', run: 'CANCELED', attempt: 'CANCELED' },
  { rule: 'an attempt that failed by itself', result: 'FAILED', code: 'BROKEN', run: 'CANCELED', attempt: 'FAILED' },
  { rule: 'one that would be tried again', result: 'RETRY_WAIT', code: 'BROKEN', run: 'CANCELED', attempt: 'FAILED' },
  { rule: 'one that took too long', result: 'TIMED_OUT', code: 'TIMED_OUT', run: 'CANCELED', attempt: 'TIMED_OUT' },
  {
    rule: 'one that took too long, with attempts left',
    result: 'RETRY_WAIT',
    code: 'TIMED_OUT',
    run: 'CANCELED',
    attempt: 'TIMED_OUT',
  },
] as const;
for (const { rule, result, code, run, attempt } of ends) {
  test(`finishRuns while it is being canceled: ${rule}: the run is ${run}, the attempt ${attempt}`, async (t) => {
    const { parts, runs, worker } = await openRuns(t, 1);
    const [hold] = (await startedRuns(parts, worker, LEASE, runs)) as [Hold];
    await cancelLocked(parts.store.sql, 0, hold.runId, 'CANCELING', CANCELED);
    assert.deepEqual(await listCanceling(parts.store.sql, worker, [hold]), [
      { lease: hold.lease, message: 'canceled by nobody' },
    ]);
    assert.deepEqual(await listCanceling(parts.store.sql, await addWorker(parts), [hold]), []);
    const error = code === null ? null : { code, name: 'Name', message: 'its own', retryable: true };
    const [finished] = await finishRuns(parts.store.sql, 0, [
      { ...finish(hold, result, code === null ? 'output' : null), error },
    ]);
    assert.equal(finished?.final, true, 'it gives its place free');
    const found = await find(parts, hold.runId);
    assert.deepEqual([found.state, found.attempts[0]?.state, found.attempts[0]?.error], [run, attempt, error]);
    assert.deepEqual([found.error, found.output], run === 'CANCELED' ? [CANCELED, null] : [null, 'output']);
  });
}
