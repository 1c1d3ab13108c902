import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seriousViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { startCutter } from '../../support/cutter.ts';
import { serveBelow } from '../../support/subPath.ts';
import { startTarget } from '../../support/target.ts';
import { addTokens } from '../../support/tokens.ts';

const files = { after };
const carillon = await startTestCarillon(files);
const line = await startCutter(files, Number(new URL(carillon.url).port));
const url = `http://127.0.0.1:${line.port}`;
const api = createApi(carillon);
const target = await startTarget(files);
await api.createHttpTask({ key: 'report', name: 'Report', http: { url: target.url } });
const { VIEWER } = await addTokens(carillon.databaseUrl, 'VIEWER');
const { page, complaints, strangers } = await openPage(files, url);
page.setDefaultTimeout(20_000);
const open = (place: string) => page.evaluate(`void (location.hash = ${JSON.stringify(place)})`);

test('who has no token is asked for one, and hears when it is none', async () => {
  await page.goto(url);
  const token = page.getByLabel(/^Token/);
  await token.fill('not-a-token-of-this-server');
  await page.getByRole('button', { name: 'Open the dashboard' }).click();
  await page.getByRole('alert').waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  // The browser itself tells of an answer 401.
  assert.ok(complaints.splice(0).every((complaint) => /401|style/.test(complaint)));
  await token.fill(VIEWER);
  await page.getByRole('button', { name: 'Open the dashboard' }).click();
  await page.getByRole('link', { name: 'Workers' }).waitFor();
  await page.getByRole('button', { name: 'Who is logged in' }).click();
  await page.getByText('VIEWER').waitFor();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await token.waitFor();
});

test('the link that the server prints logs in, and its token leaves the address', async () => {
  await page.goto(`${url}/#/login?token=${ADMIN_TOKEN}`);
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  assert.doesNotMatch(page.url(), /token/);
  await page.reload();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
});

test('a server that cannot be reached is tried again, and the token is kept', async () => {
  await open('#/workers');
  line.down();
  // What is loaded already is the page; what it asks for does not come.
  await open(`#/login?token=${ADMIN_TOKEN}`);
  await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
  line.up();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  complaints.splice(0);
});

test('a page that there is not says so, and leads back', async () => {
  await open('#/nowhere');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
});

test('a page whose program cannot be loaded says so, and is loaded when the line is there again', async () => {
  line.down();
  await open('#/schedules/new');
  await page.getByRole('heading', { name: 'This page could not be shown' }).waitFor();
  line.up();
  await page.getByRole('heading', { name: 'New schedule' }).waitFor();
  complaints.splice(0);
});

test('while the connection is lost a banner says so; what happened meanwhile is there when it is back', async () => {
  await open('#/runs');
  await page.getByRole('heading', { name: 'No run yet' }).or(page.getByRole('table')).first().waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  line.down();
  await page.getByText('The connection to the server is lost').waitFor();
  // Over the server's own port: the page cannot know.
  const { run } = await api.triggerTask({ task: { key: 'report' } });
  assert.ok(run);
  line.up();
  await page.getByRole('cell', { name: 'report', exact: true }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText('The connection to the server is lost').waitFor({ state: 'detached' });
  complaints.splice(0);
});

test('when a dialog closes the keyboard is where it was; another page begins at its top', async () => {
  await open('#/tasks/report');
  const pause = page.getByRole('button', { name: 'Pause', exact: true });
  await pause.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByLabel('Reason').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.waitForFunction(`document.activeElement?.textContent === 'Pause'`);
  await page.setViewportSize({ width: 1280, height: 300 });
  await page.evaluate('scrollTo(0, 200)');
  await page.getByRole('link', { name: 'All its runs' }).click();
  await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();
  assert.equal(await page.evaluate('scrollY'), 0);
  // The link has gone with its page.
  assert.equal(await page.evaluate('document.activeElement.id'), 'content');
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('who is logged in with a token that is revoked is told so, and asked for another', async () => {
  const make = `mutation { createApiToken(input: { name: "short", role: VIEWER }) { secret apiToken { id } } }`;
  const { createApiToken: made } = (await carillon.ask<{ createApiToken: { secret: string; apiToken: { id: string } } }>(make))
    .data;
  await open(`#/login?token=${made.secret}`);
  await page.getByRole('button', { name: 'Who is logged in' }).click();
  await page.getByText('short · VIEWER').waitFor();
  await page.keyboard.press('Escape');
  await carillon.ask('mutation ($id: ID!) { revokeApiToken(id: $id) { apiToken { id } } }', { id: made.apiToken.id });
  await page.getByRole('alert').filter({ hasText: 'does not take this token any more' }).waitFor();
  complaints.splice(0);
  await open(`#/login?token=${ADMIN_TOKEN}`);
  await page.getByRole('link', { name: 'Overview' }).waitFor();
});

test('below a path of a proxy all of it works: files, questions, the live line, GraphiQL', async () => {
  const below = await serveBelow(files, '/ops/carillon', Number(new URL(carillon.url).port));
  await page.goto(`${below}#/login?token=${ADMIN_TOKEN}`);
  await page.getByText('Live', { exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'GraphiQL' }).getAttribute('href'), `${below}graphiql`);
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByText('One worker is alive').waitFor();
  assert.equal(page.url(), `${below}#/workers`);
  // Not the page's first host, but nobody else either.
  assert.ok(strangers.splice(0).every((stranger) => stranger.startsWith(below)));
  await page.goto(`${url}/#/runs`);
  await page.getByText('Live', { exact: true }).waitFor();
});

test('dark and light are chosen by the system, or by hand', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
  await page.getByRole('button', { name: 'Show it light' }).click();
  await page.locator('html[data-mantine-color-scheme=light]').waitFor();
});

test('on a phone the menu opens by its button and closes behind a choice; nothing is wider than the screen', async () => {
  await page.setViewportSize({ width: 380, height: 800 });
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  assert.deepEqual(complaints, []);
  assert.deepEqual(strangers, []);
});
