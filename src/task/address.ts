import type { LookupAddress, LookupOptions } from 'node:dns';
import type dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** A host whose every address is private or reserved. `message` is for the user and names host and addresses. */
export class AddressNotAllowedError extends Error {
  override readonly name = 'AddressNotAllowedError';
  readonly code = 'ADDRESS_NOT_ALLOWED';

  constructor(host: string, addresses: readonly string[]) {
    super(
      `${host} is at ${addresses.join(', ')}, a private or reserved address: HTTP tasks connect to public addresses only, ` +
        'unless CARILLON_HTTP_ALLOW_PRIVATE is set',
    );
  }
}

// IANA IPv4 Special-Purpose Address Registry, plus multicast and class E.
const RESERVED_V4 = blockList('ipv4', [
  ['0.0.0.0', 8], // "this network"; 0.0.0.0 reaches the own host on Linux
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, also clouds' metadata (100.100.100.200)
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, clouds' metadata (169.254.169.254)
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);

// Public IPv6 is what IANA gives out, 2000::/3: all else (::1, fc00::/7, fe80::/10, fec0::/10, ff00::/8, 100::/64, …) is refused unnamed.
const GLOBAL_V6 = blockList('ipv6', [['2000::', 3]]);
const RESERVED_V6 = blockList('ipv6', [
  ['2001::', 23], // IETF protocol assignments, with Teredo 2001::/32 which tunnels to any IPv4
  ['2001:db8::', 32],
  ['3fff::', 20],
]);

/**
 * Whether an address belongs to the public internet. IPv6 forms that carry an IPv4 address (mapped, compatible, NAT64
 * 64:ff9b::/96, 6to4) are judged by it.
 * @param address  as the resolver or the URL parser prints it, without brackets; anything that is not an address is not public
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !RESERVED_V4.check(address, 'ipv4');
  if (family !== 6) return false;
  const unscoped = address.replace(/%.*$/, '');
  const embedded = embeddedV4(hextets(unscoped));
  if (embedded !== null) return !RESERVED_V4.check(embedded, 'ipv4');
  return GLOBAL_V6.check(unscoped, 'ipv6') && !RESERVED_V6.check(unscoped, 'ipv6');
}

/**
 * Wraps a resolver so that a socket is offered public addresses only. The check sits where the socket gets its address:
 * a name that is checked first and resolved again on connecting can answer differently (DNS rebinding).
 * Of mixed answers the public ones remain; when none does, the lookup fails with AddressNotAllowedError.
 * Sockets do not call it for hosts that are IP addresses: check those with `isPublicAddress`.
 */
export function publicOnly(lookup: typeof dns.lookup): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[] | undefined) => {
      if (error !== null) return callback(error, '');
      const all = found ?? [];
      const allowed = all.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (first === undefined) {
        const refused = all.map(({ address }) => address);
        return callback(new AddressNotAllowedError(hostname, refused), '');
      }
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

/** The eight 16-bit groups. The URL parser spells every IPv6 address in hex with at most one `::`, dotted tails included. */
function hextets(address: string): number[] {
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function embeddedV4(groups: readonly number[]): string | null {
  const [a = 0, b = 0, c = 0, , , f = 0, g = 0, h = 0] = groups;
  const zeroFrom = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  const dotted = (high: number, low: number): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (zeroFrom(0, 5) && (f === 0xffff || f === 0)) return dotted(g, h); // RFC 4291 §2.5.5: mapped, compatible
  if (a === 0x64 && b === 0xff9b && zeroFrom(2, 6)) return dotted(g, h); // RFC 6052 §2.1: NAT64
  if (a === 0x2002) return dotted(b, c); // RFC 3056 §2: 6to4
  return null;
}
