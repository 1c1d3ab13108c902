import fc from './properties.ts';
import type { MisfirePolicy } from '../../src/domain/due.ts';
import type { Offsets } from '../../src/domain/timing.ts';
import { boundTrigger } from '../../src/trigger/bounded.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { DstGap, DstOverlap, Trigger, TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT, at, calendar, calendarInterval, cron, interval } from '../trigger/compiled.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A trigger, where to look at it, and how far apart its occurrences mostly are. */
export interface Cadence {
  name: string;
  trigger: Trigger;
  /** Epoch milliseconds; something difficult follows. */
  start: number;
  /** Milliseconds. */
  every: number;
}

const CRONS: readonly [expression: string, timeZone: string, start: string, every: number][] = [
  ['* * * * * *', 'UTC', '2026-03-02T10:00:00Z', SECOND],
  ['*/7 * * * * *', 'Asia/Kathmandu', '2026-03-02T10:00:00.500Z', 7 * SECOND],
  ['5,6 */2 * * * *', 'UTC', '2026-03-02T10:00:00Z', MINUTE],
  ['*/5 * * * *', 'Europe/Berlin', '2026-03-29T00:30:00Z', 5 * MINUTE],
  ['*/5 * * * *', 'Europe/Berlin', '2026-10-25T00:10:00Z', 5 * MINUTE],
  ['0,30 0-4 * * *', 'America/New_York', '2026-03-08T05:00:00Z', 30 * MINUTE],
  ['0,30 0-4 * * *', 'America/New_York', '2026-11-01T04:00:00Z', 30 * MINUTE],
  ['15 1-3 * * *', 'Australia/Lord_Howe', '2026-04-04T13:00:00Z', HOUR],
  ['0 9 * * MON-FRI', 'Pacific/Apia', '2011-12-27T00:00:00Z', DAY],
  ['0 0 29 2 *', 'UTC', '2092-01-01T00:00:00Z', 1461 * DAY],
  ['0 */5 22-23 31 12 * 2026', 'UTC', '2026-12-31T22:10:00Z', 5 * MINUTE],
];

const crons: fc.Arbitrary<Cadence> = fc
  .tuple(
    fc.constantFrom(...CRONS),
    fc.constantFrom<DstGap | null>(null, 'RUN_AFTER', 'SHIFT', 'SKIP'),
    fc.constantFrom<DstOverlap | null>(null, 'FIRST', 'LAST', 'BOTH'),
  )
  .map(([[expression, timeZone, start, every], gap, overlap]) => ({
    name: `${expression} ${timeZone} ${gap} ${overlap}`,
    trigger: cron(expression, timeZone, { gap, overlap }),
    start: Date.parse(start),
    every,
  }));

const CALENDARS: readonly [trigger: Trigger, start: string, every: number][] = [
  [calendar({ daysOfWeek: 'MON-FRI', hours: '1-3', minutes: '30' }, 'America/New_York'), '2026-03-06T00:00:00Z', HOUR],
  [calendar({ weeks: '1,52,53', hours: '9' }, 'Asia/Kathmandu'), '2026-12-20T00:00:00Z', DAY],
  [calendar({ years: '2026', daysOfMonth: 'L,MON#1' }), '2026-11-01T00:00:00Z', 15 * DAY],
  [
    calendarInterval({ every: 'P1D', at: '02:30', startOn: '2026-03-27', timeZone: 'Europe/Berlin' }),
    '2026-03-27T12:00:00Z',
    DAY,
  ],
  [
    calendarInterval({ every: 'P1M', at: '00:00', startOn: '2026-01-31', timeZone: 'America/Havana' }),
    '2026-01-20T00:00:00Z',
    30 * DAY,
  ],
  [calendarInterval({ every: 'P1M1W', at: '23:59:59', startOn: '2024-01-30' }), '2026-02-01T00:00:00Z', 37 * DAY],
];
const calendars: fc.Arbitrary<Cadence> = fc.constantFrom(...CALENDARS).map(([trigger, start, every]) => ({
  name: trigger.describe(),
  trigger,
  start: Date.parse(start),
  every,
}));

const intervals: fc.Arbitrary<Cadence> = fc
  .tuple(fc.integer({ min: SECOND, max: 15 * MINUTE }), fc.nat(DAY), fc.nat(DAY))
  .map(([every, anchor, start]) => {
    const anchorAt = new Date(Date.UTC(2026, 2, 2) + anchor).toISOString();
    const text = `PT${every / SECOND}S`;
    return { name: `${text} from ${anchorAt}`, trigger: interval(text, anchorAt), start: Date.UTC(2026, 2, 2) + start, every };
  });

