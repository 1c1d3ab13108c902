import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, secretKeyOf } from './config.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import { SECRET_KEY_BYTES } from './secrets.ts';

const FILE = 'secret-key';

/**
 * The keys of this server's secrets, the one that seals first. CARILLON_SECRET_KEY comes before the file `secret-key` of the data
 * directory, which is made beside the embedded database and opens what was sealed under it later too. With a database of your own
 * there is no file: other instances would not have it.
 * @throws ConfigError when the file holds no key
 */
export async function readSecretKeys(
  { secretKey, oldSecretKeys, databaseUrl, dataDir }: Pick<Config, 'secretKey' | 'oldSecretKeys' | 'databaseUrl' | 'dataDir'>,
  log: Pick<Logger, 'warn'>,
): Promise<Buffer[]> {
  const given = secretKey === null ? [] : [secretKey];
  if (databaseUrl !== null) return [...given, ...oldSecretKeys];
  const file = path.join(dataDir, FILE);
  const kept = (await readKey(file, log)) ?? (secretKey === null ? await makeKey(file) : null);
  return [...given, ...(kept === null ? [] : [kept]), ...oldSecretKeys];
}

async function readKey(file: string, log: Pick<Logger, 'warn'>): Promise<Buffer | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const key = secretKeyOf(text.trim());
  if (key === undefined)
    throw new ConfigError([`${file} holds no key (${SECRET_KEY_BYTES} bytes in base64): put the right one back, or remove it`]);
  if (((await stat(file)).mode & 0o077) !== 0) {
    log.warn({ file }, 'the key of the secrets could be read by others; it is readable by its owner only again');
    await chmod(file, 0o600);
  }
  return key;
}

/** Under another name first: a crash leaves a whole key or none. */
async function makeKey(file: string): Promise<Buffer> {
  const key = randomBytes(SECRET_KEY_BYTES);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${key.toString('base64')}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  return key;
}
