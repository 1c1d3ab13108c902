import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { bearer, SECRET, startTestServer } from './fixture.ts';
import type { Answer, TestServer } from './fixture.ts';

const TICKS = 'subscription { ticks { n } }';
const sse = { accept: 'text/event-stream', 'content-type': 'application/json' };

/** Opens a stream; `frames` yields what lies between blank lines. */
async function open(server: TestServer, query: string, { token = 'viewer', variables = {} } = {}) {
  const leave = new AbortController();
  const response = await fetch(`${server.url}/graphql/stream`, {
    method: 'POST',
    headers: { ...sse, ...bearer(token), 'x-request-id': 'stream-1' },
    body: JSON.stringify({ query, variables }),
    signal: leave.signal,
  });
  return { response, leave, frames: framesOf(response) };
}

async function* framesOf(response: Response): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + chunk).split('\n\n');
    rest = frames.pop() ?? '';
    yield* frames;
  }
}

async function take(frames: AsyncGenerator<string, void>): Promise<string | undefined> {
  const { value } = await frames.next();
  return value ?? undefined;
}

async function rest(frames: AsyncGenerator<string, void>): Promise<string[]> {
  return Array.fromAsync(frames);
}

test('events arrive as they happen, in frames of the GraphQL over SSE protocol, until the source ends', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const { response, frames } = await open(server, TICKS);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(response.headers.get('x-request-id'), 'stream-1');
  assert.equal(await take(frames), ':', 'a first byte, before there is an event');
  for (const n of [1, 2]) {
    server.channel.push({ n });
    assert.equal(await take(frames), `event: next\ndata: {"data":{"ticks":{"n":${n}}}}`);
  }
  server.channel.end();
  assert.deepEqual(await rest(frames), ['event: complete\ndata:']);
});

test('the client of graphql-sse understands it', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const client = createClient({ url: `${server.url}/graphql/stream`, headers: bearer('viewer'), retryAttempts: 0 });
  server.channel.push({ n: 7 });
  server.channel.push({ n: 8 });
  const results = client.iterate<{ ticks: { n: number } }>({ query: TICKS });
  assert.deepEqual((await results.next()).value?.data, { ticks: { n: 7 } });
  assert.deepEqual((await results.next()).value?.data, { ticks: { n: 8 } });
  server.channel.end();
  assert.equal((await results.next()).done, true);
  await assert.rejects(client.iterate({ query: 'subscription { adminTicks { n } }' }).next(), /FORBIDDEN|needs the role|403/);
});

test('GET works as POST does', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const search = new URLSearchParams({
    query: `query Other { hello } ${TICKS.replace('{', 'Ticks {')}`,
    operationName: 'Ticks',
    variables: '{"a":1}',
  });
  const response = await fetch(`${server.url}/graphql/stream?${search}`, {
    headers: { ...bearer('viewer'), accept: 'text/event-stream' },
  });
  const frames = framesOf(response);
  server.channel.push({ n: 1 });
  server.channel.end();
  assert.deepEqual(await rest(frames), [':', 'event: next\ndata: {"data":{"ticks":{"n":1}}}', 'event: complete\ndata:']);
});

test('every event has a context of its own', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const { frames } = await open(server, 'subscription { ticks { context } }');
  server.channel.push({ n: 1 });
  server.channel.push({ n: 2 });
  server.channel.end();
  const contexts = (await rest(frames)).join().match(/\d+/g);
  assert.deepEqual(contexts, ['2', '3'], 'the first one opened the source');
});

