import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createDashboardRoutes } from '../../src/http/dashboardRoute.ts';
import { openExchange } from '../../src/http/exchange.ts';
import { newFolder } from '../support/folder.ts';

const PAGE =
  '<!doctype html><meta name="style-nonce" content="%STYLE_NONCE%"><script type="module" src="./assets/index-1a2b.js"></script>';
const SCRIPT = 'console.log("the dashboard");'.repeat(50);

const folder = await newFolder();
after(() => rm(folder, { recursive: true }));
const built = path.join(folder, 'dist');
await mkdir(path.join(built, 'assets'), { recursive: true });
await writeFile(path.join(built, 'index.html'), PAGE);
await writeFile(path.join(built, 'favicon.svg'), '<svg/>');
await writeFile(path.join(built, 'assets', 'index-1a2b.js'), SCRIPT);
await writeFile(path.join(folder, 'beside.txt'), 'not served');

async function serve(from: string): Promise<number> {
  const routes = new Map(createDashboardRoutes(from));
  const server = createServer((req, res) => {
    const exchange = openExchange(req, res);
    const route = routes.get(exchange.path);
    if (route) void route(exchange);
    else res.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
const port = await serve(built);

/** As it is written: no normalising of the path, no decoding of the body. */
async function get(name: string, { method = 'GET', headers = {} as Record<string, string>, at = port } = {}) {
  const req = request({ host: '127.0.0.1', port: at, path: name, method, headers });
  req.end();
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(await response.toArray()) };
}

test('the page is not kept, and has another nonce each time, which its policy names', async () => {
  const nonces = new Set<string>();
  for (let i = 0; i < 2; i += 1) {
    const { status, headers, body } = await get('/?from=elsewhere');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    const nonce = /content="([\w-]{22})"/.exec(body.toString())?.[1] ?? '';
    const policy = String(headers['content-security-policy']);
    assert.match(policy, new RegExp(`style-src 'self' 'nonce-${nonce}'`));
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    nonces.add(nonce);
  }
  assert.equal(nonces.size, 2);
});

test('what has a hash in its name is kept for ever, what has none is asked for each time', async () => {
  assert.equal((await get('/assets/index-1a2b.js')).headers['cache-control'], 'public, max-age=31536000, immutable');
  const icon = await get('/favicon.svg');
  assert.equal(icon.headers['cache-control'], 'no-cache');
  assert.equal(icon.headers['content-type'], 'image/svg+xml');
  const again = await get('/favicon.svg', { headers: { 'if-none-match': `"other", ${icon.headers.etag}` } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

const codings: [accepts: string | undefined, coding: string | undefined, read: (body: Buffer) => Buffer][] = [
  ['gzip, deflate, br', 'br', brotliDecompressSync],
  ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
  ['GZIP', 'gzip', gunzipSync],
  ['br;q=0.0, gzip; q=0', undefined, (body) => body],
  ['deflate', undefined, (body) => body],
  [undefined, undefined, (body) => body],
];
for (const [accepts, coding, read] of codings) {
  test(`accept-encoding ${accepts}: ${coding ?? 'as it is'}`, async () => {
    const headers = accepts === undefined ? {} : { 'accept-encoding': accepts };
    const answer = await get('/assets/index-1a2b.js', { headers });
    assert.equal(answer.headers['content-encoding'], coding);
    assert.equal(answer.headers['vary'], 'accept-encoding');
    assert.equal(read(answer.body).toString(), SCRIPT);
    const head = await get('/assets/index-1a2b.js', { method: 'HEAD', headers });
    assert.deepEqual([head.headers['content-length'], head.body.length], [answer.headers['content-length'], 0]);
  });
}

test('only what was built is served, and only to who asks for it', async () => {
  for (const name of [
    '/../beside.txt',
    '/assets/../../beside.txt',
    '/%2e%2e/beside.txt',
    '/assets',
    '/index.html',
    '/assets/index-1a2b.js/',
  ])
    assert.equal((await get(name)).status, 404, name);
  const post = await get('/', { method: 'POST' });
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('what was not built says how to build it', async () => {
  const empty = await serve(path.join(folder, 'nothing'));
  const { status, body } = await get('/', { at: empty });
  assert.equal(status, 503);
  assert.match(body.toString(), /npm run build/);
});
