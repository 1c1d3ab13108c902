import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from '../support/properties.ts';
import { createClient } from 'graphql-ws';
import type { Client, ClientOptions } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { ClientOptions as SocketOptions } from 'ws';
import { LIMITS } from '../../src/graphql/limits.ts';
import { bearer, SECRET, startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

const TICKS = 'subscription { ticks { n } }';
const PROTOCOL = 'graphql-transport-ws';

async function start(t: TestContext, overrides: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer(overrides);
  t.after(server.stop);
  return server;
}

/** The protocol's own client; it does not connect again unless told to. */
function connect(t: TestContext, server: { port: number }, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: `ws://127.0.0.1:${server.port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: bearer('viewer'),
    retryAttempts: 0,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

const ticksOf = (client: Client, query = TICKS) => client.iterate<{ ticks: { n: number } }>({ query });

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** A bare socket: says what it likes, and sees every message and how it ends. */
function raw(t: TestContext, server: { port: number }, options: SocketOptions = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, PROTOCOL, options);
  t.after(() => socket.terminate());
  const messages: Message[] = [];
  let wake: () => void = () => undefined;
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)));
    wake();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const say = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return {
    socket,
    closed,
    say,
    /** Messages that came and were not taken. */
    messages,
    async next(): Promise<Message> {
      for (;;) {
        const message = messages.shift();
        if (message) return message;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async opened() {
      if (socket.readyState === socket.CONNECTING) await once(socket, 'open');
    },
    async init(payload: unknown = bearer('viewer')) {
      await this.opened();
      say({ type: 'connection_init', payload });
    },
    async acknowledged(payload?: unknown) {
      await this.init(payload);
      assert.deepEqual(await this.next(), { type: 'connection_ack' });
    },
    subscribe: (id: string, query = TICKS, variables?: unknown) => say({ type: 'subscribe', id, payload: { query, variables } }),
  };
}

/** Lets everything happen that needs no time. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
}

function noFaults(server: TestServer): void {
  assert.deepEqual(
    server.lines.filter(({ level }) => Number(level) >= 40),
    [],
  );
}

test('events arrive as they happen, until the source ends', async (t) => {
  const server = await start(t);
  const ticks = ticksOf(connect(t, server));
  for (const n of [1, 2]) {
    server.channel.push({ n });
    assert.deepEqual((await ticks.next()).value, { data: { ticks: { n } } });
  }
  server.channel.end();
  assert.equal((await ticks.next()).done, true);
});

test('queries and mutations are answered over the socket, too, by the same rules', async (t) => {
  const server = await start(t);
  const client = connect(t, server, { connectionParams: bearer('editor') });
  const answer = async (query: string, variables: Record<string, unknown> = {}) =>
    (await client.iterate({ query, variables }).next()).value;
  assert.deepEqual(await answer('{ hello }'), { data: { hello: 'world' } });
  assert.deepEqual(await answer('query ($n: Int!) { count(n: $n) }', { n: 3 }), { data: { count: 3 } });
  assert.deepEqual(await answer('mutation { a: edit b: trigger }'), { data: { a: 'edit', b: 'trigger' } });
  const refused = await answer('{ audit }');
  assert.equal(refused?.errors?.[0]?.extensions?.['code'], 'FORBIDDEN');
});

test('several operations share a socket, each with its own answers and its own end', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('stream');
  await server.channel.asked;
  client.subscribe('other', '{ hello }');
  assert.deepEqual(await client.next(), { id: 'other', type: 'next', payload: { data: { hello: 'world' } } });
  assert.deepEqual(await client.next(), { id: 'other', type: 'complete' });
  server.channel.push({ n: 1 });
  assert.deepEqual(await client.next(), { id: 'stream', type: 'next', payload: { data: { ticks: { n: 1 } } } });
  client.subscribe('other', 'query Again { hello }');
  assert.equal((await client.next()).id, 'other', 'an id is free when its operation is over');
});

test('every event has a context of its own', async (t) => {
  const server = await start(t);
  const ticks = ticksOf(connect(t, server), 'subscription { ticks { context } }');
  server.channel.push({ n: 1 });
  server.channel.push({ n: 2 });
  const seen = [await ticks.next(), await ticks.next()].map(({ value }) => value?.data?.ticks);
  assert.deepEqual(seen, [{ context: 2 }, { context: 3 }], 'the first one opened the source');
});

const ways: { rule: string; params?: unknown; headers?: Record<string, string>; close?: number }[] = [
  { rule: 'authorization in the connection parameters', params: bearer('viewer') },
  { rule: 'Authorization, written as the header is', params: { Authorization: 'bearer viewer' } },
  { rule: 'token in the connection parameters', params: { token: 'viewer' } },
  { rule: 'the header of the upgrade request', headers: bearer('viewer') },
  { rule: 'parameters go before the header', params: { token: 'viewer' }, headers: bearer('nobody') },
  { rule: 'no token', close: 4403 },
  { rule: 'an unknown token', params: bearer('nobody'), close: 4403 },
  {
    rule: 'an unknown token in the parameters and a good one in the header',
    params: bearer('nobody'),
    headers: bearer('viewer'),
    close: 4403,
  },
  { rule: 'credentials of another kind', params: { authorization: 'Basic YTpi' }, close: 4403 },
  { rule: 'a token that is no text', params: { token: { toString: 'viewer' } }, close: 4403 },
  { rule: 'an empty token', params: { token: '' }, close: 4403 },
  { rule: 'a database that is away: come again', params: bearer('database-away'), close: 1013 },
];
for (const { rule, params, headers = {}, close } of ways) {
  test(`the token: ${rule}`, async (t) => {
    const server = await start(t);
    server.tokens.set('', 'ADMIN');
    const client = raw(t, server, { headers });
    await client.init(params ?? null);
    if (close === undefined) {
      assert.deepEqual(await client.next(), { type: 'connection_ack' });
    } else {
      const { code, reason } = await client.closed;
      assert.equal(code, close);
      assert.doesNotMatch(reason, /hunter2|token|password/);
      assert.deepEqual(client.messages, []);
    }
  });
}

const refusals: { rule: string; query: string; token: string; code: string; variables?: Record<string, unknown> }[] = [
  { rule: 'syntax', query: 'subscription {', token: 'viewer', code: 'GRAPHQL_PARSE_FAILED' },
  { rule: 'nothing', query: '', token: 'viewer', code: 'GRAPHQL_PARSE_FAILED' },
  { rule: 'tokens', query: `{ ${'hello '.repeat(2000)}}`, token: 'viewer', code: 'GRAPHQL_PARSE_FAILED' },
  { rule: 'an unknown field', query: 'subscription { tics { n } }', token: 'viewer', code: 'GRAPHQL_VALIDATION_FAILED' },
  {
    rule: 'introspection in production',
    query: '{ __schema { types { name } } }',
    token: 'admin',
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  { rule: 'two operations and no name', query: 'query A { hello } query B { hello }', token: 'viewer', code: 'BAD_USER_INPUT' },
  {
    rule: 'a variable of the wrong type',
    query: 'query ($n: Int!) { count(n: $n) }',
    variables: { n: 'x' },
    token: 'viewer',
    code: 'BAD_USER_INPUT',
  },
  {
    rule: 'U+0000 in a variable',
    query: 'query ($v: JSON) { echo(value: $v) }',
    variables: { v: '\0' },
    token: 'viewer',
    code: 'BAD_USER_INPUT',
  },
  {
    rule: 'complexity',
    query: 'query ($n: Int) { items(first: $n) { nodes { id } } }',
    variables: { n: 1e5 },
    token: 'viewer',
    code: 'OPERATION_TOO_COMPLEX',
  },
  { rule: 'the role', query: 'subscription { adminTicks { n } }', token: 'editor', code: 'FORBIDDEN' },
  { rule: 'an old cursor', query: 'subscription { expired { n } }', token: 'operator', code: 'CURSOR_EXPIRED' },
  { rule: 'the rate', query: TICKS, token: 'operator', code: 'RATE_LIMITED' },
  { rule: 'a resolver with a bug', query: 'subscription { notAStream { n } }', token: 'admin', code: 'INTERNAL_SERVER_ERROR' },
];
test('what is wrong is an error message of its operation, and the socket goes on', async (t) => {
  const server = await start(t, { rateLimit: 1 });
  for (const { rule, query, token, code, variables } of refusals) {
    const client = raw(t, server);
    await client.acknowledged(bearer(token));
    client.subscribe('1', query, variables);
    const { id, type, payload } = await client.next();
    assert.deepEqual([id, type], ['1', 'error'], rule);
    const [error] = payload as { message: string; extensions: { code: string } }[];
    assert.equal(error?.extensions.code, code, rule);
    assert.doesNotMatch(JSON.stringify(payload), /Did you mean|stack|fixture/);
    client.say({ type: 'ping' });
    assert.deepEqual(await client.next(), { type: 'pong' });
  }
});

test('errors of an event are masked, named by a request id that leads to the log, and leave the stream open', async (t) => {
  const server = await start(t);
  const client = raw(t, server, { headers: { 'x-request-id': 'socket-1' } });
  await client.acknowledged();
  client.subscribe('1', 'subscription { ticks { n secret } }');
  server.channel.push({ n: 1 });
  const text = JSON.stringify(await client.next());
  assert.match(text, /"message":"Internal server error \(request socket-1\.1\)"/);
  assert.match(text, /"data":\{"ticks":\{"n":1,"secret":null\}\}/);
  assert.ok(!text.includes(SECRET));
  server.channel.push({ n: 2 });
  assert.match(JSON.stringify(await client.next()), /"n":2/);
  const logged = server.lines.filter(({ msg }) => msg === 'unexpected error');
  assert.deepEqual(
    logged.map(({ requestId }) => requestId),
    ['socket-1.1', 'socket-1.1'],
  );
});

const failures = [
  { rule: 'a source that fails', error: new Error(SECRET), code: 'INTERNAL_SERVER_ERROR' },
  { rule: 'a source whose database is away', error: Object.assign(new Error(SECRET), { code: '57P01' }), code: 'UNAVAILABLE' },
];
for (const { rule, error, code } of failures) {
  test(`${rule} ends its operation with an error, masked; the socket goes on`, async (t) => {
    const server = await start(t);
    const client = raw(t, server);
    await client.acknowledged();
    client.subscribe('1');
    await server.channel.asked;
    server.channel.fail(error);
    const text = JSON.stringify(await client.next());
    assert.match(text, new RegExp(`"type":"error".*${code}`));
    assert.ok(!text.includes(SECRET));
    await server.channel.returned;
    client.subscribe('1', '{ hello }');
    assert.equal((await client.next()).type, 'next');
  });
}

const leavings: { rule: string; leave(client: ReturnType<typeof raw>): void }[] = [
  { rule: 'says complete', leave: (client) => client.say({ type: 'complete', id: '1' }) },
  { rule: 'closes', leave: (client) => client.socket.close(1000) },
  { rule: 'is cut off', leave: (client) => client.socket.terminate() },
];
for (const { rule, leave } of leavings) {
  test(`a client that ${rule} ends a quiet source at once`, async (t) => {
    const server = await start(t);
    const client = raw(t, server);
    await client.acknowledged();
    client.subscribe('1');
    await server.channel.asked;
    leave(client);
    await server.channel.returned;
    noFaults(server);
  });

  test(`a client that ${rule} while its source is being opened leaves none behind`, async (t) => {
    const server = await start(t);
    const client = raw(t, server);
    await client.acknowledged();
    client.subscribe('1', 'subscription { slowTicks { n } }');
    await server.slowAsked.promise;
    leave(client);
    if (rule === 'says complete') {
      client.say({ type: 'ping' });
      await client.next();
    } else {
      await untilLogged(server, 'web socket closed');
    }
    server.gate.resolve('too late');
    await server.channel.returned;
    noFaults(server);
  });
}

async function untilLogged(server: TestServer, text: string): Promise<void> {
  while (!server.lines.some(({ msg }) => msg === text)) await setImmediate();
}

test('an id that is used again while its first operation is still starting serves the second one only', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1', 'subscription { slowTicks { n } }');
  await server.slowAsked.promise;
  client.say({ type: 'complete', id: '1' });
  client.subscribe('1', 'query { slow }');
  client.say({ type: 'ping' });
  await client.next();
  server.gate.resolve('second');
  assert.deepEqual(await client.next(), { id: '1', type: 'next', payload: { data: { slow: 'second' } } });
  assert.deepEqual(await client.next(), { id: '1', type: 'complete' });
  await server.channel.returned;
});

test('a slow client holds the source back instead of filling a queue, and is cut when it reads nothing at all', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const block = { n: 1, label: 'x'.repeat(64 * 1024) };
  const { channel } = server;
  for (let filled = 0; filled < 4000; filled += 1) channel.push(block);
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1', 'subscription { ticks { n label } }');
  client.socket.pause();
  for (let still = 0, before = -1; still < 200; still = channel.taken === before ? still + 1 : 0) {
    before = channel.taken;
    await setImmediate();
  }
  assert.ok(channel.taken < 400, `${channel.taken} events of 64 KiB were taken for a client that reads none`);
  t.mock.timers.tick(12_000);
  await quiet();
  t.mock.timers.tick(12_000);
  await channel.returned;
});

test('a client on a slow line, whose pong comes late, is kept while it takes what is sent', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const block = { n: 1, label: 'x'.repeat(64 * 1024) };
  for (let filled = 0; filled < 1000; filled += 1) server.channel.push(block);
  const client = raw(t, server, { autoPong: false });
  await client.acknowledged();
  client.subscribe('1', 'subscription { ticks { n label } }');
  client.socket.pause();
  for (let still = 0, before = -1; still < 200; still = server.channel.taken === before ? still + 1 : 0) {
    before = server.channel.taken;
    await setImmediate();
  }
  t.mock.timers.tick(12_000);
  client.socket.resume();
  for (let got = 0; got < 400; got += 1) await client.next();
  t.mock.timers.tick(12_000);
  for (let got = 400; got < 1000; got += 1) await client.next();
  noFaults(server);
});

test('a flood of ping frames from a client that reads nothing is not answered without end', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  client.socket.pause();
  let pongs = 0;
  client.socket.on('pong', () => (pongs += 1));
  const sent = 200_000;
  for (let n = 0; n < sent; n += 1) client.socket.ping('x'.repeat(125));
  while (client.socket.bufferedAmount > 0) await setImmediate();
  client.socket.resume();
  client.say({ type: 'ping' });
  await client.next();
  assert.ok(pongs > 0 && pongs < 0.75 * sent, `${pongs} pongs`);
});

test('what comes after a message that closes the socket is not done', async (t) => {
  const server = await start(t);
  let asked = false;
  void server.slowAsked.promise.then(() => (asked = true));
  const client = raw(t, server);
  await client.acknowledged();
  client.say('no message');
  client.subscribe('1', '{ slow }');
  assert.equal((await client.closed).code, 4400);
  await untilLogged(server, 'web socket closed');
  assert.equal(asked, false);
});

test('a client that asks and asks and reads nothing is not read from either', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  client.socket.pause();
  const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(512 * 1024) } });
  // 40 MiB of pongs would lie in the server's memory; instead most of the pings do not leave this side.
  for (let sent = 0; sent < 80; sent += 1) client.say(ping);
  for (let still = 0, before = -1; still < 200; still = client.socket.bufferedAmount === before ? still + 1 : 0) {
    before = client.socket.bufferedAmount;
    await setImmediate();
  }
  assert.ok(client.socket.bufferedAmount > 20 * 1024 * 1024, `${client.socket.bufferedAmount} bytes are held back`);
  client.socket.resume();
  for (let got = 0; got < 80; got += 1) assert.equal((await client.next()).type, 'pong');
});

test('a ping every 12 s; a peer that does not answer is cut', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const [good, dead] = [raw(t, server), raw(t, server, { autoPong: false })];
  for (const client of [good, dead]) await client.acknowledged();
  good.subscribe('1');
  await server.channel.asked;
  for (let beat = 0; beat < 3; beat += 1) {
    const pings = [good, dead]
      .filter(({ socket }) => socket.readyState === socket.OPEN)
      .map(({ socket }) => once(socket, 'ping'));
    t.mock.timers.tick(12_000);
    if (beat === 0) await Promise.all(pings);
    else await pings[0];
    // The pong is on its way before this message, which says that it has been read.
    good.say({ type: 'ping' });
    await good.next();
  }
  assert.equal((await dead.closed).code, 1006);
  server.channel.push({ n: 1 });
  assert.equal((await good.next()).type, 'next');
});

test('a token that is revoked closes its sockets with the next ping, and nothing sent meanwhile is done', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged(bearer('operator'));
  client.subscribe('1');
  await server.channel.asked;
  server.tokens.delete('operator');
  t.mock.timers.tick(12_000);
  assert.deepEqual(await client.closed, { code: 4403, reason: 'Forbidden' });
  await server.channel.returned;
});

test('a database that is away when the token is asked for again leaves the socket open', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let away = false;
  const server = await start(t, {
    authenticate: async () => {
      if (away) throw Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' });
      return { actor: { kind: 'TOKEN', id: 'viewer', name: null }, role: 'VIEWER' };
    },
  });
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1');
  away = true;
  t.mock.timers.tick(12_000);
  await untilLogged(server, 'database away');
  server.channel.push({ n: 1 });
  assert.equal((await client.next()).type, 'next');
});

test('a role that is lowered holds for the events after the next ping', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged(bearer('admin'));
  client.subscribe('1', 'subscription { adminTicks { n } }');
  server.channel.push({ n: 1 });
  assert.match(JSON.stringify(await client.next()), /"n":1/);
  server.tokens.set('admin', 'EDITOR');
  const ping = once(client.socket, 'ping');
  t.mock.timers.tick(12_000);
  await ping;
  server.channel.push({ n: 2 });
  assert.match(JSON.stringify(await client.next()), /"code":"FORBIDDEN".*"data":null|"data":null.*"code":"FORBIDDEN"/);
});

const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
const hostile: { rule: string; say: string | Buffer; close: number; before?: 'init' }[] = [
  { rule: 'nothing', say: '', close: 4400 },
  { rule: 'no JSON', say: '{"type":', close: 4400 },
  { rule: 'null', say: 'null', close: 4400 },
  { rule: 'a list', say: '[]', close: 4400 },
  { rule: 'no type', say: '{}', close: 4400 },
  { rule: 'an unknown type', say: '{"type":"start","id":"1"}', close: 4400 },
  { rule: 'a type that objects inherit', say: '{"type":"constructor"}', close: 4400 },
  { rule: 'what only servers say', say: '{"type":"next","id":"1","payload":{}}', close: 4400 },
  { rule: 'a subscribe without an id', say: '{"type":"subscribe","payload":{"query":"{hello}"}}', close: 4400 },
  { rule: 'a subscribe without a payload', say: '{"type":"subscribe","id":"1"}', close: 4400 },
  { rule: 'a query that is a number', say: '{"type":"subscribe","id":"1","payload":{"query":7}}', close: 4400 },
  { rule: 'variables in a list', say: '{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}', close: 4400 },
  { rule: 'a binary frame', say: Buffer.from('{"type":"ping"}'), close: 4400 },
  { rule: 'JSON nested 100,000 deep', say: deep, close: 4400 },
  {
    rule: 'variables nested 100,000 deep',
    say: `{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":${deep}}}`,
    close: 4400,
  },
  { rule: 'more than 1 MiB', say: `{"type":"ping","payload":{"x":"${'x'.repeat(LIMITS.maxBodyBytes)}"}}`, close: 1009 },
  { rule: 'a second init', say: '{"type":"connection_init"}', close: 4429 },
  {
    rule: 'a subscribe before the init',
    say: '{"type":"subscribe","id":"1","payload":{"query":"{hello}"}}',
    close: 4401,
    before: 'init',
  },
  { rule: 'no JSON before the init', say: '{', close: 4400, before: 'init' },
];
for (const { rule, say, close, before } of hostile) {
  test(`${rule} closes the socket with ${close}, and nobody else's`, async (t) => {
    const server = await start(t);
    const [client, bystander] = [raw(t, server), raw(t, server)];
    await bystander.acknowledged();
    if (before) await client.opened();
    else await client.acknowledged();
    client.socket.send(say, { binary: typeof say !== 'string' });
    const { code, reason } = await client.closed;
    assert.equal(code, close);
    assert.doesNotMatch(reason, /at |Error|RangeError/);
    bystander.say({ type: 'ping', payload: { a: 1 } });
    assert.deepEqual(await bystander.next(), { type: 'pong', payload: { a: 1 } });
    noFaults(server);
  });
}

test('an id that is in use closes the socket with 4409, and ends what it carried', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('constructor');
  await server.channel.asked;
  client.subscribe('constructor');
  assert.equal((await client.closed).code, 4409);
  await server.channel.returned;
});

