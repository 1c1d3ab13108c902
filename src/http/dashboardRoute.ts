import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { reply, replyJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { createFileRoute, etagOf, serveFile } from './staticFile.ts';

/** Written by `npm run build`, not committed. */
const BUILT = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const PAGE = 'index.html';
/** Their names have a hash of their content in them. */
const HASHED = 'assets/';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Nothing from elsewhere, no inline script, no style element but those with this page's nonce. 'self' covers the web socket of the same host (CSP level 3). */
const policyFor = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

interface BuiltFile {
  type: string;
  etag: string;
  /** By content coding; the empty one is the file as it is. */
  bodies: Record<'br' | 'gzip' | '', Buffer>;
}

/**
 * GET / and the files that the dashboard loads. They hold no data and need no token: the page asks for one.
 * @param folder  where it was built; when nothing is there, / says how to build it
 */
export function createDashboardRoutes(folder = BUILT): [string, (exchange: Exchange) => Promise<void>][] {
  const names = listFiles(folder);
  if (!names.includes(PAGE))
    return [['/', async (exchange) => replyJson(exchange, 503, { error: 'The dashboard is not built: npm run build.' })]];
  return names.map((name) => {
    const read = () => load(path.join(folder, name));
    if (name === PAGE) return ['/', createFileRoute(read, servePage)];
    return [`/${name}`, createFileRoute(read, (exchange, file) => serveCoded(exchange, file, name.startsWith(HASHED)))];
  });
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  } catch {
    return [];
  }
}

async function load(file: string): Promise<BuiltFile> {
  const bytes = await readFile(file);
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(bytes), promisify(gzip)(bytes, { level: 9 })]);
  return {
    type: TYPES[path.extname(file)] ?? 'application/octet-stream',
    etag: etagOf(bytes),
    bodies: { br, gzip: zipped, '': bytes },
  };
}

/** The page has a nonce of its own each time, so nobody may keep it. */
function servePage(exchange: Exchange, { type, bodies }: BuiltFile): void {
  const nonce = randomBytes(16).toString('base64url');
  const html = bodies[''].toString().replaceAll('%STYLE_NONCE%', nonce);
  reply(exchange, 200, [['content-type', type], ['content-security-policy', policyFor(nonce)]], html); // prettier-ignore
}

function serveCoded(exchange: Exchange, { type, etag, bodies }: BuiltFile, hashed: boolean): void {
  const { req, res } = exchange;
  res
    .setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    .setHeader('vary', 'accept-encoding');
  const coding = codingFor(req.headers['accept-encoding']);
  serveFile(exchange, { type, etag, bytes: bodies[coding] }, coding === '' ? {} : { 'content-encoding': coding });
}

/** The best that the client names; q=0 refuses one (RFC 9110, 12.5.3). */
function codingFor(header: string | string[] | undefined): 'br' | 'gzip' | '' {
  const named = new Map(
    String(header ?? '')
      .split(',')
      .map((each) =>
        each
          .trim()
          .toLowerCase()
          .split(/\s*;\s*/),
      )
      .map(([name = '', weight]) => [name, weight !== undefined && /^q=0(\.0*)?$/.test(weight)]),
  );
  const takes = (coding: string) => named.get(coding) === false;
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : '';
}
