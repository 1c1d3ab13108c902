import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { countWithout } from '../../src/trigger/count-without.ts';
import { compiled, places, specs } from './sets.ts';

const WINDOW_MS = 30 * 3_600_000;

test('it counts what a walk over both triggers finds, in zones and at instants that are difficult', () => {
  fc.assert(
    fc.property(places, specs, specs, fc.nat(3_600_000), ({ context, start }, one, two, offset) => {
      const [trigger, other] = [compiled(one, context), compiled(two, context)];
      const [from, until] = [start + offset, start + offset + WINDOW_MS];
      const taken = new Set(other.between(from, until, Infinity));
      const left = trigger.between(from, until, Infinity).filter((instant) => !taken.has(instant));
      assert.equal(countWithout(trigger, other, from, until), left.length);
      assert.equal(countWithout(trigger, trigger, from, until), 0);
    }),
    { numRuns: 300, seed: 20_260_302 },
  );
});

test('against nothing, or against what never fires by itself, it counts all; of the latter none', () => {
  const [daily, manual] = [compiled({ cron: { expression: '0 3 * * *' } }), compiled({ manual: true })];
  const [from, until] = [Date.parse('2026-03-02T00:00:00Z'), Date.parse('2026-03-09T00:00:00Z')];
  assert.deepEqual(
    [countWithout(daily, null, from, until), countWithout(daily, manual, from, until), countWithout(manual, daily, from, until)],
    [7, 7, 0],
  );
});
