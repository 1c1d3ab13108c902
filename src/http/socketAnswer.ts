import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerHeaders } from './exchange.ts';

/** Answers on a connection that has no response to write to, as other answers are, and ends it. */
export function answerOnSocket(
  socket: Duplex,
  requestId: string,
  status: number,
  error: string,
  headers: readonly [string, string][] = [],
): void {
  const body = `${JSON.stringify({ error })}\n`;
  const lines = [
    ...answerHeaders(requestId),
    ...headers,
    ['content-type', 'application/json; charset=utf-8'],
    ['content-length', Buffer.byteLength(body)],
    ['connection', 'close'],
  ].map(([name, value]) => `${name}: ${value}\r\n`);
  // The client may have left already.
  socket.on('error', () => undefined);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
