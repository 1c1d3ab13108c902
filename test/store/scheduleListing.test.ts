import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applySchedules } from '../../src/commands/applySchedules.ts';
import { matchesSearch } from '../../src/domain/search.ts';
import type { ListOrder, PageRequest } from '../../src/store/pages.ts';
import { SCHEDULE_ORDERS, listScheduleIds, pageSchedules } from '../../src/store/scheduleLists.ts';
import type { ScheduleFilter } from '../../src/store/scheduleLists.ts';
import {
  CALLER,
  addCodeTask,
  addSchedule,
  addTask,
  at,
  editSchedule,
  openParts,
  pause,
  removeSchedule,
  resume,
  skip,
  startTestEngine,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import fc from '../support/properties.ts';
import { createRandom } from '../support/random.ts';

/** What schedule_listing has must follow from schedule, whoever writes that. */
async function assertTrue({ store: { prisma } }: Parts): Promise<void> {
  const schedules = await prisma.schedule.findMany({
    where: { deletedAt: null },
    include: { task: true },
    orderBy: { id: 'asc' },
  });
  const expected = schedules.map(({ id, createdAt, updatedAt, taskId, triggerKind, name, description }) => ({
    scheduleId: id,
    createdAt,
    updatedAt,
    taskId,
    kind: triggerKind,
    text: [name, description].filter((text) => text !== null).join('\n'),
  }));
  assert.deepEqual(await prisma.scheduleListing.findMany({ orderBy: { scheduleId: 'asc' } }), expected);
}

const NAMES = ['a', 'b', 'c', 'd'];
const TRIGGERS = [{ interval: { every: 'PT10S' } }, { cron: { expression: '0 0 * * *' } }, { manual: true }] as const;
const name = fc.constantFrom(...NAMES);
const change = {
  description: fc.constantFrom('Ein Text', 'two\nlines', null),
  trigger: fc.constantFrom(...TRIGGERS),
  task: fc.constantFrom({ key: 'http' }, { key: 'code' }),
};
const commands = fc.oneof(
  fc.record({ does: fc.constant('create' as const), name, ...change }),
  fc.record({ does: fc.constant('edit' as const), name, patch: fc.record({ name, ...change }, { requiredKeys: [] }) }),
  fc.record({ does: fc.constantFrom('remove' as const, 'pause' as const, 'resume' as const), name }),
  fc.record({
    does: fc.constant('apply' as const),
    entries: fc.uniqueArray(fc.record({ name, ...change }), { selector: (entry) => entry.name }),
  }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
);

test('what lists read is true after any commands', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { key: 'http' });
  await addCodeTask(parts, { key: 'code' });
  const take = async (command: typeof commands extends fc.Arbitrary<infer Command> ? Command : never) => {
    if (command.does === 'wait') return parts.clock.advanceTo(parts.clock.now() + command.ms);
    if (command.does === 'apply') {
      const result = await applySchedules(parts, CALLER, { managedBy: 'test', schedules: command.entries, prune: true });
      return assert.ok(result.ok);
    }
    if (command.does === 'create') {
      const { does: _, ...spec } = command;
      return addSchedule(parts, spec);
    }
    const found = await parts.store.prisma.schedule.findFirst({ where: { name: command.name, deletedAt: null } });
    if (found === null) return null;
    if (command.does === 'edit') return editSchedule(parts, found.id, command.patch);
    return { remove: removeSchedule, pause, resume }[command.does](parts, found.id);
  };
  const done = new Set<string>();
  await fc.assert(
    fc
      .asyncProperty(fc.array(commands, { minLength: 4, maxLength: 12 }), async (all) => {
        for (const command of all) {
          // Some are refused, such as a second schedule of a name: they must leave it true as well.
          await take(command).then(
            () => done.add(command.does),
            () => undefined,
          );
          await assertTrue(parts);
        }
      })
      .beforeEach(async () => {
        for (const { id } of await parts.store.prisma.schedule.findMany({ where: { deletedAt: null } }))
          await removeSchedule(parts, id);
      }),
    { numRuns: 6 },
  );
  assert.equal(done.size, 7);
});

test('a fire, a pause and a skip write nothing there', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const written = () => parts.store.sql.query(`SELECT xmin::text, ctid::text FROM schedule_listing`);
  const first = await written();
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:00:35'));
  await engine.settle();
  assert.equal(await parts.store.prisma.run.count({ where: { scheduleId: id } }), 3);
  await skip(parts, id, '00:00:50');
  await pause(parts, id);
  await resume(parts, id);
  assert.deepEqual(await written(), first);
  await editSchedule(parts, id, { description: 'x' });
  assert.notDeepEqual(await written(), first);
});

