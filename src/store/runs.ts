import { HELD_STATES, WAITING_STATES } from '../domain/runState.ts';
import { ATTEMPT_RESULTS, afterAttempt } from '../domain/cancel.ts';
import type { AttemptResult } from '../domain/cancel.ts';
import type { ExecutionPolicy } from '../domain/execution.ts';
import type { Labels } from '../domain/labels.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import type { RunError } from '../domain/runError.ts';
import type { RunOrigin } from '../domain/runState.ts';
import type { Actor } from './actor.ts';
import { appendRunEvents } from './runEvents.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';
import { CONCURRENCY, WAITED_FOR } from './taskLimits.ts';

const HELD = sqlList(HELD_STATES);
const WAITING = sqlList(WAITING_STATES);
/** domain/cancel.ts as an expression over the state under the lock (r) and what the attempt ended with (i). */
const AFTER_ATTEMPT = `CASE ${HELD_STATES.flatMap((held) =>
  ATTEMPT_RESULTS.map((result) => `WHEN r.state = '${held}' AND i.state = '${result}' THEN '${afterAttempt(held, result)}'`),
).join(' ')} END`;

/** The statements that create, queue, start, keep and finish runs: all in batches, each with its events. */

export type WaitsFor = 'SCHEDULE' | 'TASK' | 'SLOT';
export interface NewRun {
  id: string;
  taskId: string;
  scheduleId: string | null;
  scheduleVersion: number | null;
  state: 'QUEUED' | 'BUFFERED' | 'SCHEDULED';
  /** BUFFERED: until nothing of its schedule or task is active, or only until its task has a slot. Default: SCHEDULE */
  waitsFor?: WaitsFor;
  origin: RunOrigin;
  /** BACKFILL: whose it is. */
  backfillId?: string;
  /** RETRY: the run that it repeats. */
  retryOfId?: string;
  /** SCHEDULED: what happens when it is due while another run of the task is under way. */
  overlapPolicy?: OverlapPolicy;
  /** ISO instants */
  scheduledFor: string;
  effectiveAt: string;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  labels: Labels;
  requestedBy: Actor | null;
  reason: string | null;
  /** Of the call that asked for it. */
  idempotencyKey?: string;
  jobId: string | null;
  /** Tasks of scope LOCAL: the worker this run is for. */
  localWorkerId: string | null;
}
/** A delivery for the queue: the run's current attempt. */
export interface QueuedRun {
  runId: string;
  attempt: number;
  jobId: string;
  taskId: string;
  taskKind: 'HTTP' | 'CODE';
  origin: RunOrigin;
  localWorkerId: string | null;
  /** of its policy */
  priority: number;
}
/** The columns of QueuedRun, of `run` and its task t. */
export const queuedColumns = (run: string) =>
  `${run}.id AS "runId", ${run}.attempt, ${run}.job_id::text AS "jobId", t.id AS "taskId", t.kind AS "taskKind", ${run}.origin, ${run}.local_worker_id AS "localWorkerId", coalesce((${run}.policy->>'priority')::int, 0) AS priority`;

export const iso = (instant: number) => new Date(instant).toISOString();

/** Part of the statements that write new runs: common table expressions from the JSON parameter `json` to `queued`. $1 is now. */
export function insertRunsExpressions(json: string): string {
  return `new_run AS (
  SELECT * FROM jsonb_to_recordset(${json}::jsonb) AS r(id text, "taskId" text, "scheduleId" text, "scheduleVersion" int, state text, origin text,
    "scheduledFor" timestamptz, "effectiveAt" timestamptz, policy jsonb, input jsonb, labels jsonb, "requestedBy" jsonb, reason text, "jobId" uuid,
    "localWorkerId" text, "retryOfId" text, "overlapPolicy" text, "waitsFor" text, "backfillId" text, "idempotencyKey" text)
), inserted AS (
  INSERT INTO run (id, task_id, schedule_id, schedule_version, state, origin, scheduled_for, effective_at, created_at, queued_at,
                   attempt, max_attempts, policy, input, labels, requested_by, reason, job_id, local_worker_id,
                   retry_of_id, overlap_policy, backfill_id, idempotency_key, waits_for)
  SELECT id, "taskId", "scheduleId", "scheduleVersion", state, origin, "scheduledFor", "effectiveAt", $1::timestamptz,
         CASE WHEN state = 'QUEUED' THEN $1::timestamptz END, 1, (policy->'retry'->>'maxAttempts')::int, policy,
         CASE WHEN jsonb_typeof(input) = 'object' THEN input END, labels, CASE WHEN jsonb_typeof("requestedBy") = 'object' THEN "requestedBy" END,
         reason, "jobId", "localWorkerId", "retryOfId", "overlapPolicy", "backfillId", "idempotencyKey",
         CASE WHEN state = 'BUFFERED' THEN coalesce("waitsFor", 'SCHEDULE') END
    FROM new_run
  ON CONFLICT DO NOTHING
  RETURNING *, NULL::text AS old_state
), run_events AS (${appendRunEvents('inserted')}
), queued AS (
  SELECT ${queuedColumns('i')}
    FROM inserted i JOIN task t ON t.id = i.task_id WHERE i.state = 'QUEUED'
)`;
}

