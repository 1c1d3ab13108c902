import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { createDatabase } from '../../src/store/embedded.ts';
import { createApi } from './api.ts';
import { startInstance } from './carillon.ts';
import { query, testServer } from './database.ts';
import { createPool, isLike, openPool, takeSnapshot, TEMPLATE } from './databasePool.ts';

// A pool of this file's own, so that nobody else takes what is looked at here.
const name = `pool_${process.pid}`;
const server = await createDatabase(testServer(), name);
await openPool(server);
const pool = createPool(server);
const templateUrl = Object.assign(new URL(server), { pathname: `/${TEMPLATE}` }).href;
after(async () => {
  const idle = await query<{ name: string }>(server, 'SELECT name FROM idle_database');
  for (const database of [...idle.map((row) => row.name), name])
    await query(testServer(), `DROP DATABASE ${database} WITH (FORCE)`);
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
const idOf = async (url: string) =>
  (await query<{ id: number }>(url, 'SELECT oid::int AS id FROM pg_database WHERE datname = current_database()'))[0]?.id;

/** All rows, compared as values and as text. */
async function contentOf(url: string): Promise<Record<string, unknown>> {
  const tables = await query<{ name: string }>(
    url,
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'pgboss', 'event_partition')`,
  );
  assert.ok(tables.length > 30);
  const content: Record<string, unknown> = { sequence: await query(url, 'SELECT last_value, is_called FROM event_seq_seq') };
  for (const table of tables)
    content[table.name] = await query(url, `SELECT t.*, t::text AS all FROM ONLY ${table.name} t ORDER BY t::text`);
  return content;
}

test('what a server has written is not there for the next test, which gets the same database by another name', async () => {
  const first = await pool.take();
  const id = await idOf(first);
  const carillon = await startInstance(first);
  const api = createApi(carillon);
  await api.scheduleOf(await api.taskOn('http://127.0.0.1:9/')).finally(() => carillon.stop());
  await query(
    first,
    `INSERT INTO meta VALUES ('left', 'behind'); UPDATE meta SET value = 'changed' WHERE key = 'stream_id'; DELETE FROM pgboss.queue;
     DELETE FROM _prisma_migrations WHERE migration_name > (SELECT min(migration_name) FROM _prisma_migrations);
     INSERT INTO pgboss.warning (type, message, data) SELECT 'test', repeat('x', 100), '{}' FROM generate_series(1, 5000)`,
  );
  assert.equal(await pool.giveBack(first), true);
  const second = await pool.take();
  assert.equal(await idOf(second), id);
  assert.deepEqual(await contentOf(second), await contentOf(templateUrl));
  const [left] = await query(
    second,
    `SELECT pg_relation_size(oid)::int AS size, relpages, reltuples FROM pg_class WHERE oid = 'pgboss.warning'::regclass`,
  );
  assert.deepEqual(left, { size: 0, relpages: 0, reltuples: -1 }, 'nor in its files or its statistics');
  assert.equal(await pool.giveBack(second), true);
});

test('who was connected is thrown out with all that its session holds, and does not come back', async () => {
  const url = await pool.take();
  const left = await connect(url);
  await left.query(`BEGIN; SELECT pg_advisory_lock(1); LOCK TABLE run; INSERT INTO meta VALUES ('not', 'committed')`);
  const ended = new Promise<void>((resolve) => left.once('end', resolve));
  assert.equal(await pool.giveBack(url), true);
  await ended;
  await assert.rejects(connect(url), { code: '3D000' });
  const next = await pool.take();
  const others = await query(
    next,
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     UNION ALL SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = ${await idOf(next)}`,
  );
  assert.deepEqual(others, []);
  assert.equal(await pool.giveBack(next), true);
});

test('what is not as in the template is noticed, whatever it is', async (t) => {
  const url = await pool.take();
  const client = await connect(url);
  t.after(() => client.end());
  const like = await takeSnapshot(client);
  const changes = [
    'CREATE TABLE another ()',
    'CREATE SCHEMA another',
    'CREATE TYPE another AS (a int)',
    'CREATE FUNCTION another() RETURNS int LANGUAGE sql RETURN 1',
    'CREATE OR REPLACE VIEW another AS SELECT 1 AS one',
    'CREATE INDEX ON run (id)',
    'CREATE STATISTICS another ON id, state FROM run',
    'CREATE RULE another AS ON DELETE TO run DO INSTEAD NOTHING',
    'DROP INDEX run_stats_idx',
    'DROP TABLE log_line',
    'DROP EXTENSION plpgsql CASCADE',
    'ALTER TABLE run RENAME TO another',
    'ALTER TABLE run RENAME COLUMN id TO another',
    'ALTER TABLE run ADD CHECK (true)',
    'ALTER TABLE run DISABLE TRIGGER ALL',
    'ALTER TABLE run SET (fillfactor = 50)',
    'ALTER TABLE log_line SET UNLOGGED',
    'ALTER TABLE run ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE run REPLICA IDENTITY FULL',
    'ALTER TABLE run ALTER state SET STATISTICS 5',
    'ALTER TABLE event DETACH PARTITION event_partition.event_default',
    'ALTER SEQUENCE event_seq_seq INCREMENT 2',
    `ALTER TABLE meta ALTER value SET DEFAULT 'x'`,
    'GRANT SELECT ON run TO public',
    `COMMENT ON TABLE run IS 'another'`,
    'TRUNCATE log_line',
    'SELECT lo_create(0)',
    `SELECT setval('event_seq_seq', 1, true)`,
    `SELECT nextval('event_seq_seq')`,
    'CREATE PUBLICATION another',
    'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public',
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 1024', current_database()); END $$`,
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 5', current_database()); END $$`,
    `UPDATE meta SET value = value || ' ' WHERE key = 'stream_id'`,
    `INSERT INTO meta VALUES ('a', 'row')`,
    'DELETE FROM _prisma_migrations',
    'UPDATE pgboss.queue SET updated_on = now()',
  ];
  for (const change of changes) {
    await client.query(`BEGIN; ${change}`);
    // A statement that cannot be read any more has noticed it too: so does who gives a database back.
    assert.equal(await isLike(client, like).catch(() => false), false, change);
    await client.query('ROLLBACK');
    if (change.includes('event_seq_seq')) await client.query(`SELECT setval('event_seq_seq', 1, false)`);
    assert.equal(await isLike(client, like), true, `${change}, rolled back`);
  }
  await client.query('ANALYZE meta');
  assert.equal(await isLike(client, like), false, 'statistics');
  assert.equal(await pool.giveBack(url), false, 'and the database is dropped');
});

test('a database that cannot be made like the template, or only at great cost, is dropped', async () => {
  const large = `INSERT INTO pgboss.warning (type, message, data) SELECT 'test', repeat('x', 1000), '{}' FROM generate_series(1, 20000)`;
  for (const change of ['ALTER TABLE run RENAME TO another', 'CREATE TABLE another AS SELECT 1', large]) {
    const url = await pool.take();
    const id = await idOf(url);
    await query(url, change);
    assert.equal(await pool.giveBack(url), false);
    assert.deepEqual(await query(server, `SELECT datname FROM pg_database WHERE oid = ${id}`), [], change);
  }
});
