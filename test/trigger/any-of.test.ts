import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { occurrences } from '../support/cadences.ts';
import { CONTEXT, faults } from './compiled.ts';
import { assertAnswers, assertCanonical } from './laws.ts';
import { compiled, places, specs } from './sets.ts';

const HOUR = 3_600_000;
const NINE: TriggerSpec = { cron: { expression: '0 9 * * *' } };
const HOURLY: TriggerSpec = { cron: { expression: '0 * * * *' } };
const NEVER: TriggerSpec = { cron: { expression: '0 0 30 2 *' } };

test('a union has what its members have, an instant of several once', () => {
  const property = fc.property(fc.array(specs, { minLength: 1, maxLength: 4 }), places, (members, { context, start }) => {
    const until = start + 60 * HOUR;
    const trigger = compiled({ anyOf: members }, context);
    const all = new Set(members.flatMap((member) => occurrences(compiled(member, context), start, until - 1)));
    assertAnswers(
      trigger,
      [...all].sort((a, b) => a - b),
      start,
      until,
    );
    assertCanonical(trigger, context);
  });
  fc.assert(property, { numRuns: 150 });
});

test('order and repetition of members change nothing; a union within a union is one union', () => {
  const property = fc.property(specs, specs, specs, places, (a, b, c, { context, start }) => {
    const list = (...anyOf: TriggerSpec[]) => compiled({ anyOf }, context).between(start, start + 60 * HOUR, Infinity);
    assert.deepEqual(list(a, b), list(b, a));
    assert.deepEqual(list(a, a), list(a));
    assert.deepEqual(list({ anyOf: [a, b] }, c), list(a, { anyOf: [b, c] }));
  });
  fc.assert(property, { numRuns: 100 });
});

test('counting a union does not grow with its density: every second of 400 years, seen from two zones', () => {
  const second: TriggerSpec = { cron: { expression: '* * * * * *' } };
  const trigger = compiled({ anyOf: [second, { cron: { expression: '*/2 * * * * *', timeZone: 'Asia/Tokyo' } }] });
  const [from, until] = [Date.UTC(2026, 0), Date.UTC(2426, 0)];
  assert.equal(trigger.count(from, until), (until - from) / 1000);
});

test('a member that can never fire is left out, as long as one is left', () => {
  assert.deepEqual(compiled({ anyOf: [NEVER, NINE] }).spec, { anyOf: [NINE] });
  assert.equal(faults({ anyOf: [NEVER, NEVER] }).length, 2);
});

test('what a fire time tells of daylight saving is told of the first member that has it', () => {
  const skipped: TriggerSpec = { cron: { expression: '30 2 * * *' } };
  const trigger = compiled({ anyOf: [NINE, skipped] }, { ...CONTEXT, timeZone: 'America/New_York' });
  const at = Date.parse('2024-03-10T07:00:00Z');
  assert.deepEqual([trigger.fireTime(at).local, trigger.fireTime(at).inGap], ['2024-03-10T03:00:00', true]);
});

test('in plain English', () => {
  const nested: TriggerSpec = { anyOf: [NINE, { anyOf: [HOURLY, NINE] }] };
  assert.equal(compiled(nested).describe(), 'at 09:00 every day (UTC); or [every hour (UTC); or at 09:00 every day (UTC)]');
});

const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['no members', [], [/^anyOf: anyOf has 0 triggers$/]],
  ['more than 20', Array.from({ length: 21 }, () => NINE), [/^anyOf: anyOf has 21 triggers$/]],
  ['an object', { triggers: [NINE] }, [/^anyOf: anyOf must be a list$/]],
  ['a manual member', [NINE, { manual: true }], [/^anyOf\.1\.manual: manual stands alone/]],
  [
    'each bad member by its index',
    [{ cron: { expression: '61 * * * *' } }, NINE, { interval: { every: 'soon' } }, NEVER],
    [/^anyOf\.0\.cron\.expression: /, /^anyOf\.2\.interval\.every: /, /^anyOf\.3\.cron\.expression: never fires/],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ anyOf: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

test('nesting: 5 deep is allowed, 6 is refused; so are more than 100 triggers in all', () => {
  const nested = (depth: number): TriggerSpec => (depth === 0 ? NINE : { anyOf: [nested(depth - 1)] });
  assert.deepEqual(compiled(nested(5)).next(0), 9 * HOUR);
  assert.match(faults(nested(6)).join(), /more than 5 deep/);
  const wide = (size: number): TriggerSpec => ({ anyOf: Array.from({ length: size }, () => ({ anyOf: Array(8).fill(NINE) })) });
  assert.equal(compiled(wide(11)).next(0), 9 * HOUR);
  assert.match(faults(wide(12)).join(), /more than 100 triggers/);
});