test('a client that does not say who it is has 3 s', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = await start(t);
  const client = raw(t, server);
  await client.opened();
  const other = raw(t, server);
  await other.acknowledged();
  t.mock.timers.tick(3000);
  assert.equal((await client.closed).code, 4408);
  other.say({ type: 'ping' });
  assert.equal((await other.next()).type, 'pong');
});

test('a socket carries 100 operations at a time, and says so', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  for (let id = 0; id < 101; id += 1) client.subscribe(String(id), '{ slow }');
  const refused = await client.next();
  assert.deepEqual([refused.id, refused.type], ['100', 'error']);
  assert.match(JSON.stringify(refused.payload), /carries 100 operations already.*BAD_USER_INPUT/);
  server.gate.resolve('done');
  for (let got = 0; got < 200; got += 1) await client.next();
  client.subscribe('again', '{ hello }');
  assert.equal((await client.next()).type, 'next');
});

test('operations that were left before they had started still count', async (t) => {
  const server = await start(t);
  const client = raw(t, server);
  await client.acknowledged();
  for (let n = 0; n < 101; n += 1) {
    client.subscribe('same', '{ slow }');
    if (n < 100) client.say({ type: 'complete', id: 'same' });
  }
  assert.match(JSON.stringify(await client.next()), /carries 100 operations/);
  server.gate.resolve('done');
});

