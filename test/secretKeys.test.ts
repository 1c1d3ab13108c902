import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfigError } from '../src/config.ts';
import { readSecretKeys } from '../src/secretKeys.ts';

const KEY = Buffer.alloc(32, 1);
const OLD = Buffer.alloc(32, 2);

async function newFolder(t: TestContext) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'carillon-keys-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const warned: object[] = [];
  const log = { warn: (fields: object) => void warned.push(fields) };
  const read = (config: { secretKey?: Buffer; oldSecretKeys?: Buffer[]; databaseUrl?: string } = {}) =>
    readSecretKeys({ secretKey: null, oldSecretKeys: [], databaseUrl: null, ...config, dataDir }, log as never);
  return { dataDir, file: path.join(dataDir, 'secret-key'), read, warned };
}

test('beside the embedded database a key is made once, readable by its owner only', async (t) => {
  const { dataDir, file, read, warned } = await newFolder(t);
  const [made, ...others] = await read();
  assert.ok(made?.length === 32 && others.length === 0);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await read(), [made]);
  assert.deepEqual(await readdir(dataDir), ['secret-key']);
  assert.deepEqual(warned, []);
});

test('CARILLON_SECRET_KEY seals; a key that was made before it still opens, and old ones too', async (t) => {
  const { read } = await newFolder(t);
  const [made] = await read();
  assert.deepEqual(await read({ secretKey: KEY, oldSecretKeys: [OLD] }), [KEY, made, OLD]);
});

test('with a key of your own, or a database of your own, no file is made', async (t) => {
  const { dataDir, read } = await newFolder(t);
  assert.deepEqual(await read({ secretKey: KEY }), [KEY]);
  assert.deepEqual(await read({ databaseUrl: 'postgres://db/carillon' }), []);
  assert.deepEqual(await read({ databaseUrl: 'postgres://db/carillon', secretKey: KEY, oldSecretKeys: [OLD] }), [KEY, OLD]);
  assert.deepEqual(await readdir(dataDir), []);
});

test('a file that holds no key stops the start, is named, and stays as it is', async (t) => {
  const { file, read } = await newFolder(t);
  await writeFile(file, 'hunter2\n', { mode: 0o600 });
  await assert.rejects(read(), (error) => {
    assert.ok(error instanceof ConfigError && error.message.includes(file) && !error.message.includes('hunter2'));
    return true;
  });
  assert.equal(await readFile(file, 'utf8'), 'hunter2\n');
});

test('a file that others may read is closed to them, and the log says so', async (t) => {
  const { file, read, warned } = await newFolder(t);
  await read();
  await chmod(file, 0o644);
  await read();
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(warned, [{ file }]);
});
