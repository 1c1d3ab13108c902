/**
 * How smoothly the dashboard's list of schedules scrolls in a headless Chromium, on a Carillon process of its own with as many
 * schedules as are asked for (made by applySchedules) and 20 runs of each: frames a second while a script scrolls for five seconds,
 * how long rows in view wait for their contents, and what the page holds in memory.
 * Usage: npm run build && node bench/dashboard-schedules.ts [schedules]
 */
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import type { CDPSession, Page } from 'playwright-core';
import pg from 'pg';
import { ADMIN_TOKEN } from '../test/support/carillon.ts';
import { createHttpTask } from '../test/support/httpSchedule.ts';
import { createHome } from '../test/support/process.ts';
import type { CarillonProcess } from '../test/support/process.ts';
import { POLICY, TASK } from './burst.ts';
import { countArgument, machine, median, runBenchmark, timed } from './measure.ts';
import type { Cleanups } from './measure.ts';

const DEFAULT_SCHEDULES = 10_000;
/** Of one document. */
const BATCH = 2_500;
const RUNS_EACH = 20;
const SCROLL_MS = 5_000;
/** As fast as a hand turns a wheel without a pause: some 60 rows a second. */
const WHEEL_PX_PER_SECOND = 3_000;
const JUMPS = 10;
/** A page with nothing on it but as many pixels: what the browser does in frames here at best. */
const FLOOR_PAGE = `<div style="height:500000px;background:repeating-linear-gradient(#fff 0 26px,#eee 26px 52px)"></div>`;

/** What a script in the page saw while it scrolled. */
interface Scrolled {
  frames: number;
  ms: number;
  worstFrameMs: number;
  /** The longest stretch in which something in view was not there yet. */
  bonesMs: number;
}

async function fill(carillon: CarillonProcess, client: pg.Client, count: number): Promise<void> {
  await createHttpTask(carillon, TASK.key, 'http://127.0.0.1:9/nobody');
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'UTC'];
  for (let from = 0; from < count; from += BATCH) {
    const schedules = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => ({
      name: `Schedule ${String(from + n).padStart(6, '0')}`,
      task: { key: TASK.key },
      trigger: { cron: { expression: `${(from + n) % 60} ${n % 24} * * *` } },
      timeZone: zones[n % zones.length],
    }));
    const { data, errors } = await carillon.ask<{ applySchedules: { userErrors: { message: string }[] } }>(
      'mutation Apply($input: ApplySchedulesInput!) { applySchedules(input: $input) { userErrors { message } } }',
      { input: { managedBy: `bench-${from}`, schedules } },
    );
    const [fault] = [...(errors ?? []), ...data.applySchedules.userErrors];
    if (fault) throw new Error(fault.message);
  }
  await client.query(
    `INSERT INTO run (id, task_id, schedule_id, schedule_version, state, origin, scheduled_for, effective_at, created_at, queued_at, started_at,
                      finished_at, lateness_ms, max_attempts, policy, job_id)
     SELECT 'run_' || lpad(to_hex(1000000000 + row_number() OVER ()), 32, '0'), s.task_id, s.id, 1, CASE WHEN random() < 0.9 THEN 'SUCCEEDED' ELSE 'FAILED' END,
            'SCHEDULE', at, at, at, at, at, at + random() * interval '1 minute', 5, 1, $1::jsonb, gen_random_uuid()
       FROM schedule s, LATERAL (SELECT now() - n * interval '1 day' AS at FROM generate_series(1, $2::int) n) instants
      WHERE s.managed_by LIKE 'bench-%'`,
    [JSON.stringify(POLICY), RUNS_EACH],
  );
  await client.query('VACUUM ANALYZE');
}

/** Run in the page: which rows are in view, and whether these are all that should be. */
const IN_VIEW = `const inView = (rows) => rows.filter((row) => {
  const { top, bottom } = row.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
});
// Neither a row without contents nor a place without a row, where the list covers the whole window.
const filled = () => {
  if (document.querySelector('[role=table]') === null) return true;
  const rows = inView([...document.querySelectorAll('[role=row][data-index]')]);
  const edges = rows.map((row) => row.getBoundingClientRect());
  const whole = rows.length > 0 && Math.min(...edges.map(({ top }) => top)) < 300 && Math.max(...edges.map(({ bottom }) => bottom)) >= innerHeight - 40;
  return whole && rows.every((row) => row.ariaBusy !== 'true');
};`;

