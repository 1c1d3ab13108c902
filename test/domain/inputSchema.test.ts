import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputFaults } from '../../src/domain/inputSchema.ts';
import { defineTask, z } from '../../src/task/defineTask.ts';

const { inputSchema } = defineTask({
  key: 'report',
  input: z.object({
    to: z.string().min(3),
    days: z.int().min(1).max(31).default(7),
    format: z.enum(['csv', 'md']).optional(),
    parts: z.array(z.object({ name: z.string() })).optional(),
    strict: z.strictObject({ a: z.number() }).optional(),
  }),
  run: () => null,
});

const cases: { rule: string; input: Record<string, unknown> | null; faults: string[] }[] = [
  { rule: 'what fits', input: { to: 'ops', days: 3, format: 'csv' }, faults: [] },
  { rule: 'what has a default may be absent', input: { to: 'ops' }, faults: [] },
  { rule: 'no input counts as an empty one', input: null, faults: ['to: to is missing.'] },
  { rule: 'a figure out of range', input: { to: 'ops', days: 40 }, faults: ['days: days must be <= 31; it is 40.'] },
  { rule: 'another type', input: { to: 'ops', days: '3' }, faults: ['days: days must be integer; it is "3".'] },
  {
    rule: 'a word that is not on the list',
    input: { to: 'ops', format: 'pdf' },
    faults: ['format: format must be equal to one of the allowed values: ["csv","md"]; it is "pdf".'],
  },
  {
    rule: 'something inside a list',
    input: { to: 'ops', parts: [{ name: 'a' }, {}, { name: 1 }] },
    faults: ['parts.1.name: name is missing.', 'parts.2.name: name must be string; it is 1.'],
  },
  { rule: 'a key too many', input: { to: 'ops', strict: { a: 1, b: 2 } }, faults: ['strict.b: b is not known here.'] },
  {
    rule: 'all faults at once',
    input: { to: 'x', days: 0 },
    faults: ['to: to must NOT have fewer than 3 characters; it is "x".', 'days: days must be >= 1; it is 0.'],
  },
];

for (const { rule, input, faults } of cases) {
  test(`an input against its schema: ${rule}`, () => {
    const found = inputFaults(inputSchema!, input).map(({ path, message }) => `${path.join('.')}: ${message}`);
    assert.deepEqual(found.toSorted(), faults.toSorted());
  });
}

test('names with / and ~ come back as they are', () => {
  const schema = { type: 'object', properties: { 'a/b~c': { type: 'number' } } };
  assert.deepEqual(inputFaults(schema, { 'a/b~c': 'x' })[0]?.path, ['a/b~c']);
});

test('a long value is shown shortened', () => {
  const [fault] = inputFaults({ type: 'object', properties: { n: { type: 'number' } } }, { n: 'x'.repeat(10_000) });
  assert.ok(fault!.message.length < 150, fault!.message);
});

test('two schemas with the same $id do not meet', () => {
  const schema = (type: string) => ({ $id: 'https://example.test/same', type: 'object', properties: { v: { type } } });
  assert.equal(inputFaults(schema('string'), { v: 1 }).length, 1);
  assert.equal(inputFaults(schema('number'), { v: 1 }).length, 0);
});
