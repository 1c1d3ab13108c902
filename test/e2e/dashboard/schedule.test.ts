import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seriousViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { startReceiver } from '../../support/receiver.ts';
import { addTokens } from '../../support/tokens.ts';

const client = await startTestCarillon({ after });
const api = createApi(client);
const inputs: (() => void)[] = [];
/** Answers at once, unless it is to hold calls until they are let go. */
let held = false;
const url = await startReceiver({ after }, (call) => {
  if (held) inputs.push(() => call.answer(null));
  else call.answer(null);
});
const letGo = () => {
  held = false;
  for (const answer of inputs.splice(0)) answer();
};
const tokens = await addTokens(client.databaseUrl, 'VIEWER');
const { page, complaints, strangers } = await openPage({ after }, client.url);
page.setDefaultTimeout(30_000);

async function enter(token: string): Promise<void> {
  await page.goto(`${client.url}/#/login?token=${token}`);
  await page.getByText('Live', { exact: true }).waitFor();
}
const open = async (schedule: { id: string; name: string }, search = '') => {
  await page.goto(`${client.url}/#/schedules/${schedule.id}${search}`);
  await page.getByRole('heading', { level: 1, name: schedule.name }).waitFor();
};
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
const dialog = page.getByRole('dialog');
const task = await api.taskOn(url);
const HOURLY = { cron: { expression: '0 * * * *' } };

await enter(ADMIN_TOKEN);

test('triggered with another input, its run appears live and ends', async () => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY, timeZone: 'Asia/Tokyo', input: { shop: 'a' } });
  await open(schedule, '?tab=runs');
  await page.getByText('No run yet').waitFor();
  await button('Trigger').click();
  await dialog.getByLabel('Input').fill('{"shop":');
  await dialog.getByRole('button', { name: 'Line 1, column 9' }).waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Trigger' }).isDisabled(), true);
  await dialog.getByLabel('Input').fill('{"shop":"b"}');
  held = true;
  await dialog.getByRole('button', { name: 'Trigger' }).click();
  const row = page.getByRole('row').filter({ hasText: 'By hand' });
  await row.getByText('Running').waitFor();
  letGo();
  await row.getByText('Succeeded').waitFor();
  const { data } = await client.ask<{ schedule: { lastRun: { input: unknown } } }>(
    `{ schedule(ref: {id: "${schedule.id}"}) { lastRun { input } } }`,
  );
  assert.deepEqual(data.schedule.lastRun.input, { shop: 'b' });
});

test('paused with reason and end it says so to everybody, and is resumed with a choice for what passed', async () => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  await open(schedule);
  await button('Pause').click();
  assert.equal(await dialog.getByRole('button', { name: 'Pause' }).isDisabled(), true);
  await dialog.getByLabel('Reason').fill('The disk is exchanged');
  await dialog.getByLabel(/^Until/).fill('2001-01-01T00:00');
  await dialog.getByText('That is past already.').waitFor();
  await dialog.getByRole('button', { name: '4 hours' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  const notice = page.getByRole('note').filter({ hasText: 'The disk is exchanged' });
  await notice.getByText('it goes on by itself then').waitFor();
  await page.getByText('Nothing, while it is paused.').waitFor();
  await button('Resume').click();
  await dialog.getByRole('radio', { name: 'Each of them runs' }).check();
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await notice.waitFor({ state: 'detached' });

  await page.getByRole('tab', { name: 'History' }).click();
  const paused = page.getByRole('article').filter({ hasText: 'paused it' });
  await paused.getByText('“The disk is exchanged”').waitFor();
  await paused.getByRole('row', { name: 'state ACTIVE PAUSED' }).waitFor();
});

test('an occurrence is skipped, said why not to run, and taken back', async () => {
  const schedule = await api.scheduleOf(task, { trigger: { calendarInterval: { every: 'P1D', at: '12:00' } } });
  await open(schedule);
  await button(/^Show all \d+$/)
    .first()
    .click();
  // The first may tell of all that are folded.
  const second = page
    .getByRole('row')
    .filter({ hasText: '12:00:00' })
    .filter({ has: button('Skip') })
    .nth(1);
  await second.getByRole('button', { name: 'Skip' }).click();
  await dialog.getByLabel('Reason').fill('Stock is counted');
  await dialog.getByRole('button', { name: 'Skip it' }).click();
  const skipped = page.getByRole('row').filter({ hasText: 'Stock is counted' });
  await skipped.getByText('Skipped by hand').waitFor();

  await skipped.getByRole('button', { name: /^Why/ }).click();
  await page.getByRole('heading', { name: /^It does not fire at .* 12:00:00 UTC$/ }).waitFor();
  const causes = page.getByRole('list', { name: /^Causes/ }).getByRole('listitem');
  const last = causes.last();
  assert.match(await last.innerText(), /decides[^]*Stock is counted/);
  assert.equal(await causes.filter({ hasText: 'decides' }).count(), 1);
  assert.equal(await last.getByRole('img', { name: 'stops it' }).count(), 1);
  // Any other time can be asked for.
  await page.getByLabel(/^Why does or did it run/).fill('2026-03-01T12:00:01');
  await button('Explain').click();
  await page.getByRole('heading', { name: 'It did not fire at 2026-03-01 12:00:01 UTC' }).waitFor();

  await page.getByRole('tab', { name: 'Ledger' }).click();
  await skipped.getByRole('button', { name: 'Take it back' }).click();
  await dialog.getByLabel('Reason').fill('It is not');
  await dialog.getByRole('button', { name: 'Take the skip back' }).click();
  await skipped.waitFor({ state: 'detached' });
});

test('a backfill says what it runs, goes on before the eyes, fills the days, and can be canceled', async () => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  await open(schedule);
  await button('Backfill').click();
  await dialog.getByLabel(/^From/).fill('2026-01-01T00:00:00');
  await dialog.getByLabel(/^Until/).fill('2025-01-01T00:00:00');
  await dialog.getByRole('alert').getByText('which is not later than from').waitFor();
  const today = new Date().toISOString().slice(0, 10);
  const before = new Date(Date.parse(today) - 2 * 86_400_000).toISOString().slice(0, 10);
  await dialog.getByLabel(/^From/).fill(`${before}T00:00:00`);
  await dialog.getByLabel(/^Until/).fill(`${before}T05:30:00`);
  await dialog.getByText(`${before} 00:00:00, ${before} 01:00:00`).waitFor();
  held = true;
  await dialog.getByRole('button', { name: 'Begin 6 runs' }).click();
  const panel = page.getByRole('region', { name: 'Backfill' });
  await panel.getByText('0 of 6 runs have ended').waitFor();
  letGo();
  await panel.getByText('6 of 6 runs have ended').waitFor();
  await panel.getByText('Completed').waitFor();
  await panel.getByRole('button', { name: 'Put the backfill away' }).click();
  await panel.waitFor({ state: 'detached' });
  await open(await api.scheduleOf(task), '');
  await open(schedule);
  await page.getByRole('gridcell', { name: `${before}: 6 succeeded` }).waitFor();
  await page.getByRole('img', { name: /^Duration: 6 runs/ }).waitFor();

  held = true;
  await button('Backfill').click();
  await dialog.getByRole('button', { name: /^Begin \d+ runs$/ }).click();
  await panel.getByRole('button', { name: 'Cancel' }).click();
  await panel.getByText('Canceled').waitFor();
  letGo();
});

