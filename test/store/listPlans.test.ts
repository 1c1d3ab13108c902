import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents } from '../../src/store/events.ts';
import type { Store } from '../../src/store/open.ts';
import type { ListOrder, PageRequest } from '../../src/store/pages.ts';
import { purgeLedger } from '../../src/store/retention.ts';
import { RUN_ORDERS, pageRuns } from '../../src/store/runLists.ts';
import type { RunFilter } from '../../src/store/runLists.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../src/store/scheduleLists.ts';
import type { ScheduleFilter } from '../../src/store/scheduleLists.ts';
import { TASK_ORDERS, pageTasks } from '../../src/store/taskLists.ts';
import { openParts } from '../support/parts.ts';

/** Large enough that nobody would read the whole table where an index holds the few rows that are asked for. */
const RUNS = 20_000;
const SCHEDULES = 5_000;
const NOW = Date.parse('2026-03-02T00:00:00Z');
const first = (order: ListOrder): PageRequest => ({ order, direction: 'DESC', size: 25, walk: 'FORWARD', place: null });

async function fill({ sql }: Store): Promise<void> {
  const now = `'2026-03-02T00:00:00Z'::timestamptz`;
  await sql.query(`INSERT INTO task (id, key, "group", name, kind, http, execution, registered_at, updated_at)
    SELECT 'task_' || n, 'key-' || n, 'g', 'n', 'HTTP', '{}', '{}', ${now}, ${now} FROM generate_series(1, 50) n`);
  await sql.query(`INSERT INTO worker (id, hostname, pid, version, state, capacity, started_at, last_heartbeat_at)
    SELECT 'wrk_' || n, 'h', 1, '1', CASE WHEN n = 1000 THEN 'RUNNING' ELSE 'STOPPED' END, 1, ${now}, ${now} FROM generate_series(1, 1000) n`);
  await sql.query(`INSERT INTO schedule (id, name, task_id, state, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire, labels, calendar_names,
      consecutive_failures, next_scheduled_for, next_fire_at, created_at, created_by, updated_at, updated_by, deleted_at)
    SELECT 'sch_' || n, 'name ' || n, 'task_' || 1 + n % 50, 'ACTIVE', '{}', 'CRON', 'UTC', '{}', 'SKIP', '{}', CASE WHEN n % 500 = 0 THEN '{"rare": "yes"}' ELSE '{}' END::jsonb,
           CASE WHEN n % 500 = 0 THEN '{rare}'::text[] ELSE '{}' END, CASE WHEN n % 500 = 0 THEN 1 ELSE 0 END, ${now} + n * interval '1 minute', ${now} + n * interval '1 minute',
           ${now}, '{}', ${now}, '{}', CASE WHEN n % 1000 = 7 THEN ${now} END FROM generate_series(1, ${SCHEDULES}) n`);
  await sql.query(`INSERT INTO run (id, task_id, schedule_id, state, origin, scheduled_for, effective_at, created_at, started_at, finished_at, lateness_ms, max_attempts, policy, labels, worker_id)
    SELECT 'run_' || n, 'task_' || 1 + n % 50, 'sch_' || 1 + n % ${SCHEDULES}, CASE WHEN n % 500 = 0 THEN 'FAILED' WHEN n % 501 = 0 THEN 'CANCELED' ELSE 'SUCCEEDED' END,
           CASE WHEN n % 500 = 0 THEN 'MANUAL' ELSE 'SCHEDULE' END, at, at, at, at, at, CASE WHEN n % 500 = 0 THEN 60000 ELSE 5 END, 1, '{}',
           CASE WHEN n % 500 = 0 THEN '{"rare": "yes"}' ELSE '{}' END::jsonb, 'wrk_' || 1 + n % 1000
      FROM (SELECT n, ${now} - n * interval '1 s' AS at FROM generate_series(1, ${RUNS}) n) runs`);
  await sql.query(
    `INSERT INTO event (xid, at, topic, kind, subject_id) SELECT (1 + n / 100)::text::xid8, ${now}, 'worker', 'UPDATED', 'wrk_1' FROM generate_series(1, ${RUNS}) n`,
  );
  await sql.query('VACUUM ANALYZE task, worker, schedule, schedule_listing, run, event');
}

