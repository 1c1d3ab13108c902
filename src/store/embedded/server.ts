import { type ChildProcess, execFile } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Binaries, program } from './binaries.ts';
import { EmbeddedPostgresError, programFailure } from './error.ts';
import { processKind, readPidFile } from './pidfile.ts';
import type { Place } from './place.ts';
import { launch, launchFailure } from './program.ts';

/** The first process of a server. */
interface Postmaster {
  readonly pid: number;
  readonly cluster: string;
  readonly binaries: Binaries;
  /** known when this process started it */
  readonly child?: ChildProcess | undefined;
}

/** `locked`: postmaster.pid or the memory of an earlier server stands in the way; `port-taken`: choose another one. */
type Started = { readonly kind: 'ready'; readonly child: ChildProcess } | { readonly kind: 'locked' | 'port-taken' };

const POLL_MS = 5;
/** Replaying what an unclean stop left over takes as long as writing it did: minutes at most. */
const RECOVERY_LIMIT_MS = 120_000;
const LOG_LIMIT_BYTES = 10_000_000;

/**
 * Starts a server and waits until it accepts connections.
 * @param ignoredPid  a process that postmaster.pid names and that is certainly no server any more
 * @throws EmbeddedPostgresError START_FAILED, DISK_FULL or NO_BINARIES
 */
export async function startServer(place: Place, port: number, ignoredPid: number | undefined): Promise<Started> {
  const logFile = join(place.dataDir, 'postgres.log');
  if (((await stat(logFile).catch(() => undefined))?.size ?? 0) > LOG_LIMIT_BYTES) await rename(logFile, `${logFile}.1`);
  const log = await open(logFile, 'a', 0o600);
  try {
    const before = (await log.stat()).size;
    const child = launch(place, 'postgres', flags(place.cluster, port), ['ignore', log.fd, log.fd], ignoredPid);
    let launchError: Error | undefined;
    child.once('error', (error) => (launchError = error));
    child.unref();
    const limit = performance.now() + RECOVERY_LIMIT_MS;
    for (;;) {
      if (launchError !== undefined) throw launchFailure(launchError, place);
      if (hasEnded(child)) return explain(place, (await readFile(logFile)).subarray(before).toString());
      const written = await readPidFile(place.cluster);
      if (written?.pid === child.pid && written?.status === 'ready') return { kind: 'ready', child };
      if (performance.now() > limit) {
        child.kill('SIGINT');
        const what = `PostgreSQL in ${place.cluster} was not ready after ${RECOVERY_LIMIT_MS / 1000} s. Look into ${logFile}, then try again`;
        throw programFailure('START_FAILED', what, place.dataDir, (await readFile(logFile)).subarray(before).toString());
      }
      await delay(POLL_MS);
    }
  } finally {
    await log.close();
  }
}

function flags(cluster: string, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    // Three processes less than the default; this server is small and local.
    io_method: 'sync',
    // PostgreSQL's own default. Pages of it that nothing was ever read into take no memory.
    shared_buffers: '128MB',
    // Queue tables turn over fast: vacuum must follow.
    autovacuum_naptime: '5s',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  };
  return ['-D', cluster, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Tells from the log of an attempt that ended at once whether another attempt makes sense. */
function explain(place: Place, output: string): Started {
  if (/lock file ".*" (already exists|is empty)|pre-existing shared memory block/.test(output)) return { kind: 'locked' };
  if (/could not create any TCP\/IP sockets/.test(output)) return { kind: 'port-taken' };
  throw programFailure('START_FAILED', `PostgreSQL in ${place.cluster} did not start`, place.dataDir, output);
}

/**
 * Fast shutdown: sessions are ended, everything is written, and if that takes longer than 10 s, the server is stopped
 * without its final checkpoint, which loses nothing. Settles when the process is gone.
 * @throws EmbeddedPostgresError START_FAILED when it cannot be stopped
 */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    if (!(await isRunning(postmaster))) return;
    await send(signal, postmaster);
    const limit = performance.now() + limitMs;
    while (performance.now() < limit) {
      if (!(await isRunning(postmaster))) return;
      await delay(POLL_MS);
    }
  }
  const message = `PostgreSQL (process ${postmaster.pid}) in ${postmaster.cluster} does not stop. End that process, then start again.`;
  throw new EmbeddedPostgresError('START_FAILED', message);
}

async function isRunning({ child, pid, cluster }: Postmaster): Promise<boolean> {
  return child === undefined ? (await processKind(pid, cluster)) === 'postmaster' : !hasEnded(child);
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function send(signal: 'SIGINT' | 'SIGQUIT', { pid, binaries }: Postmaster): Promise<void> {
  if (process.platform === 'win32') {
    // There Node would end the process without further ado; PostgreSQL listens for signals on a pipe of its own.
    await promisify(execFile)(program(binaries, 'pg_ctl'), ['kill', signal.slice('SIG'.length), String(pid)]).catch(
      () => undefined,
    );
    return;
  }
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile, or not ours to signal: whoever waits for its end finds out.
  }
}
