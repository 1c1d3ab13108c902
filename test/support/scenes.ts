import fc from './properties.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Where a schedule's life plays: a start after which something happens, and triggers about as dense as each other. */
export interface Scene {
  start: number;
  /** How far apart occurrences mostly are, milliseconds. */
  every: number;
  timeZones: readonly string[];
  triggers: readonly TriggerSpec[];
}

const cron = (expression: string): TriggerSpec => ({ cron: { expression } });
const every = (text: string, anchorAt?: string): TriggerSpec => ({
  interval: { every: text, ...(anchorAt !== undefined && { anchorAt }) },
});
/** Times from a start on, in units. */
const at = (start: string, unit: number, ...steps: number[]): TriggerSpec => ({
  at: { times: steps.map((step) => new Date(Date.parse(start) + step * unit).toISOString()) },
});

function scene(start: string, unit: number, timeZones: string[], triggers: TriggerSpec[]): Scene {
  const lists = [at(start, unit, 1, 2, 3, 5, 8, 13, 21, 34, 55), at(start, unit, 4, 40, 41, 42, 43.5)];
  return { start: Date.parse(start), every: unit, timeZones, triggers: [...triggers, ...lists] };
}

export const scenes: fc.Arbitrary<Scene> = fc.constantFrom(
  scene(
    '2026-03-02T10:00:00.500Z',
    10 * SECOND,
    ['UTC', 'Asia/Kathmandu'],
    [
      every('PT10S'),
      every('PT7S', '2026-03-02T09:59:58.250Z'),
      cron('*/15 * * * * *'),
      { anyOf: [every('PT15S'), every('PT20S'), at('2026-03-02T10:00:00Z', SECOND, 1, 15, 44)] },
      { except: { base: cron('*/5 * * * * *'), excluding: [{ trigger: cron('*/10 * * * * *') }] } },
    ],
  ),
  // The clock jumps from 02:00 to 03:00 half an hour later.
  scene(
    '2026-03-29T00:30:00Z',
    5 * MINUTE,
    ['Europe/Berlin', 'UTC'],
    [cron('*/5 * * * *'), cron('2,32 0-4 * * *'), every('PT7M'), { anyOf: [cron('30 2 * * *'), cron('*/10 * * * *')] }],
  ),
  // The clock goes back from 03:00 to 02:00.
  scene(
    '2026-10-25T00:10:00Z',
    5 * MINUTE,
    ['Europe/Berlin', 'Asia/Kathmandu'],
    [cron('*/5 * * * *'), cron('15,45 1-3 * * *'), { anyOf: [cron('30 2 * * *'), every('PT20M')] }],
  ),
  scene(
    '2026-11-01T04:00:00Z',
    30 * MINUTE,
    ['America/New_York', 'America/Havana'],
    [
      cron('0,30 0-4 * * *'),
      { calendar: { hours: '0-3', minutes: '15' } },
      { calendarInterval: { every: 'P1D', at: '01:30', startOn: '2026-10-31' } },
      every('PT45M'),
    ],
  ),
  // Half an hour of summer time.
  scene(
    '2026-04-04T13:00:00Z',
    15 * MINUTE,
    ['Australia/Lord_Howe', 'UTC'],
    [cron('*/15 1-3 * * *'), every('PT15M'), cron('10 * * * *')],
  ),
);