/** The plans of what `work` asks, as one text. */
function explaining(store: Store) {
  const plans: string[] = [];
  const keep = (rows: { 'QUERY PLAN': string }[]) => void plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
  const prisma = {
    ...store.prisma,
    run: store.prisma.run,
    schedule: store.prisma.schedule,
    task: store.prisma.task,
    $queryRawUnsafe: async (text: string, ...values: unknown[]) => {
      keep(await store.prisma.$queryRawUnsafe(`EXPLAIN ${text}`, ...values));
      return store.prisma.$queryRawUnsafe(text, ...values);
    },
  } as unknown as typeof store.prisma;
  const sql: Store['sql'] = {
    async query(text, values) {
      keep(await store.prisma.$queryRawUnsafe(`EXPLAIN ${text}`, ...(values ?? [])));
      return store.sql.query(text, values);
    },
  };
  const plansOf = async (work: () => Promise<unknown>) => {
    plans.length = 0;
    await work();
    return plans.join('\n');
  };
  return { prisma, sql, plansOf };
}

const RARE = [{ key: 'rare', in: ['yes'] }];
const runCases: { filter: RunFilter; index: RegExp }[] = [
  { filter: { states: ['FAILED', 'CANCELED'] }, index: /run_unsuccessful_idx/ },
  { filter: { states: ['TIMED_OUT'] }, index: /run_unsuccessful/ },
  { filter: { states: ['CANCELED'], taskKeys: ['key-7'] }, index: /run_unsuccessful/ },
  { filter: { states: ['FAILED'], scheduleNames: ['name 7'] }, index: /run_(unsuccessful_)?schedule/ },
  { filter: { states: ['RUNNING'] }, index: /run_(lease|running_task|unfinished_schedule|task_unfinished)_idx/ },
  { filter: { taskKeys: ['key-7'] }, index: /run_task_id_scheduled_for_id_idx/ },
  { filter: { scheduleNames: ['name 7'] }, index: /run_schedule_id_scheduled_for_id_idx/ },
  { filter: { origins: ['MANUAL', 'RETRY'] }, index: /run_off_schedule_idx/ },
  { filter: { workerIds: ['wrk_7'] }, index: /run_worker_idx/ },
  { filter: { minLatenessMs: 30_000 }, index: /run_late_idx/ },
  { filter: { labels: RARE }, index: /run_labels_idx/ },
  { filter: { labels: [{ key: 'rare' }] }, index: /run_labels_idx/ },
];
const scheduleCases: { filter: ScheduleFilter | null; order?: ListOrder; index: RegExp }[] = [
  { filter: null, order: SCHEDULE_ORDERS.NEXT_FIRE_AT, index: /schedule_due_idx[^]*schedule_unplanned_idx/ },
  { filter: { nextFire: { until: new Date(NOW + 600_000) } }, index: /schedule_(due|task_id_next_fire_at)_idx/ },
  { filter: { silent: true }, index: /schedule_(due|task_id_next_fire_at)_idx/ },
  { filter: { failing: true }, index: /schedule_failing_idx/ },
  { filter: { labels: RARE }, index: /schedule_labels_idx/ },
  { filter: { calendar: 'rare' }, index: /schedule_calendar_names_idx/ },
  { filter: { states: ['PAUSED'] }, index: /schedule_unplanned_idx/ },
  { filter: null, order: SCHEDULE_ORDERS.CREATED_AT, index: /schedule_listing_created_at_schedule_id_idx/ },
  { filter: null, order: SCHEDULE_ORDERS.UPDATED_AT, index: /schedule_listing_updated_at_schedule_id_idx/ },
  { filter: { states: ['ACTIVE'] }, order: SCHEDULE_ORDERS.UPDATED_AT, index: /schedule_listing_updated_at_schedule_id_idx/ },
  { filter: { kinds: ['CRON'] }, order: SCHEDULE_ORDERS.CREATED_AT, index: /schedule_listing_created_at_schedule_id_idx/ },
  { filter: { kinds: ['RRULE'] }, index: /schedule_listing_kind_idx/ },
  { filter: { kinds: ['RRULE'] }, order: SCHEDULE_ORDERS.NEXT_FIRE_AT, index: /schedule_listing_kind_idx/ },
  { filter: { search: 'NAME' }, order: SCHEDULE_ORDERS.CREATED_AT, index: /schedule_listing_created_at_schedule_id_idx/ },
  ...Object.values(SCHEDULE_ORDERS).flatMap((order) => [
    { filter: { search: 'nowhere' }, order, index: /schedule_listing_text_idx/ },
    { filter: { search: 'name 4711' }, order, index: /schedule_listing_text_idx/ },
  ]),
];

