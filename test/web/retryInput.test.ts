import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey } from '../../web/src/api/wishKey.ts';
import { readRetryInput } from '../../web/src/pages/run/retryInput.ts';

const cases = [
  { rule: 'not touched: it stays as it was', edited: null, before: '{"a":1}', is: { ok: true } },
  { rule: 'put back: it stays as it was', edited: '{"a":1}', before: '{"a":1}', is: { ok: true } },
  { rule: 'emptied: none', edited: ' ', before: '{"a":1}', is: { ok: true, input: null } },
  { rule: 'another', edited: '{"a":2}', before: '{"a":1}', is: { ok: true, input: { a: 2 } } },
  { rule: 'given where there was none', edited: '{}', before: '', is: { ok: true, input: {} } },
];
for (const { rule, edited, before, is } of cases) test(rule, () => assert.deepEqual(readRetryInput(edited, before), is));

test('what is no object is refused with what is wrong', () => {
  for (const [text, fault] of [
    ['[1]', /An input is an object/],
    ['null', /An input is an object/],
    ['{a', /This is no JSON/],
  ] as const) {
    // prettier-ignore
    const read = readRetryInput(text, '');
    assert.ok(!read.ok && fault.test(read.fault), text);
  }
});

test('the same wish has the same key, another wish another', () => {
  const key = newKey();
  const first = key({ id: 'a' });
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.equal(key({ id: 'a' }), first);
  assert.notEqual(key({ id: 'b' }), first);
  assert.notEqual(newKey()({ id: 'a' }), first);
});
