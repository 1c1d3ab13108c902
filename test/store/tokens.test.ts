import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ensureAdminToken } from '../../src/auth/tokens.ts';
import { SYSTEM } from '../../src/store/actor.ts';
import { openStore } from '../../src/store/open.ts';
import { ensureToken } from '../../src/store/tokens.ts';
import { takeTestDatabase } from '../support/database.ts';

test('instances that start together make the same token once, and none of them fails', async (t) => {
  const databaseUrl = await takeTestDatabase(t, () => store.close());
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  const token = { name: 'admin', role: 'ADMIN', hash: 'a'.repeat(64), by: SYSTEM };
  await Promise.all(Array.from({ length: 12 }, () => ensureToken(store.prisma, new Date(), token)));
  assert.equal(await store.prisma.apiToken.count(), 1);
});

test('a first token whose secret cannot be kept is not made: nobody is locked out', async (t) => {
  const databaseUrl = await takeTestDatabase(t, () => store.close());
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  const full = () => Promise.reject(new Error('no space left on device'));
  await assert.rejects(ensureAdminToken(store, null, Date.now(), full), /no space left/);
  assert.equal(await store.prisma.apiToken.count(), 0);
  const kept: string[] = [];
  const keep = async (secret: string) => void kept.push(secret);
  assert.deepEqual([await ensureAdminToken(store, null, Date.now(), keep)], kept);
  assert.equal(await ensureAdminToken(store, null, Date.now(), keep), null, 'there is one now');
});

test('instances that start together on an empty database make one first token', async (t) => {
  const databaseUrl = await takeTestDatabase(t, () => store.close());
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  const keep = async () => undefined;
  const made = await Promise.all(Array.from({ length: 6 }, () => ensureAdminToken(store, null, Date.now(), keep)));
  assert.equal(made.filter((secret) => secret !== null).length, 1);
  assert.equal(await store.prisma.apiToken.count(), 1);
});
