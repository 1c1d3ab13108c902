import { type ChildProcess, spawn, type SpawnOptions, type StdioOptions } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { dirname } from 'node:path';
import { program } from './binaries.ts';
import { codeOf, EmbeddedPostgresError, USE_OWN_POSTGRES } from './error.ts';
import type { Place } from './place.ts';

/** How every one of PostgreSQL's programs is started. */
export function launch(
  place: Place,
  name: 'initdb' | 'postgres',
  args: string[],
  stdio: StdioOptions,
  ignoredPid?: number,
): ChildProcess {
  // PGOPTIONS, PGDATA and the like are meant for other servers; messages are matched, hence in English.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('PG')));
  env['LC_ALL'] = 'C';
  // Takes this one process for no rival when postmaster.pid names it (CreateLockFile in miscinit.c; pg_ctl sets it too).
  // Memory still in use by backends of the dead server is detected all the same.
  if (ignoredPid !== undefined) env['PG_GRANDPARENT_PID'] = String(ignoredPid);
  // Detached: Ctrl-C in a terminal reaches the whole process group, and the database must stop last.
  const options: SpawnOptions = { detached: true, windowsHide: true, stdio, env, cwd: dirname(place.cluster) };
  return spawn(program(place.binaries, name), args, place.user === undefined ? options : { ...options, ...place.user });
}

/** The reason why a program did not even start. */
export function launchFailure(error: Error, place: Place): EmbeddedPostgresError {
  // The file exists, so what the system does not find is the loader it names: musl instead of glibc.
  const reason =
    codeOf(error) === 'ENOENT'
      ? 'they need glibc, which this system (Alpine Linux, perhaps) does not have. Use an image with glibc'
      : `${error.message}. Check that ${place.binaries.root} may be executed`;
  return new EmbeddedPostgresError('NO_BINARIES', `PostgreSQL's programs cannot run here: ${reason}, or ${USE_OWN_POSTGRES}.`, {
    cause: error,
  });
}

/** Runs one of PostgreSQL's programs to its end. @returns its exit code and all that it printed */
export async function runProgram(
  place: Place,
  name: 'initdb' | 'postgres',
  args: string[],
  input = '',
): Promise<{ exitCode: number | null; output: string }> {
  const child = launch(place, name, args, 'pipe');
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(launchFailure(error, place)));
    child.once('close', resolve);
  });
  // A program that ends before it has read everything is judged by its exit code.
  child.stdin?.on('error', () => undefined).end(input);
  const output = Promise.all([child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream))));
  const exitCode = await ended;
  return { exitCode, output: (await output).join('') };
}
