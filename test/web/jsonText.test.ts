import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, readJson } from '../../web/src/form/jsonText.ts';
import fc from '../support/properties.ts';

const faults = [
  { rule: 'a comma after the last field', text: '{"a": 1,\n}', line: 1, column: 8, message: /no comma after the last field/ },
  { rule: 'a comma after the last item', text: '[1,\n 2,\n]', line: 2, column: 3, message: /no comma after the last item/ },
  { rule: 'a name without quotes', text: '{\n  cron: 1}', line: 2, column: 3, message: /name of a field, in "quotes"/ },
  { rule: 'single quotes', text: '{\n  "a": \'b\'}', line: 2, column: 8, message: /double quotes/ },
  { rule: 'text that does not end', text: '{"a": "b\n}', line: 1, column: 7, message: /does not end/ },
  { rule: 'no colon', text: '{"a" 1}', line: 1, column: 6, message: /Expected : and found "1"/ },
  { rule: 'no comma', text: '{"a": 1\n"b": 2}', line: 2, column: 1, message: /Expected , or }/ },
  { rule: 'it ends too early', text: '{"a": [1', line: 1, column: 9, message: /found the end/ },
  { rule: 'something follows', text: '{}\n{}', line: 2, column: 1, message: /Nothing may follow/ },
  { rule: 'a name twice', text: '{"a": 1,\n "a": 2}', line: 2, column: 2, message: /there already/ },
  { rule: 'a number with a leading zero', text: '[01]', line: 1, column: 2, message: /01 is no JSON/ },
];
for (const { rule, text, line, column, message } of faults)
  test(`a fault of JSON is named at its place: ${rule}`, () => {
    const read = readJson(text);
    assert.ok(!read.ok);
    assert.match(read.fault.message, message);
    assert.deepEqual(placeOf(text, read.fault.from), { line, column });
  });

test('a value is found in the text by its path; what is not there by what would hold it', () => {
  const text = '{\n  "anyOf": [\n    { "cron": { "expression": "x y" } }\n  ]\n}';
  const read = readJson(text);
  assert.ok(read.ok);
  const at = (...path: string[]) => {
    const { from, until } = read.spanOf(path);
    return text.slice(from, until);
  };
  assert.equal(at('anyOf', '0', 'cron', 'expression'), '"x y"');
  assert.equal(at('anyOf', '0', 'cron', 'dayMatch'), '{ "expression": "x y" }');
  assert.equal(at(), text);
});

test('reads what JSON.parse reads, to the same value', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (json, space) => {
      const text = JSON.stringify(JSON.parse(json), null, space);
      const read = readJson(text);
      assert.ok(read.ok, text);
      assert.deepEqual(read.value, JSON.parse(text));
    }),
  );
});

test('refuses what JSON.parse refuses', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '0', '\\', '-'), (json, place, put) => {
      const cut = place % (json.length + 1);
      const text = `${json.slice(0, cut)}${put}${json.slice(cut + 1)}`;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        assert.ok(!readJson(text).ok, text);
        return;
      }
      const read = readJson(text);
      if (read.ok) assert.deepEqual(read.value, value);
      else assert.match(read.fault.message, /there already/);
    }),
  );
});
