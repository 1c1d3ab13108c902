import assert from 'node:assert/strict';
import type dns from 'node:dns';
import type { LookupOptions } from 'node:dns';
import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import net from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { answering, errorOf, executor, listen, outputOf, requestTo, runWith, serve } from './httpServer.ts';

/** A server that answers whatever it gets with these bytes and hangs up. */
const serveBytes = async (t: TestContext, bytes: string): Promise<string> => {
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  return `http://127.0.0.1:${await listen(t, server)}`;
};

describe('no valid answer', () => {
  type Case = { rule: string; bytes: string; code: string; retryable: boolean; detail: RegExp };
  const invalid = { code: 'INVALID_RESPONSE', retryable: false };
  const broken = { code: 'CONNECTION_FAILED', retryable: true, detail: /ECONNRESET/ };
  const ok = 'HTTP/1.1 200 OK\r\n';
  const cases: Case[] = [
    { rule: 'not HTTP', bytes: 'SSH-2.0-OpenSSH\r\n', ...invalid, detail: /HPE_/ },
    { rule: 'a broken chunk', bytes: `${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, ...invalid, detail: /HPE_/ },
    { rule: 'headers without end', bytes: `${ok}X: ${'a'.repeat(20_000)}\r\n\r\n`, ...invalid, detail: /HPE_HEADER_OVERFLOW/ },
    {
      rule: 'thousands of small headers',
      bytes: `${ok}${Array.from({ length: 3_000 }, (_, index) => `x-${index}: 1\r\n`).join('')}\r\n`,
      ...invalid,
      detail: /HPE_HEADER_OVERFLOW/,
    },
    {
      rule: 'an upgrade that nobody asked for',
      bytes: 'HTTP/1.1 101 OK\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      ...invalid,
      detail: /101/,
    },
    { rule: 'hung up without an answer', bytes: '', ...broken },
    { rule: 'hung up within the body', bytes: `${ok}Content-Length: 10\r\n\r\nabc`, ...broken },
    { rule: 'hung up between chunks', bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, ...broken },
  ];
  for (const { rule, bytes, code, retryable, detail } of cases) {
    test(rule, async (t) => {
      const origin = await serveBytes(t, bytes);
      const error = errorOf(await executor(t).execute(requestTo(`${origin}/p?token=hunter2`), runWith()));
      assert.equal(error.code, code);
      assert.equal(error.retryable, retryable);
      assert.match(error.message, detail);
      assert(error.message.startsWith(`POST ${origin}/p `));
    });
  }

  test('connection refused', async (t) => {
    const server = net.createServer();
    const port = await listen(t, server);
    server.close();
    await once(server, 'close');
    const error = errorOf(await executor(t).execute(requestTo(`http://127.0.0.1:${port}/`), runWith()));
    assert.deepEqual([error.code, error.retryable], ['CONNECTION_FAILED', true]);
    assert.match(error.message, /ECONNREFUSED/);
  });

  test('connection refused at every address of the name', async (t) => {
    const server = net.createServer();
    const port = await listen(t, server);
    server.close();
    await once(server, 'close');
    const sender = executor(t, { lookup: answering(['127.0.0.1', '127.0.0.2']) });
    const error = errorOf(await sender.execute(requestTo(`http://hook.example:${port}/`), runWith()));
    assert.equal(error.code, 'CONNECTION_FAILED');
    assert.match(error.message, /ECONNREFUSED/);
  });

  test('https to a server that speaks plain http', async (t) => {
    const origin = await serve(t, (_request, response) => response.end());
    const error = errorOf(await executor(t).execute(requestTo(origin.replace('http', 'https')), runWith()));
    assert.deepEqual([error.code, error.retryable], ['CONNECTION_FAILED', true]);
  });

  for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
    for (const allowPrivate of [true, false]) {
      test(`${code}, private addresses ${allowPrivate ? 'allowed' : 'refused'}`, async (t) => {
        const failed = Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' });
        const lookup = ((_host: string, _options: LookupOptions, callback: (error: Error) => void) =>
          callback(failed)) as typeof dns.lookup;
        const error = errorOf(await executor(t, { allowPrivate, lookup }).execute(requestTo('http://hook.example/'), runWith()));
        assert.deepEqual([error.code, error.retryable], ['DNS_FAILED', true]);
        assert.match(error.message, new RegExp(`http://hook\\.example/ .*${code}`));
      });
    }
  }
});

