import { ACTIVE_STATES, UNFINISHED_STATES } from '../domain/runState.ts';
import type { MisfirePolicy } from '../domain/due.ts';
import type { ExecutionSettings } from '../domain/execution.ts';
import type { OverlapPolicy, Underway } from '../domain/overlap.ts';
import type { Labels } from '../domain/labels.ts';
import type { RunLimit } from '../domain/runLimit.ts';
import type { Offsets } from '../domain/timing.ts';
import type { Freeze } from '../domain/freezes.ts';
import { datesOf } from '../domain/calendar.ts';
import type { CalendarDates } from '../domain/calendar.ts';
import type { DstSettings } from '../domain/schedule.ts';
import type { TriggerSpec } from '../trigger/trigger.ts';
import { ZONE_DATA } from '../zoneData.ts';
import { readCalendarDates } from './calendars.ts';
import { IN_LANE } from './lanes.ts';
import type { HoldRecord, PauseRecord } from './pauses.ts';
import { insertRunsExpressions, iso, lockSchedules } from './runs.ts';
import type { NewRun, QueuedRun } from './runs.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

const ACTIVE = sqlList(ACTIVE_STATES);
const UNFINISHED = sqlList(UNFINISHED_STATES);

/** A schedule whose row this transaction holds, with what planning needs. */
export interface ClaimedSchedule extends Offsets, RunLimit {
  id: string;
  name: string;
  version: number;
  state: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  triggerSpec: TriggerSpec;
  timeZone: string;
  dst: DstSettings;
  startAt: Date | null;
  endAt: Date | null;
  createdAt: Date;
  input: Record<string, unknown> | null;
  overlapPolicy: OverlapPolicy;
  /** BUFFER_ALL: most occurrences that wait at once. */
  bufferLimit: number;
  misfire: MisfirePolicy;
  execution: ExecutionSettings | null;
  labels: Labels;
  /** Last of the remembered instants, epoch ms; null: none are remembered. */
  horizonEnd: number | null;
  /** Nominal instant of the first occurrence without a verdict. */
  nextScheduledFor: Date | null;
  /** Effective instant of the same occurrence; null while something holds the schedule back. */
  nextFireAt: Date | null;
  pause: PauseRecord | null;
  hold: HoldRecord | null;
  taskId: string;
  taskKind: 'HTTP' | 'CODE';
  taskScope: 'GLOBAL' | 'LOCAL';
  taskExecution: ExecutionSettings | null;
  taskLabels: Labels;
  /** The ledger row that an equal and adjacent verdict extends. */
  open: { id: string; verdict: string; reason: string | null; scheduleVersion: number } | null;
  /** How many planned occurrences are skipped. */
  skipCount: number;
  /** Those that have a say, by copy. */
  freezes: Freeze[];
  calendarNames: string[];
  calendarStamp: number;
  /** Of the calendars that its trigger names; null: it names none. */
  calendars: CalendarDates | null;
}

export const CLAIMED_COLUMNS = `s.id, s.name, s.version, s.state, s.trigger_spec AS "triggerSpec", s.time_zone AS "timeZone", s.dst, s.start_at AS "startAt",
       s.end_at AS "endAt", s.created_at AS "createdAt", s.input, s.overlap_policy AS "overlapPolicy", s.buffer_limit AS "bufferLimit", s.misfire, s.execution, s.labels, s.next_scheduled_for AS "nextScheduledFor", s.next_fire_at AS "nextFireAt",
       s.pause, s.hold, s.spread_ms AS "spreadMs", s.jitter_ms AS "jitterMs", s.max_runs AS "maxRuns", s.counted_runs AS "countedRuns", (s.horizon->>-1)::float8 AS "horizonEnd",
       s.skip_count AS "skipCount", s.freezes, s.calendar_names AS "calendarNames", s.calendar_stamp AS "calendarStamp", NULL AS calendars,
       s.task_id AS "taskId", t.kind AS "taskKind", t.scope AS "taskScope", t.execution AS "taskExecution", t.labels AS "taskLabels",
       CASE WHEN o.id IS NOT NULL THEN jsonb_build_object('id', o.id, 'verdict', o.verdict, 'reason', o.reason, 'scheduleVersion', o.schedule_version) END AS open`;
