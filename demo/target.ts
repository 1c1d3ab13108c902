import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptChance } from './chance.ts';
import { ENDPOINTS, PARTNER_GONE } from './works/httpWorks.ts';
import type { Answer } from './works/httpWorks.ts';

/** What the HTTP tasks of the demo call. */
export interface Target {
  /** Such as http://127.0.0.1:4001. */
  origin: string;
  stop(): Promise<void>;
}

/** @param port  one that is taken is left alone, and any free one is used; 0: any free one */
export async function startTarget(port: number): Promise<Target> {
  const server = createServer(async (request, response) => {
    request.resume();
    const { delayMs, status, body, headers } = answerOf(
      request.url ?? '/',
      `${request.headers['carillon-run-id']}`,
      `${request.headers['carillon-attempt']}`,
    );
    await delay(delayMs);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  const listen = (wanted: number) => once(server.listen(wanted, '127.0.0.1'), 'listening');
  await listen(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return listen(0);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerOf(url: string, runId: string, attempt: string): Answer {
  const found = Object.entries(ENDPOINTS).find(([, { path }]) => path === url);
  if (found === undefined) return { delayMs: 1, status: 404, body: { error: `there is nothing at ${url}` } };
  const [key, { answer }] = found;
  return key === 'partner.stock' ? PARTNER_GONE : answer(attemptChance(runId, attempt));
}