describe('private addresses, unless allowed', () => {
  const urls = [
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1./',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'http://0/',
  ];
  for (const url of urls) {
    test(`${url} is refused`, async (t) => {
      const asked: string[] = [];
      const sender = executor(t, { allowPrivate: false, lookup: answering(['8.8.8.8'], asked) });
      const error = errorOf(await sender.execute(requestTo(url), runWith()));
      assert.deepEqual([error.code, error.retryable], ['ADDRESS_NOT_ALLOWED', false]);
      assert.match(error.message, /CARILLON_HTTP_ALLOW_PRIVATE/);
      assert.deepEqual(asked, []);
    });
  }

  for (const protocol of ['http', 'https']) {
    test(`a public-looking ${protocol} name with private addresses is refused, and nothing connects`, async (t) => {
      let connections = 0;
      const server = http.createServer((_request, response) => response.end());
      server.on('connection', () => connections++);
      const port = await listen(t, server);
      const sender = executor(t, { allowPrivate: false, lookup: answering(['127.0.0.1', '::ffff:127.0.0.1']) });
      const error = errorOf(await sender.execute(requestTo(`${protocol}://hook.example:${port}/`), runWith()));
      assert.deepEqual([error.code, error.retryable], ['ADDRESS_NOT_ALLOWED', false]);
      assert.match(error.message, /hook\.example is at 127\.0\.0\.1, ::ffff:127\.0\.0\.1/);
      assert.equal(connections, 0);
    });
  }

  test('localhost is refused by what it resolves to', async (t) => {
    const error = errorOf(await executor(t, { allowPrivate: false }).execute(requestTo('http://localhost/'), runWith()));
    assert.equal(error.code, 'ADDRESS_NOT_ALLOWED');
  });

  test('allowed: names and literals connect', async (t) => {
    const origin = await serve(t, (_request, response) => response.end());
    const sender = executor(t, { lookup: answering(['127.0.0.1']) });
    for (const url of [origin, origin.replace('127.0.0.1', 'hook.example'), origin.replace('127.0.0.1', '2130706433')]) {
      assert.equal(outputOf(await sender.execute(requestTo(url), runWith())).status, 200);
    }
  });
});

describe('an abort', () => {
  const reasons: [code: string, retryable: boolean][] = [
    ['TIMED_OUT', true],
    ['SHUTDOWN', true],
    ['CANCELED', false],
    ['LEASE_LOST', false],
  ];
  for (const [code, retryable] of reasons) {
    test(`${code} during an answer that never ends closes the connection and is ${retryable ? '' : 'not '}retryable`, async (t) => {
      const begun = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const origin = await serve(t, (_request, response) => {
        response.on('close', () => closed.resolve());
        response.write('a', () => begun.resolve());
      });
      const control = new AbortController();
      const outcome = executor(t).execute(requestTo(origin), runWith({ signal: control.signal }));
      await begun.promise;
      control.abort({ code, message: 'because' });
      assert.deepEqual(errorOf(await outcome), { code, name: 'AbortError', message: 'because', retryable });
      await closed.promise;
    });
  }

  test('before the first byte of the answer', async (t) => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const origin = await serve(t, (_request, response) => {
      response.on('close', () => closed.resolve());
      arrived.resolve();
    });
    const control = new AbortController();
    const outcome = executor(t).execute(requestTo(origin), runWith({ signal: control.signal }));
    await arrived.promise;
    control.abort({ code: 'TIMED_OUT', message: 'too late' });
    assert.equal(errorOf(await outcome).code, 'TIMED_OUT');
    await closed.promise;
  });

  test('while the name is being resolved', async (t) => {
    const asked = Promise.withResolvers<void>();
    const control = new AbortController();
    const sender = executor(t, { lookup: (() => asked.resolve()) as unknown as typeof dns.lookup });
    const outcome = sender.execute(requestTo('http://hook.example/'), runWith({ signal: control.signal }));
    await asked.promise;
    control.abort({ code: 'CANCELED', message: 'by ada' });
    assert.equal(errorOf(await outcome).code, 'CANCELED');
  });

  test('before sending: nothing is sent', async (t) => {
    const asked: string[] = [];
    const signal = AbortSignal.abort({ code: 'LEASE_LOST', message: 'not ours' });
    const sender = executor(t, { lookup: answering(['127.0.0.1'], asked) });
    assert.equal(errorOf(await sender.execute(requestTo('http://hook.example/'), runWith({ signal }))).code, 'LEASE_LOST');
    assert.deepEqual(asked, []);
  });

  test('after the outcome changes nothing', async (t) => {
    const origin = await serve(t, (_request, response) => response.end('ok'));
    const control = new AbortController();
    const outcome = await executor(t).execute(requestTo(origin), runWith({ signal: control.signal }));
    control.abort({ code: 'TIMED_OUT', message: 'too late' });
    assert.equal(outputOf(outcome).body, 'ok');
  });
});

describe('connections', () => {
  test('are reused, and closed by close()', async (t) => {
    const sockets = new Set<net.Socket>();
    const closed = Promise.withResolvers<void>();
    const origin = await serve(t, (request, response) => {
      if (!sockets.has(request.socket)) request.socket.on('close', () => closed.resolve());
      sockets.add(request.socket);
      response.end();
    });
    const sender = executor(t);
    for (let i = 0; i < 3; i++) {
      await sender.execute(requestTo(origin), runWith());
      // The agent takes the socket back after the answer has ended.
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(sockets.size, 1);
    sender.close();
    await closed.promise;
  });

  test('in use finish after close() and are not kept', async (t) => {
    const arrived = Promise.withResolvers<ServerResponse>();
    const closed = Promise.withResolvers<void>();
    const origin = await serve(t, (request, response) => {
      request.socket.on('close', () => closed.resolve());
      arrived.resolve(response);
    });
    const sender = executor(t);
    const outcome = sender.execute(requestTo(origin), runWith());
    const response = await arrived.promise;
    sender.close();
    response.end('ok');
    assert.equal(outputOf(await outcome).body, 'ok');
    await closed.promise;
  });
});
