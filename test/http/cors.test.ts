import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { bearer, startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

const OURS = 'https://ops.example.com';
let server: TestServer;
before(async () => {
  server = await startTestServer({
    corsOrigins: [OURS, 'http://localhost:3000'],
    // Who comes without a token may look.
    authenticate: async (token) =>
      token === null || token === 'viewer' ? { actor: { kind: 'TOKEN', id: 'someone', name: null }, role: 'VIEWER' } : null,
  });
});
after(() => server.stop());

const corsOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-')).toSorted();
const preflight = (path: string, origin: string) =>
  server.send(path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
  });

for (const path of ['/graphql', '/graphql/stream']) {
  test(`${path}: the preflight of a listed origin is answered, without credentials`, async () => {
    const { status, headers, text } = await preflight(path, OURS);
    assert.deepEqual([status, text], [204, '']);
    assert.equal(headers.get('access-control-allow-origin'), OURS);
    assert.match(headers.get('access-control-allow-headers') ?? '', /authorization.*content-type/);
    assert.equal(headers.get('access-control-allow-methods'), 'GET, POST');
    assert.equal(headers.get('access-control-allow-credentials'), null);
    assert.equal(headers.get('vary'), 'Origin');
  });

  const foreign = [
    'https://evil.example',
    'null',
    `${OURS}.evil.example`,
    'http://ops.example.com',
    'https://OPS.example.com',
    '',
  ];
  for (const origin of foreign) {
    test(`${path}: the preflight of ${JSON.stringify(origin)} is not`, async () => {
      const { status, headers } = await preflight(path, origin);
      assert.equal(status, 405);
      assert.deepEqual(corsOf(headers), []);
    });
  }
}

test('an answer and a refusal may be read by a page of a listed origin, with the headers that say what to do', async () => {
  for (const [token, status] of [
    ['viewer', 200],
    ['nobody', 401],
  ] as const) {
    const { headers, status: told } = await server.post('{ hello }', {}, { ...bearer(token), origin: OURS });
    assert.equal(told, status);
    assert.equal(headers.get('access-control-allow-origin'), OURS);
    assert.match(headers.get('access-control-expose-headers') ?? '', /x-request-id, retry-after/);
  }
});

test('an answer to any other page has no word of it, and is not remembered for one that is listed', async () => {
  for (const origin of ['https://evil.example', undefined]) {
    const { headers } = await server.post('{ hello }', {}, { ...bearer('viewer'), ...(origin && { origin }) });
    assert.deepEqual(corsOf(headers), []);
    assert.equal(headers.get('vary'), 'Origin');
  }
});

test('without a list no page elsewhere is told anything', async (t) => {
  const closed = await startTestServer();
  t.after(closed.stop);
  const headers = { origin: OURS, 'access-control-request-method': 'POST' };
  const answer = await closed.send('/graphql', { method: 'OPTIONS', headers });
  assert.equal(answer.status, 405);
  assert.deepEqual(corsOf(answer.headers), []);
});

test('what a page can send without a preflight runs nothing', async () => {
  const forms = [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
  ];
  for (const type of forms) {
    for (const [origin, status] of [
      ['https://evil.example', 401],
      [OURS, 415],
    ] as const) {
      const answer = await server.send('/graphql', {
        method: 'POST',
        headers: { 'content-type': type, origin, cookie: 'token=viewer' },
        body: '{"query":"mutation { edit }"}',
      });
      assert.equal(answer.status, status, `${type} from ${origin}`);
    }
  }
  const bare = await server.send('/graphql', { method: 'POST', body: new Blob(['{"query":"{ hello }"}']) });
  assert.equal(bare.status, 415);
});

const sockets: { rule: string; origin: string | null; token?: string; enters: boolean }[] = [
  { rule: 'no origin: no browser', origin: null, enters: true },
  { rule: 'our own origin', origin: 'self', enters: true },
  { rule: 'a listed origin', origin: OURS, enters: true },
  { rule: 'a page elsewhere', origin: 'https://evil.example', enters: false },
  { rule: 'a file or a sandboxed frame', origin: 'null', enters: false },
  { rule: 'our host on another port', origin: 'http://127.0.0.1:1', enters: false },
  { rule: 'a page elsewhere that knows a token', origin: 'https://evil.example', token: 'viewer', enters: true },
];
for (const { rule, origin, token, enters } of sockets) {
  test(`a web socket ${token ? 'with' : 'without'} a token from ${rule} ${enters ? 'may' : 'may not'} enter`, async (t) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws', {
      ...(origin !== null && { origin: origin === 'self' ? server.url : origin }),
    });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', ...(token && { payload: { token } }) }));
    const told = await Promise.race([
      once(socket, 'message').then(([text]) => JSON.parse(String(text)).type),
      once(socket, 'close').then(([code]) => code),
    ]);
    assert.equal(told, enters ? 'connection_ack' : 4403);
  });
}
