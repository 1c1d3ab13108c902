import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { Role } from '../../src/auth/role.ts';
import { bearer, SECRET, startTestServer } from './fixture.ts';

const json = { 'content-type': 'application/json' };

test('routes', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const cases = [
    { method: 'GET', path: '/livez', status: 200, body: /"ok":true/ },
    { method: 'HEAD', path: '/livez', status: 200, body: /^$/ },
    { method: 'GET', path: '/livez?x=1', status: 200, body: /"ok":true/ },
    { method: 'POST', path: '/livez', status: 405, body: /error/, allow: 'GET, HEAD' },
    { method: 'GET', path: '/readyz', status: 200, body: /"ok":true/ },
    { method: 'GET', path: '/nowhere', status: 404, body: /error/ },
    { method: 'GET', path: '/constructor', status: 404, body: /error/ },
    { method: 'POST', path: '/graphql/', status: 404, body: /error/ },
    { method: 'HEAD', path: '/graphql', status: 405, body: /^$/, allow: 'GET, POST' },
    { method: 'OPTIONS', path: '/graphql', status: 405, body: /"errors"/, allow: 'GET, POST' },
    { method: 'PUT', path: '/graphql/stream', status: 405, body: /"errors"/, allow: 'GET, POST' },
  ];
  for (const { method, path, status, body, allow } of cases) {
    const answer = await server.send(path, { method, headers: bearer('viewer') });
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.match(answer.text, body);
    assert.equal(answer.headers.get('allow'), allow ?? null);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin');
    assert.equal(answer.headers.get('x-frame-options'), 'DENY');
    assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(answer.headers.get('x-powered-by'), null);
    assert.equal(answer.headers.get('server'), null);
  }
});

test('/readyz says why not', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  server.health = { ok: false, reason: 'migrations are running' };
  const answer = await server.send('/readyz');
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.body, { ok: false, reason: 'migrations are running' });
  assert.equal((await server.send('/livez')).status, 200);
});

test('a query is answered, in the media type that was asked for, with no trace of Apollo', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const plain = await server.post('{ hello }');
  assert.deepEqual([plain.status, plain.body], [200, { data: { hello: 'world' } }]);
  assert.match(plain.headers.get('content-type') ?? '', /^application\/json/);
  const accept = 'application/graphql-response+json, application/json;q=0.9';
  const modern = await server.send('/graphql', {
    method: 'POST',
    headers: { ...json, ...bearer('viewer'), accept: 'application/graphql-response+json' },
    body: '{"query":"{hello}"}',
  });
  assert.match(modern.headers.get('content-type') ?? '', /^application\/graphql-response\+json/);
  const refused = await server.post('{ hello }', {}, { accept });
  assert.match(refused.headers.get('content-type') ?? '', /^application\/graphql-response\+json/);
  const nothing = await server.post('mutation { edit }', {}, { ...bearer('admin'), accept: 'text/html' });
  assert.equal(nothing.status, 406, 'refused before it runs');
});

test('the token is checked before anything else is looked at', async (t) => {
  const server = await startTestServer();
  server.tokens.set('', 'ADMIN');
  t.after(server.stop);
  const cases: { rule: string; authorization?: string; message: RegExp }[] = [
    { rule: 'none', message: /^Send a token/ },
    { rule: 'unknown', authorization: 'Bearer nobody', message: /unknown, expired or revoked/ },
    { rule: 'other scheme', authorization: 'Basic YTpi', message: /unknown, expired or revoked/ },
    { rule: 'empty', authorization: 'Bearer ', message: /unknown, expired or revoked/ },
    { rule: 'two words', authorization: 'Bearer viewer admin', message: /unknown, expired or revoked/ },
  ];
  for (const { rule, authorization, message } of cases) {
    for (const path of ['/graphql', '/graphql/stream']) {
      const headers = { accept: '*/*', ...(authorization === undefined ? {} : { authorization }) };
      const answer = await server.send(path, { method: 'POST', headers, body: '{{{' });
      assert.equal(answer.status, 401, rule);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.equal(answer.body.errors?.[0]?.extensions.code, 'UNAUTHENTICATED');
      assert.match(answer.body.errors?.[0]?.message ?? '', message);
    }
  }
});

