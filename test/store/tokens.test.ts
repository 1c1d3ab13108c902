import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { SYSTEM } from '../../src/store/actor.ts';
import { openStore } from '../../src/store/open.ts';
import { ensureToken } from '../../src/store/tokens.ts';
import { createTestDatabase } from '../support/database.ts';

test('instances that start together make the same token once, and none of them fails', async (t) => {
  const databaseUrl = await createTestDatabase(t, () => store.close());
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  const token = { name: 'admin', role: 'ADMIN', hash: 'a'.repeat(64), by: SYSTEM };
  await Promise.all(Array.from({ length: 12 }, () => ensureToken(store.prisma, new Date(), token)));
  assert.equal(await store.prisma.apiToken.count(), 1);
});
