import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { buildSchema } from 'graphql';
import { createRateLimiter } from '../../src/graphql/rateLimit.ts';
import { openSession } from '../../src/graphql/session.ts';

test('an id is free as soon as its last message is on its way, however long that takes to leave', async (t) => {
  const said: string[] = [];
  const closed: number[] = [];
  const wire = {
    send(text: string) {
      const { type, id } = JSON.parse(text);
      said.push([type, id].join(' ').trim());
      return type === 'complete' ? new Promise<void>(() => undefined) : Promise.resolve();
    },
    close: (code: number) => void closed.push(code),
  };
  const viewer = { actor: { kind: 'TOKEN', id: 'a', name: null }, role: 'VIEWER' } as const;
  const clock = { now: () => 0 };
  const session = openSession(wire, {
    guard: {
      schema: buildSchema('type Query { a: Int }'),
      production: true,
      limiter: createRateLimiter('off', clock),
      persisted: null,
    },
    enter: async () => ({ ok: true, visitor: { viewer } }),
    contextFor: () => ({ viewer }),
    mask: () => ({ message: 'masked' }),
    requestId: 'r',
  });
  t.after(session.end);
  session.receive({ type: 'connection_init' });
  await setImmediate();
  for (let round = 0; round < 2; round += 1) {
    session.receive({ type: 'subscribe', id: '1', payload: { query: '{ a }' } });
    await setImmediate();
  }
  assert.deepEqual(said, ['connection_ack', 'next 1', 'complete 1', 'next 1', 'complete 1']);
  assert.deepEqual(closed, []);
});
