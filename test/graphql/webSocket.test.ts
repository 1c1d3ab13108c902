import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createClient } from 'graphql-ws';
import type { ClientOptions, Client as SocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createApi, fresh } from '../support/api.ts';
import { ADMIN_TOKEN, startInstance } from '../support/carillon.ts';
import type { Client } from '../support/carillon.ts';
import { takeTestDatabase } from '../support/database.ts';
import { SCHEDULE_CHANGED } from '../support/operations.ts';

interface ScheduleEvent {
  kind: string;
  cursor: string;
}

/** A Carillon that can be stopped and started again at the same address, on the same database. */
async function restartable(t: TestContext) {
  let instance: (Client & { stop(): Promise<void> }) | null = null;
  const stop = async () => {
    await instance?.stop();
    instance = null;
  };
  const databaseUrl = await takeTestDatabase(t, stop);
  const start = async (env: Record<string, string> = {}) => (instance = await startInstance(databaseUrl, env));
  return { start, stop };
}

function connect(t: TestContext, url: string, options: Partial<ClientOptions> = {}): SocketClient {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${ADMIN_TOKEN}` },
    retryAttempts: 0,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

/**
 * @returns takes the cursors of the next edits. Each event is remembered, when it arrives, as the one to go on behind when the client
 *          connects again. What was written before the cursor that the stream begins at may come as well: a transaction elsewhere on
 *          the server can hold cursors back.
 */
function watch(client: SocketClient, filter: unknown, after: string) {
  const variables = { filter, after };
  const arrived: string[] = [];
  let wake: () => void = () => undefined;
  let failed: unknown;
  client.subscribe<{ scheduleChanged: ScheduleEvent }>(
    { query: SCHEDULE_CHANGED, variables },
    {
      next({ data, errors }) {
        if (data == null) throw new Error(JSON.stringify(errors));
        const { kind, cursor } = data.scheduleChanged;
        variables.after = cursor;
        if (kind === 'UPDATED') arrived.push(cursor);
        wake();
      },
      error(error) {
        failed = error;
        wake();
      },
      complete: () => undefined,
    },
  );
  return async (count: number): Promise<string[]> => {
    while (arrived.length < count) {
      if (failed !== undefined) throw failed;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return arrived.splice(0, count);
  };
}

test('a client goes on behind its last cursor, over a stop and a start of the server: nothing missed, nothing twice', async (t) => {
  const { start, stop } = await restartable(t);
  const first = await start();
  const api = createApi(first);
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const [name, other] = [fresh('watched'), fresh('filtered-out')];
  for (const each of [name, other]) await api.scheduleOf(task, { name: each });
  const { eventCursor } = (await first.ask<{ eventCursor: string }>('{ eventCursor }')).data;
  const edit = (to: typeof api, of: string, description: string) =>
    to.updateSchedule({ ref: { name: of }, patch: { description } });

  const codes: number[] = [];
  const back = Promise.withResolvers<void>();
  const client = connect(t, first.url, {
    retryAttempts: 1,
    retryWait: () => back.promise,
    on: { closed: (event) => codes.push((event as { code: number }).code) },
  });
  const take = watch(client, { names: [name] }, eventCursor);
  await edit(api, name, 'one');
  await edit(api, other, 'nobody watches');
  await edit(api, name, 'two');
  const before = await take(2);
  await stop();
  assert.deepEqual(codes, [1001]);

  // What happens before the client is back must reach it as well.
  const second = createApi(await start({ PORT: new URL(first.url).port }));
  await edit(second, name, 'three');
  await edit(second, other, 'nobody watches');
  back.resolve();
  await edit(second, name, 'four');
  const seen = [...before, ...(await take(2))];
  // The whole stretch, read once more in one piece.
  const whole = await watch(connect(t, first.url), { names: [name] }, eventCursor)(4);
  assert.deepEqual(seen, whole);
  assert.equal(new Set(whole).size, 4);
});

test('a whole Carillon stops while its sockets are open and silent', async (t) => {
  const { start, stop } = await restartable(t);
  const instance = await start();
  const socket = new WebSocket(`${instance.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  const [ack] = await once(socket, 'message');
  assert.equal(String(ack), '{"type":"connection_ack"}');
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: 'subscription { runChanged { cursor } }' } }));
  const gone = once(socket, 'close');
  await stop();
  assert.equal((await gone)[0], 1001);
});
