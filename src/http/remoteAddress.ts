import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import { dotted, hextets } from '../ipv6.ts';

/**
 * Who sends a request.
 * @param trustProxy  how many proxies lie in front. Each adds to X-Forwarded-For whom it was asked by, so that only the last so many
 *                    entries are theirs: what stands before them was said by the client itself
 */
export function remoteAddressOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>, trustProxy: number): string {
  const direct = socket.remoteAddress ?? '';
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  let address = direct;
  for (const entry of forwarded.reverse().slice(0, trustProxy)) {
    const next = withoutPort(entry.trim());
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** The network that one party can be expected to have to itself: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%', 1);
  if (isIP(plain) !== 6) return plain;
  const groups = hextets(plain);
  const [, , , , , f, g = 0, h = 0] = groups;
  // RFC 4291 §2.5.5.2: an IPv4 address as IPv6 sockets see it.
  if (f === 0xffff && groups.slice(0, 5).every((group) => group === 0)) return dotted(g, h);
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** Some proxies write 192.0.2.1:4711 and [2001:db8::1]:4711. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  if (bracketed !== undefined) return bracketed;
  const [host = '', port] = entry.split(':');
  return port !== undefined && isIPv4(host) ? host : entry;
}