export const CLAIMED_FROM = `schedule s JOIN task t ON t.id = s.task_id LEFT JOIN occurrence o ON o.id = s.open_occurrence_id`;

/** What the engine waits for, of what nothing holds back: when all that is left is skipped, nothing fires any more, but it gets its verdict when it comes. */
export const WAKES_AT = 'coalesce(s.next_fire_at, s.next_scheduled_for)';
/** The condition of its index. */
export const CAN_WAKE = `s.state = 'ACTIVE' AND s.deleted_at IS NULL AND s.next_scheduled_for IS NOT NULL AND s.hold IS NULL`;

/** Locks due schedules, most overdue first. Those that others hold (an edit, a finishing run) are passed over: ask again soon. */
export async function claimDueSchedules(sql: Sql, now: number, limit: number): Promise<ClaimedSchedule[]> {
  const claimed = await sql.query<ClaimedSchedule>(
    `/* claimDueSchedules */
SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM}
 WHERE ${WAKES_AT} <= $1::timestamptz AND ${CAN_WAKE}
 ORDER BY ${WAKES_AT} LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED`,
    [iso(now), limit],
  );
  return withCalendars(sql, claimed);
}

/** Locks one schedule for a command, waiting for whoever holds it. */
export async function lockSchedule(sql: Sql, id: string): Promise<ClaimedSchedule | null> {
  return (await claimSchedules(sql, [id]))[0] ?? null;
}

/** Locks these schedules for a command, in order of id, and reads those that are not deleted. */
export async function claimSchedules(sql: Sql, ids: readonly string[]): Promise<ClaimedSchedule[]> {
  if (ids.length === 0) return [];
  // First the locks, then the rows: what is joined to a row that was waited for would still be of the time before the wait.
  await lockSchedules(sql, ids);
  const rows = await sql.query<ClaimedSchedule>(
    `/* readLockedSchedules */
SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM}
 WHERE s.id = ${listed('$1')} AND s.deleted_at IS NULL ORDER BY s.id`,
    [JSON.stringify(ids)],
  );
  return withCalendars(sql, rows);
}

/**
 * Adds the dates of the calendars that the triggers name; without such triggers it asks nothing. A statement of its own, after
 * the locks are held: a calendar changes only under the locks of the schedules that use it, and the claiming statement may have
 * waited for just that change.
 */
export async function withCalendars<T extends ClaimedSchedule>(sql: Sql, schedules: T[]): Promise<T[]> {
  const names = [...new Set(schedules.flatMap((schedule) => schedule.calendarNames))];
  if (names.length === 0) return schedules;
  const dates = await readCalendarDates(sql, names);
  return schedules.map((schedule) => ({ ...schedule, calendars: datesOf(dates, schedule.calendarNames) }));
}

/**
 * What is under way on each of these schedules. A statement of its own, after the locks are held: counting inside the claiming
 * statement would use a snapshot from before them and miss a run that was just triggered by hand.
 */
export async function readUnderway(sql: Sql, scheduleIds: readonly string[]): Promise<Map<string, Underway>> {
  if (scheduleIds.length === 0) return new Map();
  const rows = await sql.query<Underway & { id: string }>(
    `/* readUnderway */
SELECT schedule_id AS id, count(*) FILTER (WHERE state IN ${ACTIVE})::int AS active,
       count(DISTINCT scheduled_for) FILTER (WHERE state = 'BUFFERED' OR origin = 'CATCH_UP')::int AS backlog,
       count(DISTINCT (scheduled_for, CASE WHEN local_worker_id IS NULL THEN id END)) FILTER (WHERE state = 'BUFFERED')::int AS buffered,
       count(DISTINCT scheduled_for) FILTER (WHERE origin = 'CATCH_UP')::int AS "catchUp"
  FROM run WHERE schedule_id = ANY(SELECT jsonb_array_elements_text($1::jsonb)) AND state IN ${UNFINISHED} AND ${IN_LANE}
 GROUP BY schedule_id`,
    [JSON.stringify(scheduleIds)],
  );
  return new Map(rows.map(({ id, ...underway }) => [id, underway]));
}