test('what is wrong is said before a stream opens, with a status', async (t) => {
  const server = await startTestServer({ rateLimit: 1 });
  t.after(server.stop);
  const cases: { rule: string; query: string; token: string; status: number; code: string; message?: RegExp }[] = [
    { rule: 'a query', query: '{ hello }', token: 'viewer', status: 400, code: 'BAD_USER_INPUT', message: /POST \/graphql/ },
    {
      rule: 'a mutation',
      query: 'mutation { edit }',
      token: 'admin',
      status: 400,
      code: 'BAD_USER_INPUT',
      message: /POST \/graphql/,
    },
    { rule: 'syntax', query: 'subscription {', token: 'viewer', status: 400, code: 'GRAPHQL_PARSE_FAILED' },
    {
      rule: 'tokens',
      query: `subscription { ticks { ${'n '.repeat(2000)}} }`,
      token: 'viewer',
      status: 400,
      code: 'GRAPHQL_PARSE_FAILED',
    },
    {
      rule: 'an unknown field',
      query: 'subscription { tics { n } }',
      token: 'viewer',
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    },
    {
      rule: 'introspection',
      query: 'subscription { ticks { n } } query { __schema { types { name } } }',
      token: 'viewer',
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    },
    {
      rule: 'two root fields',
      query: 'subscription { a: ticks { n } b: ticks { n } }',
      token: 'viewer',
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    },
    {
      rule: 'a missing variable',
      query: 'subscription ($yes: Boolean!) { ticks { n @include(if: $yes) } }',
      token: 'viewer',
      status: 400,
      code: 'BAD_USER_INPUT',
    },
    {
      rule: 'complexity',
      query: `subscription { ticks ${'{ self '.repeat(15)}{ n }${' }'.repeat(15)} }`,
      token: 'viewer',
      status: 400,
      code: 'OPERATION_TOO_COMPLEX',
    },
    { rule: 'the role', query: 'subscription { adminTicks { n } }', token: 'editor', status: 403, code: 'FORBIDDEN' },
    { rule: 'the token', query: TICKS, token: 'nobody', status: 401, code: 'UNAUTHENTICATED' },
    { rule: 'an old cursor', query: 'subscription { expired { n } }', token: 'operator', status: 410, code: 'CURSOR_EXPIRED' },
    { rule: 'the rate', query: TICKS, token: 'operator', status: 429, code: 'RATE_LIMITED' },
    {
      rule: 'a resolver with a bug',
      query: 'subscription { notAStream { n } }',
      token: 'admin',
      status: 500,
      code: 'INTERNAL_SERVER_ERROR',
    },
  ];
  for (const { rule, query, token, status, code, message } of cases) {
    const answer: Answer = await server.send('/graphql/stream', {
      method: 'POST',
      headers: { ...sse, ...bearer(token) },
      body: JSON.stringify({ query }),
    });
    assert.equal(answer.status, status, rule);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(answer.body.errors?.[0]?.extensions.code, code, rule);
    assert.match(answer.body.errors[0].message, message ?? /./);
    assert.ok(!answer.text.includes('Did you mean'), rule);
  }
});

test('errors of an event are masked and leave the stream open', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const { frames } = await open(server, 'subscription { ticks { n secret } }');
  await take(frames);
  server.channel.push({ n: 1 });
  const frame = (await take(frames)) ?? '';
  assert.match(frame, /"message":"Internal server error \(request stream-1\)".*"data":\{"ticks":\{"n":1,"secret":null\}\}/);
  assert.ok(!frame.includes(SECRET));
  server.channel.push({ n: 2 });
  assert.match((await take(frames)) ?? '', /"n":2/);
  const logged = server.lines.filter(({ msg }) => msg === 'unexpected error');
  assert.deepEqual(
    logged.map(({ requestId }) => requestId),
    ['stream-1', 'stream-1'],
  );
  assert.match(JSON.stringify(logged[0]?.['err']), /hunter2.*fixture\.ts/);
});

const failures = [
  { rule: 'a source that fails', error: new Error(SECRET), code: 'INTERNAL_SERVER_ERROR' },
  { rule: 'a source whose database is away', error: Object.assign(new Error(SECRET), { code: '57P01' }), code: 'UNAVAILABLE' },
];
for (const { rule, error, code } of failures) {
  test(`${rule} says so in a last event, masked, and completes`, async (t) => {
    const server = await startTestServer();
    t.after(server.stop);
    const { frames } = await open(server, TICKS);
    await server.channel.asked;
    server.channel.fail(error);
    const [, last = '', complete] = await rest(frames);
    assert.match(last, new RegExp(`^event: next\ndata: \\{"errors":.*${code}`));
    assert.ok(!last.includes(SECRET));
    assert.equal(complete, 'event: complete\ndata:');
    await server.channel.returned;
  });
}

test('a client that leaves ends a quiet source at once', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const { frames, leave } = await open(server, TICKS);
  await take(frames);
  await server.channel.asked;
  leave.abort();
  await server.channel.returned;
});

test('a slow client holds the source back instead of filling a queue', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const block = { n: 1, label: 'x'.repeat(64 * 1024) };
  const { channel } = server;
  for (let filled = 0; filled < 4000; filled += 1) channel.push(block);
  const headers = { ...sse, ...bearer('viewer') };
  const req = request(`${server.url}/graphql/stream`, { method: 'POST', headers });
  req.end(JSON.stringify({ query: 'subscription { ticks { n label } }' }));
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  response.pause();
  for (let quiet = 0, before = -1; quiet < 200; quiet = channel.taken === before ? quiet + 1 : 0) {
    before = channel.taken;
    await setImmediate();
  }
  assert.ok(channel.taken < 400, `${channel.taken} events of 64 KiB were taken for a client that reads none`);
  response.destroy();
  await channel.returned;
});

test('a keep-alive comment every 12 s', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await startTestServer();
  t.after(server.stop);
  const { frames } = await open(server, TICKS);
  assert.equal(await take(frames), ':');
  t.mock.timers.tick(12_000);
  assert.equal(await take(frames), ':');
  server.channel.push({ n: 1 });
  assert.match((await take(frames)) ?? '', /"n":1/);
});

