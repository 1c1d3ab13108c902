import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newSecret } from '../src/auth/tokens.ts';
import { startEmbeddedPostgres } from '../src/store/embedded.ts';

/** Lies in the data folder of a demo, and only there. */
const MARKER = 'demo.json';

interface Marker {
  /** False while the fleet is being made: what is found so is not whole. */
  ready: boolean;
  targetPort: number;
}

/** What stands in the way, for the user. */
export class DemoError extends Error {}

/** @returns null: there is no whole fleet in the folder */
export async function readMarker(folder: string): Promise<Marker | null> {
  const marker = await read(folder);
  return marker?.ready === true ? marker : null;
}

export async function writeMarker(folder: string, marker: Marker): Promise<void> {
  await writeFile(path.join(folder, MARKER), `${JSON.stringify(marker)}\n`);
}

/**
 * Makes the folder empty, but for its admin token.
 * @throws DemoError when it holds something that is no demo, or a demo that runs
 */
export async function clearFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = await readdir(folder);
  if (entries.length > 0 && (await read(folder)) === null)
    throw new DemoError(`${folder} is not empty and holds no demo: set CARILLON_DATA to another folder, or remove it yourself.`);
  if (entries.includes('postgres')) await assertIdle(folder);
  for (const entry of entries) if (entry !== MARKER && entry !== TOKEN) await rm(path.join(folder, entry), { recursive: true });
}

async function read(folder: string): Promise<Marker | null> {
  const text = await readFile(path.join(folder, MARKER), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as Marker);
}

/** A database that somebody uses must not lose its files. @throws DemoError */
async function assertIdle(folder: string): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined };
  try {
    await (await startEmbeddedPostgres({ dataDir: folder, log: quiet })).stop();
  } catch (error) {
    if ((error as { code?: string }).code === 'ALREADY_RUNNING')
      throw new DemoError(`A demo runs with the data in ${folder}: stop it first.`, { cause: error });
    // Whatever else keeps it from starting is a reason to make it anew.
  }
}

const TOKEN = 'admin-token';

/** The admin token of the demo: made once, kept in the folder. */
export async function keptToken(folder: string): Promise<string> {
  const file = path.join(folder, TOKEN);
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (kept !== '') return kept;
  const made = newSecret();
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return made;
}