test('no message makes an internal error or breaks the server', async (t) => {
  const server = await start(t);
  const types = ['connection_init', 'ping', 'pong', 'subscribe', 'complete', 'next', 'error'];
  const message = fc.record(
    {
      type: fc.constantFrom(...types),
      id: fc.oneof(fc.string(), fc.jsonValue()),
      payload: fc.oneof(fc.jsonValue(), fc.record({ query: fc.string() })),
    },
    { requiredKeys: ['type'] },
  );
  const texts = fc.array(
    fc.oneof(
      fc.string(),
      fc.json(),
      message.map((value) => JSON.stringify(value)),
    ),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.boolean(), async (sent, init) => {
      const client = raw(t, server);
      if (init) await client.acknowledged();
      else await client.opened();
      for (const text of sent) client.say(text);
      client.say('the end');
      const { code } = await client.closed;
      assert.ok([4400, 4401, 4403, 4409, 4429].includes(code), String(code));
      assert.doesNotMatch(JSON.stringify(client.messages), /INTERNAL_SERVER_ERROR/);
    }),
    { numRuns: 100 },
  );
  noFaults(server);
});

/** The answer to an upgrade request that is not followed. */
async function refusedUpgrade(server: { port: number }, path: string, headers: Record<string, string>) {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': PROTOCOL,
  };
  const req = request({ port: server.port, host: '127.0.0.1', path, headers: { ...upgrade, ...headers } });
  req.end();
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, headers: response.headers, text };
}

