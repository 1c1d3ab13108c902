import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { until } from './until.ts';

/**
 * Databases that go from test to test. Making one costs the kernel more than most tests need, as PostgreSQL keeps some 450 files
 * for it: one that a test has given back is emptied and taken by the next test, of whatever file. Nothing can leak: it gets
 * another name, which throws out who is connected and keeps out who still would be, and it is handed on only if rows, schema
 * and settings are those of the template to the last. Otherwise it is dropped.
 */

export const TEMPLATE = 'template_carillon';

/** What a database holds, and the statements by which another is made like it. */
export interface Snapshot {
  /** Tables without rows, quoted. */
  empty: string[];
  /** Tables with rows, as JSON. */
  filled: { name: string; rows: string }[];
  sequences: { name: string; value: string; called: boolean }[];
  /** A SELECT of everything that must be as in the template, in one text. */
  compare: string;
  /** Its answer there. */
  state: string;
}

/** Tables of this size and more, in bytes, are vacuumed: what is deleted only stays in the way of the next test. */
const VACUUM_FROM = 8 * 8_192;
/** To empty a table of this size, in bytes, costs more than another database. */
const DROP_FROM = 16 * 1024 * 1024;

const urlOf = (server: string, name: string) => Object.assign(new URL(server), { pathname: `/${name}` }).href;

async function onDatabase<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Of the template, which must not change any more. For the start of a run: other processes find it on the server. */
export async function openPool(server: string): Promise<void> {
  const snapshot = await onDatabase(urlOf(server, TEMPLATE), takeSnapshot);
  await onDatabase(server, async (client) => {
    await client.query('CREATE TABLE idle_database (name text PRIMARY KEY)');
    await client.query('CREATE TABLE template_snapshot (snapshot jsonb)');
    await client.query('INSERT INTO template_snapshot VALUES ($1)', [JSON.stringify(snapshot)]);
  });
}

