import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';

const METHODS = 'GET, POST';
const HEADERS = 'authorization, content-type, accept, x-request-id, apollo-require-preflight';
/** What a page may read of an answer beyond its body and media type. */
const EXPOSED = 'x-request-id, retry-after, www-authenticate';
/** How long a browser remembers the answer to a preflight. */
const MAX_AGE_SECONDS = '600';

/**
 * Lets pages of the listed origins ask from a browser: tokens come in a header, never in a cookie, so credentials are not
 * allowed. Without a list nothing is said and no preflight is answered: no page elsewhere gets its token through.
 * @returns whether it was a preflight, which has been answered
 */
export function answerCors({ req, res }: Exchange, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  // What lies in between must not give one page the answer that was made for another.
  res.setHeader('vary', 'Origin');
  const { origin } = req.headers;
  if (origin === undefined || !origins.includes(origin)) return false;
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('access-control-expose-headers', EXPOSED);
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
  res.setHeader('access-control-allow-methods', METHODS);
  res.setHeader('access-control-allow-headers', HEADERS);
  res.setHeader('access-control-max-age', MAX_AGE_SECONDS);
  res.writeHead(204).end();
  return true;
}

/**
 * Whether a page that is neither ours nor listed opens this connection. Browsers ask for no preflight before a web socket:
 * without a token, which such a page cannot know, it is not let in.
 */
export function isForeign({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return false;
  return URL.parse(origin)?.host !== host?.toLowerCase();
}
