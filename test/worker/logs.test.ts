import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { LOG_LEVELS, toLogEntry } from '../../src/domain/logLine.ts';
import { readLogLines } from '../../src/store/logs.ts';
import type { Store } from '../../src/store/open.ts';
import type { Hold } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { createLogWriter } from '../../src/worker/logs.ts';
import { addTask, openParts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

async function openWriter(t: TestContext, count: number) {
  const parts = await openParts(t);
  await addTask(parts);
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
  const holds = await startedRuns(parts, await addWorker(parts), 60_000, runs);
  const writer = createLogWriter(parts);
  t.after(() => writer.stop());
  const add = (hold: Hold, message: string) => writer.add(hold, null, toLogEntry('INFO', message));
  const messages = async ({ runId }: Hold) =>
    (await readLogLines(parts.store.prisma, runId, 0, LOG_LEVELS, 20_000)).map((line) => line.message);
  return { parts, holds, writer, add, messages };
}

test('over the bound of a worker lines are dropped, and where they are missing a line says how many', async (t) => {
  const { holds, writer, add, messages } = await openWriter(t, 6);
  // Ten megabytes together, and of no run more than it keeps.
  const LINES = 400;
  const long = (n: number) => `line ${n} `.padEnd(4_000, '.');
  // Nothing can be written before this turn of the event loop ends.
  for (const hold of holds) for (let n = 0; n < LINES; n += 1) add(hold, long(n));
  const [first, last] = [holds[0] as Hold, holds.at(-1) as Hold];
  await Promise.all(holds.slice(0, -1).map((hold) => writer.flush(hold)));
  add(last, 'after');
  await writer.flush(last);
  assert.equal((await messages(first)).length, LINES);
  const kept = await messages(last);
  assert.equal(kept.at(-1), 'after');
  const told = Number(/^(\d+) lines were dropped here/.exec(kept.at(-2) ?? '')?.[1]);
  assert.ok(told > 0);
  const whole = Array.from({ length: LINES - told }, (_, n) => long(n));
  assert.deepEqual(kept.slice(0, -2), whole);
});

test('a ghost’s lines are not written, and those of others are', async (t) => {
  const { holds, writer, add, messages } = await openWriter(t, 2);
  const [one, two] = holds as [Hold, Hold];
  const ghost = { ...one, lease: 'another' };
  for (let n = 0; n < 300; n += 1) for (const hold of [ghost, two]) add(hold, `line ${n}`);
  await Promise.all([ghost, two].map((hold) => writer.flush(hold)));
  assert.deepEqual([(await messages(one)).length, (await messages(two)).length], [0, 300]);
});

test('one run whose log the database refuses keeps no other from being written', async (t) => {
  const { parts, holds, writer, add, messages } = await openWriter(t, 3);
  await parts.store.sql.query(`ALTER TABLE log_line ADD CONSTRAINT test_refuses CHECK (message <> 'bad')`);
  for (const [index, hold] of holds.entries()) add(hold, index === 1 ? 'bad' : 'good');
  await Promise.all(holds.map((hold) => writer.flush(hold)));
  assert.deepEqual(await Promise.all(holds.map(messages)), [['good'], [], ['good']]);
});

test('lines that arrive while others are written come behind them', async (t) => {
  const { holds, writer, add, messages } = await openWriter(t, 1);
  const [hold] = holds as [Hold];
  const expected: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (let n = 0; n < 250; n += 1) {
      const message = `${round} ${n}`;
      expected.push(message);
      add(hold, message);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.flush(hold);
  assert.deepEqual(await messages(hold), expected);
});

test('while the database is away lines wait, and so does the end of their attempt; then they are written in their order', async (t) => {
  const { parts, holds, messages } = await openWriter(t, 1);
  const [hold] = holds as [Hold];
  let away = true;
  let tries = 0;
  const { sql } = parts.store;
  const cut: Sql = {
    query(text, values) {
      tries += 1;
      return away ? Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })) : sql.query(text, values);
    },
  };
  const writer = createLogWriter({ ...parts, store: Object.assign(Object.create(parts.store) as Store, { sql: cut }) });
  t.after(() => writer.stop());
  const expected = Array.from({ length: 500 }, (_, n) => `line ${n}`);
  for (const [n, line] of expected.entries()) {
    writer.add(hold, null, toLogEntry('INFO', line));
    if (n === 250) await until(() => tries === 1);
  }
  let flushed = false;
  const flush = writer.flush(hold).then(() => (flushed = true));
  parts.clock.advanceTo(parts.clock.now() + 100);
  await until(() => tries === 2);
  assert.deepEqual([flushed, await messages(hold)], [false, []]);
  away = false;
  // The wait for the third try.
  await until(() => parts.clock.nextTimer() !== null);
  parts.clock.advanceTo(parts.clock.now() + 200);
  await flush;
  assert.deepEqual(await messages(hold), expected);
});

test('who has said nothing has nothing to wait for', async (t) => {
  const { holds, writer } = await openWriter(t, 1);
  await writer.flush(holds[0] as Hold);
});
