import type { LookupAddress, LookupOptions } from 'node:dns';
import type dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { dotted, hextets } from '../ipv6.ts';

/** A host at none of whose addresses a task may connect. `message` is for the user and names host and addresses. */
export class AddressNotAllowedError extends Error {
  override readonly name = 'AddressNotAllowedError';
  readonly code = 'ADDRESS_NOT_ALLOWED';

  constructor(host: string, addresses: readonly string[]) {
    super(
      `${host} is at ${addresses.join(', ')}, a private or reserved address: HTTP tasks connect to public addresses only, ` +
        `and to those that CARILLON_HTTP_ALLOW_PRIVATE allows${addresses.some(isMetadata) ? ' (a metadata address must be listed itself)' : ''}`,
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
  ['2002::', 16], // 6to4
  ['3fff::', 20],
]);

// Where clouds answer whoever asks with the credentials of the machine. Not all of them are private by their range.
const METADATA = ['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'];
const METADATA_LIST = addressList(METADATA);

/**
 * Whether an address belongs to the public internet. IPv6 forms that stand for an IPv4 address (mapped, NAT64 64:ff9b::/96) are
 * judged by it; those that only carry one (compatible, 6to4) are out of use and refused.
 * @param address  as the resolver or the URL parser prints it, without brackets; anything that is not an address is not public
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || isMetadata(address)) return false;
  const { v4, v6 } = family === 4 ? { v4: address, v6: '' } : standsFor(address);
  if (v4 !== null) return !RESERVED_V4.check(v4, 'ipv4');
  return GLOBAL_V6.check(v6, 'ipv6') && !RESERVED_V6.check(v6, 'ipv6');
}

/** Whether a request for `host` may connect to `address`, one that the host resolved to or the host itself. */
export type AddressPolicy = (address: string, host: string) => boolean;

/**
 * Public addresses, and those that the setting allows. The metadata addresses of clouds are never among them by a range, a name or
 * `true`: only by being listed themselves.
 * @param allowPrivate  CARILLON_HTTP_ALLOW_PRIVATE as readConfig answers it; a name allows whatever it resolves to
 */
export function addressPolicy(allowPrivate: boolean | readonly string[]): AddressPolicy {
  if (typeof allowPrivate === 'boolean')
    return (address) => (allowPrivate ? isIP(address) !== 0 && !isMetadata(address) : isPublicAddress(address));
  const exact = addressList(allowPrivate.filter((entry) => isIP(entry) !== 0));
  const ranges = new BlockList();
  for (const [net = '', prefix] of allowPrivate.map((entry) => entry.split('/')))
    if (prefix !== undefined) ranges.addSubnet(net, Number(prefix), isIP(net) === 4 ? 'ipv4' : 'ipv6');
  const names = allowPrivate.filter((entry) => isIP(entry) === 0 && !entry.includes('/'));
  return (address, host) => {
    if (isIP(address) === 0) return false;
    if (isPublicAddress(address) || holds(exact, address)) return true;
    return !isMetadata(address) && (holds(ranges, address) || names.some((name) => matches(name, host)));
  };
}

/**
 * Wraps a resolver so that a socket is offered allowed addresses only. The check sits where the socket gets its address:
 * a name that is checked first and resolved again on connecting can answer differently (DNS rebinding).
 * Of mixed answers the allowed ones remain; when none does, the lookup fails with AddressNotAllowedError.
 * Sockets do not call it for hosts that are IP addresses: ask the policy about those.
 */
export function allowedOnly(lookup: typeof dns.lookup, policy: AddressPolicy): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[] | undefined) => {
      if (error !== null) return callback(error, '');
      const all = found ?? [];
      const allowed = all.filter(({ address }) => policy(address, hostname));
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

/** `*.internal` is every name below internal, not internal itself. A trailing dot makes no difference. */
function matches(entry: string, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return entry.startsWith('*.') ? name.endsWith(entry.slice(1)) : name === entry;
}

function isMetadata(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isIP(address) === 4) return METADATA_LIST.check(address, 'ipv4');
  const carried = carriedV4(hextets(unscoped(address)));
  return METADATA_LIST.check(unscoped(address), 'ipv6') || (carried !== null && METADATA_LIST.check(carried.v4, 'ipv4'));
}

function holds(list: BlockList, address: string): boolean {
  const { v4, v6 } = isIP(address) === 4 ? { v4: address, v6: '' } : standsFor(address);
  return v4 === null ? list.check(v6, 'ipv6') : list.check(v4, 'ipv4');
}

function addressList(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) list.addAddress(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  return list;
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

/** What an IPv6 address is to be judged as. */
function standsFor(address: string): { v4: string; v6: '' } | { v4: null; v6: string } {
  const v6 = unscoped(address);
  const carried = carriedV4(hextets(v6));
  return carried?.current === true ? { v4: carried.v4, v6: '' } : { v4: null, v6 };
}

function unscoped(address: string): string {
  return address.replace(/%.*$/, '');
}

/** The IPv4 address in an IPv6 one; `current`: packets to the one go to the other. */
function carriedV4(groups: readonly number[]): { v4: string; current: boolean } | null {
  const [a = 0, b = 0, c = 0, , , f = 0, g = 0, h = 0] = groups;
  const zeroFrom = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (zeroFrom(0, 5) && f === 0xffff) return { v4: dotted(g, h), current: true }; // RFC 4291 §2.5.5.2: mapped
  if (a === 0x64 && b === 0xff9b && zeroFrom(2, 6)) return { v4: dotted(g, h), current: true }; // RFC 6052 §2.1: NAT64
  if (zeroFrom(0, 6) && g !== 0) return { v4: dotted(g, h), current: false }; // RFC 4291 §2.5.5.1: compatible, deprecated
  if (a === 0x2002) return { v4: dotted(b, c), current: false }; // RFC 3056 §2: 6to4, RFC 7526 deprecated it
  return null;
}
