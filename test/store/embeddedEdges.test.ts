import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { completeBinaries, installedBinaries, program } from '../../src/store/embedded/binaries.ts';
import { EmbeddedPostgresError, fileFailure, programFailure } from '../../src/store/embedded/error.ts';
import { processKind } from '../../src/store/embedded/pidfile.ts';
import { until } from '../support/until.ts';

/** What no test can bring about as a whole on every machine, in its parts. */

test('library links that no install script has made are made at the start, and the programs run', async (t) => {
  const { root, version } = await installedBinaries();
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-binaries-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const copy = path.join(folder, 'native');
  // As npm unpacks the package with its scripts switched off: no links.
  await cp(root, copy, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(path.join(copy, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as { target: string }[];
  for (const { target } of links) await rm(path.join(copy, path.relative('native', target)), { force: true });

  assert.equal(await completeBinaries(copy), true);
  for (const { target } of links)
    assert.ok((await lstat(path.join(copy, path.relative('native', target)))).isSymbolicLink(), target);
  const said = execFileSync(program({ root: copy, version }, 'postgres'), ['--version'], { encoding: 'utf8' });
  assert.match(said, new RegExp(`^postgres \\(PostgreSQL\\) ${version.split('.')[0]}\\.`));
  // Once more finds everything in place.
  assert.equal(await completeBinaries(copy), true);
});

test('a dead server that its parent has not collected is a zombie, and no server', async (t) => {
  // The shell becomes a program that never collects the child it had.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(async () => {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const pid = Number(line);
  assert.equal(await until(async () => (await processKind(pid, '/nowhere')) === 'zombie' && 'zombie'), 'zombie');
});

const full: { rule: string; failure: unknown }[] = [
  {
    rule: 'initdb that says so',
    failure: programFailure(
      'INIT_FAILED',
      'It could not be made',
      '/data',
      'initdb: error: could not write: No space left on device',
    ),
  },
  {
    rule: 'a server that says so',
    failure: programFailure(
      'START_FAILED',
      'It could not be started',
      '/data',
      'PANIC: could not write to file: Disk quota exceeded',
    ),
  },
  { rule: 'the file system', failure: fileFailure(Object.assign(new Error('no'), { code: 'ENOSPC' }), '/data') },
  { rule: 'a quota', failure: fileFailure(Object.assign(new Error('no'), { code: 'EDQUOT' }), '/data') },
  { rule: 'PostgreSQL at work', failure: fileFailure(Object.assign(new Error('no'), { code: '53100' }), '/data') },
];
for (const { rule, failure } of full) {
  test(`a full disk, told by ${rule}: the message names the folder and what to do`, () => {
    assert.ok(failure instanceof EmbeddedPostgresError);
    assert.equal(failure.code, 'DISK_FULL');
    assert.match(
      failure.message,
      /^No space left on the disk that holds \/data\. Free some space and start again; what was stored before is safe\.$/,
    );
  });
}
