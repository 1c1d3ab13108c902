import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { buildSchema } from 'graphql';
import { WebSocket } from 'ws';
import { documentIdOf } from '../../src/graphql/persisted.ts';
import { readPersistedDocuments } from '../../src/graphql/persistedFile.ts';
import { ADMIN_TOKEN, startInstance, startTestCarillon } from '../support/carillon.ts';
import { bearer, startTestServer } from './fixture.ts';
import type { Shown, TestServer } from './fixture.ts';

const HELLO = 'query Hello { hello }';
const COUNT = 'query Count($n: Int!) { count(n: $n) }';
const EDIT = 'mutation Edit { edit }';
const TICKS = 'subscription Ticks { ticks { n } }';
const documents = new Map([HELLO, COUNT, EDIT, TICKS].map((text) => [documentIdOf(text), text]));
const UNKNOWN = 'a'.repeat(64);

type Sent = Record<string, unknown>;
type Told = { data?: unknown; errors?: Shown[] };
/** Asks over one transport; a query or a mutation where there are two. */
type Ask = (server: TestServer, t: TestContext, sent: Sent) => Promise<Told>;

const hash = (text: string, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash: documentIdOf(text) } });

async function overWebSocket(server: TestServer, t: TestContext, payload: Sent): Promise<Told> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws');
  t.after(() => socket.terminate());
  const next = async () => JSON.parse(String((await once(socket, 'message'))[0])) as { type: string; payload: unknown };
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: bearer('admin') }));
  await next();
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
  const { type, payload: told } = await next();
  return type === 'error' ? { errors: told as Shown[] } : (told as Told);
}

const asks: Record<string, Ask> = {
  async POST(server, _t, sent) {
    const headers = { 'content-type': 'application/json', ...bearer('admin') };
    return (await server.send('/graphql', { method: 'POST', headers, body: JSON.stringify(sent) })).body;
  },
  async GET(server, _t, sent) {
    const texts = Object.entries(sent).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
    return (await server.send(`/graphql?${new URLSearchParams(texts)}`, { headers: bearer('admin') })).body;
  },
  WebSocket: overWebSocket,
};

const taken: { rule: string; sent: Sent; data: unknown }[] = [
  { rule: 'documentId', sent: { documentId: documentIdOf(HELLO) }, data: { hello: 'world' } },
  { rule: 'documentId as it is in the file', sent: { documentId: `sha256:${documentIdOf(HELLO)}` }, data: { hello: 'world' } },
  { rule: 'an id in capitals', sent: { documentId: documentIdOf(HELLO).toUpperCase() }, data: { hello: 'world' } },
  {
    rule: 'variables and the name of the operation',
    sent: { documentId: documentIdOf(COUNT), variables: { n: 7 }, operationName: 'Count' },
    data: { count: 7 },
  },
  { rule: "Apollo's extension", sent: { extensions: hash(HELLO) }, data: { hello: 'world' } },
  { rule: 'an id with its own text', sent: { documentId: documentIdOf(HELLO), query: HELLO }, data: { hello: 'world' } },
];
const always: { rule: string; sent: Sent; code: string; message: RegExp }[] = [
  {
    rule: 'an id that nobody knows',
    sent: { documentId: UNKNOWN },
    code: 'PERSISTED_QUERY_NOT_FOUND',
    message: /^PersistedQueryNotFound$/,
  },
  {
    rule: "an unknown id in Apollo's extension",
    sent: { extensions: { persistedQuery: { version: 1, sha256Hash: UNKNOWN } } },
    code: 'PERSISTED_QUERY_NOT_FOUND',
    message: /^PersistedQueryNotFound$/,
  },
  { rule: 'what is no id', sent: { documentId: 'constructor' }, code: 'BAD_USER_INPUT', message: /64 hexadecimal digits/ },
  { rule: 'an extension without an id', sent: { extensions: { persistedQuery: {} } }, code: 'BAD_USER_INPUT', message: /64 hex/ },
  {
    rule: 'the id of one document with the text of another',
    sent: { documentId: documentIdOf(HELLO), query: '{ context }' },
    code: 'BAD_USER_INPUT',
    message: /query is another document than the one that the id names/,
  },
  {
    rule: 'variables that do not fit, by the rules of every operation',
    sent: { documentId: documentIdOf(COUNT), variables: { n: 'x' } },
    code: 'BAD_USER_INPUT',
    message: /\$n/,
  },
];
const textAlone: { rule: string; sent: Sent; required: boolean; code?: string; message?: RegExp }[] = [
  { rule: 'text is taken', sent: { query: '{ hello }' }, required: false },
  {
    rule: 'text with its own id is taken, and not kept',
    sent: { query: '{ hello }', extensions: hash('{ hello }') },
    required: false,
  },
  {
    rule: 'text is refused when documents are required',
    sent: { query: '{ hello }' },
    required: true,
    code: 'BAD_USER_INPUT',
    message: /runs persisted documents only: send the id/,
  },
  {
    rule: 'so is the text of a document without its id',
    sent: { query: HELLO },
    required: true,
    code: 'BAD_USER_INPUT',
    message: /runs persisted documents only/,
  },
  {
    rule: 'so is text with an id of its own',
    sent: { query: '{ hello }', extensions: hash('{ hello }') },
    required: true,
    code: 'PERSISTED_QUERY_NOT_FOUND',
    message: /^PersistedQueryNotFound$/,
  },
];

