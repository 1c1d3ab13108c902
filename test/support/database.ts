import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Sql } from '../../src/store/sql.ts';
import { createPool, TEMPLATE } from './databasePool.ts';
import type { DatabasePool } from './databasePool.ts';
import { until } from './until.ts';

/** What cleans up: a test's context, or `after` of node:test itself for what a whole file shares (`{ after }`). */
export interface Hooks {
  after(clean: () => Promise<void> | void): void;
}

/** Connection string of the PostgreSQL that test/support/global.ts started for this run. */
export function testServer(): string {
  const server = process.env['CARILLON_TEST_DATABASE'];
  if (server === undefined) throw new Error('run tests with "npm test": --test-global-setup starts their PostgreSQL');
  return server;
}

let pool: DatabasePool | undefined;

/**
 * A migrated, empty database of the test's own for as long as it lasts (databasePool.ts): for what this process does with it.
 * @param stopFirst  stops what works on it; hooks run in the order of their registration, so this one must do both
 */
export async function takeTestDatabase(t: Hooks, stopFirst: () => Promise<void>): Promise<string> {
  pool ??= createPool(testServer());
  const { take, giveBack } = pool;
  const url = await take();
  t.after(async () => {
    await stopFirst();
    await giveBack(url);
  });
  return url;
}

/**
 * A migrated, empty database that no test before has used, and none will after: for processes that are killed while they use it.
 * @param stopFirst  as above
 */
export async function createTestDatabase(t: Hooks, stopFirst: () => Promise<void>): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  // The migration gives each database a stream id; a copy of the template shares it, which no test may depend on.
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`));
  t.after(async () => {
    await stopFirst();
    await onServer((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  });
  const url = new URL(testServer());
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: testServer() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs one statement on a connection of its own. */
export async function query<Row>(connectionString: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Settles when a statement of this name (its first comment) waits for a lock that another transaction holds. */
export function untilBlocked(sql: Sql, name: string): Promise<unknown> {
  return until(async () => {
    const rows = await sql.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
      [`%/* ${name} */%`],
    );
    return rows.length > 0;
  });
}
