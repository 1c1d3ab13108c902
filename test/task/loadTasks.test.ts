import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadTasks } from '../../src/task/loadTasks.ts';
import { taskFolder } from '../support/taskFolder.ts';

const task = (key: string) =>
  `import { defineTask } from 'carillon'; export default defineTask({ key: '${key}', run: () => '${key}' });`;
async function load(t: TestContext, files: Record<string, string>) {
  const folder = await taskFolder(t, files);
  const { tasks, broken } = await loadTasks(folder);
  return {
    keys: tasks.map(({ definition }) => definition.key),
    broken: broken.map(({ file, reason }) => `${path.relative(folder, file)}: ${reason.replaceAll(folder, '')}`),
  };
}

test('modules of the folder and its subfolders are loaded, in TypeScript and JavaScript, wherever the folder lies', async (t) => {
  const files = {
    'a.ts': task('a'),
    'b.js': task('b').replace('import', 'import'),
    'deep/er/c.mts': task('c'),
    'd.mjs': task('d'),
  };
  assert.deepEqual(await load(t, { ...files, 'package.json': '{"type": "module"}' }), { keys: ['a', 'b', 'd', 'c'], broken: [] });
});

test('one module may export several tasks', async (t) => {
  const text = `import { defineTask } from 'carillon';
    export const one = defineTask({ key: 'one', run: () => 1 }), two = defineTask({ key: 'two', run: () => 2 }); export default one;`;
  assert.deepEqual((await load(t, { 'both.ts': text })).keys.toSorted(), ['one', 'two']);
});

test('what tasks share, tests, declarations and other files are left alone', async (t) => {
  const files = {
    '_shared.ts': 'throw new Error()',
    'a.test.ts': 'throw new Error()',
    'types.d.ts': '',
    'README.md': '#',
    '.hidden.ts': 'x(',
  };
  assert.deepEqual(await load(t, { ...files, 'node_modules/p/index.js': 'throw 1', 'a.ts': task('a') }), {
    keys: ['a'],
    broken: [],
  });
});

test('a folder that does not exist has no tasks', async () => {
  assert.deepEqual(await loadTasks('/nowhere/at/all'), { tasks: [], broken: [] });
});

const broken: { rule: string; text: string; says: RegExp }[] = [
  { rule: 'throws', text: `throw new Error('no database here');`, says: /bad.ts: no database here/ },
  { rule: 'does not parse', text: 'export default {{', says: /bad.ts: .+/ },
  { rule: 'imports what is not there', text: `import 'not-there';`, says: /bad.ts: .*not-there/ },
  { rule: 'exports no task', text: 'export const x = 1;', says: /bad.ts: it exports no task made by defineTask/ },
  {
    rule: 'defines a bad task',
    text: `import { defineTask } from 'carillon'; defineTask({ key: 'a b', run() {} });`,
    says: /key "a b" is not allowed/,
  },
];
for (const { rule, text, says } of broken) {
  test(`a module that ${rule} is named, and the others are loaded`, async (t) => {
    const result = await load(t, { 'a.ts': task('a'), 'bad.ts': text, 'z.ts': task('z') });
    assert.deepEqual(result.keys, ['a', 'z']);
    assert.equal(result.broken.length, 1);
    assert.match(result.broken[0]!, says);
  });
}

test('of two tasks with one key the second is named, with the first', async (t) => {
  const result = await load(t, { 'a.ts': task('same'), 'b.ts': task('same') });
  assert.deepEqual(result.keys, ['same']);
  assert.deepEqual(result.broken, ['b.ts: the key "same" is taken by /a.ts']);
});

test('the keys of the tasks that are built in are not taken', async (t) => {
  const result = await load(t, { 'a.ts': task('carillon.retention'), 'b.ts': task('carillon') });
  assert.deepEqual(result.keys, ['carillon']);
  assert.deepEqual(result.broken, [`a.ts: keys that begin with "carillon." are Carillon's own: "carillon.retention"`]);
});
