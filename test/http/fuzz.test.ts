import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { OperationTypeNode } from 'graphql';
import { WebSocket } from 'ws';
import { createSchema } from '../../src/graphql/schema.ts';
import { createApi } from '../support/api.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import { createFuzzer, STRANGE_TEXTS } from '../support/fuzz.ts';
import type { FuzzOperation } from '../support/fuzz.ts';
import { createRandom } from '../support/random.ts';

/** More of them by hand: CARILLON_FUZZ_RUNS=10000, with a --test-timeout of some minutes. The seed says which. */
const RUNS = Number(process.env['CARILLON_FUZZ_RUNS'] ?? 500);
const SEED = Number(process.env['CARILLON_FUZZ_SEED'] ?? 1);
/** Requests that are under way at a time. */
const AT_A_TIME = 8;
/** After garbage collection, beyond what there was when all code had run once. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024;
/** What an answer is waited for. */
const PATIENCE_MS = 20_000;
/** What no answer may hold: stacks, files, SQL and the parts that the server is made of. */
const INTERNAL =
  /INTERNAL_SERVER_ERROR|\n\s+at |\.(?:ts|mjs|js):\d+|node_modules|file:\/\/\/(?!etc)|prisma|pg-?boss|postgres|\bpg_|relation "|column "|syntax error at|violates|duplicate key|TypeError|RangeError|connect ECONN|"code":"UNAVAILABLE"/i;

const server = await startTestCarillon({ after }, { NODE_ENV: 'production' });
let known: string[] = [];
const api = createApi(server);
const task = await api.taskOn('http://127.0.0.1:9/');
for (let made = 0; made < 3; made += 1) await api.trigger(await api.scheduleOf(task));
await learn();

/** Takes ids, names and cursors of what there is now into what is sent. */
async function learn(): Promise<void> {
  const { data } = await server.ask<Record<string, { nodes: Record<string, string>[] } & { pageInfo: { endCursor: string } }>>(
    `{ tasks(last: 5) { nodes { id key } pageInfo { endCursor } } schedules(last: 5) { nodes { id name } pageInfo { endCursor } }
       runs(first: 5) { nodes { id } pageInfo { endCursor } } }`,
  );
  known = Object.values(data).flatMap(({ nodes, pageInfo }) => [
    ...nodes.flatMap((node) => Object.values(node)),
    pageInfo.endCursor,
  ]);
  known = known.filter((text) => typeof text === 'string');
}

