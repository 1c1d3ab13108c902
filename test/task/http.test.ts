import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import type { HttpRequest } from '../../src/domain/httpRequest.ts';
import type { HttpRunContext } from '../../src/task/kinds/http.ts';
import { errorOf, executor, outputOf, requestTo, runWith, serve } from './httpServer.ts';

const read = async (request: IncomingMessage): Promise<string> => Buffer.concat(await request.toArray()).toString();

describe('what is sent', () => {
  /** Sends it to a server that tells what it got. */
  const received = async (t: TestContext, overrides: Partial<HttpRequest>, run: Partial<HttpRunContext> = {}) => {
    const got = Promise.withResolvers<{ method: string | undefined; headers: IncomingHttpHeaders; body: string }>();
    const origin = await serve(t, (request, response) => {
      void read(request).then((body) => {
        got.resolve({ method: request.method, headers: request.headers, body });
        response.end();
      });
    });
    await executor(t).execute(requestTo(`${origin}/hook`, overrides), runWith(run));
    return got.promise;
  };

  test('the run is named in headers, and its id is the idempotency key', async (t) => {
    const { headers } = await received(t, {});
    assert.equal(headers['user-agent'], 'carillon/1.2.3');
    assert.equal(headers['accept-encoding'], 'identity');
    assert.equal(headers['idempotency-key'], 'run-1');
    assert.equal(headers['carillon-run-id'], 'run-1');
    assert.equal(headers['carillon-attempt'], '2');
    assert.equal(headers['carillon-scheduled-for'], '2026-03-29T01:30:00.000Z');
    assert.equal(headers['carillon-task'], 'http:hook');
  });

  test('a task key beyond latin-1 travels percent-encoded', async (t) => {
    const { headers } = await received(t, {}, { taskKey: 'http:日\ud800' });
    assert.equal(headers['carillon-task'], 'http:%E6%97%A5%EF%BF%BD');
  });

  test('the user’s headers win over the defaults, whatever their case', async (t) => {
    const headers = {
      'user-agent': 'mine',
      'IDEMPOTENCY-KEY': 'key',
      'content-type': 'application/cloudevents+json',
      'X-A': '1',
    };
    const got = await received(t, { headers, body: { a: 1 } });
    assert.equal(got.headers['user-agent'], 'mine');
    assert.equal(got.headers['idempotency-key'], 'key');
    assert.equal(got.headers['content-type'], 'application/cloudevents+json');
    assert.equal(got.headers['x-a'], '1');
  });

  type Case = { rule: string; request: Partial<HttpRequest>; input?: Record<string, unknown>; body: string; type?: string };
  const json = 'application/json';
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const cases: Case[] = [
    { rule: 'the task’s body', request: { body: { a: 'é' } }, body: '{"a":"é"}', type: json },
    {
      rule: 'the run’s input instead of the task’s body',
      request: { body: { a: 1 } },
      input: { b: 2 },
      body: '{"b":2}',
      type: json,
    },
    { rule: 'an empty input is an input', request: { body: { a: 1 } }, input: {}, body: '{}', type: json },
    { rule: 'false is a body', request: { body: false }, body: 'false', type: json },
    { rule: 'neither: no body and no content type', request: {}, body: '' },
    { rule: 'a string is JSON', request: { body: 'a=b' }, body: '"a=b"', type: json },
    {
      rule: 'a string of another content type is sent as it is',
      request: { body: 'a=b', headers: form },
      body: 'a=b',
      type: form['Content-Type'],
    },
    { rule: 'DELETE with a body', request: { method: 'DELETE', body: [1] }, body: '[1]', type: json },
    { rule: 'GET never sends the input', request: { method: 'GET' }, input: { b: 2 }, body: '' },
    { rule: 'HEAD never sends the input', request: { method: 'HEAD' }, input: { b: 2 }, body: '' },
  ];
  for (const { rule, request, input, body, type } of cases) {
    test(rule, async (t) => {
      const got = await received(t, request, { input: input ?? null });
      assert.equal(got.method, request.method ?? 'POST');
      assert.equal(got.body, body);
      assert.equal(got.headers['content-type'], type);
      if (body !== '') assert.equal(got.headers['content-length'], String(Buffer.byteLength(body)));
    });
  }
});

