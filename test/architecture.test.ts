import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Which folder of src/ may import which (docs/architecture.md). Files directly in src/ are leaves, except the two that compose. */
const ALLOWED: Record<string, readonly string[]> = {
  trigger: [],
  domain: ['trigger'],
  store: ['domain', 'trigger'],
  auth: ['domain', 'store'],
  queue: ['domain', 'store'],
  commands: ['domain', 'trigger', 'store', 'queue', 'auth'],
  engine: ['domain', 'trigger', 'store', 'queue'],
  task: ['domain', 'trigger'],
  builtin: ['domain', 'trigger', 'store', 'queue', 'task'],
  worker: ['domain', 'store', 'queue', 'task'],
  events: ['domain', 'store'],
  graphql: ['commands', 'domain', 'trigger', 'store', 'events', 'auth'],
  http: ['graphql', 'commands', 'auth', 'store'],
};
/** Leaves know nothing of the folders, so every folder may use them; the pure ones may not even do that. */
const PURE = ['trigger', 'domain'];
const COMPOSERS = ['main.ts', 'compose.ts', 'codeTasks.ts'];
/** Packages that only one folder may know. */
const KEPT_IN: Record<string, string> = { 'pg-boss': 'queue', pg: 'store', '@prisma': 'store', graphql: 'graphql', jose: 'auth' };
/** Where Node itself must not be felt: no I/O, no clock, no environment. */
const FORBIDDEN_IN_PURE = [/from 'node:/, /\bDate\.now\b/, /\bMath\.random\b/, /\bprocess\./, /\bperformance\./];

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

function sources(folder = SRC): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${path.sep}generated`));
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom\s|import\()\s*'([^']+)'/g)].map((match) => match[1] as string);
}

/** First folder below src/, or the file's own name for one that lies directly in src/. */
function partOf(file: string): string {
  return path.relative(SRC, file).split(path.sep)[0] as string;
}

test('folders import only what the architecture allows', () => {
  const arrows: string[] = [];
  for (const file of sources()) {
    const from = partOf(file);
    if (COMPOSERS.includes(from) || from === 'cli') continue;
    for (const target of importsOf(readFileSync(file, 'utf8')).filter((name) => name.startsWith('.'))) {
      const to = partOf(path.resolve(path.dirname(file), target));
      if (to === from) continue;
      const leaf = to.endsWith('.ts') && !COMPOSERS.includes(to);
      const allowed = from.endsWith('.ts') ? leaf : (leaf && !PURE.includes(from)) || ALLOWED[from]?.includes(to);
      if (allowed !== true) arrows.push(`${path.relative(SRC, file)} → ${target}`);
    }
  }
  assert.deepEqual(arrows, []);
});

test('Prisma and pg stay in store, pg-boss in queue, graphql in graphql', () => {
  const leaks: string[] = [];
  for (const file of sources()) {
    const from = partOf(file);
    const text = readFileSync(file, 'utf8');
    for (const name of importsOf(text)) {
      const owner = Object.entries(KEPT_IN).find(([library]) => name === library || name.startsWith(`${library}/`))?.[1];
      // A type costs nothing at run time and binds nobody: http names the schema it is given.
      const typeOnly = new RegExp(`import type [^;]*from '${name}'`).test(text);
      if (owner !== undefined && owner !== from && !typeOnly) leaks.push(`${path.relative(SRC, file)} → ${name}`);
    }
  }
  assert.deepEqual(leaks, []);
});

test('trigger and domain are pure: no I/O, no clock, no randomness, no environment', () => {
  const faults: string[] = [];
  for (const file of sources().filter((name) => PURE.includes(partOf(name)))) {
    const code = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const pattern of FORBIDDEN_IN_PURE) if (pattern.test(code)) faults.push(`${path.relative(SRC, file)}: ${pattern}`);
  }
  assert.deepEqual(faults, []);
});

test('the dashboard knows the contract only: nothing of it comes from outside of web/', () => {
  const web = fileURLToPath(new URL('../web/src/', import.meta.url));
  const files = sources(web);
  assert.ok(files.length > 50);
  const strangers = files.flatMap((file) =>
    importsOf(readFileSync(file, 'utf8'))
      .filter((name) => name.startsWith('.') && !path.resolve(path.dirname(file), name).startsWith(web))
      .map((name) => `${path.relative(web, file)} → ${name}`),
  );
  assert.deepEqual(strangers, []);
});

test('every folder of src is known here', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    folders.map((entry) => entry.name).filter((name) => ALLOWED[name] === undefined && name !== 'cli'),
    [],
  );
});