test('a token that is revoked ends its streams with the next keep-alive', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await startTestServer();
  t.after(server.stop);
  const { frames } = await open(server, TICKS, { token: 'operator' });
  server.tokens.delete('operator');
  t.mock.timers.tick(12_000);
  const [last, complete] = (await rest(frames)).filter((frame) => frame !== ':');
  assert.match(last ?? '', /"code":"UNAUTHENTICATED"/);
  assert.equal(complete, 'event: complete\ndata:');
  await server.channel.returned;
});

test('a role that is lowered holds for the events after the next keep-alive', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await startTestServer();
  t.after(server.stop);
  const { frames } = await open(server, 'subscription { adminTicks { n } }', { token: 'admin' });
  await take(frames);
  server.channel.push({ n: 1 });
  assert.match((await take(frames)) ?? '', /"n":1/);
  server.tokens.set('admin', 'EDITOR');
  t.mock.timers.tick(12_000);
  assert.equal(await take(frames), ':');
  server.channel.push({ n: 2 });
  assert.match((await take(frames)) ?? '', /"code":"FORBIDDEN".*"data":null/);
});

test('a client that leaves while its source is being opened leaves none behind', async (t) => {
  const server = await startTestServer();
  t.after(server.stop);
  const req = request(`${server.url}/graphql/stream`, { method: 'POST', headers: { ...sse, ...bearer('viewer') } });
  req.on('error', () => undefined).end(JSON.stringify({ query: 'subscription { slowTicks { n } }' }));
  await server.slowAsked.promise;
  req.destroy();
  await server.logged(1);
  server.gate.resolve('too late');
  await server.channel.returned;
});

test('a client that reads nothing for a minute is cut; a slow one is kept', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await startTestServer();
  t.after(server.stop);
  const { channel } = server;
  const block = { n: 1, label: 'x'.repeat(64 * 1024) };
  for (let filled = 0; filled < 4000; filled += 1) channel.push(block);
  const req = request(`${server.url}/graphql/stream`, { method: 'POST', headers: { ...sse, ...bearer('viewer') } });
  req.end(JSON.stringify({ query: 'subscription { ticks { n label } }' }));
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  const full = async () => {
    for (let quiet = 0, before = -1; quiet < 200; quiet = channel.taken === before ? quiet + 1 : 0) {
      before = channel.taken;
      await setImmediate();
    }
  };
  const minute = () => {
    for (let beat = 0; beat < 5; beat += 1) t.mock.timers.tick(12_000);
  };
  let over = false;
  void channel.returned.then(() => (over = true));
  response.pause();
  await full();
  minute();
  const before = channel.taken;
  for (response.resume(); channel.taken < before + 100;) await setImmediate();
  response.pause();
  await full();
  minute();
  await setImmediate();
  assert.equal(over, false, 'it took something between the two');
  t.mock.timers.tick(12_000);
  await channel.returned;
});

/** What came until the connection was cut. */
async function untilCut(frames: AsyncGenerator<string, void>): Promise<string[]> {
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const frame of frames) seen.push(frame);
  });
  return seen;
}

test('a stream that opens while the server stops is cut at once', async () => {
  const server = await startTestServer();
  const opening = open(server, 'subscription { slowTicks { n } }').then(
    ({ frames }) => untilCut(frames),
    () => [],
  );
  await server.slowAsked.promise;
  const stopped = server.stop();
  server.gate.resolve('open');
  assert.ok(!(await opening).some((frame) => frame.startsWith('event: complete')));
  await stopped;
  await server.channel.returned;
});

test('stop cuts open streams without a word, and ends their sources', async () => {
  const server = await startTestServer();
  const { frames } = await open(server, TICKS);
  assert.equal(await take(frames), ':');
  await server.stop();
  assert.deepEqual(await untilCut(frames), []);
  await server.channel.returned;
});

test('the client of graphql-sse takes its subscription up again when the server comes back', async (t) => {
  const first = await startTestServer();
  const back = Promise.withResolvers<void>();
  const client = createClient({
    url: `${first.url}/graphql/stream`,
    headers: bearer('viewer'),
    retryAttempts: 5,
    retry: () => back.promise,
  });
  t.after(() => client.dispose());
  const results = client.iterate<{ ticks: { n: number } }>({ query: TICKS });
  first.channel.push({ n: 1 });
  assert.deepEqual((await results.next()).value?.data, { ticks: { n: 1 } });
  const pending = results.next();
  await first.stop();
  const second = await startTestServer({ port: first.port });
  t.after(second.stop);
  back.resolve();
  second.channel.push({ n: 2 });
  assert.deepEqual((await pending).value?.data, { ticks: { n: 2 } });
});
