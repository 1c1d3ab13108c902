import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { fireTime, resolveZone, zoneOf } from '../../src/trigger/zone.ts';

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone')];
const zones = fc.constantFrom(...ZONES);

test('the table gives the offset that Temporal gives, in every zone and century', () => {
  fc.assert(
    fc.property(zones, fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (timeZone, second) => {
      const zone = zoneOf(timeZone);
      const i = zone.index(second);
      const expected = Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(timeZone).offsetNanoseconds / 1e9;
      assert.equal(zone.offset(i), expected);
      assert.ok(zone.start(i) <= second && second < zone.start(i + 1));
    }),
    { numRuns: 3000 },
  );
});

test('in every zone two changes lie further apart than a day and than both jumps together: only neighbours can overlap', () => {
  const end = Date.UTC(2500, 0) / 1000;
  for (const timeZone of ZONES) {
    const zone = zoneOf(timeZone);
    for (let i = 1; zone.start(i + 1) < end; i++) {
      const jumps = Math.abs(zone.offset(i) - zone.offset(i - 1)) + Math.abs(zone.offset(i + 1) - zone.offset(i));
      assert.ok(zone.start(i + 1) - zone.start(i) > Math.max(86_400, jumps), `${timeZone} ${zone.start(i)}`);
    }
  }
});

test('an instant reads as Temporal reads it, and both passes of a repeated hour are marked', () => {
  fc.assert(
    fc.property(zones, fc.integer({ min: -5_000_000_000, max: 20_000_000_000 }), (timeZone, second) => {
      const zoned = Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(timeZone);
      const local = zoned.toPlainDateTime();
      const times = (['earlier', 'later'] as const).map(
        (disambiguation) => local.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds,
      );
      const read = fireTime(second * 1000, timeZone);
      assert.equal(read.local, local.toString());
      assert.equal(Date.parse(`${read.local.slice(0, 19)}Z`), second * 1000 + zoned.offsetNanoseconds / 1e6);
      assert.equal(read.inOverlap, times[0] !== times[1]);
      assert.equal(read.inGap, false);
    }),
    { numRuns: 2000 },
  );
});

const readings: [at: string, zone: string, local: string, offset: string, inOverlap: boolean][] = [
  ['2026-10-25T00:30:00Z', 'Europe/Berlin', '2026-10-25T02:30:00', '+02:00', true],
  ['2026-10-25T01:30:00Z', 'Europe/Berlin', '2026-10-25T02:30:00', '+01:00', true],
  ['2026-10-25T02:00:00Z', 'Europe/Berlin', '2026-10-25T03:00:00', '+01:00', false],
  ['2024-04-06T14:30:00Z', 'Australia/Lord_Howe', '2024-04-07T01:30:00', '+11:00', true],
  ['2026-01-01T00:00:00.250Z', 'Asia/Kathmandu', '2026-01-01T05:45:00.250', '+05:45', false],
  ['1874-12-07T18:40:00Z', 'America/New_York', '1874-12-07T13:43:58', '-04:56:02', false],
];
for (const [at, zone, local, offset, inOverlap] of readings) {
  test(`${at} reads ${local}${offset} in ${zone}`, () => {
    assert.deepEqual(fireTime(Date.parse(at), zone), { at: Date.parse(at), local, offset, inGap: false, inOverlap });
  });
}

const names: [given: string, canonical: string][] = [
  ['Europe/Berlin', 'Europe/Berlin'],
  [' europe/berlin ', 'Europe/Berlin'],
  ['AMERICA/ARGENTINA/BUENOS_AIRES', 'America/Argentina/Buenos_Aires'],
  ['utc', 'UTC'],
  ['us/eastern', 'US/Eastern'],
  ['Etc/GMT+5', 'Etc/GMT+5'],
];
for (const [given, canonical] of names) {
  test(`${JSON.stringify(given)} is the zone ${canonical}`, () =>
    assert.deepEqual(resolveZone(given), { ok: true, timeZone: canonical }));
}

const unknown: [given: string, near: string[]][] = [
  ['Europe/Berlim', ['Europe/Berlin']],
  ['Berlin', ['Europe/Berlin']],
  ['Germany/Berlin', ['Europe/Berlin']],
  ['New York', ['America/New_York']],
  ['Mars/Olympus', []],
  ['', []],
  ['+02:00', []],
  ['+02', []],
  ['UTC+2', []],
  ['2026-01-01T00:00:00Z[Europe/Berlin]', ['Europe/Berlin']],
  ['x'.repeat(100_000), []],
];
for (const [given, near] of unknown) {
  test(`${JSON.stringify(given.slice(0, 40))} is refused${near.length > 0 ? `, near ${near.join(', ')}` : ''}`, () => {
    const result = resolveZone(given);
    assert.ok(!result.ok);
    assert.deepEqual(result.near, near);
    assert.ok(result.message.length < 200);
  });
}
