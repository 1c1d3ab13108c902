import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { anonymousViewer } from '../../src/auth/anonymous.ts';
import { ConfigError } from '../../src/config.ts';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { ADMIN_TOKEN, startInstance, startTestCarillon } from '../support/carillon.ts';
import { AUDIENCE, ISSUER, startIssuer } from '../support/issuer.ts';
import { CREATE_TASK, DELETE_CALENDAR, RUN_CHANGED, RUN_LOGS, VIEWER } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { refusal, watch } from '../support/stream.ts';
import { startTestServer } from '../http/fixture.ts';

const issuer = await startIssuer({ after });
const key = await issuer.newKey('one');
const carillon = await startTestCarillon(
  { after },
  {
    CARILLON_JWT_ISSUER: ISSUER,
    CARILLON_JWT_AUDIENCE: AUDIENCE,
    CARILLON_JWT_JWKS: issuer.url,
    CARILLON_JWT_ROLE_CLAIM: 'realm_access.roles',
    CARILLON_JWT_ROLES: 'ops=OPERATOR,editors=EDITOR',
    CARILLON_ANONYMOUS_VIEWER: 'true',
  },
);
const api = createApi(carillon);
const sign = (roles: string | string[], claims: Record<string, unknown> = {}) =>
  issuer.sign(key, Date.now(), { realm_access: { roles }, ...claims });

/** A socket that has said who it is. @returns what it hears first, and the code that it is closed with */
async function socketOf(t: TestContext, payload: unknown, headers: Record<string, string> = {}, url = carillon.url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)).type)));
  const next = async () => {
    const [data] = await once(socket, 'message');
    return JSON.parse(String(data)) as { payload: unknown };
  };
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  const say = (query: string) => socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
  return { closed, heard: await Promise.race([answer, closed]), say, next };
}
async function get(query: string, headers: Record<string, string> = {}, url = carillon.url) {
  const response = await fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, { headers });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return [response.status, errors?.[0]?.extensions.code ?? 'in'];
}

test('the bearer of a JWT has the role that its claim names, and what it changes carries its name', async () => {
  const token = await sign(['ops', 'editors'], { name: 'Ann Example' });
  const { data } = await carillon.ask<{ viewer: unknown }>(VIEWER, {}, token);
  assert.deepEqual(data.viewer, { role: 'EDITOR', actor: { kind: 'USER', id: 'u-1', name: 'Ann Example' } });
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const spec = { name: fresh('schedule'), task: { key: task.key }, trigger: YEARLY };
  const { schedule } = await api.createSchedule({ spec }, token);
  assert.deepEqual(schedule?.createdBy, { kind: 'USER', id: 'u-1', name: 'Ann Example' });
  assert.equal((await carillon.ask(VIEWER, {}, ADMIN_TOKEN)).errors, undefined, 'API tokens are good beside it');
});

test('a JWT without a role here is FORBIDDEN on every transport', async (t) => {
  const token = await sign('somebody');
  assert.deepEqual(await get('{viewer{role}}', { authorization: `Bearer ${token}` }), [403, 'FORBIDDEN']);
  assert.equal((await refusal(carillon, { query: RUN_CHANGED, token })).status, 403);
  assert.equal((await socketOf(t, { token })).heard, 4403);
});

test('a server that starts while the issuer is away lets API tokens in; JWTs are UNAVAILABLE, over a socket 1013', async (t) => {
  issuer.state.away = true;
  t.after(() => (issuer.state.away = false));
  const env = { CARILLON_JWT_ISSUER: ISSUER, CARILLON_JWT_AUDIENCE: AUDIENCE, CARILLON_JWT_JWKS: issuer.url };
  const other = await startInstance(carillon.databaseUrl, env);
  t.after(other.stop);
  const token = await sign('ops');
  assert.deepEqual(await get('{viewer{role}}', { authorization: `Bearer ${token}` }, other.url), [503, 'UNAVAILABLE']);
  assert.equal((await socketOf(t, { token }, {}, other.url)).heard, 1013);
  assert.deepEqual(await get('{viewer{role}}', { authorization: `Bearer ${ADMIN_TOKEN}` }, other.url), [200, 'in']);
  assert.deepEqual(await get('{viewer{role}}', {}, other.url), [401, 'UNAUTHENTICATED'], 'no anonymous callers by default');
});

test('a connection ends with its JWT, also when the tolerance still lets new ones in', async (t) => {
  const token = await sign('ops', { exp: Math.floor(Date.now() / 1000) + 2 });
  const { closed, heard } = await socketOf(t, { authorization: `Bearer ${token}` });
  assert.equal(heard, 'connection_ack');
  const stream = await watch(t, carillon, { query: RUN_CHANGED, token });
  assert.equal(await closed, 4403);
  await assert.rejects(stream.next(), /UNAUTHENTICATED/);
  assert.deepEqual(await get('{viewer{role}}', { authorization: `Bearer ${token}` }), [200, 'in']);
});

test('without a token a caller is an anonymous VIEWER on every transport, where the server says so', async (t) => {
  const { data } = await carillon.ask<{ viewer: unknown }>(VIEWER, {}, null);
  const viewer = { role: 'VIEWER', actor: { kind: 'ANONYMOUS', id: 'anonymous', name: null } };
  assert.deepEqual(data.viewer, viewer);
  assert.deepEqual(await get('{viewer{role}}'), [200, 'in']);
  (await watch(t, carillon, { query: RUN_CHANGED, token: null })).close();
  const socket = await socketOf(t, {});
  assert.equal(socket.heard, 'connection_ack');
  socket.say(VIEWER);
  assert.deepEqual((await socket.next()).payload, { data: { viewer } });
});

