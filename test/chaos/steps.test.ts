import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createTestDatabase } from '../support/database.ts';
import { RUN_LOG, RUN_STEPS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import { taskFolder } from '../support/taskFolder.ts';
import { until } from '../support/until.ts';
import type { LineView, StepView } from '../support/views.ts';

/** Five steps; each writes down that it was called. The third waits for ever in the first attempt. */
const FIVE = `
import { appendFileSync } from 'node:fs';
import { defineTask } from 'carillon';
export default defineTask({
  key: 'five', timeout: 'PT5M', retry: { maxAttempts: 5, initialInterval: 'PT0S' },
  async run({ step, log, attempt }) {
    const done = [];
    for (let n = 1; n <= 5; n += 1) {
      done.push(await step('step ' + n, async () => {
        appendFileSync(process.env.CARILLON_TEST_CALLS, attempt + '.' + n + '\\n');
        log.info('doing ' + n);
        if (attempt === 1 && n === 3) await new Promise(() => undefined);
        return { n, attempt };
      }));
    }
    return done;
  },
});`;

test(
  'kill -9 in step 3 of 5: the next attempt goes on with it, and does not call what was done again',
  { timeout: 90_000 },
  async (t) => {
    const home = await createHome(t);
    const databaseUrl = await createTestDatabase(t, () => home.close());
    const folder = await taskFolder(t, { 'five.ts': FIVE });
    const file = path.join(folder, 'calls.txt');
    const env = { DATABASE_URL: databaseUrl, CARILLON_TASKS: folder, CARILLON_TEST_CALLS: file };
    const calls = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

    const killed = await home.start(env);
    const input = { task: { key: 'five' } };
    const { data } = await killed.ask<{ triggerTask: { run: { id: string } } }>(TRIGGER_CODE_TASK, { input });
    const { id } = data.triggerTask.run;
    await until(async () => (await calls()).includes('1.3'), 30_000);
    await killed.end('SIGKILL');
    const carillon = await home.start(env);
    interface Run {
      state: string;
      attempt: number;
      steps: StepView[];
    }
    const run = await until(async () => {
      const answer = await carillon.ask<{ run: Run }>(RUN_STEPS, { id });
      return answer.data.run.state === 'SUCCEEDED' && answer.data.run;
    }, 30_000);

    assert.deepEqual(await calls(), ['1.1', '1.2', '1.3', '2.3', '2.4', '2.5']);
    const attempts = [1, 1, 2, 2, 2];
    assert.deepEqual(
      run.steps.map(({ name, state, attempt, output }) => ({ name, state, attempt, output })),
      attempts.map((attempt, index) => {
        const n = index + 1;
        return { name: `step ${n}`, state: 'SUCCEEDED', attempt, output: { n, attempt } };
      }),
    );
    // What a kill takes with it is the last tenth of a second at most; what was written stays, in order.
    const log = await carillon.ask<{ run: { logs: { nodes: LineView[] } } }>(RUN_LOG, { id });
    const lines = log.data.run.logs.nodes.map(({ message, attempt, step }) => `${attempt} ${message} ${step}`);
    assert.deepEqual(lines.slice(-2), ['2 doing 4 step 4', '2 doing 5 step 5']);
    assert.deepEqual(lines, lines.toSorted());
  },
);
