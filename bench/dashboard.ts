/**
 * What the overview of the dashboard costs a browser: how much JavaScript its first load brings, when it can be used, and how many
 * frames it draws in a second, and how much memory it holds, while run events come in. A real server, a real browser without a graphics
 * card; rows of finished runs, and three events of each (QUEUED, RUNNING, its end) appended to the outbox of events.
 * Usage: node bench/dashboard.ts [events]; web/dist must be built.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { pino } from 'pino';
import { appendEvents } from '../src/store/events.ts';
import type { NewEvent } from '../src/store/events.ts';
import { openStore } from '../src/store/open.ts';
import type { Store } from '../src/store/open.ts';
import { openPage } from '../test/support/browser.ts';
import { ADMIN_TOKEN, startInstance } from '../test/support/carillon.ts';
import { startOwnPostgres } from '../test/support/ownPostgres.ts';
import { POLICY } from './burst.ts';
import { countArgument, machine, median, percentile, runBenchmark } from './measure.ts';
import type { Cleanups } from './measure.ts';

const EVENTS = 5000;
const BURST_MS = 10_000;
const BATCHES = 100;
/** The first one warms up: what it fills stays full. */
const BURSTS = 4;
const SCHEDULES = 40;
/** Of the hour before: the timeline is full from the beginning. */
const PAST_RUNS = 2000;
/** How many other runs are written before one starts, and before it ends: a quarter of a second, and more than one. */
const LAG = { start: 40, end: 200 };
const LOADS = 5;
const TIMELINE = '[aria-roledescription=timeline]';
/** The first runs are there. */
const FILLED = 'section[aria-busy=false]';

/** What the functions that run in the browser know of it. */
interface Screen {
  requestAnimationFrame(callback: (at: number) => void): void;
}

interface Fleet {
  taskId: string;
  scheduleIds: string[];
}

async function makeFleet(ask: Awaited<ReturnType<typeof startInstance>>['ask']): Promise<Fleet> {
  const made = await ask<{ createHttpTask: { task: { id: string } } }>(
    'mutation ($input: HttpTaskInput!) { createHttpTask(input: $input) { task { id } } }',
    { input: { key: 'bench', name: 'bench', http: { url: 'http://127.0.0.1:9/' } } },
  );
  const scheduleIds: string[] = [];
  for (let number = 1; number <= SCHEDULES; number++) {
    const spec = { name: `Schedule ${number}`, task: { key: 'bench' }, trigger: { cron: { expression: '0 0 1 1 *' } } };
    const { data } = await ask<{ createSchedule: { schedule: { id: string } } }>(
      'mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule { id } } }',
      { input: { spec } },
    );
    scheduleIds.push(data.createSchedule.schedule.id);
  }
  return { taskId: made.data.createHttpTask.task.id, scheduleIds };
}

let runs = 0;
/** Finished runs that began at instants from `from` on, over `stretch` milliseconds. @returns their ids, in that order */
async function writeRuns(store: Store, { taskId, scheduleIds }: Fleet, count: number, from: number, stretch: number) {
  const first = runs;
  runs += count;
  const rows = await store.sql.query<{ id: string }>(
    `INSERT INTO run (id, task_id, schedule_id, schedule_version, state, origin, scheduled_for, effective_at, created_at, queued_at, started_at,
                      finished_at, lateness_ms, max_attempts, policy, output, job_id)
     SELECT 'run_' || lpad(to_hex(1000000000 + $1::int + n), 32, '0'), $2, ($3::text[])[1 + n % $4::int], 1,
            CASE WHEN n % 20 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 'SCHEDULE', at, at, at, at, at + interval '20 ms', at + interval '900 ms',
            20, 3, $5::jsonb, '{"status": 200}', gen_random_uuid()
       FROM (SELECT n, $6::timestamptz + n * ($7::float8 / $8::int) * interval '1 ms' AS at FROM generate_series(0, $8::int - 1) n) r
     RETURNING id`,
    [first, taskId, scheduleIds, SCHEDULES, JSON.stringify(POLICY), new Date(from).toISOString(), stretch, count],
  );
  return rows.map(({ id }) => id).toSorted();
}

/** Three events for each run, in batches evenly over BURST_MS. @returns how many milliseconds they took */
async function sendEvents(store: Store, { taskId, scheduleIds }: Fleet, ids: readonly string[]): Promise<number> {
  const facts = (state: string) => ({ state, taskKey: 'bench', origin: 'SCHEDULE', attempt: 1 });
  const placed = ids.flatMap((subjectId, index): { place: number; event: NewEvent }[] => {
    const head = { topic: 'run', subjectId, taskId, scheduleId: scheduleIds[index % SCHEDULES] as string } as const;
    const end = facts(index % 20 === 0 ? 'FAILED' : 'SUCCEEDED');
    return [
      { place: index, event: { ...head, kind: 'CREATED', before: null, after: facts('QUEUED') } },
      { place: index + LAG.start, event: { ...head, kind: 'UPDATED', before: facts('QUEUED'), after: facts('RUNNING') } },
      { place: index + LAG.end, event: { ...head, kind: 'UPDATED', before: facts('RUNNING'), after: end } },
    ];
  });
  const events = placed.toSorted((a, b) => a.place - b.place).map(({ event }) => event);
  const began = Date.now();
  for (let batch = 0; batch < BATCHES; batch++) {
    await pause(Math.max(0, began + (batch * BURST_MS) / BATCHES - Date.now()));
    const size = events.length / BATCHES;
    await store.hotTransaction(async (tx) => {
      await appendEvents(tx.sql, Date.now(), events.slice(Math.round(batch * size), Math.round((batch + 1) * size)));
      tx.signal('events');
    });
  }
  return Date.now() - began;
}