test('a wrong token is no anonymous caller', async (t) => {
  assert.deepEqual(await get('{viewer{role}}', { authorization: 'Bearer wrong' }), [401, 'UNAUTHENTICATED']);
  assert.deepEqual(await get('{viewer{role}}', { authorization: 'Basic YTpi' }), [401, 'UNAUTHENTICATED']);
  assert.equal((await socketOf(t, { token: 'wrong' })).heard, 4403);
});

test('a page of another host sees nothing without a token; one of this host does', async (t) => {
  const elsewhere = { origin: 'https://elsewhere.example' };
  assert.deepEqual(await get('{viewer{role}}', elsewhere), [401, 'UNAUTHENTICATED']);
  assert.equal((await socketOf(t, {}, elsewhere)).heard, 4403);
  assert.equal((await socketOf(t, { token: ADMIN_TOKEN }, elsewhere)).heard, 'connection_ack');
  assert.equal((await socketOf(t, {}, { origin: carillon.url })).heard, 'connection_ack');
});

test('an anonymous mutation is UNAUTHENTICATED and leaves nothing behind', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const input = { key: fresh('new'), name: 'New', http: { url: 'http://127.0.0.1:9' } };
  const counts = async () =>
    (await database.query('SELECT (SELECT count(*) FROM task), (SELECT count(*) FROM audit_entry) AS b')).rows;
  const before = await counts();
  for (const [query, variables] of [
    [CREATE_TASK, { input }],
    [DELETE_CALENDAR, { name: 'x' }],
  ] as const) {
    const { data, errors } = await carillon.ask(query, variables, null);
    assert.deepEqual([data, errors?.length, errors?.[0]?.extensions.code], [null, 1, 'UNAUTHENTICATED']);
  }
  assert.deepEqual(await counts(), before);
});

test('what runs are given, answer and say is not for anonymous callers, nor what tasks send; VIEWERs see it', async () => {
  const task = await api.taskOn('http://127.0.0.1:9/hook', { http: { method: 'POST', headers: { 'X-Plain': 'yes' } } });
  const schedule = await api.scheduleOf(task, { input: { a: 1 } });
  const { run } = await api.triggerSchedule({ ref: { id: schedule.id } });
  const runId = run?.id as string;
  const fields = [
    `run(id: "${runId}") { input }`,
    `run(id: "${runId}") { output }`,
    `run(id: "${runId}") { logs { nodes { message } } }`,
    `schedule(ref: { id: "${schedule.id}" }) { input }`,
    `task(ref: { id: "${task.id}" }) { http { body } }`,
  ];
  const { secret } = await api.ask<{ secret: string }>(
    `mutation { createApiToken(input: { name: "${fresh('viewer')}", role: VIEWER }) { secret } }`,
  );
  for (const field of fields) {
    const { errors } = await carillon.ask(`{ ${field} }`, {}, null);
    assert.deepEqual([errors?.length, errors?.[0]?.extensions.code], [1, 'UNAUTHENTICATED'], field);
    assert.equal((await carillon.ask(`{ ${field} }`, {}, secret)).errors, undefined, field);
  }
  const headers = await carillon.ask(`{ task(ref: { id: "${task.id}" }) { http { url headers } } }`, {}, null);
  assert.equal(headers.errors?.[0]?.extensions.code, 'UNAUTHENTICATED');
  assert.equal((await carillon.ask(`{ run(id: "${runId}") { id state attempt } }`, {}, null)).errors, undefined);
  const refused = await refusal(carillon, { query: RUN_LOGS, variables: { runId }, token: null });
  assert.equal(refused.errors?.[0]?.extensions.code, 'UNAUTHENTICATED');
  for (const query of ['{ apiTokens { id } }', '{ node(id: "tok_0") { id } }']) {
    assert.equal((await carillon.ask(query, {}, null)).errors?.[0]?.extensions.code, 'UNAUTHENTICATED', query);
  }
});

test('anonymous callers use up their own cost points, not those of other addresses', async (t) => {
  const authenticate = async (_: string | null, { network }: { network: string }) => anonymousViewer(network);
  const server = await startTestServer({ authenticate, trustProxy: 1, rateLimit: 2 });
  t.after(server.stop);
  const ask = async (from: string) => (await server.post('{ hello }', {}, { 'x-forwarded-for': from })).status;
  assert.deepEqual([await ask('203.0.113.1'), await ask('203.0.113.1'), await ask('203.0.113.1')], [200, 200, 429]);
  assert.equal(await ask('203.0.113.2'), 200);
});

test('a file of keys that is not there stops the start and is named', async () => {
  const env = { CARILLON_JWT_ISSUER: ISSUER, CARILLON_JWT_AUDIENCE: AUDIENCE, CARILLON_JWT_JWKS: 'nowhere.json' };
  const start = startInstance(carillon.databaseUrl, env);
  await assert.rejects(start, (error) => error instanceof ConfigError && /CARILLON_JWT_JWKS.*nowhere\.json/.test(error.message));
});
