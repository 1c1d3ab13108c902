import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Binaries, completeBinaries, copyBinaries, installedBinaries } from './binaries.ts';
import { EmbeddedPostgresError } from './error.ts';
import { makeShelter, setAside } from './shelter.ts';
import { canRun, firstClosed, type ServerUser, serverUser } from './user.ts';

/** Where everything lies and who runs it. */
export interface Place {
  /** the user's wish, without symbolic links; password and log lie here */
  readonly dataDir: string;
  /** PostgreSQL's own directory: `<dataDir>/postgres`, or elsewhere when the server's user cannot get there */
  readonly cluster: string;
  readonly relocated: boolean;
  readonly binaries: Binaries;
  /** undefined: the user of this process */
  readonly user: ServerUser | undefined;
}

/** @returns the path of the file that says where a relocated cluster lies */
export const locationFile = (dataDir: string): string => join(dataDir, 'postgres-location');

/** @returns the path of the file with the password of the role `carillon` */
export const passwordFile = (dataDir: string): string => join(dataDir, 'postgres-password');

interface Log {
  info(message: string): void;
  warn(message: string): void;
}

/**
 * Creates the data directory and finds a place for cluster and programs that the server's user can enter: in the data
 * directory and in node_modules when possible, else below /var/lib/carillon (or the temporary directory).
 * @throws EmbeddedPostgresError NO_BINARIES, NO_ACCESS, or INIT_FAILED when a relocated cluster has vanished
 */
export async function choosePlace(wish: string, log: Log): Promise<Place> {
  const root = process.getuid?.() === 0;
  // Root must let the server's user through.
  await mkdir(wish, { recursive: true, mode: root ? 0o711 : 0o700 });
  const dataDir = await realpath(wish);
  const installed = await installedBinaries();
  const known = (await readFile(locationFile(dataDir), 'utf8').catch(() => '')).trim();
  const cluster = known === '' ? join(dataDir, 'postgres') : known;
  const owner = await stat(cluster).catch(() => undefined);
  if (known !== '' && owner === undefined) {
    const message = `The database of ${dataDir} lay in ${known}, which is gone. Restore it, or delete ${locationFile(dataDir)} to begin with an empty one.`;
    throw new EmbeddedPostgresError('INIT_FAILED', message);
  }
  if (known !== '') log.info(`The database of ${dataDir} lies in ${known}.`);
  const wished = { dataDir, cluster, relocated: known !== '' };
  if (!root) {
    if (owner !== undefined && process.getuid !== undefined && owner.uid !== process.getuid()) {
      const message = `The database in ${cluster} belongs to the user with uid ${owner.uid}. Start as that user, or choose another data directory.`;
      throw new EmbeddedPostgresError('NO_ACCESS', message);
    }
    const complete = await completeBinaries(installed.root);
    const binaries = complete ? installed : await copyBinaries(installed, join(dataDir, `bin-${installed.version}`));
    return { ...wished, binaries, user: undefined };
  }

  const user = owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : await serverUser();
  const closed = await firstClosed(dirname(cluster), user);
  if (closed !== undefined && owner !== undefined) {
    const message = `PostgreSQL runs as the user with uid ${user.uid} here and cannot reach its database in ${cluster}. Let it pass: chmod o+x ${closed}`;
    throw new EmbeddedPostgresError('NO_ACCESS', message);
  }
  const runs = (await completeBinaries(installed.root)) && (await canRun(installed, user));
  if (closed === undefined && runs) return { ...wished, binaries: installed, user };

  const shelter = await makeShelter(user, (message) => log.warn(message));
  const binaries = runs ? installed : await copyBinaries(installed, join(shelter, `bin-${installed.version}`));
  if (closed === undefined) return { ...wished, binaries, user };
  const relocated = join(shelter, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  // The password is written before the cluster is made: without one, what lies there is not of this data directory.
  if ((await stat(passwordFile(dataDir)).catch(() => undefined)) === undefined)
    await setAside(relocated, binaries, (message) => log.warn(message));
  log.info(`PostgreSQL does not run as root, and the user it runs as cannot enter ${closed}: the database lies in ${relocated}.`);
  return { dataDir, cluster: relocated, relocated: true, binaries, user };
}
