import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import type { AllOfTrigger, TriggerSpec } from '../../src/trigger/trigger.ts';
import { occurrences } from '../support/cadences.ts';
import { CONTEXT, faults } from './compiled.ts';
import { assertAnswers, assertCanonical } from './laws.ts';
import { compiled, compiledOrSilent, places, specs } from './sets.ts';

const HOUR = 3_600_000;
const cron = (expression: string, timeZone?: string): TriggerSpec => ({
  cron: { expression, ...(timeZone !== undefined && { timeZone }) },
});
const every = (text: string, anchorAt = '2026-01-01T00:00:00Z'): TriggerSpec => ({ interval: { every: text, anchorAt } });
const withins = fc.constantFrom(0, 1, 500, 1000, 60_000, 15 * 60_000, HOUR, 7 * HOUR, 24 * HOUR);

test('t is an instant of a member and every other member has one in [t - within, t]', () => {
  const property = fc.property(fc.array(specs, { minLength: 1, maxLength: 3 }), withins, places, (members, within, place) => {
    const { context, start } = place;
    const until = start + 60 * HOUR;
    const given = members.map((member) => occurrences(compiled(member, context), start - within, until - 1));
    const near = (list: readonly number[], t: number) => list.some((at) => at >= t - within && at <= t);
    const all = [...new Set(given.flat())].filter((t) => t >= start && given.every((list) => near(list, t)));
    const trigger = compiledOrSilent({ allOf: { triggers: members, within: `PT${within / 1000}S` } }, context);
    if (trigger === null) assert.deepEqual(all, []);
    else {
      assertAnswers(
        trigger,
        all.sort((a, b) => a - b),
        start,
        until,
      );
      assertCanonical(trigger, context);
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('order and repetition of members change nothing; without a reach it is a part of each member', () => {
  const property = fc.property(specs, specs, places, (a, b, { context, start }) => {
    const list = (...triggers: TriggerSpec[]) =>
      compiledOrSilent({ allOf: { triggers } }, context)?.between(start, start + 60 * HOUR, Infinity) ?? [];
    const found = list(a, b);
    assert.deepEqual(found, list(b, a));
    assert.deepEqual(found, list(a, b, a));
    assert.ok(found.every((at) => compiled(a, context).matches(at) && compiled(b, context).matches(at)));
  });
  fc.assert(property, { numRuns: 100 });
});

test('De Morgan: what is in neither of two is what is in a third without either', () => {
  const property = fc.property(specs, specs, places, (a, b, { context, start }) => {
    const base = every('PT1H', new Date(start).toISOString());
    const list = (spec: TriggerSpec) => compiledOrSilent(spec, context)?.between(start, start + 60 * HOUR, Infinity) ?? [];
    const without = (trigger: TriggerSpec): TriggerSpec => ({ except: { base, excluding: [{ trigger }] } });
    const neither = list({ except: { base, excluding: [{ trigger: a }, { trigger: b }] } });
    assert.deepEqual(neither, list(without({ anyOf: [a, b] })));
    const either = new Set([...list(without(a)), ...list(without(b))]);
    const meeting = compiledOrSilent({ allOf: { triggers: [a, b] } }, context);
    const notBoth = list(base).filter((at) => !meeting?.matches(at));
    assert.deepEqual(
      [...either].sort((x, y) => x - y),
      notBoth,
    );
  });
  fc.assert(property, { numRuns: 100 });
});

const rare: [rule: string, triggers: TriggerSpec[], next: string][] = [
  ['29 February on a Monday', [cron('0 9 29 2 *'), cron('0 9 * * MON')], '2044-02-29T09:00:00.000Z'],
  ['two grids', [every('PT7H'), every('PT5H', '2026-01-01T03:00:00Z')], '2026-01-02T04:00:00.000Z'],
  ['a grid between the seconds and a clock', [every('PT1.5S'), cron('* * * * * *')], '2026-01-01T00:00:03.000Z'],
  ['every 7 minutes at nine', [every('PT7M'), cron('0 9 * * *')], '2026-01-05T09:00:00.000Z'],
  [
    'nine there is three here',
    [cron('0 9 * * *', 'America/New_York'), cron('0 15 * * *', 'Europe/Berlin')],
    '2026-01-01T14:00:00.000Z',
  ],
  // Berlin changes three weeks after New York: in between the distance is five hours.
  [
    'only between two changes',
    [cron('0 9 * * *', 'America/New_York'), cron('0 14 * * *', 'Europe/Berlin')],
    '2026-03-08T13:00:00.000Z',
  ],
];
for (const [rule, triggers, next] of rare) {
  test(`seldom: ${rule}`, () => {
    const trigger = compiled({ allOf: { triggers } });
    assert.equal(new Date(trigger.next(CONTEXT.anchorAt) ?? NaN).toISOString(), next);
  });
}

test('two times of one gap meet where both run, after it', () => {
  const triggers = [cron('15 2 * * *', 'America/New_York'), cron('45 2 * * *', 'America/New_York')];
  const trigger = compiled({ allOf: { triggers } });
  assert.equal(trigger.next(CONTEXT.anchorAt), Date.parse('2026-03-08T07:00:00Z'));
  assert.equal(trigger.count(Date.UTC(2026, 0), Date.UTC(2036, 0)), 10);
});

const never: [rule: string, triggers: TriggerSpec[], within?: string][] = [
  ['seconds that differ', [cron('0 * * * * *'), cron('30 * * * * *')]],
  ['hours that differ', [cron('0 9 * * *', 'America/New_York'), cron('0 10 * * *', 'America/New_York')]],
  ['weekdays that differ', [cron('0 0-23 * * MON', 'America/New_York'), cron('0 0-23 * * TUE', 'America/New_York')]],
  ['odd and even days', [cron('0 0-23 1-31/2 * *', 'Asia/Tokyo'), cron('0 0-23 2-30/2 * *', 'Asia/Tokyo')]],
  ['months that differ', [cron('0 9 * 1 *'), cron('0 9 * 2 *')]],
  ['years that differ', [cron('0 0 9 1 1 * 2030'), cron('0 0 9 1 1 * 2031')]],
  ['nine here and nine there', [cron('0 9 * * *', 'America/New_York'), cron('0 9 * * *', 'Asia/Tokyo')]],
  ['grids out of phase', [every('PT2H'), every('PT4H', '2026-01-01T01:00:00Z')]],
  ['grids that would meet after the year 9999', [every('PT999983S'), every('PT1000003S', '2026-01-01T00:00:01Z')]],
  ['a grid between the seconds', [every('PT1S', '2026-01-01T00:00:00.500Z'), cron('* * * * * *')]],
  ['a grid out of phase with a clock', [every('PT7M', '2026-01-01T00:00:30Z'), cron('0 9 * * *')]],
  ['a week that is not that weekday', [every('P1W', '2026-01-05T09:00:00Z'), cron('0 9 * * TUE')]],
  ['farther apart than the reach', [cron('0 9 * * *', 'America/New_York'), cron('0 18 * * *', 'America/New_York')], 'PT1H'],
  [
    'one bound before the other',
    [
      { bounded: { trigger: cron('0 9 * * *'), endAt: '2026-06-01T00:00:00Z' } },
      { bounded: { trigger: cron('0 9 * * *'), startAt: '2026-07-01T00:00:00Z' } },
    ],
  ],
];
for (const [rule, triggers, within] of never) {
  test(`what never comes together is refused: ${rule}`, () => {
    const found = faults({ allOf: { triggers, ...(within !== undefined && { within }) } });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /^allOf: never fires: its 2 triggers have no /);
  });
}

test('in plain English', () => {
  const text = (within?: string) =>
    compiled({ allOf: { triggers: [cron('0 9 * * *'), every('PT1H')], ...(within !== undefined && { within }) } }).describe();
  const list = 'at 09:00 every day (UTC); and every hour of elapsed time, counted from 2026-01-01T00:00:00.000Z';
  assert.equal(text(), `when all of these come at the same instant: ${list}`);
  assert.equal(text('PT60M'), `when all of these come within 1 hour: ${list}`);
});

test('within is canonical in the spec, and absent when it is nothing', () => {
  const of = (within: string) => (compiled({ allOf: { triggers: [cron('0 9 * * *')], within } }) as AllOfTrigger).spec;
  assert.deepEqual(of('PT60M'), { allOf: { triggers: [cron('0 9 * * *')], within: 'PT1H' } });
  assert.deepEqual(of('PT0S'), { allOf: { triggers: [cron('0 9 * * *')] } });
});

const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['no members', { triggers: [] }, [/^allOf\.triggers: triggers has 0 triggers$/]],
  ['no list', {}, [/^allOf\.triggers: triggers must be a list$/]],
  [
    'more than a day of reach',
    { triggers: [cron('@daily')], within: 'PT25H' },
    [/^allOf\.within: within is P1DT1H, which is more than a day/],
  ],
  [
    'a reach that is no duration',
    { triggers: [cron('@daily')], within: 'soon' },
    [/^allOf\.within: 'soon' is not an ISO-8601 duration/],
  ],
  [
    'everything at once',
    { triggers: [cron('61 * * * *'), { manual: true }], within: 5 },
    [
      /^allOf\.within: within must be text/,
      /^allOf\.triggers\.0\.cron\.expression: /,
      /^allOf\.triggers\.1\.manual: manual stands alone/,
    ],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ allOf: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}