/**
 * Writes new runs. An occurrence that has its run already is passed over (ON CONFLICT): one duplicate must not abort a batch.
 * @returns those that were written in QUEUED and want a delivery
 */
export async function insertRuns(sql: Sql, now: number, runs: readonly NewRun[]): Promise<QueuedRun[]> {
  return sql.query<QueuedRun>(`/* insertRuns */ WITH ${insertRunsExpressions('$2')} SELECT * FROM queued`, [
    iso(now),
    JSON.stringify(runs),
  ]);
}

/** Where a run was delivered to and by which lease it is held: every write of a worker carries all three. */
export interface Hold {
  runId: string;
  attempt: number;
  lease: string;
}
export interface StartedRun {
  runId: string;
  attempt: number;
  scheduledFor: Date;
  input: Record<string, unknown> | null;
  policy: ExecutionPolicy;
  taskKey: string;
  taskKind: 'HTTP' | 'CODE';
  http: unknown;
}

/**
 * Starts queued attempts for one worker. A stale delivery (other attempt, canceled, started elsewhere) is not answered: drop it.
 * @param notify  payload for NOTIFY
 */
export async function startRuns(
  sql: Sql,
  now: number,
  workerId: string,
  leaseUntil: number,
  holds: readonly Hold[],
  notify: string,
): Promise<StartedRun[]> {
  return sql.query<StartedRun>(
    `/* startRuns */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS r("runId" text, attempt int, lease text)),
mine AS MATERIALIZED (
  SELECT r.id, r.state AS old_state, i.lease FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt
   WHERE r.state = 'QUEUED' ORDER BY r.id FOR NO KEY UPDATE OF r
), started AS (
  UPDATE run SET state = 'RUNNING', started_at = $1::timestamptz, progress = NULL,
         -- A run of a backfill was never due: what it fills is past.
         lateness_ms = CASE WHEN origin <> 'BACKFILL' THEN coalesce(lateness_ms, round(extract(epoch FROM $1::timestamptz - effective_at) * 1000)) END, worker_id = $3, lease = mine.lease, lease_expires_at = $4::timestamptz
    FROM mine WHERE run.id = mine.id RETURNING run.*, mine.old_state
), attempts AS (
  INSERT INTO attempt (run_id, number, state, worker_id, started_at) SELECT id, attempt, 'RUNNING', worker_id, started_at FROM started
), events AS (${appendRunEvents('started')})
SELECT s.id AS "runId", s.attempt, s.scheduled_for AS "scheduledFor", s.input, s.policy, t.key AS "taskKey", t.kind AS "taskKind", t.http,
       (SELECT pg_notify('carillon', $5)::text FROM (SELECT 1 FROM started LIMIT 1) any_started) AS notified
  FROM started s JOIN task t ON t.id = s.task_id`,
    [iso(now), JSON.stringify(holds), workerId, iso(leaseUntil), notify],
  );
}

export interface Finish extends Hold {
  /** Of a run that is being canceled this does not decide alone (domain/cancel.ts). */
  state: AttemptResult;
  output: unknown;
  error: RunError | null;
  /** RETRY_WAIT: when the next attempt is due, ISO. */
  retryAt: string | null;
}
/** `final`: the run ended and gave its schedule's place free. */
export interface Finished {
  runId: string;
  lease: string;
  taskId: string;
  scheduleId: string | null;
  /** Of such a run neither its schedule's place nor its failures are. */
  backfillId: string | null;
  state: Finish['state'];
  final: boolean;
}