export interface NewOccurrence {
  id: string;
  scheduleId: string;
  scheduledFor: string;
  through: string;
  count: number;
  verdict: string;
  reason: string;
  scheduleVersion: number;
}
/** How far a schedule got. Instants are ISO. */
export interface Advance {
  id: string;
  nextScheduledFor: string | null;
  nextFireAt: string | null;
  lastFireAt: string | null;
  /** Occurrences that became runs, for maxRuns; absent: none. */
  countedRuns?: number;
  openOccurrenceId: string | null;
  /** Instants to remember (epoch ms); null: those that are remembered already. */
  horizon: readonly number[] | null;
  /** A ledger row that goes on. */
  extend: { id: string; through: string; count: number } | null;
}

/**
 * Writes runs and ledger and moves the schedules on; one that has no next instant any more is completed, with its event. One statement: the
 * time between an instant and the start of its run is mostly round trips.
 * @returns runs that want a delivery
 */
export function writeVerdicts(
  sql: Sql,
  now: number,
  runs: readonly NewRun[],
  occurrences: readonly NewOccurrence[],
  advances: readonly Advance[],
): Promise<QueuedRun[]> {
  return sql.query(
    `/* writeVerdicts */
WITH ${insertRunsExpressions('$2')}, ledger AS (
  INSERT INTO occurrence (id, schedule_id, scheduled_for, through, count, verdict, reason, schedule_version, recorded_at)
  SELECT o.id, o."scheduleId", o."scheduledFor", o.through, o.count, o.verdict, o.reason, o."scheduleVersion", $1::timestamptz
    FROM jsonb_to_recordset($3::jsonb) AS o(id text, "scheduleId" text, "scheduledFor" timestamptz, through timestamptz, count int, verdict text,
      reason text, "scheduleVersion" int)
), a AS (
  SELECT * FROM jsonb_to_recordset($4::jsonb) AS r(id text, "nextScheduledFor" timestamptz, "nextFireAt" timestamptz, "lastFireAt" timestamptz,
    "countedRuns" int, "openOccurrenceId" text, horizon jsonb, extend jsonb)
), extended AS (
  UPDATE occurrence SET through = (a.extend->>'through')::timestamptz, count = occurrence.count + (a.extend->>'count')::int, recorded_at = $1::timestamptz
    FROM a WHERE occurrence.id = a.extend->>'id'
), moved AS (
  UPDATE schedule s SET next_scheduled_for = a."nextScheduledFor", next_fire_at = CASE WHEN s.hold IS NULL THEN a."nextFireAt" END, open_occurrence_id = a."openOccurrenceId",
         last_fire_at = coalesce(a."lastFireAt", s.last_fire_at), counted_runs = s.counted_runs + coalesce(a."countedRuns", 0),
         horizon = CASE WHEN jsonb_typeof(a.horizon) = 'array' THEN a.horizon ELSE s.horizon END,
         zone_data = CASE WHEN jsonb_typeof(a.horizon) = 'array' THEN $5 ELSE s.zone_data END,
         state = CASE WHEN s.state = 'ACTIVE' AND a."nextScheduledFor" IS NULL THEN 'COMPLETED' ELSE s.state END
    FROM a WHERE s.id = a.id RETURNING s.*
), schedule_events AS (
  INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
  SELECT $1::timestamptz, 'schedule', 'UPDATED', m.id, m.task_id, m.id, facts.common || '{"state": "ACTIVE"}', facts.common || '{"state": "COMPLETED"}'
    FROM moved m JOIN task t ON t.id = m.task_id,
         LATERAL (SELECT ${unchangedFacts('m', 't')} || ${failingFact('m.consecutive_failures')} AS common) facts
   WHERE m.state = 'COMPLETED'
)
SELECT * FROM queued`,
    [iso(now), JSON.stringify(runs), JSON.stringify(occurrences), JSON.stringify(advances), ZONE_DATA],
  );
}

/** When the next schedule is due; null when none is. */
export async function nextDueAt(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* nextDueAt */ SELECT min(${WAKES_AT}) AS at FROM schedule s WHERE ${CAN_WAKE}`,
  );
  return row?.at ?? null;
}
