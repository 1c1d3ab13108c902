import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hooks } from './database.ts';

/** A request that reached the target. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Parsed when it is JSON, else the text; null when there is none. */
  body: unknown;
}
interface Reply {
  status?: number;
  /** Sent as JSON; nothing when absent. */
  body?: unknown;
  headers?: Record<string, string>;
}
/** What HTTP tasks of a test call: a real server whose answers the test decides. */
export interface Target {
  url: string;
  /** All that came so far, in order. */
  received: readonly Received[];
  /** The next request that no earlier call has answered. Requests that are held count: they have arrived. */
  next(): Promise<Received>;
  /** From here on every answer waits until `release` is called. */
  hold(): void;
  /** Answers what is held, and everything after it at once. */
  release(): void;
  /** What later requests are answered: the replies in turn, the last one from then on. */
  reply(...replies: Reply[]): void;
  /** Ends what is open; nobody listens from here on. */
  stop(): Promise<void>;
}

export async function startTarget(t: Hooks): Promise<Target> {
  const received: Received[] = [];
  let taken = 0;
  const waiting: ((request: Received) => void)[] = [];
  let replies: Reply[] = [{}];
  let gate = Promise.withResolvers<void>();
  gate.resolve();

  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url: path = '', headers } = request;
      const entry = { method, path, headers, body: parse(await readText(request)) };
      received.push(entry);
      const { status = 200, body, headers: own } = (replies.length > 1 ? replies.shift() : replies[0]) ?? {};
      const waiter = waiting.shift();
      if (waiter !== undefined) {
        taken += 1;
        waiter(entry);
      }
      await gate.promise;
      response.writeHead(status, { ...(body !== undefined && { 'content-type': 'application/json' }), ...own });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  async function stop(): Promise<void> {
    gate.resolve();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  t.after(stop);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    next() {
      const entry = received[taken];
      if (entry === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken += 1;
      return Promise.resolve(entry);
    },
    hold() {
      gate = Promise.withResolvers();
    },
    release() {
      gate.resolve();
    },
    reply(...next) {
      replies = next;
    },
    stop,
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