test('at a size where it pays', async (t) => {
  const { store } = await openParts(t, { fresh: true });
  await fill(store);
  await t.test('what few rows match is found by an index of its own, and the table is not read', () => findsFew(store));
  await t.test('forgetting workers and ledger rows reads no whole table', () => forgets(store));
});

async function findsFew(store: Store): Promise<void> {
  const { prisma, sql, plansOf } = explaining(store);
  for (const { filter, index } of runCases) {
    const plan = await plansOf(async () => (await pageRuns(prisma, filter, {}, first(RUN_ORDERS.SCHEDULED_FOR))).count());
    assert.match(plan, index, JSON.stringify(filter));
    assert.doesNotMatch(plan, /Seq Scan on (run|schedule)/, JSON.stringify(filter));
  }
  for (const { filter, order = SCHEDULE_ORDERS.NAME, index } of scheduleCases) {
    const plan = await plansOf(() => pageSchedules(prisma, filter, first(order), NOW));
    assert.match(plan, index, JSON.stringify(filter));
    assert.doesNotMatch(plan, /Seq Scan on (run|schedule)/, JSON.stringify(filter));
  }
  const byNextFire = await plansOf(() => pageTasks(prisma, null, first(TASK_ORDERS.NEXT_FIRE_AT)));
  assert.match(byNextFire, /schedule_task_id_next_fire_at_idx/);
  assert.match(await plansOf(() => pageTasks(prisma, { states: ['UNAVAILABLE'] }, first(TASK_ORDERS.KEY))), /worker_live_idx/);
  // The relay asks this with every change.
  const behind = await plansOf(() => readEvents(sql, { xid: 100n, seq: 0n }, 100));
  assert.doesNotMatch(behind, /Seq Scan on event/);
}

async function forgets(store: Store): Promise<void> {
  await store.sql.query(`INSERT INTO occurrence (id, schedule_id, scheduled_for, through, verdict, schedule_version, recorded_at)
    SELECT 'occ_' || n, 'sch_' || 1 + n % ${SCHEDULES}, at, at, 'MISSED', 1, at FROM (SELECT n, now() - n * interval '1 s' AS at FROM generate_series(1, ${RUNS}) n) o`);
  await store.sql.query('ANALYZE occurrence');
  const { sql, plansOf } = explaining(store);
  const ledger = await plansOf(() => purgeLedger({ ...store, sql }, Date.now() - RUNS * 900));
  assert.match(ledger, /occurrence_through_idx/);
  assert.doesNotMatch(ledger, /Seq Scan on (occurrence|schedule)/);
  // What PostgreSQL itself asks for each worker that goes.
  const plan = await store.sql.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN UPDATE run SET worker_id = NULL WHERE worker_id = 'wrk_7'`,
  );
  assert.match(plan.map((row) => row['QUERY PLAN']).join('\n'), /run_worker_idx/);
}
