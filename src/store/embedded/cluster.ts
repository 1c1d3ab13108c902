import { randomBytes } from 'node:crypto';
import { chown, lchown, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, EmbeddedPostgresError, programFailure } from './error.ts';
import { locationFile, passwordFile, type Place } from './place.ts';
import { isAlive } from './pidfile.ts';
import { runProgram } from './program.ts';
import type { ServerUser } from './user.ts';

/** A superuser: migrations create extensions, and its connections get through when all ordinary ones are taken. */
export const ROLE = 'carillon';

/**
 * Makes the cluster unless it exists. Whatever is interrupted here, by kill -9 or by another process that does the same
 * at this moment, leaves either nothing or everything: each step appears under its name in one operation.
 * @returns the password of the role
 * @throws EmbeddedPostgresError INIT_FAILED, WRONG_VERSION, DISK_FULL
 */
export async function prepareCluster(place: Place, log: { info(message: string): void }): Promise<string> {
  await removeAbandoned(place.cluster);
  const made = await majorVersion(place.cluster);
  let password = await readPassword(place.dataDir);
  if (made === undefined) {
    password ??= await keepPassword(place.dataDir, newPassword());
    log.info(`Making a PostgreSQL database in ${place.cluster}.`);
    await initialise(place, password);
  } else {
    const ours = place.binaries.version.split('.')[0];
    if (made !== ours) {
      const message =
        `The database in ${place.cluster} was made by PostgreSQL ${made}, and this is PostgreSQL ${ours}, which cannot read it. ` +
        `Go back to the version of Carillon that made it and export what you need, or choose another data directory.`;
      throw new EmbeddedPostgresError('WRONG_VERSION', message);
    }
    if (place.user !== undefined) await giveTo(place.user, place.cluster);
    password ??= await keepPassword(place.dataDir, await resetPassword(place));
  }
  if (place.relocated) await writeFile(locationFile(place.dataDir), `${place.cluster}\n`);
  return password;
}

async function majorVersion(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const newPassword = (): string => randomBytes(24).toString('base64url');

async function readPassword(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(passwordFile(dataDir), 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns the password that counts: of two processes that come at once, the first one's */
async function keepPassword(dataDir: string, password: string): Promise<string> {
  const work = `${passwordFile(dataDir)}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(work, 'wx', 0o600);
    try {
      await file.writeFile(`${password}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(work, passwordFile(dataDir));
    return password;
  } catch (error) {
    const first = codeOf(error) === 'EEXIST' ? await readPassword(dataDir) : undefined;
    if (first === undefined) throw error;
    return first;
  } finally {
    await rm(work, { force: true });
  }
}

async function initialise(place: Place, password: string): Promise<void> {
  const work = `${workPrefix(place.cluster)}${process.pid}-${randomBytes(4).toString('hex')}`;
  const passwordCopy = join(work, 'password');
  try {
    await mkdir(work, { mode: 0o700 });
    await writeFile(passwordCopy, password, { mode: 0o600 });
    if (place.user !== undefined) {
      await chown(work, place.user.uid, place.user.gid);
      await chown(passwordCopy, place.user.uid, place.user.gid);
    }
    const options = {
      pgdata: join(work, 'data'),
      username: ROLE,
      pwfile: passwordCopy,
      auth: 'scram-sha-256',
      encoding: 'UTF8',
      // The built-in locale sorts by code point everywhere; a locale of the system would change with its updates.
      'locale-provider': 'builtin',
      'builtin-locale': 'C.UTF-8',
      locale: 'C',
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const { exitCode, output } = await runProgram(place, 'initdb', args);
    if (exitCode !== 0)
      throw programFailure('INIT_FAILED', `PostgreSQL could not make a database in ${place.cluster}`, place.dataDir, output);
    await rename(join(work, 'data'), place.cluster).catch(async (error: unknown) => {
      if ((await majorVersion(place.cluster)) !== undefined) return; // another process was quicker
      const message = `${place.cluster} is in the way: it is not empty and no PostgreSQL database. Move it away.`;
      throw new EmbeddedPostgresError('INIT_FAILED', message, { cause: error });
    });
    await syncFolder(dirname(place.cluster));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const workPrefix = (cluster: string): string => `${cluster}.init-`;

/** Removes what processes have left that were killed while they made a cluster. */
async function removeAbandoned(cluster: string): Promise<void> {
  const parent = dirname(cluster);
  const prefix = basename(workPrefix(cluster));
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    // An initdb that outlives its parent for a moment may still be writing there: then it is the next start's turn.
    if (pid > 0 && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** A directory that root copied or restored belongs to root, and PostgreSQL insists on its own. */
async function giveTo(user: ServerUser, cluster: string): Promise<void> {
  if ((await stat(cluster)).uid === user.uid) return;
  await chown(cluster, user.uid, user.gid);
  for (const entry of await readdir(cluster, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
}

/** Without this a power failure could take away the name of a cluster that already holds data. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined); // Windows opens no folders
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Gives the role a new password when its file was deleted; only possible while no server runs. */
async function resetPassword(place: Place): Promise<string> {
  const password = newPassword();
  const { exitCode, output } = await runProgram(
    place,
    'postgres',
    ['--single', '-D', place.cluster, 'postgres'],
    `ALTER ROLE ${ROLE} PASSWORD '${password}';\n`,
  );
  if (exitCode === 0 && !/ERROR|FATAL/.test(output)) return password;
  const what = `${passwordFile(place.dataDir)} is missing, and PostgreSQL could not set a new password. Stop whatever still uses ${place.cluster}, then start again`;
  throw programFailure('START_FAILED', what, place.dataDir, output);
}
