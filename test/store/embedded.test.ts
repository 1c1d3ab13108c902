import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import {
  createDatabase,
  type EmbeddedLog,
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  startEmbeddedPostgres,
} from '../../src/store/embedded.ts';

const folders: string[] = [];
const servers: EmbeddedPostgres[] = [];

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  for (const folder of folders) {
    const elsewhere = (await readFile(join(folder, '.carillon/postgres-location'), 'utf8').catch(() => '')).trim();
    if (elsewhere !== '') await rm(elsewhere, { recursive: true });
    await rm(folder, { recursive: true });
  }
});

/** Its parent is 0700, as a home directory is: as root the cluster has to lie elsewhere. */
async function newDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-embedded-'));
  folders.push(folder);
  return join(folder, '.carillon');
}

function recorder() {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  const record = (line: string) => {
    lines.push(line);
    for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve(line);
  };
  const said = (pattern: RegExp) => new Promise<string>((resolve) => waiting.push({ pattern, resolve }));
  return { lines, said, log: { info: record, warn: record } };
}

async function start(dataDir: string, log: EmbeddedLog = recorder().log): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log });
  servers.push(server);
  return server;
}

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(server: EmbeddedPostgres): Promise<number> {
  return Number((await readFile(join(server.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Sessions of a server have other command lines. */
async function postmasters(cluster: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(`-D ${cluster} `));
}

/** Another process that starts a server; its first line tells how that ended. */
async function startElsewhere(dataDir: string) {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(import.meta.resolve('../../src/store/embedded.ts'))};
    const log = { info() {}, warn() {} };
    const answer = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log }).then(
      (server) => (process.on('SIGTERM', () => server.stop()), { connectionString: server.connectionString }),
      (error) => ({ code: error.code, message: error.message }),
    );
    console.log(JSON.stringify(answer));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const answer = JSON.parse(line) as { connectionString?: string; code?: string; message?: string };
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await once(child, 'exit');
  };
  return { answer, child, end };
}

test('a first start makes a durable UTF-8 database behind a password that only its user can read', async () => {
  const dataDir = await newDataDir();
  const server = await start(dataDir);
  assert.equal(server.adopted, false);
  const settings = [
    'fsync',
    'full_page_writes',
    'synchronous_commit',
    'server_encoding',
    'listen_addresses',
    'unix_socket_directories',
  ];
  const [row] = await query(
    server.connectionString,
    `SELECT ${settings.map((name) => `current_setting('${name}') AS ${name}`).join()}`,
  );
  assert.deepEqual(Object.values(row ?? {}), ['on', 'on', 'on', 'UTF8', '127.0.0.1', '']);
  assert.equal((await stat(join(dataDir, 'postgres-password'))).mode & 0o777, 0o600);
  const guessed = new URL(server.connectionString);
  guessed.password = 'guessed';
  await assert.rejects(query(guessed.href, 'SELECT 1'), { code: '28P01' });

  const other = await createDatabase(server.connectionString, 'a "strange" name');
  assert.deepEqual(await query(other, 'SELECT current_database() AS name'), [{ name: 'a "strange" name' }]);
  await server.stop();
});

