import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { HTTP_QUEUE } from '../src/queue/queue.ts';
import { newId } from '../src/store/ids.ts';
import { POLICY, TASK } from './burst.ts';
import type { Bench, Burst } from './burst.ts';

/**
 * The floor: the rows that a burst must leave behind, written by plain batch statements on one connection. Nothing is claimed,
 * planned, looked up, conditional or announced; whoever does all that as well cannot be faster.
 */

const RECORD_BATCH = 500;
const COMPLETE_BATCH = 200;
/** Rows written per schedule: its own update, run, job, event. */
export const ROWS_RECORDED = 4;
/** The same, and: two updates of the run, attempt and its update, two events, the job deleted. */
export const ROWS_COMPLETED = ROWS_RECORDED + 7;

interface FloorRun {
  id: string;
  jobId: string;
  schedule: Burst['schedules'][number];
}
const iso = (instant: number) => new Date(instant).toISOString();
const chunks = <T>(items: readonly T[], size: number) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** The same facts as in Carillon's events, from parameters instead of joins. */
const facts = (state: string, worker: string) =>
  `jsonb_build_object('state', '${state}', 'origin', 'SCHEDULE', 'taskKey', '${TASK.key}', 'taskGroup', '${TASK.group}', 'taskKind', '${TASK.kind}',
    'scheduleName', u.name, 'scheduledFor', $5::timestamptz, 'attempt', 1, 'workerId', ${worker})`;

const MOVE = `UPDATE schedule s SET next_scheduled_for = $2::timestamptz, next_fire_at = $2::timestamptz, last_fire_at = $3::timestamptz
  FROM unnest($1::text[]) AS u(id) WHERE s.id = u.id`;
const RUNS = `INSERT INTO run (id, schedule_id, job_id, task_id, schedule_version, state, origin, scheduled_for, effective_at, created_at, queued_at, attempt, max_attempts, policy)
  SELECT u.id, u.schedule_id, u.job_id, $4, 1, 'QUEUED', 'SCHEDULE', $5::timestamptz, $5::timestamptz, $6::timestamptz, $6::timestamptz, 1, 3, $7::jsonb
    FROM unnest($1::text[], $2::text[], $3::uuid[]) AS u(id, schedule_id, job_id)`;
const JOBS = `INSERT INTO pgboss.job_common (id, name, data, priority, expire_seconds, deletion_seconds, retry_limit, policy, heartbeat_seconds)
  SELECT u.id, '${HTTP_QUEUE}', jsonb_build_object('runId', u.run_id, 'attempt', 1), 0, 60, 60, 0, 'standard', 10
    FROM unnest($1::uuid[], $2::text[]) AS u(id, run_id)`;
const CREATED_EVENTS = `INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, after)
  SELECT $6::timestamptz, 'run', 'CREATED', u.id, $4, u.schedule_id, ${facts('QUEUED', 'NULL')}
    FROM unnest($1::text[], $2::text[], $3::text[]) AS u(id, schedule_id, name)`;

const START = `UPDATE run SET state = 'RUNNING', started_at = $2::timestamptz, worker_id = $3, lease = 'bench', lease_expires_at = $2::timestamptz
  FROM unnest($1::text[]) AS u(id) WHERE run.id = u.id`;
const ATTEMPTS = `INSERT INTO attempt (run_id, number, state, worker_id, started_at) SELECT u.id, 1, 'RUNNING', $3, $2::timestamptz FROM unnest($1::text[]) AS u(id)`;
const UNQUEUE = `DELETE FROM pgboss.job_common WHERE name = '${HTTP_QUEUE}' AND id = ANY($1::uuid[])`;
const FINISH = `UPDATE run SET state = 'SUCCEEDED', finished_at = $2::timestamptz, lease = NULL, lease_expires_at = NULL
  FROM unnest($1::text[]) AS u(id) WHERE run.id = u.id`;
const END_ATTEMPTS = `UPDATE attempt SET state = 'SUCCEEDED', finished_at = $2::timestamptz FROM unnest($1::text[]) AS u(id) WHERE run_id = u.id AND number = 1`;
const changedEvents = (
  before: string,
  after: string,
) => `INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
  SELECT $6::timestamptz, 'run', 'UPDATED', u.id, $4, u.schedule_id, '{"state": "${before}"}', ${facts(after, '$7::text')}
    FROM unnest($1::text[], $2::text[], $3::text[]) AS u(id, schedule_id, name)`;
const STARTED_EVENTS = changedEvents('QUEUED', 'RUNNING');
const FINISHED_EVENTS = changedEvents('RUNNING', 'SUCCEEDED');

type Run = (name: string, text: string, values: unknown[]) => Promise<unknown>;
async function transaction(client: pg.Client, work: (run: Run) => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  await work((name, text, values) => client.query({ name: `floor_${name}`, text, values }));
  await client.query('COMMIT');
}

const eventColumns = (runs: readonly FloorRun[]) => [
  runs.map((run) => run.id),
  runs.map((run) => run.schedule.id),
  runs.map((run) => run.schedule.name),
];

/** Records the fire of every schedule: in each batch one transaction. @returns the runs */
export async function recordFloor({ client, clock }: Bench, burst: Burst): Promise<FloorRun[]> {
  const due = iso(burst.due);
  const next = iso(burst.due + 86_400_000);
  const recorded: FloorRun[] = [];
  for (const batch of chunks(burst.schedules, RECORD_BATCH)) {
    const now = iso(clock.now());
    const runs = batch.map((schedule): FloorRun => ({ id: newId('run'), jobId: randomUUID(), schedule }));
    const [ids = [], scheduleIds, names] = eventColumns(runs);
    const jobIds = runs.map((run) => run.jobId);
    await transaction(client, async (run) => {
      await run('move', MOVE, [scheduleIds, next, now]);
      await run('runs', RUNS, [ids, scheduleIds, jobIds, TASK.id, due, now, JSON.stringify(POLICY)]);
      await run('jobs', JOBS, [jobIds, ids]);
      await run('created', CREATED_EVENTS, [ids, scheduleIds, names, TASK.id, due, now]);
    });
    recorded.push(...runs);
  }
  return recorded;
}

/** Records and completes: in each batch one transaction for the starts, after which work could begin, and one for the ends. */
export async function completeFloor(bench: Bench, burst: Burst, workerId: string): Promise<void> {
  const { client, clock } = bench;
  const due = iso(burst.due);
  for (const runs of chunks(await recordFloor(bench, burst), COMPLETE_BATCH)) {
    const columns = eventColumns(runs);
    const ids = columns[0];
    const started = iso(clock.now());
    await transaction(client, async (run) => {
      await run('start', START, [ids, started, workerId]);
      await run('attempts', ATTEMPTS, [ids, started, workerId]);
      await run('started', STARTED_EVENTS, [...columns, TASK.id, due, started, workerId]);
      await run('unqueue', UNQUEUE, [runs.map((each) => each.jobId)]);
    });
    const finished = iso(clock.now());
    await transaction(client, async (run) => {
      await run('finish', FINISH, [ids, finished]);
      await run('ends', END_ATTEMPTS, [ids, finished]);
      await run('finished', FINISHED_EVENTS, [...columns, TASK.id, due, finished, workerId]);
    });
  }
}
