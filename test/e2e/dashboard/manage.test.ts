import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { noViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { taskFolder } from '../../support/taskFolder.ts';
import { addTokens } from '../../support/tokens.ts';
import { until } from '../../support/until.ts';

/** It takes an input that its schema describes, and goes on when the test lets it. */
const REPORT = `
import { defineTask, z } from 'carillon';
export default defineTask({
  key: 'sales.report',
  name: 'Sales report',
  group: 'data',
  labels: { team: 'data' },
  input: z.object({ gate: z.string().describe('Where it asks whether to go on'), days: z.int().min(1).max(31).default(7) }),
  retry: { maxAttempts: 1 },
  async run({ input, progress, signal }) {
    progress(1, 4, 'reading ' + input.days + ' days');
    await fetch(input.gate, { signal });
  },
});`;

const files = { after };
const client = await startTestCarillon(files, {
  CARILLON_TASKS: await taskFolder(files, { 'report.ts': REPORT }),
  CARILLON_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
});
const { url } = client;
const api = createApi(client);

/** A request of a task, which waits for its answer. */
interface Call {
  headers: IncomingHttpHeaders;
  body: string;
  answer(): void;
}
const calls: Call[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => (body += part.toString()));
  request.on('end', () => calls.push({ headers: request.headers, body, answer: () => response.end('{}') }));
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
after(() => {
  receiver.closeAllConnections();
  receiver.close();
});
const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

const seen = await openPage(files, url);
const { page } = seen;
page.setDefaultTimeout(10_000);
await page.goto(`${url}/#/login?token=${ADMIN_TOKEN}`);
await page.getByRole('link', { name: 'Tasks' }).waitFor();

const open = (place: string) => page.goto(`${url}/#${place}`);
const button = (name: string) => page.getByRole('button', { name, exact: true });
const field = (name: string | RegExp) => page.getByRole('textbox', { name });
/** The first wrong field gets the focus, which scrolls to it: a click before that would be pulled away from its button. */
const focused = () => page.locator('[aria-invalid=true]:focus').waitFor();
const dialog = page.getByRole('dialog');
const nextCall = () => until((): Promise<Call | false> => Promise.resolve(calls.shift() ?? false));

test('an HTTP task is made in a form: faults stand at their fields, and a secret is never shown again', async () => {
  await open('/tasks');
  await button('New HTTP task').click();
  await button('Create the task').click();
  await page.getByText('Give it a key').waitFor();
  await page.getByText('Say where the request is sent.').waitFor();
  assert.equal(await field('Key').getAttribute('aria-invalid'), 'true');
  await focused();

  await field('Key').fill('shop sync');
  await field('Name').fill('Sync the shop');
  await field('URL').fill('no address');
  await button('Create the task').click();
  await page.getByText('is not an absolute URL').waitFor();
  await focused();
  await field('URL').fill(target);
  await button('Create the task').click();
  await page.getByText('key "shop sync" is not allowed').waitFor();
  await focused();

  await field('Key').fill('shop.sync');
  await button('Add a header').click();
  await field('Header 1 of Headers').fill('x-shop');
  await field('Value 1 of Headers').fill('berlin');
  await button('Add a secret header').click();
  await field('Header 1 of Secret headers').fill('authorization');
  await page.getByLabel('Secret value of authorization').fill('Bearer of-the-shop');
  await field('Body').fill('{"all": true}');
  await button('Create the task').click();
  await page.getByRole('heading', { name: 'Sync the shop' }).waitFor();
  const request = page.getByRole('region', { name: 'Request' });
  await request.getByText('x-shop: berlin').waitFor();
  await request.getByText('authorization: ••••••').waitFor();
  assert.ok(!(await page.content()).includes('of-the-shop'));
  await noViolations(seen);
});

test('it is triggered with another input, and its runs appear by themselves', async () => {
  await open('/tasks/shop.sync');
  await page.getByText('It has never run').waitFor();
  await button('Trigger').click();
  await dialog.getByRole('textbox', { name: 'Input' }).fill('{"only": 7}');
  await dialog.getByRole('button', { name: 'Trigger now' }).click();
  const call = await nextCall();
  assert.deepEqual(JSON.parse(call.body), { only: 7 });
  assert.equal(call.headers['authorization'], 'Bearer of-the-shop');
  await page.waitForURL(/runs\/run_/);
  await open('/tasks/shop.sync');
  const runs = page.getByRole('region', { name: 'Last runs' });
  await runs.getByText('Running').waitFor();
  call.answer();
  await runs.getByText('Succeeded').waitFor();
});

test('an edit sends what was changed, and leaves secrets alone', async () => {
  await open('/tasks/shop.sync');
  await button('Edit').click();
  await field('Name').fill('Sync all shops');
  await page.getByText('•••••• kept').waitFor();
  await noViolations(seen);
  await button('Save').click();
  await page.getByRole('heading', { name: 'Sync all shops' }).waitFor();
  await page.getByText('authorization: ••••••').waitFor();
});

test('what was changed in the form of a task is not left without a question', async () => {
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  await open('/tasks/shop.sync');
  await button('Edit').click();
  await field('Name').fill('half done');
  await page.getByRole('link', { name: 'Workers' }).click();
  await question.getByRole('button', { name: 'Stay' }).click();
  await question.waitFor({ state: 'detached' });
  await page.evaluate('history.back()');
  await question.getByRole('button', { name: 'Stay' }).click();
  await question.waitFor({ state: 'detached' });
  assert.equal(await field('Name').inputValue(), 'half done');
  await page.getByRole('link', { name: 'Leave it as it was' }).click();
  await question.getByRole('button', { name: 'Leave and lose it' }).click();
  await page.getByRole('heading', { name: 'Sync all shops' }).waitFor();
});

test('a pause has a reason and an end, holds triggers back, and is taken back', async () => {
  await open('/tasks/shop.sync');
  await button('Pause').click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('the shop moves');
  await dialog.getByRole('button', { name: '4 hours' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('note').getByText('the shop moves').waitFor();
  await button('Trigger').hover();
  await page.getByText('It is paused: resume it first.').waitFor();
  await button('Resume').click();
  await page.getByText('the shop moves').waitFor({ state: 'detached' });
});

/** What the page of a run shows as its input. */
const inputShown = () => page.getByRole('region', { name: 'Input' });

test('the input of a code task is asked for by its schema, its faults stand at it, and a worker shows how far the run is', async () => {
  await open('/tasks/sales.report');
  await button('Trigger').click();
  await dialog.getByText('Where it asks whether to go on').waitFor();
  await dialog.getByText('1 to 31. Left empty: 7.').waitFor();
  await dialog.getByRole('button', { name: 'Trigger now' }).click();
  await dialog.getByRole('alert').getByText('gate is missing.').waitFor();
  assert.equal(await field('gate').getAttribute('aria-invalid'), 'true');
  await field('gate').and(page.locator(':focus')).waitFor();
  await field('gate').fill(target);
  await field('days').fill('99');
  await dialog.getByRole('button', { name: 'Trigger now' }).click();
  await until(async () => (await field('days').getAttribute('aria-invalid')) === 'true');
  await noViolations(seen);
  await field('days').fill('3');
  await dialog.getByRole('button', { name: 'Trigger now' }).click();
  const call = await nextCall();
  await page.waitForURL(/runs\/run_/);
  await inputShown().getByText(`"${target}"`).waitFor();
  await inputShown().getByText('3', { exact: true }).waitFor();
  await open('/workers');
  await page.getByRole('progressbar', { name: 'Progress of sales.report: 25 %' }).waitFor();
  await page.getByText('reading 3 days').waitFor();
  await noViolations(seen);
  call.answer();
  await page.getByText('Nothing runs on it at the moment.').waitFor();

  await open('/tasks/sales.report');
  await button('Trigger').click();
  await dialog.getByText('JSON', { exact: true }).click();
  await field('Input as JSON').fill(JSON.stringify({ gate: target }));
  await dialog.getByRole('radio', { name: 'At a time' }).check();
  await dialog.getByLabel(/^Run at/).fill('2035-01-02T03:04:05');
  await dialog.getByRole('button', { name: 'Plan the run' }).click();
  await page.waitForURL(/runs\/run_/);
  await open('/tasks/sales.report');
  await page.getByRole('region', { name: 'Last runs' }).getByText('Scheduled').waitFor();
});

test('the form of a schedule’s trigger begins with its own input, and changes it for one run', async () => {
  const input = { gate: target, days: 2 };
  const { id } = await api.scheduleOf({ key: 'sales.report' }, { trigger: { manual: true }, input });
  await open(`/schedules/${id}?tab=runs`);
  await button('Trigger').click();
  await dialog.getByText("The schedule's own.").waitFor();
  assert.deepEqual([await field('gate').inputValue(), await field('days').inputValue()], [target, '2']);
  await field('days').fill('5');
  await dialog.getByText("Another one than the schedule's").waitFor();
  await dialog.getByRole('button', { name: 'Trigger' }).click();
  const call = await nextCall();
  await page.getByRole('tabpanel').getByRole('row').filter({ hasText: 'By hand' }).getByRole('link').first().click();
  await inputShown().getByText('5', { exact: true }).waitFor();
  call.answer();
});

test('the list of tasks: search, filters in the address, and what a click on a label does', async () => {
  await open('/tasks');
  const rows = page.getByRole('table').getByRole('row');
  await rows.filter({ hasText: 'sales.report' }).getByText('Scheduled').waitFor();
  await noViolations(seen);
  await field('Search').fill('shops');
  await until(async () => (await rows.count()) === 2);
  await page.waitForURL(/search=shops/);
  await field('Search').fill('nothing has this name');
  await page.getByText('No task matches').waitFor();
  await button('Show all tasks').click();
  await button('Only label team=data').click();
  await page.waitForURL(/label=team%3Ddata/);
  await until(async () => (await rows.count()) === 2);
  assert.equal(await page.getByRole('link', { name: 'sales.report', exact: true }).count(), 1);
});

test('a freeze is made for a filter, says how much it will hold back, and is ended', async () => {
  const schedule = await api.scheduleOf({ key: 'shop.sync' }, { trigger: { cron: { expression: '*/10 * * * *' } }, labels: [{ key: 'env', value: 'prod' }] }); // prettier-ignore
  await open('/freezes');
  await page.getByText('Nothing is frozen').waitFor();
  await button('New freeze').click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('release 5');
  await dialog.getByText('By a filter', { exact: true }).click();
  await dialog.getByLabel('Labels').fill('env=prod');
  await page.keyboard.press('Enter');
  await dialog.getByText('One schedule matches').waitFor();
  await dialog.getByText(schedule.name).waitFor();
  await dialog.getByRole('button', { name: '1 day' }).click();
  await dialog.getByRole('radio', { name: 'Each schedule runs once' }).check();
  await noViolations(seen);
  await dialog.getByRole('button', { name: 'Freeze' }).click();
  await dialog.getByText('It is going to hold back 144 occurrences').waitFor();
  await dialog.getByRole('button', { name: 'Good' }).click();
  const card = page.getByRole('article', { name: 'release 5' });
  await card.getByText('Active').waitFor();
  await noViolations(seen);
  await card.getByRole('button', { name: 'End it now' }).click();
  await dialog.getByRole('button', { name: 'End it now' }).click();
  await page.getByRole('region', { name: 'Past' }).getByText('release 5').waitFor();
});

test('a calendar is made from days and a file; an edit says which schedules have moved; it is deleted when nobody uses it', async () => {
  await open('/calendars');
  await button('New calendar').click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('days off');
  await dialog.getByRole('textbox', { name: 'Days' }).fill('2035-12-25\n2035-02-30');
  await dialog.getByText('Line 2: “2035-02-30” is no day.').waitFor();
  await dialog.getByRole('textbox', { name: 'Days' }).fill('2035-12-25');
  const ics = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20351226\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'; // prettier-ignore
  const chooser = page.waitForEvent('filechooser');
  await dialog.getByRole('button', { name: 'An .ics file' }).click();
  await (await chooser).setFiles({ name: 'days.ics', mimeType: 'text/calendar', buffer: Buffer.from(ics) });
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByText('It has 2 days').waitFor();
  await dialog.getByRole('button', { name: 'Good' }).click();
  await open('/calendars?name=days%20off&year=2035');
  await page.getByRole('img', { name: '2035-12-25, in the calendar' }).waitFor();
  await page.getByRole('img', { name: '2035-12-26, in the calendar' }).waitFor();

  const { name } = await api.scheduleOf({ key: 'shop.sync' }, { trigger: { except: { base: { cron: { expression: '0 0 24-26 12 *' } }, excluding: [{ calendar: 'days off' }] } } }); // prettier-ignore
  await page.getByRole('link', { name }).waitFor();
  await button('Delete').hover();
  await page.getByText(`A schedule uses it: ${name}.`).waitFor();
  await button('Edit the days').click();
  const year = new Date().getFullYear();
  await dialog
    .getByRole('textbox', { name: 'Days' })
    .fill(`2035-12-25\n${year}-12-24\n${year}-12-25\n${year}-12-26\n${year + 1}-12-24`);
  await dialog.getByText('4 more, 1 taken away').waitFor();
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await dialog.getByText('One schedule has other next times by that').waitFor();
  await dialog.getByRole('link', { name }).waitFor();
  await dialog.getByRole('button', { name: 'Good' }).click();
  await noViolations(seen);

  await api.deleteSchedule({ ref: { name } });
  await page.getByText('No schedule uses it').waitFor();
  await button('Delete').click();
  await dialog.getByRole('textbox').fill('days off');
  await dialog.getByRole('button', { name: 'Delete the calendar' }).click();
  await page.getByText('No calendar yet').waitFor();
});

test('a token: its secret is shown once and lets in; revoked, it does not', async () => {
  await open('/tokens');
  await button('New token').click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('ci');
  await dialog.getByRole('radio', { name: 'OPERATOR' }).check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  const secret = await dialog.getByLabel('The secret', { exact: true }).innerText();
  const role = () => client.ask<{ viewer: { role: string } }>('{ viewer { role } }', {}, secret);
  assert.equal((await role()).data.viewer.role, 'OPERATOR');
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await button('Revoke ci').waitFor();
  assert.ok(!(await page.content()).includes(secret));
  await noViolations(seen);
  await button('Revoke ci').click();
  await dialog.getByRole('textbox').fill('ci');
  await dialog.getByRole('button', { name: 'Revoke it' }).click();
  await button('Revoke ci').waitFor({ state: 'detached' });
  assert.equal((await role()).errors?.[0]?.extensions.code, 'UNAUTHENTICATED');
  await page.getByRole('switch').check({ force: true });
  await page.getByRole('row', { name: /^ci/ }).getByText('Revoked', { exact: true }).waitFor();
});

test('the audit trail: before and after, filters in the address, older pages', async () => {
  await open('/audit');
  const edit = page.getByRole('article').filter({ hasText: 'edited the task' });
  const row = edit.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'name', exact: true }) });
  await row.getByText('Sync the shop').waitFor();
  await row.getByText('Sync all shops').waitFor();
  assert.ok(!(await page.content()).includes('of-the-shop'));
  await noViolations(seen);
  await edit.getByRole('button', { name: 'only of this target: shop.sync' }).click();
  await page.waitForURL(/target=task_/);
  await page.getByText('paused the task').waitFor();
  await page.getByText('“the shop moves”').waitFor();
  await page.getByText('ended the freeze').waitFor({ state: 'detached' });
  await button('Show all').click();

  const task = { key: 'shop.sync' };
  for (let index = 0; index < 13; index += 1) {
    await api.pauseTask({ task, reason: `pause ${index}` });
    await api.resumeTask({ task });
  }
  await page.getByText('“pause 12”').waitFor();
  await button('Older').click();
  await page.waitForURL(/after=/);
  await page.getByText('“the shop moves”').waitFor();
  await page.goBack();
  await page.getByText('“pause 12”').waitFor();
});