interface Load {
  /** Of JavaScript, as it was sent: 1 kB is 1,000 bytes. */
  kilobytes: number;
  /** Milliseconds from the navigation until the timeline is there and takes keys, and until it has its first runs. */
  interactive: number;
  filled: number;
}

/** The page as somebody opens it who was never there. */
async function load(page: Page, url: string): Promise<Load> {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  const scripts = new Set<string>();
  let bytes = 0;
  client.on('Network.responseReceived', ({ requestId, type }) => void (type === 'Script' && scripts.add(requestId)));
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto('about:blank');
  await page.goto(url);
  await page.waitForSelector(TIMELINE);
  const interactive = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        const { requestAnimationFrame: soon } = globalThis as unknown as Screen;
        soon(() => soon(() => done(performance.now())));
      }),
  );
  await page.waitForSelector(FILLED);
  const filled = await page.evaluate(() => performance.now());
  await page.waitForLoadState('networkidle');
  await client.detach();
  return { kilobytes: bytes / 1000, interactive, filled };
}

/** Gaps between frames until `over` has settled, in milliseconds. */
async function framesDuring(page: Page, over: Promise<unknown>): Promise<number[]> {
  await page.evaluate(() => {
    const { requestAnimationFrame: soon } = globalThis as unknown as Screen;
    const gaps: number[] = [];
    const stop = { now: false };
    Object.assign(globalThis, { bench: { gaps, stop } });
    let last = performance.now();
    const frame = (at: number) => {
      gaps.push(at - last);
      last = at;
      if (!stop.now) soon(frame);
    };
    soon(frame);
  });
  await over;
  return page.evaluate(() => {
    const { bench } = globalThis as unknown as { bench: { gaps: number[]; stop: { now: boolean } } };
    bench.stop.now = true;
    return bench.gaps.slice(1);
  });
}

/** MB of JavaScript objects that are still in use. */
async function heapOf(page: Page): Promise<number> {
  const client = await page.context().newCDPSession(page);
  // What React and the last answers still hold for a moment is no memory of the page's.
  await pause(3000);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  await client.detach();
  return usedSize / 1e6;
}

async function measure(hooks: Cleanups, count: number): Promise<string[]> {
  const stops: (() => Promise<void>)[] = [];
  const { databaseUrl } = await startOwnPostgres(hooks, async () => {
    for (const stop of stops.toReversed()) await stop();
  });
  const instance = await startInstance(databaseUrl, { CARILLON_RATE_LIMIT: '60000' });
  stops.push(instance.stop);
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  stops.push(() => store.close());
  const fleet = await makeFleet(instance.ask);
  await writeRuns(store, fleet, PAST_RUNS, Date.now() - 55 * 60_000, 50 * 60_000);

  const { page, complaints } = await openPage(hooks, instance.url);
  await page.goto(`${instance.url}/#/login?token=${ADMIN_TOKEN}`);
  await page.waitForSelector(TIMELINE);
  const loads: Load[] = [];
  for (let round = 0; round < LOADS; round++) loads.push(await load(page, `${instance.url}/`));

  // Until the past has come in.
  await pause(3000);
  const idle = await framesDuring(page, pause(3000));
  let told = 0;
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => void (payload.toString().includes('"runChanged"') && told++));
  });
  await page.reload();
  await page.waitForSelector(TIMELINE);
  const rows: string[] = [];
  const rowOf = (name: string, gaps: readonly number[], ...cells: string[]) => {
    const seconds = gaps.reduce((sum, gap) => sum + gap, 0) / 1000;
    const worst = [percentile(gaps, 0.95), percentile(gaps, 0.99), Math.max(...gaps)].map((gap) => gap.toFixed(0));
    return row(name, (gaps.length / seconds).toFixed(1), ...worst, ...cells);
  };
  rows.push(rowOf('nothing happens', idle, '', '', (await heapOf(page)).toFixed(1)));
  for (let burst = 1; burst <= BURSTS; burst++) {
    const ids = await writeRuns(store, fleet, Math.round(count / 3), Date.now(), BURST_MS);
    told = 0;
    let took = 0;
    const sent = sendEvents(store, fleet, ids).then((ms) => void (took = ms));
    const gaps = await framesDuring(page, sent);
    const heap = await heapOf(page);
    rows.push(rowOf(`burst ${burst}`, gaps, String(Math.round((ids.length * 3000) / took)), String(told), heap.toFixed(1)));
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return [
    `${count} run events in ${BURST_MS / 1000} s, ${PAST_RUNS} bars before; Chromium ${page.context().browser()?.version() ?? ''}, no graphics card; ${machine()}`,
    `first load: ${median(loads.map(({ kilobytes }) => kilobytes)).toFixed(0)} kB of JavaScript; medians and ranges of ${LOADS} loads:`,
    `usable after ${said(loads.map(({ interactive }) => interactive))}, with its first runs after ${said(loads.map(({ filled }) => filled))}`,
    '',
    row('', 'frames/s', 'gap p95 ms', 'p99', 'max', 'events/s', 'told', 'heap MB'),
    ...rows,
  ];
}

const said = (ms: readonly number[]) =>
  `${median(ms).toFixed(0)} ms (${Math.min(...ms).toFixed(0)}–${Math.max(...ms).toFixed(0)})`;
const row = (name: string, ...cells: string[]) => `${name.padEnd(18)}${cells.map((cell) => cell.padStart(11)).join('')}`;

const events = countArgument(process.argv[2], EVENTS);
if (events === null) {
  console.error('Usage: node bench/dashboard.ts [events, a whole number from 1]');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, events));