export async function takeSnapshot(client: pg.Client): Promise<Snapshot> {
  const rowsOf = async <Row>(sql: string) => (await client.query(sql)).rows as Row[];
  const relations = await rowsOf<{ name: string; kind: string; own: boolean }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind, n.nspname !~ '^(pg_catalog|pg_toast|information_schema)' AS own
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'S') AND NOT c.relisshared AND n.nspname <> 'information_schema' ORDER BY 1`);
  const tables = relations.filter(({ kind, own }) => own && kind === 'r').map(({ name }) => name);
  const filled: Snapshot['filled'] = [];
  for (const name of tables) {
    const [row] = await rowsOf<{ rows: string | null }>(`SELECT jsonb_agg(to_jsonb(t))::text AS rows FROM ONLY ${name} t`);
    if (row?.rows != null) filled.push({ name, rows: row.rows });
  }
  const sequences: Snapshot['sequences'] = [];
  for (const { name } of relations.filter(({ kind }) => kind === 'S')) {
    const [row] = await rowsOf<{ value: string; called: boolean }>(
      `SELECT last_value AS value, is_called AS called FROM ${name}`,
    );
    if (row !== undefined) sequences.push({ name, ...row });
  }
  const catalogs = relations.filter(({ kind, own, name }) => !own && kind === 'r' && name !== 'pg_catalog.pg_class');
  const parts = [
    ...tables.map((name) => `SELECT '${name}', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM ONLY ${name} t`),
    ...sequences.map(({ name }) => `SELECT '${name}', last_value, is_called::text FROM ${name}`),
    // Rows are never changed in place, and whatever writes one has a transaction id above all that the template has seen.
    ...catalogs.map(({ name }) => `SELECT '${name}', count(*), max(xmin::text::bigint)::text FROM ${name}`),
    // Except in this one, where VACUUM leaves what it has counted.
    `SELECT 'pg_class', count(*), md5(string_agg(concat_ws(' ', oid, relname, relnamespace, relfilenode, relowner, relacl, reloptions,
      relpersistence, relhastriggers, relhasrules, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relkind = 'r' AND reltuples < 0), ' ' ORDER BY oid)) FROM pg_class`,
    `SELECT 'settings', datconnlimit, concat_ws(' ', datallowconn, dattablespace, datacl, datdba,
      (SELECT string_agg(s::text, ' ') FROM pg_db_role_setting s WHERE setdatabase = d.oid)) FROM pg_database d WHERE datname = current_database()`,
  ];
  const compare = `SELECT string_agg(concat_ws(' ', name, n, state), E'\\n') AS state FROM (${parts.join('\nUNION ALL ')}) AS part (name, n, state)`;
  const [row] = await rowsOf<{ state: string }>(compare);
  const names = new Set(filled.map(({ name }) => name));
  return { empty: tables.filter((name) => !names.has(name)), filled, sequences, compare, state: row?.state ?? '' };
}

/** The databases of one process, and the connection to the server by which they are named. */
export interface DatabasePool {
  /** A database like the template. @returns its connection string */
  take(): Promise<string>;
  /** @returns whether the next test may have it: false when it was dropped, for it could not be made like the template */
  giveBack(connectionString: string): Promise<boolean>;
}

/** @param server  that `openPool` has prepared */
export function createPool(server: string): DatabasePool {
  const ask = createAsker(server);
  let snapshot: Promise<Snapshot> | undefined;
  const readSnapshot = async () => (await ask<{ snapshot: Snapshot }>('SELECT snapshot FROM template_snapshot'))[0]!.snapshot;
  return {
    async take() {
      const [idle] = await ask<{ name: string }>(
        'DELETE FROM idle_database WHERE name = (SELECT name FROM idle_database LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING name',
      );
      if (idle !== undefined) return urlOf(server, idle.name);
      const name = newName();
      await ask(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
      return urlOf(server, name);
    },
    async giveBack(connectionString) {
      const used = new URL(connectionString).pathname.slice(1);
      // Its sessions are told to go and looked for until they are gone: renaming waits for them too, but for 100 ms at a time.
      await until(async () => {
        const rows = await ask('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [used]);
        return rows.length === 0;
      });
      const name = newName();
      await ask(`ALTER DATABASE ${used} RENAME TO ${name}`);
      const like = await (snapshot ??= readSnapshot());
      // Whatever stands in the way, such as a table that is gone, is a reason to drop it.
      const restored = await onDatabase(urlOf(server, name), (client) => restore(client, like)).catch(() => false);
      if (restored) await ask('INSERT INTO idle_database VALUES ($1)', [name]);
      else await ask(`DROP DATABASE ${name} WITH (FORCE)`);
      return restored;
    },
  };
}

const newName = () => `test_${randomUUID().replaceAll('-', '')}`;

/** What its types do not know of. */
interface References {
  ref(): void;
  unref(): void;
}

/** Statements on one connection, which keeps the process alive only while it is asked. */
function createAsker(server: string) {
  let client: (pg.Client & References) | undefined;
  let connected: Promise<unknown> | undefined;
  let asked = 0;
  return async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> => {
    if (client === undefined) {
      client = new pg.Client({ connectionString: server }) as pg.Client & References;
      // Lost between two statements: the next one says so.
      client.on('error', () => undefined);
      connected = client.connect();
    }
    asked += 1;
    client.ref();
    try {
      await connected;
      return (await client.query(sql, values)).rows as Row[];
    } finally {
      asked -= 1;
      if (asked === 0) client.unref();
    }
  };
}

/** Empties a database that nobody else uses. @returns whether it is like the template */
async function restore(client: pg.Client, like: Snapshot): Promise<boolean> {
  const { rows: tables } = await client.query<{ name: string; filled: boolean; size: number }>(`
    SELECT t.name, t.filled, (pg_relation_size(c.oid) + CASE reltoastrelid WHEN 0 THEN 0 ELSE pg_relation_size(reltoastrelid) END)::float8 AS size
    FROM (VALUES ${like.empty.map((name) => `('${name}', EXISTS (SELECT FROM ONLY ${name}))`).join()}) AS t (name, filled)
    JOIN pg_class c ON c.oid = t.name::regclass`);
  if (tables.some(({ size }) => size >= DROP_FROM)) return false;
  await client.query(`BEGIN;
    SET LOCAL session_replication_role = replica; -- no trigger fires and no foreign key is looked at: each table is emptied by itself
    ${tables.map(({ name, filled }) => (filled ? `DELETE FROM ONLY ${name};` : '')).join('')}
    ${like.filled.map(({ name, rows }) => refill(name, client.escapeLiteral(rows))).join('')}
    ${like.sequences.map(({ name, value, called }) => `SELECT setval('${name}', ${value}, ${called});`).join('')}
    COMMIT`);
  for (const { name } of tables.filter(({ size }) => size >= VACUUM_FROM)) {
    await client.query(`VACUUM ${name}`);
    // For a table of which it is known that it is empty the planner chooses other ways than for one that it knows nothing of.
    await client.query(
      `SELECT pg_clear_relation_stats(relnamespace::regnamespace::text, relname) FROM pg_class WHERE oid = $1::regclass`,
      [name],
    );
  }
  return isLike(client, like);
}

/** @returns whether rows, sequences, schema and settings are those of the snapshot */
export async function isLike(client: pg.Client, { compare, state }: Snapshot): Promise<boolean> {
  const { rows } = await client.query<{ state: string }>(compare);
  return rows[0]?.state === state;
}

const refill = (table: string, rows: string) => `
  DELETE FROM ONLY ${table} t WHERE to_jsonb(t) NOT IN (SELECT jsonb_array_elements(${rows}));
  INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, ${rows}) s
    WHERE to_jsonb(s) NOT IN (SELECT to_jsonb(t) FROM ONLY ${table} t);`;