const lists: fc.Arbitrary<Cadence> = fc
  .tuple(fc.array(fc.integer({ min: -5 * MINUTE, max: 30 * MINUTE }), { minLength: 1, maxLength: 40 }), fc.nat(5 * MINUTE))
  .map(([offsets, start]) => {
    const times = offsets.map((offset) => new Date(Date.UTC(2026, 2, 2) + offset).toISOString());
    return { name: `at ${times}`, trigger: at({ times }), start: Date.UTC(2026, 2, 2) + start, every: MINUTE };
  });

const unbounded = fc.oneof(crons, calendars, intervals, lists);
const bounded: fc.Arbitrary<Cadence> = fc
  .tuple(unbounded, fc.option(fc.nat(20), { nil: null }), fc.option(fc.nat(60), { nil: null }))
  .map(([cadence, from, through]) => {
    const [startAt, endAt] = [from, through].map((steps) => (steps === null ? null : cadence.start + steps * cadence.every));
    const trigger = boundTrigger(cadence.trigger, startAt ?? null, endAt ?? null);
    return { ...cadence, name: `${cadence.name} from ${startAt} until ${endAt}`, trigger };
  });

const sets: fc.Arbitrary<Cadence> = fc
  .tuple(unbounded, unbounded, fc.constantFrom('anyOf', 'allOf', 'except'))
  .map(([cadence, { trigger: other, every }, kind]) => {
    // The tests look at some dozens of `every`: a much denser member would have millions of occurrences there.
    if (every * 10 < cadence.every) return cadence;
    const { spec } = cadence.trigger;
    const set: Record<string, TriggerSpec> = {
      anyOf: { anyOf: [spec, other.spec] },
      allOf: { allOf: { triggers: [spec, { anyOf: [spec, other.spec] }], within: 'PT3M' } },
      except: {
        except: { base: spec, excluding: [{ trigger: other.spec }, { dailyWindow: { from: '02:00', until: '02:10' } }] },
      },
    };
    const result = compileTrigger(set[kind] as TriggerSpec, CONTEXT);
    // What never fires is refused; the test of the cadence as it is then stands for it.
    return result.ok ? { ...cadence, name: `${kind} ${cadence.name}, ${other.describe()}`, trigger: result.trigger } : cadence;
  });

/**
 * Real triggers of all kinds that have times: over changes of the clock, over a skipped day, ones that end, ones with
 * fractions of a second, ones whose bounds leave little. Each has an
 * occurrence later than `start`.
 */
export const cadences: fc.Arbitrary<Cadence> = fc
  .oneof({ arbitrary: unbounded, weight: 3 }, bounded, sets)
  .filter(({ trigger, start }) => trigger.next(start) !== null);

/** @param every  of the cadence, so that limits fall between its occurrences and on them */
export function policies(every: number): fc.Arbitrary<MisfirePolicy> {
  const duration = fc.oneof(
    fc.constantFrom(0, 1, every, 3 * every),
    fc.nat(2 * every),
    fc.nat(30).map((times) => times * every),
  );
  return fc.record({
    mode: fc.constantFrom('SKIP', 'FIRE_ONCE', 'FIRE_ALL'),
    graceMs: duration,
    catchupWindowMs: fc.oneof(duration, fc.constant(1_000 * every)),
    maxCatchupRuns: fc.integer({ min: 1, max: 12 }),
  });
}

/** @param every  of the cadence, so that offsets are shorter and longer than it */
export function offsets(every: number): fc.Arbitrary<Offsets> {
  const length = fc.oneof(fc.constantFrom(1, every, DAY), fc.nat(3 * every), fc.nat(30 * every)).map((ms) => Math.min(ms, DAY));
  return fc.tuple(length, fc.boolean()).map(([ms, smears]) => ({ spreadMs: smears ? ms : 0, jitterMs: smears ? 0 : ms }));
}
const ids = fc.nat().map((n) => `sch_${n}`);

/** A cadence of a schedule with spread or jitter. */
export const timed = cadences.chain(({ name, trigger, start, every }) =>
  fc.record({
    name: fc.constant(name),
    trigger: fc.constant(trigger),
    start: fc.constant(start),
    every: fc.constant(every),
    id: ids,
    offsets: offsets(every),
  }),
);

/** All occurrences in [from, through], found one by one. */
export function occurrences(trigger: Trigger, from: number, through: number): number[] {
  const found: number[] = [];
  for (let at = trigger.next(from - 1); at !== null && at <= through; at = trigger.next(at)) found.push(at);
  return found;
}
