import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { formatDuration, parseDuration } from '../../src/trigger/duration.ts';

const accepted: [text: string, ms: number, canonical: string][] = [
  ['PT10M', 600_000, 'PT10M'],
  ['PT0S', 0, 'PT0S'],
  ['PT1.5S', 1500, 'PT1.5S'],
  ['PT0,001S', 1, 'PT0.001S'],
  ['PT90M', 5_400_000, 'PT1H30M'],
  ['PT0.5H', 1_800_000, 'PT30M'],
  ['PT24H', 86_400_000, 'P1D'],
  ['P1D', 86_400_000, 'P1D'],
  ['P1W', 604_800_000, 'P1W'],
  ['P14D', 1_209_600_000, 'P2W'],
  ['P7DT1S', 604_801_000, 'P7DT1S'],
  ['P1W1D', 691_200_000, 'P8D'],
  ['+pt1h', 3_600_000, 'PT1H'],
  ['P36525D', 3_155_760_000_000, 'P36525D'],
];
for (const [text, ms, canonical] of accepted) {
  test(`${text} is ${ms} ms, canonically ${canonical}`, () => {
    assert.deepEqual(parseDuration(text), { ok: true, ms });
    assert.equal(formatDuration(ms), canonical);
  });
}

const refused: [text: string, message: RegExp][] = [
  ['', /not an ISO-8601 duration/],
  ['P', /not an ISO-8601 duration/],
  ['PT', /not an ISO-8601 duration/],
  ['10m', /not an ISO-8601 duration/],
  ['P1DT-1H', /not an ISO-8601 duration/],
  ['x'.repeat(10_000_000), /'x{40}…' is not an ISO-8601 duration/],
  [`PT${'9'.repeat(500)}S`, /not an ISO-8601 duration|longer than 100 years/],
  ['P1M', /years or months/],
  ['P1Y', /years or months/],
  ['-PT1H', /negative/],
  ['PT0.0001S', /fractions of a millisecond/],
  ['P36525DT1S', /longer than 100 years/],
];
for (const [text, message] of refused) {
  test(`refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const result = parseDuration(text);
    assert.ok(!result.ok);
    assert.match(result.message, message);
  });
}

test('the canonical text reads back as the same duration', () => {
  fc.assert(
    fc.property(fc.nat(3_000_000_000_000), (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, ms });
      assert.equal(formatDuration(ms).length > 2, true);
    }),
    { numRuns: 1000 },
  );
});
