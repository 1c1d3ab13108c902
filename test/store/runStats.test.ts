import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createLoaders } from '../../src/graphql/loaders.ts';
import { readRunStats, readScheduleStats } from '../../src/store/runStats.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { newRun } from '../support/runs.ts';

const window = (from: string, until: string) => ({ from: new Date(at(from)), until: new Date(at(until)) });
const DAY = window('00:00:00', '23:59:59');

async function openSchedules(t: TestContext, ...names: string[]) {
  const parts = await openParts(t);
  const task = await addTask(parts);
  const ids: string[] = [];
  for (const name of names) ids.push((await addSchedule(parts, { name })).id);
  return { parts, task, ids };
}

/** A run by hand at an instant: queued, or ended `took` milliseconds after a start that was `late` milliseconds late. */
async function addRun(
  parts: Parts,
  scheduleId: string | null,
  instant: string,
  end?: { state: string; late?: number; took?: number },
) {
  const scheduledFor = iso(at(instant));
  const run = await newRun(parts, { scheduleId, scheduledFor, effectiveAt: scheduledFor });
  await insertRuns(parts.store.sql, at(instant), [run]);
  if (end === undefined) return;
  const { state, late, took = 0 } = end;
  const startedAt = at(instant) + (late ?? 0);
  const started = late === undefined ? {} : { latenessMs: late, startedAt: iso(startedAt) };
  await parts.store.prisma.run.update({ where: { id: run.id }, data: { state, ...started, finishedAt: iso(startedAt + took) } });
}
const countsOf = ({ byState }: Awaited<ReturnType<typeof readRunStats>>) =>
  Object.fromEntries(byState.filter(({ count }) => count > 0).map(({ state, count }) => [state, count]));

test('runs are counted by state, ended or not, and measured where there is something to measure', async (t) => {
  const { parts, ids } = await openSchedules(t, 'one');
  const [id] = ids as [string];
  await addRun(parts, id, '00:00:10', { state: 'SUCCEEDED', late: 10, took: 100 });
  await addRun(parts, id, '00:00:20', { state: 'SUCCEEDED', late: 20, took: 200 });
  await addRun(parts, id, '00:00:30', { state: 'FAILED', late: 30, took: 300 });
  await addRun(parts, null, '00:00:40', { state: 'TIMED_OUT', late: 40, took: 400 });
  await addRun(parts, null, '00:00:50', { state: 'CANCELED', late: 50, took: 900_000 });
  await addRun(parts, id, '00:01:00', { state: 'CANCELED' });
  await addRun(parts, id, '00:01:10');
  const stats = await readRunStats(parts.store.prisma, null, DAY);
  assert.equal(stats.total, 7);
  assert.deepEqual(countsOf(stats), { QUEUED: 1, SUCCEEDED: 2, FAILED: 1, TIMED_OUT: 1, CANCELED: 2 });
  assert.equal(stats.successRate, 0.5);
  // Between the values that occurred: how long what was canceled took is not among the durations.
  assert.deepEqual([stats.latenessP50Ms, stats.latenessP95Ms, stats.latenessP99Ms], [30, 48, 49.6]);
  assert.deepEqual([stats.durationP50Ms, stats.durationP95Ms], [250, 385]);
  const [own] = await readScheduleStats(parts.store.prisma, [{ scheduleId: id, ...DAY }]);
  assert.deepEqual([own!.total, own!.latenessP50Ms, own!.durationP95Ms], [5, 20, 290]);
});

test('a window ends with its last instant and begins behind its first: windows that meet count a run once', async (t) => {
  const { parts, ids } = await openSchedules(t, 'one');
  for (const instant of ['00:00:00', '00:01:00', '00:02:00']) await addRun(parts, ids[0]!, instant);
  const stretches = [window('00:00:00', '00:01:00'), window('00:01:00', '00:02:00'), window('00:02:00', '00:03:00')];
  const totals = await Promise.all(stretches.map(async (each) => (await readRunStats(parts.store.prisma, null, each)).total));
  assert.deepEqual(totals, [1, 1, 0]);
  const bySchedule = await readScheduleStats(
    parts.store.prisma,
    stretches.map((stretch) => ({ scheduleId: ids[0]!, ...stretch })),
  );
  assert.deepEqual(
    bySchedule.map(({ total }) => total),
    totals,
  );
});

