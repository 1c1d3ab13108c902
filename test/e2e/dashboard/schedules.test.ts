import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { seriousViolations } from '../../support/accessible.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { createHttpTask } from '../../support/httpSchedule.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

/** More than two pages of the list. */
const COUNT = 250;
const carillon = await startTestCarillon({ after });
const receiver = await startReceiver({ after }, ({ answer }) => answer({}));
const opened = await openPage({ after }, carillon.url);
const { page } = opened;

const nameOf = (n: number) => `Schedule ${String(n).padStart(3, '0')}`;
const row = (name: string): Locator => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const tick = (name: string): Locator => page.getByRole('checkbox', { name: `Select ${name}`, exact: true });
const place = () => new URL(page.url()).hash;
const schedule = async (name: string) => {
  const query = `query Of($name: String!) { schedules(filter: { names: [$name] }) { nodes { id state pause { reason until } lastRun { reason } } } }`;
  const { data } = await carillon.ask<{ schedules: { nodes: { id: string; state: string; pause: { reason: string; until: string | null } | null; lastRun: { reason: string | null } | null }[] } }>(query, { name }); // prettier-ignore
  return data.schedules.nodes[0];
};

before(async () => {
  await createHttpTask(carillon, 'sync.stock', receiver);
  await createHttpTask(carillon, 'mail.digest', receiver);
  const schedules = (team: string) =>
    Array.from({ length: COUNT }, (_, n) => ({
      name: nameOf(n),
      task: { key: n % 10 === 3 ? 'mail.digest' : 'sync.stock' },
      trigger: n % 50 === 4 ? { manual: true } : { cron: { expression: '0 3 * * *' } },
      timeZone: 'Europe/Berlin',
      labels: n % 100 === 7 ? [{ key: 'team', value: team }] : [],
    }));
  // The labels that are offered are those of the schedules that were changed last.
  for (const team of ['none yet', 'growth'])
    await carillon.ask(
      'mutation Apply($input: ApplySchedulesInput!) { applySchedules(input: $input) { userErrors { message } } }',
      { input: { managedBy: 'fleet', schedules: schedules(team) } },
    );
  page.setDefaultTimeout(15_000);
  await page.goto(`${carillon.url}/#/login?token=${ADMIN_TOKEN}`);
});
/** As if the address had been typed: nothing of the list before is there any more. */
const open = async (address = '') => {
  await page.goto('about:blank');
  await page.goto(`${carillon.url}/#/schedules${address}`);
  await page.getByRole('table', { name: 'Schedules' }).and(page.locator('[aria-busy=false]')).waitFor();
};

test('a row says what runs, when, in which zone, and what comes next', async () => {
  await open(`?q=${encodeURIComponent(nameOf(12))}`);
  const cells = await row(nameOf(12)).getByRole('cell').allInnerTexts();
  assert.match(
    cells.join('|'),
    /Schedule 012\s+sync\.stock\|Active\|at 03:00 every day\s+Europe\/Berlin\|.*\|.*\d\d:\d\d\s+in \d.*\|never ran/s,
  );
  await row(nameOf(12)).getByRole('img', { name: 'It has not run yet.' }).waitFor();
});

test('the list is as high as all of it from the beginning, and rows come as one scrolls', async () => {
  await open();
  const table = page.getByRole('table', { name: 'Schedules' });
  // The two that come with the server, and the head.
  const rows = Number(await table.getAttribute('aria-rowcount'));
  assert.ok(rows > COUNT, String(rows));
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  assert.equal(await page.getByRole('link', { name: nameOf(200), exact: true }).count(), 0);
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  await page.getByRole('link', { name: nameOf(COUNT - 1), exact: true }).waitFor();
  assert.equal(await page.evaluate<number>('document.documentElement.scrollHeight'), height);
  assert.ok((await page.getByRole('row').count()) < 60);
});

test('search and filters are kept in the address, and come back with it', async () => {
  await open();
  await page.keyboard.press('/');
  await page.keyboard.type('digest 13');
  await page.getByText('4 schedules match').waitFor();
  assert.equal(place(), '#/schedules?q=digest+13');
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.getByRole('button', { name: 'Label' }).click();
  await page.getByRole('checkbox', { name: 'team=growth' }).check();
  await page.keyboard.press('Escape');
  await page.getByText('3 schedules match').waitFor();
  assert.equal(place(), '#/schedules?label=team%3Dgrowth');
  await page.getByLabel('Order').selectOption('Name, Z to A');
  await page.reload();
  await page.getByText('3 schedules match').waitFor();
  assert.equal(await page.getByRole('row').nth(1).getByRole('link').first().innerText(), nameOf(207));
  await open('?kind=manual');
  await page.getByText('5 schedules match').waitFor();
  await open('?q=nothing+of+the+kind');
  await page.getByRole('heading', { name: 'No schedule matches' }).waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).last().click();
  await tick(nameOf(0)).waitFor();
});

