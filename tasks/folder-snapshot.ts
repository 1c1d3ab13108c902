import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { TaskError, defineTask, z } from 'carillon';

/** The list of files is the output of a step, which has room for a megabyte. */
const MAX_FILES = 2_000;
const SNAPSHOT = /^snapshot-\d{8}T\d{9}Z$/;

/**
 * A copy of a folder beside earlier ones, in five steps. Each does the same when it is done once more, and none that is done is
 * repeated when a later one fails or the server is killed: the next attempt goes on where this one ended.
 */
export default defineTask({
  key: 'example.folder-snapshot',
  group: 'examples',
  name: 'Folder snapshot',
  description: 'Copies a folder, compares every file with its source, and keeps the newest copies.',
  input: z.object({
    folder: z.string().min(1).describe("What is copied, from the server's working directory"),
    into: z.string().min(1).describe('Where the copies lie, outside of that folder'),
    keep: z.int().min(1).max(1_000).default(7).describe('How many copies stay'),
  }),
  timeout: 'PT30M',
  retry: { maxAttempts: 5, initialInterval: 'PT5S', nonRetryableErrors: ['TOO_MANY_FILES', 'FOLDER_IN_ITSELF'] },
  async run({ input, scheduledFor, step, log, progress }) {
    const [from, into] = [path.resolve(input.folder), path.resolve(input.into)];
    if (isInside(into, from)) throw new TaskError('FOLDER_IN_ITSELF', `${into} lies in ${from}, which would be copied with it`);
    // The same name in every attempt.
    const name = `snapshot-${scheduledFor.toISOString().replaceAll(/[-:.]/g, '')}`;
    const [part, target] = [path.join(into, `${name}.part`), path.join(into, name)];

    const files = await step('list', async () => {
      const found = await listFiles(from);
      if (found.length > MAX_FILES) throw new TaskError('TOO_MANY_FILES', `${from} has more than ${MAX_FILES} files`);
      log.info('files found', { count: found.length });
      return found;
    });

    const hashes = await step('copy', async ({ signal }) => {
      const copied: Record<string, string> = {};
      for (const [index, file] of files.entries()) {
        signal.throwIfAborted();
        await mkdir(path.dirname(path.join(part, file)), { recursive: true });
        await cp(path.join(from, file), path.join(part, file), { preserveTimestamps: true });
        copied[file] = await sha256(path.join(from, file));
        progress(index + 1, files.length, `copying ${file}`);
      }
      return copied;
    });

    await step('compare', async ({ signal, log: stepLog }) => {
      for (const [file, hash] of Object.entries(hashes)) {
        signal.throwIfAborted();
        if ((await sha256(path.join(part, file))) === hash) continue;
        stepLog.error('the copy is not what its source was', { file });
        throw new TaskError('CHANGED_MEANWHILE', `${file} was changed while it was copied`, { retryable: false });
      }
    });

    await step('publish', async () => {
      await mkdir(part, { recursive: true });
      // Done before, by an attempt that was killed in between: then the copy lies there already.
      if (await exists(target)) await rm(part, { recursive: true, force: true });
      else await rename(part, target);
    });

    const removed = await step('remove old ones', async () => {
      const names = (await readdir(into)).filter((entry) => SNAPSHOT.test(entry)).sort();
      const old = names.slice(0, Math.max(0, names.length - input.keep));
      for (const entry of old) await rm(path.join(into, entry), { recursive: true, force: true });
      log.info('old copies removed', { removed: old });
      return old;
    });
    return { snapshot: target, files: files.length, removed };
  },
});

/** Relative to the folder, in order. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function isInside(inner: string, outer: string): boolean {
  const between = path.relative(outer, inner);
  return between === '' || (between.split(path.sep)[0] !== '..' && !path.isAbsolute(between));
}
