import assert from 'node:assert/strict';
import type dns from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, test } from 'node:test';
import { AddressNotAllowedError, addressPolicy, allowedOnly, isPublicAddress } from '../../src/task/address.ts';
import { answering } from './httpServer.ts';

/** What a socket would be told. */
const ask = (lookup: typeof dns.lookup, options: LookupOptions): Promise<unknown[]> =>
  new Promise((resolve) => {
    allowedOnly(lookup, addressPolicy(false))('hook.example', options, (...answer) => resolve(answer));
  });

describe('public addresses', () => {
  const cases: [block: string, refused: string[], allowedBeside: string[]][] = [
    ['this network', ['0.0.0.0', '0.255.255.255'], ['1.0.0.0']],
    ['RFC 1918 10/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    ['RFC 1918 172.16/12', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
    ['RFC 1918 192.168/16', ['192.168.0.0', '192.168.255.255'], ['192.167.255.255', '192.169.0.0']],
    ['carrier-grade NAT', ['100.64.0.0', '100.127.255.255'], ['100.63.255.255', '100.128.0.0']],
    ['loopback', ['127.0.0.1', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']],
    ['link-local, cloud metadata', ['169.254.0.0', '169.254.169.254'], ['169.253.255.255', '169.255.0.0']],
    ['IETF protocol assignments', ['192.0.0.0', '192.0.0.255'], ['191.255.255.255', '192.0.1.0']],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.255'], ['192.0.3.0', '198.51.101.0', '203.0.114.0']],
    ['benchmarking', ['198.18.0.0', '198.19.255.255'], ['198.17.255.255', '198.20.0.0']],
    ['multicast, class E and broadcast', ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'], ['223.255.255.255']],
    ['IPv6 unspecified and loopback', ['::', '::1'], ['2606:4700:4700::1111']],
    ['IPv6 unique local', ['fc00::1', 'fdff::1'], []],
    ['IPv6 link-local and site-local, with a zone too', ['fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1'], []],
    ['IPv6 multicast', ['ff02::1'], []],
    ['IPv6 discard, segment routing, unassigned', ['100::1', '5f00::1', '4000::1', '1fff::1'], ['2003::1', '3ffe::1']],
    ['IPv6 documentation', ['2001:db8::1', '3fff::1'], ['2001:db7::1', '2001:db9::1']],
    ['Teredo', ['2001::1', '2001:0:808:808::1'], ['2001:4860:4860::8888']],
    ['IPv4-mapped', ['::ffff:127.0.0.1', '::ffff:a00:1', '0:0:0:0:0:ffff:169.254.169.254'], ['::ffff:8.8.8.8']],
    ['IPv4-compatible', ['::127.0.0.1', '::a00:1', '::8.8.8.8'], []],
    ['IPv4-mapped, spelled in other ways', ['::FFFF:7F00:1', '0000:0000:0000:0000:0000:ffff:127.0.0.1', '::ffff:0:0'], []],
    ['6to4 relays', ['192.88.99.1'], ['192.88.98.255', '192.88.100.0']],
    [
      'clouds’ metadata that is not private by its range',
      ['168.63.129.16', '::ffff:168.63.129.16', '64:ff9b::a83f:8110'],
      ['168.63.129.15', '168.63.129.17'],
    ],
    ['IPv4-translated', ['::ffff:0:127.0.0.1'], []],
    ['NAT64', ['64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::808:808'], ['64:ff9b::8.8.8.8']],
    ['6to4', ['2002:7f00:1::1', '2002:a9fe:a9fe::', '2002:c0a8:101::1', '2002:808:808::1'], []],
    ['not an address at all', ['', 'localhost', '127.1', '[::1]', '8.8.8.8:80'], []],
  ];
  for (const [block, refused, allowedBeside] of cases) {
    test(block, () => {
      assert.deepEqual(
        refused.filter((address) => isPublicAddress(address)),
        [],
      );
      assert.deepEqual(
        allowedBeside.filter((address) => !isPublicAddress(address)),
        [],
      );
    });
  }
});

describe('what CARILLON_HTTP_ALLOW_PRIVATE allows besides', () => {
  const host = 'hook.example';
  const cases: {
    rule: string;
    setting: boolean | string[];
    allowed: [address: string, host?: string][];
    refused: [string, string?][];
  }[] = [
    {
      rule: 'true: everything but metadata addresses',
      setting: true,
      allowed: [['127.0.0.1'], ['10.0.0.1'], ['::1'], ['169.254.1.1'], ['::ffff:10.0.0.1'], ['8.8.8.8']],
      refused: [
        ['169.254.169.254'],
        ['::ffff:169.254.169.254'],
        ['::169.254.169.254'],
        ['2002:a9fe:a9fe::'],
        ['fd00:ec2::254'],
        ['x'],
      ],
    },
    {
      rule: 'a range, in every spelling of its addresses',
      setting: ['10.0.0.0/8', 'fd00::/16'],
      allowed: [['10.255.0.1'], ['::ffff:10.0.0.1'], ['64:ff9b::a00:1'], ['fd00::1'], ['8.8.8.8']],
      refused: [['172.16.0.1', '10.0.0.1'], ['192.168.0.1'], ['::1'], ['fd01::1'], ['2002:a00:1::'], ['fd00:ec2::254']],
    },
    {
      rule: 'an address',
      setting: ['10.0.0.1', '::1'],
      allowed: [['10.0.0.1'], ['::ffff:a00:1'], ['::1'], ['0:0:0:0:0:0:0:1']],
      refused: [['10.0.0.2'], ['127.0.0.1'], ['::2']],
    },
    {
      rule: 'a metadata address, only by itself',
      setting: ['169.254.169.254', '100.64.0.0/10', '0.0.0.0/0'],
      allowed: [['169.254.169.254'], ['100.64.0.1'], ['127.0.0.1']],
      refused: [['100.100.100.200'], ['168.63.129.16'], ['192.0.0.192']],
    },
    {
      rule: 'a name, whatever its case and trailing dot, and no other',
      setting: ['api.internal'],
      allowed: [
        ['10.0.0.1', 'api.internal'],
        ['::1', 'API.internal.'],
      ],
      refused: [['10.0.0.1'], ['10.0.0.1', 'x.api.internal'], ['10.0.0.1', 'xapi.internal'], ['169.254.169.254', 'api.internal']],
    },
    {
      rule: 'every name below another, and not that one',
      setting: ['*.svc.local'],
      allowed: [
        ['10.0.0.1', 'a.svc.local'],
        ['10.0.0.1', 'a.b.svc.local.'],
      ],
      refused: [
        ['10.0.0.1', 'svc.local'],
        ['10.0.0.1', 'asvc.local'],
        ['10.0.0.1', 'a.svc.local.evil.example'],
      ],
    },
  ];
  for (const { rule, setting, allowed, refused } of cases) {
    test(rule, () => {
      const policy = addressPolicy(setting);
      const verdicts = (addresses: [string, string?][]) => addresses.filter(([address, name]) => policy(address, name ?? host));
      assert.deepEqual(verdicts(allowed), allowed);
      assert.deepEqual(verdicts(refused), []);
    });
  }
});

describe('a resolver for public addresses only', () => {
  test('mixed answers: the private ones are withheld', async () => {
    const mixed = answering(['10.0.0.1', '8.8.8.8', '::1', '2606:4700:4700::1111', '169.254.169.254']);
    const all = [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ];
    assert.deepEqual(await ask(mixed, { all: true }), [null, all]);
    assert.deepEqual(await ask(mixed, { all: false }), [null, '8.8.8.8', 4]);
    assert.deepEqual(await ask(mixed, {}), [null, '8.8.8.8', 4]);
  });

  test('only private answers: refused, naming host, addresses and setting', async () => {
    const [error] = await ask(answering(['10.0.0.1', '::ffff:127.0.0.1']), { all: true });
    assert(error instanceof AddressNotAllowedError);
    assert.equal(error.code, 'ADDRESS_NOT_ALLOWED');
    assert.match(error.message, /hook\.example.*10\.0\.0\.1, ::ffff:127\.0\.0\.1.*CARILLON_HTTP_ALLOW_PRIVATE/);
  });

  test('the resolver is always asked for all answers, with the socket’s other options', async () => {
    const asked: LookupOptions[] = [];
    const lookup = ((host: string, options: LookupOptions, callback: (error: null, found: LookupAddress[]) => void) => {
      asked.push(options);
      answering(['8.8.8.8'])(host, { ...options, all: true }, callback as never);
    }) as typeof dns.lookup;
    await ask(lookup, { family: 4, hints: 0 });
    assert.deepEqual(asked, [{ family: 4, hints: 0, all: true }]);
  });

  test('a failed resolution is passed on', async () => {
    const failed = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const lookup = ((_host: string, _options: LookupOptions, callback: (error: Error) => void) =>
      callback(failed)) as typeof dns.lookup;
    const [error] = await ask(lookup, {});
    assert.equal(error, failed);
  });
});