for (const [transport, ask] of Object.entries(asks)) {
  test(`${transport}: a document is named by its id`, async (t) => {
    const servers = [false, true].map((required) => startTestServer({ persisted: { documents, required } }));
    for (const starting of servers) {
      const server = await starting;
      t.after(server.stop);
      for (const { rule, sent, data } of taken) assert.deepEqual(await ask(server, t, sent), { data }, rule);
      for (const { rule, sent, code, message } of always) {
        const told = await ask(server, t, sent);
        assert.deepEqual([told.errors?.[0]?.extensions.code, told.data], [code, undefined], rule);
        assert.match(told.errors?.[0]?.message ?? '', message, rule);
      }
    }
    for (const { rule, sent, required, code, message } of textAlone) {
      const told = await ask((await servers[Number(required)]) as TestServer, t, sent);
      assert.equal(told.errors?.[0]?.extensions.code, code, rule);
      if (code === undefined) assert.deepEqual(told.data, { hello: 'world' }, rule);
      else assert.match(told.errors?.[0]?.message ?? '', message as RegExp, rule);
    }
  });

  test(`${transport}: a server without documents says so, in the words that clients fall back on`, async (t) => {
    const server = await startTestServer();
    t.after(server.stop);
    for (const sent of [{ documentId: UNKNOWN }, { extensions: hash(HELLO) }, { query: HELLO, extensions: hash(HELLO) }]) {
      const told = await ask(server, t, sent);
      assert.equal(told.errors?.[0]?.message, 'PersistedQueryNotSupported');
      assert.equal(told.errors[0].extensions.code, 'BAD_USER_INPUT');
    }
  });
}