/**
 * Ends attempts. Only the holder of the lease can: a late ghost's finish is not answered. A run that is canceled keeps the error
 * that says by whom; its attempt has its own.
 * The caller has locked the schedules first (lockSchedulesOf): order schedule → run.
 */
export async function finishRuns(sql: Sql, now: number, finishes: readonly Finish[]): Promise<Finished[]> {
  return sql.query<Finished>(
    `/* finishRuns */
WITH input AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r("runId" text, attempt int, lease text, state text, output jsonb, error jsonb, "retryAt" timestamptz)
), mine AS MATERIALIZED (
  SELECT r.id, r.state AS old_state, ${AFTER_ATTEMPT} AS state, i.state AS result, i.output, CASE WHEN jsonb_typeof(i.error) = 'object' THEN i.error END AS failure,
         i."retryAt", r.lease AS old_lease FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.state IN ${HELD} ORDER BY r.id FOR NO KEY UPDATE OF r
), done AS (
  UPDATE run SET state = m.state, output = CASE WHEN jsonb_typeof(m.output) <> 'null' THEN m.output END,
         error = CASE WHEN m.old_state = 'CANCELING' AND m.state = 'CANCELED' THEN run.error ELSE m.failure END,
         finished_at = CASE WHEN m.state <> 'RETRY_WAIT' THEN $1::timestamptz END, retry_at = CASE WHEN m.state = 'RETRY_WAIT' THEN m."retryAt" END,
         lease = NULL, lease_expires_at = NULL, canceling_since = NULL
    FROM mine m WHERE run.id = m.id RETURNING run.*, m.old_state, m.result, m.failure, m.old_lease
), attempts AS (
  UPDATE attempt SET state = CASE WHEN d.state = 'CANCELED' AND d.failure->>'code' = 'CANCELED' THEN 'CANCELED'
                                  WHEN d.result = 'RETRY_WAIT' THEN CASE WHEN d.failure->>'code' = 'TIMED_OUT' THEN 'TIMED_OUT' ELSE 'FAILED' END
                                  ELSE d.result END,
         finished_at = $1::timestamptz, error = d.failure, next_retry_at = d.retry_at
    FROM done d WHERE attempt.run_id = d.id AND attempt.number = d.attempt
), events AS (${appendRunEvents('done')})
SELECT id AS "runId", old_lease AS lease, task_id AS "taskId", schedule_id AS "scheduleId", backfill_id AS "backfillId", state, state <> 'RETRY_WAIT' AS final FROM done`,
    [iso(now), JSON.stringify(finishes)],
  );
}

/** What lockSchedulesOf holds. */
export interface LockedOwners {
  /** The count of failures of each schedule. */
  failures: Map<string, number>;
  tasks: string[];
  /** Those that have runs to write still, or whose end is to be written. */
  backfills: string[];
}

/**
 * Locks, in order of id, those schedules of these runs that their end may touch: on which one run may wait for another, by policy
 * or left so by an earlier one, and whose count of failures may change. Then those of their tasks that something waits for, or that
 * have a limit, and the backfills that they are of: order schedule → task → backfill → run.
 * @param failingIds  those of the runs that may fail
 */