test('a database that is away while the token is looked up is UNAVAILABLE, not unauthenticated', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const answer = await server.post('{ hello }', {}, bearer('database-away'));
  assert.equal(answer.status, 503);
  assert.equal(answer.body.errors?.[0]?.extensions.code, 'UNAVAILABLE');
  assert.ok(!answer.text.includes(SECRET));
});

test('each role may do what is open to it', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const operations: { source: string; field: string; roles: Role[] }[] = [
    { source: '{ hello }', field: 'hello', roles: ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'] },
    { source: 'mutation { trigger }', field: 'trigger', roles: ['OPERATOR', 'EDITOR', 'ADMIN'] },
    { source: 'mutation { edit }', field: 'edit', roles: ['EDITOR', 'ADMIN'] },
    { source: '{ audit }', field: 'audit', roles: ['ADMIN'] },
  ];
  for (const { source, field, roles } of operations) {
    for (const [token, role] of server.tokens) {
      const { body } = await server.post(source, {}, bearer(token));
      if (roles.includes(role)) assert.equal(body.errors, undefined, `${role}: ${source}`);
      else assert.equal(body.errors?.[0]?.extensions.code, 'FORBIDDEN', `${role}: ${source}`);
      assert.equal(body.data?.[field] !== null, roles.includes(role));
    }
  }
});

test('operations that are refused before they run', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const deep = `{ items { nodes ${'{ self '.repeat(14)}{ id }${' }'.repeat(14)} } }`;
  const cases = [
    { rule: 'syntax', query: '{ hello', code: 'GRAPHQL_PARSE_FAILED' },
    { rule: 'tokens', query: `{ ${'hello '.repeat(2000)}}`, code: 'GRAPHQL_PARSE_FAILED' },
    { rule: 'unknown field', query: '{ helo }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { rule: 'introspection in production', query: '{ __schema { types { name } } }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { rule: 'depth', query: deep, code: 'OPERATION_TOO_COMPLEX' },
    {
      rule: 'a page in a variable',
      query: 'query ($n: Int) { items(first: $n) { nodes { id } } }',
      variables: { n: 1e5 },
      code: 'OPERATION_TOO_COMPLEX',
    },
    {
      rule: 'a variable of the wrong type',
      query: 'query ($n: Int!) { count(n: $n) }',
      variables: { n: 'one' },
      code: 'BAD_USER_INPUT',
    },
    { rule: 'a variable that is missing', query: 'query ($n: Int!) { count(n: $n) }', code: 'BAD_USER_INPUT' },
    {
      rule: 'null in a @oneOf field',
      query: 'query ($id: ID) { byRef(ref: { id: $id }) }',
      variables: { id: null },
      code: 'BAD_USER_INPUT',
    },
    {
      rule: 'two keys of a @oneOf',
      query: 'query ($r: Ref!) { byRef(ref: $r) }',
      variables: { r: { id: 1, name: 'a' } },
      code: 'BAD_USER_INPUT',
    },
    { rule: 'a subscription', query: 'subscription { ticks { n } }', code: 'BAD_USER_INPUT', message: /\/graphql\/stream/ },
    {
      rule: 'U+0000 in a variable',
      query: 'query ($v: JSON) { echo(value: $v) }',
      variables: { v: { a: ['\0'] } },
      code: 'BAD_USER_INPUT',
    },
    {
      rule: 'U+0000 in a key',
      query: 'query ($v: JSON) { echo(value: $v) }',
      variables: { v: { 'a\0': 1 } },
      code: 'BAD_USER_INPUT',
    },
    {
      rule: 'half a surrogate pair',
      query: 'query ($v: JSON) { echo(value: $v) }',
      variables: { v: '\ud800' },
      code: 'BAD_USER_INPUT',
    },
    { rule: 'U+0000 in the document', query: String.raw`{ echo(value: "\u0000") }`, code: 'BAD_USER_INPUT' },
    { rule: 'U+0000 in the document, written shorter', query: String.raw`{ echo(value: "\u{0}") }`, code: 'BAD_USER_INPUT' },
  ];
  for (const { rule, query, variables, code, message } of cases) {
    const { status, body, text } = await server.post(query, variables);
    assert.equal(status, 400, rule);
    assert.equal(body.errors?.[0]?.extensions.code, code, rule);
    assert.equal(body.data, undefined, rule);
    assert.match(body.errors[0].message, message ?? /./);
    assert.ok(!text.includes('Did you mean'), 'production gives no hints about the schema');
    assert.ok(!text.includes('stack'));
  }
  const { body } = await server.post('query ($ns: [Int!]!) { sum(ns: $ns) }', { ns: Array.from({ length: 500 }, () => 'x') });
  assert.ok((body.errors?.length ?? 0) <= 51, 'not one error per bad item');
  assert.ok(body.errors?.every((error) => error.extensions.code === 'BAD_USER_INPUT'));
});

