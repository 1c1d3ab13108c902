import { iso } from './runs.ts';
import type { Sql } from './sql.ts';

/** Calls that were made with an idempotency key, and what they answered. The lock on a key comes before all other locks of its transaction. */

/** Rows that one statement removes at most. */
const BATCH = 1_000;
/** For as long a call waits for another one with the same key. It holds a connection meanwhile, and the other one takes milliseconds as a rule. */
const WAIT_MS = 3_000;
/** Any constant would do: the hash is 64 bits wide, and two keys with the same one would only wait for each other. */
const LOCK_OF = (id: string) => `hashtextextended(${id}, 0)`;

/** Another call with the same key is under way and has not ended in time. The transaction cannot go on. */
export class KeyIsBusy extends Error {
  override readonly name = 'KeyIsBusy';
}

/**
 * Holds a key until the transaction ends: of calls with the same one, on whatever instance, each sees what those before it have left.
 * @param id  of the key, in the scope in which it is one key
 * @throws KeyIsBusy
 */
export async function lockKey(sql: Sql, id: string): Promise<void> {
  await sql.query(`/* limitKeyWait */ SELECT set_config('lock_timeout', '${WAIT_MS}ms', true)`);
  try {
    await sql.query(`/* lockKey */ SELECT pg_advisory_xact_lock(${LOCK_OF('$1')})::text AS locked`, [id]);
  } catch (error) {
    if (isLockTimeout(error)) throw new KeyIsBusy();
    throw error;
  }
  await sql.query(
    `/* endKeyWait */ SELECT set_config('lock_timeout', (SELECT reset_val FROM pg_settings WHERE name = 'lock_timeout'), true)`,
  );
}

/** When the transaction began that holds a key; null: none does. */
export async function keyHeldSince(sql: Sql, id: string): Promise<Date | null> {
  const [row] = await sql.query<{ since: Date | null }>(
    `/* keyHeldSince */
SELECT date_trunc('milliseconds', a.xact_start) AS since FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database() AND l.database = a.datid
   AND ((l.classid::bigint << 32) | l.objid::bigint) = ${LOCK_OF('$1')}`,
    [id],
  );
  return row?.since ?? null;
}

/** The first call with a key. */
export interface FirstCall {
  inputHash: string;
  /** JSON */
  result: unknown;
  firstSeenAt: Date;
}

/** The first call with a key that was seen later than `after`. */
export async function findFirstCall(sql: Sql, id: string, after: number): Promise<FirstCall | null> {
  const rows = await sql.query<FirstCall>(
    `/* findFirstCall */
SELECT input_hash AS "inputHash", result, first_seen_at AS "firstSeenAt" FROM idempotency_key WHERE id = $1 AND first_seen_at > $2::timestamptz`,
    [id, iso(after)],
  );
  return rows[0] ?? null;
}

/**
 * Keeps what a call with a key answered, in place of one that is too old. The caller holds the key.
 * @param after  one that was seen by then is too old
 */
export async function keepFirstCall(sql: Sql, id: string, call: FirstCall, after: number): Promise<void> {
  const rows = await sql.query(
    `/* keepFirstCall */
INSERT INTO idempotency_key AS k (id, input_hash, result, first_seen_at) VALUES ($1, $2, $3::jsonb, $4::timestamptz)
    ON CONFLICT (id) DO UPDATE SET input_hash = excluded.input_hash, result = excluded.result, first_seen_at = excluded.first_seen_at
 WHERE k.first_seen_at <= $5::timestamptz
RETURNING id`,
    [id, call.inputHash, JSON.stringify(call.result), call.firstSeenAt.toISOString(), iso(after)],
  );
  if (rows.length === 0) throw new Error('a call with an idempotency key was made twice');
}

/** Removes one batch of keys that were first seen before `before`. @returns how many */
export async function purgeKeys(sql: Sql, before: number): Promise<number> {
  const rows = await sql.query(
    `/* purgeKeys */
DELETE FROM idempotency_key WHERE id IN (
  SELECT id FROM idempotency_key WHERE first_seen_at < $1::timestamptz ORDER BY first_seen_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id`,
    [iso(before), BATCH],
  );
  return rows.length;
}

/** PostgreSQL 55P03, lock_not_available, as Prisma hands it on. */
function isLockTimeout(error: unknown): boolean {
  if (!(error instanceof Error) || !('meta' in error)) return false;
  const { driverAdapterError } = error.meta as { driverAdapterError?: { cause?: { originalCode?: string } } };
  return driverAdapterError?.cause?.originalCode === '55P03';
}
