import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { RUN_LOG, RUN_STEPS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { taskFolder } from '../support/taskFolder.ts';
import type { LineView, StepView } from '../support/views.ts';

const tasks = fileURLToPath(new URL('../../tasks/', import.meta.url));
const api = createApi(await startTestCarillon({ after }, { CARILLON_TASKS: tasks }));

async function snapshot(input: { folder: string; into: string; keep?: number }) {
  const { run } = await api.ask<{ run: { id: string } }>(TRIGGER_CODE_TASK, {
    input: { task: { key: 'example.folder-snapshot' }, input },
  });
  return api.runIn(run.id, 'SUCCEEDED', 'FAILED');
}

test('the example copies a folder in five steps, says what it does, and keeps the newest copies', async (t) => {
  const folder = await taskFolder(t, { 'a.txt': 'one', 'sub/b.txt': 'two' });
  const into = await taskFolder(t, { 'unrelated.txt': 'stays' });
  const runs = [];
  for (const text of ['first', 'second', 'third']) {
    await writeFile(path.join(folder, 'a.txt'), text);
    runs.push(await snapshot({ folder, into, keep: 2 }));
  }
  assert.deepEqual(
    runs.map(({ state, error }) => [state, error]),
    runs.map(() => ['SUCCEEDED', null]),
  );
  const left = (await readdir(into)).toSorted();
  assert.deepEqual([left.length, left.at(-1)], [3, 'unrelated.txt']);
  const texts = left.slice(0, 2).map((name) => readFile(path.join(into, name, 'a.txt'), 'utf8'));
  assert.deepEqual(await Promise.all(texts), ['second', 'third']);
  assert.equal(await readFile(path.join(into, left[0]!, 'sub/b.txt'), 'utf8'), 'two');
  const { id } = runs.at(-1)!;
  const { steps } = await api.ask<{ steps: StepView[] }>(RUN_STEPS, { id });
  assert.deepEqual(
    steps.map(({ name, state }) => `${name} ${state}`),
    ['list', 'copy', 'compare', 'publish', 'remove old ones'].map((name) => `${name} SUCCEEDED`),
  );
  const { logs } = await api.ask<{ logs: { nodes: LineView[] } }>(RUN_LOG, { id });
  assert.deepEqual(
    logs.nodes.map(({ message, step }) => [message, step]),
    [
      ['files found', 'list'],
      ['old copies removed', 'remove old ones'],
    ],
  );
});

test('the example does not copy a folder into itself, and does not try that again', async (t) => {
  const folder = await taskFolder(t, { 'a.txt': 'one' });
  for (const inside of ['copies', '..copies', '.']) {
    const run = await snapshot({ folder, into: path.join(folder, inside) });
    assert.deepEqual([inside, run.state, run.attempt, run.error?.code], [inside, 'FAILED', 1, 'FOLDER_IN_ITSELF']);
  }
});
