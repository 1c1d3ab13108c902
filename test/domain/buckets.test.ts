import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsOf, startsOf } from '../../src/domain/buckets.ts';
import fc from '../support/properties.ts';

const at = (text: string) => Date.parse(text);
const DAY = 86_400_000;
const cases = [
  { rule: 'a range of whole buckets', range: ['10:00:00', '12:00:00'], ms: 3_600_000, starts: ['10:00:00', '11:00:00'] },
  {
    rule: 'edges within buckets',
    range: ['10:59:59.999', '12:00:00.001'],
    ms: 3_600_000,
    starts: ['10:00:00', '11:00:00', '12:00:00'],
  },
  { rule: 'a range within one', range: ['10:10:00', '10:10:00.001'], ms: 3_600_000, starts: ['10:00:00'] },
  {
    rule: 'a length that does not divide the hour',
    range: ['00:00:00', '00:10:00'],
    ms: 420_000,
    starts: ['2026-03-01T23:54:00Z', '00:01:00', '00:08:00'],
  },
];
for (const { rule, range, ms, starts } of cases) {
  test(rule, () => {
    const instant = (text: string) => (text.includes('T') ? at(text) : at(`2026-03-02T${text}Z`));
    const [from, until] = range.map(instant) as [number, number];
    assert.deepEqual(startsOf(bucketsOf({ from, until }, ms)), starts.map(instant));
  });
}

test('days begin at midnight UTC, weeks on Thursdays, also before 1970', () => {
  const first = (text: string, days: number) =>
    new Date(bucketsOf({ from: at(text), until: at(text) + 1 }, days * DAY).from).toISOString();
  assert.equal(first('2026-03-02T15:00:00Z', 1), '2026-03-02T00:00:00.000Z');
  assert.equal(first('2026-03-02T15:00:00Z', 7), '2026-02-26T00:00:00.000Z');
  assert.equal(first('1969-12-31T15:00:00Z', 7), '1969-12-25T00:00:00.000Z');
});

test('buckets cover the range, none of them in vain, and ranges that overlap share them', () => {
  const instant = fc.integer({ min: -1e12, max: 4e12 });
  fc.assert(
    fc.property(
      instant,
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 1, max: 1e7 }),
      fc.nat(1e9),
      (from, long, ms, moved) => {
        const range = { from, until: from + Math.min(long, 500 * ms) };
        const buckets = bucketsOf(range, ms);
        const starts = startsOf(buckets);
        assert.ok(starts[0]! <= range.from && range.from < starts[0]! + ms);
        assert.ok(starts.at(-1)! < range.until && range.until <= starts.at(-1)! + ms);
        assert.ok(starts.at(-1)! + ms === buckets.until);
        const [other] = startsOf(bucketsOf({ from: from + moved, until: from + moved + 1 }, ms));
        assert.ok((other! - starts[0]!) % ms === 0);
      },
    ),
  );
});
