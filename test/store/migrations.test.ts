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
import type { PageRequest } from '../../src/store/pages.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../src/store/scheduleLists.ts';
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

for (const { rule, may, index } of [
  { rule: 'schedules that were there before are listed, but for those that were deleted', may: true, index: ['text_idx'] },
  { rule: 'a search goes without its index where the extension may not be created', may: false, index: [] },
]) {
  test(rule, async (t) => {
    const role = `test_${randomUUID().replaceAll('-', '')}`;
    const stops: (() => Promise<void>)[] = [];
    const owned = await createEmptyDatabase(t, async () => {
      for (const stop of stops) await stop();
    });
    t.after(() => query(testServer(), `DROP ROLE ${role}`));
    const database = new URL(owned).pathname.slice(1);
    await query(owned, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await query(owned, `GRANT CREATE ON DATABASE ${database} TO ${role}`);
    await query(owned, `ALTER SCHEMA public OWNER TO ${role}`);
    const url = Object.assign(new URL(owned), { username: role, password: 'secret' }).href;
    await applyMigrations(url);
    const [listing] = MIGRATIONS.filter((name) => name.endsWith('_schedule_listing')) as [string];
    for (const sql of [
      // As it was before that migration.
      'DROP TABLE schedule_listing',
      'DROP FUNCTION list_schedule CASCADE',
      'DROP EXTENSION pg_trgm',
      `DELETE FROM _prisma_migrations WHERE migration_name = '${listing}'`,
      `INSERT INTO task (id, key, "group", name, kind, http, execution, registered_at, updated_at)
       VALUES ('task_1', 'backup', 'g', 'n', 'HTTP', '{}', '{}', now(), now())`,
      `INSERT INTO schedule (id, name, description, task_id, state, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire, created_at, created_by, updated_at, updated_by, deleted_at)
       SELECT 'sch_' || n, 'nightly', CASE n WHEN 1 THEN 'all of it' END, 'task_1', 'ACTIVE', '{}', 'MANUAL', 'UTC', '{}', 'SKIP', '{}', now(), '{}', now(), '{}', CASE n WHEN 2 THEN now() END
         FROM generate_series(1, 2) n`,
    ])
      await query(url, sql);
    if (!may) await query(owned, `REVOKE CREATE ON DATABASE ${database} FROM ${role}`);
    const store = await openStore(url, log, async () => undefined);
    stops.push(() => store.close());
    assert.deepEqual(await query(url, 'SELECT schedule_id, kind, text FROM schedule_listing'), [
      { schedule_id: 'sch_1', kind: 'MANUAL', text: 'nightly\nall of it' },
    ]);
    const indexes = await query<{ name: string }>(
      url,
      `SELECT indexname AS name FROM pg_indexes WHERE tablename = 'schedule_listing' ORDER BY 1`,
    );
    assert.deepEqual(
      indexes.map(({ name }) => name.replace('schedule_listing_', '')),
      ['created_at_schedule_id_idx', 'kind_idx', 'pkey', 'task_id_idx', ...index, 'updated_at_schedule_id_idx'],
    );
    const request: PageRequest = {
      order: SCHEDULE_ORDERS.CREATED_AT,
      direction: 'ASC',
      size: 5,
      walk: 'FORWARD',
      place: null,
    };
    const { keys } = await pageSchedules(store.prisma, { search: 'BACKUP night' }, request, 0);
    assert.deepEqual(
      keys.map(({ id }) => id),
      ['sch_1'],
    );
  });
}

test('the committed schema says what the newest migration left: there is nothing to draft', async (t) => {
  const url = await createEmptyDatabase(t);
  assert.equal((await draftMigration(url)).trim(), '-- This is an empty migration.');
});