test('outside production the schema can be introspected', async (t) => {
  const server = await startTestServer({ production: false });
  t.after(server.stop);
  const { body } = await server.post('{ __schema { queryType { name } } }');
  assert.deepEqual(body, { data: { __schema: { queryType: { name: 'Query' } } } });
  assert.match((await server.post('{ helo }')).text, /Did you mean/);
  assert.ok(!(await server.post('{ fail(with: "plain") }')).text.includes(SECRET), 'errors are masked here too');
});

test('each request has a context of its own', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const first = await server.post('{ context }');
  const second = await server.post('{ context }');
  assert.deepEqual([first.body.data, second.body.data], [{ context: 1 }, { context: 2 }]);
});

test('errors of resolvers are masked, and the request id leads to the log', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const cases = [
    {
      kind: 'plain',
      code: 'INTERNAL_SERVER_ERROR',
      message: 'Internal server error (request my-id)',
      logged: 'unexpected error',
    },
    {
      kind: 'string',
      code: 'INTERNAL_SERVER_ERROR',
      message: 'Internal server error (request my-id)',
      logged: 'unexpected error',
    },
    {
      kind: 'database',
      code: 'UNAVAILABLE',
      message: 'The database cannot be reached right now; try again.',
      logged: 'database away',
    },
    { kind: 'cursor', code: 'CURSOR_EXPIRED', message: 'The cursor is too old.', logged: null },
  ];
  for (const { kind, code, message, logged } of cases) {
    server.lines.length = 0;
    const headers = { ...bearer('viewer'), 'x-request-id': 'my-id' };
    const answer = await server.post(`{ fail(with: "${kind}") }`, {}, headers);
    assert.equal(answer.headers.get('x-request-id'), 'my-id');
    assert.deepEqual(answer.body.data, { fail: null });
    assert.equal(answer.body.errors?.[0]?.message, message);
    assert.equal(answer.body.errors[0].extensions.code, code);
    assert.deepEqual(answer.body.errors[0].path, ['fail']);
    assert.ok(!answer.text.includes(SECRET) && !answer.text.includes('fixture'));
    const lines = server.lines.filter(({ msg }) => msg !== 'request');
    assert.equal(lines.length, logged === null ? 0 : 1);
    if (logged === null) continue;
    assert.equal(lines[0]?.['msg'], logged);
    assert.equal(lines[0]?.['requestId'], 'my-id');
    if (kind === 'plain') assert.match(JSON.stringify(lines[0]?.['err']), /fixture\.ts/, 'the log has the stack');
  }
});

