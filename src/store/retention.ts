import { foldRuns } from '../domain/foldRuns.ts';
import type { FiredRow, LedgerSpan } from '../domain/foldRuns.ts';
import { UNFINISHED_STATES } from '../domain/runState.ts';
import { isBefore } from './events.ts';
import type { Position } from './events.ts';
import { newId } from './ids.ts';
import type { Store, Tx } from './open.ts';
import { iso } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** Any constant would do that is not another lock's. */
const RETENTION_LOCK = 0x636172_72;
/** Rows that one transaction removes at most. */
export const BATCH = 1_000;
/** Runs whose logs have more lines than this together go in several batches: their rows are held meanwhile. */
const BATCH_LOG_LINES = 50_000;
const DAY_MS = 86_400_000;

/** What statements that select runs for removal answer, of the run r. */
export const PURGED_COLUMNS = `r.id, r.schedule_id AS "scheduleId", r.schedule_version AS "scheduleVersion", r.origin, r.scheduled_for AS "scheduledFor", r.log_lines AS "logLines"`;
/** It is not the newest run of its schedule, which always stays. */
export const hasNewer = (run: string) =>
  `EXISTS (SELECT 1 FROM run n WHERE n.schedule_id = ${run}.schedule_id AND (n.scheduled_for, n.id) > (${run}.scheduled_for, ${run}.id))`;

/**
 * Removes one batch of runs that ended before `before`, but those of tasks that say themselves how long. The newest run of each
 * schedule stays.
 * @returns how many were removed; 0 when none is left
 */
export function purgeRuns(store: Store, before: number, now: number): Promise<number> {
  return purgeSelected(
    store,
    now,
    `/* oldRuns */
SELECT ${PURGED_COLUMNS} FROM run r
 WHERE r.finished_at < $1::timestamptz AND r.state NOT IN ${sqlList(UNFINISHED_STATES)} AND (r.schedule_id IS NULL OR ${hasNewer('r')})
   AND r.task_id NOT IN (SELECT id FROM task WHERE retention->>'runsMs' IS NOT NULL)
 ORDER BY r.finished_at, r.id LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [iso(before), BATCH],
  );
}

/**
 * Removes the runs that a statement selects and locks, with their attempts, steps and logs; the first of them only, when the logs of
 * all make too large a batch. Occurrences that fired are folded into counted rows of the ledger first, so that nothing is left
 * unaccounted for.
 * @param select  answers PURGED_COLUMNS of at most BATCH runs that have ended; what others hold it passes over
 * @returns how many were removed
 */
export function purgeSelected(store: Store, now: number, select: string, values: readonly unknown[]): Promise<number> {
  return store.hotTransaction(async (tx) => {
    await oneAtATime(tx);
    const runs = boundedByLogs(await tx.sql.query<PurgedRun>(select, values));
    const ids = runs.map((run) => run.id);
    const fired = runs.filter((run) => run.scheduleId !== null && (run.origin === 'SCHEDULE' || run.origin === 'CATCH_UP'));
    await foldIntoLedger(tx.sql, fired, ids, now);
    await tx.sql.query(`/* deleteRuns */ DELETE FROM run WHERE id = ANY(SELECT jsonb_array_elements_text($1::jsonb))`, [
      JSON.stringify(ids),
    ]);
    return runs.length;
  });
}

interface PurgedRun {
  id: string;
  scheduleId: string | null;
  scheduleVersion: number | null;
  origin: string;
  scheduledFor: Date;
  logLines: number;
}

/** The first of them, at least one, as far as their logs make no larger batch than is allowed. */
function boundedByLogs(runs: readonly PurgedRun[]): PurgedRun[] {
  let lines = 0;
  return runs.filter((run, index) => {
    lines += run.logLines;
    return index === 0 || lines <= BATCH_LOG_LINES;
  });
}

/** In two statements for all schedules together: a batch may hold runs of as many schedules as it has runs. */
async function foldIntoLedger(sql: Sql, runs: readonly PurgedRun[], purgedIds: readonly string[], now: number): Promise<void> {
  if (runs.length === 0) return;
  const bySchedule = Map.groupBy(runs, (run) => run.scheduleId as string);
  const spans = Array.from(bySchedule, ([scheduleId, members]) => {
    const instants = members.map((run) => run.scheduledFor.getTime());
    return { scheduleId, first: iso(Math.min(...instants)), end: iso(Math.max(...instants)) };
  });
  const around = await readLedgerAround(sql, spans, purgedIds);
  const rows = around.flatMap(({ scheduleId, ...ledger }) => foldOne(scheduleId, bySchedule.get(scheduleId) ?? [], ledger));
  await sql.query(
    `/* foldFired */
WITH input AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS r(id text, "scheduleId" text, "extends" boolean, "scheduledFor" timestamptz, through timestamptz, count int, "scheduleVersion" int)
), extended AS (
  UPDATE occurrence o SET through = i.through, count = o.count + i.count, recorded_at = $2::timestamptz FROM input i WHERE i."extends" AND o.id = i.id
)
INSERT INTO occurrence (id, schedule_id, scheduled_for, through, count, verdict, reason, schedule_version, recorded_at)
SELECT id, "scheduleId", "scheduledFor", through, count, 'FIRED', 'ran; the runs were removed by retention', "scheduleVersion", $2::timestamptz
  FROM input WHERE NOT "extends"`,
    [JSON.stringify(rows), iso(now)],
  );
}

/** What of a schedule's ledger lies around the occurrences that are to be folded. */
interface LedgerAround {
  /** The newest counted row before them. */
  last: (RawSpan & Omit<FiredRow, keyof RawSpan>) | null;
  /** Everything else behind that row and up to the last of them. */
  kept: RawSpan[];
  /** Counted rows that reach into them. */
  counted: RawSpan[];
}

function readLedgerAround(
  sql: Sql,
  spans: readonly { scheduleId: string; first: string; end: string }[],
  purgedIds: readonly string[],
): Promise<(LedgerAround & { scheduleId: string })[]> {
  const span = (row: string) => `jsonb_build_object('scheduledFor', ${row}.scheduled_for, 'through', ${row}.through)`;
  return sql.query(
    `/* ledgerAround */
WITH span AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS s("scheduleId" text, first timestamptz, "end" timestamptz)),
     purged AS MATERIALIZED (SELECT jsonb_array_elements_text($2::jsonb) AS id)
