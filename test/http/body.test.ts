import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import fc from '../support/properties.ts';
import { LIMITS } from '../../src/graphql/limits.ts';
import { bearer, startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const routes = [
  { path: '/graphql', accept: 'application/json', query: '{ hello }' },
  { path: '/graphql/stream', accept: 'text/event-stream', query: 'subscription { ticks { n } }' },
];

type Body = string | Uint8Array<ArrayBuffer>;

const send = (route: (typeof routes)[number], body: Body, headers: Record<string, string> = {}) =>
  server.send(route.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: route.accept, ...bearer('viewer'), ...headers },
    body,
  });

const hostile: [string, Body][] = [
  ['nothing', ''],
  ['broken JSON', '{"query": "{ hello }"'],
  ['JSON with a comma too many', '{"query": "{ hello }",}'],
  ['null', 'null'],
  ['a number', '7'],
  ['a string', '"{ hello }"'],
  ['an array', '[]'],
  ['a batch', '[{"query":"{ hello }"}]'],
  ['an empty object', '{}'],
  ['no query', '{"variables":{}}'],
  ['an empty query', '{"query":""}'],
  ['a query that is a number', '{"query":7}'],
  ['a query that is a list', '{"query":["{ hello }"]}'],
  ['a parsed document', '{"query":{"kind":"Document"}}'],
  ['variables in a list', '{"query":"{ hello }","variables":[]}'],
  ['variables in a string', '{"query":"{ hello }","variables":"{}"}'],
  ['a name that is a number', '{"query":"{ hello }","operationName":7}'],
  ['a name that is not there', '{"query":"{ hello }","operationName":"Other"}'],
  ['two operations and no name', '{"query":"query A { hello } query B { hello }"}'],
  ['only a fragment', '{"query":"fragment F on Query { hello }"}'],
  ['a fragment of itself', '{"query":"{ ...F } fragment F on Query { ...F }"}'],
  ['keys that objects inherit', '{"__proto__":{"query":"{ hello }"},"constructor":1}'],
  ['bytes that are no UTF-8', Buffer.from('{"query":"{ hello }","x":"\xff"}', 'latin1')],
  ['JSON nested 33 deep', `{"query":"{ hello }","variables":{"v":${'['.repeat(31)}${']'.repeat(31)}}}`],
  ['JSON nested 100,000 deep', '['.repeat(100_000)],
  ['variables nested 100,000 deep', `{"query":"{ hello }","variables":{"v":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}}`],
  ['a selection as deep as the tokens go', JSON.stringify({ query: `{ items { nodes ${'{ self '.repeat(660)}` })],
  ['a closed one', JSON.stringify({ query: `{ items { nodes ${'{ self '.repeat(650)}{ id }${'}'.repeat(652)}` })],
  ['a directive that lacks its argument', '{"query":"{ hello @skip }"}'],
  ['a subscription with such a directive', '{"query":"subscription { ticks @skip { n } }"}'],
  ['a fragment of such a one', '{"query":"subscription { ...F } fragment F on Subscription @include { ticks { n } }"}'],
  ['a directive without end', JSON.stringify({ query: `{ hello ${'@skip(if: false) '.repeat(250)}}` })],
  ['a directive that is not there', JSON.stringify({ query: `{ hello ${'@a '.repeat(900)}}` })],
  ['aliases of a root field', JSON.stringify({ query: `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: hello`).join(' ')} }` })],
  [
    'a circle of fragments',
    '{"query":"{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }"}',
  ],
  ['an upload', '{"operations":{"query":"{ hello }"},"map":{"0":["variables.file"]}}'],
  ['a name of half a megabyte', JSON.stringify({ query: `{ ${'a'.repeat(500_000)} }` })],
];
for (const route of routes) {
  for (const [rule, body] of hostile) {
    test(`${route.path}: ${rule} is the caller's fault, and GraphQL-shaped`, async () => {
      const answer = await send(route, body);
      assert.equal(answer.status, 400, answer.text.slice(0, 300));
      const code = answer.body.errors?.[0]?.extensions.code ?? '';
      assert.ok(
        ['BAD_USER_INPUT', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_TOO_COMPLEX'].includes(code),
        code,
      );
    });
  }

  const media: { rule: string; headers: Record<string, string>; status: number }[] = [
    { rule: 'text', headers: { 'content-type': 'text/plain' }, status: 415 },
    { rule: 'a form', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415 },
    { rule: 'something that only begins with JSON', headers: { 'content-type': 'application/jsonp' }, status: 415 },
    { rule: 'another charset', headers: { 'content-type': 'application/json; charset=latin1' }, status: 415 },
    { rule: 'compressed', headers: { 'content-encoding': 'gzip' }, status: 415 },
    { rule: 'no answer that the client takes', headers: { accept: 'image/png' }, status: 406 },
  ];
  for (const { rule, headers, status } of media) {
    test(`${route.path}: ${rule} is refused with ${status}`, async () => {
      const answer = await send(route, JSON.stringify({ query: route.query }), headers);
      assert.equal(answer.status, status);
      assert.equal(answer.body.errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
    });
  }

  test(`${route.path}: a body over the cap is answered with 413 and the connection closed, however it is sent`, async () => {
    for (const announced of [true, false]) {
      const size = 4 * LIMITS.maxBodyBytes;
      const headers = { 'content-type': 'application/json', accept: route.accept, ...bearer('viewer') };
      const sized = announced ? { 'content-length': String(size) } : { 'transfer-encoding': 'chunked' };
      const req = request(`${server.url}${route.path}`, { method: 'POST', headers: { ...headers, ...sized } });
      const chunk = Buffer.alloc(64 * 1024, ' ');
      for (let sent = 0; sent < size; sent += chunk.length) req.write(chunk);
      req.end();
      const [response] = (await once(req, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 413);
      assert.equal(response.headers.connection, 'close');
      const { errors } = JSON.parse(Buffer.concat(await response.toArray()).toString());
      assert.match(errors[0].message, /larger than 1048576 bytes/);
    }
  });
}

test('a body that only announces to be over the cap is not waited for', async () => {
  const headers = { ...bearer('viewer'), 'content-type': 'application/json', 'content-length': String(2 * LIMITS.maxBodyBytes) };
  const req = request(`${server.url}/graphql`, { method: 'POST', headers }).on('error', () => undefined);
  req.write('{');
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 413);
  req.destroy();
});

