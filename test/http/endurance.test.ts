import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { TIMEOUTS } from '../../src/http/server.ts';
import { until } from '../support/until.ts';
import { bearer, startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

const SHORT = { ...TIMEOUTS, headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 };

/**
 * Says something over a plain connection and settles with all that was answered when the server has closed it.
 * @param afterwards  said when the first answer has begun
 */
async function say(t: TestContext, server: TestServer, text: string, afterwards?: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  let told = '';
  socket.on('data', (chunk) => (told += String(chunk)));
  socket.write(text);
  if (afterwards !== undefined) {
    await once(socket, 'data');
    socket.write(afterwards);
  }
  await once(socket, 'close');
  return told;
}

/** One answer as all others are: with an id that finds its request in the log, and an error that says what is wrong. */
async function assertTold(server: TestServer, told: string, status: number): Promise<void> {
  const [top = '', body = '', ...more] = told.split('\r\n\r\n');
  assert.deepEqual(more, []);
  const headers = new Headers(
    top
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(headers.get('content-length'), String(Buffer.byteLength(body)));
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match((JSON.parse(body) as { error: string }).error, /\w+ .*\.$/);
  const id = headers.get('x-request-id');
  assert.ok(id);
  const lines = await until(() => {
    const found = server.lines.filter((line) => line['requestId'] === id);
    return found.length > 0 && found;
  });
  assert.deepEqual(
    lines.map((line) => [line['level'], line['msg'], line['status']]),
    [[20, 'request', status]],
  );
}

const head = (length: number) =>
  `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer viewer\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const slow = [
  { rule: 'a head that does not end', text: 'POST /graphql HTTP/1.1\r\nHost: x\r\n' },
  { rule: 'a request line that does not end', text: 'POST /gra' },
  { rule: 'a body that does not end', text: `${head(100)}{"query":` },
  {
    rule: 'a body in chunks that does not end',
    text: `${head(9).replace(/Content-Length: 9/, 'Transfer-Encoding: chunked')}1\r\n{\r\n`,
  },
];
for (const { rule, text } of slow) {
  test(`${rule} is answered with 408 and cut, while others are served`, async (t) => {
    const server = await startTestServer({ timeouts: SHORT });
    t.after(server.stop);
    const told = say(t, server, text);
    assert.equal((await server.post('{ hello }')).status, 200);
    assert.match(await told, /^HTTP\/1\.1 408 /);
    await assertTold(server, await told, 408);
    assert.equal((await server.post('{ hello }')).status, 200);
    assert.ok(!server.lines.some(({ level }) => Number(level) >= 40), 'nothing to worry about');
  });
}

test('a client has 10 s for its head and 30 s for its request, and is found out within 2 s', () => {
  assert.partialDeepStrictEqual(TIMEOUTS, { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000 });
});

const garbage = [
  { rule: 'no HTTP', text: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', status: 400 },
  { rule: 'two lengths', text: head(9).replace('\r\n\r\n', '\r\nContent-Length: 8\r\n\r\n{"query":'), status: 400 },
  {
    rule: 'a length and chunks',
    text: head(9).replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    status: 400,
  },
  {
    rule: 'a chunk that is none',
    text: `${head(9).replace(/Content-Length: 9/, 'Transfer-Encoding: chunked')}zz\r\n`,
    status: 400,
  },
  { rule: 'an expectation', text: 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: tea\r\n\r\n', status: 417 },
  { rule: 'no host', text: 'GET /livez HTTP/1.1\r\n\r\n', status: 400 },
  { rule: 'a head of more than 16 KiB', text: `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, status: 431 },
];
for (const { rule, text, status } of garbage) {
  test(`a request with ${rule} is answered with ${status} and cut`, async (t) => {
    const server = await startTestServer();
    t.after(server.stop);
    const told = await say(t, server, text);
    assert.match(told, new RegExp(`^HTTP/1\\.1 ${status} `));
    await assertTold(server, told, status);
    assert.equal((await server.post('{ hello }')).status, 200);
  });
}

test('a body that breaks is answered by the id that its request has sent', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const chunked = head(9).replace(/Content-Length: 9/, 'X-Request-Id: mine\r\nTransfer-Encoding: chunked');
  const told = await say(t, server, `${chunked}zz\r\n`);
  assert.match(told, /^HTTP\/1\.1 400 .*\r\nx-request-id: mine\r\n/s);
});

test('what breaks behind a stream that has begun ends the connection without another answer', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const path = '/graphql/stream?query=subscription{ticks{n}}';
  const told = say(t, server, `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer viewer\r\n\r\n`, '\x16\x03\r\n\r\n');
  assert.equal((await told).match(/HTTP\/1\.1/g)?.length, 1);
});

test('an instance carries so many web sockets and event streams; the place of one that leaves is free again', async (t) => {
  const server = await startTestServer({ maxStreams: 2 });
  t.after(server.stop);
  const url = `ws://127.0.0.1:${server.port}/graphql`;
  const open = async () => {
    const socket = new WebSocket(url, 'graphql-transport-ws').on('error', () => undefined);
    t.after(() => socket.terminate());
    const [response] = (await Promise.race([
      once(socket, 'unexpected-response').then(([, res]) => [res]),
      once(socket, 'open'),
    ])) as [IncomingMessage?];
    return response?.statusCode ?? socket;
  };
  const openStream = async () => {
    const headers = { ...bearer('viewer'), accept: 'text/event-stream' };
    const req = request(`${server.url}/graphql/stream?query=subscription{ticks{n}}`, { headers }).end();
    t.after(() => req.destroy());
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return { req, response };
  };

  const socket = await open();
  const stream = await openStream();
  assert.equal(stream.response.statusCode, 200);
  assert.equal(await open(), 503);
  const refused = await openStream();
  assert.equal(refused.response.statusCode, 503);
  assert.match(Buffer.concat(await refused.response.toArray()).toString(), /carries as many streams as it may.*UNAVAILABLE/s);
  assert.equal((await server.post('{ hello }')).status, 200, 'requests are answered all the same');

  stream.req.destroy();
  await server.channel.returned;
  const second = await open();
  assert.ok(second instanceof WebSocket);
  assert.equal(await open(), 503);
  (socket as WebSocket).close();
  await once(socket as WebSocket, 'close');
  assert.equal((await openStream()).response.statusCode, 200);
});

test('a refused stream takes no place', async (t) => {
  const server = await startTestServer({ maxStreams: 1 });
  t.after(server.stop);
  const ask = (query: string) =>
    fetch(`${server.url}/graphql/stream?query=${query}`, { headers: bearer('viewer'), signal: AbortSignal.timeout(5000) });
  for (const query of ['{hello}', 'subscription{adminTicks{n}}', 'subscription{expired{n}}']) {
    const refused = await ask(query);
    assert.ok(refused.status >= 400);
    await refused.text();
  }
  assert.equal((await ask('subscription{ticks{n}}')).status, 200);
});
