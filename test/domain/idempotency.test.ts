import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, keyFault } from '../../src/domain/idempotency.ts';

const same: { rule: string; inputs: [unknown, unknown] }[] = [
  {
    rule: 'whatever the order of the fields, at every depth',
    inputs: [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1 },
    ],
  },
  { rule: 'a field that is absent and one that is undefined', inputs: [{ a: 1 }, { a: 1, b: undefined }] },
  {
    rule: 'an instant, however it was written',
    inputs: [new Date('2026-03-02T01:00:00+01:00'), new Date('2026-03-02T00:00:00Z')],
  },
  { rule: 'objects with and without a prototype', inputs: [Object.assign(Object.create(null), { a: 1 }), { a: 1 }] },
];
for (const { rule, inputs } of same) {
  test(`the same input: ${rule}`, () => assert.equal(canonicalJson(inputs[0]), canonicalJson(inputs[1])));
}

const different: { rule: string; inputs: [unknown, unknown] }[] = [
  { rule: 'absent and null', inputs: [{ a: 1 }, { a: 1, b: null }] },
  {
    rule: 'the order of a list',
    inputs: [
      [1, 2],
      [2, 1],
    ],
  },
  { rule: 'a number and its text', inputs: [{ a: 1 }, { a: '1' }] },
  { rule: 'an empty object and an empty list', inputs: [{}, []] },
  { rule: 'text that looks like two fields', inputs: [{ a: '1","b":"2' }, { a: '1', b: '2' }] },
  { rule: 'a field that is named like a member of all objects', inputs: [JSON.parse('{"__proto__":{"a":1}}'), {}] },
  { rule: 'instants a millisecond apart', inputs: [new Date(0), new Date(1)] },
];
for (const { rule, inputs } of different) {
  test(`another input: ${rule}`, () => {
    assert.notEqual(canonicalJson(inputs[0]), canonicalJson(inputs[1]));
    assert.notEqual(canonicalJson(inputs[0]), null);
  });
}

test('what is nested too deeply has no text, and does not exhaust the stack', () => {
  const nested = (levels: number) => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as unknown;
  assert.equal(canonicalJson(nested(200)), JSON.stringify(nested(200)));
  assert.equal(canonicalJson(nested(201)), null);
  assert.equal(canonicalJson(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))), null);
});

for (const key of ['a', 'order 4711', 'é', '日本', 'x'.repeat(200), '"{}\\']) {
  test(`a key: ${JSON.stringify(key.slice(0, 20))}`, () => assert.equal(keyFault(key), null));
}
const faulty: { key: string; said: RegExp }[] = [
  { key: '', said: /is blank/ },
  { key: ' \t', said: /is blank/ },
  { key: 'x'.repeat(201), said: /has 201 characters/ },
  { key: 'a\nb', said: /cannot be seen/ },
  { key: 'a\u200bb', said: /cannot be seen/ },
  { key: 'a\u2028b', said: /cannot be seen/ },
  { key: '\ud800', said: /cannot be seen/ },
];
for (const { key, said } of faulty) {
  test(`no key: ${JSON.stringify(key.slice(0, 20))}`, () => {
    const fault = keyFault(key);
    assert.match(fault?.message ?? '', said);
    assert.match(fault?.message ?? '', /^idempotencyKey .*; allowed are 1 to 200 printable characters\.$/);
    assert.deepEqual(fault?.path, ['input', 'idempotencyKey']);
  });
}
