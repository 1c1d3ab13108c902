import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seriousViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { startReceiver } from '../../support/receiver.ts';
import type { Call } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

const files = { after };
const client = await startTestCarillon(files);
const api = createApi(client);
/** Calls of the task that wait for their answer. */
const gates: Call[] = [];
const gate = await startReceiver(files, (call) => gates.push(call));
const { page, complaints, strangers } = await openPage(files, client.url);
const at = (place: string) => page.goto(`${client.url}/#${place}`);
const letOneEnd = async () => (await until(async () => gates.shift() ?? false)).answer(null);

test('a new server teaches three steps, ticks each as it is done, and leaves them out after the first run', async () => {
  await page.goto(`${client.url}/#/login?token=${ADMIN_TOKEN}`);
  const steps = page.getByRole('region', { name: 'Three steps to the first run' });
  await steps.waitFor();
  await page.getByText('All is well').waitFor();
  assert.equal(await steps.getByLabel('Done').count(), 0);
  const task = await api.taskOn(gate, { name: 'First task' });
  await steps.getByLabel('Done').first().waitFor();
  await api.scheduleOf(task, { name: 'First schedule' });
  await steps.getByLabel('Done').nth(1).waitFor();
});

test('a run is on the timeline, in the counters and in the table while it runs, without reload', async () => {
  const schedule = await api.schedule('First schedule');
  await api.trigger(schedule as { id: string });
  await page.getByRole('link', { name: /^Running 1 / }).waitFor();
  await page.getByText('Table', { exact: true }).click();
  const row = page.getByRole('row', { name: /First schedule/ });
  await row.getByText('Running').waitFor();
  await letOneEnd();
  await row.getByText('Succeeded').waitFor();
  await page.getByRole('region', { name: 'Three steps to the first run' }).waitFor({ state: 'detached' });
  assert.match(page.url(), /form=table/, 'the form is kept in the address');
});

test('the keyboard finds a run on the timeline, hears of it and opens it; the pointer does, too', async () => {
  await at('/');
  const timeline = page.getByRole('application', { name: /^Timeline/ });
  const said = page.getByText(/^First schedule: Succeeded\. Task: .* Late by: .* Took: /);
  // Until its runs have been read there is nothing to go to.
  await until(async () => timeline.press('ArrowRight').then(() => said.isVisible()));
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/runs\/run_/);
  const opened = page.url();
  await at('/?range=30m');
  await page.getByRole('button', { name: 'Later' }).click();
  // Its card lies right below it, 8 pixels down and to the right.
  const shown = page.locator('[aria-hidden]').filter({ hasText: 'Late by' }).last();
  const card = await until(async () =>
    timeline.press('ArrowRight').then(async () => (await shown.isVisible()) && shown.boundingBox()),
  );
  await page.keyboard.press('Escape');
  await page.mouse.click(card.x - 6, card.y - 14);
  await page.waitForURL(opened);
});

test('zoom, pan and the way back to the present', async () => {
  await at('/');
  const follow = page.getByRole('button', { name: 'Following now' });
  await follow.waitFor();
  assert.ok(await page.getByRole('radio', { name: '1 h', exact: true }).isChecked());
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await until(async () => !(await page.getByRole('radio', { name: '1 h', exact: true }).isChecked()));
  await page.getByRole('button', { name: 'Earlier' }).click();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await follow.waitFor();
  await page.getByText('6 h', { exact: true }).click();
  await page.waitForURL(/range=6h/);
});

test('what fails and what is paused needs attention, each with the one thing to do about it', async () => {
  const task = await api.taskOn(gate, { http: { successStatuses: '201' }, execution: { retry: { maxAttempts: 1 } } });
  const failing = await api.scheduleOf(task, { name: 'Fails' });
  await api.trigger(failing);
  await letOneEnd();
  const attention = page.getByRole('region', { name: /^Needs attention/ });
  const failed = attention.getByRole('listitem').filter({ hasText: 'Fails' });
  await failed.getByText('Failing', { exact: true }).waitFor();
  await failed.getByRole('link', { name: 'Read the run' }).waitFor();
  await page.getByRole('link', { name: /^Failed in 24 h 1 / }).waitFor();

  await api.pauseSchedules({ select: { names: ['First schedule'] }, reason: 'the audit' });
  const paused = attention.getByRole('listitem').filter({ hasText: 'First schedule' });
  await paused.getByText('the audit').waitFor();
  await paused.getByRole('button', { name: 'Resume' }).click();
  const dialog = page.getByRole('dialog', { name: 'Resume First schedule?' });
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await paused.waitFor({ state: 'detached' });
  assert.equal((await api.schedule('First schedule'))?.state, 'ACTIVE');
});

test('what comes next is counted down', async () => {
  await api.scheduleOf(await api.taskOn(gate), { name: 'Soon', trigger: { cron: { expression: '0 * * * *' } }, timeZone: 'Asia/Kathmandu' }); // prettier-ignore
  const next = page.getByRole('region', { name: 'Next up' });
  await next.getByRole('link', { name: 'Soon' }).waitFor();
  await next.getByText(/Asia\/Kathmandu/).waitFor();
  const countdown = next.getByText(/^in (\d+ min( \d+ s)?|\d+ s)$/).first();
  const first = await countdown.textContent();
  await until(async () => (await countdown.textContent()) !== first);
});

test('the wallboard has no menu, says what needs attention and the time with its zone, and is left by Escape', async () => {
  await page.getByRole('link', { name: 'Wallboard' }).click();
  await page.getByRole('heading', { name: 'Carillon' }).waitFor();
  await page.getByRole('list', { name: 'Needs attention' }).getByText('Fails', { exact: true }).waitFor();
  await page.getByText(/^\d\d:\d\d:\d\d$/).waitFor();
  await page.getByText(Intl.DateTimeFormat().resolvedOptions().timeZone).first().waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('on a phone nothing is wider than the screen', async () => {
  await page.setViewportSize({ width: 380, height: 800 });
  for (const place of ['/', '/wallboard']) {
    await at(place);
    await page.getByRole('region', { name: 'Counters' }).waitFor();
    await until(async () => (await page.evaluate('document.documentElement.scrollWidth')) === 380);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('axe finds nothing serious, light and dark', async () => {
  assert.deepEqual([complaints, strangers], [[], []], 'of all that went before: axe itself tries inline styles');
  for (const place of ['/', '/?form=table', '/wallboard']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await at(place);
      await page.getByText('Fails', { exact: true }).first().waitFor();
      assert.deepEqual(await seriousViolations(page), [], `${place} ${colorScheme}`);
    }
  }
});
