import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { ADMIN_TOKEN } from '../support/carillon.ts';
import { createHome } from '../support/process.ts';
import type { CarillonProcess } from '../support/process.ts';
import { taskFolder } from '../support/taskFolder.ts';
import type { RunView } from '../support/views.ts';

const LIMIT = { timeout: 60_000 };

/** Throws from a timer while it waits for its end. */
const later = (key: string, more: string) => `
import { defineTask } from 'carillon';
export default defineTask({
  key: '${key}', ${more}
  retry: { maxAttempts: 1 },
  async run() {
    setTimeout(() => { throw new Error('later'); }, 50);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return 'the end';
  },
});`;
const FILES = {
  'later.ts': later('later', ''),
  'apart.ts': later('apart', `isolation: 'THREAD',`),
  'alone.ts': `
import { defineTask } from 'carillon';
export default defineTask({
  key: 'alone',
  run() { void Promise.reject(new Error('left alone')); return 'done'; },
});`,
};

async function trigger(carillon: CarillonProcess, key: string): Promise<RunView> {
  const { run, userErrors } = await createApi(carillon).triggerTask({ task: { key } });
  assert.deepEqual(userErrors, []);
  return run as RunView;
}
/** The lines of a level, each as what it says of the error, of where that came from, and of what was under way. */
function saidAt(carillon: CarillonProcess, level: string) {
  const lines = carillon.stderr.map((line) => JSON.parse(line) as Record<string, unknown> & { err?: { message: string } });
  return lines
    .filter((line) => line['level'] === level)
    .map(({ err, from, runs, requests }) => ({ err: err?.message, from, runs, requests }));
}

test('what a task throws outside of its promise stops the process in order, with its run in the log', LIMIT, async (t) => {
  const home = await createHome(t);
  const env = { CARILLON_TASKS: await taskFolder(t, FILES) };
  const carillon = await home.start(env);
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, accept: 'text/event-stream', 'x-request-id': 'the-stream' };
  const stream = await fetch(`${carillon.url}/graphql/stream?query=subscription{runChanged{cursor}}`, { headers });
  assert.equal(stream.status, 200);
  const { id } = await trigger(carillon, 'later');
  assert.match(await carillon.said(/"level":"fatal"/), /isolation THREAD/);
  assert.deepEqual(await carillon.exited, { code: 1, signal: null });
  const attempt = { task: 'later', runId: id, attempt: 1 };
  const [{ requests, ...fatal } = {}, ...more] = saidAt(carillon, 'fatal');
  assert.deepEqual([fatal, more], [{ err: 'later', from: attempt, runs: [attempt] }, []]);
  assert.ok((requests as string[]).includes('the-stream'));
  assert.deepEqual(saidAt(carillon, 'error'), []);
  assert.deepEqual(await home.postmasters(), []);

  const next = await home.start(env);
  const run = await createApi(next).run(id);
  assert.deepEqual([run.state, run.output], ['SUCCEEDED', 'the end'], 'the stop has let it finish');
  assert.deepEqual(await next.end('SIGTERM'), { code: 0, signal: null });
});

test('in a thread it fails the run of its own; a rejection that is left alone is logged with its run', LIMIT, async (t) => {
  const home = await createHome(t);
  const carillon = await home.start({ CARILLON_TASKS: await taskFolder(t, FILES) });
  const api = createApi(carillon);
  const apart = await api.runIn((await trigger(carillon, 'apart')).id, 'SUCCEEDED', 'FAILED');
  assert.deepEqual([apart.state, apart.error?.code], ['FAILED', 'THREAD_ENDED']);
  assert.match(apart.error?.message ?? '', /nothing caught: Error: later/);
  assert.deepEqual([saidAt(carillon, 'fatal'), saidAt(carillon, 'error')], [[], []]);

  const alone = await api.runIn((await trigger(carillon, 'alone')).id, 'SUCCEEDED', 'FAILED');
  assert.deepEqual([alone.state, alone.output], ['SUCCEEDED', 'done']);
  await carillon.said(/"level":"error"/);
  const [{ err, from } = {}, ...more] = saidAt(carillon, 'error');
  assert.deepEqual([err, from, more], ['left alone', { task: 'alone', runId: alone.id, attempt: 1 }, []]);
  assert.deepEqual(await carillon.end('SIGTERM'), { code: 0, signal: null });
});
