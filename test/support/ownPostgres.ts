import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createDatabase } from '../../src/store/embedded.ts';
import { ROLE, prepareCluster } from '../../src/store/embedded/cluster.ts';
import { choosePlace } from '../../src/store/embedded/place.ts';
import { startServer } from '../../src/store/embedded/server.ts';
import type { Hooks } from './database.ts';
import { newFolder, removeFolder } from './folder.ts';

/** A PostgreSQL that nobody watches over: it stays away until the test brings it back, at the same address. */
export interface OwnPostgres {
  /** Of an empty database. */
  databaseUrl: string;
  /** Immediate shutdown, as in a crash: settles when the process is gone. */
  stop(): Promise<void>;
  /** Settles when it accepts connections again. */
  start(): Promise<void>;
  /** Its processes stand still: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
}

/** @param stopFirst  stops what works on it; hooks run in the order of their registration, so this one must do both */
export async function startOwnPostgres(t: Hooks, stopFirst: () => Promise<void>): Promise<OwnPostgres> {
  const folder = await newFolder();
  const dataDir = path.join(folder, 'data');
  const log = { info: () => undefined, warn: () => undefined };
  const place = await choosePlace(dataDir, log);
  const password = await prepareCluster(place, log);
  const port = await freePort();
  let child: ChildProcess | undefined;
  const server: OwnPostgres = {
    databaseUrl: '',
    async start() {
      const started = await startServer(place, port, undefined);
      if (started.kind !== 'ready') throw new Error(`PostgreSQL is ${started.kind}`);
      child = started.child;
    },
    async stop() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.ref();
      child.kill('SIGQUIT');
      await gone;
    },
    freeze: () => signalAll(child, 'SIGSTOP'),
    thaw: () => signalAll(child, 'SIGCONT'),
  };
  t.after(async () => {
    await stopFirst();
    server.thaw();
    await server.stop();
    await removeFolder(folder, dataDir);
  });
  await server.start();
  server.databaseUrl = await createDatabase(
    `postgres://${ROLE}:${password}@127.0.0.1:${port}/postgres?sslmode=disable`,
    'carillon',
  );
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The first process and its sessions, in this order: no session is started in between. */
function signalAll(child: ChildProcess | undefined, signal: 'SIGSTOP' | 'SIGCONT'): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const rows = execFileSync('ps', ['-eo', 'pid,ppid'], { encoding: 'utf8' }).trim().split('\n').slice(1);
  for (const row of rows) {
    const [pid, parent] = row.trim().split(/ +/).map(Number) as [number, number];
    if (parent === child.pid) process.kill(pid, signal);
  }
}
