import type { ExecutionPolicy } from '../domain/execution.ts';
import type { Labels } from '../domain/labels.ts';
import type { Actor } from './actor.ts';
import { failedOf, unfinishedOf } from './backfills.ts';
import { newId } from './ids.ts';
import { insertRunsExpressions, iso } from './runs.ts';
import type { NewRun, QueuedRun } from './runs.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';
import { CONCURRENCY } from './taskLimits.ts';

/**
 * The lane of a backfill: so many of its runs as it may have under way, and none more. A run is written when there is room for it, by
 * whoever ends the one before it; what is still to come are rows without events, jobs and indexes of their own. Under the lock of
 * the backfill's row, so two that end at once give away two places.
 */

/** Of task t: while it is paused no run of it is written. $1 is now. */
const PAUSED = `(t.pause IS NOT NULL AND (t.resume_at IS NULL OR t.resume_at > $1::timestamptz))`;

interface Lane {
  id: string;
  taskId: string;
  scheduleId: string;
  scheduleVersion: number;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  labels: Labels;
  reason: string | null;
  requestedBy: Actor;
  createdAt: Date;
  /** Its task has a limit: its runs wait for a slot. */
  limited: boolean;
  /** How many have begun, and what may begin next. */
  written: number;
  instants: string[];
  /** All runs are written, and all have ended. */
  over: boolean;
}

/**
 * Writes as many runs of these backfills as their lanes have room for, or that they are over. The caller has locked them
 * (lockBackfills, lockSchedulesOf) by a statement before this one, or has just made them. Runs of tasks with a limit wait for
 * promoteBuffered.
 * @returns runs that want a delivery
 */
export async function refillBackfills(sql: Sql, now: number, ids: readonly string[]): Promise<QueuedRun[]> {
  if (ids.length === 0) return [];
  const lanes = await sql.query<Lane>(
    `/* readBackfillLanes */
WITH lane AS MATERIALIZED (
  SELECT b.*, ${unfinishedOf('b')} AS unfinished, ${CONCURRENCY} IS NOT NULL AS limited, ${PAUSED} AS paused
    FROM backfill b JOIN task t ON t.id = b.task_id WHERE b.id = ${listed('$2')} AND b.state = 'RUNNING'
)
SELECT l.id, l.task_id AS "taskId", l.schedule_id AS "scheduleId", l.schedule_version AS "scheduleVersion", l.policy, l.input, l.labels, l.reason,
       l.requested_by AS "requestedBy", l.created_at AS "createdAt", l.limited, l.written, next.instants, l.written = l.total AND l.unfinished = 0 AS over
  FROM lane l CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(i.scheduled_for ORDER BY i.place), '[]') AS instants FROM backfill_instant i
     WHERE i.backfill_id = l.id AND i.place > l.written AND i.place <= l.written + CASE WHEN l.paused THEN 0 ELSE l.concurrency - l.unfinished END
  ) next ORDER BY l.id`,
    [iso(now), JSON.stringify(ids)],
  );
  if (lanes.length === 0) return [];
  return sql.query(
    `/* writeBackfillRuns */
WITH ${insertRunsExpressions('$2')}, lane AS (
  SELECT * FROM jsonb_to_recordset($3::jsonb) AS l(id text, count int, "over" boolean)
), moved AS (
  UPDATE backfill b SET written = b.written + l.count, updated_at = $1::timestamptz, state = CASE WHEN l."over" THEN 'COMPLETED' ELSE b.state END,
         finished_at = CASE WHEN l."over" THEN $1::timestamptz END, failed = CASE WHEN l."over" THEN ${failedOf('b')} END
    FROM lane l WHERE b.id = l.id
), done AS (
  -- Each by its key: a range of places may be read as the whole backfill, which nobody has counted when it is young.
  DELETE FROM backfill_instant i USING jsonb_to_recordset($4::jsonb) AS d(id text, place int) WHERE i.backfill_id = d.id AND i.place = d.place
)
SELECT * FROM queued`,
    [
      iso(now),
      JSON.stringify(lanes.flatMap(runsOf)),
      JSON.stringify(lanes.map(({ id, instants, over }) => ({ id, count: instants.length, over }))),
      JSON.stringify(
        lanes.flatMap(({ id, written, instants }) => instants.map((_, index) => ({ id, place: written + index + 1 }))),
      ),
    ],
  );
}

function runsOf(lane: Lane): NewRun[] {
  const { id, instants, over: _, written: __, limited, createdAt, ...run } = lane;
  return instants.map((instant) => ({
    ...run,
    id: newId('run'),
    backfillId: id,
    state: limited ? 'BUFFERED' : 'QUEUED',
    waitsFor: 'SLOT',
    origin: 'BACKFILL',
    scheduledFor: iso(Date.parse(instant)),
    effectiveAt: createdAt.toISOString(),
    jobId: limited ? null : crypto.randomUUID(),
    localWorkerId: null,
  }));
}

/**
 * Backfills that could go on, or are over, and that nobody has moved: the end of a run that went another way than through finishRuns, or a
 * pause of the task that is over.
 */
export async function listIdleBackfills(sql: Sql, now: number, limit: number): Promise<{ id: string; taskId: string }[]> {
  return sql.query(
    `/* listIdleBackfills */
SELECT b.id, b.task_id AS "taskId" FROM backfill b JOIN task t ON t.id = b.task_id
 WHERE b.state = 'RUNNING' AND CASE WHEN b.written < b.total THEN NOT ${PAUSED} AND ${unfinishedOf('b')} < b.concurrency ELSE ${unfinishedOf('b')} = 0 END
 ORDER BY b.id LIMIT $2`,
    [iso(now), limit],
  );
}
