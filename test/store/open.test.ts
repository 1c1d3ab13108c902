import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Signal } from '../../src/store/signals.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/open.ts';
import { openParts } from '../support/parts.ts';
import { until } from '../support/until.ts';

const ALL: Signal[] = ['schedules', 'jobs', 'events'];

/** The signals a store raises, in order. */
function heard(store: Store): Signal[] {
  const signals: Signal[] = [];
  for (const signal of ALL) store.signals.on(signal, () => signals.push(signal));
  return signals;
}
const note = (key: string) => `INSERT INTO meta (key, value) VALUES ('${key}', '')`;
const notes = async ({ sql }: Store) =>
  (await sql.query<{ key: string }>(`SELECT key FROM meta WHERE key <> 'stream_id' ORDER BY 1`)).map((row) => row.key);

for (const kind of ['transaction', 'hotTransaction'] as const) {
  test(`${kind}: others are woken after the commit, here at once and elsewhere by one notification`, async (t) => {
    const parts = await openParts(t);
    const other = await parts.another();
    const here = heard(parts.store);
    const elsewhere = heard(other.store);
    const seen = new Promise((resolve) => other.store.signals.on('jobs', () => resolve(notes(other.store))));
    await parts.store[kind](async (tx) => {
      tx.signal('events', 'jobs');
      await tx.sql.query(note('a'));
      tx.signal('events');
      assert.deepEqual(here, []);
    });
    assert.deepEqual(here, ['events', 'jobs']);
    assert.deepEqual(await seen, ['a']);
    assert.deepEqual(elsewhere.toSorted(), ['events', 'jobs']);
    assert.deepEqual(here, ['events', 'jobs'], 'its own notification wakes nobody a second time');
  });

  test(`${kind}: what throws is undone and wakes nobody`, async (t) => {
    const parts = await openParts(t);
    const here = heard(parts.store);
    const failed = parts.store[kind](async (tx) => {
      tx.signal('events');
      await tx.sql.query(note('a'));
      throw new Error('undone');
    });
    await assert.rejects(failed, /undone/);
    assert.deepEqual(await notes(parts.store), []);
    assert.deepEqual(here, []);
  });

  test(`${kind}: a commit that the database refuses wakes nobody`, async (t) => {
    const parts = await openParts(t);
    const here = heard(parts.store);
    await parts.store.sql.query('CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    const failed = parts.store[kind](async (tx) => {
      tx.signal('events');
      await tx.sql.query('INSERT INTO late VALUES (1), (1)');
    });
    await assert.rejects(failed);
    assert.deepEqual(here, []);
  });

  test(`${kind}: a connection that died is not handed to the next one`, async (t) => {
    const parts = await openParts(t);
    for (let count = 0; count < 5; count += 1) {
      await assert.rejects(parts.store[kind](({ sql }) => sql.query('SELECT pg_terminate_backend(pg_backend_pid())')));
      await parts.store[kind](({ sql }) => sql.query(note(`n${count}`)));
    }
    assert.equal((await notes(parts.store)).length, 5);
  });
}

test('when the connection for notifications is back, everything is raised: what was missed is not known', async (t) => {
  const parts = await openParts(t);
  const other = await parts.another();
  const here = heard(parts.store);
  const listeners = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'carillon listen'`;
  await parts.store.sql.query(`SELECT pg_terminate_backend(pid) FROM (${listeners}) l`);
  await until(() => here.length === ALL.length);
  assert.deepEqual(here.toSorted(), ALL.toSorted());
  await until(async () => (await parts.store.sql.query(listeners)).length === 2);
  const raised = new Promise<void>((resolve) => parts.store.signals.on('jobs', resolve));
  await until(() => other.logged.length > 0);
  await other.store.hotTransaction(async (tx) => tx.signal('jobs'));
  await raised;
});

test('a listener that is taken away hears nothing more', async (t) => {
  const { store } = await openParts(t);
  let count = 0;
  const stop = store.signals.on('jobs', () => (count += 1));
  store.signals.raise(['jobs']);
  stop();
  store.signals.raise(['jobs', 'events']);
  assert.equal(count, 1);
});

test('close() ends every connection', async (t) => {
  const parts = await openParts(t);
  const store = await openStore(parts.databaseUrl, parts.log, async () => undefined);
  await Promise.all([store.sql.query('SELECT 1'), store.prisma.meta.findFirst()]);
  await store.close();
  const connections = () =>
    parts.store.sql.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'carillon listen'`,
    );
  await until(async () => (await connections()).length === 1);
  await assert.rejects(store.sql.query('SELECT 1'));
});