test('a range selected with Shift is paused with a reason and an end, and resumed with what to make up for', async () => {
  await open();
  await tick(nameOf(2)).click();
  await tick(nameOf(5)).click({ modifiers: ['Shift'] });
  await page.getByText('4 selected').waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Pause 4 schedules' });
  await dialog.getByLabel('Reason').fill('The warehouse moves');
  await dialog.getByRole('button', { name: '1 day' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await row(nameOf(4)).getByText('The warehouse moves').waitFor();
  const paused = await schedule(nameOf(5));
  assert.deepEqual([paused?.state, paused?.pause?.reason], ['PAUSED', 'The warehouse moves']);
  assert.ok(Date.parse(paused?.pause?.until ?? '') > Date.now());

  await open('?state=paused');
  await page.getByRole('checkbox', { name: 'Select all that match' }).click();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  const resume = page.getByRole('dialog', { name: 'Resume 4 schedules' });
  await resume.getByText('4 are paused. No occurrence held back so far.').waitFor();
  await resume.getByLabel('The latest runs, once for all').check();
  await resume.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('heading', { name: 'No schedule matches' }).waitFor();
  assert.equal((await schedule(nameOf(5)))?.state, 'ACTIVE');
});

test('what is triggered together says of each what became of it, and the rows follow', async () => {
  await open();
  await tick(nameOf(8)).click();
  await tick(nameOf(9)).click();
  await page.getByRole('button', { name: 'Trigger now' }).click();
  const dialog = page.getByRole('dialog', { name: 'Trigger 2 schedules' });
  await dialog.getByLabel('Reason').fill('After the fix');
  await dialog.getByRole('button', { name: 'Trigger 2 schedules now' }).click();
  await dialog.getByText('2 schedules triggered.').waitFor();
  assert.equal(await dialog.getByRole('link', { name: 'Open the run' }).count(), 2);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await row(nameOf(9)).getByText('Succeeded').waitFor();
  await row(nameOf(9)).getByRole('img', { name: 'The only run: succeeded.' }).waitFor();
  assert.equal((await schedule(nameOf(8)))?.lastRun?.reason, 'After the fix');
});

test('the keyboard moves, selects, pauses, helps and opens', async () => {
  await open('?q=Schedule');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('k');
  const link = page.getByRole('link', { name: nameOf(1), exact: true });
  await link.and(page.locator(':focus')).waitFor();
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('p');
  await page.getByRole('dialog', { name: `Pause ${nameOf(1)}` }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await link.focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/schedules\/[^?]+$/);
});

test('the menu of a row deletes after its name was typed, and what is created comes by itself, without a jump', async () => {
  await open();
  await page.getByRole('button', { name: `Actions of ${nameOf(0)}` }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: `Delete ${nameOf(0)}` });
  await dialog.getByLabel(`Type ${nameOf(0)} to confirm`).fill(nameOf(0));
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await row(nameOf(0)).waitFor({ state: 'detached' });
  assert.equal(await schedule(nameOf(0)), undefined);

  await page.evaluate('scrollTo(0, 120 * 52)');
  const looked = page.getByRole('link', { name: nameOf(125), exact: true });
  const before = (await looked.boundingBox())?.y;
  const total = Number(await page.getByRole('table', { name: 'Schedules' }).getAttribute('aria-rowcount'));
  const spec = { name: 'A first one', task: { key: 'sync.stock' }, trigger: { manual: true } };
  await carillon.ask(
    'mutation Create($input: CreateScheduleInput!) { createSchedule(input: $input) { userErrors { message } } }',
    { input: { spec } },
  );
  await page.locator(`[role=table][aria-rowcount="${total + 1}"]`).waitFor();
  assert.ok(Math.abs(((await looked.boundingBox())?.y ?? 0) - (before ?? 0)) < 2);
  await page.evaluate('scrollTo(0, 0)');
  await row('A first one').waitFor();
});

test('on a phone rows are cards, and the page does not scroll sideways', async () => {
  await page.setViewportSize({ width: 380, height: 800 });
  await open();
  await row(nameOf(12))
    .or(row(nameOf(2)))
    .first()
    .waitFor();
  // Once the layout has followed.
  await until(() => page.evaluate<boolean>('document.documentElement.scrollWidth === 380'));
  assert.equal(await page.getByRole('columnheader').count(), 0);
  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('button', { name: 'State' }).waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('who may only look is told why nothing can be done', async () => {
  const { data } = await carillon.ask<{ createApiToken: { secret: string } }>(
    'mutation Token($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }',
    { input: { name: 'looker', role: 'VIEWER' } },
  );
  // Tokens of the address are read when the page is loaded.
  await page.goto('about:blank');
  await page.goto(`${carillon.url}/#/login?token=${data.createApiToken.secret}`);
  await page.getByRole('link', { name: 'Schedules' }).waitFor();
  await open();
  await tick(nameOf(2)).click();
  await page.getByRole('button', { name: 'Pause', exact: true }).hover();
  await page.getByRole('tooltip', { name: 'Needs the role OPERATOR.' }).waitFor();
  await page.getByRole('button', { name: `Actions of ${nameOf(3)}` }).click();
  assert.match(await page.getByRole('menuitem', { name: 'Delete' }).innerText(), /Needs the role EDITOR\./);
});

test('nothing was complained of, and nobody else was asked', () => {
  assert.deepEqual([opened.complaints, opened.strangers], [[], []]);
});

// Last, for its script breaks the page's policy; it needs no role.
test('axe finds no serious violation, in light and in dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await open();
    await tick(nameOf(2)).click();
    assert.deepEqual(await seriousViolations(page), [], colorScheme);
  }
});
