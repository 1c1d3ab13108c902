import assert from 'node:assert/strict';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { DstGap, DstOverlap, Trigger, TriggerContext, TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT } from './compiled.ts';

const HOUR = 3_600_000;

/** Zones and instants (a day before) at which their clocks do something difficult. */
export const PLACES = [
  ['UTC', '2026-03-07T00:00:00Z'],
  ['America/New_York', '2026-03-07T00:00:00Z'],
  ['America/New_York', '2026-10-31T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-02T12:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-03T12:00:00Z'],
  ['Pacific/Apia', '2011-12-29T00:00:00Z'],
  ['America/Havana', '2026-03-07T00:00:00Z'],
  ['Africa/Cairo', '2026-04-23T00:00:00Z'],
  ['Antarctica/Troll', '2026-03-28T00:00:00Z'],
  ['Antarctica/Troll', '2026-10-24T00:00:00Z'],
] as const;

/** A context and the start of a window, epoch milliseconds, with some dozens of hours of difficult time behind it. */
export interface Place {
  context: TriggerContext;
  start: number;
}
export const places: fc.Arbitrary<Place> = fc
  .tuple(
    fc.constantFrom(...PLACES),
    fc.constantFrom<DstGap | null>(null, 'RUN_AFTER', 'SHIFT', 'SKIP'),
    fc.constantFrom<DstOverlap | null>(null, 'FIRST', 'LAST', 'BOTH'),
    fc.nat(20),
  )
  .map(([[timeZone, day], gap, overlap, hours]) => {
    const start = Date.parse(day) + hours * HOUR;
    return { context: { timeZone, dst: { gap, overlap }, anchorAt: start }, start };
  });

const zone = fc.constantFrom<string | undefined>(
  undefined,
  undefined,
  'UTC',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Tokyo',
);
const expression = fc.constantFrom(
  '0 * * * *',
  '*/20 * * * *',
  '0,30 0-4,9 * * *',
  '30 1,2,3,23 * * *',
  '0 0 * * *',
  '15 */3 * * SAT,SUN',
  '45 0-23 1-31/2 * *',
  '0 9 * * MON-FRI',
  '*/30 0 0-3 * * *',
);
const crons = fc
  .tuple(expression, zone)
  .map(([text, timeZone]): TriggerSpec => ({ cron: { expression: text, ...(timeZone !== undefined && { timeZone }) } }));
const wholeIntervals = fc
  .constantFrom(7, 10, 15, 60, 90)
  .map((minutes): TriggerSpec => ({ interval: { every: `PT${minutes}M` } }));
const fineIntervals = fc.constantFrom('PT12.5M', 'PT0.25H', 'PT1000.5S').map((every): TriggerSpec => ({ interval: { every } }));
const lists = fc
  .array(fc.nat(48), { minLength: 1, maxLength: 5 })
  .chain((hours) => fc.constantFrom(...PLACES).map(([, day]) => ({ hours, day })))
  .map(({ hours, day }): TriggerSpec => ({
    at: { times: hours.map((hour) => new Date(Date.parse(day) + hour * HOUR).toISOString()) },
  }));

/** Triggers on whole seconds. */
export const wholeSpecs: fc.Arbitrary<TriggerSpec> = fc.oneof({ arbitrary: crons, weight: 3 }, wholeIntervals, lists);
/** The same, and some between the seconds. */
export const specs: fc.Arbitrary<TriggerSpec> = fc.oneof({ arbitrary: wholeSpecs, weight: 4 }, fineIntervals);

export function compiled(spec: TriggerSpec, context: TriggerContext = CONTEXT): Trigger {
  const result = compileTrigger(spec, context);
  assert.ok(result.ok, JSON.stringify([spec, result]));
  return result.trigger;
}
/** null: it is refused because it never fires. */
export function compiledOrSilent(spec: TriggerSpec, context: TriggerContext): Trigger | null {
  const result = compileTrigger(spec, context);
  if (result.ok) return result.trigger;
  for (const { message } of result.errors) assert.match(message, /^never fires/);
  return null;
}
