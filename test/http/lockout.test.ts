import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { createLockout } from '../../src/http/lockout.ts';
import { networkOf, remoteAddressOf } from '../../src/http/remoteAddress.ts';
import { createFakeClock } from '../support/clock.ts';
import { bearer, startTestServer } from './fixture.ts';

const MINUTE = 60_000;
function fail(lockout: ReturnType<typeof createLockout>, network: string, times: number): void {
  for (let n = 0; n < times; n += 1) lockout.failed(network, `wrong ${n}`);
}

test('ten failures within a minute lock a network for a minute, and no other', () => {
  const clock = createFakeClock(0);
  const lockout = createLockout(clock);
  fail(lockout, 'here', 9);
  assert.equal(lockout.waitFor('here', 'any'), null);
  assert.equal(lockout.failed('here', 'wrong'), true);
  assert.equal(lockout.waitFor('here', 'any'), 60);
  assert.equal(lockout.waitFor('there', 'any'), null);
  clock.advanceTo(MINUTE - 1);
  assert.equal(lockout.waitFor('here', 'any'), 1);
  clock.advanceTo(MINUTE);
  assert.equal(lockout.waitFor('here', 'any'), null);
  fail(lockout, 'here', 9);
  assert.equal(lockout.waitFor('here', 'any'), null, 'the count begins anew');
});

test('failures of more than a minute ago do not count', () => {
  const clock = createFakeClock(0);
  const lockout = createLockout(clock);
  fail(lockout, 'here', 9);
  clock.advanceTo(MINUTE);
  fail(lockout, 'here', 9);
  assert.equal(lockout.waitFor('here', 'any'), null);
  fail(lockout, 'here', 1);
  assert.equal(lockout.waitFor('here', 'any'), 60);
});

test('a token that was right from a locked network goes on, until it fails; one that was right elsewhere does not', () => {
  const lockout = createLockout(createFakeClock(0));
  lockout.succeeded('here', 'mine');
  lockout.succeeded('there', 'yours');
  fail(lockout, 'here', 10);
  assert.deepEqual([lockout.waitFor('here', 'mine'), lockout.waitFor('here', 'yours')], [null, 60]);
  lockout.failed('here', 'mine');
  assert.equal(lockout.waitFor('here', 'mine'), 60);
});

test('10,000 networks are remembered; what has been quiet longest is forgotten first', () => {
  const lockout = createLockout(createFakeClock(0));
  fail(lockout, 'first', 10);
  fail(lockout, 'second', 10);
  for (let n = 0; n < 9_999; n += 1) lockout.failed(`network ${n}`, 'wrong');
  assert.deepEqual([lockout.waitFor('first', 'any'), lockout.waitFor('second', 'any')], [null, 60]);
});

const networks = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
] as const;
for (const [address, network] of networks) {
  test(`${address || 'an address that is not known'} belongs to ${network || 'none'}`, () => {
    assert.equal(networkOf(address), network);
  });
}

const requests = [
  { rule: 'nobody is trusted', trust: 0, forwarded: '203.0.113.1', address: '192.0.2.9' },
  { rule: 'the entry of the one proxy', trust: 1, forwarded: '10.0.0.1, 203.0.113.1', address: '203.0.113.1' },
  { rule: 'the entry of the outer one of two', trust: 2, forwarded: 'made-up, 203.0.113.1, 10.0.0.1', address: '203.0.113.1' },
  { rule: 'fewer entries than proxies', trust: 3, forwarded: '203.0.113.1', address: '203.0.113.1' },
  { rule: 'what is no address', trust: 2, forwarded: 'unknown, 203.0.113.1', address: '203.0.113.1' },
  { rule: 'with a port', trust: 1, forwarded: '203.0.113.1:4711', address: '203.0.113.1' },
  { rule: 'IPv6 with a port', trust: 1, forwarded: '[2001:db8::1]:4711', address: '2001:db8::1' },
  { rule: 'without the header', trust: 1, forwarded: undefined, address: '192.0.2.9' },
];
for (const { rule, trust, forwarded, address } of requests) {
  test(`who asks through ${trust} proxies: ${rule}`, () => {
    const headers = { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) };
    assert.equal(remoteAddressOf({ socket: { remoteAddress: '192.0.2.9' } as Socket, headers }, trust), address);
  });
}

test('a locked address is answered with 429 and Retry-After on every path; others, no token, and what was right go on', async (t) => {
  const clock = createFakeClock(0);
  const server = await startTestServer({ clock, trustProxy: 1 });
  t.after(server.stop);
  const from = (address: string, token?: string) => ({ 'x-forwarded-for': address, ...(token !== undefined && bearer(token)) });
  const ask = (address: string, token?: string) => server.post('{ hello }', {}, from(address, token));
  assert.equal((await ask('203.0.113.1', 'editor')).status, 200);
  for (let n = 0; n < 10; n += 1) assert.equal((await ask('203.0.113.1', 'wrong')).status, 401);
  const refused = await ask('203.0.113.1', 'wrong');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60']);
  assert.deepEqual(refused.body.errors?.[0]?.extensions, { code: 'RATE_LIMITED', retryAfter: 60 });
  assert.equal((await ask('203.0.113.1', 'admin')).status, 429, 'right, but it could be the one that was guessed');
  assert.equal((await ask('203.0.113.1', 'editor')).status, 200);
  assert.equal((await ask('203.0.113.1')).status, 401);
  assert.equal((await ask('203.0.113.2', 'wrong')).status, 401);
  const headers = { accept: 'text/event-stream', ...from('203.0.113.1', 'wrong') };
  assert.equal((await server.send('/graphql/stream?query=subscription{ticks{n}}', { headers })).status, 429);
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws', {
    headers: { 'x-forwarded-for': '203.0.113.1' },
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token: 'admin' } }));
  const [code] = await once(socket, 'close');
  assert.equal(code, 1013);
  assert.deepEqual(
    server.lines.filter(({ level }) => level === 40).map(({ network }) => network),
    ['203.0.113.1'],
  );
  clock.advanceTo(MINUTE);
  assert.equal((await ask('203.0.113.1', 'admin')).status, 200);
});
