import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { createApi, fresh } from '../support/api.ts';
import { ADMIN_TOKEN, startInstance } from '../support/carillon.ts';
import { takeTestDatabase } from '../support/database.ts';
import { API_TOKENS, CREATE_API_TOKEN, NODES, REVOKE_API_TOKEN, RUN_CHANGED, VIEWER } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { watch } from '../support/stream.ts';
import { sha256 } from '../support/tokens.ts';
import { until } from '../support/until.ts';
import type { ActorView, ErrorView } from '../support/views.ts';

interface TokenView {
  id: string;
  name: string;
  role: string;
  createdAt: string;
  createdBy: ActorView;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
}
interface Payload {
  apiToken: TokenView | null;
  secret: string | null;
  userErrors: ErrorView[];
}

const stops: (() => Promise<void>)[] = [];
const databaseUrl = await takeTestDatabase({ after }, async () => void (await Promise.all(stops.map((stop) => stop()))));
const [here, there] = [await startInstance(databaseUrl), await startInstance(databaseUrl)];
stops.push(here.stop, there.stop);
const api = createApi(here);

const create = (input: Record<string, unknown>, token?: string) => api.ask<Payload>(CREATE_API_TOKEN, { input }, token);
const revoke = (id: string, token?: string) => api.ask<Payload>(REVOKE_API_TOKEN, { id }, token);
const list = () => api.ask<TokenView[]>(API_TOKENS);
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
async function made(input: Record<string, unknown> = {}) {
  const { apiToken, secret, userErrors } = await create({ name: fresh('token'), role: 'VIEWER', ...input });
  assert.deepEqual(userErrors, []);
  return { token: apiToken as TokenView, secret: secret as string };
}
async function codeOf(secret: string, on = here): Promise<string> {
  const { errors } = await on.ask(VIEWER, {}, secret);
  return errors?.[0]?.extensions.code ?? 'in';
}

/** A socket that is acknowledged. @returns how it ends */
async function socketOf(t: TestContext, url: string, secret: string): Promise<{ closed: Promise<number> }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  t.after(() => socket.terminate());
  await once(socket, 'open');
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token: secret } }));
  const [message] = await once(socket, 'message');
  assert.deepEqual(JSON.parse(String(message)), { type: 'connection_ack' });
  return { closed };
}

test('a token is made with a secret that is answered once; its hash is all that is stored', async (t) => {
  const database = await connect(t, databaseUrl);
  const expiresAt = inSeconds(3600);
  const { token, secret } = await made({ role: 'OPERATOR', expiresAt });
  assert.match(secret, /^car_[\w-]{43}$/);
  assert.deepEqual([token.role, token.expiresAt, token.revokedAt, token.lastUsedAt], ['OPERATOR', expiresAt, null, null]);
  assert.equal(token.createdBy.name, 'admin');
  assert.equal(await codeOf(secret), 'in');
  await until(async () => (await list()).find(({ id }) => id === token.id)?.lastUsedAt);
  const { rows } = await database.query<{ text: string }>(
    `SELECT concat((SELECT string_agg(t::text, '') FROM api_token t), (SELECT string_agg(a::text, '') FROM audit_entry a),
       (SELECT string_agg(e::text, '') FROM event e)) AS text`,
  );
  assert.equal(rows[0]?.text.includes(secret), false);
  assert.equal(rows[0].text.includes(sha256(secret)), true);
  const { rows: audits } = await database.query(
    `SELECT action, actor->>'name' AS who, changes->'name'->>'after' AS name FROM audit_entry WHERE target_id = $1`,
    [token.id],
  );
  assert.deepEqual(audits, [{ action: 'token.create', who: 'admin', name: token.name }]);
});

const refusals = [
  { rule: 'a blank name', input: { name: ' ' }, code: 'INVALID', path: ['input', 'name'] },
  { rule: 'a name of 101 characters', input: { name: 'x'.repeat(101) }, code: 'INVALID', path: ['input', 'name'] },
  { rule: 'an end that has passed', input: { expiresAt: inSeconds(-1) }, code: 'INVALID', path: ['input', 'expiresAt'] },
  { rule: 'a name that is in use', input: { name: 'admin' }, code: 'ALREADY_EXISTS', path: ['input', 'name'] },
];
for (const { rule, input, code, path } of refusals) {
  test(`${rule} is refused, and nothing is made`, async () => {
    const before = (await list()).length;
    const { apiToken, secret, userErrors } = await create({ name: fresh('token'), role: 'VIEWER', ...input });
    assert.deepEqual([apiToken, secret], [null, null]);
    assert.deepEqual(
      userErrors.map((error) => [error.code, error.path]),
      [[code, path]],
    );
    assert.equal((await list()).length, before);
  });
}

test('a name of 100 characters is taken, its blanks around it are not, and of many who ask for one name at once one gets it', async () => {
  const name = fresh('x'.repeat(90)).padEnd(100, 'y');
  const answers = await Promise.all(Array.from({ length: 6 }, () => create({ name: ` ${name} `, role: 'VIEWER' })));
  const [first, ...others] = answers.flatMap(({ apiToken }) => apiToken ?? []);
  assert.equal(first?.name, name);
  assert.deepEqual(others, []);
  const errors = answers.flatMap(({ userErrors }) => userErrors);
  assert.equal(errors.length, 5);
  for (const { code, existing } of errors) assert.deepEqual([code, existing?.id], ['ALREADY_EXISTS', first.id]);
});

