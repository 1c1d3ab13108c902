import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { openQueue } from '../../src/queue/queue.ts';
import { createDatabase } from '../../src/store/embedded.ts';
import { DatabaseTooNewError, MIGRATIONS_DIR, applyMigrations, draftMigration } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/open.ts';
import { query, testServer } from '../support/database.ts';

const MIGRATIONS = readdirSync(MIGRATIONS_DIR, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const log = pino({ level: 'silent' });

/** A database that nothing was ever done to. */
async function createEmptyDatabase(t: TestContext, stopFirst: () => Promise<void> = async () => undefined): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const url = await createDatabase(testServer(), name);
  t.after(async () => {
    await stopFirst();
    await query(testServer(), `DROP DATABASE ${name} WITH (FORCE)`);
  });
  return url;
}
const history = (url: string) =>
  query<{ name: string; steps: number }>(
    url,
    'SELECT migration_name AS name, applied_steps_count AS steps FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
  );

test('an empty database is brought up to date; doing it again applies nothing', async (t) => {
  const url = await createEmptyDatabase(t);
  assert.deepEqual(await applyMigrations(url), MIGRATIONS);
  assert.deepEqual(await applyMigrations(url), []);
  assert.deepEqual(
    (await history(url)).map((row) => row.name),
    MIGRATIONS,
  );
});

test('instances that open one empty database at once all succeed, and it is migrated once', async (t) => {
  const opened: { store: Store; stop: () => Promise<void> }[] = [];
  const url = await createEmptyDatabase(t, async () => {
    for (const { stop } of opened) await stop();
  });
  const open = async () => {
    let stopQueue = async () => undefined as void;
    const store = await openStore(url, log, async (sql) => {
      const queue = await openQueue(sql, log);
      stopQueue = () => queue.stop();
    });
    opened.push({ store, stop: () => stopQueue().then(() => store.close()) });
  };
  const results = await Promise.allSettled([open(), open(), open(), open()]);
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? result.reason : 'opened')),
    Array(4).fill('opened'),
  );
  assert.deepEqual(
    (await history(url)).map((row) => row.name),
    MIGRATIONS,
  );
  const streams = await Promise.all(opened.map(({ store }) => store.sql.query(`SELECT value FROM meta WHERE key = 'stream_id'`)));
  assert.equal(new Set(streams.map((rows) => JSON.stringify(rows))).size, 1);
  assert.deepEqual(await query(url, `SELECT name FROM pgboss.queue WHERE name = 'http'`), [{ name: 'http' }]);
});

test('a database that a newer version has migrated is refused, and left as it is', async (t) => {
  const url = await createEmptyDatabase(t);
  await applyMigrations(url);
  await query(
    url,
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ('1', '', '29990101000000_future', now(), now(), 1)`,
  );
  const before = await history(url);
  const refused = (error: unknown) => error instanceof DatabaseTooNewError && error.message.includes('29990101000000_future');
  await assert.rejects(applyMigrations(url), refused);
  await assert.rejects(
    openStore(url, log, () => assert.fail('the queue must not touch it either')),
    refused,
  );
  assert.deepEqual(await history(url), before);
  // Nothing holds the lock any more: whoever comes next is answered at once.
  await assert.rejects(
    openStore(url, log, async () => undefined),
    refused,
  );
});

test('a database that holds something else is refused, and left as it is', async (t) => {
  const url = await createEmptyDatabase(t);
  await query(url, 'CREATE TABLE run (of_somebody_else int)');
  await assert.rejects(applyMigrations(url), (error) => !(error instanceof DatabaseTooNewError));
  const tables = await query(url, `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
  assert.deepEqual(tables, [{ name: 'run' }]);
});

test('the committed schema says what the newest migration left: there is nothing to draft', async (t) => {
  const url = await createEmptyDatabase(t);
  assert.equal((await draftMigration(url)).trim(), '-- This is an empty migration.');
});
