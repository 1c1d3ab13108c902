import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { triggerOf } from '../../src/domain/schedule.ts';
import type { TriggerSource } from '../../src/domain/schedule.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { createClient } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { createHome } from '../support/process.ts';

const DEMO = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));
/** The retention of runs is one of the demo's schedules. */
const ENV = { CARILLON_KEEP_RUNS: '', CARILLON_KEEP_EVENTS: '', CARILLON_KEEP_LEDGER: '' };
/** On a machine that does much besides. */
const LIMIT = { timeout: 120_000 };
const READY_MS = 100_000;

const home = await createHome({ after });
async function start() {
  const demo = home.launch(ENV, { program: DEMO });
  const line = await demo.said(/^ {2}Open {9}/, READY_MS);
  return { ...demo, ...createClient((/http:[^#]+(?=\/#)/.exec(line) as RegExpExecArray)[0]) };
}

interface Row {
  scheduledFor: string;
  through: string;
  count: number;
  verdict: string;
  scheduleVersion: number;
}
interface Known extends Omit<TriggerSource, 'startAt' | 'endAt' | 'createdAt'> {
  name: string;
  state: string;
  createdAt: Date;
  startAt: Date | null;
  endAt: Date | null;
  versions: { version: number; spec: Pick<TriggerSource, 'triggerSpec' | 'timeZone' | 'dst'>; validFrom: string }[];
}

const SCHEDULES = `
SELECT s.id, s.name, s.state, s.version, s.created_at AS "createdAt", s.start_at AS "startAt", s.end_at AS "endAt", 0 AS "calendarStamp",
       (SELECT jsonb_object_agg(c.name, c.dates) FROM calendar c WHERE c.name = ANY(s.calendar_names)) AS calendars,
       (SELECT jsonb_agg(jsonb_build_object('version', v.version, 'spec', v.spec, 'validFrom', v.valid_from) ORDER BY v.version)
          FROM schedule_version v WHERE v.schedule_id = s.id) AS versions
  FROM schedule s WHERE s.deleted_at IS NULL AND s.trigger_kind <> 'MANUAL' ORDER BY s.name`;

type Demo = Awaited<ReturnType<typeof start>>;

const LEDGER = `
  query ($id: ID!, $range: ClosedRange!, $after: Cursor) {
    schedule(ref: { id: $id }) {
      occurrences(range: $range, first: 100, after: $after) {
        nodes { scheduledFor through count verdict scheduleVersion }
        pageInfo { hasNextPage endCursor }
      }
    }
  }`;
interface Page {
  schedule: { occurrences: { nodes: Row[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
}

/** All rows of the ledger of a schedule from its creation on, page by page. */
async function ledgerOf(demo: Demo, { id, createdAt }: Known, until: number): Promise<Row[]> {
  const range = { from: createdAt.toISOString(), until: new Date(until).toISOString() };
  const rows: Row[] = [];
  for (let after: string | null = null; ;) {
    const answer: { data: Page } = await demo.ask<Page>(LEDGER, { id, range, after });
    const { nodes, pageInfo } = answer.data.schedule.occurrences;
    rows.push(...nodes);
    if (!pageInfo.hasNextPage) return rows;
    after = pageInfo.endCursor;
  }
}

/** Each row begins with the occurrence that follows the last one of the row before, and counts what it spans. */
function assertNoHole({ versions, ...schedule }: Known, rows: readonly Row[], until: number): void {
  const triggers = new Map<number, Trigger>();
  for (const { version, spec } of versions) triggers.set(version, triggerOf({ ...schedule, ...spec }));
  const triggerFor = (version: number) => triggers.get(version) as Trigger;
  let [before, version] = [schedule.createdAt.getTime(), 1];
  for (const row of rows) {
    const [first, last] = [Date.parse(row.scheduledFor), Date.parse(row.through)];
    if (row.scheduleVersion !== version) {
      version = row.scheduleVersion;
      before = Math.max(before, Date.parse(versions.find((one) => one.version === version)?.validFrom as string));
    }
    const trigger = triggerFor(version);
    const told = `${schedule.name}: ${row.scheduledFor} ${row.verdict}`;
    assert.equal(row.scheduledFor, new Date(trigger.next(before) as number).toISOString(), `${told}: follows the one before`);
    assert.equal(trigger.count(first, last + 1), row.count, `${told}: counts what it spans`);
    assert.ok(trigger.matches(last), `${told}: ends with an occurrence`);
    before = last;
  }
  if (schedule.state === 'COMPLETED') return;
  const next = triggerFor(schedule.version).next(before);
  assert.ok(next === null || next >= until, `${schedule.name}: nothing is left open after ${new Date(before).toISOString()}`);
}

test('the demo has a fleet whose past keeps the rules, and is the same when it is started again', LIMIT, async (t) => {
  const demo = await start();
  const databaseUrl = await home.databaseUrl();

  await t.test('there are 60 schedules and more than 10,000 runs', async () => {
    type Counts = { schedules: { totalCount: number }; stats: { total: number; successRate: number } };
    const { data } = await demo.ask<Counts>('{ schedules { totalCount } stats(window: "P30D") { total successRate } }');
    assert.equal(data.schedules.totalCount, 60);
    assert.ok(data.stats.total > 10_000, `${data.stats.total} runs`);
    assert.ok(data.stats.successRate > 0.95 && data.stats.successRate < 0.99, `${data.stats.successRate} of them succeeded`);
  });

  await t.test('each trigger kind and each state of a schedule occurs', async () => {
    const [row] = await query<{ kinds: number; states: number }>(
      databaseUrl,
      `SELECT count(DISTINCT trigger_kind)::int AS kinds, count(DISTINCT state)::int AS states FROM schedule`,
    );
    assert.deepEqual(row, { kinds: 11, states: 3 });
  });

  await t.test('each verdict occurs, and no occurrence is without one', async () => {
    const verdicts = new Set<string>();
    const until = Date.now();
    for (const schedule of await query<Known>(databaseUrl, SCHEDULES)) {
      const rows = await ledgerOf(demo, schedule, until);
      assertNoHole(schedule, rows, until);
      for (const { verdict } of rows) verdicts.add(verdict);
    }
    verdicts.delete('PLANNED');
    const all = 'BUFFER_FULL COALESCED FIRED FROZEN LIMIT_REACHED MISSED OVERLAP_SKIPPED PAUSED SKIPPED_BY_USER';
    assert.equal([...verdicts].toSorted().join(' '), all);
  });

  await t.test('runs are in order with themselves, their attempts and what is counted of them', async () => {
    const wrong = await query<{ rule: string; count: number }>(
      databaseUrl,
      `SELECT rule, count(*)::int AS count FROM (
  SELECT 'created, queued, started, finished' AS rule FROM run
   WHERE queued_at < created_at OR started_at < queued_at OR finished_at < started_at OR created_at < effective_at
  UNION ALL SELECT 'created in the future' FROM run WHERE created_at > clock_timestamp()
  UNION ALL SELECT 'the last attempt is that of the run' FROM run r WHERE r.started_at IS NOT NULL AND r.state NOT IN ('QUEUED', 'RETRY_WAIT')
     AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.run_id = r.id AND a.number = r.attempt AND a.started_at = r.started_at)
  UNION ALL SELECT 'counted runs' FROM schedule s
   WHERE s.counted_runs <> (SELECT count(DISTINCT scheduled_for) FROM run r WHERE r.schedule_id = s.id AND r.origin IN ('SCHEDULE', 'CATCH_UP'))
  UNION ALL SELECT 'lines of the log' FROM run r WHERE r.finished_at IS NOT NULL AND r.log_lines <> (SELECT count(*) FROM log_line l WHERE l.run_id = r.id)
) found GROUP BY rule`,
    );
    assert.deepEqual(wrong, []);
  });

  await t.test('there is a page', async () => {
    const response = await fetch(`${demo.url}/`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
  });

  await demo.end('SIGKILL');
  const again = await start();
  assert.ok(!again.stdout.some((line) => line.startsWith('Making')), again.stdout.join('\n'));
  const { data } = await again.ask<{ schedules: { totalCount: number } }>('{ schedules { totalCount } }');
  assert.equal(data.schedules.totalCount, 60);
});
