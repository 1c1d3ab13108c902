import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from './error.ts';

/** What a postmaster writes about itself into `postmaster.pid`; incomplete while it is starting. */
export interface PidFile {
  readonly pid: number;
  /** NaN until written */
  readonly port: number;
  /** `starting`, `ready` or `stopping`; empty until written */
  readonly status: string;
}

/** @returns undefined when there is no such file, or none that names a process */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  // Single-user mode writes its process id negated.
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  if (!(pid > 0)) return undefined;
  // Lines 4 and 8: port and status (PostgreSQL's utils/pidfile.h).
  return { pid, port: Number.parseInt(lines[3] ?? '', 10), status: lines[7]?.trim() ?? '' };
}

/**
 * A full disk or a power failure can leave the file empty, which PostgreSQL takes for a server that is just starting.
 * Seconds later it is not.
 */
export async function removeEmptyPidFile(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid');
  const found = await stat(path).catch(() => undefined);
  if (found?.size === 0 && Date.now() - found.mtimeMs > 2_000) await rm(path, { force: true });
}

/**
 * What has become of a process id that a pid file names. After a restart of the machine or of a container the id
 * may belong to anything, and a dead server stays a zombie for as long as its parent does not collect it.
 */
export type ProcessKind = 'postmaster' | 'other' | 'zombie' | 'gone';

/** @returns `postmaster` only for a server of this very cluster: its command line names the directory */
export async function processKind(pid: number, cluster: string): Promise<ProcessKind> {
  if (!isAlive(pid)) return 'gone';
  // The signals of PostgreSQL for Windows reach PostgreSQL only, a mistaken id does no harm there.
  if (process.platform === 'win32') return 'postmaster';
  const found = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  if (found === undefined) return 'gone';
  if (found.state.startsWith('Z')) return 'zombie';
  return found.command.includes('postgres') && `${found.command} `.includes(` ${cluster} `) ? 'postmaster' : 'other';
}

/** @returns true for zombies, too */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function fromProc(pid: number): Promise<{ state: string; command: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    // The name in parentheses may itself contain parentheses and spaces; the state follows the last one.
    return { state: stat.slice(stat.lastIndexOf(')') + 2), command: command.replaceAll('\0', ' ').trim() };
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<{ state: string; command: string } | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'stat=,args=', '-p', String(pid)]);
    const [state = '', ...command] = stdout.trim().split(/ +/);
    return { state, command: command.join(' ') };
  } catch {
    return undefined;
  }
}
