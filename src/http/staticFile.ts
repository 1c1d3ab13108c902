import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { replyJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';

/** A file that is the same for everybody. */
export interface StaticFile {
  type: string;
  etag: string;
  bytes: Buffer;
}

export const etagOf = (bytes: Buffer): string => `"${createHash('sha256').update(bytes).digest('base64url')}"`;

/** A route for GET and HEAD of what is read when it is first asked for, and kept; a failure is not remembered. */
export function createFileRoute<File>(
  load: () => Promise<File>,
  serve: (exchange: Exchange, file: File) => void,
): (exchange: Exchange) => Promise<void> {
  let loaded: Promise<File> | null = null;
  return async (exchange) => {
    if (exchange.req.method !== 'GET' && exchange.req.method !== 'HEAD')
      return replyJson(exchange, 405, { error: 'Use GET.' }, [['allow', 'GET, HEAD']]);
    loaded ??= load().catch((error: unknown) => {
      loaded = null;
      throw error;
    });
    serve(exchange, await loaded);
  };
}

/**
 * Answers with the file, or that it is still what the client has.
 * @param headers  of the file itself
 */
export function serveFile({ req, res }: Exchange, { type, etag, bytes }: StaticFile, headers: OutgoingHttpHeaders = {}): void {
  res.setHeader('etag', etag);
  const known = req.headers['if-none-match']?.split(',').some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()));
  if (known) return void res.writeHead(304).end();
  res.writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...headers });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