test('a day of the map opens the ledger there, by mouse or keyboard', async () => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  await open(schedule);
  const today = new Date().toISOString().slice(0, 10);
  const cell = page.getByRole('gridcell', { name: new RegExp(`^${today}: `) });
  await cell.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  const week = new Date(Date.parse(today) - 7 * 86_400_000).toISOString().slice(0, 10);
  await page.getByText(new RegExp(`^${week} 00:00 to .*UTC$`)).waitFor();
  await page.getByText('No occurrence in this stretch').waitFor();
  await button('Around now').click();
  await page.getByText('Now · below is planned').waitFor();
});

test('it is deleted by who types its name; then there is no such schedule', async () => {
  const schedule = await api.scheduleOf(task);
  await open(schedule);
  await button('Delete').click();
  const confirm = dialog.getByRole('button', { name: 'Delete it' });
  await dialog.getByLabel(`Type ${schedule.name} to confirm`).fill('another');
  assert.equal(await confirm.isDisabled(), true);
  await dialog.getByLabel(`Type ${schedule.name} to confirm`).fill(schedule.name);
  await confirm.click();
  await page.waitForURL(`${client.url}/#/schedules`);
  await page.goto(`${client.url}/#/schedules/${schedule.id}`);
  await page.getByRole('heading', { name: 'There is no such schedule' }).waitFor();
});

test('no serious fault of accessibility, light and dark; nothing sticks out at 380 px', async () => {
  const schedule = await api.scheduleOf(task, {
    trigger: HOURLY,
    input: { shop: 'a' },
    labels: [{ key: 'team', value: 'shop' }],
    description: 'Fetches orders.',
  });
  await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'A look' });
  const looked = { light: ['ledger'], dark: ['why&at=2026-03-01T12:00:00Z', 'history'] } as const;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const tab of looked[colorScheme]) {
      await open(schedule, `?tab=${tab}`);
      await page.getByRole('img', { name: /^Duration: 1 run/ }).waitFor();
      await page
        .getByRole('tabpanel')
        .getByText(/Now · below|It did not fire|created it/)
        .first()
        .waitFor();
      assert.deepEqual(await seriousViolations(page), [], `${colorScheme} ${tab}`);
    }
    await button('Backfill').click();
    await dialog.getByText(/^\d+ runs?$/).waitFor();
    assert.deepEqual(await seriousViolations(page), [], `${colorScheme} dialog`);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
  await page.setViewportSize({ width: 380, height: 800 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 380);
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a VIEWER sees all but the history, and each action says which role it needs', async () => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  await page.evaluate('localStorage.clear()');
  await page.goto('about:blank');
  await enter(tokens.VIEWER);
  await open(schedule, '?tab=history');
  await page.getByText('The history needs the role ADMIN').waitFor();
  const needed = {
    Trigger: 'OPERATOR',
    Pause: 'OPERATOR',
    Backfill: 'OPERATOR',
    Edit: 'EDITOR',
    Duplicate: 'EDITOR',
    Delete: 'EDITOR',
  };
  for (const [name, role] of Object.entries(needed)) {
    await button(name).focus();
    await page
      .getByRole('tooltip', { name: `Needs the role ${role}.` })
      .last()
      .waitFor();
    await page.keyboard.press('Enter');
  }
  assert.equal(await dialog.count(), 0);
});

test('nothing complained, and nobody else was asked', () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(strangers, []);
});
