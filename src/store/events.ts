import { HELD_STATES } from '../domain/runState.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

const HELD = sqlList(HELD_STATES);

type Topic = 'run' | 'schedule' | 'task' | 'worker';
export type ChangeKind = 'CREATED' | 'UPDATED' | 'DELETED';

/** What filters of subscriptions look at. Small on purpose: events are written on the hot path. */
export type EventFacts = Record<string, unknown>;

export interface NewEvent {
  topic: Topic;
  kind: ChangeKind;
  subjectId: string;
  taskId: string | null;
  scheduleId: string | null;
  before: EventFacts | null;
  after: EventFacts | null;
}

/**
 * A place in the stream: events up to and including (xid, seq) are behind it. Transaction ids are compared as numbers of up
 * to 64 bits, hence bigint.
 */
export interface Position {
  xid: bigint;
  seq: bigint;
}
export function isBefore(a: Position, b: Position): boolean {
  return a.xid < b.xid || (a.xid === b.xid && a.seq < b.seq);
}

export interface StoredEvent extends NewEvent {
  position: Position;
  at: Date;
}

/** Appends in the caller's transaction: no change without its event, no event without its change. */
export async function appendEvents(sql: Sql, now: number, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql.query(
    `/* appendEvents */
INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
SELECT $1::timestamptz, e.topic, e.kind, e."subjectId", e."taskId", e."scheduleId", e.before, e.after
  FROM jsonb_to_recordset($2::jsonb) AS e(topic text, kind text, "subjectId" text, "taskId" text, "scheduleId" text, before jsonb, after jsonb)`,
    [new Date(now).toISOString(), JSON.stringify(events)],
  );
}

type EventRow = NewEvent & { xid: string; seq: string; at: string };

export interface EventPage {
  events: StoredEvent[];
  /** The page was full: read on at once. */
  more: boolean;
  /** Something is written already that an older transaction in flight still hides, and nothing announces its end: ask again soon. */
  hidden: boolean;
}

/**
 * Events after `after`, without gaps, in an order that never changes and in which what follows from a change comes after it (xid in
 * prisma/schema.prisma). Only rows of transactions older than every transaction still in flight are read, for a serial number alone
 * is handed out before its commit: a reader of "id > last" loses events.
 * @param limit most events of one page
 */
export async function readEvents(sql: Sql, after: Position, limit: number): Promise<EventPage> {
  const [row] = await sql.query<{ events: EventRow[]; hidden: boolean }>(
    `/* readEvents */
WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin),
page AS (
  SELECT e.* FROM event e, horizon WHERE (e.xid, e.seq) > ($1::text::xid8, $2::bigint) AND e.xid < horizon.xmin ORDER BY e.xid, e.seq LIMIT $3
)
SELECT coalesce((SELECT jsonb_agg(jsonb_build_object('xid', xid::text, 'seq', seq::text, 'at', at, 'topic', topic, 'kind', kind, 'subjectId', subject_id,
                   'taskId', task_id, 'scheduleId', schedule_id, 'before', before, 'after', after) ORDER BY xid, seq) FROM page), '[]') AS events,
       -- The newest one, by the index: asked whether any such row exists, the planner expects to meet one soon and reads the table.
       coalesce((SELECT e.xid FROM event e ORDER BY e.xid DESC, e.seq DESC LIMIT 1) >= (SELECT xmin FROM horizon), false) AS hidden`,
    [after.xid.toString(), after.seq.toString(), limit],
  );
  if (row === undefined) throw new Error('readEvents answered no row');
  return { events: row.events.map(toEvent), more: row.events.length === limit, hidden: row.hidden };
}

function toEvent({ xid, seq, at, ...event }: EventRow): StoredEvent {
  return { ...event, position: { xid: BigInt(xid), seq: BigInt(seq) }, at: new Date(at) };
}

/** The newest place that can be read from without a gap, with what must be known there to go on: one consistent snapshot. */
export interface StreamHead {
  position: Position;
  /** number of runs in RUNNING or CANCELING by task id, as of `position` */
  runningByTask: Map<string, number>;
}

