import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bearer, startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const get = (parameters: Record<string, string> | string[][], headers: Record<string, string> = bearer('viewer')) =>
  server.send(`/graphql?${new URLSearchParams(parameters)}`, { headers });

test('GET answers a query, as POST does, with the token and nothing else', async () => {
  const answer = await get({ query: '{ hello }' });
  assert.deepEqual([answer.status, answer.body], [200, { data: { hello: 'world' } }]);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const named = await get({
    query: 'query A($n: Int!) { count(n: $n) } query B { hello }',
    operationName: 'A',
    variables: '{"n":7}',
  });
  assert.deepEqual(named.body, { data: { count: 7 } });
  const typed = await get({ query: '{ hello }' }, { ...bearer('viewer'), accept: 'application/graphql-response+json' });
  assert.match(typed.headers.get('content-type') ?? '', /^application\/graphql-response\+json/);
});

test('a query string is taken as curl sends it, with braces as they are', async () => {
  const answer = await server.send('/graphql?query={hello}', { headers: bearer('viewer') });
  assert.deepEqual(answer.body, { data: { hello: 'world' } });
});

const deepVariables = `{"v":${'['.repeat(40)}${']'.repeat(40)}}`;
const refusals: {
  rule: string;
  parameters: Record<string, string> | string[][];
  headers?: Record<string, string>;
  status: number;
  code: string;
  message?: RegExp;
  allow?: string;
}[] = [
  {
    rule: 'a mutation',
    parameters: { query: 'mutation { edit }' },
    headers: bearer('admin'),
    status: 405,
    code: 'BAD_USER_INPUT',
    message: /mutation by POST/,
    allow: 'POST',
  },
  {
    rule: 'a mutation that hides behind a query',
    parameters: { query: 'query A { hello } mutation B { edit }', operationName: 'B' },
    headers: bearer('admin'),
    status: 405,
    code: 'BAD_USER_INPUT',
    allow: 'POST',
  },
  {
    rule: 'a subscription',
    parameters: { query: 'subscription { ticks { n } }' },
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /\/graphql\/stream.*WebSocket/,
  },
  {
    rule: 'no query',
    parameters: {},
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /^The parameter query is missing: GET takes a query in it\.$/,
  },
  {
    rule: 'an empty query',
    parameters: { query: '' },
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /^The parameter query is missing/,
  },
  {
    rule: 'two queries',
    parameters: [
      ['query', '{ hello }'],
      ['query', '{ context }'],
    ],
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /query is given more than once/,
  },
  {
    rule: 'variables that are no JSON',
    parameters: { query: '{ hello }', variables: '{n:1}' },
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /variables: The JSON cannot be parsed/,
  },
  {
    rule: 'variables nested too deeply',
    parameters: { query: 'query ($v: JSON) { echo(value: $v) }', variables: deepVariables },
    status: 400,
    code: 'BAD_USER_INPUT',
    message: /variables: The JSON is nested more than 32 deep/,
  },
  {
    rule: 'variables that are no object',
    parameters: { query: '{ hello }', variables: '[]' },
    status: 400,
    code: 'BAD_USER_INPUT',
  },
  { rule: 'syntax', parameters: { query: '{ hello' }, status: 400, code: 'GRAPHQL_PARSE_FAILED' },
  { rule: 'an unknown field', parameters: { query: '{ helo }' }, status: 400, code: 'GRAPHQL_VALIDATION_FAILED' },
  {
    rule: 'too much',
    parameters: { query: '{ items(first: 100000) { nodes { id } } }' },
    status: 400,
    code: 'OPERATION_TOO_COMPLEX',
  },
  { rule: 'no token', parameters: { query: '{ hello }' }, headers: {}, status: 401, code: 'UNAUTHENTICATED' },
  {
    rule: 'a page elsewhere, which can send neither token nor preflighted header',
    parameters: { query: '{ hello }' },
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', cookie: 'token=viewer' },
    status: 401,
    code: 'UNAUTHENTICATED',
  },
  {
    rule: 'an answer of another type',
    parameters: { query: '{ hello }' },
    headers: { ...bearer('viewer'), accept: 'text/html' },
    status: 406,
    code: 'BAD_USER_INPUT',
  },
];
for (const { rule, parameters, headers, status, code, message, allow } of refusals) {
  test(`GET refuses ${rule} with ${status}`, async () => {
    const answer = await get(parameters, headers);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.errors?.[0]?.extensions.code, code);
    assert.match(answer.body.errors[0].message, message ?? /./);
    assert.equal(answer.headers.get('allow'), allow ?? null);
    assert.equal(answer.body.data, undefined);
  });
}

test('no preflight is answered, so no page elsewhere gets its Authorization header through', async () => {
  const answer = await server.send('/graphql', {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-headers': 'authorization' },
  });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});

test('a URL of more than 16 KiB, headers counted, is answered with 431: send it by POST', async () => {
  const long = `{ hello } #${'x'.repeat(12_000)}`;
  assert.equal((await get({ query: long })).status, 200);
  const response = await fetch(`${server.url}/graphql?${new URLSearchParams({ query: long + 'x'.repeat(8000) })}`, {
    headers: bearer('viewer'),
  });
  assert.equal(response.status, 431);
});
