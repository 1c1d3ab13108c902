import { chmod, lstat, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError, USE_OWN_POSTGRES } from './error.ts';
import { readPidFile } from './pidfile.ts';
import { stopPostmaster } from './server.ts';
import { firstClosed, type ServerUser } from './user.ts';

/**
 * Finds or makes a folder of root's that everybody may enter, for what the server's user cannot reach elsewhere.
 * @throws EmbeddedPostgresError NO_ACCESS when there is no such place
 */
export async function makeShelter(user: ServerUser, warn: (message: string) => void): Promise<string> {
  for (const parent of ['/var/lib', tmpdir()]) {
    const shelter = await tryShelter(parent, user);
    if (shelter === undefined) continue;
    if (parent !== '/var/lib') {
      warn(
        `PostgreSQL's files lie in ${shelter}, which the system may clear. Better: a data directory whose parents all may enter.`,
      );
    }
    return shelter;
  }
  const message =
    `PostgreSQL does not run as root, and there is no place that user ${user.uid} can enter. Choose a data directory whose ` +
    `parent folders everybody may pass (chmod o+x), start as an ordinary user, or ${USE_OWN_POSTGRES}.`;
  throw new EmbeddedPostgresError('NO_ACCESS', message);
}

async function tryShelter(parent: string, user: ServerUser): Promise<string | undefined> {
  try {
    const shelter = join(await realpath(parent), 'carillon');
    if ((await mkdir(shelter, { recursive: true })) !== undefined) await chmod(shelter, 0o755);
    // In a temporary directory anybody could have prepared the folder, and what lies in it is executed.
    const { uid, mode } = await lstat(shelter);
    const safe = uid === 0 && (mode & 0o022) === 0;
    return safe && (await firstClosed(shelter, user)) === undefined ? shelter : undefined;
  } catch {
    return undefined;
  }
}

/** Moves a cluster away that belonged to a deleted data directory. Nobody was asked, so the last one is kept. */
export async function setAside(cluster: string, binaries: Binaries, warn: (message: string) => void): Promise<void> {
  if ((await stat(cluster).catch(() => undefined)) === undefined) return;
  const running = await readPidFile(cluster);
  if (running !== undefined) await stopPostmaster({ pid: running.pid, cluster, binaries });
  await rm(`${cluster}.old`, { recursive: true, force: true });
  await rename(cluster, `${cluster}.old`);
  warn(`${cluster} held the database of a deleted data directory; it was moved to ${cluster}.old, and an empty one is made.`);
}
