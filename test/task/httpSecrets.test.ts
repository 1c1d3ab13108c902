import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import { headerContext, signingContext } from '../../src/domain/httpSecrets.ts';
import type { HttpRequest } from '../../src/domain/httpRequest.ts';
import { createSecretBox, secretKeyId } from '../../src/secrets.ts';
import { signatureHeaders } from '../../src/task/signature.ts';
import { errorOf, executor, outputOf, requestTo, runWith, serve } from './httpServer.ts';

const KEY = Buffer.alloc(32, 1);
const TASK = 'http:hook';
const box = createSecretBox([KEY]);
const NOW = Date.UTC(2026, 2, 29, 1, 30, 0, 999);
const SIGNING = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

const sealed = (request: HttpRequest, headers: Record<string, string>, signing?: string): HttpRequest => ({
  ...request,
  secretHeaders: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, box.seal(value, headerContext(TASK, request.url, name))]),
  ),
  ...(signing !== undefined && { signingSecret: box.seal(signing, signingContext(TASK)) }),
});
const sender = (t: TestContext, secrets = box) => executor(t, { secrets, now: () => NOW });

/** A server that hands over what it got. */
const receiver = async (t: TestContext) => {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const origin = await serve(t, (request, response) => {
    void request.toArray().then((chunks) => {
      got.push({ headers: request.headers, body: Buffer.concat(chunks as Buffer[]).toString() });
      response.end();
    });
  });
  return { origin, got };
};

test('secret headers are sent in clear beside the others', async (t) => {
  const { origin, got } = await receiver(t);
  const request = sealed(requestTo(origin, { headers: { 'X-A': '1' } }), {
    Authorization: 'Bearer hunter2',
    'idempotency-key': 'my-own',
  });
  assert.equal(outputOf(await sender(t).execute(request, runWith())).status, 200);
  const headers = got[0]?.headers;
  assert.equal(headers?.authorization, 'Bearer hunter2');
  assert.equal(headers?.['x-a'], '1');
  assert.equal(headers?.['idempotency-key'], 'my-own');
});

describe('a secret that does not open: nothing is sent, and the error says what to do', () => {
  type Change = (request: HttpRequest) => HttpRequest;
  const cases: { rule: string; secrets?: typeof box; change?: Change; taskKey?: string; says: RegExp }[] = [
    {
      rule: 'another key',
      secrets: createSecretBox([Buffer.alloc(32, 2)]),
      says: new RegExp(
        `secret header Authorization .*key ${secretKeyId(KEY)}.*CARILLON_SECRET_KEY.*CARILLON_SECRET_KEY_OLD.*updateHttpTask`,
      ),
    },
    { rule: 'no key', secrets: createSecretBox([]), says: /CARILLON_SECRET_KEY/ },
    { rule: 'the row of another task', taskKey: 'http:evil', says: /another task or origin.*updateHttpTask/ },
    {
      rule: 'another origin in the row',
      change: (request) => ({ ...request, url: request.url.replace('127.0.0.1', 'localhost') }),
      says: /origin/,
    },
    {
      rule: 'under another name in the row',
      change: ({ secretHeaders, ...request }) => ({
        ...request,
        secretHeaders: { 'X-Echoed': secretHeaders?.['Authorization'] ?? '' },
      }),
      says: /secret header X-Echoed/,
    },
    {
      rule: 'a signing secret of another key',
      change: ({ secretHeaders: _, ...request }) => ({
        ...request,
        signingSecret: createSecretBox([Buffer.alloc(32, 3)]).seal(SIGNING, signingContext(TASK)),
      }),
      says: /the signing secret .*give signingSecret again/,
    },
  ];
  for (const { rule, secrets, change = (request: HttpRequest) => request, taskKey, says } of cases) {
    test(rule, async (t) => {
      const { origin, got } = await receiver(t);
      const request = change(sealed(requestTo(origin), { Authorization: 'Bearer hunter2' }));
      const error = errorOf(await sender(t, secrets).execute(request, runWith(taskKey === undefined ? {} : { taskKey })));
      assert.deepEqual([error.code, error.retryable], ['SECRET_UNREADABLE', false]);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /hunter2/);
      assert.deepEqual(got, []);
    });
  }
});

