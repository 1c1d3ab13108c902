import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from '../support/properties.ts';
import { LOG_LEVELS, MAX_LOG_BYTES, MAX_LOG_LINES, levelsFrom, toLogEntry } from '../../src/domain/logLine.ts';
import { appendLogs, hasLogLinesThrough, readLogHeads, readLogLines } from '../../src/store/logs.ts';
import type { SaidLine } from '../../src/store/logs.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import type { Hold } from '../../src/store/runs.ts';
import { addTask, at, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';

const NOTICE = 'further lines were not kept: a run keeps 10,000 lines and 2 MiB';
const NOTIFY = 'test:l';
const said = (message: string, fields?: unknown): SaidLine => ({
  ...toLogEntry('INFO', message, fields),
  at: new Date(at('00:00:01')).toISOString(),
  step: null,
});
const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => said(`line ${from + index}`));

const shared = await openParts({ after });
await addTask(shared);

async function openRunning(count = 1, parts = shared) {
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
  const holds = await startedRuns(parts, await addWorker(parts), 60_000, runs);
  const append = ({ store }: Parts, hold: Hold, lines: SaidLine[]) => appendLogs(store.sql, [{ ...hold, lines }], NOTIFY);
  const all = ({ runId }: Hold) => readLogLines(parts.store.prisma, runId, 0, LOG_LEVELS, 20_000);
  const run = ({ runId }: Hold) => parts.store.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  return { parts, holds, hold: holds[0] as Hold, append, all, run };
}

test('lines are numbered from 1 without gaps, batch after batch, each run by itself', async () => {
  const { parts, holds, all, run } = await openRunning(3);
  for (let round = 0; round < 3; round += 1) {
    const batch = holds.map((hold, index) => ({ ...hold, lines: many(index + 1, round * (index + 1)) }));
    assert.equal((await appendLogs(parts.store.sql, batch, NOTIFY)).length, 3);
  }
  for (const [index, hold] of holds.entries()) {
    const lines = await all(hold);
    const count = 3 * (index + 1);
    assert.deepEqual(
      lines.map(({ seq, message }) => `${seq} ${message}`),
      Array.from({ length: count }, (_, line) => `${line + 1} line ${line}`),
    );
    assert.deepEqual([(await run(hold)).logLines, lines[0]?.attempt], [count, 1]);
  }
});

test('who does not hold the lease any more says nothing, and keeps nobody else of the batch from being heard', async () => {
  const { parts, holds, all } = await openRunning(2);
  const [ghost, mine] = holds as [Hold, Hold];
  const batch = [
    { ...ghost, lease: 'another', lines: many(2) },
    { ...mine, lines: many(2) },
  ];
  assert.deepEqual(
    (await appendLogs(parts.store.sql, batch, NOTIFY)).map(({ lease, truncated }) => ({ lease, truncated })),
    [{ lease: mine.lease, truncated: false }],
  );
  assert.deepEqual([(await all(ghost)).length, (await all(mine)).length], [0, 2]);
});

test('concurrent writers of one run: whoever has read a line has all before it, and no number is missing or doubled', async () => {
  const { parts, hold, append, all, run } = await openRunning();
  const others = await Promise.all(Array.from({ length: 3 }, () => parts.another()));
  let over = false;
  const seen: number[] = [];
  const reader = (async () => {
    for (;;) {
      const last = over;
      const [head] = await readLogHeads(parts.store.sql, [hold.runId]);
      const lines = await readLogLines(parts.store.prisma, hold.runId, seen.length, LOG_LEVELS, 10_000);
      for (const { seq } of lines) seen.push(seq);
      // The head was read first: what it counts is there.
      assert.ok(seen.length >= head!.lines, `${seen.length} of ${head!.lines}`);
      if (last) return;
    }
  })();
  const writers = [parts, ...others].map(async (writer, index) => {
    for (let batch = 0; batch < 25; batch += 1) await append(writer, hold, many(1 + ((batch * 7 + index) % 9)));
  });
  await Promise.all(writers);
  over = true;
  await reader;
  assert.deepEqual(
    seen,
    seen.map((_, index) => index + 1),
  );
  assert.deepEqual([seen.length, (await all(hold)).length], [(await run(hold)).logLines, (await run(hold)).logLines]);
});

