import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import type { Seconds } from '../../src/trigger/seconds.ts';
import {
  ALL_SECONDS,
  both,
  countSeconds,
  either,
  firstFrom,
  hasSecond,
  lastUntil,
  MOST_RUNS,
  NO_SECONDS,
  reached,
  Runs,
  secondsOfGrid,
  secondsOfList,
  secondsOfTimes,
  without,
} from '../../src/trigger/seconds.ts';

const DAY = 86_400;
/** One flag for each second of the day: the plainest form there is, and the judge of the others. */
type Flags = Uint8Array;

function setOf(flags: Flags): Seconds {
  const runs = new Runs();
  for (let start = flags.indexOf(1); start >= 0;) {
    const end = flags.indexOf(0, start);
    runs.add(start, end < 0 ? DAY : end);
    start = end < 0 ? -1 : flags.indexOf(1, end);
  }
  return runs.seconds();
}
const flagsWhere = (has: (second: number) => boolean): Flags =>
  Uint8Array.from({ length: DAY }, (_, second) => (has(second) ? 1 : 0));

/** Of some 2 to 4,000 runs, most of them near the number at which the form changes; also with both ends of the day, or all but full. */
const sets: fc.Arbitrary<Flags> = fc
  .record({
    runs: fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: MOST_RUNS - 2, max: MOST_RUNS + 2 }),
      fc.integer({ min: 800, max: 4000 }),
    ),
    longest: fc.constantFrom(1, 3, 40, 400),
    seed: fc.nat(),
    inverted: fc.boolean(),
    ends: fc.boolean(),
  })
  .map(({ runs, longest, seed, inverted, ends }) => {
    const flags = new Uint8Array(DAY);
    let state = seed;
    const random = (below: number): number => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % below;
    const space = runs === 0 ? DAY : Math.floor(DAY / runs);
    for (let i = 0; i < runs; i++) {
      const start = i * space + random(Math.max(1, space - 2));
      // One second at least is left between two runs.
      flags.fill(1, start, Math.min(start + 1 + random(longest), (i + 1) * space - 1));
    }
    if (ends) flags[0] = flags[DAY - 1] = 1;
    return inverted ? flags.map((flag) => 1 - flag) : flags;
  });
const second = fc.integer({ min: 0, max: DAY - 1 });

/** A set has one form, whatever it was made of, so equal sets are alike in all they show. */
function assertIs(found: Seconds, flags: Flags, what: string): void {
  const wanted = setOf(flags);
  assert.equal(found.size, wanted.size, what);
  assert.deepEqual(found.edges, wanted.edges, what);
  assert.equal(found.bits === null, wanted.bits === null, what);
  if (found.bits !== null && wanted.bits !== null)
    assert.ok(Buffer.from(found.bits.buffer).equals(Buffer.from(wanted.bits.buffer)), what);
  if (found.size === 0) assert.equal(found, NO_SECONDS, what);
  if (found.size === DAY) assert.equal(found, ALL_SECONDS, what);
}

test('sets of few runs are kept as edges, those of more as bits', () => {
  const ofRuns = (count: number): Seconds => secondsOfList(Array.from({ length: count }, (_, i) => 2 * i));
  assert.deepEqual([ofRuns(MOST_RUNS).bits === null, ofRuns(MOST_RUNS + 1).edges === null], [true, true]);
});

test('what is asked of a set does not depend on its form', () => {
  fc.assert(
    fc.property(sets, second, second, (flags, a, b) => {
      const set = setOf(flags);
      const [from, until] = [Math.min(a, b), Math.max(a, b) + 1];
      assert.equal(firstFrom(set, a), flags.indexOf(1, a));
      assert.equal(lastUntil(set, a), flags.lastIndexOf(1, a));
      assert.equal(hasSecond(set, a), flags[a] === 1);
      const count = (part: Flags): number => part.reduce((sum, flag) => sum + flag, 0);
      assert.equal(countSeconds(set, from, until), count(flags.subarray(from, until)));
      assert.equal(set.size, count(flags));
    }),
    { numRuns: 60 },
  );
});

test('what is made of two sets does not depend on their forms', () => {
  const operations = [
    ['both', both, (a: number, b: number) => a & b],
    ['either', either, (a: number, b: number) => a | b],
    ['without', without, (a: number, b: number) => a & ~b],
  ] as const;
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      for (const [name, operation, of] of operations)
        assertIs(
          operation(setOf(a), setOf(b)),
          a.map((flag, i) => of(flag, b[i] ?? 0)),
          name,
        );
    }),
    { numRuns: 60 },
  );
});

test('what is moved into another day does not depend on its form', () => {
  fc.assert(
    fc.property(sets, sets, second, (a, b, cut) => {
      const runs = new Runs();
      runs.copy(setOf(a), cut, DAY, -cut);
      runs.copy(setOf(b), 0, cut, DAY - cut);
      const flags = new Uint8Array(DAY);
      flags.set(a.subarray(cut));
      flags.set(b.subarray(0, cut), DAY - cut);
      assertIs(runs.seconds(), flags, `cut ${cut}`);
    }),
    { numRuns: 60 },
  );
});

test('what a set reaches does not depend on its form', () => {
  const reach = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(3600, DAY - 1, DAY), second);
  fc.assert(
    fc.property(sets, sets, reach, (before, day, seconds) => {
      let since = before.lastIndexOf(1) < 0 ? -Infinity : before.lastIndexOf(1) - DAY;
      const flags = flagsWhere((at) => {
        if (day[at] === 1) since = at;
        return at - since <= seconds;
      });
      assertIs(reached(setOf(before), setOf(day), seconds), flags, `reach ${seconds}`);
    }),
    { numRuns: 60 },
  );
});

test('grids and products of fields are the sets that they describe', () => {
  for (const [first, every] of [
    [0, 1],
    [5, 1],
    [0, 2],
    [1, 2],
    [6, 7],
    [430, 431],
    [431, 432],
    [0, 433],
    [86_399, 86_400],
    [100, 50_000],
  ] as const)
    assertIs(
      secondsOfGrid(first, every),
      flagsWhere((at) => at >= first && (at - first) % every === 0),
      `${first}/${every}`,
    );
  const some = (most: number) =>
    fc
      .uniqueArray(fc.integer({ min: 0, max: most - 1 }), { minLength: 1, maxLength: most })
      .map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(some(24), some(60), some(60), (hours, minutes, seconds) => {
      const [h, m, s] = [new Set(hours), new Set(minutes), new Set(seconds)];
      assertIs(
        secondsOfTimes(hours, minutes, seconds),
        flagsWhere((at) => h.has(Math.floor(at / 3600)) && m.has(Math.floor(at / 60) % 60) && s.has(at % 60)),
        'product',
      );
    }),
    { numRuns: 20 },
  );
});
