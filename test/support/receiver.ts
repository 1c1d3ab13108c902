import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hooks } from './database.ts';

/** A request of an HTTP task that waits for its answer. */
export interface Call {
  runId: string;
  attempt: number;
  /** Epoch milliseconds. */
  scheduledFor: number;
  /** On this process's clock, epoch milliseconds with fractions. */
  arrivedAt: number;
  /** Answers 200 with `body` as JSON; without effect when the sender is gone. */
  answer(body: unknown): void;
}

/** A server whose every answer is decided by itself, unlike those of test/support/target.ts. @returns its URL */
export async function startReceiver(t: Hooks, onCall: (call: Call) => void): Promise<string> {
  const server = createServer((request, response) => {
    const arrivedAt = performance.timeOrigin + performance.now();
    request.resume();
    const text = (name: string) => String(request.headers[name]);
    onCall({
      runId: text('carillon-run-id'),
      attempt: Number(text('carillon-attempt')),
      scheduledFor: Date.parse(text('carillon-scheduled-for')),
      arrivedAt,
      answer(body) {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      },
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
