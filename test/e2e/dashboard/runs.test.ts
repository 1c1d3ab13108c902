import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { noViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { startCutter } from '../../support/cutter.ts';
import { startReceiver } from '../../support/receiver.ts';
import type { Call } from '../../support/receiver.ts';
import { taskFolder } from '../../support/taskFolder.ts';
import { until } from '../../support/until.ts';

/** A task that says how far it is, and goes on when the test lets it. */
const COPY = `
import { TaskError, defineTask, z } from 'carillon';
export default defineTask({
  key: 'shop.copy',
  name: 'Copy the shop',
  labels: { team: 'sales' },
  input: z.object({ gate: z.string(), fail: z.boolean().default(false), lines: z.int().default(0) }),
  retry: { maxAttempts: 1 },
  async run({ input, step, log, progress, signal }) {
    log.info('begun', { shop: 'berlin' });
    const rows = await step('read', () => ({ rows: 7 }));
    for (let i = 0; i < input.lines; i += 1) log.debug('filler ' + i);
    progress(30, 120, 'copying orders');
    await fetch(input.gate, { signal });
    progress(60, 120, 'copying prices');
    log.warn('price without currency', { sku: 'A-17' });
    await fetch(input.gate, { signal });
    await step('write', () => {
      if (input.fail) throw new TaskError('WAREHOUSE_DOWN', 'the warehouse does not answer');
      return { written: 120 };
    });
    return { copied: rows.rows };
  },
});`;

const files = { after };
const tasks = await taskFolder(files, { 'copy.ts': COPY });
const client = await startTestCarillon(files, { CARILLON_TASKS: tasks });
const line = await startCutter(files, Number(new URL(client.url).port));
/** Of the dashboard, over a line that can be cut. */
const url = `http://127.0.0.1:${line.port}`;
const api = createApi(client);
/** Calls of tasks that wait for their answer. */
const gates: Call[] = [];
const gate = await startReceiver(files, (call) => gates.push(call));
const seen = await openPage(files, url);
const { page } = seen;
page.setDefaultTimeout(10_000);
await page.goto(`${url}/#/login?token=${ADMIN_TOKEN}`);
await page.getByRole('link', { name: 'Runs' }).waitFor();

const open = (place: string) => page.evaluate(`void (location.hash = ${JSON.stringify(place)})`);
const passGate = async () => (await until<Call>(() => Promise.resolve(gates.shift() ?? false))).answer(null);
async function start(input: object = {}, more: object = {}): Promise<string> {
  // Of runs that were canceled.
  gates.length = 0;
  const payload = await api.triggerTask({
    task: { key: 'shop.copy' },
    input: { gate, ...input },
    overlapPolicy: 'ALLOW_ALL',
    ...more,
  });
  assert.deepEqual(payload.userErrors, []);
  return payload.run!.id;
}
test('a run that goes on: progress, steps and log move by themselves, to its end and output', async () => {
  const id = await start();
  await open(`/runs/${id}`);
  await page.getByRole('heading', { name: 'Copy the shop' }).waitFor();
  await page.getByText('copying orders').waitFor();
  await page.getByRole('progressbar', { name: '25 % done' }).waitFor();
  const log = page.getByRole('log');
  await log.getByText('begun shop=berlin').waitFor();
  await page.getByRole('button', { name: /Step read.*Succeeded/ }).waitFor();
  await page.getByRole('button', { name: 'Retry' }).hover();
  await page.getByText('Only what has ended can be run once more.').waitFor();

  await passGate();
  await page.getByRole('progressbar', { name: '50 % done' }).waitFor();
  await log.getByText('price without currency').waitFor();
  await passGate();
  await page.getByRole('region', { name: 'Output' }).getByText('7', { exact: true }).waitFor();
  await page.getByText('2 lines · complete').waitFor();
  await page.getByRole('button', { name: /Step write.*Succeeded/ }).click();
  await page.getByRole('group', { name: 'Output of write' }).getByText('120').waitFor();
});

test('the log: a least level, a search, and all of it as text', async () => {
  const id = await start({ lines: 2000 });
  await open(`/runs/${id}`);
  await passGate();
  await passGate();
  const log = page.getByRole('log');
  await page.getByText('2,002 lines · complete').waitFor();
  // It follows: the end is shown, and of so many lines only some are drawn.
  await log.getByText('price without currency').waitFor();
  assert.ok((await log.locator('.log-line').count()) < 200);

  await log.hover();
  await page.mouse.wheel(0, -2000);
  await page.getByRole('switch', { name: 'Follow' }).and(page.locator(':not(:checked)')).waitFor();

  await page.getByRole('textbox', { name: 'Search in the log' }).fill('FILLER 123');
  await page.getByText('1 of 11', { exact: true }).waitFor();
  await log.locator('.log-chosen').getByText('filler 123', { exact: true }).waitFor();
  await page.keyboard.press('Enter');
  await log.locator('.log-chosen').getByText('filler 1230', { exact: true }).waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('combobox', { name: 'Least level' }).click();
  await page.getByRole('option', { name: 'Warn and above' }).click();
  await page.getByText('2,001 below Warn not shown').waitFor();
  assert.equal(await log.locator('.log-line').count(), 1);

  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the log' }).click(),
  ]);
  assert.equal(file.suggestedFilename(), `run-${id}.log`);
  const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\n');
  assert.equal(lines.length, 2002);
  assert.match(lines[0]!, /^\S+Z INFO {2}#1 begun \{"shop":"berlin"\}$/);
  assert.match(lines.at(-1)!, /WARN {2}#1 price without currency/);
});

test('a run that has failed is retried from a step with another input, and the pages of both know each other', async () => {
  const id = await start({ fail: true });
  await passGate();
  await passGate();
  await open(`/runs/${id}`);
  await page.getByRole('alert').getByText('the warehouse does not answer').waitFor();
  await page.getByRole('button', { name: /Step write.*Failed/ }).click();
  await page.getByRole('button', { name: 'Retry from here' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run it once more?' });
  const input = dialog.getByRole('textbox', { name: 'Input' });
  await until(async () => (await input.inputValue()).includes('"fail": true'));
  await input.fill('{');
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await dialog.getByText('This is no JSON').waitFor();
  await input.fill(JSON.stringify({ gate }));
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('the warehouse is back');
  await dialog.getByRole('button', { name: 'Retry' }).click();

  await page
    .getByRole('button', { name: /Step read.*Succeeded/ })
    .getByText('taken over from the run that it repeats')
    .waitFor();
  const facts = page.getByRole('region', { name: 'Facts' });
  await facts.getByText('the warehouse is back').waitFor();
  await passGate();
  await passGate();
  await page.getByRole('region', { name: 'Output' }).getByText('7', { exact: true }).waitFor();
  await noViolations(seen);
  await facts.getByRole('link', { name: /^run of/ }).click();
  await page.waitForURL(`${url}/#/runs/${id}`);
  await facts.getByText('Retried by').waitFor();
  await facts.getByText('Succeeded').waitFor();
});

test('cancel asks for a reason, and the page says by whom and why', async () => {
  const id = await start();
  await open(`/runs/${id}`);
  await page.getByText('copying orders').waitFor();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this run?' });
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('wrong shop');
  await dialog.getByRole('button', { name: 'Cancel the run' }).click();
  await page.getByRole('alert').getByText('canceled by admin: wrong shop').waitFor();
  await page.getByRole('button', { name: 'Cancel', exact: true }).hover();
  await page.getByText('It has ended: it is canceled.').waitFor();
});

test('after a cut in the middle the page connects again, and the log goes on without a gap', async () => {
  const id = await start();
  await open(`/runs/${id}`);
  const log = page.getByRole('log');
  await log.getByText('begun').waitFor();
  const again = page.waitForEvent('websocket');
  line.cut();
  await passGate();
  await again;
  await log.getByText('price without currency').waitFor();
  await passGate();
  await page.getByText('2 lines · complete').waitFor();
});

test('the list is live, its filters stand in the address, and all that match are canceled with a reason', async () => {
  await open('/runs');
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  const rows = page.getByRole('table').getByRole('row');
  await rows.filter({ hasText: 'Failed' }).getByText('WAREHOUSE_DOWN').waitFor();
  await noViolations(seen);
  await page.getByRole('button', { name: 'Cancel all that match' }).hover();
  await page.getByText('Filter the runs first').waitFor();

  await open('/runs?state=RUNNING,SCHEDULED&label=team%3Dsales');
  await page.getByText('No run matches').waitFor();
  const running = await start();
  await start({}, { runAt: new Date(Date.now() + 3_600_000).toISOString() });
  await rows.filter({ hasText: 'Running' }).waitFor();
  await rows.filter({ hasText: 'Scheduled' }).nth(1).waitFor();
  assert.equal(await rows.count(), 3);
  assert.equal(await page.getByRole('textbox', { name: 'Label' }).first().inputValue(), 'team=sales');

  await page.getByRole('button', { name: 'Cancel all that match' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel all that match?' });
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('the shop is closed');
  await dialog.getByRole('button', { name: 'Cancel 2 runs' }).click();
  await page.getByText('No run matches').waitFor();
  assert.match((await api.runIn(running, 'CANCELED')).error!.message, /the shop is closed/);
  await page.getByRole('button', { name: 'Show all' }).first().click();
  await page.waitForURL(`${url}/#/runs`);
  await rows.filter({ hasText: 'Canceled' }).first().waitFor();
});

test('older and newer pages by cursors, in the address', async () => {
  const task = await api.taskOn(client.url);
  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  await Promise.all(
    Array.from({ length: 60 }, () => api.triggerTask({ task: { key: task.key }, runAt, overlapPolicy: 'ALLOW_ALL' })),
  );
  await open(`/runs?task=${task.key}`);
  const rows = page.getByRole('table').getByRole('row');
  await page.getByText('60 runs match').waitFor();
  await until(async () => (await rows.count()) === 51);
  await page.getByRole('button', { name: 'Older' }).click();
  await page.waitForURL(/after=/);
  await until(async () => (await rows.count()) === 11);
  await page.getByRole('button', { name: 'Newer' }).click();
  await until(async () => (await rows.count()) === 51);
});

test('at the width of a phone nothing but tables scrolls sideways', async () => {
  await page.setViewportSize({ width: 380, height: 800 });
  const id = await start({ fail: true });
  await passGate();
  await passGate();
  for (const place of ['/runs?state=FAILED', `/runs/${id}`]) {
    await open(place);
    await page.getByText('WAREHOUSE_DOWN').first().waitFor();
    const excess = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number;
    assert.ok(excess <= 0, `${place}: ${excess}`);
  }
});

test('nothing was complained of, and nobody else was asked', () => {
  assert.deepEqual(seen.complaints.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED')), []); // prettier-ignore
  assert.deepEqual(seen.strangers, []);
});
