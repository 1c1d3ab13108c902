import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../support/properties.ts';
import { parseCursor, printCursor } from '../../src/events/cursor.ts';

const STREAM = '0b9f3c1e-5d0a-4a52-9d0b-3f1c2a4e6d78';
const OTHER = '1b9f3c1e-5d0a-4a52-9d0b-3f1c2a4e6d78';
const LAST_XID = 2n ** 64n - 1n;
const LAST_SEQ = 2n ** 63n - 1n;
const encode = (text: string): string => Buffer.from(text).toString('base64url');

test('a cursor is read as what was printed, up to the last position PostgreSQL can give', () => {
  const xids = fc.bigInt({ min: 0n, max: LAST_XID });
  const seqs = fc.bigInt({ min: 0n, max: LAST_SEQ });
  fc.assert(
    fc.property(fc.uuid(), xids, seqs, (stream, xid, seq) => {
      assert.deepEqual(parseCursor(stream, printCursor(stream, { xid, seq })), { ok: true, position: { xid, seq } });
    }),
    {
      examples: [
        [STREAM, LAST_XID, LAST_SEQ],
        [STREAM, 0n, 0n],
      ],
    },
  );
});

test('two positions never have the same cursor', () => {
  assert.notEqual(printCursor(STREAM, { xid: 1n, seq: 23n }), printCursor(STREAM, { xid: 12n, seq: 3n }));
});

test('a cursor can stand in a URL as it is', () => {
  assert.match(printCursor(STREAM, { xid: LAST_XID, seq: LAST_SEQ }), /^[\w-]+$/);
});

test('a cursor of another stream has expired: the database was restored meanwhile', () => {
  assert.deepEqual(parseCursor(STREAM, printCursor(OTHER, { xid: 1n, seq: 2n })), { ok: false, why: 'expired' });
});

describe('malformed', () => {
  const cases: [rule: string, cursor: string][] = [
    ['nothing', ''],
    ['a word', 'latest'],
    ['what is no base64url', '%%%'],
    ['the text without its encoding', `${STREAM}.1.2`],
    ['a part too few', encode(`${STREAM}.1`)],
    ['a part too many', encode(`${STREAM}.1.2.3`)],
    ['a stream that is none', encode(`${'x'.repeat(36)}.1.2`)],
    ['a sign', encode(`${STREAM}.-1.2`)],
    ['a fraction', encode(`${STREAM}.1.5e3`)],
    ['blanks around it', encode(` ${STREAM}.1.2 `)],
    ['a line behind it', encode(`${STREAM}.1.2\n`)],
    ['a transaction id larger than xid8', encode(`${STREAM}.${LAST_XID + 1n}.2`)],
    ['a number larger than bigint', encode(`${STREAM}.1.${LAST_SEQ + 1n}`)],
    ['more digits than any number has', encode(`${STREAM}.${'0'.repeat(21)}.2`)],
    ['a very long text', 'A'.repeat(1_000_000)],
  ];
  for (const [rule, cursor] of cases) {
    test(rule, () => {
      assert.deepEqual(parseCursor(STREAM, cursor), { ok: false, why: 'malformed' });
    });
  }

  test('no text whatever throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string().map(encode)), (cursor) => {
        assert.equal(parseCursor(STREAM, cursor).ok, false);
      }),
    );
  });
});
