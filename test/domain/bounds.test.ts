import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundsFault, nothingLeft, withinBounds } from '../../src/domain/bounds.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT } from '../trigger/compiled.ts';
import { at } from '../support/verdicts.ts';

const compiled = (spec: TriggerSpec) => {
  const result = compileTrigger(spec, CONTEXT);
  assert.ok(result.ok);
  return result.trigger;
};
const day = (time: string) => (time === '' ? null : new Date(at(time)));
/** `09:00 to 11:00`; a side that is missing has no bound. */
const between = (text: string) => {
  const [from = '', until = ''] = text.split(' to ');
  return { startAt: day(from), endAt: day(until) };
};
const times = (...given: string[]): TriggerSpec => ({ at: { times: given.map((time) => new Date(at(time)).toISOString()) } });
const HOURLY: TriggerSpec = { cron: { expression: '0 * * * *' } };

const cases: { rule: string; spec: TriggerSpec; bounds: string; fields: string[] }[] = [
  { rule: 'a trigger that goes on', spec: HOURLY, bounds: ' to ', fields: [] },
  { rule: 'a time that is left', spec: times('09:00', '11:00'), bounds: ' to ', fields: [] },
  { rule: 'a time at this very instant is past', spec: times('10:00'), bounds: ' to ', fields: ['trigger'] },
  { rule: 'an end at this very instant is past', spec: HOURLY, bounds: ' to 10:00', fields: ['endAt'] },
  { rule: 'the end is inclusive', spec: HOURLY, bounds: ' to 11:00', fields: [] },
  { rule: 'an end just before the next time', spec: HOURLY, bounds: ' to 10:59:59.999', fields: ['endAt'] },
  { rule: 'the start is inclusive', spec: times('11:00'), bounds: '11:00 to ', fields: [] },
  { rule: 'a start just after the last time', spec: times('11:00'), bounds: '11:00:00.001 to ', fields: ['startAt'] },
  { rule: 'a start in the past counts for nothing', spec: HOURLY, bounds: '08:00 to ', fields: [] },
  { rule: 'times on either side of the bounds', spec: times('11:00', '15:00'), bounds: '12:00 to 14:00', fields: ['endAt'] },
  { rule: 'trigger and end are both past', spec: times('09:00'), bounds: ' to 09:30', fields: ['trigger', 'endAt'] },
  { rule: 'a manual one is not to fire', spec: { manual: true }, bounds: ' to 09:00', fields: [] },
];
for (const { rule, spec, bounds, fields } of cases) {
  test(`at 10:00, what is to be changed for a schedule to fire again: ${rule}`, () => {
    const faults = nothingLeft(compiled(spec), between(bounds), at('10:00'));
    assert.deepEqual(
      faults.map((fault) => fault.field),
      fields,
    );
  });
}

test('without bounds, or without times, a trigger is itself', () => {
  const hourly = compiled(HOURLY);
  assert.equal(withinBounds(hourly, between(' to ')), hourly);
  const manual = compiled({ manual: true });
  assert.equal(withinBounds(manual, between('09:00 to 11:00')), manual);
});

test('an end before the start is told with both; at the same instant is sound', () => {
  assert.equal(
    boundsFault(between('11:00 to 10:59:59.999')),
    'endAt 2026-03-02T10:59:59.999Z is before startAt 2026-03-02T11:00:00.000Z.',
  );
  for (const sound of ['11:00 to 11:00', '11:00 to ', ' to 11:00', ' to ']) assert.equal(boundsFault(between(sound)), null);
});
