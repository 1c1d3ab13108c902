import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headerContext, parseSecrets } from '../../src/domain/httpSecrets.ts';
import type { SecretFields } from '../../src/domain/httpSecrets.ts';

const URL_A = 'https://a.example/hook';
const SIGNING = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const parse = (
  input: SecretFields,
  headers: Record<string, string> = {},
  current: object | null = null,
  url: string | null = URL_A,
) => parseSecrets(input, { url, headers }, current && { url: URL_A, ...current });

describe('what a request keeps and gets', () => {
  const current = { secretHeaders: { Authorization: 'sealed-a', 'X-Key': 'sealed-k' }, signingSecret: 'sealed-s' };
  const kept = current.secretHeaders;
  const signing = { kept: 'sealed-s', given: null };
  const cases: { rule: string; input: SecretFields; plan: Partial<ReturnType<typeof parse>['plan']> }[] = [
    { rule: 'absent: all stay', input: {}, plan: { kept, given: {}, signing } },
    {
      rule: 'null: all go',
      input: { secretHeaders: null, signingSecret: null },
      plan: { kept: {}, signing: { kept: null, given: null } },
    },
    { rule: 'an empty object removes nothing', input: { secretHeaders: {} }, plan: { kept, given: {} } },
    {
      rule: 'a null removes one',
      input: { secretHeaders: { 'X-Key': null } },
      plan: { kept: { Authorization: 'sealed-a' }, given: {} },
    },
    {
      rule: 'a null for one that is not there changes nothing',
      input: { secretHeaders: { Other: null } },
      plan: { kept, given: {} },
    },
    {
      rule: 'a value replaces the one of that name, whatever its case',
      input: { secretHeaders: { authorization: 'Bearer new' } },
      plan: { kept: { 'X-Key': 'sealed-k' }, given: { authorization: 'Bearer new' } },
    },
    {
      rule: 'a value is trimmed, as on the wire',
      input: { secretHeaders: { 'X-Key': '\t secret ' } },
      plan: { given: { 'X-Key': 'secret' } },
    },
    {
      rule: 'another signing secret',
      input: { signingSecret: SIGNING },
      plan: { kept, signing: { kept: null, given: SIGNING } },
    },
  ];
  for (const { rule, input, plan } of cases) {
    test(rule, () => {
      const parsed = parse(input, {}, current);
      assert.deepEqual(parsed.errors, []);
      assert.deepEqual({ ...parsed.plan, ...plan }, parsed.plan);
    });
  }

  test('a header called __proto__ is a header', () => {
    const { plan, errors } = parse({ secretHeaders: JSON.parse('{"__proto__":"secret"}') as Record<string, unknown> });
    assert.deepEqual([Object.entries(plan.given), errors], [[['__proto__', 'secret']], []]);
  });
});

