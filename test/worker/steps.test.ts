import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Store } from '../../src/store/open.ts';
import type { Hold } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { findSteps } from '../../src/store/steps.ts';
import { createStepWriter } from '../../src/worker/steps.ts';
import { addTask, openParts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

const parts = await openParts({ after });
await addTask(parts);
const workerId = await addWorker(parts);

/** A writer whose way to the database the test may cut, before a statement or before its answer comes back. */
async function openWriter(t: TestContext) {
  const [hold] = (await startedRuns(parts, workerId, 60_000, [await newRun(parts)])) as [Hold];
  const line = { cut: 'NOWHERE' as 'NOWHERE' | 'BEFORE' | 'AFTER', tries: 0 };
  const { sql } = parts.store;
  const away = () => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  const cut: Sql = {
    async query(text, values) {
      line.tries += 1;
      if (line.cut === 'BEFORE') return away();
      const rows = await sql.query<never>(text, values);
      return line.cut === 'AFTER' ? away() : rows;
    },
  };
  const writer = createStepWriter({ ...parts, store: Object.assign(Object.create(parts.store) as Store, { sql: cut }) });
  t.after(() => writer.stop());
  return { hold, writer, line, steps: () => findSteps(parts.store.prisma, [hold.runId]) };
}

for (const cut of ['BEFORE', 'AFTER'] as const) {
  test(`a step goes on when the database is back; the connection was cut ${cut.toLowerCase()} its statements were done`, async (t) => {
    const { hold, writer, line, steps } = await openWriter(t);
    const { signal } = new AbortController();
    async function overAnOutage<Result>(write: () => Promise<Result>): Promise<Result> {
      line.cut = cut;
      const tries = line.tries;
      const result = write();
      await until(() => line.tries > tries && parts.clock.nextTimer() !== null);
      line.cut = 'NOWHERE';
      parts.clock.advanceTo(parts.clock.now() + 100);
      return result;
    }
    const begun = await overAnOutage(() => writer.begin(hold, 'a', signal));
    assert.deepEqual([begun?.remembered, begun?.output], [false, null]);
    assert.equal(await overAnOutage(() => writer.finish(hold, 'a', { output: { n: 1 } }, signal)), true);
    const left = (await steps()).map(({ name, place, state, output }) => ({ name, place, state, output }));
    assert.deepEqual(left, [{ name: 'a', place: 1, state: 'SUCCEEDED', output: { n: 1 } }]);
  });
}

test('a step does not wait for the database longer than its attempt lasts', async (t) => {
  const { hold, writer, line, steps } = await openWriter(t);
  line.cut = 'BEFORE';
  const abort = new AbortController();
  const beginning = writer.begin(hold, 'a', abort.signal);
  await until(() => line.tries === 1 && parts.clock.nextTimer() !== null);
  abort.abort(new Error('no result within 1 s'));
  await assert.rejects(beginning, /no result within 1 s/);
  assert.deepEqual([line.tries, await steps()], [1, []]);
});

test('steps that come at once are written together, and in the order in which they came', async (t) => {
  const { hold, writer, line, steps } = await openWriter(t);
  const { signal } = new AbortController();
  const names = Array.from({ length: 100 }, (_, n) => `step ${n}`);
  await Promise.all(names.map((name) => writer.begin(hold, name, signal)));
  await Promise.all(names.map((name) => writer.finish(hold, name, { output: name }, signal)));
  assert.equal(line.tries, 2);
  assert.deepEqual(
    (await steps()).map(({ name, output }) => [name, output]),
    names.map((name) => [name, name]),
  );
});
