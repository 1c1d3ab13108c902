import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Logger } from 'pino';
import { CONNECTION } from './connection.ts';
import { PrismaClient } from './generated/client.ts';
import { applyMigrations } from './migrations.ts';
import { NOTIFY_SQL, Signals } from './signals.ts';
import type { Signal } from './signals.ts';
import { sqlOfPg, sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

/** One transaction. `signal` names what its commit changes for others; they are woken after the commit, never before. */
export interface Tx {
  sql: Sql;
  signal(...signals: Signal[]): void;
}
/** A transaction of a command: Prisma for reading and writing objects, `sql` for the named statements beside it. */
export interface CommandTx extends Tx {
  prisma: PrismaTransaction;
}

export interface Store {
  prisma: PrismaClient;
  /** Single statements outside a transaction. */
  sql: Sql;
  signals: Signals;
  /** For commands. Rolls back when `work` throws. */
  transaction<T>(work: (tx: CommandTx) => Promise<T>): Promise<T>;
  /** For the engine and the worker: no object mapper between them and their few statements. */
  hotTransaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Held while migrating, so that instances that start together do not migrate twice. Any constant would do. */
const MIGRATION_LOCK = 0x636172_69;
/** What people and scripts ask for, and apart from it what keeps schedules firing and leases alive: neither can starve the other. */
const API_CONNECTIONS = 12;
const HOT_CONNECTIONS = 8;
const QUERY_TIMEOUT_MS = 20_000;
const TRANSACTION_TIMEOUT_MS = 15_000;
/**
 * A process that is suspended inside a transaction would keep its rows for as long, and its runs from being taken over (invariant 4).
 * Shorter than a lease; none of our transactions waits for anything but the database.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;

/**
 * Connects, brings the schema up to date and starts to listen.
 * @param afterMigration  schema work of others (the queue's own) that must be done under the same lock
 */
export async function openStore(
  connectionString: string,
  log: Logger,
  afterMigration: (sql: Sql) => Promise<void>,
): Promise<Store> {
  let closing = false;
  const openPool = (max: number) => {
    let lost = 0;
    const opened = new pg.Pool({
      connectionString,
      max,
      application_name: 'carillon',
      ...CONNECTION,
      query_timeout: QUERY_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    });
    // An idle connection that breaks (database restart) must not end the process; the pool replaces it.
    opened.on('error', (error) => {
      // The pool hangs its whole client on the error, with the key that cancels its statements: the message is all a log may have.
      // pool.end() does not wait for the goodbyes, so a database that is stopped next may break connections that are closing anyway.
      // An outage breaks all of them at once: said for the first one.
      lost += 1;
      if (!closing) log[lost === 1 ? 'warn' : 'debug']({ reason: error.message }, 'an idle database connection was lost');
    });
    opened.on('connect', () => {
      lost = 0;
    });
    return opened;
  };
  const pool = openPool(API_CONNECTIONS);
  const hotPool = openPool(HOT_CONNECTIONS);
  const endPools = async () => {
    closing = true;
    await Promise.all([pool.end(), hotPool.end()]);
  };
  const signals = new Signals();
  try {
    await migrate(connectionString, log, () => afterMigration(sqlOfPg(hotPool)));
    await signals.listen(connectionString, log);
  } catch (error) {
    await signals.close();
    await endPools();
    throw error;
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  return {
    prisma,
    sql: sqlOfPg(hotPool),
    signals,
    async transaction(work) {
      const raised = new Set<Signal>();
      const result = await prisma.$transaction(
        async (prismaTx) => {
          const sql = sqlOfPrisma(prismaTx);
          const value = await work({ prisma: prismaTx, sql, signal: (...names) => names.forEach((name) => raised.add(name)) });
          if (raised.size > 0) await sql.query(NOTIFY_SQL, [signals.payload(raised)]);
          return value;
        },
        { timeout: TRANSACTION_TIMEOUT_MS, maxWait: TRANSACTION_TIMEOUT_MS },
      );
      signals.raise(raised);
      return result;
    },
    async hotTransaction(work) {
      const raised = new Set<Signal>();
      const result = await onConnection(
        hotPool,
        (client) => work({ sql: sqlOfPg(client), signal: (...names) => names.forEach((name) => raised.add(name)) }),
        () => (raised.size > 0 ? signals.notifyStatement(raised) : ''),
      );
      signals.raise(raised);
      return result;
    },
    async close() {
      closing = true;
      await signals.close();
      await prisma.$disconnect();
      await endPools();
    },
  };
}

/** @param lastWords  a statement, or none, that goes to the database together with COMMIT: one round trip less */
async function onConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, lastWords: () => string): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query(`${lastWords()}COMMIT`);
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.off('error', onError);
    // A connection whose transaction could not be ended is thrown away, not handed to the next one.
    client.release(broken);
  }
}

async function migrate(connectionString: string, log: Logger, afterMigration: () => Promise<void>): Promise<void> {
  // A connection of its own, without the pools' limits: another instance may take its time with the same migration.
  const client = new pg.Client({ ...CONNECTION, connectionString, application_name: 'carillon migration' });
  client.on('error', (error) => log.warn({ reason: error.message }, 'the connection that holds the migration lock was lost'));
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const applied = await applyMigrations(connectionString);
    if (applied.length > 0) log.info({ migrations: applied }, 'the database schema was brought up to date');
    await client.query(`INSERT INTO meta (key, value) VALUES ('stream_id', gen_random_uuid()::text) ON CONFLICT DO NOTHING`);
    await afterMigration();
  } finally {
    // The session lock ends with its session, whatever state that is in.
    await client.end();
  }
}