export async function lockSchedulesOf(sql: Sql, runIds: readonly string[], failingIds: readonly string[]): Promise<LockedOwners> {
  const rows = await sql.query<{ kind: 'schedule' | 'task' | 'backfill'; id: string; failures: number | null }>(
    `/* lockSchedulesOf */
WITH owner AS MATERIALIZED (
  SELECT DISTINCT CASE WHEN r.backfill_id IS NULL THEN r.schedule_id END AS schedule_id, r.task_id, r.backfill_id
    FROM run r WHERE r.id = ANY(SELECT jsonb_array_elements_text($1::jsonb))
), schedules AS MATERIALIZED (
  SELECT s.id, s.consecutive_failures AS failures FROM schedule s
   WHERE s.id IN (SELECT schedule_id FROM owner)
     AND (s.overlap_policy <> 'ALLOW_ALL' OR s.consecutive_failures > 0
       OR s.id IN (SELECT r.schedule_id FROM run r WHERE r.id = ANY(SELECT jsonb_array_elements_text($2::jsonb)))
       OR EXISTS (SELECT 1 FROM run b WHERE b.schedule_id = s.id AND b.state = 'BUFFERED'))
   ORDER BY s.id FOR NO KEY UPDATE
), tasks AS MATERIALIZED (
  -- Counting the schedules first has them locked before the first task is.
  SELECT t.id FROM task t WHERE (SELECT count(*) FROM schedules) >= 0 AND t.id IN (SELECT task_id FROM owner) AND ${WAITED_FOR}
   ORDER BY t.id FOR NO KEY UPDATE
), backfills AS MATERIALIZED (
  SELECT b.id FROM backfill b WHERE (SELECT count(*) FROM tasks) >= 0 AND b.id IN (SELECT backfill_id FROM owner) AND b.state = 'RUNNING'
   ORDER BY b.id FOR NO KEY UPDATE
)
SELECT 'schedule' AS kind, id, failures FROM schedules UNION ALL SELECT 'task', id, NULL FROM tasks UNION ALL SELECT 'backfill', id, NULL FROM backfills`,
    [JSON.stringify(runIds), JSON.stringify(failingIds)],
  );
  const idsOf = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(({ id }) => id);
  return {
    failures: new Map(rows.flatMap(({ id, failures }) => (failures === null ? [] : [[id, failures]]))),
    tasks: idsOf('task'),
    backfills: idsOf('backfill'),
  };
}

/** Locks schedules in order of id. */
export async function lockSchedules(sql: Sql, scheduleIds: readonly string[]): Promise<void> {
  if (scheduleIds.length === 0) return;
  await sql.query(
    `/* lockSchedules */
SELECT 1 FROM schedule WHERE id = ${listed('$1')} ORDER BY id FOR NO KEY UPDATE`,
    [JSON.stringify(scheduleIds)],
  );
}

/** Queues the next attempt of runs whose back-off is over; those of tasks with a limit are parkRetries' (store/waiting.ts). */
export async function promoteRetries(sql: Sql, now: number, limit: number): Promise<QueuedRun[]> {
  return sql.query<QueuedRun>(
    `/* promoteRetries */
WITH due AS MATERIALIZED (
  SELECT r.id, r.state AS old_state, r.worker_id AS old_worker_id FROM run r JOIN task t ON t.id = r.task_id
   WHERE r.state = 'RETRY_WAIT' AND r.retry_at <= $1::timestamptz AND r.waits_for IS NULL AND ${CONCURRENCY} IS NULL
   ORDER BY r.retry_at LIMIT $2 FOR NO KEY UPDATE OF r SKIP LOCKED
), queued AS (
  UPDATE run SET state = 'QUEUED', attempt = run.attempt + 1, queued_at = $1::timestamptz, started_at = NULL, retry_at = NULL, error = NULL,
         worker_id = NULL, job_id = gen_random_uuid()
    FROM due WHERE run.id = due.id RETURNING run.*, due.old_state, due.old_worker_id
), events AS (${appendRunEvents('queued', 'c.old_worker_id')})
SELECT ${queuedColumns('q')} FROM queued q JOIN task t ON t.id = q.task_id`,
    [iso(now), limit],
  );
}

/**
 * Extends leases of one worker.
 * @returns the leases it still holds; the run of one that is missing belongs to somebody else: stop that attempt
 */
export async function keepLeases(sql: Sql, workerId: string, leaseUntil: number, holds: readonly Hold[]): Promise<string[]> {
  const rows = await sql.query<{ lease: string }>(
    `/* keepLeases */
WITH input AS (SELECT * FROM jsonb_to_recordset($3::jsonb) AS r("runId" text, attempt int, lease text)),
mine AS MATERIALIZED (
  SELECT r.id FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.worker_id = $1 AND r.state IN ${HELD} ORDER BY r.id FOR NO KEY UPDATE OF r
)
UPDATE run SET lease_expires_at = $2::timestamptz FROM mine WHERE run.id = mine.id RETURNING run.lease`,
    [workerId, iso(leaseUntil), JSON.stringify(holds)],
  );
  return rows.map((row) => row.lease);
}