test('a subscription is named by its id over server-sent events and web sockets, and text is refused there too', async (t) => {
  const server = await startTestServer({ persisted: { documents, required: true } });
  t.after(server.stop);
  server.channel.push({ n: 1 });
  assert.deepEqual(await overWebSocket(server, t, { documentId: documentIdOf(TICKS) }), { data: { ticks: { n: 1 } } });

  const stream = (sent: Sent, signal: AbortSignal | null = null) =>
    fetch(`${server.url}/graphql/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer('viewer') },
      body: JSON.stringify(sent),
      signal,
    });
  const gone = new AbortController();
  const opened = await stream({ documentId: documentIdOf(TICKS) }, gone.signal);
  assert.equal(opened.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  gone.abort();
  for (const sent of [{ query: TICKS }, { documentId: UNKNOWN }]) assert.equal((await stream(sent)).status, 400);
});

test('a mutation of a document is no more to be had by GET than any other', async (t) => {
  const server = await startTestServer({ persisted: { documents, required: true } });
  t.after(server.stop);
  const answer = await server.send(`/graphql?documentId=${documentIdOf(EDIT)}`, { headers: bearer('admin') });
  assert.equal(answer.status, 405);
});

const schema = buildSchema('type Query { hello: String count(n: Int!): Int }');
async function read(t: TestContext, text: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-documents-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'documents.json');
  await writeFile(file, text);
  return readPersistedDocuments(file, { schema, production: true });
}
const fileOf = (...texts: string[]) =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [`sha256:${documentIdOf(text)}`, text])));

test('the file is read, with the prefix of the ids and without', async (t) => {
  assert.deepEqual(
    [...(await read(t, fileOf(HELLO, COUNT)))],
    [HELLO, COUNT].map((text) => [documentIdOf(text), text]),
  );
  const bare = await read(t, JSON.stringify({ [documentIdOf(HELLO).toUpperCase()]: HELLO }));
  assert.equal(bare.get(documentIdOf(HELLO)), HELLO);
});

const files: { rule: string; text: string; message: RegExp }[] = [
  { rule: 'no JSON', text: '{', message: /documents\.json": the file cannot be read as JSON/ },
  { rule: 'a list', text: '[]', message: /must hold one JSON object/ },
  { rule: 'a key that is no SHA-256', text: '{"Hello": "{ hello }"}', message: /Hello: the key is no SHA-256/ },
  { rule: 'a document that is no text', text: JSON.stringify({ [UNKNOWN]: 7 }), message: /the document is no text/ },
  {
    rule: 'a key of another text',
    text: JSON.stringify({ [UNKNOWN]: HELLO }),
    message: new RegExp(`${UNKNOWN}: the SHA-256 of its text is ${documentIdOf(HELLO)}`),
  },
  { rule: 'a document with a fault of syntax', text: fileOf('query {'), message: /Syntax Error/ },
  { rule: 'a field that the schema does not have', text: fileOf(HELLO, '{ gone }'), message: /Cannot query field "gone"/ },
  { rule: 'introspection in production', text: fileOf('{ __schema { description } }'), message: /introspection/ },
  {
    rule: 'more faults than are worth reading',
    text: fileOf(...Array.from({ length: 15 }, (_, n) => `{ gone${n} }`)),
    message: /gone0.*gone9[^1]*and 5 more$/s,
  },
];
for (const { rule, text, message } of files) {
  test(`a file with ${rule} stops the start`, async (t) => {
    await assert.rejects(read(t, text), { name: 'ConfigError', message });
  });
}

test('a server is started with its documents, and with nothing but them', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-documents-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'documents.json');
  const text = 'query Me { viewer { role } }';
  await writeFile(file, fileOf(text));
  const env = { CARILLON_PERSISTED_DOCUMENTS: file, CARILLON_REQUIRE_PERSISTED: 'true' };
  const { url, ask } = await startTestCarillon(t, env);
  const response = await fetch(`${url}/graphql?documentId=sha256:${documentIdOf(text)}`, { headers: bearer(ADMIN_TOKEN) });
  assert.deepEqual(await response.json(), { data: { viewer: { role: 'ADMIN' } } });
  assert.match((await ask(text)).errors?.[0]?.message ?? '', /runs persisted documents only/);
});

test('a file with a fault stops the start before a database is looked for', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-documents-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'documents.json'), fileOf('{ gone }'));
  const starting = startInstance('postgres://127.0.0.1:9/nowhere', {
    CARILLON_PERSISTED_DOCUMENTS: path.join(folder, 'documents.json'),
  });
  await assert.rejects(starting, { name: 'ConfigError', message: /Cannot query field "gone"/ });
});

test('a file that is not there stops the start', async () => {
  const reading = readPersistedDocuments('/nowhere/documents.json', { schema, production: false });
  await assert.rejects(reading, {
    name: 'ConfigError',
    message: /CARILLON_PERSISTED_DOCUMENTS="\/nowhere\/documents\.json".*ENOENT/,
  });
});
