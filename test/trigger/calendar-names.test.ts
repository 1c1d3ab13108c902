import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarNames } from '../../src/trigger/calendar-names.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';

const DAILY = { cron: { expression: '0 9 * * *' } };
const without = (...names: string[]) => ({ except: { base: DAILY, excluding: names.map((calendar) => ({ calendar })) } });
const inside = (depth: number, spec: object): object =>
  depth === 0 ? spec : { bounded: { trigger: inside(depth - 1, spec), startAt: '2026-01-01T00:00:00Z' } };

const CASES: { rule: string; spec: unknown; names: string[] }[] = [
  { rule: 'none', spec: DAILY, names: [] },
  { rule: 'a calendar trigger names no calendar', spec: { calendar: { hours: '9' } }, names: [] },
  { rule: 'in order, each once, without white space around', spec: without('b', ' a ', 'b'), names: ['a', 'b'] },
  { rule: 'inside anyOf', spec: { anyOf: [DAILY, without('a'), without('b')] }, names: ['a', 'b'] },
  { rule: 'inside allOf', spec: { allOf: { triggers: [DAILY, without('a')] } }, names: ['a'] },
  { rule: 'in the base of except', spec: { except: { base: without('a'), excluding: [{ calendar: 'b' }] } }, names: ['a', 'b'] },
  {
    rule: 'in a trigger that is left out',
    spec: { except: { base: DAILY, excluding: [{ trigger: without('a') }] } },
    names: ['a'],
  },
  { rule: 'as deep as triggers may stand', spec: inside(5, without('a')), names: ['a'] },
  { rule: 'deeper is not looked at: it does not compile', spec: inside(6, without('a')), names: [] },
  { rule: 'what is no trigger', spec: { except: { base: null, excluding: 'none' }, anyOf: { a: 1 }, allOf: [] }, names: [] },
];

for (const { rule, spec, names } of CASES) {
  test(`the calendars that a trigger names: ${rule}`, () => {
    assert.deepEqual(calendarNames(spec as TriggerSpec), names);
  });
}
