import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { boundTrigger } from '../../src/trigger/bounded.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { BoundedTrigger, TriggerSpec } from '../../src/trigger/trigger.ts';
import { cadences, occurrences } from '../support/cadences.ts';
import { CONTEXT, at, cron, faults, interval } from './compiled.ts';
import { assertAnswers, assertCanonical } from './laws.ts';

const HOURLY: TriggerSpec = { cron: { expression: '0 * * * *' } };
function bounded(input: { trigger: TriggerSpec; startAt?: string; endAt?: string }, timeZone = 'UTC'): BoundedTrigger {
  const result = compileTrigger({ bounded: input }, { ...CONTEXT, timeZone });
  assert.ok(result.ok && result.trigger.kind === 'BOUNDED', JSON.stringify(result));
  return result.trigger;
}
const hours = (trigger: BoundedTrigger) =>
  trigger
    .between(Date.parse('2026-03-01T00:00Z'), Date.parse('2026-03-02T00:00Z'), 100)
    .map((instant) => new Date(instant).toISOString().slice(11, 16))
    .join(' ');

const bounds: [rule: string, startAt: string | null, endAt: string | null, hours: string][] = [
  ['both are inclusive', '2026-03-01T09:00:00Z', '2026-03-01T11:00:00Z', '09:00 10:00 11:00'],
  ['a millisecond inside', '2026-03-01T09:00:00.001Z', '2026-03-01T10:59:59.999Z', '10:00'],
  ['from on', '2026-03-01T22:30:00Z', null, '23:00'],
  ['until', null, '2026-03-01T01:00:00Z', '00:00 01:00'],
  ['one instant', '2026-03-01T09:00:00Z', '2026-03-01T09:00:00Z', '09:00'],
];
for (const [rule, startAt, endAt, expected] of bounds) {
  test(`the occurrences between the bounds: ${rule}`, () => {
    const trigger = bounded({ trigger: HOURLY, ...(startAt !== null && { startAt }), ...(endAt !== null && { endAt }) });
    assert.equal(hours(trigger), expected);
    assertCanonical(trigger, CONTEXT);
  });
}

test('outside of the bounds there is nothing, on either side', () => {
  const trigger = bounded({ trigger: HOURLY, startAt: '2026-03-01T09:30:00Z', endAt: '2026-03-01T11:30:00Z' });
  const [first, last] = [Date.parse('2026-03-01T10:00Z'), Date.parse('2026-03-01T11:00Z')];
  assert.deepEqual([trigger.next(-Infinity), trigger.next(last), trigger.next(Infinity)], [first, null, null]);
  assert.deepEqual([trigger.previous(Infinity), trigger.previous(first), trigger.previous(-Infinity)], [last, null, null]);
  assert.equal(trigger.count(-Infinity, Infinity), 2);
  assert.ok(!trigger.matches(Date.parse('2026-03-01T09:00Z')) && !trigger.matches(Date.parse('2026-03-01T12:00Z')));
});

test('the zone of the context goes through to the trigger inside', () => {
  const input = { trigger: { cron: { expression: '0 9 * * *' } }, startAt: '2026-03-01T00:00:00Z' };
  assert.equal(bounded(input, 'Asia/Tokyo').next(0), Date.parse('2026-03-01T00:00:00Z'));
  assert.equal(bounded(input, 'America/New_York').next(0), Date.parse('2026-03-01T14:00:00Z'));
});

test('bounds within bounds leave what lies in both', () => {
  const inner: TriggerSpec = { bounded: { trigger: HOURLY, startAt: '2026-03-01T09:00:00Z', endAt: '2026-03-01T12:00:00Z' } };
  const trigger = bounded({ trigger: inner, startAt: '2026-03-01T11:00:00+01:00' });
  assert.equal(hours(trigger), '10:00 11:00 12:00');
  assertCanonical(trigger, CONTEXT);
});

test('what a fire time tells of daylight saving is told of the trigger inside', () => {
  const trigger = boundTrigger(cron('30 2 * * *', 'America/New_York'), Date.parse('2024-03-10T00:00Z'), null);
  const first = trigger.fireTime(trigger.next(0) ?? NaN);
  assert.deepEqual([first.local, first.inGap], ['2024-03-10T03:00:00', true]);
});

