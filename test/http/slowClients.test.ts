import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { addTask } from '../support/parts.ts';
import { startStreamServer } from '../support/streamServer.ts';
import { until } from '../support/until.ts';

/** Some 4 KB an event: what the kernel takes for a client that reads nothing is full before anything is measured. */
const QUERY = `subscription { taskChanged { ${Array.from({ length: 40 }, (_, n) => `c${n}: cursor`).join(' ')} } }`;
/** One in ten. */
const FEWER = 'subscription { taskChanged(filter: { keys: ["other"] }) { cursor id } }';
/** 50,000 take a quarter of a minute. */
const EVENTS = Number(process.env['CARILLON_TEST_EVENTS'] ?? 20_000);
/** As many as the relay keeps in memory for everybody. */
const KEPT = 10_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const server = await startStreamServer({ after });

await addTask(server.parts, { key: 'other' });

/** Writes events of two tasks in one transaction, each with text enough to be noticed. */
async function write(count: number): Promise<void> {
  await server.parts.store.hotTransaction(async (tx) => {
    await tx.sql.query(
      `INSERT INTO event (at, topic, kind, subject_id, task_id, before, after)
       SELECT now(), 'task', 'UPDATED', t.id, t.id, '{}', jsonb_build_object('key', t.key, 'description', repeat('x', 400))
         FROM generate_series(1, $1::int) AS n JOIN task t ON t.key = CASE WHEN n % 10 = 0 THEN 'other' ELSE 'task' END ORDER BY n`,
      [count],
    );
    tx.signal('events');
  });
}

async function subscribeOverSocket(query: string, onMessage: () => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws');
  after(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token: 'any' } }));
  await once(socket, 'message');
  socket.on('message', onMessage);
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
  return socket;
}
async function subscribeOverEvents(): Promise<IncomingMessage> {
  const headers = { authorization: 'Bearer any', accept: 'text/event-stream', 'content-type': 'application/json' };
  const req = request(`${server.url}/graphql/stream`, { method: 'POST', headers });
  after(() => void req.destroy());
  req.end(JSON.stringify({ query: QUERY }));
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.on('error', () => undefined);
  return response;
}

test(`clients that read nothing cost no memory while ${EVENTS} events pass, and hold nobody up`, async (t) => {
  let read = 0;
  await subscribeOverSocket(FEWER, () => (read += 1));
  const reading = (count: number) => until(() => read >= count, 30_000);
  const stuck = { sockets: [] as WebSocket[], streams: [] as IncomingMessage[] };
  for (let n = 0; n < 2; n += 1) {
    stuck.sockets.push(await subscribeOverSocket(QUERY, () => undefined));
    stuck.streams.push(await subscribeOverEvents());
  }
  for (const client of [...stuck.sockets, ...stuck.streams]) client.pause();
  // Until all are subscribed: events come to everybody who is.
  await until(async () => {
    await write(10);
    return read > 0;
  });

  /** Bytes in use when nothing is going on. */
  const memory = async () => {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  // Whatever memory the kernel and the relay take for the ones that are stuck is full by then.
  let told = read;
  const pass = async (count: number) => {
    await write(count);
    await reading((told += count / 10));
  };
  await pass(KEPT + 5_000);
  const before = await memory();
  const began = performance.now();
  await pass(EVENTS);
  const grown = (await memory()) - before;
  t.diagnostic(`${Math.round(grown / 1024)} KiB more after ${EVENTS} events, in ${Math.round(performance.now() - began)} ms`);
  assert.ok(grown < 8 * 2 ** 20, `${grown} bytes more`);
});
