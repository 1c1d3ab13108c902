import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADMIN_TOKEN } from '../support/carillon.ts';
import { createTestDatabase, query } from '../support/database.ts';
import { clusterOf } from '../support/folder.ts';
import { createHttpTask, createSchedule, triggerSchedule } from '../support/httpSchedule.ts';
import { RUN, VIEWER } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import type { CarillonProcess, Home } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Call } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const CLEAN = { code: 0, signal: null };
const LIMIT = { timeout: 60_000 };
const REFUSED = { code: 1, signal: null };

async function roleOf(carillon: CarillonProcess, token: string): Promise<string | undefined> {
  const { data } = await carillon.ask<{ viewer: { role: string } } | undefined>(VIEWER, {}, token);
  return data?.viewer.role;
}

/** The database has ended in order: its process is gone and its lock file with it. */
async function assertNoDatabase(home: Home): Promise<void> {
  assert.deepEqual(await home.postmasters(), []);
  assert.ok(!(await readdir(await clusterOf(home.dataDir))).includes('postmaster.pid'));
}

/** Names of the tables that hold `text` in any column of any row. */
async function tablesWith(databaseUrl: string, text: string): Promise<string[]> {
  const tables = await query<{ name: string }>(
    databaseUrl,
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await query(databaseUrl, `SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0 LIMIT 1`, [text]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

test('the first start makes an admin token and says it once; the token works ever after', LIMIT, async (t) => {
  const home = await createHome(t);
  // The most talkative log there is must not give a secret away.
  const env = { CARILLON_ADMIN_TOKEN: '', LOG_LEVEL: 'trace' };
  const first = await home.start(env);
  const secret = /^ {2}Admin token {2}(\S+)$/.exec(await first.said(/Admin token/))?.[1] ?? '';
  assert.match(secret, /^car_[\w-]{43}$/);
  assert.equal(first.stdout.find((line) => line.startsWith('  Data'))?.split(/ {2,}/)[2], await clusterOf(home.dataDir));
  assert.equal(await roleOf(first, secret), 'ADMIN');
  assert.equal(await roleOf(first, `${secret}x`), undefined);

  const file = path.join(home.dataDir, 'admin-token');
  assert.ok(first.stdout.join('\n').includes(file));
  assert.equal(await readFile(file, 'utf8'), `${secret}\n`);
  const secretKey = path.join(home.dataDir, 'secret-key');
  assert.equal((await stat(secretKey)).mode & 0o777, 0o600);
  const key = (await readFile(secretKey, 'utf8')).trim();
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const databaseUrl = await home.databaseUrl();
  const hash = createHash('sha256').update(secret).digest('hex');
  assert.deepEqual(await tablesWith(databaseUrl, hash), ['public.api_token']);
  assert.deepEqual(await tablesWith(databaseUrl, secret), []);
  const idle = `application_name = 'carillon' AND state = 'idle' AND pid <> pg_backend_pid()`;
  await query(databaseUrl, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${idle}`);
  assert.ok(!(await first.said(/connection was lost/)).includes('secretKey'), 'the key that cancels the statements of others');
  assert.deepEqual(await first.end('SIGTERM'), CLEAN);

  const second = await home.start(env);
  assert.equal(await roleOf(second, secret), 'ADMIN');
  assert.deepEqual(await second.end('SIGTERM'), CLEAN);
  assert.ok(!second.stdout.join('\n').includes(secret));
  const { password } = new URL(databaseUrl);
  assert.equal((await readFile(secretKey, 'utf8')).trim(), key, 'made once');
  const saidNowhere = [secret, password, key];
  for (const line of [...first.stderr, ...second.stderr]) assert.ok(!saidNowhere.some((text) => line.includes(text)), line);

  const makes = /Making a PostgreSQL database|schema was brought up to date/;
  assert.equal(first.stderr.filter((line) => makes.test(line)).length, 2);
  assert.equal(second.stderr.filter((line) => makes.test(line)).length, 0, 'the second start is warm');
});

const stops = [
  { rule: 'SIGTERM lets a run finish, then ends everything with exit code 0', signal: 'SIGTERM', repeated: 0 },
  { rule: 'Ctrl-C, even when it is pressed again and again, does the same', signal: 'SIGINT', repeated: 3 },
] as const;
for (const { rule, signal, repeated } of stops) {
  test(rule, LIMIT, async (t) => {
    const home = await createHome(t);
    const calls: Call[] = [];
    const url = await startReceiver(t, (call) => calls.push(call));
    // Ctrl-C reaches every process of the terminal's group, so the signal goes to the group here.
    const carillon = await home.start({}, { ownGroup: true });
    await createHttpTask(carillon, 'slow', url);
    await createSchedule(carillon, 'slow', 'by hand');
    const runId = await triggerSchedule(carillon, 'by hand');
    const call = await until(() => calls[0]);

    process.kill(-carillon.pid, signal);
    const databaseUrl = await home.databaseUrl();
    await until(async () => (await query(databaseUrl, `SELECT 1 FROM worker WHERE state = 'DRAINING'`)).length > 0);
    for (let time = 0; time < repeated; time += 1) process.kill(-carillon.pid, signal);
    call.answer('done in spite of the stop');
    assert.deepEqual(await carillon.exited, CLEAN);
    assert.equal(carillon.stderr.filter((line) => line.includes('"stopping"')).length, 1);
    assert.deepEqual(
      carillon.stderr.filter((line) => /"level":"(warn|error|fatal)"/.test(line)),
      [],
      'a stop in order is no fault',
    );
    await assertNoDatabase(home);

    const next = await home.start();
    const { data } = await next.ask<{ run: { state: string; attempt: number; output: { body: unknown } } }>(RUN, { id: runId });
    assert.deepEqual([data.run.state, data.run.attempt, data.run.output.body], ['SUCCEEDED', 1, 'done in spite of the stop']);
    assert.equal(calls.length, 1);
  });
}

test('a worker that cannot say that it stops lets its run finish all the same', LIMIT, async (t) => {
  const calls: Call[] = [];
  const url = await startReceiver(t, (call) => calls.push(call));
  const home = await createHome(t);
  const databaseUrl = await createTestDatabase(t, () => home.close());
  const carillon = await home.start({ DATABASE_URL: databaseUrl });
  await createHttpTask(carillon, 'slow', url);
  await createSchedule(carillon, 'slow', 'by hand');
  const runId = await triggerSchedule(carillon, 'by hand');
  const call = await until(() => calls[0]);

  await query(databaseUrl, 'ALTER TABLE worker RENAME TO worker_out_of_reach');
  const exited = carillon.end('SIGTERM');
  await carillon.said(/could not say that it stops/);
  call.answer('done');
  assert.deepEqual(await exited, CLEAN);
  assert.deepEqual(await query(databaseUrl, 'SELECT state FROM run WHERE id = $1', [runId]), [{ state: 'SUCCEEDED' }]);
});

test('a signal that comes during the start is obeyed when the start is through', LIMIT, async (t) => {
  const home = await createHome(t);
  const child = home.launch();
  await child.said(/Making a PostgreSQL database/);
  assert.deepEqual(await child.end('SIGTERM'), CLEAN);
  await assertNoDatabase(home);
});

test('a second start on the same data directory is refused by name and harms nothing', LIMIT, async (t) => {
  const home = await createHome(t);
  const first = await home.start();
  const second = home.launch();
  assert.deepEqual(await second.exited, REFUSED);
  const said = second.stderr.join('\n');
  assert.ok(said.includes(`already running on the data directory ${home.dataDir} (process ${first.pid})`), said);
  assert.deepEqual(second.stdout, []);

  assert.equal(await roleOf(first, ADMIN_TOKEN), 'ADMIN');
  assert.equal((await home.postmasters()).length, 1);
  assert.deepEqual(await first.end('SIGTERM'), CLEAN);
  await assertNoDatabase(home);
});

test('instances that start at the same moment on an empty database of your own all get ready', LIMIT, async (t) => {
  const home = await createHome(t);
  const databaseUrl = await createTestDatabase(t, () => home.close());
  // As empty as a database is that somebody has just made.
  for (const schema of ['public', 'event_partition', 'pgboss']) await query(databaseUrl, `DROP SCHEMA ${schema} CASCADE`);
  await query(databaseUrl, 'CREATE SCHEMA public');
  const instances = await Promise.all([1, 2, 3].map(() => home.start({ DATABASE_URL: databaseUrl })));
  for (const instance of instances) {
    assert.equal(await roleOf(instance, ADMIN_TOKEN), 'ADMIN');
    assert.ok(!instance.stdout.join('\n').includes(databaseUrl));
  }
  assert.deepEqual(await query(databaseUrl, 'SELECT count(*)::int AS count FROM api_token'), [{ count: 1 }]);
  assert.deepEqual(await Promise.all(instances.map((instance) => instance.end('SIGTERM'))), [CLEAN, CLEAN, CLEAN]);
  assert.deepEqual(await home.postmasters(), []);
});

test(
  'what only its use shows to be wrong is named like any bad setting; the token is told by the first start that succeeds',
  LIMIT,
  async (t) => {
    const home = await createHome(t);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const own = { CARILLON_ADMIN_TOKEN: '' };
    const refused = async (env: Record<string, string>, says: RegExp) => {
      const child = home.launch({ ...own, ...env });
      assert.deepEqual(await child.exited, REFUSED);
      const told = child.stderr.filter((line) => !line.startsWith('{')).join('\n');
      assert.match(told, says);
      assert.doesNotMatch(told, /\n +at |hunter2/);
      assert.deepEqual(child.stdout, []);
    };
    await refused(
      { PORT: String(port) },
      new RegExp(`- PORT is ${port}, which is taken on 127\\.0\\.0\\.1\\. Stop what listens there`),
    );
    await refused({ HOST: '192.0.2.1' }, /- HOST is 192\.0\.2\.1, which is no address of this machine/);
    await refused({ HOST: 'nowhere.invalid' }, /- HOST is nowhere\.invalid, a name that has no address/);
    await refused(
      { DATABASE_URL: 'postgres://root:hunter2@127.0.0.1:1/db' },
      /- DATABASE_URL names 127\.0\.0\.1:\d+\/db, a database that cannot be used: /,
    );
    // What listens on this port takes connections and says nothing.
    await refused({ DATABASE_URL: `postgres://root:hunter2@127.0.0.1:${port}/db` }, /- DATABASE_URL names .*: timeout expired/);
    assert.deepEqual(await readdir(path.dirname(home.dataDir)), [], 'nothing was made');
    const file = fileURLToPath(import.meta.url);
    await refused({ CARILLON_TASKS: file }, /- CARILLON_TASKS is \S+process\.test\.ts, which is no folder/);
    await assertNoDatabase(home);
    const carillon = await home.start(own);
    assert.ok(
      carillon.stdout.some((line) => /^ {2}Admin token {2}car_/.test(line)),
      carillon.stdout.join('\n'),
    );
  },
);

test(
  'every bad environment variable is named at once, secrets without their values, and nothing is started',
  LIMIT,
  async (t) => {
    const home = await createHome(t);
    const bad = {
      PORT: '65536',
      HOST: 'all of them',
      CARILLON_HTTP_ALLOW_PRIVATE: 'perhaps',
      CARILLON_RATE_LIMIT: '0',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
    };
    const secret = { DATABASE_URL: 'mysql://root:hunter2@localhost/db', CARILLON_ADMIN_TOKEN: 'hunter2' };
    const child = home.launch({ ...bad, ...secret });
    assert.deepEqual(await child.exited, REFUSED);
    const said = child.stderr.join('\n');
    for (const [name, value] of Object.entries(bad)) assert.ok(said.includes(`${name}="${value}" is not allowed`), said);
    for (const name of Object.keys(secret)) assert.ok(said.includes(`${name} is not allowed`), said);
    assert.ok(!said.includes('hunter2'), said);
    assert.ok(!said.includes('    at '), 'no stack trace');
    await assert.rejects(stat(home.dataDir), { code: 'ENOENT' });
  },
);
