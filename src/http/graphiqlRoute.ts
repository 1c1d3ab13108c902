import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { replyJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';

const PAGE_DIR = fileURLToPath(new URL('graphiql/', import.meta.url));
/** Written by src/cli/graphiql.ts, not committed. */
export const VENDOR_DIR = path.join(PAGE_DIR, 'vendor');

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
/** All there is below /graphiql: a name that is not in here is no file. */
const FILES: Record<string, { file: string; type: string }> = {
  '': { file: path.join(PAGE_DIR, 'index.html'), type: HTML },
  '/page.js': { file: path.join(PAGE_DIR, 'page.js'), type: SCRIPT },
  '/page.css': { file: path.join(PAGE_DIR, 'page.css'), type: STYLE },
  '/react.js': { file: path.join(VENDOR_DIR, 'react.js'), type: SCRIPT },
  '/react-dom.js': { file: path.join(VENDOR_DIR, 'react-dom.js'), type: SCRIPT },
  '/graphiql.js': { file: path.join(VENDOR_DIR, 'graphiql.js'), type: SCRIPT },
  '/graphiql.css': { file: path.join(VENDOR_DIR, 'graphiql.css'), type: STYLE },
};

/**
 * Nothing from elsewhere and no inline script. GraphiQL's widgets write style elements of their own and its fonts lie in its
 * style sheet. 'self' covers the WebSocket of the same host (CSP level 3).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  'font-src data:',
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface StaticFile {
  bytes: Buffer;
  type: string;
  etag: string;
}

/**
 * GET /graphiql and the files that it loads. They hold no data and need no token; the page asks for one.
 * @param production  introspection is off: the page says so
 */
export function createGraphiqlRoutes(production: boolean): [string, (exchange: Exchange) => Promise<void>][] {
  return Object.entries(FILES).map(([name, { file, type }]) => {
    // Read when it is first asked for; a failure is not remembered.
    let loaded: StaticFile | null = null;
    return [
      `/graphiql${name}`,
      async (exchange) => {
        if (exchange.req.method !== 'GET' && exchange.req.method !== 'HEAD')
          return replyJson(exchange, 405, { error: 'Use GET.' }, [['allow', 'GET, HEAD']]);
        loaded ??= await load(file, type, production);
        serveFile(exchange, loaded);
      },
    ];
  });
}

async function load(file: string, type: string, production: boolean): Promise<StaticFile> {
  const read = await readFile(file);
  const bytes = type === HTML ? Buffer.from(read.toString().replace('%INTROSPECTION%', production ? 'off' : 'on')) : read;
  return { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

function serveFile({ req, res }: Exchange, { bytes, type, etag }: StaticFile): void {
  // Kept, but asked for each time: an upgrade of the server is seen at once.
  res.setHeader('cache-control', 'no-cache').setHeader('etag', etag).setHeader('content-security-policy', POLICY);
  const known = req.headers['if-none-match']?.split(',').some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()));
  if (known) return void res.writeHead(304).end();
  res.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
