import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { createDatabaseClock } from '../src/clock.ts';
import type { DatabaseClock } from '../src/clock.ts';
import { DEFAULT_MISFIRE } from '../src/domain/due.ts';
import { resolveExecution } from '../src/domain/execution.ts';
import { openQueue } from '../src/queue/queue.ts';
import type { RunQueue } from '../src/queue/queue.ts';
import { startEmbeddedPostgres } from '../src/store/embedded.ts';
import { ensureEventPartitions } from '../src/store/events.ts';
import { openStore } from '../src/store/open.ts';
import type { Store } from '../src/store/open.ts';
import { newFolder, removeFolder } from '../test/support/folder.ts';
import type { Cleanups } from './measure.ts';

/** Store and queue as in production, and a connection beside them on which the floor is measured. */
export interface Bench {
  store: Store;
  queue: RunQueue;
  clock: DatabaseClock;
  log: Logger;
  client: pg.Client;
}
/** Schedules that came due at one instant. */
export interface Burst {
  /** Epoch milliseconds. */
  due: number;
  schedules: { id: string; name: string }[];
}

export const TASK = { id: 'task_bench', key: 'bench', group: 'bench', kind: 'HTTP' } as const;
export const POLICY = resolveExecution(TASK.kind, null, null);
/** Finished runs that lie in the tables before each measurement, so that statements are planned for tables that hold something. */
const HISTORY = 10_000;
const SECOND = 1_000;
const DAY = 86_400_000;
const iso = (instant: number) => new Date(instant).toISOString();

/** A fresh embedded PostgreSQL with everything that a start of Carillon brings up before its engine. */
export async function openBench(hooks: Cleanups): Promise<Bench> {
  const folder = await newFolder();
  const dataDir = path.join(folder, 'data');
  hooks.after(() => removeFolder(folder, dataDir));
  // What is only being started when somebody presses Ctrl-C is waited for, and stopped.
  const starting = startEmbeddedPostgres({ dataDir, log: { info: () => undefined, warn: console.error } });
  hooks.after(async () => (await starting).stop());
  const server = await starting;
  const log = pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }));
  let opened: RunQueue | undefined;
  const opening = openStore(server.connectionString, log, async (sql) => {
    opened = await openQueue(sql, log);
  });
  hooks.after(async () => (await opening).close());
  hooks.after(() => opened?.stop());
  const store = await opening;
  const queue = opened as RunQueue;
  const client = new pg.Client({ connectionString: server.connectionString });
  await client.connect();
  hooks.after(() => client.end());
  // An engine that Ctrl-C leaves without a database would complain until the process ends.
  hooks.after(() => void (log.level = 'silent'));
  const clock = createDatabaseClock(async () => {
    const { rows } = await client.query<{ now: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now');
    return (rows[0] as { now: number }).now;
  });
  await clock.sync();
  await store.hotTransaction((tx) => ensureEventPartitions(tx.sql, clock.now()));
  return { store, queue, clock, log, client };
}

/** Empties the tables and fills them anew, so that every measurement finds the same: `count` schedules due, and a history. */
export async function prepareBurst({ client, clock }: Bench, count: number): Promise<Burst> {
  await client.query(
    'TRUNCATE task, schedule, schedule_version, occurrence, run, attempt, worker, worker_task, event, audit_entry, pgboss.job CASCADE',
  );
  await clock.sync();
  const due = Math.floor(clock.now() / SECOND) * SECOND;
  const created = iso(due - DAY);
  await client.query(
    `INSERT INTO task (id, key, "group", name, kind, http, execution, registered_at, updated_at)
     VALUES ($1, $2, $3, $2, $4, '{"url": "http://bench.invalid/"}', '{"timeoutMs": null, "retry": null}', $5, $5)`,
    [TASK.id, TASK.key, TASK.group, TASK.kind, created],
  );
  const { rows: schedules } = await client.query<{ id: string; name: string }>(
    `INSERT INTO schedule (id, name, task_id, state, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire,
                           next_scheduled_for, next_fire_at, created_at, created_by, updated_at, updated_by)
     SELECT 'sch_' || replace(gen_random_uuid()::text, '-', ''), 'schedule ' || n, $2, 'ACTIVE', '{"interval": {"every": "P1D"}}', 'INTERVAL', 'UTC',
            '{"gap": null, "overlap": null}', 'SKIP', $3::jsonb, $4, $4, $5, $6::jsonb, $5, $6::jsonb FROM generate_series(1, $1) n
     RETURNING id, name`,
    [count, TASK.id, JSON.stringify(DEFAULT_MISFIRE), iso(due), created, '{"kind": "SYSTEM", "id": null, "name": "bench"}'],
  );
  await client.query(
    `WITH r AS (
       INSERT INTO run (id, task_id, state, origin, scheduled_for, effective_at, created_at, queued_at, started_at, finished_at, max_attempts, policy, job_id)
       SELECT 'run_' || lpad(to_hex(n), 32, '0'), $2, 'SUCCEEDED', 'MANUAL', at, at, at, at, at, at, 3, $3::jsonb, gen_random_uuid()
         FROM (SELECT n, $4::timestamptz + n * interval '1 second' AS at FROM generate_series(1, $1) n) past RETURNING *
     ), a AS (INSERT INTO attempt (run_id, number, state, started_at, finished_at) SELECT id, 1, 'SUCCEEDED', started_at, finished_at FROM r)
     INSERT INTO event (at, topic, kind, subject_id, task_id, before, after)
     SELECT r.finished_at, 'run', 'UPDATED', r.id, r.task_id, '{"state": "RUNNING"}', '{"state": "SUCCEEDED"}' FROM r`,
    [HISTORY, TASK.id, JSON.stringify(POLICY), created],
  );
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  return { due, schedules };
}

/** What must lie in the database when every schedule of a burst has its run. */
interface Outcome {
  runs: number;
  schedules: number;
  jobs: number;
  events: number;
  attempts: number;
  due: number;
}

/** @throws Error when something is missing or double: a figure for less than the whole work would be none */
export async function checkBurst({ client }: Bench, { due, schedules }: Burst, state: 'QUEUED' | 'SUCCEEDED'): Promise<void> {
  const { rows } = await client.query<Outcome>(
    `WITH r AS (SELECT * FROM run WHERE scheduled_for = $1 AND origin = 'SCHEDULE' AND state = $2)
     SELECT (SELECT count(*) FROM r)::int AS runs, (SELECT count(DISTINCT schedule_id) FROM r)::int AS schedules,
            (SELECT count(*) FROM pgboss.job j JOIN r ON r.job_id = j.id WHERE j.state = 'created')::int AS jobs,
            (SELECT count(*) FROM event e JOIN r ON r.id = e.subject_id)::int AS events,
            (SELECT count(*) FROM attempt a JOIN r ON r.id = a.run_id WHERE a.state = r.state)::int AS attempts,
            (SELECT count(*) FROM schedule WHERE next_fire_at IS DISTINCT FROM $1::timestamptz + interval '1 day')::int AS due`,
    [iso(due), state],
  );
  const count = schedules.length;
  const waits = state === 'QUEUED';
  const expected: Outcome = {
    runs: count,
    schedules: count,
    jobs: waits ? count : 0,
    events: waits ? count : 3 * count,
    attempts: waits ? 0 : count,
    due: 0,
  };
  const found = JSON.stringify(rows[0]);
  if (found !== JSON.stringify(expected))
    throw new Error(`the work was not done: ${found} instead of ${JSON.stringify(expected)}`);
}
