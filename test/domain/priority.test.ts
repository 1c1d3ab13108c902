import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PRIORITIES, deliveryPriority } from '../../src/domain/priority.ts';

const priorities = fc.integer(PRIORITIES);
const prompt = fc.constantFrom('SCHEDULE' as const, 'MANUAL' as const, 'RETRY' as const);
const late = fc.constantFrom('CATCH_UP' as const, 'BACKFILL' as const);

test('of different priorities the higher goes first, wherever the runs come from', () => {
  const origins = fc.oneof(prompt, late);
  fc.assert(
    fc.property(priorities, priorities, origins, origins, (a, b, one, other) => {
      if (a > b) assert.ok(deliveryPriority(a, one) > deliveryPriority(b, other));
    }),
  );
});

test('of the same priority what is made up for comes last, and all others are equal', () => {
  fc.assert(
    fc.property(priorities, prompt, prompt, late, (priority, one, other, afterwards) => {
      assert.equal(deliveryPriority(priority, one), deliveryPriority(priority, other));
      assert.ok(deliveryPriority(priority, afterwards) < deliveryPriority(priority, one));
    }),
  );
});