SELECT s."scheduleId", l.last, k.kept, c.counted
  FROM span s
  LEFT JOIN LATERAL (
    SELECT o.through, ${span('o')} || jsonb_build_object('id', o.id, 'scheduleVersion', o.schedule_version) AS last FROM occurrence o
     WHERE o.schedule_id = s."scheduleId" AND o.verdict = 'FIRED' AND o.through < s.first ORDER BY o.through DESC LIMIT 1
  ) l ON true
  CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(${span('e')} ORDER BY e.scheduled_for), '[]') AS kept FROM (
      SELECT o.scheduled_for, o.through FROM occurrence o
       WHERE o.schedule_id = s."scheduleId" AND o.scheduled_for > coalesce(l.through, s.first - interval '1 millisecond') AND o.scheduled_for <= s."end"
      UNION ALL
      SELECT r.scheduled_for, r.scheduled_for FROM run r
       WHERE r.schedule_id = s."scheduleId" AND r.origin IN ('SCHEDULE', 'CATCH_UP')
         AND r.scheduled_for > coalesce(l.through, s.first - interval '1 millisecond') AND r.scheduled_for <= s."end"
         AND r.id NOT IN (SELECT id FROM purged)
    ) e
  ) k
  CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(${span('o')}), '[]') AS counted FROM occurrence o
     WHERE o.schedule_id = s."scheduleId" AND o.verdict = 'FIRED' AND o.scheduled_for <= s."end" AND o.through >= s.first
  ) c`,
    [JSON.stringify(spans), JSON.stringify(purgedIds)],
  );
}

function foldOne(scheduleId: string, runs: readonly PurgedRun[], ledger: LedgerAround) {
  // A task of scope LOCAL has one run per worker of the same occurrence; some of them may have to stay a while.
  const versions = new Map(runs.map((run) => [run.scheduledFor.getTime(), run.scheduleVersion ?? 1]));
  const kept = ledger.kept.map(toSpan);
  const counted = ledger.counted.map(toSpan);
  const last = ledger.last && { ...ledger.last, ...toSpan(ledger.last) };
  const runThatStays = new Set(kept.map((span) => span.scheduledFor));
  // Counted already by an earlier batch, or to be counted when the last of its runs goes.
  const open = (at: number) => !counted.some((span) => at >= span.scheduledFor && at <= span.through) && !runThatStays.has(at);
  const fired = [...versions.keys()]
    .filter(open)
    .toSorted((a, b) => a - b)
    .map((scheduledFor) => ({ scheduledFor, scheduleVersion: versions.get(scheduledFor) as number }));
  return foldRuns(fired, kept, last).map(({ id, scheduledFor, through, count, scheduleVersion }) => ({
    id: id ?? newId('occ'),
    scheduleId,
    extends: id !== null,
    scheduledFor: iso(scheduledFor),
    through: iso(through),
    count,
    scheduleVersion,
  }));
}

interface RawSpan {
  scheduledFor: string;
  through: string;
}
function toSpan(span: RawSpan): LedgerSpan {
  return { scheduledFor: Date.parse(span.scheduledFor), through: Date.parse(span.through) };
}

/** Removes one batch of ledger rows that end before `before`; the row that a schedule may still extend stays. @returns how many */
export async function purgeLedger(store: Store, before: number): Promise<number> {
  const rows = await store.sql.query(
    `/* purgeLedger */
