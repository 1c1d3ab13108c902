import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { startNameServer } from './dnsServer.ts';
import { errorOf, executor, outputOf, requestTo, runWith, serve } from './httpServer.ts';

/** What an attacker's name points to: an address that is allowed, and one that is not. */
const ALLOWED = '127.0.0.2';
const PRIVATE = '127.0.0.1';

/** Listens on every address of this host. @returns the addresses that connections came to */
const listenEverywhere = async (t: TestContext) => {
  const reached: (string | undefined)[] = [];
  const server = http.createServer((_request, response) => response.setHeader('Connection', 'close').end('ok'));
  server.on('connection', (socket) => reached.push(socket.localAddress));
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { reached, port: (server.address() as AddressInfo).port };
};

describe('a name whose answer changes from question to question', () => {
  test('is connected to at the address that was checked, and refused when the next answer is private', async (t) => {
    const { reached, port } = await listenEverywhere(t);
    const names = await startNameServer(t, [[ALLOWED], [PRIVATE]]);
    const sender = executor(t, { allowPrivate: [ALLOWED], lookup: names.lookup });
    const send = () => sender.execute(requestTo(`http://rebind.example:${port}/`), runWith());
    assert.equal(outputOf(await send()).body, 'ok');
    assert.deepEqual([names.questions(), reached], [1, [ALLOWED]]);
    assert.equal(errorOf(await send()).code, 'ADDRESS_NOT_ALLOWED');
    assert.deepEqual([names.questions(), reached], [2, [ALLOWED]]);
  });

  test('with an allowed and a private address at once, only the allowed one is connected to, even when nobody listens there', async (t) => {
    const { reached, port } = await listenEverywhere(t);
    const names = await startNameServer(t, [[PRIVATE, ALLOWED]]);
    const both = executor(t, { allowPrivate: [ALLOWED], lookup: names.lookup });
    assert.equal(outputOf(await both.execute(requestTo(`http://rebind.example:${port}/`), runWith())).body, 'ok');
    assert.deepEqual(reached, [ALLOWED]);
    // One server more, on the private address only: the allowed one refuses.
    let connections = 0;
    const origin = await serve(t, (_request, response) => {
      connections += 1;
      response.end();
    });
    const error = errorOf(await both.execute(requestTo(origin.replace(PRIVATE, 'rebind.example')), runWith()));
    assert.equal(error.code, 'CONNECTION_FAILED');
    assert.equal(connections, 0);
  });
});

describe('spellings of an address that is not allowed', () => {
  const hosts = [
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '127.0.1',
    '2130706433',
    '017700000001',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0x7F.1',
    '%31%32%37.0.0.1',
    '１２７.０.０.１',
    '127。0。0。1',
    '①②⑦.0.0.1',
    '0',
    '0.0.0.0',
    '00.0.0.0x0',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '169.254.169.254',
    '[::ffff:a9fe:a9fe]',
    '[fd00:ec2::254]',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '192.88.99.1',
  ];
  for (const host of hosts) {
    test(host, async (t) => {
      const names = await startNameServer(t, [['8.8.8.8']]);
      const sender = executor(t, { allowPrivate: false, lookup: names.lookup });
      for (const scheme of ['http', 'https']) {
        const error = errorOf(await sender.execute(requestTo(`${scheme}://${host}:8080/`), runWith()));
        assert.equal(error.code, 'ADDRESS_NOT_ALLOWED');
      }
      assert.equal(names.questions(), 0);
    });
  }

  for (const name of [
    'localhost',
    'localhost.',
    'LOCALHOST',
    'metadata.google.internal',
    'instance-data',
    'kubernetes.default.svc',
    'a.nip.io',
  ]) {
    test(`the name ${name}, by what it resolves to`, async (t) => {
      const names = await startNameServer(t, [['127.0.0.1', '169.254.169.254']]);
      const error = errorOf(
        await executor(t, { allowPrivate: false, lookup: names.lookup }).execute(requestTo(`http://${name}/`), runWith()),
      );
      assert.equal(error.code, 'ADDRESS_NOT_ALLOWED');
    });
  }
});

describe('a list of what is allowed', () => {
  test('a name allows what it resolves to, under no other name', async (t) => {
    const { port } = await listenEverywhere(t);
    const names = await startNameServer(t, [[PRIVATE]]);
    const sender = executor(t, { allowPrivate: ['api.internal', '*.svc.local'], lookup: names.lookup });
    const send = (host: string) => sender.execute(requestTo(`http://${host}:${port}/`), runWith());
    for (const host of ['api.internal', 'API.internal.', 'a.b.svc.local']) assert.equal(outputOf(await send(host)).body, 'ok');
    for (const host of ['api.internal.evil.example', 'svc.local', PRIVATE])
      assert.equal(errorOf(await send(host)).code, 'ADDRESS_NOT_ALLOWED');
  });

  test('true does not allow metadata addresses, and the error says how to', async (t) => {
    const error = errorOf(await executor(t).execute(requestTo('http://169.254.169.254/latest/meta-data/'), runWith()));
    assert.equal(error.code, 'ADDRESS_NOT_ALLOWED');
    assert.match(error.message, /must be listed itself/);
  });
});