const upgrades: { rule: string; path: string; headers: Record<string, string>; status: number }[] = [
  { rule: 'another path', path: '/graphql/stream', headers: {}, status: 404 },
  { rule: 'no path of ours', path: '/', headers: {}, status: 404 },
  { rule: 'another sub-protocol', path: '/graphql', headers: { 'sec-websocket-protocol': 'graphql-ws' }, status: 400 },
  { rule: 'no sub-protocol', path: '/graphql', headers: { 'sec-websocket-protocol': '' }, status: 400 },
  { rule: 'a broken key', path: '/graphql', headers: { 'sec-websocket-key': 'short' }, status: 400 },
  {
    rule: 'an offer of another protocol, which is passed over',
    path: '/graphql?query={hello}',
    headers: { upgrade: 'h2c', ...bearer('viewer') },
    status: 200,
  },
];
for (const { rule, path, headers, status } of upgrades) {
  test(`an upgrade request with ${rule} is answered with ${status}`, async (t) => {
    const server = await start(t);
    assert.equal((await refusedUpgrade(server, path, headers)).status, status);
  });
}

const refusedUpgrades = upgrades.filter(({ status }) => status !== 200);
refusedUpgrades.push({ rule: 'another version', path: '/graphql', headers: { 'sec-websocket-version': '7' }, status: 400 });
for (const { rule, path, headers, status } of refusedUpgrades) {
  test(`the refusal of an upgrade request with ${rule} is JSON, and its id finds it in the log`, async (t) => {
    const server = await start(t);
    const refused = await refusedUpgrade(server, path, { ...headers, 'x-request-id': 'mine' });
    assert.equal(refused.headers['x-request-id'], 'mine');
    assert.match(refused.headers['content-type'] ?? '', /^application\/json/);
    assert.match((JSON.parse(refused.text) as { error: string }).error, /\w+ .*\.$/);
    const lines = server.lines.filter((line) => line['requestId'] === 'mine');
    assert.deepEqual(
      lines.map((line) => [line['level'], line['msg'], line['method'], line['path'], line['status']]),
      [[20, 'request', 'GET', path, status]],
    );
  });
}

