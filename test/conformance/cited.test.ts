import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** docs/conformance.md names the tests that show what it says: each of them is there, and nothing of the lists is left out. */

const ROOT = new URL('../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/conformance.md', ROOT), 'utf8');
const VERDICTS = ['Same', 'Better', 'Differs', 'Internal', 'Not yet'] as const;
/** How many behaviours each list has. */
const LISTS: Record<string, number> = {
  "Backstage's scheduler": 72,
  "What Backstage's own tests leave out": 14,
  'Workflow Orchestrator and APScheduler': 57,
  'Background tasks of Sunbird': 6,
  'Dynamic scheduling of Oatfin': 7,
};

interface Entry {
  number: number;
  verdict: string;
  cited: { file: string; title: string }[];
}
const lists = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), entriesOf(section)]),
);
function entriesOf(section: string): Entry[] {
  return section
    .split(/^- (?=\*\*\d+\*\* )/m)
    .slice(1)
    .map((text) => ({
      number: Number(/\d+/.exec(text)?.[0]),
      verdict: / _([A-Z][a-z ]+)\._/.exec(text)?.[1] ?? 'none',
      cited: [...text.matchAll(/^ {2}- `(test\/\S+\.test\.ts)`: `(.+)`$/gm)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    }));
}

/** `test('…'`, `` test(`…` `` and `test(rule`, also over two lines and inside of others. */
const CALL = /(?<![\w$.])(?:t\.)?test\(\s*(?:'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`|([a-z]\w*)\s*,)/g;
/**
 * Whether a file has a test of this title. What a title is put together from must stand in the file: `a ${fruit} falls` is the title
 * 'a pear falls' only where there is a pear, and nothing is cited with its blanks.
 */
function hasTest(source: string, title: string): boolean {
  if (title.includes('${')) return false;
  return [...source.matchAll(CALL)].some(([, single, double, template, name]) => {
    const plain = single ?? double;
    if (plain !== undefined) return plain.replaceAll(/\\(.)/g, '$1') === title;
    if (name !== undefined) return [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`].some((text) => source.includes(text));
    const parts = (template ?? '').split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const filled = new RegExp(`^${parts.join('(.+)')}$`).exec(title);
    return filled?.slice(1).every((part) => source.includes(part)) ?? false;
  });
}

test('every list is whole, in order, and each entry has a verdict', () => {
  assert.deepEqual([...lists.keys()], Object.keys(LISTS));
  for (const [name, entries] of lists) {
    const numbers = Array.from({ length: LISTS[name] ?? 0 }, (_, i) => i + 1);
    assert.deepEqual(
      entries.map(({ number }) => number),
      numbers,
      name,
    );
    for (const { number, verdict } of entries) assert.ok(VERDICTS.includes(verdict as never), `${name} ${number}: ${verdict}`);
  }
});

test('what Carillon does is shown by a test', () => {
  for (const [name, entries] of lists) {
    for (const { number, verdict, cited } of entries) {
      if (verdict !== 'Not yet') assert.ok(cited.length > 0, `${name} ${number} cites no test`);
    }
  }
});

test('every test that is cited is there', () => {
  const cited = [...lists.values()].flat().flatMap((entry) => entry.cited);
  // Anything else that looks like a citation would not be looked at.
  const lines = PAGE.split('\n').filter((line) => line.trimStart().startsWith('- `'));
  assert.equal(cited.length, lines.length);
  const missing = cited.filter(({ file, title }) => {
    const path = new URL(file, ROOT);
    return !existsSync(path) || !hasTest(readFileSync(path, 'utf8'), title);
  });
  assert.deepEqual(missing, []);
});

test('the figures are those of the entries', () => {
  for (const [name, entries] of lists) {
    const figures = VERDICTS.map((verdict) => entries.filter((entry) => entry.verdict === verdict).length);
    const row = PAGE.split('\n').find((line) => line.startsWith(`| ${name} `));
    assert.deepEqual(row?.match(/\b\d+\b/g)?.map(Number), figures, name);
  }
});

const SOURCE = `
  test('it\\'s plain', () => {});
  test(
    "over lines",
  );
  const rules = ['a rule'];
  for (const rule of rules) test(rule, () => {});
  for (const fruit of ['pear']) test(\`a \${fruit} falls\`, () => {});
  // a comment of words`;
const titles: [title: string, there: boolean][] = [
  ["it's plain", true],
  ['over lines', true],
  ['a rule', true],
  ['a pear falls', true],
  ['a plum falls', false],
  ['a ${fruit} falls', false],
  ['it', false],
  ['plain', false],
  ['a comment of words', false],
];
for (const [title, there] of titles) {
  test(`a citation of ${JSON.stringify(title)} ${there ? 'holds' : 'does not hold'}`, () =>
    assert.equal(hasTest(SOURCE, title), there));
}
