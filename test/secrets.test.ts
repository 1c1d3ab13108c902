import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSecretBox, secretKeyId } from '../src/secrets.ts';

const KEY = Buffer.alloc(32, 1);
const OTHER = Buffer.alloc(32, 2);
const CONTEXT = ['http.secretHeaders', 'http:hook', 'https://hook.example', 'authorization'];
const box = createSecretBox([KEY]);

test('what is sealed opens in its context, and is not to be read in between', () => {
  for (const text of ['Bearer hunter2', '', 'é\0😀', 'a'.repeat(10_000)]) {
    const sealed = box.seal(text, CONTEXT);
    assert.match(sealed, /^v1\.[0-9a-f]{8}\.[\w-]+$/);
    assert.ok(text === '' || !Buffer.from(sealed.split('.')[2] ?? '', 'base64url').includes(text));
    assert.deepEqual(box.open(sealed, CONTEXT), { ok: true, text });
  }
});

test('the same text is sealed differently each time: equal secrets cannot be told', () => {
  assert.equal(new Set(Array.from({ length: 100 }, () => box.seal('secret', CONTEXT))).size, 100);
});

describe('does not open', () => {
  const sealed = box.seal('Bearer hunter2', CONTEXT);
  const [version = '', keyId = '', data = ''] = sealed.split('.');
  const bytes = Buffer.from(data, 'base64url');
  const flipped = (index: number) => {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] as number) ^ 1;
    return `${version}.${keyId}.${changed.toString('base64url')}`;
  };
  const cases: { rule: string; sealed: string; context?: string[] }[] = [
    { rule: 'in another row or for another host', sealed, context: CONTEXT.with(2, 'https://evil.example') },
    {
      rule: 'in a context with the same letters',
      sealed,
      context: ['http.secretHeaders', 'http:hook,https://hook.example', 'authorization'],
    },
    { rule: 'with a changed nonce', sealed: flipped(0) },
    { rule: 'with a changed text', sealed: flipped(12) },
    { rule: 'with a changed tag', sealed: flipped(bytes.length - 1) },
    { rule: 'with a tag that is cut', sealed: `${version}.${keyId}.${bytes.subarray(0, -4).toString('base64url')}` },
    { rule: 'without its text', sealed: `${version}.${keyId}.` },
    { rule: 'as another version', sealed: `v2.${keyId}.${data}` },
  ];
  for (const { rule, sealed: given, context = CONTEXT } of cases) {
    test(rule, () => {
      assert.deepEqual(box.open(given, context), { ok: false, keyId, known: true });
    });
  }

  test('under another key, which is named', () => {
    assert.deepEqual(createSecretBox([OTHER]).open(sealed, CONTEXT), { ok: false, keyId: secretKeyId(KEY), known: false });
  });

  for (const nonsense of ['', 'v1', 'v1..', 'hunter2', '....']) {
    test(`nonsense: ${JSON.stringify(nonsense)}`, () => {
      assert.equal(box.open(nonsense, CONTEXT).ok, false);
    });
  }
});

test('keys that follow the first open what they sealed; the first seals', () => {
  const rotated = createSecretBox([OTHER, KEY]);
  assert.deepEqual(rotated.open(box.seal('old', CONTEXT), CONTEXT), { ok: true, text: 'old' });
  assert.equal(rotated.seal('new', CONTEXT).split('.')[1], secretKeyId(OTHER));
});

test('without a key nothing is sealed', () => {
  const none = createSecretBox([]);
  assert.equal(none.canSeal, false);
  assert.throws(() => none.seal('text', CONTEXT), /no key/);
});
