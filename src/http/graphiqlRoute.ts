import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exchange } from './exchange.ts';
import { createFileRoute, etagOf, serveFile } from './staticFile.ts';
import type { StaticFile } from './staticFile.ts';

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

/**
 * GET /graphiql and the files that it loads. They hold no data and need no token; the page asks for one.
 * @param production  introspection is off: the page says so
 */
export function createGraphiqlRoutes(production: boolean): [string, (exchange: Exchange) => Promise<void>][] {
  return Object.entries(FILES).map(([name, { file, type }]) => [
    `/graphiql${name}`,
    createFileRoute(
      () => load(file, type, production),
      (exchange, loaded) => {
        // Kept, but asked for each time: an upgrade of the server is seen at once.
        exchange.res.setHeader('cache-control', 'no-cache').setHeader('content-security-policy', POLICY);
        serveFile(exchange, loaded);
      },
    ),
  ]);
}

async function load(file: string, type: string, production: boolean): Promise<StaticFile> {
  const read = await readFile(file);
  const bytes = type === HTML ? Buffer.from(read.toString().replace('%INTROSPECTION%', production ? 'off' : 'on')) : read;
  return { type, etag: etagOf(bytes), bytes };
}
