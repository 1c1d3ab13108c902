import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { openPage } from '../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import { startReceiver } from '../support/receiver.ts';

test('GraphiQL in a browser: asks for the token, runs a query and a subscription, and talks to nobody else', async (t) => {
  const client = await startTestCarillon(t);
  const url = await startReceiver(t, ({ answer }) => answer(null));
  const api = createApi(client);
  const schedule = await api.scheduleOf(await api.taskOn(url));
  const { page, complaints, strangers } = await openPage(t, client.url);

  await page.goto(`${client.url}/graphiql`);
  await page.fill('#token', 'a-token-that-nobody-has');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'The token is unknown, expired or revoked.' }).waitFor();
  assert.deepEqual(complaints.splice(0), [
    'error: Failed to load resource: the server responded with a status of 401 (Unauthorized)',
  ]);

  await page.fill('#token', ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  const answer = page.getByLabel('Result Window');
  const run = async (operation: string) => {
    await page.getByRole('button', { name: 'Execute query' }).click();
    await page.getByRole('menuitem', { name: operation }).click();
  };
  await run('Overview');
  await answer.getByText('"ADMIN"', { exact: true }).waitFor();
  await answer.getByText(`"${schedule.name}"`).first().waitFor();

  await run('Watch');
  // Nothing tells when the server has it: so it is triggered until something comes.
  const seen = answer.getByText('"SUCCEEDED"').first().waitFor();
  let over = false;
  void seen.then(() => (over = true));
  while (!over) await api.runIn((await api.trigger(schedule)).id, 'SUCCEEDED');
  await seen;

  assert.deepEqual(complaints, []);
  assert.deepEqual(strangers, []);
});
