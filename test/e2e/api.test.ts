import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import { openShell } from '../support/shell.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = await readFile(path.join(ROOT, 'docs/api.md'), 'utf8');
const SETTINGS = 'export CARILLON_URL=http://127.0.0.1:4000 CARILLON_TOKEN=$(cat .carillon/admin-token)';

interface Block {
  language: string;
  code: string;
}
/** A block that is run, and what the page says that it answers. */
interface Recipe {
  title: string;
  block: Block;
  answer: Block | null;
}

const recipes = readRecipes(PAGE);
// Hooks run in this order: the shell has ended before its folder goes.
const hooks = { after };
const server = await startTestCarillon(hooks);
const folder = await mkdtemp(path.join(tmpdir(), 'carillon-recipes-'));
const shell = openShell(hooks, folder);
after(() => rm(folder, { recursive: true }));
await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction');

for (const [index, { title, block, answer }] of recipes.entries()) {
  test(`docs/api.md, ${title}: block ${index + 1} answers what the page says`, async () => {
    const lines = await run(block, index);
    if (answer === null) return assert.deepEqual(lines, []);
    if (answer.language === 'json') return matches(JSON.parse(lines.join('\n')), JSON.parse(answer.code));
    const said = answer.code.trimEnd().split('\n');
    assert.ok(
      lines.length === said.length && lines.every((line, place) => asSaid(line, said[place] as string)),
      lines.join('\n'),
    );
  });
}

test('docs/api.md has recipes for three readers', () => {
  const titles = new Set(recipes.map(({ title }) => title));
  for (const reader of ['A frontend', 'A script', 'A dashboard']) {
    assert.ok([...titles].filter((title) => title.startsWith(`${reader}, `)).length >= 3, [...titles].join('\n'));
  }
});

async function run({ language, code }: Block, index: number): Promise<string[]> {
  if (code.trim() === SETTINGS) return shell.run(`export CARILLON_URL=${server.url} CARILLON_TOKEN=${ADMIN_TOKEN}`);
  if (language === 'sh') return shell.run(code);
  const [, named] = /^\/\/ (\S+\.mjs)\n/.exec(code) ?? [];
  const file = named ?? `recipe-${index}.mjs`;
  await writeFile(path.join(folder, file), code);
  return named === undefined ? shell.run(`${process.execPath} ${file}`) : [];
}

/** Blocks that follow one another are a recipe: what is run, and what it answers. */
function readRecipes(page: string): Recipe[] {
  const found: Recipe[] = [];
  let [reader, title] = ['', 'the beginning'];
  for (const [, heading, name = '', language = '', code = ''] of page.matchAll(/^(#{2,3}) (.*)$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (heading === '##') [reader, title] = [name, name];
    else if (heading === '###') title = `${reader}, ${name}`;
    else if (language === 'js' || language === 'sh') found.push({ title, block: { language, code }, answer: null });
    else (found.at(-1) as Recipe).answer = { language, code };
  }
  return found;
}

/** `…` stands for anything. */
function asSaid(line: string, said: string): boolean {
  return new RegExp(`^${said.split('…').map(RegExp.escape).join('.*')}$`).test(line);
}

/** The same, but for texts that the page leaves open. */
function matches(given: unknown, said: unknown): void {
  const open = (text: unknown): text is string => typeof text === 'string' && text.includes('…');
  const like = (one: unknown, other: unknown): unknown => {
    if (open(other)) return typeof one === 'string' && asSaid(one, other) ? other : one;
    if (Array.isArray(one) && Array.isArray(other)) return one.map((entry, place) => like(entry, other[place]));
    if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return one;
    const fields = other as Record<string, unknown>;
    return Object.fromEntries(Object.entries(one).map(([name, value]) => [name, like(value, fields[name])]));
  };
  assert.deepEqual(like(given, said), said);
}