test('the sub-protocol may be one of several', async (t) => {
  const server = await start(t);
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql?from=here`, ['graphql-ws', PROTOCOL]);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  assert.equal(socket.protocol, PROTOCOL);
});

test('stop closes with 1001, without a word to the subscriptions, which their clients take up again', async (t) => {
  const server = await startTestServer();
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1');
  await server.channel.asked;
  const stopped = server.stop();
  assert.deepEqual(await client.closed, { code: 1001, reason: 'Going away' });
  assert.deepEqual(client.messages, []);
  await stopped;
  await server.channel.returned;
});

test('stop lets queries and mutations in flight be answered, and starts nothing more', async (t) => {
  const server = await startTestServer();
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1', '{ slow }');
  await server.slowAsked.promise;
  const stopped = server.stop();
  client.subscribe('2', '{ hello }');
  client.say({ type: 'ping' });
  assert.deepEqual(await client.next(), { type: 'pong' });
  assert.equal((await refusedUpgrade(server, '/graphql', {})).status, 503);
  server.gate.resolve('done');
  assert.deepEqual(await client.next(), { id: '1', type: 'next', payload: { data: { slow: 'done' } } });
  assert.deepEqual(await client.next(), { id: '1', type: 'complete' });
  assert.equal((await client.closed).code, 1001);
  await stopped;
  assert.deepEqual(client.messages, []);
});

test('stop does not wait for a client that does not answer, nor for a query without end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = await startTestServer();
  const [silent, endless] = [raw(t, server), raw(t, server)];
  for (const client of [silent, endless]) await client.acknowledged();
  endless.subscribe('1', '{ slow }');
  await server.slowAsked.promise;
  silent.socket.pause();
  let over = false;
  const stopped = server.stop().then(() => (over = true));
  await quiet();
  assert.equal(over, false);
  assert.ok(!server.lines.some(({ msg }) => msg === 'web socket closed'));
  t.mock.timers.tick(1000);
  await untilLogged(server, 'web socket closed');
  assert.equal(over, false, 'the query has 5 s');
  t.mock.timers.tick(4000);
  await stopped;
  assert.equal((await endless.closed).code, 1006);
  server.gate.resolve('too late');
});

test('the client connects again to a server that comes back', async (t) => {
  const first = await startTestServer();
  let server = first;
  const connections: number[] = [];
  const client = connect(t, first, {
    retryAttempts: 5,
    retryWait: () => back.promise,
    on: { closed: (event) => connections.push((event as { code: number }).code) },
  });
  const back = Promise.withResolvers<void>();
  const ticks = ticksOf(client);
  first.channel.push({ n: 1 });
  assert.deepEqual((await ticks.next()).value?.data, { ticks: { n: 1 } });
  await first.stop();
  server = await startTestServer({ port: first.port });
  t.after(server.stop);
  back.resolve();
  server.channel.push({ n: 2 });
  assert.deepEqual((await ticks.next()).value?.data, { ticks: { n: 2 } });
  assert.deepEqual(connections, [1001]);
});

test('a source with an event always at hand keeps nobody waiting, and is left when its client has gone', async (t) => {
  const server = await start(t);
  for (let filled = 0; filled < 10_000; filled += 1) server.channel.push({ n: filled });
  const client = raw(t, server);
  await client.acknowledged();
  client.subscribe('1');
  await client.next();
  client.socket.terminate();
  await server.channel.returned;
  assert.ok(server.channel.taken < 1000, `${server.channel.taken} events were taken before anything else had its turn`);
});
