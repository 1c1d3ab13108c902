import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { explainTrigger } from '../../src/trigger/explain.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT } from './compiled.ts';

const DAILY: TriggerSpec = { cron: { expression: '0 9 * * MON-FRI' } };
/** 25 December 2026, a Friday. */
const CHRISTMAS = 20_812;
const holidays = (shift: 'DROP' | 'NEXT_ALLOWED_DAY' | 'PREVIOUS_ALLOWED_DAY', base = DAILY): TriggerSpec => ({
  except: {
    base,
    excluding: [{ daysOfWeek: 'SAT,SUN' }, { calendar: 'holidays' }, { dailyWindow: { from: '22:00', until: '06:00' } }],
    shift,
  },
});
const all = (within?: string): TriggerSpec => ({
  allOf: { triggers: [DAILY, { cron: { expression: '30 8 13 * *' } }], ...(within !== undefined && { within }) },
});
const weekly = (more: object = {}): TriggerSpec => ({
  rrule: { rrule: 'FREQ=WEEKLY;BYDAY=MO', dtstart: '2026-01-05T09:00', ...more },
});

const cases: [rule: string, spec: TriggerSpec, instant: string, decided: string][] = [
  [
    'a holiday',
    holidays('DROP'),
    '2026-12-25T08:00Z',
    '- except: 2026-12-25 09:00 in Europe/Berlin is left out: on the days of holidays',
  ],
  [
    'a holiday that moves',
    holidays('NEXT_ALLOWED_DAY'),
    '2026-12-25T08:00Z',
    '- except: 2026-12-25 09:00 in Europe/Berlin is left out: on the days of holidays; it moves to the next allowed day',
  ],
  [
    'an ordinary day',
    holidays('DROP'),
    '2026-12-24T08:00Z',
    '+ except: none of its exclusions holds 2026-12-24 09:00 in Europe/Berlin',
  ],
  [
    'where a holiday moved to',
    holidays('PREVIOUS_ALLOWED_DAY', { cron: { expression: '0 9 25 12 *' } }),
    '2026-12-24T08:00Z',
    '+ except: moved here from a later day that is left out (shift PREVIOUS_ALLOWED_DAY)',
  ],
  [
    'a daily window',
    holidays('NEXT_ALLOWED_DAY', { cron: { expression: '0 12,23 * * *' } }),
    '2026-12-22T22:00Z',
    '- except: 2026-12-22 23:00 in Europe/Berlin is left out: from 22:00 until 06:00',
  ],
  ['what the base has not', holidays('DROP'), '2026-12-24T09:00Z', '- hour: hour 10 is not 9'],
  [
    'another trigger',
    { except: { base: DAILY, excluding: [{ trigger: { at: { times: ['2026-12-24T08:00:00Z'] } } }] } },
    '2026-12-24T08:00Z',
    '- except: 2026-12-24 09:00 in Europe/Berlin is left out: the times of another trigger',
  ],
  [
    'one of several',
    { anyOf: [DAILY, { at: { localTimes: ['2026-12-26T12:00'] } }] },
    '2026-12-26T11:00Z',
    '+ anyOf: a time of one of its triggers: once at 2026-12-26 12:00 (Europe/Berlin)',
  ],
  [
    'none of several',
    { anyOf: [DAILY, { cron: { expression: '0 12 * * *' } }] },
    '2026-12-24T12:00Z',
    '- anyOf: a time of none of its 2 triggers: not of [at 09:00 on Monday to Friday (Europe/Berlin)]: hour 13 is not 9; not of [at 12:00 every day (Europe/Berlin)]: hour 13 is not 12',
  ],
  [
    'not all of several',
    { allOf: { triggers: [DAILY, { cron: { expression: '0 9 13 * *' } }] } },
    '2026-12-14T08:00Z',
    '- allOf: [at 09:00 on day 13 (Europe/Berlin)] does not have this instant: day 14, a Monday, is not day 13',
  ],
  [
    'all of several, near enough',
    all('PT1H'),
    '2026-11-13T08:00Z',
    '+ allOf: each of its 2 triggers has an instant from 2026-11-13T07:00:00Z to 2026-11-13T08:00:00Z, and one of them has this one',
  ],
  [
    'one of several too long ago',
    all('PT1H'),
    '2026-11-16T08:00Z',
    '- allOf: [at 08:30 on day 13 (Europe/Berlin)] has none from 2026-11-16T07:00:00Z to 2026-11-16T08:00:00Z',
  ],
  ['a time of a rule', weekly(), '2026-12-21T08:00Z', '+ rrule: 2026-12-21 09:00 is a time of the rule'],
  [
    'no time of a rule',
    weekly(),
    '2026-12-25T08:00Z',
    '- rrule: 2026-12-25 09:00 is no time of the rule; the one before is 2026-12-21 09:00; the next is 2026-12-28 09:00',
  ],
  [
    'taken from a rule',
    weekly({ exdates: ['2026-12-21T09:00'] }),
    '2026-12-21T08:00Z',
    '- exdates: 2026-12-21 09:00 +01:00 is one of exdates',
  ],
  [
    'added to a rule',
    weekly({ rdates: ['2026-12-22T09:00'] }),
    '2026-12-22T08:00Z',
    '+ rdates: 2026-12-22 09:00 +01:00 is one of rdates',
  ],
  [
    'after the end of a rule',
    { rrule: { rrule: 'FREQ=DAILY;UNTIL=20261221T073000Z', dtstart: '2026-01-05T09:00' } },
    '2026-12-21T08:00Z',
    '- until: 2026-12-21 09:00 +01:00 is after UNTIL',
  ],
];

for (const [rule, spec, instant, decided] of cases) {
  test(`why: ${rule}`, () => {
    const calendars = new Map([['holidays', [CHRISTMAS]]]);
    const compiled = compileTrigger(spec, { ...CONTEXT, timeZone: 'Europe/Berlin', calendars });
    assert.ok(compiled.ok, JSON.stringify(compiled));
    const causes = explainTrigger(compiled.trigger, Date.parse(instant));
    const last = causes.at(-1)!;
    assert.equal(`${last.passes ? '+' : '-'} ${last.subject}: ${last.message}`, decided);
    assert.ok(causes.slice(0, -1).every((cause) => cause.passes));
    assert.equal(last.passes, compiled.trigger.matches(Date.parse(instant)));
  });
}
