import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Client } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { clusterOf } from '../support/folder.ts';
import { createHttpTask, createSchedule } from '../support/httpSchedule.ts';
import { PAUSE_SCHEDULES } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import type { Home } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Call } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const SECOND = 1_000;
/** Shorter than the outages, so that what falls into one is caught up with. */
const GRACE = 'PT0.5S';
const OUTAGE_SECONDS = 2;
/** Each outage begins at another moment after the restart, always with runs under way. */
const KILLS = [
  { at: 'arrival', nth: 1 },
  { at: 'answer', nth: 1 },
  { at: 'fire', nth: 2 },
  { at: 'arrival', nth: 5 },
  { at: 'fire', nth: 1 },
] as const;
const POLICIES = { 'fires all': 'FIRE_ALL', 'fires once': 'FIRE_ONCE' };

interface Target {
  url: string;
  calls: Call[];
  answered: number;
  /** Requests that the process that is running has sent and that have no answer yet. */
  open: Set<Call>;
}

/** Answers after 300 or 1200 ms: there are runs under way at any time, also while the next ones are made. */
async function startTarget(t: Parameters<typeof startReceiver>[0]): Promise<Target> {
  const target: Target = { url: '', calls: [], answered: 0, open: new Set() };
  target.url = await startReceiver(t, (call) => {
    target.calls.push(call);
    target.open.add(call);
    const answer = () => {
      call.answer({ attempt: call.attempt });
      if (target.open.delete(call)) target.answered += 1;
    };
    setTimeout(answer, target.calls.length % 2 === 0 ? 300 : 1_200);
  });
  return target;
}

/** The PostgreSQL of the first start is the only one there ever is: its process, and its lock file. */
async function assertOnePostmaster(home: Home, pid: number): Promise<void> {
  assert.deepEqual(await home.postmasters(), [pid]);
  const lockFile = await readFile(path.join(await clusterOf(home.dataDir), 'postmaster.pid'), 'utf8');
  assert.equal(Number.parseInt(lockFile, 10), pid);
}

async function pauseAll(client: Client): Promise<void> {
  const input = { select: { names: Object.keys(POLICIES) }, reason: 'the end of the test' };
  const { data } = await client.ask<{ pauseSchedules: { count: number } }>(PAUSE_SCHEDULES, { input });
  assert.equal(data.pauseSchedules.count, 2);
}

