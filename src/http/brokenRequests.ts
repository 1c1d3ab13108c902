import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { answerOnSocket } from './socketAnswer.ts';

/** Answers to requests that cannot be read to their end, which Node gives neither a request nor a response for. */
export interface BrokenRequests {
  /** A request that could be read so far: should its body break, the answer is its own. */
  follow(res: ServerResponse): void;
  /** For 'clientError' of the server. */
  answer(error: NodeJS.ErrnoException, socket: Duplex): void;
}

/** By Node's codes; whatever else is no HTTP. */
const FAULTS: Record<string, { status: number; message: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'URL and headers are larger than 16 KiB.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: 'The extensions of chunks are larger than 16 KiB.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time.' },
};
const NO_HTTP = { status: 400, message: 'The request is no valid HTTP.' };

export function createBrokenRequests(log: Logger): BrokenRequests {
  /** Responses that are not through yet, the oldest first. */
  const open = new WeakMap<Duplex, Set<ServerResponse>>();
  return {
    follow(res) {
      const { socket } = res.req;
      const responses = open.get(socket) ?? new Set();
      open.set(socket, responses.add(res));
      res.once('close', () => responses.delete(res));
    },
    answer(error, socket) {
      const [first] = open.get(socket) ?? [];
      // In the middle of an answer another one would be taken for a part of it.
      if (!socket.writable || first?.headersSent === true) return void socket.destroy();
      const { status, message } = FAULTS[error.code ?? ''] ?? NO_HTTP;
      const requestId = String(first?.getHeader('x-request-id') ?? randomUUID());
      // The line that its request gets anyway says what has become of it.
      if (first !== undefined) first.statusCode = status;
      else log.debug({ requestId, status, reason: error.code }, 'request');
      answerOnSocket(socket, requestId, status, message);
    },
  };
}
