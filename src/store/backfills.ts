import type { BackfillSelection, BackfillState, Settled } from '../domain/backfill.ts';
import type { ExecutionPolicy } from '../domain/execution.ts';
import type { Labels } from '../domain/labels.ts';
import { UNFINISHED_STATES } from '../domain/runState.ts';
import type { Actor } from './actor.ts';
import type { Backfill as BackfillRow } from './generated/client.ts';
import { iso } from './runs.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** Backfills as they are asked for and read; how their runs are written is in backfillLanes.ts. */

const UNFINISHED = sqlList(UNFINISHED_STATES);
/** How many of its runs have not ended. */
export const unfinishedOf = (backfill: string) =>
  `(SELECT count(*)::int FROM run u WHERE u.backfill_id = ${backfill}.id AND u.state IN ${UNFINISHED})`;
/** How many of its runs failed. */
export const failedOf = (backfill: string) =>
  `(SELECT count(*)::int FROM run f WHERE f.backfill_id = ${backfill}.id AND f.state IN ('FAILED', 'TIMED_OUT'))`;

export interface BackfillRecord extends Pick<
  BackfillRow,
  'id' | 'scheduleId' | 'taskId' | 'from' | 'until' | 'total' | 'createdAt' | 'updatedAt' | 'finishedAt'
> {
  state: BackfillState;
  /** How many of its runs have ended, and how many of these failed. */
  finished: number;
  failed: number;
}

/** In no order; those that there are. */
export function findBackfills(sql: Sql, ids: readonly string[]): Promise<BackfillRecord[]> {
  return sql.query(
    `/* findBackfills */
SELECT b.id, b.schedule_id AS "scheduleId", b.task_id AS "taskId", b.state, b."from", b.until, b.total, b.written - ${unfinishedOf('b')} AS finished,
       coalesce(b.failed, ${failedOf('b')}) AS failed, b.created_at AS "createdAt", b.updated_at AS "updatedAt", b.finished_at AS "finishedAt"
  FROM backfill b WHERE b.id = ${listed('$1')}`,
    [JSON.stringify(ids)],
  );
}

/** Locks those of these backfills that go on, in order of id. The caller has locked their tasks first: order schedule → task → backfill → run. */
export async function lockBackfills(sql: Sql, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await sql.query<{ id: string }>(
    `/* lockBackfills */ SELECT id FROM backfill WHERE id = ${listed('$1')} AND state = 'RUNNING' ORDER BY id FOR NO KEY UPDATE`,
    [JSON.stringify(ids)],
  );
  return rows.map(({ id }) => id);
}

export interface NewBackfill {
  id: string;
  scheduleId: string;
  taskId: string;
  scheduleVersion: number;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  labels: Labels;
  from: Date;
  until: Date;
  selection: BackfillSelection;
  newestFirst: boolean;
  concurrency: number;
  reason: string | null;
  requestedBy: Actor;
}

/**
 * Writes a backfill with what it is to run. Its first runs are refillBackfills'.
 * @param instants  in the order in which they run, epoch ms; with none of them it is over at once
 */
export async function insertBackfill(sql: Sql, now: number, backfill: NewBackfill, instants: readonly number[]): Promise<void> {
  await sql.query(
    `/* insertBackfill */
WITH added AS (
  INSERT INTO backfill (id, schedule_id, task_id, schedule_version, policy, input, labels, state, "from", until, selection, newest_first, concurrency,
                        total, reason, requested_by, created_at, updated_at)
  SELECT b.id, b."scheduleId", b."taskId", b."scheduleVersion", b.policy, nullif(b.input, 'null'), b.labels, 'RUNNING', b."from", b.until, b.selection,
         b."newestFirst", b.concurrency, jsonb_array_length($3::jsonb), b.reason, b."requestedBy", $1::timestamptz, $1::timestamptz
    FROM jsonb_to_record($2::jsonb) AS b(id text, "scheduleId" text, "taskId" text, "scheduleVersion" int, policy jsonb, input jsonb, labels jsonb,
           "from" timestamptz, until timestamptz, selection text, "newestFirst" boolean, concurrency int, reason text, "requestedBy" jsonb)
  RETURNING id
)
INSERT INTO backfill_instant (backfill_id, place, scheduled_for)
SELECT added.id, i.place, to_timestamp(i.at::float8 / 1000) FROM added, jsonb_array_elements_text($3::jsonb) WITH ORDINALITY AS i(at, place)`,
    [iso(now), JSON.stringify(backfill), JSON.stringify(instants)],
  );
}

/**
 * What of a range need not run: what has a run, whoever asked for it, or had one that retention has removed, and what another
 * backfill is about to run.
 * @param failedToo  what has a run need run again when the last of them failed or was canceled
 */
export async function readSettledInstants(
  sql: Sql,
  scheduleId: string,
  from: number,
  until: number,
  failedToo: boolean,
): Promise<Settled> {
  const rows = await sql.query<{ from: number; through: number | null }>(
    `/* readSettledInstants */
WITH last AS (
  SELECT DISTINCT ON (r.scheduled_for) r.scheduled_for, r.state FROM run r
   WHERE r.schedule_id = $1 AND r.scheduled_for >= $2::timestamptz AND r.scheduled_for < $3::timestamptz ORDER BY r.scheduled_for DESC, r.id DESC
), settled AS (
  SELECT scheduled_for, NULL::timestamptz AS through FROM last WHERE NOT ($4::boolean AND state IN ('FAILED', 'TIMED_OUT', 'CANCELED'))
  UNION ALL
  SELECT i.scheduled_for, NULL FROM backfill b JOIN backfill_instant i ON i.backfill_id = b.id
   WHERE b.schedule_id = $1 AND b.state = 'RUNNING' AND i.scheduled_for >= $2::timestamptz AND i.scheduled_for < $3::timestamptz
  UNION ALL
  SELECT o.scheduled_for, o.through FROM occurrence o
   WHERE o.schedule_id = $1 AND o.verdict = 'FIRED' AND o.scheduled_for < $3::timestamptz AND o.through >= $2::timestamptz
)
SELECT (extract(epoch FROM scheduled_for) * 1000)::float8 AS "from", (extract(epoch FROM through) * 1000)::float8 AS through
  FROM settled ORDER BY scheduled_for`,
    [scheduleId, iso(from), iso(until), failedToo],
  );
  return {
    instants: new Set(rows.filter((row) => row.through === null).map((row) => row.from)),
    spans: rows.flatMap((row) => (row.through === null ? [] : [{ from: row.from, through: row.through }])),
  };
}

/** Ends backfills that go on, before all of their runs are written. The caller sees to those that are there, by a later statement. */
export async function cancelBackfills(
  sql: Sql,
  now: number,
  by: 'id' | 'schedule_id' | 'task_id',
  ...ids: string[]
): Promise<void> {
  await sql.query(
    `/* cancelBackfills_${by} */
WITH mine AS MATERIALIZED (
  SELECT id FROM backfill WHERE ${by} = ANY(ARRAY(SELECT jsonb_array_elements_text($2::jsonb))) AND state = 'RUNNING' ORDER BY id FOR NO KEY UPDATE
), ended AS (
  UPDATE backfill SET state = 'CANCELED', finished_at = $1::timestamptz, updated_at = $1::timestamptz
    FROM mine WHERE backfill.id = mine.id RETURNING backfill.id
)
DELETE FROM backfill_instant USING ended WHERE backfill_id = ended.id`,
    [iso(now), JSON.stringify(ids)],
  );
}