DELETE FROM occurrence WHERE id = ANY(ARRAY(
  -- Row by row from the oldest, each with a look at its schedule: joined, the planner would read all of both tables for every batch.
  SELECT o.id FROM occurrence o
   WHERE o.through < $1::timestamptz AND o.id IS DISTINCT FROM (SELECT s.open_occurrence_id FROM schedule s WHERE s.id = o.schedule_id)
   ORDER BY o.through LIMIT $2
)) RETURNING id`,
    [iso(before), BATCH],
  );
  return rows.length;
}

/** Forgets workers that ended, and were last heard of, before `before`. @returns their ids */
export async function purgeWorkers(store: Store, before: number): Promise<string[]> {
  const rows = await store.sql.query<{ id: string }>(
    `/* purgeWorkers */ DELETE FROM worker WHERE state IN ('STOPPED', 'LOST') AND last_heartbeat_at < $1::timestamptz RETURNING id`,
    [iso(before)],
  );
  return rows.map((row) => row.id);
}

/**
 * Removes events of whole days before `before`, a day and a transaction at a time, and remembers how far: a cursor from before then
 * has expired.
 * @returns days that were removed
 */
export async function purgeEvents(store: Store, before: number): Promise<string[]> {
  const partitions = await store.sql.query<{ day: string }>(
    `/* eventPartitions */ SELECT substr(relname, 7) AS day FROM pg_class
 WHERE relnamespace = 'event_partition'::regnamespace AND relkind = 'r' AND relname ~ '^event_[0-9]{8}$' ORDER BY 1`,
  );
  const old = partitions.map(({ day }) => day).filter((day) => startOf(day) + DAY_MS <= before);
  for (const day of old) {
    await store.hotTransaction(async (tx) => {
      // Dropping locks the whole table; behind a dump or a report everybody else would have to wait.
      await tx.sql.query(`/* limitPurgeWait */ SET LOCAL lock_timeout = '1s'`);
      await oneAtATime(tx);
      await rememberPurged(tx.sql, `SELECT xid, seq FROM event_partition.event_${day}`, []);
      await tx.sql.query(`DROP TABLE IF EXISTS event_partition.event_${day}`);
    });
  }
  await purgeStrayEvents(store, before);
  return old;
}

/** What no partition covered lies in the default one. */
async function purgeStrayEvents(store: Store, before: number): Promise<void> {
  const day = iso(Math.floor(before / DAY_MS) * DAY_MS);
  await store.hotTransaction(async (tx) => {
    await oneAtATime(tx);
    await rememberPurged(tx.sql, `SELECT xid, seq FROM event_partition.event_default WHERE at < $1::timestamptz`, [day]);
    await tx.sql.query(`/* purgeStrayEvents */ DELETE FROM event_partition.event_default WHERE at < $1::timestamptz`, [day]);
  });
}

const PURGED = 'events_purged_through';

async function rememberPurged(sql: Sql, events: string, values: unknown[]): Promise<void> {
  const [newest] = await sql.query<{ xid: string; seq: string }>(
    `SELECT xid::text, seq::text FROM (${events}) e ORDER BY e.xid DESC, e.seq DESC LIMIT 1`,
    values,
  );
  if (newest === undefined) return;
  const known = await readPurged(sql);
  if (known !== null && !isBefore(known, { xid: BigInt(newest.xid), seq: BigInt(newest.seq) })) return;
  await sql.query(
    `/* rememberPurged */ INSERT INTO meta (key, value) VALUES ('${PURGED}', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [`${newest.xid}.${newest.seq}`],
  );
}

/** The newest event that was removed; null when none was. A reader may only begin at this place or behind it. */
export async function readPurged(sql: Sql): Promise<Position | null> {
  const [row] = await sql.query<{ value: string }>(`/* readPurged */ SELECT value FROM meta WHERE key = '${PURGED}'`);
  if (row === undefined) return null;
  const [xid, seq] = row.value.split('.') as [string, string];
  return { xid: BigInt(xid), seq: BigInt(seq) };
}

function startOf(day: string): number {
  return Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
}

/** Until the transaction ends: two retention runs would fold the same occurrences. */
async function oneAtATime({ sql }: Tx): Promise<void> {
  await sql.query(`/* lockRetention */ SELECT pg_advisory_xact_lock($1)::text AS locked`, [RETENTION_LOCK]);
}
