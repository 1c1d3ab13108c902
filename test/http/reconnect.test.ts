import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { printCursor } from '../../src/events/cursor.ts';
import { startCutter } from '../support/cutter.ts';
import { createRandom } from '../support/random.ts';
import { startStreamServer } from '../support/streamServer.ts';

/** CARILLON_TEST_EVENTS=20000 is the full size, with 100 cuts; it takes half a minute. */
const EVENTS = Number(process.env['CARILLON_TEST_EVENTS'] ?? 3_000);
const CUTS = Math.min(100, Math.ceil(EVENTS / 100));
const WRITERS = 5;
const QUERY = `
  subscription ($after: Cursor, $minInterval: Duration) {
    runChanged(after: $after, minInterval: $minInterval) { cursor kind id state }
  }`;

interface Event {
  cursor: string;
  kind: string;
  id: string;
  state: string;
}
interface Request {
  query: string;
  variables: { after: string; minInterval: string | null };
}
interface Sink {
  next(result: { data?: { runChanged: Event } | null; errors?: unknown }): void;
  error(error: unknown): void;
  complete(): void;
}
type Follow = (port: number, request: Request, sink: Sink) => () => void;

const overSocket: Follow = (port, request, sink) => {
  const client = createSocketClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: 'any' },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: async () => undefined,
  });
  client.subscribe(request as never, sink as never);
  // It disposes of the connection that was cut last, too, and would say so.
  return () => void Promise.resolve(client.dispose()).catch(() => undefined);
};

/** Its client takes a cut between two events that it has not handed on yet for an error, and is subscribed anew. */
const overEvents: Follow = (port, request, sink) => {
  const client = createEventClient({
    url: `http://127.0.0.1:${port}/graphql/stream`,
    headers: { authorization: 'Bearer any' },
    retryAttempts: Infinity,
    retry: async () => undefined,
  });
  let over = false;
  const again = () => {
    client.subscribe(request as never, {
      next: (result) => sink.next(result as never),
      error: () => !over && again(),
      complete: () => !over && sink.complete(),
    });
  };
  again();
  return () => {
    over = true;
    client.dispose();
  };
};

/** A list that is kept by what a stream tells, over a line that is cut at so many places. */
async function keepList(
  t: TestContext,
  port: number,
  {
    follow,
    after,
    minInterval,
    seed,
    events,
  }: { follow: Follow; after: string; minInterval: string | null; seed: number; events: number },
) {
  const random = createRandom(seed);
  const cuts = Array.from({ length: CUTS }, () => 1 + random(events)).toSorted((a, b) => a - b);
  const line = await startCutter(t, port);
  const list = new Map<string, string>();
  const cursors: string[] = [];
  let made = 0;
  const request: Request = { query: QUERY, variables: { after, minInterval } };
  const ended = Promise.withResolvers<void>();
  let last: string | undefined;
  const leave = follow(line.port, request, {
    next({ data, errors }) {
      if (data == null) return ended.reject(new Error(JSON.stringify(errors)));
      const event = data.runChanged;
      request.variables.after = event.cursor;
      cursors.push(event.cursor);
      if (event.kind === 'DELETED') list.delete(event.id);
      else list.set(event.id, event.state);
      if (event.id === last) ended.resolve();
      if (made < CUTS && cursors.length >= (cuts[made] as number)) {
        made += 1;
        line.cut();
      }
    },
    error: (error) => ended.reject(error as Error),
    complete: () => ended.reject(new Error('the stream was completed')),
  });
  t.after(leave);
  return {
    list,
    cursors,
    cutsMade: () => made,
    async until(id: string) {
      last = id;
      if (list.has(id)) ended.resolve();
      await ended.promise;
    },
  };
}

test(`cut off ${CUTS} times while ${EVENTS} events are written, clients end with the list of the database: nothing missed, nothing twice`, async (t) => {
  const server = await startStreamServer(t);
  const { store } = server.parts;
  const after = printCursor(server.streamId, { xid: 0n, seq: 0n });
  const clients = await Promise.all([
    keepList(t, server.port, { follow: overSocket, after, minInterval: null, seed: 1, events: EVENTS }),
    keepList(t, server.port, { follow: overEvents, after, minInterval: null, seed: 2, events: EVENTS }),
    // Hears of each run at least once; the more often it is cut the more often.
    keepList(t, server.port, { follow: overSocket, after, minInterval: 'PT0.1S', seed: 3, events: EVENTS / 3 }),
  ]);
  const write = async (seed: number) => {
    const random = createRandom(seed);
    for (let left = EVENTS / 3 / WRITERS; left > 0;) {
      const ids = await server.queue(Math.min(Math.ceil(left), 1 + random(60)));
      left -= ids.length;
      const holds = await server.start(ids);
      const failed = random(holds.length + 1);
      await server.finish(holds.slice(0, failed), 'FAILED');
      await server.finish(holds.slice(failed), 'SUCCEEDED');
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, index) => write(10 + index)));
  const [last] = await server.queue(1);
  await Promise.all(clients.map((client) => client.until(last as string)));

  const rows = await store.sql.query<{ id: string; state: string }>('SELECT id, state FROM run ORDER BY id');
  const stored = rows.map(({ id, state }) => `${id} ${state}`);
  const stream = await store.sql.query<{ xid: string; seq: string }>(
    `SELECT xid::text, seq::text FROM event WHERE topic = 'run' ORDER BY event.xid, event.seq`,
  );
  const cursors = stream.map(({ xid, seq }) => printCursor(server.streamId, { xid: BigInt(xid), seq: BigInt(seq) }));
  assert.ok(cursors.length >= EVENTS);
  for (const [index, client] of clients.entries()) {
    const list = [...client.list].map(([id, state]) => `${id} ${state}`).toSorted();
    assert.deepEqual(list, stored);
    assert.equal(client.cutsMade(), CUTS);
    if (index < 2) assert.deepEqual(client.cursors, cursors);
    else assert.equal(new Set(client.cursors).size, client.cursors.length);
  }
  t.diagnostic(`events told: ${clients.map((client) => client.cursors.length).join(', ')}`);
});
