import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../../src/commands/fields.ts';
import { parseLabels } from '../../src/commands/labels.ts';

const PATH = ['input', 'labels'];
const parse = (input: [string, string][]) => {
  const fields = new Fields();
  const labels = parseLabels(
    fields,
    PATH,
    input.map(([key, value]) => ({ key, value })),
  );
  return { labels, errors: fields.errors.map((error) => [error.path?.slice(PATH.length).join('.'), error.message]) };
};
const many = (count: number) => Array.from({ length: count }, (_, n): [string, string] => [`k${n}`, '']);

test('labels that are allowed: keys of 1 to 63 characters, values of up to 200, 20 of them', () => {
  const input: [string, string][] = [
    ['a', ''],
    ['9.x_y-z/Q', 'any text: % _ \\ ü'],
    ['k'.repeat(63), 'v'.repeat(200)],
    ['constructor', 'no trap'],
  ];
  assert.deepEqual(parse(input), { labels: Object.fromEntries(input), errors: [] });
  assert.deepEqual(parse(many(20)).errors, []);
  assert.deepEqual(parse([]), { labels: {}, errors: [] });
});

const KEY_RULE = '1 to 63 letters, digits and . _ - /, starting with a letter or digit';
const faults = [
  ...['', '-a', '_a', 'a b', 'a:b', 'ä', 'k'.repeat(64), 'a\n'].map((key) => ({
    labels: [[key, 'v']] as [string, string][],
    errors: [['0.key', `key "${key.slice(0, 63)}" is not allowed: ${KEY_RULE}.`]],
  })),
  { labels: [['a', 'v'.repeat(201)]], errors: [['0.value', 'value has 201 characters; allowed are 200.']] },
  ...['a\nb', 'a\tb', '\u007f'].map((value) => ({
    labels: [['a', value]] as [string, string][],
    errors: [['0.value', 'value contains a control character or half a surrogate pair.']],
  })),
  {
    labels: [
      ['a', '1'],
      ['b', '2'],
      ['a', '1'],
    ],
    errors: [['2.key', 'key "a" is given twice; each label has one value.']],
  },
  { labels: many(21), errors: [['', 'labels has 21 entries; allowed are 20.']] },
] as { labels: [string, string][]; errors: string[][] }[];
for (const { labels, errors } of faults) {
  test(`labels that are refused: ${JSON.stringify(labels.at(-1)).slice(0, 60)} of ${labels.length}`, () => {
    assert.deepEqual(parse(labels).errors, errors);
  });
}
