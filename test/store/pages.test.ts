import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListOrder, Page, PageKey, PageRequest } from '../../src/store/pages.ts';
import { RUN_ORDERS, pageRuns } from '../../src/store/runLists.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../src/store/scheduleLists.ts';
import { TASK_ORDERS, pageTasks } from '../../src/store/taskLists.ts';
import { at, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';

const ROWS = 40;
const random = createRandom(7);
/** One of few instants, so that many are equal, or none. */
const instant = () => (random(4) === 0 ? null : iso(at('00:00:00') + random(5)));
const iso = (ms: number) => new Date(ms).toISOString();
const id = (prefix: string, n: number) => `${prefix}_${(n * 17) % ROWS}`;

interface Row {
  id: string;
  /** What each order sorts the row by. */
  by: Record<string, string | null>;
}
interface List {
  rows: Row[];
  orders: Record<string, ListOrder>;
  read(request: PageRequest): Promise<Page<{ id: string }>>;
}

const BLANK = {
  task: { group: 'g', name: 'n', kind: 'HTTP', scope: 'GLOBAL', http: {}, execution: {} },
  schedule: {
    trigger_spec: {},
    trigger_kind: 'CRON',
    time_zone: 'UTC',
    dst: {},
    overlap_policy: 'SKIP',
    misfire: {},
    created_by: {},
    updated_by: {},
  },
  run: { origin: 'MANUAL', max_attempts: 1, policy: {} },
};

/** Tasks, schedules and runs with random instants: many equal, many absent. */
async function fill({ store }: Parts): Promise<List[]> {
  const { sql, prisma } = store;
  // Columns that no row has keep their defaults.
  const insert = (table: 'task' | 'schedule' | 'run', rows: object[]) => {
    const filled = rows.map((row) => ({ ...BLANK[table], ...row }));
    const columns = Object.keys(filled[0] ?? {})
      .map((column) => `"${column}"`)
      .join(', ');
    return sql.query(
      `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
      [JSON.stringify(filled)],
    );
  };
  const numbers = Array.from({ length: ROWS }, (_, n) => n);
  const stamp = iso(at('00:00:00'));
  const tasks = numbers.map((n) => ({ id: id('task', n), key: `key ${n}`, registered_at: stamp, updated_at: stamp }));
  const schedules = numbers.map((n) => {
    const next = instant();
    return {
      id: id('sch', n),
      name: `name ${n}`,
      task_id: id('task', random(ROWS)),
      state: next !== null && random(4) === 0 ? 'PAUSED' : 'ACTIVE',
      next_scheduled_for: next,
      next_fire_at: next,
      created_at: iso(at('00:00:00') + random(5)),
      updated_at: iso(at('00:00:00') + random(5)),
    };
  });
  const runs = numbers.map((n) => {
    const finished = instant();
    return {
      id: id('run', n),
      task_id: id('task', random(ROWS / 2)),
      state: finished === null ? 'QUEUED' : 'SUCCEEDED',
      scheduled_for: iso(at('00:00:00') + random(5)),
      effective_at: stamp,
      created_at: stamp,
      started_at: instant(),
      finished_at: finished,
    };
  });
  await insert('task', tasks);
  await insert(
    'schedule',
    schedules.map((row) => ({ ...row, pause: row.state === 'PAUSED' ? {} : null })),
  );
  await insert('run', runs);
  const least = (values: (string | null)[]) => values.filter((value) => value !== null).toSorted()[0] ?? null;
  const most = (values: (string | null)[]) =>
    values
      .filter((value) => value !== null)
      .toSorted()
      .at(-1) ?? null;
  const fires = (row: (typeof schedules)[number]) => (row.state === 'ACTIVE' ? row.next_fire_at : null);
  return [
    {
      rows: tasks.map((row) => ({
        id: row.id,
        by: {
          KEY: row.key,
          NEXT_FIRE_AT: least(schedules.filter((each) => each.task_id === row.id).map(fires)),
          LAST_RUN_ENDED_AT: most(runs.filter((each) => each.task_id === row.id).map((each) => each.finished_at)),
        },
      })),
      orders: TASK_ORDERS,
      read: (request) => pageTasks(prisma, null, request),
    },
    {
      rows: schedules.map((row) => ({
        id: row.id,
        by: { NAME: row.name, NEXT_FIRE_AT: fires(row), UPDATED_AT: row.updated_at, CREATED_AT: row.created_at },
      })),
      orders: SCHEDULE_ORDERS,
      read: (request) => pageSchedules(prisma, null, request, at('00:00:00')),
    },
    {
      rows: runs.map((row) => ({
        id: row.id,
        by: { SCHEDULED_FOR: row.scheduled_for, STARTED_AT: row.started_at, FINISHED_AT: row.finished_at },
      })),
      orders: RUN_ORDERS,
      read: (request) => pageRuns(prisma, null, {}, request),
    },
  ];
}

/** By value, then by id, both in the direction; without a value last. */
function sorted(rows: Row[], name: string, direction: 'ASC' | 'DESC'): string[] {
  const sign = direction === 'ASC' ? 1 : -1;
  const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
  return rows
    .toSorted((a, b) => {
      const [one, two] = [a.by[name] ?? null, b.by[name] ?? null];
      if ((one === null) !== (two === null)) return one === null ? 1 : -1;
      return compare(one ?? '', two ?? '') || compare(a.id, b.id);
    })
    .map((row) => row.id);
}

test('pages walked forwards, backwards and from any place are the same list, in every order and both directions', async (t) => {
  const parts = await openParts(t);
  for (const { rows, orders, read } of await fill(parts)) {
    for (const [name, order] of Object.entries(orders)) {
      for (const direction of ['ASC', 'DESC'] as const) {
        const whole = sorted(rows, name, direction);
        const title = `${order.field} ${direction}`;
        const keys: PageKey[] = [];
        for (const walk of ['FORWARD', 'BACKWARD'] as const) {
          let seen: string[] = [];
          let place: PageKey | null = null;
          for (let more = true; more;) {
            const size = 1 + random(9);
            const page: Page<{ id: string }> = await read({ order, direction, size, walk, place });
            const ids = page.rows.map((row) => row.id);
            seen = walk === 'FORWARD' ? [...seen, ...ids] : [...ids, ...seen];
            if (walk === 'FORWARD') keys.push(...page.keys);
            const from = whole.indexOf(ids[0] as string);
            assert.deepEqual(
              [await page.hasPreviousPage(), await page.hasNextPage()],
              [from > 0, from + ids.length < whole.length],
              `${title} ${walk} at ${from}`,
            );
            place = page.keys.at(walk === 'FORWARD' ? -1 : 0) as PageKey;
            more = await (walk === 'FORWARD' ? page.hasNextPage() : page.hasPreviousPage());
          }
          assert.deepEqual(seen, whole, `${title} ${walk}`);
        }
        for (let n = 0; n < 10; n += 1) {
          const index = random(ROWS);
          const place = keys[index] as PageKey;
          const size = 1 + random(ROWS);
          const behind = await read({ order, direction, size, walk: 'FORWARD', place });
          const before = await read({ order, direction, size, walk: 'BACKWARD', place });
          assert.deepEqual(
            behind.rows.map((row) => row.id),
            whole.slice(index + 1, index + 1 + size),
            `${title} after ${index}`,
          );
          assert.deepEqual(
            before.rows.map((row) => row.id),
            whole.slice(Math.max(0, index - size), index),
            `${title} before ${index}`,
          );
          assert.deepEqual(
            [await behind.hasPreviousPage(), await before.hasNextPage()],
            [true, true],
            'at least the row at the place',
          );
        }
        assert.deepEqual(await (await read({ order, direction, size: 1, walk: 'FORWARD', place: null })).count(), {
          total: ROWS,
          capped: false,
        });
      }
    }
  }
});

test('beyond the end there is an empty page, and it says on which side the list lies', async (t) => {
  const parts = await openParts(t);
  const runs = (await fill(parts))[2] as List;
  for (const name of ['SCHEDULED_FOR', 'STARTED_AT']) {
    const order = runs.orders[name] as ListOrder;
    const whole = sorted(runs.rows, name, 'ASC');
    const key = (rowId: string): PageKey => ({ id: rowId, value: runs.rows.find((row) => row.id === rowId)?.by[name] ?? null });
    const end = await runs.read({ order, direction: 'ASC', size: 5, walk: 'FORWARD', place: key(whole.at(-1) as string) });
    assert.deepEqual([end.rows, await end.hasPreviousPage(), await end.hasNextPage()], [[], true, false]);
    const start = await runs.read({ order, direction: 'ASC', size: 5, walk: 'BACKWARD', place: key(whole[0] as string) });
    assert.deepEqual([start.rows, await start.hasPreviousPage(), await start.hasNextPage()], [[], false, true]);
  }
});

test('a first page of runs in any order is read from an index: what it costs does not grow with the runs', async (t) => {
  const { store } = await openParts(t);
  await store.sql.query(`INSERT INTO task (id, key, "group", name, kind, http, execution, registered_at, updated_at)
    VALUES ('task_1', 'k', 'g', 'n', 'HTTP', '{}', '{}', now(), now())`);
  await store.sql
    .query(`INSERT INTO run (id, task_id, state, origin, scheduled_for, effective_at, created_at, started_at, finished_at, max_attempts, policy)
    SELECT 'run_' || n, 'task_1', 'SUCCEEDED', 'MANUAL', now() - n * interval '1 s', now(), now(), now() - n * interval '1 s', now() - n * interval '1 s', 1, '{}'
      FROM generate_series(1, 20000) n`);
  await store.sql.query('ANALYZE run');
  const plans: string[] = [];
  const prisma = {
    ...store.prisma,
    run: store.prisma.run,
    $queryRawUnsafe: async (text: string, ...values: unknown[]) => {
      plans.push(JSON.stringify(await store.prisma.$queryRawUnsafe(`EXPLAIN ${text}`, ...values)));
      return store.prisma.$queryRawUnsafe(text, ...values);
    },
  } as unknown as typeof store.prisma;
  for (const order of Object.values(RUN_ORDERS)) {
    for (const direction of ['ASC', 'DESC'] as const) {
      for (const walk of ['FORWARD', 'BACKWARD'] as const) {
        for (const place of [null, { value: new Date().toISOString(), id: 'run_1' }]) {
          plans.length = 0;
          await pageRuns(prisma, null, {}, { order, direction, size: 25, walk, place });
          assert.equal(plans.length, 1);
          assert.doesNotMatch(plans[0] as string, /Seq Scan on run/, `${order.field} ${direction} ${walk}`);
        }
      }
    }
  }
});