test(
  'kill -9 in the middle of runs, five times: no occurrence is missing or doubled, and every run is finished',
  { timeout: 120_000 },
  async (t) => {
    const home = await createHome(t);
    const target = await startTarget(t);
    let carillon = await home.start();
    const [postmaster] = (await home.postmasters()) as [number];
    const databaseUrl = await home.databaseUrl();
    // A kill uses an attempt of every run that is under way.
    const execution = { retry: { maxAttempts: KILLS.length + 1 } };
    await createHttpTask(carillon, 'work', target.url, execution);
    for (const [name, mode] of Object.entries(POLICIES)) {
      const policies = { overlapPolicy: 'ALLOW_ALL', misfire: { mode, graceTime: GRACE } };
      await createSchedule(carillon, 'work', name, { trigger: { cron: { expression: '* * * * * *' } }, ...policies });
    }

    for (const { at, nth } of KILLS) {
      const count = {
        arrival: () => target.calls.length,
        answer: () => target.answered,
        fire: () => Math.floor(Date.now() / SECOND),
      }[at];
      const before = count();
      await until(() => count() >= before + nth && target.open.size > 0);
      await carillon.end('SIGKILL');
      target.open.clear();
      const back = Math.floor(Date.now() / SECOND + OUTAGE_SECONDS) * SECOND;
      await assertOnePostmaster(home, postmaster);
      await until(() => Date.now() > back);
      carillon = await home.start();
      await assertOnePostmaster(home, postmaster);
    }

    await until(() => target.open.size > 0);
    await pauseAll(carillon);
    const unfinished = `SELECT 1 FROM run WHERE finished_at IS NULL LIMIT 1`;
    await until(async () => (await query(databaseUrl, unfinished)).length === 0, 20_000);
    await assertEverySecondOnce(databaseUrl);
    await assertRuns(databaseUrl);
    await assertAttempts(databaseUrl, target);
    await assertEvents(databaseUrl);
    await assertOnePostmaster(home, postmaster);
    assert.deepEqual(await carillon.end('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(await home.postmasters(), []);
  },
);

/** Every second from the creation to the pause has one run, or lies in one row of the ledger; per schedule. */
async function assertEverySecondOnce(databaseUrl: string): Promise<void> {
  const schedules = await query<{ id: string; name: string; from: Date; pausedAt: string }>(
    databaseUrl,
    `SELECT id, name, created_at AS from, pause->>'since' AS "pausedAt" FROM schedule`,
  );
  assert.equal(schedules.length, 2);
  for (const { id, name, from, pausedAt } of schedules) {
    const runs = await query<{ at: Date; origin: string }>(
      databaseUrl,
      `SELECT scheduled_for AS at, origin FROM run WHERE schedule_id = $1 AND origin IN ('SCHEDULE', 'CATCH_UP')`,
      [id],
    );
    const ledger = await query<{ at: Date; through: Date; count: number; verdict: string }>(
      databaseUrl,
      `SELECT scheduled_for AS at, through, count, verdict FROM occurrence WHERE schedule_id = $1`,
      [id],
    );
    const seconds = runs.map((run) => run.at.getTime());
    for (const row of ledger) {
      const held = secondsFrom(row.at.getTime(), row.through.getTime());
      assert.equal(row.count, held.length, `${name}: a ledger row counts what it spans`);
      seconds.push(...held);
    }
    seconds.sort((a, b) => a - b);
    assert.deepEqual(seconds.map(text), secondsFrom(from.getTime() + 1, Date.parse(pausedAt)).map(text), name);

    // FIRE_ONCE may fold what was missed into a fire that is due just then, so its ledger is what shows the outages.
    const made = name === 'fires all' ? runs.filter((run) => run.origin === 'CATCH_UP') : ledger;
    assert.ok(made.length >= KILLS.length, `${name}: every outage was long enough to miss occurrences`);
    assert.deepEqual(new Set(ledger.map((row) => row.verdict)), new Set(name === 'fires all' ? [] : ['COALESCED']), name);
  }
}

const text = (instant: number) => new Date(instant).toISOString();

/** Whole seconds in [from, through]. */
function secondsFrom(from: number, through: number): number[] {
  const first = Math.ceil(from / SECOND) * SECOND;
  return Array.from({ length: Math.max(0, Math.floor((through - first) / SECOND) + 1) }, (_, index) => first + index * SECOND);
}

async function assertRuns(databaseUrl: string): Promise<void> {
  const runs = await query<{ state: string }>(databaseUrl, `SELECT DISTINCT state FROM run`);
  assert.deepEqual(runs, [{ state: 'SUCCEEDED' }]);
  const twice = `SELECT schedule_id, scheduled_for FROM run GROUP BY schedule_id, scheduled_for HAVING count(*) > 1`;
  assert.deepEqual(await query(databaseUrl, twice), []);
}

/** Attempts follow each other: each but the last was lost with its worker, and only then did another process begin the next. */
async function assertAttempts(databaseUrl: string, target: Target): Promise<void> {
  const attempts = await query<{
    runId: string;
    number: number;
    state: string;
    code: string | null;
    workerId: string;
    workerState: string;
    startedAt: Date;
    finishedAt: Date;
    last: number;
  }>(
    databaseUrl,
    `SELECT a.run_id AS "runId", a.number, a.state, a.error->>'code' AS code, a.worker_id AS "workerId", w.state AS "workerState",
            a.started_at AS "startedAt", a.finished_at AS "finishedAt", r.attempt AS last
       FROM attempt a JOIN run r ON r.id = a.run_id JOIN worker w ON w.id = a.worker_id ORDER BY a.run_id, a.number`,
  );
  const lost = attempts.filter((attempt) => attempt.number < attempt.last);
  for (const attempt of lost)
    assert.deepEqual([attempt.state, attempt.code, attempt.workerState], ['FAILED', 'WORKER_LOST', 'LOST']);
  assert.equal(new Set(lost.map((attempt) => attempt.workerId)).size, KILLS.length, 'every kill has cut a run short');
  for (const [runId, own] of Map.groupBy(attempts, (attempt) => attempt.runId)) {
    assert.deepEqual(
      own.map(({ number }) => number),
      secondsFrom(0, (own.length - 1) * SECOND).map((at) => at / SECOND + 1),
      runId,
    );
    assert.deepEqual([own.at(-1)?.state, own.at(-1)?.number], ['SUCCEEDED', own[0]?.last], runId);
    own.slice(1).forEach((next, index) => {
      const earlier = own[index] as (typeof own)[number];
      assert.ok(next.startedAt >= earlier.finishedAt, `${runId}: attempts do not overlap`);
      assert.notEqual(next.workerId, earlier.workerId, runId);
    });
  }
  const sent = target.calls.map((call) => `${call.runId} ${call.attempt}`);
  assert.equal(new Set(sent).size, sent.length, 'no attempt is sent twice');
  const known = new Set(attempts.map((attempt) => `${attempt.runId} ${attempt.number}`));
  assert.deepEqual(
    sent.filter((call) => !known.has(call)),
    [],
    'nothing is sent before its attempt is recorded',
  );
}

/** In the order that subscriptions follow, each event of a run begins where the one before it ended. */
async function assertEvents(databaseUrl: string): Promise<void> {
  const events = await query<{ id: string; before: string | null; after: string }>(
    databaseUrl,
    `SELECT subject_id AS id, before->>'state' AS before, after->>'state' AS after FROM event WHERE topic = 'run' ORDER BY xid, seq`,
  );
  const states = new Map<string, string>();
  for (const { id, before, after } of events) {
    assert.equal(before, states.get(id) ?? null, id);
    states.set(id, after);
  }
  const [row] = await query<{ count: number }>(databaseUrl, 'SELECT count(*)::int AS count FROM run');
  assert.deepEqual([states.size, new Set(states.values())], [row?.count, new Set(['SUCCEEDED'])]);
}
