import type { MisfireMode } from '../domain/due.ts';
import type { Freeze } from '../domain/freezes.ts';
import type { Actor } from './actor.ts';
import type { Freeze as FreezeRow, Prisma } from './generated/client.ts';
import { iso } from './runs.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

export interface FreezeRecord extends Omit<FreezeRow, 'select' | 'exit' | 'by'> {
  /** ids, names or filter, as it was given. */
  select: Record<string, unknown>;
  exit: MisfireMode;
  by: Actor;
}
type Db = Pick<PrismaTransaction, 'freeze'>;

/** FREEZE is a word of PostgreSQL: its table is quoted. */
const TABLE = '"freeze"';
const FREEZES_LOCK = 7_203_311;
/** A statement of 10,000 schedules with their freezes would be megabytes. */
const BATCH = 1_000;

/**
 * 'change' begins and ends freezes alone; 'keep' lets schedules be written meanwhile, each with the freezes that there are. To be held
 * before any lock of a schedule.
 */
export async function lockFreezes(sql: Sql, how: 'change' | 'keep'): Promise<void> {
  if (how === 'change') await sql.query(`/* lockFreezes */ SELECT pg_advisory_xact_lock($1)::text AS locked`, [FREEZES_LOCK]);
  else await sql.query(`/* keepFreezes */ SELECT pg_advisory_xact_lock_shared($1)::text AS locked`, [FREEZES_LOCK]);
}

/** A freeze as its schedules have it. */
export function copyOf({ id, reason, from, until, exit, by }: FreezeRecord): Freeze {
  return { id, reason, from: from.toISOString(), until: until.toISOString(), exit, by: { id: by.id, name: by.name } };
}

export async function insertFreeze(prisma: Db, freeze: Omit<FreezeRecord, 'suppressed' | 'endedAt'>): Promise<FreezeRecord> {
  const data = {
    ...freeze,
    select: freeze.select as Prisma.InputJsonValue,
    by: freeze.by as unknown as Prisma.InputJsonValue,
  };
  return (await prisma.freeze.create({ data })) as unknown as FreezeRecord;
}

export async function endFreezeRow(prisma: Db, id: string, until: Date, endedAt: Date): Promise<FreezeRecord> {
  return (await prisma.freeze.update({ where: { id }, data: { until, endedAt } })) as unknown as FreezeRecord;
}

export async function findFreezesById(prisma: Db, ids: readonly string[]): Promise<FreezeRecord[]> {
  return (await prisma.freeze.findMany({ where: { id: { in: [...ids] } } })) as unknown as FreezeRecord[];
}

/** Those that have ended by `now`, or those that have not; null: both. By their beginning, the latest first. */
export async function listFreezes(prisma: Db, active: boolean | null, now: number, limit: number): Promise<FreezeRecord[]> {
  const at = new Date(now);
  const running = { endedAt: null, until: { gt: at } };
  const where = active === null ? {} : active ? running : { NOT: running };
  const rows = await prisma.freeze.findMany({ where, orderBy: [{ from: 'desc' }, { id: 'desc' }], take: limit });
  return rows as unknown as FreezeRecord[];
}

/** Those that have not ended and go by a filter, in order of their creation. */
export async function listFilterFreezes(prisma: Db, now: number): Promise<FreezeRecord[]> {
  const where = { endedAt: null, until: { gt: new Date(now) } };
  const rows = (await prisma.freeze.findMany({ where, orderBy: { id: 'asc' } })) as unknown as FreezeRecord[];
  return rows.filter(({ select }) => 'filter' in select);
}

