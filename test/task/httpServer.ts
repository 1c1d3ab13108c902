import assert from 'node:assert/strict';
import type dns from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import { isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { parseHttpRequest, type HttpRequest } from '../../src/domain/httpRequest.ts';
import { createSecretBox } from '../../src/secrets.ts';
import { createHttpExecutor, type HttpRunContext } from '../../src/task/kinds/http.ts';
import type { TaskOutcome } from '../../src/task/outcome.ts';

const RUN = { runId: 'run-1', attempt: 2, scheduledFor: Date.UTC(2026, 2, 29, 1, 30), taskKey: 'http:hook', input: null };

export const requestTo = (url: string, overrides: Partial<Omit<HttpRequest, 'url'>> = {}): HttpRequest => {
  const parsed = parseHttpRequest({ url, method: 'POST', headers: {}, successStatuses: '200-299', ...overrides });
  assert(parsed.ok);
  return parsed.request;
};

export const runWith = (overrides: Partial<HttpRunContext> = {}): HttpRunContext => ({
  ...RUN,
  signal: new AbortController().signal,
  log: { info: () => undefined },
  ...overrides,
});

export const executor = (t: TestContext, options: Partial<Parameters<typeof createHttpExecutor>[0]> = {}) => {
  const made = createHttpExecutor({
    allowPrivate: true,
    version: '1.2.3',
    secrets: createSecretBox([]),
    now: Date.now,
    ...options,
  });
  t.after(() => made.close());
  return made;
};

export const listen = async (t: TestContext, server: Server): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** A server on a free port. @returns its origin */
export const serve = async (t: TestContext, listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(t, http.createServer(listener))}`;

export const errorOf = (outcome: TaskOutcome) => {
  assert(!outcome.ok, 'a failure');
  return outcome.error;
};

export const outputOf = (outcome: TaskOutcome) => {
  assert(outcome.ok, 'a success');
  return outcome.output as { status: number; headers: Record<string, string>; body: unknown; truncated?: true };
};

/** A resolver with one answer, counting the questions. */
export const answering = (addresses: string[], asked: string[] = []): typeof dns.lookup =>
  ((host: string, _options: LookupOptions, callback: (error: null, found: LookupAddress[]) => void) => {
    asked.push(host);
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  }) as typeof dns.lookup;
