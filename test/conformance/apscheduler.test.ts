import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { CalendarTexts, Trigger, TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT } from '../trigger/compiled.ts';

/** What the tests of APScheduler's triggers say, in our words: from an instant on, these are the next times, and `null` is the end. */

const NEW_YORK = 'America/New_York';
const fields = (calendar: CalendarTexts): TriggerSpec => ({ calendar });
const cron = (expression: string): TriggerSpec => ({ cron: { expression } });
const hourly: TriggerSpec = { interval: { every: 'PT1H', anchorAt: '2009-08-04T00:00:02Z' } };
const within = (trigger: TriggerSpec, startAt?: string, endAt?: string): TriggerSpec => ({
  bounded: { trigger, ...(startAt !== undefined && { startAt }), ...(endAt !== undefined && { endAt }) },
});
const years = fields({ years: '2009/2', months: '1/3', daysOfMonth: '5-13' });

interface Case {
  rule: string;
  trigger: TriggerSpec;
  zone?: string;
  overlap?: 'BOTH';
  /** Exclusive. */
  after: string;
  next: (string | null)[];
}
const cases: Case[] = [
  {
    rule: 'years and months by steps, before the first',
    trigger: years,
    after: '2008-12-01T00:00:00Z',
    next: ['2009-01-05T00:00:00Z'],
  },
  {
    rule: 'years and months by steps, over an odd year',
    trigger: years,
    after: '2009-10-14T00:00:00Z',
    next: ['2011-01-05T00:00:00Z'],
  },
  {
    rule: 'the last day of a leap February',
    trigger: fields({ years: '2012', months: '2', daysOfMonth: 'L' }),
    after: '2011-01-01T00:00:00Z',
    next: ['2012-02-29T00:00:00Z', null],
  },
  {
    rule: 'day 30 passes over February',
    trigger: fields({ daysOfMonth: '30' }),
    after: '2009-02-01T00:00:00Z',
    next: ['2009-03-30T00:00:00Z', '2009-04-30T00:00:00Z'],
  },
  {
    rule: 'day of the month and day of the week: both must match',
    trigger: fields({ years: '2009', months: '1-3', daysOfMonth: '13', daysOfWeek: 'FRI' }),
    after: '2009-01-01T00:00:00Z',
    next: ['2009-02-13T00:00:00Z', '2009-03-13T00:00:00Z', null],
  },
  {
    rule: 'the fourth Wednesday',
    trigger: fields({ years: '2009', months: '1', daysOfWeek: 'WED#4' }),
    after: '2009-01-01T00:00:00Z',
    next: ['2009-01-28T00:00:00Z', null],
  },
  {
    rule: 'an ISO week within a month',
    trigger: fields({ years: '2009', months: '2', weeks: '8', daysOfWeek: '*' }),
    after: '2009-01-01T00:00:00Z',
    next: ['2009-02-16T00:00:00Z', '2009-02-17T00:00:00Z'],
  },
  {
    rule: 'asked at a match: the one after it',
    trigger: cron('0 9 * * *'),
    after: '2009-01-01T09:00:00Z',
    next: ['2009-01-02T09:00:00Z'],
  },
  {
    rule: 'beyond the end there is nothing; the end itself counts',
    trigger: within(cron('0 9 * * *'), undefined, '2009-01-02T09:00:00Z'),
    after: '2009-01-01T09:00:00Z',
    next: ['2009-01-02T09:00:00Z', null],
  },
  {
    rule: 'a repeated local time under BOTH: twice, then the next day',
    trigger: cron('30 1 * * *'),
    zone: NEW_YORK,
    overlap: 'BOTH',
    after: '2013-11-03T04:00:00Z',
    next: ['2013-11-03T05:30:00Z', '2013-11-03T06:30:00Z', '2013-11-04T06:30:00Z'],
  },
  {
    rule: 'a repeated local time by default: in the first pass only',
    trigger: cron('30 1 * * *'),
    zone: NEW_YORK,
    after: '2013-11-03T04:00:00Z',
    next: ['2013-11-03T05:30:00Z', '2013-11-04T06:30:00Z'],
  },
  {
    rule: 'a step of minutes goes on behind the missing hour',
    trigger: cron('*/30 * * * *'),
    zone: NEW_YORK,
    after: '2013-03-10T06:35:00Z',
    next: ['2013-03-10T07:00:00Z', '2013-03-10T07:30:00Z'],
  },
  {
    rule: 'midnight after a day with a missing hour is not lost',
    trigger: cron('0 0 * * *'),
    zone: NEW_YORK,
    after: '2013-03-10T05:00:00Z',
    next: ['2013-03-11T04:00:00Z', '2013-03-12T04:00:00Z'],
  },
  {
    rule: 'an interval whose start lies ahead: the start',
    trigger: within(hourly, '2009-08-04T00:00:02Z'),
    after: '2009-08-03T23:00:00Z',
    next: ['2009-08-04T00:00:02Z', '2009-08-04T01:00:02Z'],
  },
  {
    rule: 'an interval between its times: the next of the grid, and none beyond its end',
    trigger: within(hourly, undefined, '2009-08-04T02:30:00Z'),
    after: '2009-08-04T00:30:00Z',
    next: ['2009-08-04T01:00:02Z', '2009-08-04T02:00:02Z', null],
  },
  {
    rule: 'an interval counts real hours when the clock goes back',
    trigger: { interval: { every: 'PT1H', anchorAt: '2013-11-03T04:00:00Z' } },
    zone: NEW_YORK,
    after: '2013-11-03T04:00:00Z',
    next: ['2013-11-03T05:00:00Z', '2013-11-03T06:00:00Z', '2013-11-03T07:00:00Z'],
  },
  {
    rule: 'day 31 by months passes over the short ones',
    trigger: { calendarInterval: { every: 'P1M', at: '00:00', startOn: '2016-01-31' } },
    after: '2016-01-01T00:00:00Z',
    next: ['2016-01-31T00:00:00Z', '2016-03-31T00:00:00Z', '2016-05-31T00:00:00Z'],
  },
  {
    rule: 'a union has what any member has, and ends with the last of them',
    trigger: {
      anyOf: [{ at: { times: ['2017-08-04T10:00:00Z'] } }, within(cron('0 9 5 8 *'), undefined, '2017-12-31T00:00:00Z')],
    },
    after: '2017-08-01T00:00:00Z',
    next: ['2017-08-04T10:00:00Z', '2017-08-05T09:00:00Z', null],
  },
  {
    rule: 'an intersection has what all members have, and ends with the first of them',
    trigger: { allOf: { triggers: [cron('0 */6 * * *'), within(cron('0 */4 * * *'), undefined, '2017-08-02T00:00:00Z')] } },
    after: '2017-08-01T00:00:00Z',
    next: ['2017-08-01T12:00:00Z', '2017-08-02T00:00:00Z', null],
  },
];

