import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPending, mayBePending } from '../../src/domain/pending.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { at } from '../support/verdicts.ts';

const instant = (time: string) => new Date(at(time));
const until = (time: string) => ({ until: instant(time).toISOString() });
const OPEN = { until: null };
/** Hourly; the occurrence of 10:00 is the first that is held back. */
const schedule = {
  id: 'sch_1',
  triggerSpec: { cron: { expression: '0 * * * *' } } as TriggerSpec,
  timeZone: 'UTC',
  dst: { gap: null, overlap: null },
  startAt: null,
  endAt: null,
  spreadMs: 0,
  jitterMs: 0,
  createdAt: instant('09:00'),
  calendars: null,
  state: 'PAUSED' as 'ACTIVE' | 'PAUSED' | 'COMPLETED',
  pause: OPEN as { until: string | null } | null,
  hold: null as { until: string | null } | null,
  nextScheduledFor: instant('10:00') as Date | null,
  deletedAt: null as Date | null,
};
const count = (given: Partial<typeof schedule>, now: string) => {
  const it = { ...schedule, ...given };
  return mayBePending(it) ? countPending(it, at(now)) : 0;
};

const cases: { rule: string; given: Partial<typeof schedule>; now: string; count: number | null }[] = [
  // Each is due 44 min 47.476 s after its hour.
  { rule: 'what is not due yet is not pending', given: { spreadMs: 3_600_000 }, now: '12:44:47.475', count: 2 },
  { rule: 'what is due is', given: { spreadMs: 3_600_000 }, now: '12:44:47.476', count: 3 },
  {
    rule: 'what is due at its end or later is not pending, should it be nominal before',
    given: { spreadMs: 3_600_000, pause: until('12:30') },
    now: '13:00',
    count: 2,
  },
  { rule: 'none has passed', given: {}, now: '09:59:59.999', count: 0 },
  { rule: 'the one that is due at this instant counts', given: {}, now: '10:00', count: 1 },
  { rule: 'each that has passed', given: {}, now: '12:30', count: 3 },
  { rule: 'of one that is active there are none', given: { state: 'ACTIVE', pause: null }, now: '12:30', count: 0 },
  { rule: 'of one whose task is paused', given: { state: 'ACTIVE', pause: null, hold: OPEN }, now: '12:30', count: 3 },
  { rule: 'of a completed one there are none', given: { state: 'COMPLETED', pause: null, hold: OPEN }, now: '12:30', count: 0 },
  { rule: 'of a deleted one there are none', given: { deletedAt: instant('11:00') }, now: '12:30', count: 0 },
  { rule: 'of one without times there are none', given: { nextScheduledFor: null }, now: '12:30', count: 0 },
  { rule: 'what comes at its end or later is due, not pending', given: { pause: until('12:00') }, now: '12:30', count: 2 },
  { rule: 'the later of two ends counts', given: { pause: until('11:00'), hold: until('12:00') }, now: '12:30', count: 2 },
  {
    rule: '10,000 are told',
    given: { triggerSpec: { interval: { every: 'PT1S', anchorAt: '2026-03-02T10:00:00Z' } } },
    now: '12:46:39',
    count: 10_000,
  },
  {
    rule: 'more are not',
    given: { triggerSpec: { interval: { every: 'PT1S', anchorAt: '2026-03-02T10:00:00Z' } } },
    now: '12:46:40',
    count: null,
  },
  { rule: 'of a trigger that does not compile nobody can say', given: { timeZone: 'Not/AZone' }, now: '12:30', count: null },
];
for (const { rule, given, now, count: expected } of cases) {
  test(`pending occurrences: ${rule}`, () => assert.equal(count(given, now), expected));
}

test('years of an every-second schedule are counted in an instant', () => {
  const begun = process.hrtime.bigint();
  const everySecond = { triggerSpec: { cron: { expression: '* * * * * *', timeZone: 'America/New_York' } } };
  assert.equal(countPending({ ...schedule, ...everySecond }, Date.parse('2036-01-01T00:00:00Z')), null);
  assert.ok(process.hrtime.bigint() - begun < 100_000_000n);
});
