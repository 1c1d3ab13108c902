import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { LOG_LEVELS, levelsFrom, toLogEntry } from '../../src/domain/logLine.ts';

const fieldsOf = (fields: unknown) => toLogEntry('INFO', 'm', fields).fields;
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const throwing = {
  get broken() {
    throw new Error('no');
  },
};
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

test('a least level stands for itself and all that matter more', () => {
  assert.deepEqual(levelsFrom('TRACE'), LOG_LEVELS);
  assert.deepEqual(levelsFrom('WARN'), ['WARN', 'ERROR']);
});

test('a message of 4,000 characters is kept; a longer one is cut there, says how long it was, and halves no pair', () => {
  assert.equal(toLogEntry('INFO', 'x'.repeat(4_000)).message, 'x'.repeat(4_000));
  const { message } = toLogEntry('INFO', 'x'.repeat(4_001));
  assert.equal(message.length, 4_000);
  assert.match(message, /^x+ … \(cut: it has 4001 characters\)$/);
  for (const before of ['', 'x']) {
    const pairs = toLogEntry('INFO', `${before}${'😀'.repeat(3_000)}`).message;
    assert.ok(pairs.isWellFormed() && !pairs.includes('\ufffd') && pairs.length <= 4_000);
  }
});

test('what a message has that cannot be stored is replaced', () => {
  assert.equal(toLogEntry('INFO', 'a\0b\ud800c').message, 'a\ufffdb\ufffdc');
});

const fields: { rule: string; given: unknown; kept: unknown }[] = [
  { rule: 'none', given: undefined, kept: null },
  { rule: 'null', given: null, kept: null },
  { rule: 'an object', given: { a: [1, null, 'ü'], b: undefined }, kept: { a: [1, null, 'ü'] } },
  { rule: 'a number', given: 42, kept: { value: 42 } },
  { rule: 'a list', given: [1], kept: { value: [1] } },
  { rule: 'a bigint', given: { n: 10n ** 20n }, kept: { n: '100000000000000000000' } },
  { rule: 'a date', given: { at: new Date(0) }, kept: { at: '1970-01-01T00:00:00.000Z' } },
  {
    rule: 'U+0000 and half a pair, also in keys',
    given: { 'k\0': 'v\ud83d', s: '\\u0000' },
    kept: { 'k\ufffd': 'v\ufffd', s: '\\u0000' },
  },
  { rule: 'a cycle', given: cyclic, kept: { fieldsNotKept: 'they are not JSON' } },
  { rule: 'a getter that throws', given: throwing, kept: { fieldsNotKept: 'they are not JSON' } },
  { rule: 'a function', given: () => 1, kept: {} },
  { rule: 'what says that it is a text', given: { toJSON: () => 'text' }, kept: { fieldsNotKept: 'they are not JSON' } },
  { rule: '100 levels', given: { a: nested(99) }, kept: { a: nested(99) } },
  { rule: '101 levels', given: { a: nested(100) }, kept: { fieldsNotKept: 'they are nested deeper than 100 levels' } },
];
for (const { rule, given, kept } of fields) {
  test(`fields: ${rule}`, () => {
    assert.deepEqual(fieldsOf(given), kept);
  });
}

test('fields: an error shows its name, its message, where it came from, and what it carries', () => {
  const error = Object.assign(new TypeError('bad'), { code: 'E' });
  const { stack, ...rest } = fieldsOf({ error })!['error'] as Record<string, unknown>;
  assert.deepEqual(rest, { code: 'E', name: 'TypeError', message: 'bad' });
  assert.match(String(stack), /^TypeError: bad\n/);
  assert.deepEqual(Object.keys(fieldsOf(error)!), ['error']);
});

test('fields: 8 KiB of JSON are kept, a byte more is not', () => {
  const ofBytes = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
  assert.deepEqual(fieldsOf(ofBytes(8_192)), ofBytes(8_192));
  assert.deepEqual(fieldsOf(ofBytes(8_193)), { fieldsNotKept: 'they have 8193 bytes as JSON; allowed are 8192' });
});

test('whatever is said becomes a line within the bounds, and its bytes are counted', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 5_000 }),
      fc.anything({ withBigInt: true, withDate: true }),
      (message, given) => {
        const entry = toLogEntry('INFO', message, given);
        const json = entry.fields === null ? '' : JSON.stringify(entry.fields);
        assert.ok(entry.message.length <= 4_000 && entry.message.isWellFormed() && json.length <= 8_192);
        assert.doesNotMatch(`${entry.message}${json}`, /\0/);
        assert.equal(entry.bytes, Buffer.byteLength(entry.message) + Buffer.byteLength(json));
      },
    ),
    { seed: 11, numRuns: 500 },
  );
});