describe('a success', () => {
  type Case = { rule: string; status?: number; type?: string; sent: string | Buffer; body: unknown };
  const cases: Case[] = [
    { rule: 'JSON is parsed', type: 'application/json; charset=utf-8', sent: '{"a":["😀"]}', body: { a: ['😀'] } },
    { rule: 'problem+json is JSON', type: 'application/problem+json', sent: '{"a":1}', body: { a: 1 } },
    { rule: 'JSON that is none stays text', type: 'application/json', sent: 'ok', body: 'ok' },
    {
      rule: 'JSON with U+0000 stays text, for jsonb',
      type: 'application/json',
      sent: String.raw`["\u0000"]`,
      body: String.raw`["\u0000"]`,
    },
    { rule: 'text stays text', type: 'text/plain', sent: '{"a":1}', body: '{"a":1}' },
    {
      rule: 'text in another charset is read in it',
      type: 'text/plain; charset=ISO-8859-1',
      sent: Buffer.from([0xe9]),
      body: 'é',
    },
    { rule: 'an unknown charset is read as UTF-8', type: 'text/plain; charset=klingon', sent: 'é', body: 'é' },
    { rule: 'U+0000 is replaced, for jsonb', type: 'text/plain', sent: 'a\0b', body: 'a\ufffdb' },
    { rule: 'no body is null', type: 'application/json', sent: '', body: null },
    { rule: '204', status: 204, sent: '', body: null },
  ];
  for (const { rule, status = 200, type, sent, body } of cases) {
    test(rule, async (t) => {
      const origin = await serve(t, (_request, response) => {
        response.writeHead(status, type === undefined ? {} : { 'Content-Type': type }).end(sent);
      });
      const output = outputOf(await executor(t).execute(requestTo(origin), runWith()));
      assert.deepEqual(output, { status, headers: type === undefined ? {} : { 'content-type': type }, body });
    });
  }

  test('of the headers only those that tell something are stored', async (t) => {
    const kept = { etag: '"1"', location: '/things/1', 'x-request-id': 'abc' };
    const origin = await serve(t, (_request, response) => response.writeHead(201, { ...kept, 'Set-Cookie': 'secret' }).end());
    assert.deepEqual(outputOf(await executor(t).execute(requestTo(origin), runWith())).headers, kept);
  });

  test('HEAD has headers and no body', async (t) => {
    const origin = await serve(t, (_request, response) => response.writeHead(200, { ETag: '"1"', 'Content-Length': 5 }).end());
    const output = outputOf(await executor(t).execute(requestTo(origin, { method: 'HEAD' }), runWith()));
    assert.deepEqual(output, { status: 200, headers: { etag: '"1"' }, body: null });
  });

  test('is what the task says it is: 404 can be one', async (t) => {
    const origin = await serve(t, (_request, response) => response.writeHead(404).end());
    const request = requestTo(origin, { successStatuses: '200-299,404' });
    assert.equal(outputOf(await executor(t).execute(request, runWith())).status, 404);
  });

  test('a body that is compressed against the request is not stored as garbage', async (t) => {
    const origin = await serve(t, (_request, response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('\x1f\x8b'),
    );
    const output = outputOf(await executor(t).execute(requestTo(origin), runWith()));
    assert.deepEqual(output, { status: 200, headers: { 'content-encoding': 'gzip' }, body: null });
  });
});

describe('a large answer', () => {
  const answer = async (t: TestContext, type: string, body: string) => {
    const origin = await serve(t, (_request, response) => response.writeHead(200, { 'Content-Type': type }).end(body));
    return outputOf(await executor(t).execute(requestTo(origin), runWith()));
  };

  test('of exactly 64 KiB is stored whole', async (t) => {
    const { body, truncated } = await answer(t, 'text/plain', 'a'.repeat(65_536));
    assert.equal(body, 'a'.repeat(65_536));
    assert.equal(truncated, undefined);
  });

  test('is cut at 64 KiB, between characters', async (t) => {
    const { body, truncated } = await answer(t, 'text/plain', `a${'é'.repeat(40_000)}`);
    assert.equal(body, `a${'é'.repeat(32_767)}`);
    assert.equal(truncated, true);
  });

  test('cut JSON is text, even if it still parses', async (t) => {
    const { body, truncated } = await answer(t, 'application/json', '1'.repeat(70_000));
    assert.equal(body, '1'.repeat(65_536));
    assert.equal(truncated, true);
  });

  test('past 1 MiB the connection is cut, and the outcome does not wait for an end', async (t) => {
    const closed = Promise.withResolvers<void>();
    const origin = await serve(t, (_request, response) => {
      const pour = (): void => {
        while (response.write(Buffer.alloc(65_536, 'a'))); // without end
      };
      response.on('drain', pour).on('close', () => closed.resolve());
      pour();
    });
    const { body, truncated } = outputOf(await executor(t).execute(requestTo(origin), runWith()));
    assert.equal(body, 'a'.repeat(65_536));
    assert.equal(truncated, true);
    await closed.promise;
  });
});

describe('a status that is no success', () => {
  const fail = async (
    t: TestContext,
    respond: (response: ServerResponse, request: IncomingMessage) => void,
    request: Partial<HttpRequest> = {},
  ) => {
    const origin = await serve(t, (incoming, response) => respond(response, incoming));
    return { origin, error: errorOf(await executor(t).execute(requestTo(`${origin}/p?token=hunter2`, request), runWith())) };
  };

  const retryable = new Map(
    [301, 304, 400, 401, 404, 408, 409, 422, 425, 429, 500, 501, 503, 599, 600].map((status) => [
      status,
      [408, 425, 429, 500, 501, 503, 599].includes(status),
    ]),
  );
  for (const [status, again] of retryable) {
    test(`${status} is ${again ? '' : 'not '}retryable`, async (t) => {
      const { error } = await fail(t, (response) => response.writeHead(status).end());
      assert.equal(error.code, 'HTTP_STATUS');
      assert.equal(error.retryable, again);
    });
  }

  test('the message names method, URL without its query, status and the first words of the body', async (t) => {
    const { origin, error } = await fail(t, (response) => response.writeHead(503).end(' <h1>\n\n Sorry \0 </h1>\n'));
    assert.equal(error.message, `POST ${origin}/p answered 503 Service Unavailable: <h1> Sorry \ufffd </h1>`);
  });

  test('no more than 200 characters of the body', async (t) => {
    const { origin, error } = await fail(t, (response) => response.writeHead(400, 'Nope').end('😀'.repeat(500)));
    assert.equal(error.message, `POST ${origin}/p answered 400 Nope: ${'😀'.repeat(100)}`);
  });

  test('a redirect is not followed', async (t) => {
    const paths: (string | undefined)[] = [];
    const { origin, error } = await fail(t, (response, request) => {
      paths.push(request.url);
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });
    assert.equal(error.message, `POST ${origin}/p answered 302 Found (redirects are not followed)`);
    assert.deepEqual(paths, ['/p?token=hunter2']);
  });

  test('the log of the run tells of the redirect, and of what was sent and came back, without any query', async (t) => {
    const said: [string, Record<string, unknown> | undefined][] = [];
    const log = { info: (message: string, fields?: Record<string, unknown>) => void said.push([message, fields]) };
    const origin = await serve(t, (_, response) =>
      response.writeHead(302, { Location: 'http://else.where/x?token=hunter2' }).end(),
    );
    await executor(t).execute(requestTo(`${origin}/p?token=hunter2`, { method: 'GET' }), runWith({ log }));
    const { host } = new URL(origin);
    const durationMs = said[1]?.[1]?.['durationMs'];
    assert.ok(typeof durationMs === 'number');
    assert.deepEqual(said, [
      ['request sent', { method: 'GET', host, bodyBytes: 0 }],
      ['response', { status: 302, durationMs }],
      ['the response is a redirect, which is not followed', { toHost: 'else.where' }],
    ]);
  });

  test('a page that echoes the request reveals no header values', async (t) => {
    const headers = { 'X-Prefix': 'hunter2', Authorization: 'Bearer hunter2-long', 'X-Quoted': 'pass"word' };
    const echo = (response: ServerResponse, request: IncomingMessage): void => {
      const { authorization, 'x-prefix': prefix, 'x-quoted': quoted } = request.headers;
      const token = authorization?.split(' ')[1];
      response.writeHead(401, `no ${token}`).end(JSON.stringify({ authorization, token, prefix, quoted }));
    };
    const { error } = await fail(t, echo, { headers });
    assert.match(error.message, /answered 401 no \[header value\]: \{"authorization":"\[header value\]"/);
    assert.doesNotMatch(error.message, /hunter2|long|pass|word/);
  });
});