/** Scrolls by so many pixels a second, and looks at each frame. */
function scroll(page: Page, pxPerSecond: number): Promise<Scrolled> {
  return page.evaluate<Scrolled>(`(async () => {
    ${IN_VIEW}
    scrollTo(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const frame = () => new Promise(requestAnimationFrame);
    const begin = await frame();
    const seen = { frames: 0, ms: 0, worstFrameMs: 0, bonesMs: 0 };
    let [last, boned] = [begin, 0];
    while (last - begin < ${SCROLL_MS}) {
      scrollTo(0, ((last - begin) / 1000) * ${pxPerSecond});
      const now = await frame();
      seen.frames += 1;
      seen.worstFrameMs = Math.max(seen.worstFrameMs, now - last);
      boned = filled() ? 0 : boned + now - last;
      seen.bonesMs = Math.max(seen.bonesMs, boned);
      last = now;
    }
    return { ...seen, ms: last - begin };
  })()`);
}

/** @returns milliseconds from the scrolling to a share of the list until each row in view has its contents */
function jump(page: Page, share: number): Promise<number> {
  return page.evaluate<number>(`(async () => {
    ${IN_VIEW}
    const from = performance.now();
    scrollTo(0, document.documentElement.scrollHeight * ${share});
    for (;;) {
      await new Promise(requestAnimationFrame);
      if (filled()) return performance.now() - from;
    }
  })()`);
}

/** @returns what JavaScript holds after a collection, in MB, and how many nodes the document has */
async function memory(session: CDPSession): Promise<{ heap: number; nodes: number }> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { heap: of('JSHeapUsedSize') / 1e6, nodes: of('Nodes') };
}

const row = (name: string, ...cells: string[]) => `${name.padEnd(34)}${cells.map((cell) => cell.padStart(14)).join('')}`;
const ofScroll = (name: string, { frames, ms, worstFrameMs, bonesMs }: Scrolled) =>
  row(name, ((1000 * frames) / ms).toFixed(0), worstFrameMs.toFixed(0), bonesMs.toFixed(0));

async function measure(hooks: Cleanups, count: number): Promise<string[]> {
  const home = await createHome(hooks);
  const carillon = await home.start({ CARILLON_RATE_LIMIT: '60000' });
  const client = new pg.Client({ connectionString: await home.databaseUrl() });
  await client.connect();
  hooks.after(() => client.end());
  await fill(carillon, client, count);

  const executablePath = await chromium.executablePath();
  const browser = await playwright.launch({ args: chromium.args, executablePath, headless: true });
  hooks.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1360, height: 850 } });
  await page.setContent(FLOOR_PAGE);
  const floor = await scroll(page, WHEEL_PX_PER_SECOND);

  const refused: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${carillon.url}/#/login?token=${ADMIN_TOKEN}`);
  await page.getByRole('link', { name: 'Schedules' }).click();
  const opened = await timed(() => page.getByRole('link', { name: 'Schedule 000000' }).waitFor());
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const before = await memory(session);

  const wheel = await scroll(page, WHEEL_PX_PER_SECOND);
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  const whole = await scroll(page, (1000 * height) / SCROLL_MS);
  const jumps: number[] = [];
  for (let n = 0; n < JUMPS; n += 1) jumps.push(await jump(page, ((n * 7 + 3) % JUMPS) / JUMPS));
  await page.evaluate('scrollTo(0, 0)');
  await page.getByRole('link', { name: 'Schedule 000000' }).waitFor();
  const after = await memory(session);
  const scrolledHeight = await page.evaluate<number>('document.documentElement.scrollHeight');
  if (refused.length > 0) throw new Error(`The server refused ${refused.length} requests: ${refused[0]}`);
  if (scrolledHeight !== height) throw new Error(`The page was ${height} px high before and is ${scrolledHeight} px high after.`);

  return [
    `${count} schedules, ${RUNS_EACH} runs of each; ${machine()}`,
    '',
    row('scrolling for 5 s', 'frames/s', 'worst ms', 'unfilled ms'),
    ofScroll('floor: an empty page', floor),
    ofScroll(`${WHEEL_PX_PER_SECOND} px a second`, wheel),
    ofScroll('from the first to the last', whole),
    '',
    `first rows after the click: ${opened.toFixed(0)} ms`,
    `rows after a jump: ${median(jumps).toFixed(0)} ms in the middle of ${JUMPS}, ${Math.max(...jumps).toFixed(0)} ms at most`,
    `JavaScript heap: ${before.heap.toFixed(1)} MB before, ${after.heap.toFixed(1)} MB after; nodes: ${before.nodes} and ${after.nodes}`,
  ];
}

const count = countArgument(process.argv[2], DEFAULT_SCHEDULES);
if (count === null) {
  console.error('Usage: node bench/dashboard-schedules.ts [schedules, a whole number from 1]');
  process.exit(2);
}
await runBenchmark((hooks) => measure(hooks, count));
