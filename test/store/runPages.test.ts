import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageKey, PageRequest } from '../../src/store/pages.ts';
import { RUN_ORDERS, pageRuns } from '../../src/store/runLists.ts';
import type { RunFilter } from '../../src/store/runLists.ts';
import type { Store } from '../../src/store/open.ts';
import { at, openParts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = at('00:00:00');
const random = createRandom(11);
const iso = (ms: number) => new Date(ms).toISOString();

interface Run {
  id: string;
  task: number;
  schedule: number | null;
  scheduledFor: number;
  startedAt: number | null;
  finishedAt: number | null;
}
const OWNERS = 5;

async function insert({ sql }: Store, runs: readonly Run[]): Promise<void> {
  const stamp = iso(START);
  await sql.query(
    `INSERT INTO task (id, key, "group", name, kind, http, execution, registered_at, updated_at)
     SELECT 'task_' || n, 'key-' || n, 'g', 'n', 'HTTP', '{}', '{}', $1, $1 FROM generate_series(0, $2::int) n`,
    [stamp, OWNERS],
  );
  await sql.query(
    `INSERT INTO schedule (id, name, task_id, state, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire, created_at, created_by, updated_at, updated_by)
     SELECT 'sch_' || n, 'name ' || n, 'task_' || n, 'ACTIVE', '{}', 'CRON', 'UTC', '{}', 'SKIP', '{}', $1, '{}', $1, '{}' FROM generate_series(0, $2::int) n`,
    [stamp, OWNERS],
  );
  const rows = runs.map(({ id, task, schedule, scheduledFor, startedAt, finishedAt }) => ({
    id,
    task_id: `task_${task}`,
    schedule_id: schedule === null ? null : `sch_${schedule}`,
    state: finishedAt === null ? 'QUEUED' : 'SUCCEEDED',
    scheduled_for: iso(scheduledFor),
    started_at: startedAt === null ? null : iso(startedAt),
    finished_at: finishedAt === null ? null : iso(finishedAt),
  }));
  await sql.query(
    `INSERT INTO run (id, task_id, schedule_id, state, origin, scheduled_for, effective_at, created_at, started_at, finished_at, max_attempts, policy)
     SELECT id, task_id, schedule_id, state, 'MANUAL', scheduled_for, $2, $2, started_at, finished_at, 1, '{}' FROM jsonb_populate_recordset(NULL::run, $1::jsonb)`,
    [JSON.stringify(rows), stamp],
  );
  await sql.query('ANALYZE run');
}

/** Mostly close together, some just within an hour, just beyond it, long after or, by a clock that was set, before. */
function anyRun(n: number): Run {
  const scheduledFor = START + random(6 * 60) * MINUTE;
  const drift = () => [0, 0, 1, 2 * MINUTE, HOUR, HOUR + 1, 3 * HOUR, -2 * MINUTE, -HOUR, -2 * HOUR][random(10)] as number;
  const startedAt = random(6) === 0 ? null : scheduledFor + drift();
  const finishedAt = random(6) === 0 ? null : (startedAt ?? scheduledFor) + drift();
  const schedule = random(3) === 0 ? null : random(OWNERS);
  return { id: `run_${(n * 17) % RUNS}`, task: random(OWNERS), schedule, scheduledFor, startedAt, finishedAt };
}
const RUNS = 150;

const within = (value: number | null, from: number, until: number) =>
  value !== null && value >= START + from && value < START + until;
const range = (from: number, until: number) => ({ from: new Date(START + from), until: new Date(START + until) });
const FILTERS: { filter: RunFilter; only?: { taskId?: string; scheduleId?: string }; has: (run: Run) => boolean }[] = [
  { filter: { taskKeys: ['key-1'] }, has: ({ task }) => task === 1 },
  { filter: { taskKeys: ['key-1', 'key-3', 'key-1'] }, has: ({ task }) => task === 1 || task === 3 },
  { filter: { taskKeys: [] }, has: () => false },
  { filter: { scheduleIds: ['sch_0', 'sch_2', 'sch_0'] }, has: ({ schedule }) => schedule === 0 || schedule === 2 },
  {
    filter: { scheduleNames: ['name 4', 'name 2'], states: ['SUCCEEDED'] },
    has: ({ schedule, finishedAt }) => (schedule === 4 || schedule === 2) && finishedAt !== null,
  },
  {
    filter: { scheduleNames: ['name 4', 'name 2'] },
    only: { taskId: 'task_3' },
    has: ({ schedule, task }) => (schedule === 4 || schedule === 2) && task === 3,
  },
  {
    filter: { taskKeys: ['key-0', 'key-2'] },
    only: { scheduleId: 'sch_1' },
    has: ({ schedule, task }) => schedule === 1 && (task === 0 || task === 2),
  },
  { filter: { scheduledFor: range(HOUR, 4 * HOUR) }, has: ({ scheduledFor }) => within(scheduledFor, HOUR, 4 * HOUR) },
  { filter: { finished: range(2 * HOUR, 5 * HOUR) }, has: ({ finishedAt }) => within(finishedAt, 2 * HOUR, 5 * HOUR) },
  {
    filter: { scheduledFor: range(0, 4 * HOUR), finished: range(2 * HOUR, 5 * HOUR), taskKeys: ['key-1', 'key-2'] },
    has: ({ scheduledFor, finishedAt, task }) =>
      within(scheduledFor, 0, 4 * HOUR) && within(finishedAt, 2 * HOUR, 5 * HOUR) && (task === 1 || task === 2),
  },
  {
    filter: { scheduledFor: range(HOUR, 4 * HOUR), finished: {} },
    has: ({ scheduledFor, finishedAt }) => within(scheduledFor, HOUR, 4 * HOUR) && finishedAt !== null,
  },
  {
    filter: { finished: { from: new Date(START + 2 * HOUR) }, taskKeys: ['key-0', 'key-4'] },
    has: ({ finishedAt, task }) => within(finishedAt, 2 * HOUR, 100 * HOUR) && (task === 0 || task === 4),
  },
];

/** The store's Prisma with a say in how a statement of a list is asked: `ask` sends a text with its values. */
function reading(
  { prisma }: Store,
  answer: (text: string, ask: (text: string) => Promise<unknown>) => Promise<unknown>,
): Store['prisma'] {
  const { task, schedule, run, attempt, worker } = prisma;
  const $queryRawUnsafe = (text: string, ...values: unknown[]) =>
    answer(text, (asked) => prisma.$queryRawUnsafe(asked, ...values));
  return { task, schedule, run, attempt, worker, $queryRawUnsafe } as unknown as Store['prisma'];
}

/** What the list is, in one order: by value, then by id, both in the direction; without a value last. */
function listed(runs: readonly Run[], field: 'scheduledFor' | 'startedAt' | 'finishedAt', direction: 'ASC' | 'DESC'): PageKey[] {
  const sign = direction === 'ASC' ? 1 : -1;
  return runs
    .toSorted((a, b) => {
      const [one, two] = [a[field], b[field]];
      if ((one === null) !== (two === null)) return one === null ? 1 : -1;
      return sign * ((one ?? 0) - (two ?? 0) || (a.id < b.id ? -1 : 1));
    })
    .map((run) => ({ id: run.id, value: run[field] === null ? null : iso(run[field]) }));
}

test('runs of a filter are the same list from any place, in every order, also where their instants lie far apart', async (t) => {
  const { store } = await openParts(t);
  const runs = Array.from({ length: RUNS }, (_, n) => anyRun(n));
  await insert(store, runs);
  for (const { filter, only = {}, has } of FILTERS) {
    for (const order of Object.values(RUN_ORDERS)) {
      for (const direction of ['ASC', 'DESC'] as const) {
        const whole = listed(runs.filter(has), order.field, direction);
        const read = (request: Pick<PageRequest, 'walk' | 'place' | 'size'>) =>
          pageRuns(store.prisma, filter, only, { order, direction, ...request });
        for (const index of [-1, 0, random(whole.length), random(whole.length), whole.length - 1]) {
          const size = 1 + random(12);
          const place = whole[index] ?? null;
          const says = `${JSON.stringify(filter)} ${order.field} ${direction} ${size} at ${index}`;
          const after = await read({ walk: 'FORWARD', place, size });
          assert.deepEqual(after.keys, whole.slice(index + 1, index + 1 + size), `${says}, after`);
          assert.equal(await after.hasNextPage(), index + 1 + size < whole.length, `${says}, after`);
          const before = await read({ walk: 'BACKWARD', place, size });
          const end = place === null ? whole.length : index;
          assert.deepEqual(before.keys, whole.slice(Math.max(0, end - size), end), `${says}, before`);
          assert.equal(await before.hasPreviousPage(), end > size, `${says}, before`);
        }
        const { total } = await (await read({ walk: 'FORWARD', place: null, size: 1 })).count();
        assert.equal(total, whole.length);
      }
    }
  }
});

for (const { others, later } of [
  { others: 'only more of the same', later: [] },
  { others: 'runs that never began', later: [null] },
  { others: 'runs that began long after they were due', later: [START + 5 * HOUR] },
]) {
  for (const { go, change, filter } of [
    { go: 'deleted', change: `DELETE FROM run WHERE id IN ('run_1', 'run_3') RETURNING id`, filter: { taskKeys: ['key-1'] } },
    {
      go: 'no longer asked for',
      change: `UPDATE run SET state = 'SUCCEEDED', finished_at = started_at WHERE id IN ('run_1', 'run_3') RETURNING id`,
      filter: { taskKeys: ['key-1'], states: ['QUEUED'] },
    },
  ]) {
    test(`a page is whole when some of its first runs are ${go} while it is being read, and behind them there are ${others}`, async (t) => {
      const { store } = await openParts(t);
      const run = (n: number, scheduledFor: number, startedAt: number | null) => ({
        id: `run_${n}`,
        task: 1,
        schedule: null,
        scheduledFor,
        startedAt,
        finishedAt: null,
      });
      const runs = Array.from({ length: 40 }, (_, n) => run(n, START + n * MINUTE, START + n * MINUTE + 5));
      await insert(store, [
        ...runs,
        ...later.flatMap((startedAt) => Array.from({ length: 10 }, (_, n) => run(100 + n, START, startedAt))),
      ]);
      let gone = 0;
      const prisma = reading(store, async (text, ask) => {
        const rows = await ask(text);
        if (text.startsWith('/* the end of a page')) gone += (await store.sql.query(change)).length;
        return rows;
      });
      const request = { order: RUN_ORDERS.STARTED_AT, direction: 'ASC', walk: 'FORWARD', size: 5, place: null } as const;
      const page = await pageRuns(prisma, filter, {}, request);
      assert.ok(gone >= 2);
      assert.deepEqual(
        page.rows.map(({ id }) => id),
        ['run_0', 'run_2', 'run_4', 'run_5', 'run_6'],
      );
      assert.equal(await page.hasNextPage(), true);
    });
  }
}

interface PlanNode {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}
/** Pages of 8 KiB, those of planning left out. All runs together are in twice as many, and walking an index to its middle looks at thousands. */
const LOOKED_AT = 600;
const buffersOf = (plan: PlanNode) => plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];

