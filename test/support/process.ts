import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ADMIN_TOKEN, createClient } from './carillon.ts';
import type { Client } from './carillon.ts';
import type { Hooks } from './database.ts';
import { clusterOf, newFolder, removeFolder } from './folder.ts';
import { until } from './until.ts';

const SAID_LIMIT_MS = 20_000;
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** What the environment of whoever runs the tests must not decide. */
const OWN = /^(CARILLON_|NODE_|PG|PORT$|HOST$|DATABASE_URL$|LOG_LEVEL$)/;

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that runs src/main.ts, ready or not. */
export interface Launched {
  readonly pid: number;
  /** Lines so far: for people. */
  readonly stdout: readonly string[];
  /** Lines so far: the log. */
  readonly stderr: readonly string[];
  /** Settles with the first line of either that matches. @throws Error when the process ends without it, or 20 s (or the limit) pass */
  said(pattern: RegExp, limitMs?: number): Promise<string>;
  readonly exited: Promise<Exit>;
  /** Sends a signal and settles when the process is gone. */
  end(signal: NodeJS.Signals): Promise<Exit>;
}
/** A process that has said that it is ready. */
export interface CarillonProcess extends Launched, Client {}

/** A data directory and the processes that are started on it; nothing of either is left when the test ends. */
export interface Home {
  readonly dataDir: string;
  /** @param env  over the defaults: a free port, ADMIN_TOKEN, private addresses allowed; an empty text unsets one */
  launch(env?: Record<string, string>, options?: { ownGroup?: boolean; program?: string }): Launched;
  /** Launches and waits until it is ready. */
  start(env?: Record<string, string>, options?: { ownGroup?: boolean }): Promise<CarillonProcess>;
  /** Of the database `carillon` on the embedded PostgreSQL that runs here. */
  databaseUrl(): Promise<string>;
  /** Process ids of the PostgreSQL servers that run here: one, or none. */
  postmasters(): Promise<number[]>;
  /** For hooks that must come after it; the test's own does it again without harm. */
  close(): Promise<void>;
}

export async function createHome(t: Hooks): Promise<Home> {
  const folder = await newFolder();
  const dataDir = path.join(folder, 'data');
  const launched: Launched[] = [];
  const defaults = {
    PORT: '0',
    CARILLON_DATA: dataDir,
    CARILLON_ADMIN_TOKEN: ADMIN_TOKEN,
    CARILLON_HTTP_ALLOW_PRIVATE: 'true',
    CARILLON_RATE_LIMIT: 'off',
    // No task but those that a test makes.
    CARILLON_KEEP_RUNS: 'forever',
    CARILLON_KEEP_EVENTS: 'forever',
    CARILLON_KEEP_LEDGER: 'forever',
  };
  const home: Home = {
    dataDir,
    launch(env, { ownGroup = false, program = MAIN } = {}) {
      const inherited = Object.entries(process.env).filter(([name]) => !OWN.test(name));
      const options = { cwd: folder, env: { ...Object.fromEntries(inherited), ...defaults, ...env }, detached: ownGroup };
      const child = follow(spawn(process.execPath, [program], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
      launched.push(child);
      return child;
    },
    async start(env, options) {
      const child = home.launch(env, options);
      await child.said(/^Carillon .* is ready\.$/);
      const line = await child.said(/^ {2}GraphQL/);
      return { ...child, ...createClient((/http:\S+(?=\/graphql)/.exec(line) as RegExpExecArray)[0]) };
    },
    async databaseUrl() {
      const password = await readFile(path.join(dataDir, 'postgres-password'), 'utf8');
      const port = (await readFile(path.join(await clusterOf(dataDir), 'postmaster.pid'), 'utf8')).split('\n')[3];
      return `postgres://carillon:${password.trim()}@127.0.0.1:${port}/carillon`;
    },
    async postmasters() {
      const cluster = await clusterOf(dataDir);
      const { stdout } = await promisify(execFile)('ps', ['-ww', '-eo', 'pid,ppid,args']);
      const lines = stdout.split('\n').filter((line) => line.includes(` -D ${cluster} `));
      const found = lines.map((line) => line.trim().split(/ +/, 2).map(Number) as [number, number]);
      const pids = new Set(found.map(([pid]) => pid));
      // Sessions of a server have other command lines, but for a moment after their fork they still have its own.
      return found.filter(([, parent]) => !pids.has(parent)).map(([pid]) => pid);
    },
    async close() {
      await Promise.all(launched.map((child) => child.end('SIGKILL')));
      for (const pid of await home.postmasters()) process.kill(pid, 'SIGQUIT');
      await until(async () => (await home.postmasters()).length === 0);
      await removeFolder(folder, dataDir);
    },
  };
  t.after(() => home.close());
  return home;
}

function follow(child: ChildProcess): Launched {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => waiting.forEach((look) => look());
  const closed = [child.stdout, child.stderr].map(async (stream, index) => {
    if (stream === null) return;
    for await (const line of createInterface(stream)) {
      (index === 0 ? stdout : stderr).push(line);
      wake();
    }
  });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
    // What it printed last is part of how it ended.
    .then(async (exit) => (await Promise.all(closed), exit));
  let gone = false;
  void exited.then(() => {
    gone = true;
    wake();
  });
  return {
    pid: child.pid as number,
    stdout,
    stderr,
    exited,
    said(pattern, limitMs = SAID_LIMIT_MS) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const look = () => {
        const line = [...stdout, ...stderr].find((text) => pattern.test(text));
        if (line !== undefined) resolve(line);
        else if (gone) fail('the process ended without saying');
      };
      const fail = (what: string) => reject(new Error(`${what} ${pattern}:\n${[...stdout, ...stderr].join('\n')}`));
      const limit = setTimeout(fail, limitMs, `the process has not said within ${limitMs} ms`);
      waiting.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(limit);
        waiting.delete(look);
      });
    },
    end(signal) {
      if (!gone) child.kill(signal);
      return exited;
    },
  };
}
