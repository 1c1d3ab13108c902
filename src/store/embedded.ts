import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { prepareCluster, ROLE } from './embedded/cluster.ts';
import { EmbeddedPostgresError, fileFailure } from './embedded/error.ts';
import { type Ownership, takeOwnership } from './embedded/owner.ts';
import { readPidFile, removeEmptyPidFile } from './embedded/pidfile.ts';
import { choosePlace, type Place } from './embedded/place.ts';
import { startServer, stopPostmaster } from './embedded/server.ts';

export { EmbeddedPostgresError };

/** Where the supervisor says what it does; messages carry no secrets. */
export interface EmbeddedLog {
  info(message: string): void;
  warn(message: string): void;
}

/** A PostgreSQL server that this process owns. */
export interface EmbeddedPostgres {
  /** of the database `carillon`, with the password: never log it */
  readonly connectionString: string;
  /** where PostgreSQL's own directory really lies: `<dataDir>/postgres` unless the server's user cannot get there */
  readonly dataDir: string;
  /** true when the server of a killed process was taken over */
  readonly adopted: boolean;
  /**
   * Ends all sessions and the server; settles when its process is gone. Further calls return the same promise. A server
   * that somebody else has taken over meanwhile is left alone.
   * @throws EmbeddedPostgresError START_FAILED when the process does not end
   */
  stop(): Promise<void>;
}

/** The database that everything lives in. */
const DATABASE = 'carillon';
/** Where dead processes are not collected at once, their lock file stands in the way for a second or two. */
const BLOCKED_LIMIT_MS = 10_000;
const REPAIR_ATTEMPTS = 30;

interface Running extends Ownership {
  /** undefined for a server that another process has started */
  readonly child: ChildProcess | undefined;
}

/**
 * Starts the PostgreSQL that comes with the package, making its database first if there is none, or takes over the one
 * that a killed process has left running. While it runs, it is owned by this process: a server that dies is started
 * again on the same port.
 * @param options.dataDir  absolute; created when missing
 * @throws EmbeddedPostgresError with a message for the user: what is wrong and what to do
 */
export async function startEmbeddedPostgres(options: { dataDir: string; log: EmbeddedLog }): Promise<EmbeddedPostgres> {
  const { log } = options;
  try {
    const place = await choosePlace(options.dataDir, log);
    const password = await prepareCluster(place, log);
    const running = await bringUp(place, password, undefined);
    const adopted = running.child === undefined;
    if (adopted) log.info(`Took over PostgreSQL (process ${running.pid}), which a process that was killed had left running.`);
    const stop = supervise(place, password, running, log);
    await ensureDatabase(running.client).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    const connectionString = `postgres://${ROLE}:${password}@127.0.0.1:${running.port}/${DATABASE}?sslmode=disable`;
    return { connectionString, dataDir: place.cluster, adopted, stop };
  } catch (error) {
    throw fileFailure(error, options.dataDir);
  }
}

/**
 * Makes an empty database on a running server; whoever makes it drops it.
 * @param connectionString  of any database on that server, with a role that may create databases
 * @param name  free of characters that mean something in a URL (/ ? #)
 * @returns the connection string of the new database
 * @throws pg.DatabaseError 42P04 when it exists
 */
export async function createDatabase(connectionString: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(`/* createDatabase */ CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(connectionString);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

/**
 * Starts servers until one is ours. Two processes that do this at the same moment need no lock of their own: PostgreSQL
 * admits one server to a cluster, and that server gives the owner's lock to one of them.
 */
async function bringUp(place: Place, password: string, fixedPort: number | undefined): Promise<Running> {
  const limit = performance.now() + BLOCKED_LIMIT_MS;
  let child: ChildProcess | undefined;
  for (;;) {
    const found = await takeOwnership(place, password);
    if ('client' in found) return { ...found, child: child?.pid === found.pid ? child : undefined };
    const port = fixedPort ?? (await freePort());
    const started = await startServer(place, port, found.ignoredPid);
    if (started.kind === 'ready') {
      child = started.child;
      continue;
    }
    if (performance.now() > limit) throw await blocked(place, started.kind, port);
    await removeEmptyPidFile(place.cluster);
    await delay(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

async function blocked(place: Place, kind: 'locked' | 'port-taken', port: number): Promise<EmbeddedPostgresError> {
  const pid = (await readPidFile(place.cluster))?.pid;
  const message =
    kind === 'port-taken'
      ? `PostgreSQL cannot listen on 127.0.0.1:${port}: the port is taken. Find out by what, and start again.`
      : `PostgreSQL does not start in ${place.cluster}: another one still uses it, process ${pid ?? '(unknown)'} by its lock file. ` +
        `End that one (it may run in another container); if there is none, delete ${place.cluster}/postmaster.pid. Then start again.`;
  return new EmbeddedPostgresError('START_FAILED', message);
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('/* databaseExists */ SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`/* createDatabase */ CREATE DATABASE ${DATABASE}`);
}

/** Keeps the server ours until it is stopped. @returns what stops it */
function supervise(place: Place, password: string, first: Running, log: EmbeddedLog): () => Promise<void> {
  let running = first;
  let owned = true;
  let repair = Promise.resolve();
  let stopped: Promise<void> | undefined;

  const watch = (): void => {
    owned = true;
    running.client.once('end', () => {
      owned = false;
      if (stopped === undefined) repair = retake();
    });
  };
  const retake = async (): Promise<void> => {
    log.warn(`The connection that keeps PostgreSQL (process ${running.pid}) ours was lost.`);
    for (let attempt = 1; attempt <= REPAIR_ATTEMPTS && stopped === undefined; attempt += 1) {
      try {
        const { pid, child } = running;
        const again = await bringUp(place, password, running.port);
        running = again.pid === pid ? { ...again, child } : again;
        watch();
        log.warn(
          again.pid === pid ? 'PostgreSQL is ours again.' : `PostgreSQL had ended and was started again (process ${again.pid}).`,
        );
        return;
      } catch (error) {
        log.warn(error instanceof Error ? error.message : String(error));
        if (error instanceof EmbeddedPostgresError && error.code === 'ALREADY_RUNNING') return;
        await delay(Math.min(100 * attempt, 2_000));
      }
    }
  };
  const stop = async (): Promise<void> => {
    await repair;
    if (!owned) {
      const found = await takeOwnership(place, password).catch((error: unknown) => log.warn(String(error)));
      if (found === undefined || !('client' in found)) return;
      running = found.pid === running.pid ? { ...running, ...found } : { ...found, child: undefined };
    }
    // The lock is held until the server itself ends our session. From the signal on it admits nobody, so no other
    // process can take over a server that is about to go.
    const file = await readPidFile(place.cluster);
    if (file?.pid === running.pid) await stopPostmaster({ ...running, cluster: place.cluster, binaries: place.binaries });
    await running.client.end();
  };
  watch();
  return () => (stopped ??= stop());
}