test('in any order little is looked at, wherever the runs that are asked for lie among all', async (t) => {
  const { store } = await openParts(t);
  // A run a minute, begun and ended seconds after it was due. Task 0 and schedule 0 had theirs in the tenth part of the time, two thirds of the
  // way; a backfill made some of what was due then at the end. Some never began.
  const runs = Array.from({ length: 30_000 }, (_, n) => {
    const scheduledFor = START + n * MINUTE;
    const owner = n >= 20_000 && n < 23_000 && n % 3 === 0 ? 0 : 1 + (n % 4);
    const startedAt = n % 100 === 0 ? null : (n % 50 === 1 ? START + 30_000 * MINUTE : scheduledFor) + 5;
    return {
      id: `run_${n}`,
      task: owner,
      schedule: owner,
      scheduledFor,
      startedAt,
      finishedAt: startedAt === null ? null : startedAt + 2_000,
    };
  });
  await insert(store, runs);
  const there = range(20_000 * MINUTE, 23_000 * MINUTE);
  const asked: { filter: RunFilter; middle: number }[] = [
    { filter: { taskKeys: ['key-0'] }, middle: 21_500 },
    { filter: { taskKeys: ['key-1'] }, middle: 10_000 },
    { filter: { scheduleNames: ['name 0'] }, middle: 21_500 },
    { filter: { scheduleIds: ['sch_0', 'sch_5'] }, middle: 21_500 },
    { filter: { scheduleIds: ['sch_1', 'sch_2', 'sch_3'] }, middle: 10_000 },
    { filter: { scheduledFor: there }, middle: 21_500 },
    { filter: { scheduledFor: there, finished: {} }, middle: 21_500 },
    { filter: { finished: there }, middle: 21_500 },
    { filter: { scheduledFor: there, taskKeys: ['key-0', 'key-1'] }, middle: 21_500 },
    { filter: { scheduledFor: range(0, 30_000 * MINUTE) }, middle: 10_000 },
  ];
  let looked = 0;
  const prisma = reading(store, async (text, ask) => {
    const [explained] = (await ask(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`)) as [
      { 'QUERY PLAN': [{ Plan: PlanNode }] },
    ];
    looked += buffersOf(explained['QUERY PLAN'][0].Plan);
    return ask(text);
  });
  for (const { filter, middle } of asked) {
    for (const order of Object.values(RUN_ORDERS)) {
      for (const direction of ['ASC', 'DESC'] as const) {
        for (const place of [null, { value: iso(START + middle * MINUTE), id: 'run_' }]) {
          looked = 0;
          const page = await pageRuns(prisma, filter, {}, { order, direction, walk: 'FORWARD', size: 25, place });
          assert.equal(page.rows.length, 25);
          const says = `${JSON.stringify(filter)} ${order.field} ${direction} ${place === null ? '' : 'deep'}`;
          // The order of an index that the whole filter goes with is entered at the place.
          const allowed =
            'from' in (filter.scheduledFor ?? {}) && filter.taskKeys === undefined && order.field === 'scheduledFor'
              ? 30
              : LOOKED_AT;
          assert.ok(looked < allowed, `${says}: ${looked}`);
        }
      }
    }
  }
});
