import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of the test's own, without symbolic links on the way. Its parents are 0700, as those of a home directory are. */
export async function newFolder(): Promise<string> {
  return realpath(await mkdtemp(path.join(tmpdir(), 'carillon-test-')));
}

/** Where the embedded PostgreSQL keeps its files: in the data directory or, as root, where its user can get to. */
export async function clusterOf(dataDir: string): Promise<string> {
  const elsewhere = await readFile(path.join(dataDir, 'postgres-location'), 'utf8').catch(() => '');
  return elsewhere.trim() || path.join(dataDir, 'postgres');
}

/** Removes a folder of newFolder and the files of the PostgreSQL that has run on a data directory in it. */
export async function removeFolder(folder: string, dataDir: string): Promise<void> {
  await rm(await clusterOf(dataDir), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}