test('a filter narrows what is counted, of the ended and of the others', async (t) => {
  const { parts, ids } = await openSchedules(t, 'one', 'two');
  await addRun(parts, ids[0]!, '00:00:10', { state: 'SUCCEEDED', late: 10 });
  await addRun(parts, ids[0]!, '00:00:20');
  await addRun(parts, ids[1]!, '00:00:30', { state: 'FAILED', late: 5_000 });
  const count = async (filter: Parameters<typeof readRunStats>[1]) =>
    countsOf(await readRunStats(parts.store.prisma, filter, DAY));
  assert.deepEqual(await count({ scheduleNames: ['one'] }), { QUEUED: 1, SUCCEEDED: 1 });
  assert.deepEqual(await count({ minLatenessMs: 1_000 }), { FAILED: 1 });
  assert.deepEqual(await count({ states: ['QUEUED', 'FAILED'], scheduledFor: window('00:00:00', '00:00:25') }), { QUEUED: 1 });
  assert.deepEqual(await count({ taskKeys: [] }), {});
});

test('what 25 schedules are asked for at once is one statement, and each gets its own', async (t) => {
  const names = Array.from({ length: 25 }, (_, index) => `s${index}`);
  const { parts, ids } = await openSchedules(t, ...names);
  for (const index of [0, 1, 1, 24]) await addRun(parts, ids[index]!, `00:00:${10 + index}`);
  let statements = 0;
  const { store } = parts;
  const counted = {
    $queryRawUnsafe(text: string, ...values: unknown[]) {
      statements += 1;
      return store.prisma.$queryRawUnsafe(text, ...values);
    },
  };
  const loaders = createLoaders({ ...store, prisma: counted as unknown as typeof store.prisma });
  const all = await Promise.all(ids.map((scheduleId) => loaders.statsOfSchedule.load({ scheduleId, ...DAY })));
  assert.deepEqual(
    all.map(({ total }) => total),
    ids.map((_, index) => [1, 2][index] ?? (index === 24 ? 1 : 0)),
  );
  assert.equal(statements, 1);
});

test('figures of runs that ended need nothing but the index that is made for them', async (t) => {
  const { parts, ids } = await openSchedules(t, 'one');
  await addRun(parts, ids[0]!, '00:00:10', { state: 'SUCCEEDED', late: 10 });
  // A table as small as this one is read whole, or by any index. Left with this one, the planner shows whether it holds all columns.
  await parts.store.sql.query(`DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'run'::regclass AND NOT indisprimary LOOP
    IF name <> 'run_stats_idx' THEN EXECUTE 'DROP INDEX ' || name; END IF;
  END LOOP;
END $$`);
  const plans: string[] = [];
  await parts.store.transaction(async ({ prisma, sql }) => {
    await sql.query(`SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`);
    const explain = {
      async $queryRawUnsafe(text: string, ...values: unknown[]) {
        const lines = await prisma.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, ...values);
        plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
        return prisma.$queryRawUnsafe(text, ...values);
      },
    } as unknown as typeof prisma;
    assert.equal((await readRunStats(explain, null, DAY)).total, 1);
    assert.equal((await readRunStats(explain, { states: ['SUCCEEDED'], scheduleIds: ids }, DAY)).total, 1);
    assert.equal((await readScheduleStats(explain, [{ scheduleId: ids[0]!, ...DAY }]))[0]!.total, 1);
  });
  assert.equal(plans.length, 3);
  for (const plan of plans) assert.match(plan, /Index Only Scan using run_stats_idx/);
});
