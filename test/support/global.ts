import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { openQueue } from '../../src/queue/queue.ts';
import { createDatabase, startEmbeddedPostgres } from '../../src/store/embedded.ts';
import type { EmbeddedPostgres } from '../../src/store/embedded.ts';
import { ensureEventPartitions } from '../../src/store/events.ts';
import { openStore } from '../../src/store/open.ts';
import { openPool, TEMPLATE } from './databasePool.ts';
import { newFolder, removeFolder } from './folder.ts';

/** One real PostgreSQL for the whole run; every test gets a database of its own, copied from a migrated template. */
let server: EmbeddedPostgres | undefined;
let folder: string | undefined;

/** Each test file is a process of its own that loads the same modules: compiled once, they load in less than half the time. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What tests of the dashboard look at. One that is built already is taken as it is: `npm run build` after a change. */
async function buildDashboard(): Promise<void> {
  if (!existsSync(path.join(ROOT, 'web/dist/index.html'))) await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
}

export async function globalSetup(): Promise<void> {
  await buildDashboard();
  process.env['NODE_COMPILE_CACHE'] ??= COMPILED;
  folder = await newFolder();
  server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'data'),
    log: { info: () => undefined, warn: () => undefined },
  });
  await relax(server.connectionString);
  const template = await createDatabase(server.connectionString, TEMPLATE);
  const log = pino({ level: 'silent' });
  const queues: { stop(): Promise<void> }[] = [];
  const store = await openStore(template, log, async (sql) => {
    queues.push(await openQueue(sql, log));
  });
  for (const queue of queues) await queue.stop();
  // As every server does when it starts: it finds them.
  await store.hotTransaction((tx) => ensureEventPartitions(tx.sql, Date.now()));
  await store.close();
  await openPool(server.connectionString);
  process.env['CARILLON_TEST_DATABASE'] = server.connectionString;
}

/** Nothing here outlives the run, so no commit need wait for the disk. What must survive is tested on servers of its own. */
async function relax(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum'])
      await client.query(`ALTER SYSTEM SET ${setting} = off`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}

export async function globalTeardown(): Promise<void> {
  await server?.stop();
  if (folder !== undefined) await removeFolder(folder, path.join(folder, 'data'));
}