const ROWS = 60;
const NOW = at('12:00:00');
const WORDS = ['Report', 'billing', 'Äpfel', 'straße', '100%', 'a_b', 'group.task', '日本', '(x)', 'back\\slash', 'É'];

/** Schedules in all sorts, many with equal instants, some deleted. */
async function fill({ store: { sql } }: Parts): Promise<void> {
  const random = createRandom(11);
  const words = (count: number) => Array.from({ length: count }, () => WORDS[random(WORDS.length)]).join(' ');
  const when = (steps: number) => new Date(at('00:00:00') + random(steps) * 60_000).toISOString();
  const insert = (table: string, rows: object[]) => {
    const columns = Object.keys(rows[0] ?? {}).map((column) => `"${column}"`);
    return sql.query(
      `INSERT INTO ${table} (${columns.join()}) SELECT ${columns.join()} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
      [JSON.stringify(rows)],
    );
  };
  const of = { group: 'g', name: 'n', kind: 'HTTP', http: {}, execution: {}, registered_at: when(1), updated_at: when(1) };
  const scope = { scope: 'GLOBAL', labels: {} };
  await insert(
    'task',
    [0, 1, 2].map((n) => ({ id: `task_${n}`, key: `group.task-${n}`, ...of, ...scope })),
  );
  const rows = Array.from({ length: ROWS }, (_, n) => {
    const state = ['ACTIVE', 'ACTIVE', 'PAUSED', 'COMPLETED'][random(4)] as string;
    const next = state === 'COMPLETED' ? null : when(5);
    return {
      id: `sch_${(n * 17) % ROWS}`,
      name: `${words(1)} ${n}`,
      description: random(3) === 0 ? null : words(3),
      task_id: `task_${random(3)}`,
      state,
      pause: state === 'PAUSED' ? {} : null,
      trigger_spec: {},
      trigger_kind: ['CRON', 'CRON', 'INTERVAL', 'MANUAL'][random(4)],
      time_zone: 'UTC',
      dst: {},
      version: 1,
      overlap_policy: 'SKIP',
      buffer_limit: 1,
      misfire: {},
      labels: random(3) === 0 ? { team: `t${random(2)}` } : {},
      spread_ms: 0,
      jitter_ms: 0,
      counted_runs: 0,
      consecutive_failures: random(2),
      next_scheduled_for: next,
      next_fire_at: next,
      freezes: [],
      skip_count: 0,
      calendar_names: random(4) === 0 ? ['holidays'] : [],
      calendar_stamp: 0,
      managed_by: random(2) === 0 ? 'team' : null,
      created_at: when(6),
      created_by: {},
      updated_at: when(6),
      updated_by: {},
      deleted_at: random(8) === 0 ? when(1) : null,
    };
  });
  await insert('schedule', rows);
}

const FILTERS: ScheduleFilter[] = [
  {},
  { kinds: ['CRON'] },
  { kinds: ['MANUAL', 'INTERVAL'] },
  { kinds: ['RRULE'] },
  { kinds: [] },
  { search: 'report' },
  { search: 'task-1' },
  { search: 'BILLING äpfel' },
  { search: ' ' },
  { search: 'report', kinds: ['CRON'], states: ['ACTIVE'] },
  { search: 'nowhere' },
  { search: 'e', labels: [{ key: 'team', in: ['t1'] }] },
  { states: ['PAUSED'] },
  { taskKeys: ['group.task-2'], kinds: ['CRON'] },
  { failing: true },
  { silent: false, search: 'a' },
  { silent: true },
  { managedBy: 'team', search: 'a' },
  { calendar: 'holidays', kinds: ['CRON', 'INTERVAL'] },
  { nextFire: { from: new Date(at('00:02:00')) }, search: 'a' },
  { names: ['Report 1', 'billing 2'] },
  { missedSince: new Date(0) },
  { taskIds: ['task_1'] },
  { taskKeys: ['group.task-0'], search: 'a' },
  { failing: false, managedBy: 'team' },
];

const parts = await openParts({ after });
await fill(parts);

test('every filter lists the same in every order, direction and walk, wherever its rows are looked for', async () => {
  const { prisma } = parts.store;
  const records = new Map((await prisma.schedule.findMany()).map((record) => [record.id, record]));
  const valueOf = (id: string, { field }: ListOrder) => {
    const { state, nextFireAt, ...record } = records.get(id)!;
    const instant = field === 'nextFireAt' && state !== 'ACTIVE' ? null : { nextFireAt, ...record }[field as 'name'];
    return instant === null ? null : (instant as unknown) instanceof Date ? (instant as unknown as Date).toISOString() : instant;
  };
  const compare = (one: string, two: string) => Buffer.compare(Buffer.from(one), Buffer.from(two));
  let found = 0;
  for (const filter of FILTERS) {
    // By a statement over schedule alone.
    const ids = await listScheduleIds(prisma, filter, NOW);
    found += ids.length;
    for (const order of Object.values(SCHEDULE_ORDERS)) {
      for (const direction of ['ASC', 'DESC'] as const) {
        const sign = direction === 'ASC' ? 1 : -1;
        const whole = ids.toSorted((a, b) => {
          const [one, two] = [valueOf(a, order), valueOf(b, order)];
          if (one === null || two === null) return Number(one === null) - Number(two === null) || sign * compare(a, b);
          return sign * (compare(one, two) || compare(a, b));
        });
        for (const walk of ['FORWARD', 'BACKWARD'] as const) {
          const title = JSON.stringify({ filter, field: order.field, direction, walk });
          let request: PageRequest | null = { order, direction, size: 17, walk, place: null };
          let seen: string[] = [];
          while (request !== null) {
            const page = await pageSchedules(prisma, filter, request, NOW);
            const listed = page.rows.map(({ id }) => id);
            seen = walk === 'FORWARD' ? [...seen, ...listed] : [...listed, ...seen];
            if (request.place === null) assert.deepEqual(await page.count(), { total: whole.length, capped: false }, title);
            const more: boolean = await (walk === 'FORWARD' ? page.hasNextPage() : page.hasPreviousPage());
            request = more ? { ...request, place: page.keys.at(walk === 'FORWARD' ? -1 : 0)! } : null;
          }
          assert.deepEqual(seen, whole, title);
        }
      }
    }
  }
  assert.ok(found > 10 * FILTERS.length, 'they find something');
});

test('a search by the index of texts, and by the texts themselves, finds what the rules of a search say', async () => {
  const { store } = parts;
  const schedules = await store.prisma.schedule.findMany({ where: { deletedAt: null }, include: { task: true } });
  const texts = schedules.map(({ id, name: named, description, task }) => ({ id, texts: [named, description, task.key] }));
  const pieces = texts.flatMap((each) => each.texts.filter((text) => text !== null));
  const random = createRandom(5);
  const piece = () => {
    const letters = [...(pieces[random(pieces.length)] as string)];
    const from = random(letters.length);
    const text = letters.slice(from, from + 1 + random(12)).join('');
    return [text, text.toUpperCase(), text.toLowerCase()][random(3)] as string;
  };
  const searches = Array.from({ length: 60 }, () => (random(3) === 0 ? `${piece()} ${piece()}` : piece()));
  for (const [off, reader] of [
    ['enable_seqscan', /schedule_listing_text_idx/],
    ['enable_bitmapscan', /Seq Scan on schedule_listing|_idx|_pkey/],
  ] as const) {
    const plans: string[] = [];
    await store.transaction(async ({ prisma, sql }) => {
      await sql.query(`SELECT set_config('${off}', 'off', true), set_config('enable_indexscan', 'off', true)`);
      const explained = {
        schedule: prisma.schedule,
        async $queryRawUnsafe(text: string, ...values: unknown[]) {
          plans.push(JSON.stringify(await prisma.$queryRawUnsafe(`EXPLAIN ${text}`, ...values)));
          return prisma.$queryRawUnsafe(text, ...values);
        },
      } as unknown as typeof prisma;
      const request: PageRequest = {
        order: SCHEDULE_ORDERS.CREATED_AT,
        direction: 'ASC',
        size: ROWS,
        walk: 'FORWARD',
        place: null,
      };
      for (const search of searches) {
        const page = await pageSchedules(explained, { search }, request, NOW);
        const expected = texts.filter((each) => matchesSearch(each.texts, search)).map(({ id }) => id);
        assert.deepEqual(page.rows.map(({ id }) => id).toSorted(), expected.toSorted(), search);
      }
    });
    assert.match(plans.join('\n'), reader);
  }
});