test('data survives stop and start, and stop leaves no process', async () => {
  const dataDir = await newDataDir();
  const first = await start(dataDir);
  await query(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
  assert.equal((await postmasters(first.dataDir)).length, 1);
  await Promise.all([first.stop(), first.stop()]);
  assert.deepEqual(await postmasters(first.dataDir), []);

  const second = await start(dataDir);
  assert.deepEqual(await query(second.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await second.stop();
});

test('as root behind closed folders the database lies elsewhere, the start says so, and its loss is not passed over', async () => {
  const dataDir = await newDataDir();
  const { lines, log } = recorder();
  const server = await start(dataDir, log);
  await server.stop();
  if (process.getuid?.() !== 0) {
    assert.equal(server.dataDir, join(dataDir, 'postgres'));
    return;
  }
  assert.match(server.dataDir, /\/carillon\/[0-9a-f]{16}$/);
  assert.ok(lines.some((line) => line.includes(server.dataDir) && line.includes('cannot enter')));
  await rm(server.dataDir, { recursive: true });
  await assert.rejects(start(dataDir), { code: 'INIT_FAILED', message: /which is gone\. Restore it, or delete/ });
  await rm(join(dataDir, 'postgres-location'));
});

describe('one data directory has one owner', { concurrency: 2 }, () => {
  test('a second process on the same data directory is refused and harms nothing', async () => {
    const dataDir = await newDataDir();
    const server = await start(dataDir);
    const second = await startElsewhere(dataDir);
    assert.equal(second.answer.code, 'ALREADY_RUNNING');
    assert.match(second.answer.message ?? '', new RegExp(`${dataDir} \\(process ${process.pid}\\).*DATABASE_URL`));
    assert.equal((await postmasters(server.dataDir)).length, 1);
    assert.deepEqual(await query(server.connectionString, 'SELECT 1 AS alive'), [{ alive: 1 }]);
    await server.stop();
  });

  test('of two processes that start at once on an empty directory, one gets the database and the other is told', async () => {
    const dataDir = await newDataDir();
    const both = await Promise.all([startElsewhere(dataDir), startElsewhere(dataDir)]);
    assert.deepEqual(both.map(({ answer }) => answer.code ?? 'started').toSorted(), ['ALREADY_RUNNING', 'started']);
    const owner = both.find(({ answer }) => answer.connectionString !== undefined);
    assert.deepEqual(await query(owner?.answer.connectionString ?? '', 'SELECT 1 AS alive'), [{ alive: 1 }]);
    await owner?.end('SIGTERM');
    assert.equal(owner?.child.exitCode, 0);
    const server = await start(dataDir);
    assert.equal(server.adopted, false);
    await server.stop();
  });
});

test('after kill -9 the next start takes over the server that was left running', async () => {
  const dataDir = await newDataDir();
  const killed = await startElsewhere(dataDir);
  await query(killed.answer.connectionString ?? '', 'CREATE TABLE kept AS SELECT 42 AS answer');
  await killed.end('SIGKILL');

  const server = await start(dataDir);
  assert.equal(server.adopted, true);
  assert.equal(server.connectionString, killed.answer.connectionString);
  assert.equal((await postmasters(server.dataDir)).length, 1);
  assert.deepEqual(await query(server.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await server.stop();
  assert.deepEqual(await postmasters(server.dataDir), []);
});

test('a server that is killed under a living owner is started again at the same address', async () => {
  const { said, log } = recorder();
  const server = await start(await newDataDir(), log);
  const again = said(/was started again/);
  process.kill(await postmasterPid(server), 'SIGKILL');
  await again;
  assert.deepEqual(await query(server.connectionString, 'SELECT 1 AS alive'), [{ alive: 1 }]);
  await server.stop();
  assert.deepEqual(await postmasters(server.dataDir), []);
});

test('a lost lock is taken again while the server lives', async () => {
  const { said, log } = recorder();
  const server = await start(await newDataDir(), log);
  const pid = await postmasterPid(server);
  const again = said(/is ours again/);
  await query(
    server.connectionString,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'carillon owner%'`,
  );
  await again;
  assert.equal(await postmasterPid(server), pid);
  await server.stop();
  assert.deepEqual(await postmasters(server.dataDir), []);
});

test('a lock file that a crash left behind is overcome', async (t) => {
  const dataDir = await newDataDir();
  const made = await start(dataDir);
  const running = await readFile(join(made.dataDir, 'postmaster.pid'), 'utf8');
  await made.stop();
  const ended = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(ended, 'exit');
  const withPid = (pid: number | undefined) => running.replace(/^\d+/, String(pid));
  const cases = [
    { rule: 'its process is gone', content: withPid(ended.pid) },
    { rule: 'its process id belongs to somebody else by now', content: withPid(process.ppid) },
    { rule: 'it was left empty by a full disk', content: '' },
  ];
  for (const { rule, content } of cases) {
    await t.test(rule, async () => {
      const file = join(made.dataDir, 'postmaster.pid');
      await writeFile(file, content);
      await utimes(file, 0, 0);
      const server = await start(dataDir);
      assert.equal(server.adopted, false);
      assert.deepEqual(await query(server.connectionString, 'SELECT 1 AS alive'), [{ alive: 1 }]);
      await server.stop();
    });
  }
});

test('a deleted password file is replaced, the data stays', async () => {
  const dataDir = await newDataDir();
  const first = await start(dataDir);
  await query(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  await rm(join(dataDir, 'postgres-password'));
  const second = await start(dataDir);
  assert.notEqual(new URL(second.connectionString).password, new URL(first.connectionString).password);
  assert.deepEqual(await query(second.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await second.stop();
});

test('what cannot be started says why and what to do', async (t) => {
  const dataDir = await newDataDir();
  const { dataDir: cluster, stop } = await start(dataDir);
  await stop();
  const refusal = async (): Promise<{ code: string; message: string }> => {
    const error: unknown = await start(dataDir).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof EmbeddedPostgresError);
    return { code: error.code, message: error.message };
  };
  await t.test('a database of another major version', async () => {
    await writeFile(join(cluster, 'PG_VERSION'), '17\n');
    const { code, message } = await refusal();
    assert.equal(code, 'WRONG_VERSION');
    assert.match(message, /made by PostgreSQL 17, and this is PostgreSQL 18.*choose another data directory/);
    await writeFile(join(cluster, 'PG_VERSION'), '18\n');
  });
  await t.test('a data directory that is a file', async () => {
    await assert.rejects(start(join(cluster, 'PG_VERSION')), { code: 'NO_ACCESS', message: /choose another data directory/ });
  });
  await t.test('a broken configuration, with what PostgreSQL said about it', async () => {
    await appendFile(join(cluster, 'postgresql.conf'), 'no_such_setting = 1\n');
    const { code, message } = await refusal();
    assert.equal(code, 'START_FAILED');
    assert.match(message, /unrecognized configuration parameter "no_such_setting"/);
  });
});
