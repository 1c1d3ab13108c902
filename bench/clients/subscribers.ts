/**
 * The clients of bench/streams.ts, in a process of their own: what they cost is not the server's. Each has a connection of its own and
 * looks at no more of a message than the number of its event.
 * Usage: forked with transport, port, number of clients and query; sends a message when all listen, and one for each delay asked for.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { ADMIN_TOKEN } from '../../test/support/carillon.ts';

const [, , transport, port, countText, query = ''] = process.argv;
/** Epoch milliseconds with a fraction: comparable between processes of one machine. */
const now = () => performance.timeOrigin + performance.now();
/** When each client was told of an event, by the event's number. */
const arrivals = new Map<number, number[]>();

function arrived(text: string): void {
  for (const [, number] of text.matchAll(/"id":"event-(\d+)"/g)) {
    const times = arrivals.get(Number(number)) ?? [];
    times.push(now());
    arrivals.set(Number(number), times);
  }
}

async function overSocket(protocol: string[]): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, protocol);
  await once(socket, 'open');
  if (protocol.length > 0) {
    socket.send(JSON.stringify({ type: 'connection_init', payload: { token: ADMIN_TOKEN } }));
    await once(socket, 'message');
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
  }
  socket.on('message', (data) => arrived(String(data)));
}

const agent = new Agent({ maxSockets: Infinity });
async function overEvents(): Promise<void> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, accept: 'text/event-stream', 'content-type': 'application/json' };
  const sent = request({ host: '127.0.0.1', port, path: '/graphql/stream', method: 'POST', headers, agent });
  sent.end(JSON.stringify({ query }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the stream answered ${response.statusCode}`);
  response.setEncoding('utf8').on('data', arrived);
}

const open = { ws: () => overSocket(['graphql-transport-ws']), sse: overEvents, raw: () => overSocket([]) }[String(transport)];
if (open === undefined) throw new Error(`unknown transport: ${transport}`);
for (let left = Number(countText); left > 0; left -= 50) await Promise.all(Array.from({ length: Math.min(50, left) }, open));
process.on('message', (ask: { number: number }) => {
  process.send?.({ number: ask.number, times: arrivals.get(ask.number) ?? [] });
});
process.on('disconnect', () => process.exit());
process.send?.('listening');
