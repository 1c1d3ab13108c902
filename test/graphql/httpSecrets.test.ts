import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { startCarillon } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { createApi } from '../support/api.ts';
import { ADMIN_TOKEN, createClient } from '../support/carillon.ts';
import { takeTestDatabase, query } from '../support/database.ts';
import { UPDATE_TASK } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';
import type { ErrorView, TaskView } from '../support/views.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const NEXT_KEY = Buffer.alloc(32, 2).toString('base64');
const SIGNING = `whsec_${Buffer.from('hunter2-signing-hunter2-').toString('base64')}`;
/** What must not be found anywhere; base64 of the signing secret too. */
const SECRETS = ['hunter2', SIGNING.slice(6, 20)];

/** A Carillon whose most talkative log is kept. */
async function start(databaseUrl: string, env: Record<string, string> = {}) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'carillon-test-'));
  const lines: string[] = [];
  const config = readConfig(
    {
      PORT: '0',
      DATABASE_URL: databaseUrl,
      CARILLON_DATA: dataDir,
      CARILLON_ADMIN_TOKEN: ADMIN_TOKEN,
      CARILLON_HTTP_ALLOW_PRIVATE: '127.0.0.1',
      CARILLON_KEEP_RUNS: 'forever',
      CARILLON_KEEP_EVENTS: 'forever',
      CARILLON_KEEP_LEDGER: 'forever',
      ...env,
    },
    dataDir,
  );
  const carillon = await startCarillon(config, pino({ level: 'trace' }, { write: (line) => void lines.push(line) }));
  const client = createClient(carillon.url);
  const api = createApi(client);
  return {
    api,
    client,
    lines,
    update: (id: string, patch: object) =>
      api.ask<{ task: TaskView | null; userErrors: ErrorView[] }>(UPDATE_TASK, { task: { id }, patch }),
    async stop() {
      await carillon.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Every text of every row of the database. */
async function everyRow(databaseUrl: string): Promise<string> {
  const tables = await query<{ name: string }>(
    databaseUrl,
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) => query<{ row: string }>(databaseUrl, `SELECT t::text AS row FROM ${name} t`)),
  );
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

const databaseUrl = await takeTestDatabase({ after }, () => server.stop());
let server = await start(databaseUrl, { CARILLON_SECRET_KEY: KEY });
const restart = async (env: Record<string, string> = {}) => {
  await server.stop();
  server = await start(databaseUrl, env);
};
const run = async (task: { id: string }) => {
  const { run: made } = await server.api.triggerTask({ task: { id: task.id }, execution: { retry: { maxAttempts: 1 } } });
  return server.api.runIn(made?.id ?? '', 'SUCCEEDED', 'FAILED');
};
const SECRET_HEADERS = { Authorization: 'Bearer hunter2-long', 'X-Key': 'hunter2-key' };
const secretTask = (url: string) => server.api.taskOn(url, { http: { secretHeaders: SECRET_HEADERS, signingSecret: SIGNING } });
const missingKey = () => server.lines.some((line) => line.includes('stored under a key that is missing'));
const clean = (text: string) =>
  assert.deepEqual(
    SECRETS.filter((secret) => text.includes(secret)),
    [],
  );

test('secrets are sent, and found nowhere: no answer, row, event, audit entry, output, error or line of the log', async (t) => {
  const target = await startTarget(t);
  const echo = { authorization: SECRET_HEADERS.Authorization, key: SECRET_HEADERS['X-Key'] };
  target.reply({ body: echo }, { status: 500, body: echo });
  const task = await secretTask(target.url);
  assert.deepEqual([task.http?.secretHeaders, task.http?.signed, task.http?.headers], [['Authorization', 'X-Key'], true, {}]);

  const first = await run(task);
  const sent = await target.next();
  assert.equal(sent.headers.authorization, SECRET_HEADERS.Authorization);
  assert.equal(sent.headers['x-key'], SECRET_HEADERS['X-Key']);
  const signed = createHmac('sha256', 'hunter2-signing-hunter2-').update(
    `${first.id}.${String(sent.headers['webhook-timestamp'])}.`,
  );
  assert.equal(sent.headers['webhook-signature'], `v1,${signed.digest('base64')}`);
  assert.equal(first.state, 'SUCCEEDED');
  const second = await run(task);
  assert.equal(second.state, 'FAILED');
  const edited = await server.update(task.id, { secretHeaders: { 'X-Key': 'hunter2-other' }, headers: { 'X-Plain': '1' } });
  assert.deepEqual(edited.userErrors, []);
  const refused = await server.update(task.id, {
    secretHeaders: { Host: 'hunter2', 'X-Short': 'hun' },
    signingSecret: 'hunter2',
  });
  assert.deepEqual(
    refused.userErrors.map(({ path }) => path?.join('.')),
    ['patch.secretHeaders.Host', 'patch.secretHeaders.X-Short', 'patch.signingSecret'],
  );
  const wrong = await server.client.ask(UPDATE_TASK, {
    task: { id: task.id },
    patch: { secretHeaders: 'hunter2', signingSecret: 7 },
  });
  assert.equal(wrong.errors?.[0]?.extensions.code, 'BAD_USER_INPUT');

  clean(JSON.stringify([task, first, second, edited, refused]));
  assert.match(JSON.stringify(first), /\[header value\]/);
  const rows = await everyRow(databaseUrl);
  assert.ok(rows.includes(task.id) && rows.includes('secretHeaders'));
  clean(rows);
  assert.ok(server.lines.length > 0);
  clean(server.lines.join('\n'));
});

test('the audit trail names the secrets that an edit gave, and those that it removed', async () => {
  const task = await secretTask('http://127.0.0.1:9/hook');
  await server.update(task.id, { secretHeaders: { 'X-Key': 'hunter2-key', Authorization: null }, signingSecret: null });
  const [row] = await query<{ http: Record<string, Record<string, unknown>> }>(
    databaseUrl,
    `SELECT changes->'http' AS http FROM audit_entry WHERE target_id = $1 AND action = 'task.update'`,
    [task.id],
  );
  assert.ok(row !== undefined);
  const { before, after: later } = row.http;
  assert.deepEqual([before?.['secretHeaders'], before?.['signed']], [['Authorization', 'X-Key'], true]);
  assert.deepEqual([later?.['secretHeaders'], later?.['signed'], later?.['secretsGiven']], [['X-Key'], false, ['X-Key']]);
});

test('an edit keeps the secrets that it does not name, and they are still sent', async (t) => {
  const target = await startTarget(t);
  const task = await secretTask(target.url);
  const { task: edited } = await server.update(task.id, { url: `${target.url}/other`, secretHeaders: { 'x-key': null } });
  assert.deepEqual([edited?.http?.secretHeaders, edited?.http?.signed], [['Authorization'], true]);
  await run(task);
  const { path: place, headers } = await target.next();
  assert.deepEqual([place, headers.authorization, headers['x-key']], ['/other', SECRET_HEADERS.Authorization, undefined]);
});

test('an edit cannot take the secret headers to another host, and changes nothing', async (t) => {
  const target = await startTarget(t);
  const task = await secretTask(target.url);
  const { userErrors } = await server.update(task.id, { url: 'http://127.0.0.1:9/', name: 'taken' });
  assert.deepEqual(
    userErrors.map(({ code, path }) => [code, path]),
    [['INVALID', ['patch', 'url']]],
  );
  assert.match(userErrors[0]?.message ?? '', /Authorization, X-Key were given for/);
  assert.equal((await server.api.task(task.key))?.http?.url, `${target.url}/`);
});

test('with another key runs fail and say which key is missing; as an old key it opens again, and new secrets are stored under the new one', async (t) => {
  const target = await startTarget(t);
  const task = await secretTask(target.url);
  await restart({ CARILLON_SECRET_KEY: NEXT_KEY });
  assert.ok(missingKey(), 'the start says it');
  const { error } = await run(task);
  assert.equal(error?.code, 'SECRET_UNREADABLE');
  assert.match(
    error?.message ?? '',
    /stored under the key [0-9a-f]{8}, which this server does not have\. Set CARILLON_SECRET_KEY/,
  );
  assert.deepEqual(target.received, []);

  await restart({ CARILLON_SECRET_KEY: NEXT_KEY, CARILLON_SECRET_KEY_OLD: KEY });
  assert.ok(!missingKey());
  assert.equal((await run(task)).state, 'SUCCEEDED');
  assert.deepEqual((await server.update(task.id, { secretHeaders: SECRET_HEADERS, signingSecret: SIGNING })).userErrors, []);
  await restart({ CARILLON_SECRET_KEY: NEXT_KEY });
  assert.equal((await run(task)).state, 'SUCCEEDED');

  // Without any key: what is there stays, can be removed, and nothing is added.
  await restart();
  const input = {
    key: 'keyless',
    name: 'Keyless',
    http: { url: target.url, secretHeaders: SECRET_HEADERS, signingSecret: SIGNING },
  };
  const { task: made, userErrors } = await server.api.createHttpTask(input);
  assert.equal(made, null);
  assert.deepEqual(
    userErrors.map(({ path }) => path?.join('.')),
    ['input.http.secretHeaders', 'input.http.signingSecret'],
  );
  for (const { message } of userErrors) assert.match(message, /Set CARILLON_SECRET_KEY/);
  assert.equal(await server.api.task('keyless'), null);
  const { task: kept } = await server.update(task.id, { description: 'kept' });
  assert.deepEqual(kept?.http?.secretHeaders, ['Authorization', 'X-Key']);
  const { task: bare } = await server.update(task.id, { secretHeaders: null, signingSecret: null });
  assert.deepEqual([bare?.http?.secretHeaders, bare?.http?.signed], [[], false]);
  assert.equal((await run(task)).state, 'SUCCEEDED');
});