describe('what an answer repeats of a secret header is blanked', () => {
  const basic = `Basic ${Buffer.from('ada:correct:horse').toString('base64')}`;
  const SECRETS = { Authorization: 'Bearer hunter2-long', 'X-Key': 'pass"word', 'X-Pin': '123456', 'X-Basic': basic };
  type Case = { rule: string; type: string; respond: (headers: IncomingHttpHeaders) => string; body: unknown };
  const cases: Case[] = [
    {
      rule: 'in JSON: values, names, lists, numbers, and other escapes',
      type: 'application/json',
      respond: ({ authorization = '' }) =>
        `{"a":"${authorization}","hunter2-long":[{"b":"x hunter2-long y"}],"c":"pass\\"word","d":"\\u0068unter2-long","n":123456,"m":1234567}`,
      body: {
        a: '[header value]',
        '[header value]': [{ b: 'x [header value] y' }],
        c: '[header value]',
        d: '[header value]',
        n: '[header value]',
        m: 1_234_567,
      },
    },
    {
      rule: 'in text',
      type: 'text/plain',
      respond: ({ authorization }) => `<${authorization}> pass"word`,
      body: '<[header value]> [header value]',
    },
    {
      rule: 'the password of Basic, encoded and not',
      type: 'text/plain',
      respond: (headers) => `ada correct:horse ${String(headers['x-basic']).slice(6)}`,
      body: 'ada [header value] [header value]',
    },
    {
      rule: 'but no word that is no secret',
      type: 'application/json',
      respond: () => '{"token_type":"Bearer"}',
      body: { token_type: 'Bearer' },
    },
    {
      rule: 'where a long answer is cut within it',
      type: 'text/plain',
      respond: () => `${'a'.repeat(65_536 - 8)}hunter2-long${'b'.repeat(100)}`,
      body: 'a'.repeat(65_536 - 8),
    },
  ];
  for (const { rule, type, respond, body } of cases) {
    test(rule, async (t) => {
      const origin = await serve(t, ({ headers }, response) =>
        response.writeHead(200, { 'Content-Type': type }).end(respond(headers)),
      );
      const output = outputOf(await sender(t).execute(sealed(requestTo(origin), SECRETS), runWith()));
      assert.deepEqual(output.body, body);
    });
  }

  test('in the headers that are stored', async (t) => {
    const origin = await serve(t, ({ headers }, response) =>
      response.writeHead(201, { Location: `/x?key=${String(headers['x-key'])}`, ETag: `"${headers.authorization}"` }).end(),
    );
    const output = outputOf(await sender(t).execute(sealed(requestTo(origin), SECRETS), runWith()));
    assert.deepEqual(output.headers, { location: '/x?key=[header value]', etag: '"[header value]"' });
  });

  test('in an error, its reason phrase and the log of the run', async (t) => {
    const said: unknown[] = [];
    const echo = (headers: IncomingHttpHeaders, response: ServerResponse) =>
      response.writeHead(401, `no ${headers.authorization}`, { Location: '/hunter2-long' }).end(`bad ${headers.authorization}`);
    const origin = await serve(t, ({ headers }, response) => echo(headers, response));
    const log = { info: (...args: unknown[]) => void said.push(args) };
    const error = errorOf(await sender(t).execute(sealed(requestTo(origin), SECRETS, SIGNING), runWith({ log })));
    assert.match(error.message, /answered 401 no \[header value\]: bad \[header value\]$/);
    assert.doesNotMatch(JSON.stringify([error, said]), /hunter2|pass|whsec/);
    assert.equal(said.length, 2);
  });
});

describe('a signature (Standard Webhooks)', () => {
  test('is the one of the specification’s own example', () => {
    const headers = signatureHeaders(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330_999,
      Buffer.from('{"test": 2432232314}'),
    );
    assert.deepEqual(headers, {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  const cases: { rule: string; request: Partial<HttpRequest>; input?: Record<string, unknown>; body: string }[] = [
    { rule: 'of the bytes of the body', request: { body: { a: 'é', b: [1.5] } }, body: '{"a":"é","b":[1.5]}' },
    { rule: 'of the run’s input', request: { body: 1 }, input: { c: '😀' }, body: '{"c":"😀"}' },
    { rule: 'of a body that is no JSON', request: { body: 'a=b', headers: { 'Content-Type': 'text/plain' } }, body: 'a=b' },
    { rule: 'of nothing, for a request without a body', request: { method: 'GET' }, body: '' },
  ];
  for (const { rule, request, input, body } of cases) {
    test(rule, async (t) => {
      const { origin, got } = await receiver(t);
      await sender(t).execute(sealed(requestTo(origin, request), {}, SIGNING), runWith({ input: input ?? null }));
      const [{ headers, body: received } = { headers: {}, body: null }] = got;
      assert.equal(received, body);
      assert.equal(headers['webhook-id'], 'run-1');
      assert.equal(headers['webhook-timestamp'], String(Math.floor(NOW / 1_000)));
      const expected = createHmac('sha256', Buffer.alloc(24, 7))
        .update(`run-1.${Math.floor(NOW / 1_000)}.${body}`, 'utf8')
        .digest('base64');
      assert.equal(headers['webhook-signature'], `v1,${expected}`);
    });
  }

  test('is not there without a signing secret', async (t) => {
    const { origin, got } = await receiver(t);
    await sender(t).execute(requestTo(origin), runWith());
    assert.deepEqual(
      Object.keys(got[0]?.headers ?? {}).filter((name) => name.startsWith('webhook-')),
      [],
    );
  });
});