const caps = [
  { rule: 'at 10,000 lines', before: many(MAX_LOG_LINES - 3), kept: 3, batch: many(5) },
  {
    rule: 'at 2 MiB',
    before: Array.from({ length: 600 }, () => said('x'.repeat(3_495))),
    kept: Math.floor((MAX_LOG_BYTES - 600 * 3_495) / 5),
    batch: Array.from({ length: 50 }, () => said('12345')),
  },
];
for (const { rule, before, kept, batch } of caps) {
  test(`the cap ${rule}: what fits is kept, one last line says that more was said, and nothing is kept any more`, async () => {
    const { parts, hold, append, all, run } = await openRunning();
    assert.deepEqual((await append(parts, hold, before))[0]?.truncated, false);
    assert.deepEqual((await append(parts, hold, batch))[0]?.truncated, true);
    const lines = await all(hold);
    assert.equal(lines.length, before.length + kept + 1);
    assert.deepEqual([lines.at(-1)?.message, lines.at(-1)?.level, lines.at(-1)?.seq], [NOTICE, 'WARN', lines.length]);
    assert.equal(lines.filter(({ message }) => message === NOTICE).length, 1);
    assert.deepEqual((await append(parts, hold, many(3)))[0]?.truncated, true);
    const { logLines, logsTruncated, logBytes } = await run(hold);
    assert.deepEqual([logLines, logsTruncated], [lines.length, true]);
    assert.ok(logBytes <= MAX_LOG_BYTES);
    assert.equal((await all(hold)).length, lines.length);
  });
}

test('a log that is exactly as large as allowed is whole', async () => {
  const { parts, hold, append, all, run } = await openRunning();
  await append(parts, hold, many(MAX_LOG_LINES));
  assert.equal((await run(hold)).logsTruncated, false);
  assert.equal((await all(hold)).length, MAX_LOG_LINES);
});

test('any fields that a task may give are stored as the line shows them', async () => {
  const { parts, hold, append } = await openRunning();
  let seen = 0;
  const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, key: fc.string({ unit: 'binary' }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string({ unit: 'binary' }), anything), { minLength: 1, maxLength: 20 }),
      async (words) => {
        const lines = words.map(([message, fields]) => said(message, fields));
        await append(parts, hold, lines);
        const read = await readLogLines(parts.store.prisma, hold.runId, seen, LOG_LEVELS, 100);
        seen += lines.length;
        const asStored = (fields: unknown) => JSON.parse(JSON.stringify(fields)) as unknown;
        assert.deepEqual(
          read.map(({ message, fields }) => ({ message, fields })),
          lines.map(({ message, fields }) => ({ message, fields: asStored(fields) })),
        );
      },
    ),
    { seed: 5, numRuns: 30 },
  );
});

test('a reader gets the levels it asks for, and knows whether there are any before', async () => {
  const { parts, hold, append } = await openRunning();
  await append(
    parts,
    hold,
    LOG_LEVELS.map((level) => ({ ...said(level), level })),
  );
  const { prisma } = parts.store;
  const levels = async (after: number, limit = 10) =>
    (await readLogLines(prisma, hold.runId, after, levelsFrom('INFO'), limit)).map((line) => line.level);
  assert.deepEqual(await levels(0), ['INFO', 'WARN', 'ERROR']);
  assert.deepEqual(await levels(3), ['WARN', 'ERROR']);
  assert.deepEqual(await levels(0, 1), ['INFO']);
  const before = (through: number) => hasLogLinesThrough(prisma, hold.runId, through, levelsFrom('INFO'));
  assert.deepEqual([await before(2), await before(3)], [false, true]);
});

test('the head says where a log ends, and whether it can grow; of a run that is not there it says nothing', async () => {
  const { parts, hold, append } = await openRunning();
  await append(parts, hold, many(2));
  const heads = () => readLogHeads(parts.store.sql, [hold.runId, 'run_0']);
  assert.deepEqual(await heads(), [{ runId: hold.runId, lines: 2, ended: false }]);
  const data = { state: 'SUCCEEDED', finishedAt: new Date(), lease: null, leaseExpiresAt: null };
  await parts.store.prisma.run.update({ where: { id: hold.runId }, data });
  assert.deepEqual(await heads(), [{ runId: hold.runId, lines: 2, ended: true }]);
  assert.deepEqual(await append(parts, hold, many(1)), []);
});

test('logs go with their run, and runs with long logs go in several batches', async (t) => {
  const own = await openParts(t);
  await addTask(own);
  const { parts, holds, append } = await openRunning(8, own);
  for (const hold of holds) await append(parts, hold, many(3));
  // As if each had as many as a run keeps.
  const data = {
    logLines: MAX_LOG_LINES,
    state: 'SUCCEEDED',
    finishedAt: new Date(at('00:00:01')),
    lease: null,
    leaseExpiresAt: null,
  };
  await parts.store.prisma.run.updateMany({ data });
  const batches: number[] = [];
  for (let count = -1; count !== 0;) batches.push((count = await purgeRuns(parts.store, at('00:01:00'), at('00:01:00'))));
  assert.deepEqual(batches, [5, 3, 0]);
  assert.equal(await parts.store.prisma.logLine.count(), 0);
});
