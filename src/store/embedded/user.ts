import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Binaries, program } from './binaries.ts';
import { EmbeddedPostgresError, USE_OWN_POSTGRES } from './error.ts';

/** PostgreSQL refuses to run as root, so root starts it as somebody else. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** @throws EmbeddedPostgresError NO_ACCESS when the machine has no user to run a server as */
export async function serverUser(): Promise<ServerUser> {
  const entries = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const entry = entries.find(([name]) => name === wanted);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  const message =
    'PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody to run it as. ' +
    `Start as an ordinary user, or ${USE_OWN_POSTGRES}.`;
  throw new EmbeddedPostgresError('NO_ACCESS', message);
}

/** @returns the outermost folder on the way to and including `folder` that `user` may not pass, judged by mode bits */
export async function firstClosed(folder: string, user: ServerUser): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await firstClosed(parent, user);
  return above ?? ((await may(0o1, folder, user)) ? undefined : folder);
}

/** Looks at folders and programs only: an installation under a strict umask closes all of its files alike. */
export async function canRun(binaries: Binaries, user: ServerUser): Promise<boolean> {
  const root = await realpath(binaries.root);
  for (const folder of ['bin', 'lib', 'share']) {
    if ((await firstClosed(join(root, folder), user)) !== undefined) return false;
  }
  return (await may(0o5, program(binaries, 'initdb'), user)) && (await may(0o5, program(binaries, 'postgres'), user));
}

/** @param bits  4 read, 2 write, 1 execute or pass */
async function may(bits: number, path: string, user: ServerUser): Promise<boolean> {
  const { uid, gid, mode } = await stat(path);
  const granted = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
  return (granted & bits) === bits;
}
