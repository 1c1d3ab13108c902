import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpHead } from '../graphql/errors.ts';
import type { ShownError } from '../graphql/errors.ts';

/** One request with the place for its answer. */
export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  requestId: string;
  path: string;
  /** The query string, without its question mark. */
  search: string;
}

const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;
/** How long the rest of a body is read and dropped after the answer: closing at once would reset the connection, and the answer with it. */
const LINGER_MS = 2000;

/** What every answer carries: the request id and the security headers. */
export function answerHeaders(requestId: string): [string, string][] {
  return [
    ['x-request-id', requestId],
    ['x-content-type-options', 'nosniff'],
    ['cache-control', 'no-store'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['x-frame-options', 'DENY'],
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ];
}

/** Begins an exchange, with these headers set. */
export function openExchange(req: IncomingMessage, res: ServerResponse): Exchange {
  const requestId = requestIdOf(req);
  const [path = '', ...search] = (req.url ?? '').split('?');
  for (const [name, value] of answerHeaders(requestId)) res.setHeader(name, value);
  return { req, res, requestId, path, search: search.join('?') };
}

/** The caller's own id when it is sane, else one of ours. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && SANE_REQUEST_ID.test(sent) ? sent : randomUUID();
}

/** Answers, also when the body has not been read: then the connection is closed, after the client had time to see why. */
export function reply({ req, res }: Exchange, status: number, headers: Iterable<[string, string]>, body: string): void {
  for (const [name, value] of headers) res.setHeader(name, value);
  res.setHeader('content-length', Buffer.byteLength(body));
  if (req.complete || !hasBody(req)) {
    res.writeHead(status);
    if (req.method === 'HEAD') res.end();
    else res.end(body);
    return;
  }
  res.setHeader('connection', 'close');
  res.writeHead(status);
  res.write(body);
  const end = () => {
    clearTimeout(linger);
    res.end();
  };
  const linger = setTimeout(end, LINGER_MS);
  req.once('end', end).once('close', end).resume();
}

export function replyJson(exchange: Exchange, status: number, value: unknown, headers: Iterable<[string, string]> = []): void {
  reply(exchange, status, [...headers, ['content-type', 'application/json; charset=utf-8']], `${JSON.stringify(value)}\n`);
}

/** Answers with GraphQL errors only; the status follows from the first error's code unless given. */
export function replyErrors(exchange: Exchange, errors: readonly ShownError[], status?: number): void {
  const head = httpHead(errors);
  // The media type of GraphQL over HTTP; `application/json` is for clients that do not know it.
  const knows = exchange.req.headers.accept?.includes('application/graphql-response+json');
  const type = `application/${knows ? 'graphql-response+json' : 'json'}; charset=utf-8`;
  reply(exchange, status ?? head.status, [...head.headers, ['content-type', type]], `${JSON.stringify({ errors })}\n`);
}

/** Whether the Accept header leaves room for one of the media types; a missing header takes everything. */
export function accepts(header: string | undefined, types: readonly string[]): boolean {
  if (header === undefined) return true;
  const ranges = header.split(',').map((range) => range.split(';', 1)[0]?.trim().toLowerCase());
  return types.some((type) =>
    ranges.some((range) => range === type || range === '*/*' || range === `${type.split('/', 1)[0]}/*`),
  );
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