describe('what is refused, at its field and without its value', () => {
  const VALUE = 'hunter2-hunter2';
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`X-${index}`, VALUE]));
  const cases: { rule: string; input: SecretFields; headers?: Record<string, string>; at: string; constraint?: string }[] = [
    {
      rule: 'a bad name',
      input: { secretHeaders: { 'X Y': VALUE } },
      at: 'secretHeaders.X Y',
      constraint: "letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
    },
    {
      rule: 'a header of the connection',
      input: { secretHeaders: { Host: VALUE } },
      at: 'secretHeaders.Host',
      constraint: 'a header that is not of the connection (Host, Content-Length …)',
    },
    { rule: 'a header of every run', input: { secretHeaders: { 'Carillon-Task': VALUE } }, at: 'secretHeaders.Carillon-Task' },
    { rule: 'a number', input: { secretHeaders: { X: 123_456 } }, at: 'secretHeaders.X', constraint: 'a string or null' },
    {
      rule: 'a line break',
      input: { secretHeaders: { X: `${VALUE}\r\nY: 1` } },
      at: 'secretHeaders.X',
      constraint: 'tabs and printable characters of ASCII and Latin-1',
    },
    { rule: 'a short value', input: { secretHeaders: { X: ' 12345 ' } }, at: 'secretHeaders.X' },
    { rule: 'a long value', input: { secretHeaders: { X: VALUE.repeat(300) } }, at: 'secretHeaders.X' },
    {
      rule: 'a name twice',
      input: { secretHeaders: { X: VALUE, x: VALUE } },
      at: 'secretHeaders.x',
      constraint: 'names that differ in more than upper and lower case',
    },
    {
      rule: 'a name of headers',
      input: { secretHeaders: { X: VALUE } },
      headers: { x: '1' },
      at: 'secretHeaders.X',
      constraint: 'a name in headers or in secretHeaders',
    },
    { rule: 'more than ten', input: { secretHeaders: many }, at: 'secretHeaders' },
    ...['hunter2', 'whsec_', 'whsec_AAAA', `whsec_${'A'.repeat(92)}`, SIGNING.slice(6), `whsec_${'-'.repeat(32)}`].map(
      (secret) => ({
        rule: `signing secret of ${secret.length} characters: ${secret.slice(0, 8)}`,
        input: { signingSecret: secret },
        at: 'signingSecret',
      }),
    ),
    {
      rule: 'a header of the signature, when it is signed',
      input: { signingSecret: SIGNING, secretHeaders: { 'Webhook-Signature': VALUE } },
      headers: { 'webhook-id': VALUE },
      at: 'headers.webhook-id secretHeaders.Webhook-Signature',
      constraint: 'a header that is not of the signature (Webhook-Id, Webhook-Timestamp, Webhook-Signature)',
    },
  ];
  for (const { rule, input, headers = {}, at, constraint } of cases) {
    test(rule, () => {
      const { errors } = parse(input, headers);
      assert.equal(errors.map(({ path }) => path.join('.')).join(' '), at);
      if (constraint !== undefined)
        assert.ok(
          errors.every((error) => error.constraint === constraint),
          JSON.stringify(errors),
        );
      assert.doesNotMatch(JSON.stringify(errors), /hunter2|12345|AAAA/);
    });
  }
});

describe('secret headers that stay do not follow a URL to another origin', () => {
  const current = { secretHeaders: { Authorization: 'sealed-a', 'X-Key': 'sealed-k' }, signingSecret: 'sealed-s' };
  const all = { Authorization: 'Bearer x', 'X-Key': 'secret' };
  const cases: { rule: string; url: string; input: SecretFields; refused: boolean }[] = [
    { rule: 'another path of it', url: 'https://a.example/other?x=1', input: {}, refused: false },
    { rule: 'another host', url: 'https://b.example/hook', input: {}, refused: true },
    { rule: 'another port', url: 'https://a.example:8443/hook', input: {}, refused: true },
    { rule: 'another scheme', url: 'http://a.example/hook', input: {}, refused: true },
    {
      rule: 'another host, one of two given again',
      url: 'https://b.example/',
      input: { secretHeaders: { 'X-Key': 'secret' } },
      refused: true,
    },
    { rule: 'another host, all given again', url: 'https://b.example/', input: { secretHeaders: all }, refused: false },
    { rule: 'another host, all removed', url: 'https://b.example/', input: { secretHeaders: null }, refused: false },
  ];
  for (const { rule, url, input, refused } of cases) {
    test(`${rule}: ${refused ? 'refused' : 'allowed'}`, () => {
      const { errors } = parse(input, {}, current, url);
      assert.deepEqual(
        errors.map(({ path }) => path),
        refused ? [['url']] : [],
      );
    });
  }

  test('a signing secret does: it is never sent', () => {
    assert.deepEqual(parse({}, {}, { signingSecret: 'sealed-s' }, 'https://b.example/').errors, []);
  });

  test('nor to another task, header or origin by an edited row', () => {
    const contexts = [
      headerContext('a', URL_A, 'X'),
      headerContext('b', URL_A, 'X'),
      headerContext('a', 'http://a.example/hook', 'X'),
      headerContext('a', URL_A, 'Y'),
    ].map((context) => JSON.stringify(context));
    assert.equal(new Set(contexts).size, 4);
    assert.deepEqual(headerContext('a', 'https://a.example/other', 'x'), headerContext('a', URL_A, 'X'));
  });
});