export interface LostRun extends Hold {
  policy: ExecutionPolicy;
  workerId: string | null;
  local: boolean;
}
/** Runs whose lease has run out: their worker is gone. */
export async function listLostRuns(sql: Sql, now: number, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listLostRuns */
SELECT id FROM run WHERE state IN ${HELD} AND lease_expires_at < $1::timestamptz ORDER BY lease_expires_at LIMIT $2`,
    [iso(now), limit],
  );
  return rows.map((row) => row.id);
}

/** Locks those of these runs that are lost still. The caller has locked their schedules first (lockSchedulesOf). */
export function lockLostRuns(sql: Sql, now: number, runIds: readonly string[]): Promise<LostRun[]> {
  return sql.query(
    `/* lockLostRuns */
SELECT id AS "runId", attempt, lease, policy, worker_id AS "workerId", local_worker_id IS NOT NULL AS local FROM run
 WHERE id = ANY(SELECT jsonb_array_elements_text($2::jsonb)) AND state IN ${HELD} AND lease_expires_at < $1::timestamptz
 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [iso(now), JSON.stringify(runIds)],
  );
}

/**
 * Queued runs that no worker has started for a while and that are not only waiting for one: their delivery may be lost. Those that
 * wait are left out before the limit, for there may be any number of them (a task without a worker).
 * @param waitingJobIds  query for the ids of the deliveries that wait to be taken
 */
export async function listStaleQueued(
  sql: Sql,
  queuedBefore: number,
  limit: number,
  waitingJobIds: string,
): Promise<QueuedRun[]> {
  return sql.query<QueuedRun>(
    `/* listStaleQueued */
SELECT ${queuedColumns('r')}
  FROM run r JOIN task t ON t.id = r.task_id
   -- NOT IN is hashed whatever is known of the size of the queue's table; NOT EXISTS may become a loop in a loop.
 WHERE r.state = 'QUEUED' AND r.queued_at < $1::timestamptz AND r.job_id NOT IN (${waitingJobIds}) ORDER BY r.queued_at LIMIT $2`,
    [iso(queuedBefore), limit],
  );
}

/** Gives deliveries that turned out lost a job of their own; conditional on the old one, so that two reapers do it once. */
export async function renewJobs(sql: Sql, lost: readonly QueuedRun[]): Promise<QueuedRun[]> {
  return sql.query<QueuedRun>(
    `/* renewJobs */
WITH input AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("runId" text, attempt int, "jobId" uuid)),
mine AS MATERIALIZED (
  SELECT r.id FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i."jobId" = r.job_id
   WHERE r.state = 'QUEUED' ORDER BY r.id FOR NO KEY UPDATE OF r
), renewed AS (
  UPDATE run SET job_id = gen_random_uuid() FROM mine WHERE run.id = mine.id RETURNING run.*
)
SELECT ${queuedColumns('r')} FROM renewed r JOIN task t ON t.id = r.task_id`,
    [JSON.stringify(lost)],
  );
}

/** When the next back-off ends; null when none is waiting. One that is over and waits for a slot is not asked for. */
export async function nextRetryAt(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* nextRetryAt */ SELECT min(retry_at) AS at FROM run WHERE state = 'RETRY_WAIT' AND waits_for IS NULL`,
  );
  return row?.at ?? null;
}

/** Cancels what deleted schedules or a deleted task had waiting; what runs may finish. The caller holds their rows. */
export async function cancelWaitingRuns(
  sql: Sql,
  now: number,
  owner: 'schedule_id' | 'task_id',
  ...ids: string[]
): Promise<void> {
  await sql.query(
    `/* cancelWaitingRuns_${owner} */
WITH waiting AS MATERIALIZED (
  SELECT id, state AS old_state FROM run WHERE ${owner} = ${listed('$2')} AND state IN ${WAITING}
   ORDER BY id FOR NO KEY UPDATE
), canceled AS (
  UPDATE run SET state = 'CANCELED', finished_at = $1::timestamptz, waits_for = NULL FROM waiting WHERE run.id = waiting.id RETURNING run.*, waiting.old_state
)
${appendRunEvents('canceled')}`,
    [iso(now), JSON.stringify(ids)],
  );
}
