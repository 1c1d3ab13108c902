import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { describe, test } from 'node:test';
import fc from '../support/properties.ts';
import { HTTP_METHODS, isSuccessStatus, parseHttpRequest } from '../../src/domain/httpRequest.ts';
import { storableJson } from '../../src/domain/storableJson.ts';

type Input = Parameters<typeof parseHttpRequest>[0];

const parse = (overrides: Partial<Input>): ReturnType<typeof parseHttpRequest> =>
  parseHttpRequest({ url: 'https://example.com/', method: 'POST', headers: {}, successStatuses: '200-299', ...overrides });

/** Paths of the bad fields, joined with dots. */
const bad = (overrides: Partial<Input>): string[] => {
  const result = parse(overrides);
  return result.ok ? [] : result.errors.map(({ path }) => path.join('.'));
};

const accepts = (value: () => void): boolean => {
  try {
    value();
    return true;
  } catch {
    return false;
  }
};

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const cyclic: unknown[] = [];
cyclic.push(cyclic);

describe('url', () => {
  const accepted: [rule: string, url: string, stored: string][] = [
    ['is stored in canonical form', 'HTTPS://Example.COM:443/a b', 'https://example.com/a%20b'],
    ['keeps port, path and query', 'http://example.com:8080/p?q=1', 'http://example.com:8080/p?q=1'],
    ['loses its fragment', 'https://example.com/p#part', 'https://example.com/p'],
    ['writes an odd spelling of an address as an address', 'http://2130706433/', 'http://127.0.0.1/'],
    ['may have 2,000 characters', `https://example.com/${'a'.repeat(1980)}`, `https://example.com/${'a'.repeat(1980)}`],
  ];
  for (const [rule, url, stored] of accepted) {
    test(rule, () => {
      const result = parse({ url });
      assert.equal(result.ok && result.request.url, stored);
    });
  }

  const refused: [rule: string, url: string, constraint: string][] = [
    ['must be absolute', '/hook', 'an absolute http or https URL'],
    ['must not be empty', '', 'an absolute http or https URL'],
    ['must be http or https', 'ftp://example.com/', 'an absolute http or https URL'],
    ['must not name a file', 'file:///etc/passwd', 'an absolute http or https URL'],
    ['must not hold a user name', 'https://me@example.com/', 'a URL without user name and password'],
    ['must not hold a password', 'https://:hunter2@example.com/', 'a URL without user name and password'],
    ['must not exceed 2,000 characters', `https://example.com/${'a'.repeat(1981)}`, 'at most 2000 characters'],
    ['must not exceed 2,000 characters once encoded', `https://example.com/${'é'.repeat(400)}`, 'at most 2000 characters'],
  ];
  for (const [rule, url, constraint] of refused) {
    test(rule, () => {
      const result = parse({ url });
      assert(!result.ok);
      assert.deepEqual(
        result.errors.map((error) => [error.path, error.constraint]),
        [[['url'], constraint]],
      );
      assert(!result.errors[0]?.message.includes('hunter2'), 'a password is not repeated');
    });
  }
});

describe('a url that is refused is shown', () => {
  const shown: [url: string, as: string][] = [
    ['/hook', '"/hook"'],
    ['hook?token=hunter2', '"hook?***"'],
    ['/hook#hunter2', '"/hook?***"'],
    ['https://exa mple.com/\n?token=hunter2', String.raw`"https://exa mple.com/\n?***"`],
    ['https://me:hunter2@exa mple.com/', '"https://***"'],
    ['https://me:hunter2?x@exa mple.com/', '"https://***"'],
    ['//exa mple.com/?to=me@example.com&token=hunter2', '"***"'],
    ['mailto:hunter2@example.com', '"mailto:***"'],
    ['javascript:fetch(1)?hunter2', '"javascript:fetch(1)?***"'],
    ['ftp://me:hunter2@example.com/path?hunter2#hunter2', '"ftp://***@example.com/path?***"'],
    ['https://me:hunter2@example.com/path?hunter2', '"https://***@example.com/path?***"'],
    ['https:\\\\me:hunter2@example.com', '"https://***@example.com/"'],
  ];
  for (const [url, as] of shown) {
    test(`${JSON.stringify(url)} as ${as}`, () => {
      const result = parse({ url });
      assert(!result.ok);
      assert.ok(result.errors[0]?.message.startsWith(`url ${as} `), JSON.stringify(result.errors));
      assert.doesNotMatch(JSON.stringify(result.errors), /hunter2/);
    });
  }
});

