import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { RELEASES_DIR, compareVersions, listReleases, mayBreak, parseVersion, recordRelease } from '../../src/cli/releases.ts';
import type { Version } from '../../src/cli/releases.ts';
import { schemaChanges } from '../../src/graphql/schemaChanges.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCHEMA = await readFile(path.join(ROOT, 'schema.graphql'), 'utf8');
const version = (text: string): Version => parseVersion(text) as Version;

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-releases-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** schema.graphql with one change. */
function changed(from: string, to: string): string {
  const after = SCHEMA.replace(from, to);
  assert.notEqual(after, SCHEMA, `schema.graphql holds ${from}`);
  return after;
}

const BREAKING: [rule: string, schema: string, says: RegExp][] = [
  [
    'a field that is gone',
    changed('  latenessMs: Float\n', '  lateness: Float\n'),
    /Run\.latenessMs was removed\. Keep it, marked with @deprecated/,
  ],
  ['an argument that is gone', changed('asOf: DateTime', 'at: DateTime'), /Query\.schedule arg asOf was removed\. Keep it/],
  [
    'an argument that must be given',
    changed('eventCursor: Cursor!', 'eventCursor(of: ID!): Cursor!'),
    /required arg of on Query\.eventCursor was added\. Let it be null or give it a default\./,
  ],
  [
    'an input field that must be given',
    changed('input CancelRunInput {', 'input CancelRunInput {\n  why: String!'),
    /required field why on input type CancelRunInput was added\. Let it be null/,
  ],
  [
    'an enum value that is gone',
    changed('  BUFFER_ONE\n', '  BUFFER_SOME\n'),
    /BUFFER_ONE was removed from enum type OverlapPolicy\. Keep it/,
  ],
  [
    'a type that is gone',
    changed('scalar LocalTime', 'scalar TimeOfDay').replaceAll(': LocalTime!', ': TimeOfDay!'),
    /LocalTime was removed\. Keep it/,
  ],
  [
    'an answer that may be null all at once',
    changed('  eventCursor: Cursor!', '  eventCursor: Cursor'),
    /Query\.eventCursor changed type from Cursor! to Cursor\. Leave it as it was/,
  ],
];
for (const [rule, schema, says] of BREAKING) {
  test(`breaks clients: ${rule}; the message says what to do instead`, () => {
    const { breaking } = schemaChanges(SCHEMA, schema);
    assert.ok(
      breaking.some((change) => says.test(change)),
      JSON.stringify(breaking),
    );
  });
}

const HARMLESS: [rule: string, schema: string, dangerous: RegExp | null][] = [
  ['nothing at all', SCHEMA, null],
  ['a further field', changed('  latenessMs: Float\n', '  latenessMs: Float\n  further: Float\n'), null],
  ['a deprecation', changed('  latenessMs: Float\n', '  latenessMs: Float @deprecated(reason: "See further.")\n'), null],
  ['another description', changed('"A task, a trigger, input and policies."', '"Else."'), null],
  [
    'an argument that may be given',
    changed('eventCursor: Cursor!', 'eventCursor(of: ID): Cursor!'),
    /optional arg of on Query\.eventCursor/,
  ],
  ['a further enum value', changed('  BUFFER_ONE\n', '  BUFFER_ONE\n  BUFFER_TWO\n'), /BUFFER_TWO was added to enum type/],
  ['another default', changed('first: Int = 10\n', 'first: Int = 11\n'), /defaultValue from 10 to 11/],
];
for (const [rule, schema, dangerous] of HARMLESS) {
  test(`breaks nothing: ${rule}${dangerous === null ? '' : '; it is told'}`, () => {
    const found = schemaChanges(SCHEMA, schema);
    assert.deepEqual(found.breaking, []);
    if (dangerous === null) assert.deepEqual(found.dangerous, []);
    else assert.match(found.dangerous.join('\n'), dangerous);
  });
}