/** Ids of the schedules that a freeze still has a say in, in order of id. */
export async function listFrozen(sql: Sql, freezeId: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listFrozen */ SELECT id FROM schedule WHERE freezes @> $1::jsonb AND freezes <> '[]' AND deleted_at IS NULL ORDER BY id`,
    [JSON.stringify([{ id: freezeId }])],
  );
  return rows.map(({ id }) => id);
}

export interface FreezeChange {
  id: string;
  freezes: readonly Freeze[];
  /** With these; where it is held back besides, it has none. */
  nextFireAt: Date | null;
}

/** Sets the freezes of schedules, with an event for each that fires at another time for it. The caller holds the rows. */
export async function setFreezes(sql: Sql, now: number, changes: readonly FreezeChange[]): Promise<void> {
  for (let start = 0; start < changes.length; start += BATCH) {
    await sql.query(
      `/* setFreezes */
WITH c AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(id text, freezes jsonb, "nextFireAt" timestamptz)
), changed AS (
  UPDATE schedule s SET freezes = c.freezes, next_fire_at = CASE WHEN s.hold IS NULL THEN c."nextFireAt" END
    FROM c JOIN schedule prior ON prior.id = c.id WHERE s.id = c.id RETURNING s.*, prior.next_fire_at AS old_next
)
INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
SELECT $1::timestamptz, 'schedule', 'UPDATED', h.id, h.task_id, h.id, facts.common || jsonb_strip_nulls(jsonb_build_object('nextFireAt', h.old_next)),
       facts.common || jsonb_strip_nulls(jsonb_build_object('nextFireAt', h.next_fire_at))
  FROM changed h JOIN task t ON t.id = h.task_id,
       LATERAL (SELECT ${unchangedFacts('h', 't')} || ${failingFact('h.consecutive_failures')} || jsonb_build_object('state', h.state) AS common) facts
 WHERE h.state = 'ACTIVE' AND h.old_next IS DISTINCT FROM h.next_fire_at ORDER BY h.id`,
      [iso(now), JSON.stringify(changes.slice(start, start + BATCH))],
    );
  }
}

/** Writes what freezes a schedule has. The caller holds its row, and sees to what fires next. */
export async function writeFreezes(sql: Sql, scheduleId: string, freezes: readonly Freeze[]): Promise<void> {
  await sql.query(`/* writeFreezes */ UPDATE schedule SET freezes = $2::jsonb WHERE id = $1`, [
    scheduleId,
    JSON.stringify(freezes),
  ]);
}

/** Drops the copies of freezes that ended by `settled`, epoch ms. The caller holds the rows. */
export async function forgetFreezes(sql: Sql, schedules: readonly { id: string; settled: number }[]): Promise<void> {
  const rows = schedules.map(({ id, settled }) => ({ id, settled: iso(settled) }));
  await sql.query(
    `/* forgetFreezes */
UPDATE schedule s SET freezes = coalesce((SELECT jsonb_agg(f ORDER BY n) FROM jsonb_array_elements(s.freezes) WITH ORDINALITY AS e(f, n)
                                           WHERE (f->>'until')::timestamptz > d.settled), '[]')
  FROM jsonb_to_recordset($1::jsonb) AS d(id text, settled timestamptz)
 WHERE s.id = d.id AND EXISTS (SELECT 1 FROM jsonb_array_elements(s.freezes) f WHERE (f->>'until')::timestamptz <= d.settled)`,
    [JSON.stringify(rows)],
  );
}

/** Counts occurrences that got a verdict and that freezes held back. Rows of freezes are the last that a transaction locks. */
export async function countSuppressed(sql: Sql, held: readonly { id: string; count: number }[]): Promise<void> {
  if (held.length === 0) return;
  const counts = new Map<string, number>();
  for (const { id, count } of held) counts.set(id, (counts.get(id) ?? 0) + count);
  await sql.query(
    `/* countSuppressed */
WITH h AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(id text, count bigint)
), locked AS MATERIALIZED (
  SELECT f.id FROM ${TABLE} f WHERE f.id IN (SELECT id FROM h) ORDER BY f.id FOR NO KEY UPDATE
)
UPDATE ${TABLE} f SET suppressed = least(f.suppressed + h.count, 2147483647)::int FROM h JOIN locked ON locked.id = h.id WHERE f.id = h.id`,
    [JSON.stringify(Array.from(counts, ([id, count]) => ({ id, count })))],
  );
}