test('of every fault the constraint says what is allowed, in words', () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, '']));
  const inputs: Partial<Input>[] = [
    { url: 'x', successStatuses: 'ok', headers: { 'X Y': '', Host: '', 'Carillon-Run': '', A: 1, B: '\n', b: '', C: '', c: '' } },
    { url: 'ftp://example.com', headers: many, method: 'GET', body: 1 },
    { url: 'https://me@example.com', headers: { A: 'a'.repeat(20_000) }, body: 'a'.repeat(300_000) },
    { body: nested(101) },
  ];
  const errors = inputs.flatMap((input) => {
    const result = parse(input);
    return result.ok ? [] : result.errors;
  });
  assert.equal(errors.length, 15);
  for (const { constraint } of errors) assert.match(constraint ?? '', /^[^=]+ [^=]+$/);
});

describe('headers', () => {
  test('are kept as spelled', () => {
    const headers = { Authorization: 'Bearer x', 'x-empty': '', 'X-Latin': 'é' };
    const result = parse({ headers });
    assert.deepEqual(result.ok && result.request.headers, headers);
  });

  test('may be 16 KiB together, as sent', () => {
    assert.deepEqual(bad({ headers: { A: 'a'.repeat(8187), B: 'b'.repeat(8187) } }), []);
  });

  test('a header called __proto__ is a header', () => {
    const result = parse({ headers: JSON.parse('{"__proto__":"x"}') as Record<string, unknown> });
    assert(result.ok);
    assert.deepEqual(Object.entries(result.request.headers), [['__proto__', 'x']]);
  });

  const refused: [rule: string, headers: Record<string, unknown>, paths: string[]][] = [
    [
      'a name is a token',
      { 'X Foo': 'a', '': 'b', 'X:Y': 'c', 'X-Ü': 'd' },
      ['headers.X Foo', 'headers.', 'headers.X:Y', 'headers.X-Ü'],
    ],
    ['a value cannot break the line', { A: 'a\r\nB: c', B: 'a\nb', C: '\0' }, ['headers.A', 'headers.B', 'headers.C']],
    ['a value is latin-1', { A: '€' }, ['headers.A']],
    ['a value is a string', { A: 1, B: null, C: ['x'] }, ['headers.A', 'headers.B', 'headers.C']],
    ['names differ in more than case', { 'X-Foo': 'a', 'x-foo': 'b' }, ['headers.x-foo']],
    ['what describes the run is not the user’s to set', { 'carillon-run-id': 'x' }, ['headers.carillon-run-id']],
    ['at most 50', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, ''])), ['headers']],
    ['at most 16 KiB together', { A: 'a'.repeat(8187), B: 'b'.repeat(8188) }, ['headers']],
  ];
  for (const [rule, headers, paths] of refused) {
    test(rule, () => assert.deepEqual(bad({ headers }), paths));
  }

  test('those of the connection are refused in any case', () => {
    const names = ['Host', 'content-length', 'Transfer-Encoding', 'CONNECTION', 'Upgrade', 'TE', 'Trailer', 'Keep-Alive'];
    for (const name of [...names, 'Proxy-Authorization', 'proxy-connection']) {
      assert.deepEqual(bad({ headers: { [name]: 'x' } }), [`headers.${name}`]);
    }
    assert.deepEqual(bad({ headers: { Hostname: 'x', 'X-TE': 'y' } }), []);
  });

  test('a value is never repeated in an error', () => {
    const result = parse({ headers: { Authorization: 'Bearer hunter2\n', Host: 'hunter2', 'X Y': 'hunter2' } });
    assert(!result.ok && result.errors.length === 3);
    assert(!JSON.stringify(result.errors).includes('hunter2'));
  });

  test('whatever is accepted can be sent: node:http agrees on names and values', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
        const sendable = accepts(() => validateHeaderName(name)) && accepts(() => validateHeaderValue(name || 'x', value));
        const accepted = bad({ headers: { [name]: value } }).length === 0;
        assert.equal(accepted, sendable && !/^(te|host)$/i.test(name));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('body', () => {
  const accepted: [rule: string, body: unknown, stored: unknown][] = [
    ['undefined is none', undefined, null],
    ['null is none', null, null],
    ['falsy values are values', 0, 0],
    ['256 KiB fit', 'a'.repeat(256 * 1024 - 2), 'a'.repeat(256 * 1024 - 2)],
    ['100 levels fit', nested(100), nested(100)],
    ['an emoji is whole', { text: '😀' }, { text: '😀' }],
    ['an escape that is spelled out is text', String.raw`\u0000`, String.raw`\u0000`],
  ];
  for (const [rule, body, stored] of accepted) {
    test(rule, () => {
      const result = parse({ body });
      assert(result.ok);
      assert.deepEqual(result.request.body, stored);
    });
  }

  const refused: [rule: string, body: unknown][] = [
    ['256 KiB and one byte do not fit', 'a'.repeat(256 * 1024 - 1)],
    ['bytes count, not characters', 'é'.repeat(128 * 1024)],
    ['must be JSON', 1n],
    ['must not be nested deeper than 100 levels', nested(101)],
    ['however deep it is nested', nested(50_000)],
    ['must not contain itself', cyclic],
    ['must not hold U+0000, which jsonb cannot store', { a: ['\0'] }],
    ['must not hold half a character', { '\ud800': 1 }],
  ];
  for (const [rule, body] of refused) {
    test(rule, () => assert.deepEqual(bad({ body }), ['body']));
  }

  for (const method of HTTP_METHODS) {
    const sends = method !== 'GET' && method !== 'HEAD';
    test(`${method} ${sends ? 'may' : 'may not'} have one`, () => {
      assert.deepEqual(bad({ method, body: {} }), sends ? [] : ['body']);
      assert.deepEqual(bad({ method, body: null }), []);
    });
  }
});

describe('success statuses', () => {
  test('are stored without spaces and with single codes as such', () => {
    const result = parse({ successStatuses: ' 200 - 299 , 304,404-404' });
    assert.equal(result.ok && result.request.successStatuses, '200-299,304,404');
  });

  for (const text of [
    '',
    ',',
    '200,',
    '2xx',
    '99',
    '600',
    '299-200',
    '200-',
    '-200',
    '200-299-304',
    '1000',
    '200;201',
    '200,'.repeat(60),
  ]) {
    test(`refuses "${text.slice(0, 20)}"`, () => assert.deepEqual(bad({ successStatuses: text }), ['successStatuses']));
  }

  const cases: [text: string, yes: number[], no: number[]][] = [
    ['200-299,304', [200, 204, 299, 304], [199, 300, 303, 305, 503]],
    ['404', [404], [200, 403]],
    ['100-599', [100, 599], [0, 600, 999]],
  ];
  for (const [text, yes, no] of cases) {
    test(`${text} includes its ends and nothing outside`, () => {
      assert.deepEqual(
        [...yes, ...no].filter((status) => isSuccessStatus(text, status)),
        yes,
      );
    });
  }
});

test('every bad field is named at once', () => {
  assert.deepEqual(bad({ url: 'x', headers: { Host: 'a', Ok: 'b', N: 1 }, method: 'GET', body: 1, successStatuses: 'ok' }), [
    'url',
    'headers.Host',
    'headers.N',
    'body',
    'successStatuses',
  ]);
});

test('JSON is storable when its strings have neither U+0000 nor half a surrogate pair', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('\\', 'u0000', 'ud800', '\0', '\ud83d', '\ude00', 'a', '"')), (parts) => {
      const text = parts.join('');
      assert.equal(storableJson([text]) !== null, text.isWellFormed() && !text.includes('\0'));
    }),
    { numRuns: 2000 },
  );
});
