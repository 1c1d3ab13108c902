import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ROLE } from './cluster.ts';
import { codeOf, EmbeddedPostgresError, USE_OWN_POSTGRES } from './error.ts';
import { type PidFile, type ProcessKind, processKind, readPidFile } from './pidfile.ts';
import { passwordFile, type Place } from './place.ts';
import { stopPostmaster } from './server.ts';

/**
 * Whoever holds this advisory lock (in the database `postgres`, on a connection of its own) owns the server. It tells a
 * server that somebody uses from one whose process was killed. The bytes spell "carillon".
 */
const OWNER_LOCK = '7161130679611977582';

/** The sessions of a killed process may take a moment to notice that it is gone. */
const HELD_LIMIT_MS = 3_000;
/** A server that does not answer may belong to somebody whose machine is overloaded. */
const SILENT_LIMIT_MS = 10_000;
/** A server may be starting, recovering or stopping on behalf of somebody else. */
const BUSY_LIMIT_MS = 60_000;
const POLL_MS = 10;

export interface Ownership {
  readonly pid: number;
  readonly port: number;
  /** holds the lock for as long as it is connected */
  readonly client: pg.Client;
}

/** Nobody serves the cluster. `ignoredPid`: the process in postmaster.pid that is alive or a zombie, but no server. */
interface Unserved {
  readonly ignoredPid: number | undefined;
}

/**
 * Takes possession of the server that runs on the cluster, if any. One that runs but does not answer is stopped.
 * @throws EmbeddedPostgresError ALREADY_RUNNING when somebody else keeps it; START_FAILED when it can neither be used nor stopped
 */
export async function takeOwnership(place: Place, password: string): Promise<Ownership | Unserved> {
  let last: Answer['kind'] | undefined;
  let since = 0;
  for (;;) {
    const file = await readPidFile(place.cluster);
    const kind: ProcessKind = file === undefined ? 'gone' : await processKind(file.pid, place.cluster);
    if (file === undefined || kind === 'gone') return { ignoredPid: undefined };
    if (kind !== 'postmaster') return { ignoredPid: file.pid };

    const answer = await ask(file, password, place.cluster);
    if (answer.kind !== last) since = performance.now();
    last = answer.kind;
    const waitedMs = performance.now() - since;
    switch (answer.kind) {
      case 'owned':
        return { pid: file.pid, port: file.port, client: answer.client };
      case 'foreign':
        return { ignoredPid: file.pid };
      case 'refused':
        throw refused(place, file.pid);
      case 'held':
        if (waitedMs > HELD_LIMIT_MS) throw alreadyRunning(place, file, answer.holder);
        break;
      case 'busy':
        if (waitedMs > BUSY_LIMIT_MS) throw stuck(place, file.pid);
        break;
      case 'silent':
        if (waitedMs > SILENT_LIMIT_MS) await stopPostmaster({ pid: file.pid, cluster: place.cluster, binaries: place.binaries });
        break;
      default:
        answer satisfies never;
    }
    await delay(POLL_MS);
  }
}

/** @returns a client that is not connected yet and outlives the loss of its connection */
function connection(port: number, password: string, database: string): pg.Client {
  const address = { host: '127.0.0.1', port, user: ROLE, password, database, ssl: false };
  const client = new pg.Client({
    ...address,
    connectionTimeoutMillis: 1_000,
    application_name: `carillon owner, process ${process.pid}`,
  });
  // Without a listener a lost connection would end the process. What follows from it is decided on 'end'.
  client.on('error', () => undefined);
  return client;
}

type Answer =
  | { readonly kind: 'owned'; readonly client: pg.Client }
  | { readonly kind: 'held'; readonly holder: string | undefined }
  | { readonly kind: 'busy' | 'foreign' | 'refused' | 'silent' };

/** Connects and tries to take the lock, once. */
async function ask({ port, status }: PidFile, password: string, cluster: string): Promise<Answer> {
  if (!(port > 0)) return { kind: 'busy' };
  const client = connection(port, password, 'postgres');
  try {
    await client.connect();
    const answer = await tryLock(client, cluster);
    if (answer.kind !== 'owned') await client.end();
    return answer;
  } catch (error) {
    await client.end().catch(() => undefined);
    switch (codeOf(error)) {
      case '28P01': // invalid_password
        return { kind: 'refused' };
      case '53300': // too_many_connections: even the reserved ones are taken, so somebody is at work
        return { kind: 'held', holder: undefined };
      case '57P03': // cannot_connect_now: starting, recovering or shutting down
        return { kind: 'busy' };
      default:
        return { kind: status === 'ready' ? 'silent' : 'busy' };
    }
  }
}

async function tryLock(client: pg.Client, cluster: string): Promise<Answer> {
  const { rows } = await client.query<{ directory: string; owned: boolean }>(
    "/* takeOwnership */ SELECT current_setting('data_directory') AS directory, pg_try_advisory_lock($1) AS owned",
    [OWNER_LOCK],
  );
  const [row] = rows;
  // In a copied data directory postmaster.pid leads to the server of the original, which knows the same password.
  if (row === undefined || (await realpath(row.directory)) !== (await realpath(cluster))) return { kind: 'foreign' };
  if (row.owned) return { kind: 'owned', client };
  const holders = await client.query<{ application_name: string }>(
    `/* ownerName */ SELECT application_name FROM pg_stat_activity WHERE pid IN (
       SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = $1)`,
    [OWNER_LOCK],
  );
  return { kind: 'held', holder: holders.rows[0]?.application_name };
}

function alreadyRunning(place: Place, { pid, port }: PidFile, holder: string | undefined): EmbeddedPostgresError {
  const who = holder?.match(/process \d+$/)?.[0];
  const message =
    `Carillon is already running on the data directory ${place.dataDir}${who === undefined ? '' : ` (${who})`}; its PostgreSQL is process ` +
    `${pid} on port ${port}. Use that one, stop it first, or give this one a data directory of its own. To run several instances on ` +
    `one database, ${USE_OWN_POSTGRES}.`;
  return new EmbeddedPostgresError('ALREADY_RUNNING', message);
}

function refused(place: Place, pid: number): EmbeddedPostgresError {
  const file = passwordFile(place.dataDir);
  const message =
    `PostgreSQL (process ${pid}) in ${place.cluster} does not accept the password in ${file}. Restore that file; ` +
    'or end the process and delete the file, then the next start sets a new password.';
  return new EmbeddedPostgresError('START_FAILED', message);
}

function stuck(place: Place, pid: number): EmbeddedPostgresError {
  const message =
    `PostgreSQL (process ${pid}) in ${place.cluster} has been starting or stopping for ${BUSY_LIMIT_MS / 1000} s. ` +
    'Wait until it has finished and start again, or end that process.';
  return new EmbeddedPostgresError('START_FAILED', message);
}