test('at the width of a phone nothing but tables scrolls sideways', async () => {
  await page.setViewportSize({ width: 380, height: 800 });
  for (const [place, heading] of [
    ['/tasks', 'Tasks'],
    ['/tasks/shop.sync', 'Sync all shops'],
    ['/tasks/shop.sync/edit', 'Edit Sync all shops'],
    ['/workers', 'Workers'],
    ['/freezes', 'Freezes'],
    ['/calendars', 'Calendars'],
    ['/tokens', 'Tokens'],
    ['/audit', 'Audit'],
  ] as const) {
    // prettier-ignore
    await open(place);
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
    const excess = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(excess <= 0, `${place}: ${excess}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('who may not do a thing reads why', async () => {
  const { VIEWER } = await addTokens(client.databaseUrl, 'VIEWER');
  await page.goto(`${url}/#/login?token=${VIEWER}`);
  await page.reload();
  await page.waitForURL(`${url}/#/`);
  await open('/tasks/shop.sync');
  await button('Trigger').hover();
  await page.getByText('Needs the role OPERATOR.').waitFor();
  await page.getByText('Shown to the role OPERATOR and up').waitFor();
  for (const place of ['/audit', '/tokens']) {
    await open(place);
    await page.getByText('This page needs the role ADMIN').waitFor();
  }
  assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
});

test('nothing was complained of, and nobody else was asked', () => {
  assert.deepEqual(seen.complaints, []);
  assert.deepEqual(seen.strangers, []);
});
