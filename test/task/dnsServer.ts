import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import type dns from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** A name server on a free UDP port that may answer each question differently, with a life of 0 seconds. */
export interface NameServer {
  /** Asks it over UDP, as `dns.lookup` asks the server of the machine. */
  lookup: typeof dns.lookup;
  /** How often it was asked. */
  questions(): number;
}

/** @param answers  the IPv4 addresses of the first question, of the second, …; the last are for all that follow */
export async function startNameServer(t: TestContext, answers: readonly string[][]): Promise<NameServer> {
  let asked = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    socket.send(answerOf(query, addresses), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const lookup = (host: string, _: LookupOptions, callback: (error: Error | null, found: LookupAddress[]) => void) =>
    resolver.resolve4(host, (error, found) =>
      callback(
        error,
        (found ?? []).map((address) => ({ address, family: 4 })),
      ),
    );
  return { lookup: lookup as typeof dns.lookup, questions: () => asked };
}

/** RFC 1035 §4: the header and question of the query, then one A record for each address. */
function answerOf(query: Buffer, addresses: readonly string[]): Buffer {
  const nameEnd = query.indexOf(0, 12) + 1;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2); // an answer, recursion available, no error
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([head, query.subarray(12, nameEnd + 4), ...records]);
}