function heapAfterGc(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

const { QUERY, MUTATION, SUBSCRIPTION } = OperationTypeNode;
const random = createRandom(SEED);
const fuzz = createFuzzer(createSchema(), random, () => known);
const { pick, chance } = fuzz;

/** What is sent, made before it is sent: the same for a seed whatever the server answers, but for the ids that it gives. */
interface Shot {
  told: string;
  fire(): Promise<string>;
}

const SECRETLESS = { authorization: `Bearer ${ADMIN_TOKEN}` };

async function http(path: string, init: RequestInit): Promise<string> {
  const response = await fetch(`${server.url}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (response.status >= 500) throw new Error(`status ${response.status}: ${(await response.text()).slice(0, 500)}`);
  // A stream has no end; its first words are enough.
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read();
  await response.body?.cancel().catch(() => undefined);
  return Buffer.from(value ?? []).toString();
}

function bodyOf({ query, variables }: FuzzOperation): string {
  const extra = chance(5) ? { [pick(['documentId', 'extensions', 'operationName', 'id'])]: fuzz.json(2) } : {};
  const body = JSON.stringify({ query: chance(8) ? fuzz.damaged(query) : query, variables, ...extra });
  return chance(5) ? fuzz.damaged(body) : body;
}

function overHttp(): Shot {
  const operation = fuzz.operation([QUERY, QUERY, MUTATION, MUTATION, MUTATION, SUBSCRIPTION]);
  const body = chance(3) ? JSON.stringify(fuzz.json(5)) : bodyOf(operation);
  const path = operation.kind === 'subscription' || chance(3) ? '/graphql/stream' : '/graphql';
  const type = chance(2) ? pick(['text/plain', 'application/json; charset=utf-16', 'multipart/form-data']) : 'application/json';
  const headers = { ...SECRETLESS, 'content-type': type, ...(path !== '/graphql' && { accept: 'text/event-stream' }) };
  return { told: `POST ${path} ${body}`, fire: () => http(path, { method: 'POST', headers, body }) };
}

function overGet(): Shot {
  const { query, variables } = fuzz.operation([QUERY, MUTATION]);
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) }).toString();
  const sent = (chance(20) ? fuzz.damaged(parameters) : parameters).replace(/[^\x21-\x7e]/g, '').slice(0, 12_000);
  const path = `/graphql?${sent.replace('#', '')}`;
  return { told: `GET ${path}`, fire: () => http(path, { headers: SECRETLESS }) };
}

function overPaths(): Shot {
  const method = pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']);
  const path = encodeURI(
    pick(['/', '/livez', '/readyz', '/graphiql', '/graphiql/', '/graphql/', '/graphql/stream', '/../']) +
      pick(STRANGE_TEXTS).slice(0, 500).toWellFormed(),
  );
  return { told: `${method} ${path}`, fire: () => http(path, { method, headers: chance(50) ? SECRETLESS : {} }) };
}

function overWebSocket(): Shot {
  const operations = Array.from({ length: 1 + random(3) }, () => fuzz.operation([QUERY, MUTATION, SUBSCRIPTION]));
  const messages = operations.map(({ query, variables }, id) =>
    JSON.stringify({ type: 'subscribe', id: String(id), payload: { query, variables } }),
  );
  if (chance(25)) messages.push(pick([JSON.stringify(fuzz.json(4)), fuzz.damaged(pick(messages)), fuzz.text()]));
  const init = chance(95);
  async function fire(): Promise<string> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const heard: string[] = [];
    const over = Promise.withResolvers<void>();
    const late = setTimeout(() => over.reject(new Error(`no end of it; heard ${heard.join('\n').slice(0, 2000)}`)), PATIENCE_MS);
    const open = new Set(operations.flatMap(({ kind }, id) => (kind === 'subscription' ? [] : [String(id)])));
    socket.on('message', (data) => {
      heard.push(String(data));
      const { type, id } = JSON.parse(String(data)) as { type: string; id?: string };
      if (type === 'complete' || type === 'error') open.delete(id ?? '');
      if (open.size === 0 && type !== 'pong') socket.send('{"type":"ping"}');
      if (open.size === 0 && type === 'pong') over.resolve();
    });
    socket.on('close', (code, reason) => {
      heard.push(`${code} ${String(reason)}`);
      if (code >= 4500 || code === 1006) over.reject(new Error(`closed with ${code}`));
      over.resolve();
    });
    socket.on('error', over.reject);
    await once(socket, 'open');
    if (init) socket.send(JSON.stringify({ type: 'connection_init', payload: { token: ADMIN_TOKEN } }));
    if (init) await once(socket, 'message').catch(() => undefined);
    for (const message of messages) socket.send(message);
    await over.promise.finally(() => clearTimeout(late));
    socket.close();
    return heard.join('\n');
  }
  return { told: `WebSocket ${init} ${messages.join('\n')}`, fire };
}

async function judge({ told, fire }: Shot, number: number): Promise<void> {
  const where = `shot ${number} of seed ${SEED}`;
  const answer = await fire().catch((error: unknown) => {
    throw new Error(`${where}: ${String(error)} ${String((error as Error).cause ?? '')}\n${told.slice(0, 4_000)}`);
  });
  const leak = INTERNAL.exec(answer);
  if (leak)
    assert.fail(`${where} answers ${answer.slice(Math.max(0, leak.index - 300), leak.index + 500)}\n${told.slice(0, 4_000)}`);
}

test(`${RUNS} strange requests and messages: no internal error, no word of the inside, no growth, and served all the same`, async (t) => {
  const started = Date.now();
  let heap = 0;
  for (let fired = 0; fired < RUNS; fired += AT_A_TIME) {
    const shots = Array.from({ length: AT_A_TIME }, () => {
      const draw = random(100);
      return draw < 65 ? overHttp() : draw < 75 ? overGet() : draw < 80 ? overPaths() : overWebSocket();
    });
    await Promise.all(shots.map((shot, index) => judge(shot, fired + index)));
    if (fired % 200 === 0) await learn();
    if (fired < RUNS / 2 && fired + AT_A_TIME >= RUNS / 2) heap = heapAfterGc();
  }
  const growth = heapAfterGc() - heap;
  assert.ok(growth < MAX_GROWTH_BYTES, `the heap grew by ${Math.round(growth / 1024 / 1024)} MiB`);
  const { data, errors } = await server.ask<{ viewer: { role: string } }>('{ viewer { role } }');
  assert.deepEqual([data, errors], [{ viewer: { role: 'ADMIN' } }, undefined]);
  t.diagnostic(`${RUNS} shots of seed ${SEED} in ${Date.now() - started} ms, heap ${Math.round(growth / 1024)} KiB larger`);
});
