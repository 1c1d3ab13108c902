import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { toLogEntry } from '../../src/domain/logLine.ts';
import { createLogFollower } from '../../src/events/logs.ts';
import type { LogBatch, LogReader } from '../../src/events/logs.ts';
import { appendLogs } from '../../src/store/logs.ts';
import type { Hold } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { addTask, openParts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

const parts = await openParts({ after });
await addTask(parts);
const workerId = await addWorker(parts);

/** A run, and a follower of logs whose reads the test counts and may hold up on their way back from the database. */
async function openFollower(t: TestContext) {
  const [hold] = (await startedRuns(parts, workerId, 60_000, [await newRun(parts)])) as [Hold];
  const reads: { answered: boolean; letGo: () => void }[] = [];
  let held = false;
  const { logLine } = parts.store.prisma;
  const findMany: typeof logLine.findMany = (async (args: never) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const read = { answered: false, letGo: resolve };
    reads.push(read);
    if (!held) resolve();
    const rows = await logLine.findMany(args);
    read.answered = true;
    await promise;
    return rows;
  }) as never;
  /** What the follower was told last of where the log ends. */
  let known = 0;
  const sql: Sql = {
    async query<Row>(text: string, values?: unknown[]) {
      const rows = await parts.store.sql.query<Row>(text, values);
      known = (rows as { lines?: number }[])[0]?.lines ?? known;
      return rows;
    },
  };
  const store = Object.assign(Object.create(parts.store) as typeof parts.store, {
    sql,
    prisma: { logLine: { findMany } } as never,
  });
  const follower = createLogFollower({ ...parts, store });
  t.after(() => follower.stop());
  return {
    reads,
    known: () => known,
    holdUp: () => (held = true),
    letGo: () => {
      held = false;
      for (const read of reads) read.letGo();
    },
    follow: () => follower.follow(hold.runId, 0, ['INFO'], 100),
    async say(...messages: string[]) {
      const lines = messages.map((message) => ({ ...toLogEntry('INFO', message), step: null, at: '2026-03-02T00:00:00Z' }));
      await appendLogs(parts.store.sql, [{ ...hold, lines }], parts.store.signals.payload(['logs']));
      parts.store.signals.raise(['logs']);
    },
  };
}
const told = ({ lines }: LogBatch) => lines.map((line) => line.message);
const next = async (reader: LogReader) => told((await reader.next()).value as LogBatch);

test('readers at one place share a read', async (t) => {
  const { reads, follow, say } = await openFollower(t);
  await say('a', 'b');
  const readers = Array.from({ length: 20 }, follow);
  assert.deepEqual(
    await Promise.all(readers.map(next)),
    Array.from({ length: 20 }, () => ['a', 'b']),
  );
  assert.equal(reads.length, 1);
});

test('who comes while an older read is under way, and knows of more than that can tell, misses nothing', async (t) => {
  const { reads, known, follow, say, holdUp, letGo } = await openFollower(t);
  await say('a');
  holdUp();
  const first = follow();
  const early = next(first);
  await until(() => reads[0]?.answered === true);
  await say('b');
  await until(() => known() === 2);
  const second = follow();
  const late = next(second);
  await until(() => reads[1]?.answered === true);
  letGo();
  assert.deepEqual([await early, await late], [['a'], ['a', 'b']]);
  assert.deepEqual(await next(first), ['b']);
});

test('a reader that is returned while it waits ends at once', async (t) => {
  const { follow } = await openFollower(t);
  const reader = follow();
  assert.deepEqual(await next(reader), []);
  const waiting = reader.next();
  await reader.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
});