test('a client that breaks off in the middle of its body is no error', async () => {
  const before = server.lines.filter(({ msg }) => msg === 'request').length;
  const headers = { ...bearer('viewer'), 'content-type': 'application/json', 'content-length': '100' };
  const req = request(`${server.url}/graphql`, { method: 'POST', headers }).on('error', () => undefined);
  await new Promise<void>((sent) => void req.write('{', () => sent()));
  req.destroy();
  await server.logged(before + 1);
  assert.equal((await server.post('{ hello }')).status, 200);
  assert.ok(!server.lines.some(({ level }) => Number(level) >= 40));
});

test('persisted queries are not supported, in the words that clients fall back on', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const { body } = await send(routes[0]!, JSON.stringify({ extensions }));
  assert.equal(body.errors?.[0]?.message, 'PersistedQueryNotSupported');
  assert.equal(body.errors[0].extensions.code, 'BAD_USER_INPUT');
});

test('a body just under the cap is read', async () => {
  const start = '{"query":"{ hello }","padding":"';
  const answer = await send(routes[0]!, `${start}${'x'.repeat(LIMITS.maxBodyBytes - start.length - 2)}"}`);
  assert.deepEqual(answer.body, { data: { hello: 'world' } });
});

test('brackets inside strings are text, whatever is escaped around them', async () => {
  const value = `${'['.repeat(50)}\\"${'{'.repeat(50)}\\`;
  const body = JSON.stringify({ query: 'query ($v: JSON) { echo(value: $v) }', variables: { v: value } });
  assert.deepEqual((await send(routes[0]!, body)).body, { data: { echo: value } });
});

test('JSON nested 32 deep passes', async () => {
  const body = `{"query":"query ($v: JSON) { echo(value: $v) }","variables":{"v":${'['.repeat(30)}${']'.repeat(30)}}}`;
  assert.equal((await send(routes[0]!, body)).status, 200);
});

test('no body makes an internal error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.record({ query: fc.string(), variables: fc.jsonValue() }).map((v) => JSON.stringify(v)),
      ),
      async (body) => {
        for (const route of routes) {
          const answer = await send(route, body);
          assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
          assert.ok(!answer.text.includes('INTERNAL_SERVER_ERROR'));
        }
      },
    ),
    { numRuns: 100 },
  );
});
