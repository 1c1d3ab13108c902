import { toLogEntry } from '../../src/domain/logLine.ts';
import { newId } from '../../src/store/ids.ts';
import { iso } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { endOf } from './run.ts';
import type { Owner, PastAttempt, PastRun } from './run.ts';
import type { PastWorker } from './workers.ts';

/** One statement of all would be tens of megabytes. */
const BATCH = 2_000;

/**
 * Writes runs that are over, with attempts, and those that wait in the queue for good.
 * @returns those that want a delivery
 */
export async function writeRuns(sql: Sql, runs: readonly PastRun[], detailed: ReadonlySet<PastRun>): Promise<void> {
  const sorted = runs.toSorted((a, b) => a.createdAt - b.createdAt);
  for (const run of sorted) run.id ??= newId('run');
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const owners = [...new Set(batch.map(({ owner }) => owner))];
    await insertRuns(
      sql,
      owners,
      batch.map((run) => runRow(run, owners.indexOf(run.owner), detailed.has(run))),
    );
    await insertAttempts(sql, batch.flatMap(attemptRows));
    const told = batch.filter((run) => detailed.has(run));
    await insertSteps(sql, told.flatMap(stepRows));
    await insertLines(sql, told.flatMap(lineRows));
  }
}

function runRow(run: PastRun, owner: number, told: boolean) {
  const { attempts, state, effectiveAt, progress, origin } = run;
  const [first, last] = [attempts[0], attempts.at(-1)];
  const lines = told ? lineRows(run) : [];
  return {
    id: run.id,
    owner,
    localWorkerId: run.localWorkerId,
    state,
    origin,
    backfillId: run.backfillId ?? null,
    retryOfId: run.retryOf?.id ?? null,
    scheduledFor: iso(run.scheduledFor),
    effectiveAt: iso(effectiveAt),
    createdAt: iso(run.createdAt),
    queuedAt: iso(last?.queuedAt ?? run.releasedAt),
    startedAt: last === undefined ? null : iso(last.startedAt),
    finishedAt: state === 'QUEUED' ? null : iso(endOf(run)),
    attempt: Math.max(1, attempts.length),
    output: run.output,
    error: run.error,
    latenessMs: first === undefined || origin === 'BACKFILL' ? null : first.startedAt - effectiveAt,
    progress:
      progress === null || state !== 'SUCCEEDED'
        ? null
        : {
            done: progress.total,
            total: progress.total,
            message: `${progress.total} of ${progress.total} ${progress.unit}`,
            updatedAt: iso(endOf(run)),
          },
    requestedBy: run.requestedBy ?? null,
    reason: run.reason ?? null,
    workerId: last?.workerId ?? null,
    jobId: state === 'QUEUED' ? crypto.randomUUID() : null,
    logLines: lines.length,
    logBytes: lines.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

async function insertRuns(sql: Sql, owners: readonly Owner[], rows: readonly ReturnType<typeof runRow>[]): Promise<void> {
  await sql.query(
    `/* demoRuns */
INSERT INTO run (id, task_id, schedule_id, schedule_version, local_worker_id, state, origin, backfill_id, retry_of_id, scheduled_for, effective_at,
                 created_at, queued_at, started_at, finished_at, attempt, max_attempts, policy, input, output, error, labels, lateness_ms, progress,
                 requested_by, reason, worker_id, job_id, log_lines, log_bytes)
SELECT r.id, o->>'taskId', o->>'scheduleId', (o->>'scheduleVersion')::int, r."localWorkerId", r.state, r.origin, r."backfillId", r."retryOfId",
       r."scheduledFor", r."effectiveAt", r."createdAt", r."queuedAt", r."startedAt", r."finishedAt", r.attempt,
       (o->'policy'->'retry'->>'maxAttempts')::int, o->'policy', nullif(o->'input', 'null'), nullif(r.output, 'null'), nullif(r.error, 'null'),
       o->'labels', r."latenessMs", nullif(r.progress, 'null'), nullif(r."requestedBy", 'null'), r.reason, r."workerId", r."jobId", r."logLines", r."logBytes"
  FROM jsonb_to_recordset($2::jsonb) AS r(id text, owner int, "localWorkerId" text, state text, origin text, "backfillId" text, "retryOfId" text,
         "scheduledFor" timestamptz, "effectiveAt" timestamptz, "createdAt" timestamptz, "queuedAt" timestamptz, "startedAt" timestamptz,
         "finishedAt" timestamptz, attempt int, output jsonb, error jsonb, "latenessMs" float8, progress jsonb, "requestedBy" jsonb, reason text,
         "workerId" text, "jobId" uuid, "logLines" int, "logBytes" int),
       LATERAL (SELECT $1::jsonb->r.owner AS o) own`,
    [JSON.stringify(owners), JSON.stringify(rows)],
  );
}

function attemptRows({ id, attempts }: PastRun) {
  return attempts.map(({ number, state, workerId, startedAt, finishedAt, error, nextRetryAt }) => ({
    runId: id,
    number,
    state,
    workerId,
    startedAt: iso(startedAt),
    finishedAt: iso(finishedAt),
    error,
    nextRetryAt: nextRetryAt === null ? null : iso(nextRetryAt),
  }));
}

async function insertAttempts(sql: Sql, rows: readonly ReturnType<typeof attemptRows>[number][]): Promise<void> {
  await sql.query(
    `/* demoAttempts */
INSERT INTO attempt (run_id, number, state, worker_id, started_at, finished_at, error, next_retry_at)
SELECT "runId", number, state, "workerId", "startedAt", "finishedAt", nullif(error, 'null'), "nextRetryAt"
  FROM jsonb_to_recordset($1::jsonb) AS a("runId" text, number int, state text, "workerId" text, "startedAt" timestamptz, "finishedAt" timestamptz,
         error jsonb, "nextRetryAt" timestamptz)`,
    [JSON.stringify(rows)],
  );
}

function stepRows({ id, attempts }: PastRun) {
  const steps = new Map<string, { attempt: PastAttempt; played: PastAttempt['parts'][number] }>();
  for (const attempt of attempts)
    for (const played of attempt.parts) if (played.part.step !== null) steps.set(played.part.step, { attempt, played });
  return Array.from(steps, ([name, { attempt, played }], index) => {
    const failed = played.part.error !== undefined && !played.cut;
    return {
      runId: id,
      name,
      place: index + 1,
      state: played.cut ? 'RUNNING' : failed ? 'FAILED' : 'SUCCEEDED',
      attempt: attempt.number,
      startedAt: iso(played.from),
      finishedAt: played.cut ? null : iso(played.until),
      output: failed || played.cut ? null : (played.part.output ?? null),
      error: failed ? played.part.error : null,
    };
  });
}

async function insertSteps(sql: Sql, rows: readonly ReturnType<typeof stepRows>[number][]): Promise<void> {
  await sql.query(
    `/* demoSteps */
INSERT INTO run_step (run_id, name, place, state, attempt, started_at, finished_at, output, error)
SELECT "runId", name, place, state, attempt, "startedAt", "finishedAt", nullif(output, 'null'), nullif(error, 'null')
  FROM jsonb_to_recordset($1::jsonb) AS s("runId" text, name text, place int, state text, attempt int, "startedAt" timestamptz,
         "finishedAt" timestamptz, output jsonb, error jsonb)`,
    [JSON.stringify(rows)],
  );
}

function lineRows({ id, attempts }: PastRun) {
  const lines = attempts.flatMap(({ number, parts }) =>
    parts.flatMap(({ part, from, until, cut }) => {
      const length = cut ? part.durationMs : until - from;
      return part.said
        .map(({ share, level, message, fields }) => ({
          at: Math.round(from + share * length),
          attempt: number,
          step: part.step,
          ...toLogEntry(level, message, fields),
        }))
        .filter(({ at }) => at <= until);
    }),
  );
  return lines.map((line, index) => ({ ...line, runId: id, seq: index + 1, at: iso(line.at) }));
}

async function insertLines(sql: Sql, rows: readonly ReturnType<typeof lineRows>[number][]): Promise<void> {
  await sql.query(
    `/* demoLogLines */
INSERT INTO log_line (run_id, seq, at, level, message, attempt, step, fields)
SELECT "runId", seq, at, level, message, attempt, step, nullif(fields, 'null')
  FROM jsonb_to_recordset($1::jsonb) AS l("runId" text, seq int, at timestamptz, level text, message text, attempt int, step text, fields jsonb)`,
    [JSON.stringify(rows)],
  );
}

export async function writeWorkers(sql: Sql, workers: readonly PastWorker[]): Promise<void> {
  await sql.query(
    `/* demoWorkers */
INSERT INTO worker (id, hostname, pid, version, state, capacity, started_at, last_heartbeat_at)
SELECT id, hostname, pid, version, state, 50, "startedAt", "endedAt"
  FROM jsonb_to_recordset($1::jsonb) AS w(id text, hostname text, pid int, version text, state text, "startedAt" timestamptz, "endedAt" timestamptz)`,
    [JSON.stringify(workers.map((one) => ({ ...one, startedAt: iso(one.startedAt), endedAt: iso(one.endedAt) })))],
  );
  await sql.query(
    `/* demoWorkerTasks */
INSERT INTO worker_task (worker_id, task_id)
SELECT w.id, t.id FROM worker w JOIN task t ON t.kind = 'CODE' AND (t.key = 'warehouse.export') = (w.hostname = 'etl-warehouse-1')`,
  );
}

export async function writeOccurrences(
  sql: Sql,
  rows: readonly { id: string; scheduledFor: string; recordedAt: number }[],
): Promise<void> {
  await sql.query(
    `/* demoOccurrences */
INSERT INTO occurrence (id, schedule_id, scheduled_for, through, count, verdict, reason, schedule_version, recorded_at)
SELECT o.id, o."scheduleId", o."scheduledFor", o.through, o.count, o.verdict, o.reason, o."scheduleVersion", o."recordedAt"
  FROM jsonb_to_recordset($1::jsonb) AS o(id text, "scheduleId" text, "scheduledFor" timestamptz, through timestamptz, count int, verdict text,
    reason text, "scheduleVersion" int, "recordedAt" timestamptz)`,
    [JSON.stringify(rows.map((row) => ({ ...row, recordedAt: iso(row.recordedAt) })))],
  );
}