export async function readStreamHead(sql: Sql): Promise<StreamHead> {
  const [row] = await sql.query<{ xmin: string; running: Record<string, number> }>(
    `/* readStreamHead */
WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin),
     visible AS (SELECT task_id, count(*)::int AS n FROM run WHERE state IN ${HELD} GROUP BY task_id),
     -- Already committed, yet behind an older transaction in flight: those readers will still be told, so they do not count here.
     ahead AS (SELECT e.task_id, sum(${runningDelta('e')})::int AS n FROM event e, horizon WHERE e.topic = 'run' AND e.xid >= horizon.xmin GROUP BY e.task_id)
SELECT horizon.xmin::text,
       (SELECT coalesce(jsonb_object_agg(coalesce(v.task_id, a.task_id), coalesce(v.n, 0) - coalesce(a.n, 0)), '{}')
          FROM visible v FULL JOIN ahead a ON a.task_id = v.task_id) AS running
  FROM horizon`,
  );
  if (row === undefined) throw new Error('readStreamHead answered no row');
  return { position: { xid: BigInt(row.xmin) - 1n, seq: MAX_SEQ }, runningByTask: new Map(Object.entries(row.running)) };
}

/** How the number of running runs per task changed between two places: what is known at one place is thereby known at the other. */
export async function runningChange(sql: Sql, from: Position, to: Position): Promise<Map<string, number>> {
  const rows = await sql.query<{ task_id: string; n: number }>(
    `/* runningChange */
SELECT e.task_id, sum(${runningDelta('e')})::int AS n FROM event e
 WHERE e.topic = 'run' AND (e.xid, e.seq) > ($1::text::xid8, $2::bigint) AND (e.xid, e.seq) <= ($3::text::xid8, $4::bigint)
 GROUP BY e.task_id`,
    [from.xid.toString(), from.seq.toString(), to.xid.toString(), to.seq.toString()],
  );
  return new Map(rows.map((row) => [row.task_id, row.n]));
}

/** The stream a cursor belongs to: a restored database is another stream, for its transaction ids start anew. */
export async function readStreamId(sql: Sql): Promise<string> {
  const [row] = await sql.query<{ value: string }>(`/* readStreamId */ SELECT value FROM meta WHERE key = 'stream_id'`);
  if (row === undefined) throw new Error('the database has no stream id: it was not migrated');
  return row.value;
}

/** Later than every event of its transaction. */
const MAX_SEQ = 2n ** 63n - 1n;

function runningDelta(alias: string): string {
  const running = (side: string) => `(coalesce(${alias}.${side}->>'state', '') IN ${HELD})::int`;
  return `${running('after')} - ${running('before')}`;
}

/** Any constant would do that is not the migration's (open.ts). */
const PARTITION_LOCK = 0x636172_70;

/**
 * Makes the partitions of the coming days, in the caller's transaction. What no partition covers falls into the default one, so that a late call loses
 * nothing; it only makes clean-up by day coarser.
 */
export async function ensureEventPartitions(sql: Sql, now: number, days = 3): Promise<void> {
  // A new partition locks the whole table, and behind one that waits for a dump or a report everybody else would have to wait.
  await sql.query(`/* limitPartitionWait */ SET LOCAL lock_timeout = '1s'`);
  // Until the caller's transaction ends: IF NOT EXISTS does not keep two instances from making the same table at the same moment.
  await sql.query(`/* lockEventPartitions */ SELECT pg_advisory_xact_lock($1)::text AS locked`, [PARTITION_LOCK]);
  for (let day = 0; day < days; day += 1) {
    const from = new Date(now + day * 86_400_000).toISOString().slice(0, 10);
    const until = new Date(now + (day + 1) * 86_400_000).toISOString().slice(0, 10);
    const name = `event_partition.event_${from.replaceAll('-', '')}`;
    const [existing] = await sql.query<{ present: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS present`, [name]);
    if (existing?.present === true) continue;
    // Rows that fell into the default partition before their day existed would make this fail: that day then stays there.
    const bounds = `FOR VALUES FROM ('${from}T00:00:00Z') TO ('${until}T00:00:00Z')`;
    const inDefault = await sql.query(
      `SELECT 1 FROM event_partition.event_default WHERE at >= $1::timestamptz AND at < $2::timestamptz LIMIT 1`,
      [`${from}T00:00:00Z`, `${until}T00:00:00Z`],
    );
    if (inDefault.length === 0) await sql.query(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF event ${bounds}`);
  }
}
