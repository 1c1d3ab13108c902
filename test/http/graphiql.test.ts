import assert from 'node:assert/strict';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { getIntrospectionQuery } from 'graphql';
import { createSchema } from '../../src/graphql/schema.ts';
import { startTestServer } from './fixture.ts';
import type { TestServer } from './fixture.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({ production: false });
});
after(() => server.stop());

/** As it is written: no normalising of the path. */
async function get(path: string, { method = 'GET', headers = {} as Record<string, string>, port = server.port } = {}) {
  const req = request({ host: '127.0.0.1', port, path, method, headers });
  req.end();
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, headers: response.headers, text };
}

const files = [
  { path: '/graphiql', type: 'text/html; charset=utf-8', holds: /<script defer src="graphiql\/page\.js">/ },
  { path: '/graphiql?query=x', type: 'text/html; charset=utf-8', holds: /data-introspection="on"/ },
  { path: '/graphiql/page.js', type: 'text/javascript; charset=utf-8', holds: /sessionStorage/ },
  { path: '/graphiql/page.css', type: 'text/css; charset=utf-8', holds: /#graphiql/ },
  { path: '/graphiql/react.js', type: 'text/javascript; charset=utf-8', holds: /react\.production\.min\.js/ },
  { path: '/graphiql/react-dom.js', type: 'text/javascript; charset=utf-8', holds: /react-dom\.production\.min\.js/ },
  { path: '/graphiql/graphiql.js', type: 'text/javascript; charset=utf-8', holds: /createFetcher/ },
  { path: '/graphiql/graphiql.css', type: 'text/css; charset=utf-8', holds: /\.graphiql-container/ },
];
for (const { path, type, holds } of files) {
  test(`${path} is served without a token, and not sent again to who has it`, async () => {
    const answer = await get(path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], type);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(answer.text, holds);
    const { etag = '' } = answer.headers;
    assert.match(etag, /^"[\w-]{43}"$/);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get(path, { headers: { 'if-none-match': tag } });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag]);
    }
    assert.equal((await get(path, { headers: { 'if-none-match': '"other"' } })).status, 200);
    const head = await get(path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', etag]);
    assert.equal(head.headers['content-length'], answer.headers['content-length']);
    const post = await get(path, { method: 'POST' });
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  });
}

test('the page may load nothing from elsewhere and run no script that is not a file of its own', async () => {
  const { headers, text } = await get('/graphiql');
  const policy = Object.fromEntries(
    String(headers['content-security-policy'])
      .split('; ')
      .map((rule) => [rule.slice(0, rule.indexOf(' ')), rule.slice(rule.indexOf(' ') + 1)]),
  );
  assert.equal(policy['default-src'], "'none'");
  assert.equal(policy['script-src'], "'self'");
  assert.equal(policy['connect-src'], "'self'");
  assert.equal(policy['frame-ancestors'], "'none'");
  assert.doesNotMatch(text, /<script(?![^>]* src=)|\son\w+=|https?:|\/\//);
});

test('every file that the page names is there, under a relative URL', async () => {
  const { text } = await get('/graphiql');
  const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, url = '']) => url)
    .filter((url) => !url.startsWith('data:'));
  assert.deepEqual(
    named.map((url) => `/${url}`).toSorted(),
    files
      .slice(2)
      .map(({ path }) => path)
      .toSorted(),
  );
});

const absent = [
  '/graphiql/',
  '/graphiql/index.html',
  '/graphiql/vendor/react.js',
  '/graphiql/../server.ts',
  '/graphiql/..%2fserver.ts',
  '/graphiql/%2e%2e/server.ts',
  '/graphiql/..\\server.ts',
  '/graphiql//etc/passwd',
  '/graphiql/constructor',
  '/graphiql/page.js/',
  '/graphiql/page.js%00',
];
for (const path of absent) {
  test(`${path} is not there`, async () => {
    assert.equal((await get(path)).status, 404);
  });
}

test('in production the page knows that introspection is off', async (t) => {
  const production = await startTestServer();
  t.after(production.stop);
  const { status, text } = await get('/graphiql', { port: production.port });
  assert.equal(status, 200);
  assert.match(text, /data-introspection="off"/);
  assert.match(text, /introspection is off/);
});

test('what GraphiQL asks to know the schema passes the limits of an operation', async (t) => {
  const real = await startTestServer({ production: false, schema: createSchema() });
  t.after(real.stop);
  const answer = await real.post(getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true }));
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.body.errors, undefined);
});
