import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isCodeTask } from './defineTask.ts';
import type { CodeTask } from './defineTask.ts';
import { provideSdk } from './provideSdk.ts';

/** A module that gives no task, and why. */
interface BrokenModule {
  file: string;
  reason: string;
}
interface LoadedTask extends CodeTask {
  /** absolute */
  readonly file: string;
}
export interface LoadedTasks {
  tasks: LoadedTask[];
  broken: BrokenModule[];
}

const MODULE = /\.[cm]?[jt]s$/;
/** Declarations, tests, and what begins with _ or . (for what tasks share) are not tasks. */
const NO_TASK = /\.d\.[cm]?ts$|\.test\.[cm]?[jt]s$|^[_.]/;
/** Of the tasks that are built in: a worker cannot have two with one key. */
const RESERVED = 'carillon.';
/** A module that waits for something at its top level must not keep the server from starting. */
const IMPORT_LIMIT_MS = 10_000;

/**
 * Imports every module of a folder and its subfolders and gathers the tasks they export. A module that fails is named, and the
 * others are loaded all the same.
 * @param folder  absolute; one that does not exist has no tasks
 */
export async function loadTasks(folder: string): Promise<LoadedTasks> {
  const loaded: LoadedTasks = { tasks: [], broken: [] };
  const files = await listModules(folder);
  if (files.length > 0) provideSdk();
  for (const file of files) {
    try {
      take(loaded, file, await importWithin(file));
    } catch (error) {
      loaded.broken.push({ file, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return loaded;
}

async function listModules(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile() && MODULE.test(entry.name) && !NO_TASK.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !path.relative(folder, file).split(path.sep).includes('node_modules'))
    .sort();
}

async function importWithin(file: string): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`its import did not end within ${IMPORT_LIMIT_MS / 1_000} s`)), IMPORT_LIMIT_MS);
  });
  try {
    return (await Promise.race([import(pathToFileURL(file).href), late])) as Record<string, unknown>;
  } finally {
    clearTimeout(timer);
  }
}

function take(loaded: LoadedTasks, file: string, exports: Record<string, unknown>): void {
  const tasks = [...new Set(Object.values(exports))].filter(isCodeTask);
  if (tasks.length === 0) throw new Error('it exports no task made by defineTask');
  for (const task of tasks) {
    const { key } = task.definition;
    const taken = loaded.tasks.find((other) => other.definition.key === key);
    if (key.startsWith(RESERVED))
      loaded.broken.push({ file, reason: `keys that begin with "${RESERVED}" are Carillon's own: "${key}"` });
    else if (taken === undefined) loaded.tasks.push({ ...task, file });
    else loaded.broken.push({ file, reason: `the key "${key}" is taken by ${taken.file}` });
  }
}
