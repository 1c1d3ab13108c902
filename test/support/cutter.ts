import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Hooks } from './database.ts';

interface Line {
  port: number;
  /** In the middle of whatever is on its way; the next connection is whole again. */
  cut(): void;
  /** Cuts it and lets nothing through until it is up again. */
  down(): void;
  up(): void;
}

/** A line to a server of this machine that can be cut. */
export async function startCutter(t: Hooks, port: number): Promise<Line> {
  const open = new Set<Socket>();
  let isDown = false;
  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(from);
          to.destroy();
        });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const down = () => {
    isDown = true;
    cut();
  };
  const up = () => {
    isDown = false;
  };
  t.after(async () => {
    cut();
    await new Promise((closed) => server.close(closed));
  });
  return { port: (server.address() as AddressInfo).port, cut, down, up };
}