test('a name is free again when its token is revoked', async () => {
  const name = fresh('token');
  const first = await made({ name });
  const revoked = await revoke(first.token.id);
  assert.notEqual(revoked.apiToken?.revokedAt ?? null, null);
  assert.equal(revoked.secret, null);
  assert.notEqual((await made({ name })).token.id, first.token.id);
  assert.deepEqual((await revoke(first.token.id)).apiToken, revoked.apiToken, 'a second time changes nothing');
});

test('what is revoked or has expired lets nobody in, on no instance', async () => {
  const { token, secret } = await made();
  assert.deepEqual([await codeOf(secret, here), await codeOf(secret, there)], ['in', 'in']);
  await revoke(token.id);
  assert.deepEqual([await codeOf(secret, here), await codeOf(secret, there)], ['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  const brief = await made({ expiresAt: inSeconds(1) });
  assert.equal(await codeOf(brief.secret), 'in');
  await until(async () => (await codeOf(brief.secret)) === 'UNAUTHENTICATED');
});

test('a token that there is not is NOT_FOUND', async () => {
  const { userErrors } = await revoke('tok_0');
  assert.deepEqual(
    userErrors.map(({ code, path }) => [code, path]),
    [['NOT_FOUND', ['id']]],
  );
});

test('one may revoke the token that one asks with, and that is the last thing it does', async () => {
  const { token, secret } = await made({ role: 'ADMIN' });
  assert.deepEqual((await revoke(token.id, secret)).userErrors, []);
  assert.equal(await codeOf(secret), 'UNAUTHENTICATED');
});

test('the last ADMIN token that lets somebody in stays, also when two revoke each other; ended ones do not count', async (t) => {
  const database = await connect(t, databaseUrl);
  const ended = await made({ role: 'ADMIN', expiresAt: inSeconds(3600) });
  await database.query(`UPDATE api_token SET expires_at = now() - interval '1 s' WHERE id = $1`, [ended.token.id]);
  const admin = (await list()).find(({ name }) => name === 'admin') as TokenView;
  const refused = await revoke(admin.id);
  assert.deepEqual([refused.apiToken, refused.userErrors[0]?.code], [null, 'INVALID_STATE']);
  assert.equal(refused.userErrors[0]?.existing?.id, admin.id);
  assert.deepEqual((await revoke(ended.token.id)).userErrors, [], 'one that has expired may go');

  const second = await made({ role: 'ADMIN' });
  // Both have been let in and wait for their turn before either is done.
  await database.query('BEGIN');
  await database.query('LOCK TABLE api_token IN SHARE MODE');
  const asked = [revoke(second.token.id, ADMIN_TOKEN), revoke(admin.id, second.secret)];
  const waiting = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.mode = 'ShareRowExclusiveLock' AND NOT l.granted`;
  await until(async () => (await database.query(waiting)).rowCount === 2);
  await database.query('COMMIT');
  const both = await Promise.all(asked);
  assert.equal(both.filter(({ userErrors }) => userErrors.length === 0).length, 1);
  await database.query(`UPDATE api_token SET revoked_at = NULL WHERE id = $1`, [admin.id]);
});

test('a token is found by its id, by an ADMIN; to others its place in a list is FORBIDDEN and the rest is answered', async () => {
  const { token } = await made();
  const viewer = await made();
  const ids = [token.id, 'tok_0', 'run_0'];
  const { data } = await here.ask<{ node: { __typename: string; id: string }; nodes: unknown[] }>(NODES, { id: token.id, ids });
  assert.deepEqual(data.node, { __typename: 'ApiToken', id: token.id });
  assert.deepEqual(data.nodes, [{ __typename: 'ApiToken', id: token.id }, null, null]);
  const other = await here.ask<{ nodes: unknown[] }>(NODES, { id: 'run_0', ids }, viewer.secret);
  assert.deepEqual(other.data.nodes, [null, null, null]);
  assert.deepEqual(
    other.errors?.map(({ path, extensions }) => [path, extensions.code]),
    [
      [['nodes', 0], 'FORBIDDEN'],
      [['nodes', 1], 'FORBIDDEN'],
    ],
  );
});

test('connections of a token that is revoked elsewhere are closed at once, those of others stay', async (t) => {
  const { token, secret } = await made();
  const other = await made();
  const socket = await socketOf(t, there.url, secret);
  const stays = await socketOf(t, there.url, other.secret);
  const stream = await watch(t, there, { query: RUN_CHANGED, token: secret });
  const revokedAt = performance.now();
  await revoke(token.id);
  assert.equal(await socket.closed, 4403);
  await assert.rejects(stream.next(), /UNAUTHENTICATED/);
  assert.ok(performance.now() - revokedAt < 5_000);
  assert.equal(await Promise.race([stays.closed, codeOf(other.secret)]), 'in');
});

test('connections of a token end when it expires', async (t) => {
  const { secret } = await made({ expiresAt: inSeconds(1) });
  const socket = await socketOf(t, here.url, secret);
  const stream = await watch(t, here, { query: RUN_CHANGED, token: secret });
  const startedAt = performance.now();
  assert.equal(await socket.closed, 4403);
  await assert.rejects(stream.next(), /UNAUTHENTICATED/);
  assert.ok(performance.now() - startedAt < 4_000);
});
