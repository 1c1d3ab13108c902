import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

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
  // The URL parser prints an address in one way only: lower case, no leading zeros, hexadecimal.
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (mapped) return [mapped[1], mapped[2]].map((half) => dotted(Number.parseInt(half as string, 16))).join('.');
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => '0');
  return `${[...before, ...zeros, ...behind].slice(0, 4).join(':')}::/64`;
}

const dotted = (pair: number) => `${pair >> 8}.${pair & 255}`;

/** Some proxies write 192.0.2.1:4711 and [2001:db8::1]:4711. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  if (bracketed !== undefined) return bracketed;
  const [host = '', port] = entry.split(':');
  return port !== undefined && isIPv4(host) ? host : entry;
}