for (const { rule, trigger: spec, zone = 'UTC', overlap = null, after, next } of cases) {
  test(rule, () => {
    const result = compileTrigger(spec, { ...CONTEXT, timeZone: zone, dst: { gap: null, overlap } });
    assert.ok(result.ok, JSON.stringify(result));
    assert.deepEqual(walk(result.trigger, Date.parse(after), next.length), next);
  });
}
/** So many answers, each asked for behind the one before. */
function walk(trigger: Trigger, after: number, count: number): (string | null)[] {
  const found: (string | null)[] = [];
  for (let at: number | null = after; found.length < count && at !== null;) {
    at = trigger.next(at);
    found.push(at === null ? null : new Date(at).toISOString().replace('.000', ''));
  }
  return found;
}

const refused: [rule: string, spec: TriggerSpec, message: RegExp][] = [
  ['an interval of nothing', { calendarInterval: { every: 'P0D', at: '00:00' } }, /shorter than one day/],
  ['an end before the start', within(hourly, '2010-01-02T00:00:00Z', '2010-01-01T00:00:00Z'), /is before startAt/],
  ['a date that no year has', fields({ months: '2', daysOfMonth: '30' }), /never/],
  ['members that never meet', { allOf: { triggers: [cron('0 9 * * *'), cron('30 9 * * *')] } }, /never/],
];
for (const [rule, spec, message] of refused) {
  test(`refused instead of looked for without end: ${rule}`, () => {
    const result = compileTrigger(spec, CONTEXT);
    assert.match(result.ok ? 'accepted' : result.errors.map((error) => error.message).join('; '), message);
  });
}