test('in plain English, on the clock of the trigger', () => {
  const daily: TriggerSpec = { cron: { expression: '0 9 * * *' } };
  const [startAt, endAt] = ['2026-01-01T00:00:00Z', '2026-07-01T00:00:30Z'];
  const text = (input: Parameters<typeof bounded>[0]) => bounded(input, 'Europe/Berlin').describe();
  const inner = 'at 09:00 every day (Europe/Berlin)';
  assert.equal(
    text({ trigger: daily, startAt, endAt }),
    `${inner}, from 2026-01-01 01:00 +01:00 until 2026-07-01 02:00:30 +02:00`,
  );
  assert.equal(text({ trigger: daily, startAt }), `${inner}, from 2026-01-01 01:00 +01:00`);
  assert.equal(text({ trigger: daily, endAt }), `${inner}, until 2026-07-01 02:00:30 +02:00`);
});

/** HOURLY inside `depth` bounds. */
function nested(depth: number, innermost: unknown = HOURLY): unknown {
  return depth === 0 ? innermost : { bounded: { trigger: nested(depth - 1, innermost), startAt: '2026-03-01T00:00:00Z' } };
}
test('nesting: 5 deep is allowed, 6 is refused where it starts to be too much', () => {
  assert.ok(compileTrigger(nested(5) as TriggerSpec, CONTEXT).ok);
  const path = Array.from({ length: 6 }, () => 'bounded.trigger').join('.');
  assert.deepEqual(faults(nested(6)), [`${path}: triggers stand inside each other more than 5 deep`]);
});

test('nesting without end is refused like any other: what lies deeper is not looked at', () => {
  const bottomless: { bounded: { trigger?: unknown; startAt: string } } = { bounded: { startAt: '2026-03-01T00:00:00Z' } };
  bottomless.bounded.trigger = bottomless;
  assert.deepEqual(faults(bottomless), faults(nested(6)));
});

const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['no bound', { trigger: HOURLY }, [/^bounded: bounded needs startAt, endAt or both$/]],
  ['bounds that are null', { trigger: HOURLY, startAt: null, endAt: null }, [/^bounded: bounded needs/]],
  [
    'an end before the start',
    { trigger: HOURLY, startAt: '2026-03-02T00:00:00Z', endAt: '2026-03-01T00:00:00Z' },
    [/^bounded\.endAt: never fires: endAt 2026-03-01T00:00:00\.000Z is before startAt 2026-03-02T00:00:00\.000Z$/],
  ],
  ['no trigger', { startAt: '2026-03-01T00:00:00Z' }, [/^bounded\.trigger: exactly one kind must be given/]],
  [
    'what is wrong inside, by its path, with what is wrong outside',
    { trigger: { cron: { expression: '61 * * * *', timeZone: 'Europe/Berln' } }, startAt: 'soon' },
    [
      /^bounded\.startAt: 'soon' is not an instant/,
      /^bounded\.trigger\.cron\.expression: /,
      /^bounded\.trigger\.cron\.timeZone: .*Europe\/Berlin/,
    ],
  ],
  [
    'bounds that leave nothing',
    { trigger: { cron: { expression: '0 0 1 1 *' } }, startAt: '2026-03-01T00:00:00Z', endAt: '2026-04-01T00:00:00Z' },
    [/^bounded: never fires: no time of its trigger lies between startAt and endAt$/],
  ],
  [
    'a manual trigger',
    { trigger: { manual: true }, startAt: '2026-03-01T00:00:00Z' },
    [/^bounded\.trigger\.manual: manual stands alone/],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ bounded: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

test('within any bounds there is what the trigger has there, and nothing else', () => {
  const side = fc.option(fc.tuple(fc.nat(40), fc.constantFrom(-1, 0, 1)), { nil: null });
  fc.assert(
    fc.property(cadences, side, side, ({ trigger, start, every }, from, through) => {
      const [window, end] = [start - 10 * every, start + 50 * every];
      const bound = (given: [number, number] | null) =>
        given === null ? null : (trigger.next(start + given[0] * every) ?? start) + given[1];
      const [startAt, endAt] = [bound(from), bound(through)];
      const expected = occurrences(trigger, window, end - 1).filter((at) => at >= (startAt ?? at) && at <= (endAt ?? at));
      assertAnswers(boundTrigger(trigger, startAt, endAt), expected, window, end);
    }),
  );
});

test('the canonical spec of what is bounded compiles to the same trigger, of whatever kind', () => {
  for (const trigger of [
    interval('PT7M', '2026-01-01T00:00:03Z'),
    at({ localTimes: ['2026-03-29T02:30'], timeZone: 'Europe/Berlin' }),
    cron('0 9 * * MON-FRI', 'Asia/Tokyo'),
  ]) {
    const [startAt, endAt] = [Date.UTC(2026, 2, 1), Date.UTC(2026, 3, 1)];
    assertCanonical(boundTrigger(trigger, startAt, endAt), CONTEXT);
    assertCanonical(boundTrigger(trigger, null, endAt), CONTEXT);
  }
});
