import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { PRIORITIES, deliveryPriority } from '../../src/domain/priority.ts';

const priorities = fc.integer(PRIORITIES);
const prompt = fc.constantFrom('SCHEDULE' as const, 'MANUAL' as const, 'RETRY' as const);
const CATCH_UP = 'CATCH_UP' as const;
const BACKFILL = 'BACKFILL' as const;
const late = fc.constantFrom(CATCH_UP, BACKFILL);

test('of different priorities the higher goes first, wherever the runs come from', () => {
  const origins = fc.oneof(prompt, late);
  fc.assert(
    fc.property(priorities, priorities, origins, origins, (a, b, one, other) => {
      if (a > b) assert.ok(deliveryPriority(a, one) > deliveryPriority(b, other));
    }),
  );
});

test('of the same priority what is made up for comes after all others, which are equal, and what fills the past comes last', () => {
  fc.assert(
    fc.property(priorities, prompt, prompt, (priority, one, other) => {
      assert.equal(deliveryPriority(priority, one), deliveryPriority(priority, other));
      assert.ok(deliveryPriority(priority, CATCH_UP) < deliveryPriority(priority, one));
      assert.ok(deliveryPriority(priority, BACKFILL) < deliveryPriority(priority, CATCH_UP));
    }),
  );
});