const ORDER: [released: string, current: string, breaks: boolean][] = [
  ['0.1.0', '0.1.0', false],
  ['0.1.0', '0.1.9', false],
  ['0.1.9', '0.2.0', true],
  ['0.9.0', '1.0.0', true],
  ['1.2.3', '1.10.0', false],
  ['1.2.3', '2.0.0', true],
];
for (const [released, current, breaks] of ORDER) {
  test(`${current} ${breaks ? 'may' : 'must not'} break clients of ${released}`, () => {
    assert.equal(mayBreak(version(released), version(current)), breaks);
    assert.ok(compareVersions(version(released), version(current)) <= 0);
  });
}

test('releases are listed by their numbers, and what is no release is passed over', async (t) => {
  const folder = await newFolder(t);
  for (const name of ['0.10.0', '0.9.0', '1.0.0', '1.0.0-beta', '01.0.0'])
    await writeFile(path.join(folder, `schema-${name}.graphql`), SCHEMA);
  await writeFile(path.join(folder, 'README.md'), '');
  assert.deepEqual(
    (await listReleases(folder)).map((release) => release.version.join('.')),
    ['0.9.0', '0.10.0', '1.0.0'],
  );
});

test('a release is recorded once: never again with another schema, and none after a later one', async (t) => {
  const folder = await newFolder(t);
  const record = async (text: string, schema: string) => (await recordRelease(folder, version(text), schema)).ok;
  assert.equal(await record('0.2.0', 'one'), true);
  assert.equal(await record('0.2.0', 'one'), true);
  assert.equal(await record('0.2.0', 'two'), false);
  assert.equal(await record('0.1.9', 'two'), false);
  assert.equal(await record('0.3.0', 'two'), true);
  assert.deepEqual((await readdir(folder)).sort(), ['schema-0.2.0.graphql', 'schema-0.3.0.graphql']);
  assert.equal(await readFile(path.join(folder, 'schema-0.2.0.graphql'), 'utf8'), 'one');
});

test('this version is held to a release that is recorded', async () => {
  const last = (await listReleases(RELEASES_DIR)).at(-1);
  assert.ok(last !== undefined && compareVersions(last.version, version(packageJson.version)) <= 0);
});

test('npm run check fails on a break, unless the version may, and passes on what is added', async (t) => {
  const folder = await newFolder(t);
  for (const part of ['cli', 'graphql']) await mkdir(path.join(folder, 'src', part), { recursive: true });
  for (const file of ['src/cli/checkSchema.ts', 'src/cli/releases.ts', 'src/graphql/schemaChanges.ts'])
    await cp(path.join(ROOT, file), path.join(folder, file));
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(path.join(ROOT, 'node_modules/graphql'), path.join(folder, 'node_modules/graphql'), 'junction');
  await mkdir(path.join(folder, 'releases'));
  await writeFile(path.join(folder, 'releases/schema-1.2.0.graphql'), 'type Query { a: Int b: Int }');
  const check = async (text: string, schema: string) => {
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ version: text, type: 'module' }));
    await writeFile(path.join(folder, 'schema.graphql'), schema);
    const run = promisify(execFile)(process.execPath, ['src/cli/checkSchema.ts'], { cwd: folder });
    return run.then(
      ({ stderr }) => [0, stderr],
      ({ code, stderr }) => [code, stderr],
    ) as Promise<[number, string]>;
  };
  assert.deepEqual(await check('1.2.0', 'type Query { a: Int b: Int c: Int }'), [0, '']);
  const [code, said] = await check('1.3.0', 'type Query { a: Int }');
  assert.equal(code, 1);
  assert.match(said, /since 1\.2\.0, breaks clients: Query\.b was removed\. Keep it, marked with @deprecated/);
  assert.match(said, /the next major/);
  assert.equal((await check('2.0.0', 'type Query { a: Int }'))[0], 0);
});