test('a request id is taken when it is sane, else made', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  for (const [sent, want] of [
    ['01J9.a_b:c-d', /^01J9\.a_b:c-d$/],
    ['two words', uuid],
    ['<script>', uuid],
    ['x'.repeat(129), uuid],
  ] as const) {
    for (const path of ['/livez', '/nowhere', '/graphql']) {
      assert.match((await server.send(path, { headers: { 'x-request-id': sent } })).headers.get('x-request-id') ?? '', want);
    }
  }
});

test('the access log names the request, and neither its token nor its query', async () => {
  const server = await startTestServer();
  await server.send('/graphql?token=in-the-url', {
    method: 'POST',
    headers: { ...json, ...bearer('editor'), 'x-request-id': 'logged' },
    body: JSON.stringify({ query: 'query InTheBody { hello }' }),
  });
  await server.stop();
  const line = server.lines.find(({ msg }) => msg === 'request');
  assert.partialDeepStrictEqual(line, { level: 20, requestId: 'logged', method: 'POST', path: '/graphql', status: 200, ms: 0 });
  assert.doesNotMatch(JSON.stringify(server.lines), /editor|InTheBody|in-the-url/);
});

test('a principal that asks too much waits, others do not', async (t) => {
  const clock = { at: 0, now: () => clock.at };
  const server = await startTestServer({ rateLimit: 12, clock });
  t.after(server.stop);
  const page = '{ items(first: 49) { nodes { id } } }';
  assert.equal((await server.post(page, {}, bearer('viewer'))).status, 200);
  assert.equal((await server.post(page, {}, bearer('viewer'))).status, 200);
  const refused = await server.post('{ hello }', {}, bearer('viewer'));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.equal(refused.body.errors?.[0]?.extensions['retryAfter'], 5);
  assert.equal((await server.post('{ hello }', {}, bearer('editor'))).status, 200);
  clock.at += 5000;
  assert.equal((await server.post('{ hello }', {}, bearer('viewer'))).status, 200);
});

test('stop lets requests in flight finish, says so, and takes no connection afterwards', async () => {
  const server = await startTestServer();
  const inFlight = server.post('{ slow }');
  await server.slowAsked.promise;
  const stopped = server.stop();
  server.gate.resolve('done');
  assert.deepEqual((await inFlight).body, { data: { slow: 'done' } });
  await stopped;
  await assert.rejects(server.send('/livez'));
  await server.stop();
});

test('while it stops, /readyz says so to connections that are still open, and closes them', async () => {
  const received = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let requests = 0;
  const clock = {
    now() {
      received[requests]?.resolve();
      requests += 1;
      return 0;
    },
  };
  const server = await startTestServer({ clock });
  const socket = connect(server.port, '127.0.0.1');
  const body = '{"query":"{ slow }"}';
  const head = `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer viewer\r\nContent-Type: application/json`;
  socket.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await server.slowAsked.promise;
  const stopped = server.stop();
  socket.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n');
  await received[1]?.promise;
  server.gate.resolve('done');
  const answers = Buffer.concat(await socket.toArray()).toString();
  await stopped;
  assert.match(answers, /^HTTP\/1.1 200 OK.*"slow":"done".*HTTP\/1.1 503 .*connection: close.*"reason":"stopping"/is);
});

test('an address that is taken is an error of the start, and leaves nothing running', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  await assert.rejects(startTestServer({ port: server.port }), { code: 'EADDRINUSE' });
});

test('a client that leaves while its request runs disturbs nobody', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const req = request(`${server.url}/graphql`, { method: 'POST', headers: { ...json, ...bearer('viewer') } });
  req.on('error', () => undefined).end('{"query":"{slow}"}');
  await server.slowAsked.promise;
  req.destroy();
  server.gate.resolve('late');
  assert.equal((await server.post('{ hello }')).status, 200);
  assert.ok(!server.lines.some(({ level }) => Number(level) >= 40));
});
