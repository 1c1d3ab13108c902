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
const BATCH = 1_000;
const DAY_MS = 86_400_000;

/**
 * Removes one batch of runs that ended before `before`, their attempts with them. The newest run of each schedule stays. Occurrences
 * that fired are folded into counted rows of the ledger first, so that nothing is left unaccounted for.
 * @returns how many were removed; 0 when none is left
 */
export function purgeRuns(store: Store, before: number, now: number): Promise<number> {
  return store.hotTransaction(async (tx) => {
    await oneAtATime(tx);
    const runs = await tx.sql.query<PurgedRun>(
      `/* oldRuns */
SELECT r.id, r.schedule_id AS "scheduleId", r.schedule_version AS "scheduleVersion", r.origin, r.scheduled_for AS "scheduledFor" FROM run r
 WHERE r.finished_at < $1::timestamptz AND r.state NOT IN ${sqlList(UNFINISHED_STATES)}
   AND (r.schedule_id IS NULL OR EXISTS (SELECT 1 FROM run n WHERE n.schedule_id = r.schedule_id AND (n.scheduled_for, n.id) > (r.scheduled_for, r.id)))
 ORDER BY r.finished_at, r.id LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [iso(before), BATCH],
    );
    const ids = runs.map((run) => run.id);
    const fired = runs.filter((run) => run.scheduleId !== null && (run.origin === 'SCHEDULE' || run.origin === 'CATCH_UP'));
    for (const [scheduleId, members] of Map.groupBy(fired, (run) => run.scheduleId as string)) {
      await foldIntoLedger(tx.sql, scheduleId, members, ids, now);
    }
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
}

async function foldIntoLedger(
  sql: Sql,
  scheduleId: string,
  runs: readonly PurgedRun[],
  purgedIds: readonly string[],
  now: number,
): Promise<void> {
  // A task of scope LOCAL has one run per worker of the same occurrence; some of them may have to stay a while.
  const versions = new Map(runs.map((run) => [run.scheduledFor.getTime(), run.scheduleVersion ?? 1]));
  const instants = [...versions.keys()].toSorted((a, b) => a - b);
  const [first, end] = [instants[0] as number, instants.at(-1) as number];
  const [row] = await sql.query<{ last: RawSpan | null; kept: RawSpan[]; counted: RawSpan[] }>(
    `/* ledgerAround */
WITH last AS (
  SELECT id, scheduled_for, through, schedule_version FROM occurrence
   WHERE schedule_id = $1 AND verdict = 'FIRED' AND through < $2::timestamptz ORDER BY through DESC LIMIT 1
)
SELECT (SELECT jsonb_build_object('id', id, 'scheduledFor', scheduled_for, 'through', through, 'scheduleVersion', schedule_version) FROM last) AS last,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('scheduledFor', k.scheduled_for, 'through', k.through) ORDER BY k.scheduled_for), '[]') FROM (
          SELECT scheduled_for, through FROM occurrence
           WHERE schedule_id = $1 AND scheduled_for > coalesce((SELECT through FROM last), $2::timestamptz - interval '1 millisecond') AND scheduled_for <= $3::timestamptz
          UNION ALL
          SELECT scheduled_for, scheduled_for FROM run
           WHERE schedule_id = $1 AND origin IN ('SCHEDULE', 'CATCH_UP') AND scheduled_for > coalesce((SELECT through FROM last), $2::timestamptz - interval '1 millisecond')
             AND scheduled_for <= $3::timestamptz AND NOT id = ANY(SELECT jsonb_array_elements_text($4::jsonb))
        ) k) AS kept,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('scheduledFor', scheduled_for, 'through', through)), '[]') FROM occurrence
         WHERE schedule_id = $1 AND verdict = 'FIRED' AND scheduled_for <= $3::timestamptz AND through >= $2::timestamptz) AS counted`,
    [scheduleId, iso(first), iso(end), JSON.stringify(purgedIds)],
  );
  if (row === undefined) throw new Error('ledgerAround answered no row');
  const kept = row.kept.map(toSpan);
  const counted = row.counted.map(toSpan);
  const last = row.last && ({ ...row.last, ...toSpan(row.last) } as FiredRow);
  // Counted already by an earlier batch, or to be counted when the last of its runs goes.
  const open = (at: number) =>
    !counted.some((span) => at >= span.scheduledFor && at <= span.through) && !kept.some((span) => span.scheduledFor === at);
  const fired = instants
    .filter(open)
    .map((scheduledFor) => ({ scheduledFor, scheduleVersion: versions.get(scheduledFor) as number }));
  const rows = foldRuns(fired, kept, last).map(({ id, scheduledFor, through, ...rest }) => ({
    ...rest,
    id: id ?? newId('occ'),
    extends: id !== null,
    scheduledFor: iso(scheduledFor),
    through: iso(through),
  }));
  await sql.query(
    `/* foldFired */
WITH input AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(id text, "extends" boolean, "scheduledFor" timestamptz, through timestamptz, count int, "scheduleVersion" int)
), extended AS (
  UPDATE occurrence o SET through = i.through, count = o.count + i.count, recorded_at = $3::timestamptz FROM input i WHERE i."extends" AND o.id = i.id
)
INSERT INTO occurrence (id, schedule_id, scheduled_for, through, count, verdict, reason, schedule_version, recorded_at)
SELECT id, $1, "scheduledFor", through, count, 'FIRED', 'ran; the runs were removed by retention', "scheduleVersion", $3::timestamptz
  FROM input WHERE NOT "extends"`,
    [scheduleId, JSON.stringify(rows), iso(now)],
  );
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
DELETE FROM occurrence WHERE id IN (
  SELECT o.id FROM occurrence o WHERE o.through < $1::timestamptz AND NOT EXISTS (SELECT 1 FROM schedule s WHERE s.open_occurrence_id = o.id) LIMIT $2
) RETURNING id`,
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
