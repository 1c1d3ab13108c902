import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { boundTrigger } from '../../src/trigger/bounded.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { lintTrigger } from '../../src/trigger/lint.ts';
import type { TriggerLintCode } from '../../src/trigger/lint.ts';
import type { DstGap, DstOverlap, Trigger } from '../../src/trigger/trigger.ts';
import { cadences, occurrences } from '../support/cadences.ts';
import { CONTEXT, at, calendar, calendarInterval, cron, interval } from './compiled.ts';

const NOW = Date.parse('2026-01-15T00:00:00Z');
const NEW_YORK = 'America/New_York';
const dst = (gap: DstGap | null, overlap: DstOverlap | null = null) => ({ gap, overlap });
const until = (trigger: Trigger, endAt: string) => boundTrigger(trigger, null, Date.parse(endAt));
const from = (trigger: Trigger, startAt: string) => boundTrigger(trigger, Date.parse(startAt), null);

type Has = [trigger: Trigger, message: RegExp, at?: string];
/** Triggers that have a lint, with what it says, and near ones that do not. */
const LINTS: Record<TriggerLintCode, { has: Has[]; not: Trigger[] }> = {
  ENDS: {
    has: [
      [
        cron('0 0 12 24 12 * 2026,2027'),
        /^Its last time is 2027-12-24 12:00:00 \+00:00; after it there are none\.$/,
        '2027-12-24T12:00:00Z',
      ],
      [cron('0 0 0 1 1 * 9000'), /9000-01-01/, '9000-01-01T00:00:00Z'],
      [calendar({ years: '2026', hours: '9' }, 'Europe/Berlin'), /2026-12-31 09:00:00 \+01:00/, '2026-12-31T08:00:00Z'],
      [at({ times: ['2026-06-01T00:00:00Z', '2026-03-01T00:00:00Z'] }), /2026-06-01/, '2026-06-01T00:00:00Z'],
      [until(interval('PT1H'), '2026-06-01T00:30:00Z'), /2026-06-01 00:00:00 \+00:00/, '2026-06-01T00:00:00Z'],
      [from(cron('0 0 12 24 12 * 2027'), '2026-06-01T00:00:00Z'), /2027-12-24/, '2027-12-24T12:00:00Z'],
      [until(calendarInterval({ every: 'P1M1D', at: '09:00' }), '2027-01-01T00:00:00Z'), /2026-/, '2026-12-12T09:00:00Z'],
    ],
    not: [
      cron('0 12 24 12 *'),
      cron('0 0 0 29 2 * 2000-9999'),
      interval('PT1H'),
      calendarInterval({ every: 'P1M1D', at: '09:00' }),
      from(cron('0 12 * * *'), '2026-06-01T00:00:00Z'),
      until(cron('0 12 * * *'), '9999-01-01T00:00:00Z'),
      cron('0 0 12 24 12 * 2020'),
    ],
  },
  MONTHS_PASSED_OVER: {
    has: [
      [cron('0 0 31 * *'), /^It passes over February, April, June, September and November\.$/],
      [cron('0 0 30 * *'), /^It passes over February\.$/],
      [cron('0 0 29 * *'), /^It passes over February except in leap years\.$/],
      [cron('0 0 29 2 *'), /^It passes over February except in leap years\.$/],
      [cron('0 0 29,31 * *'), /^It passes over February except in leap years\.$/],
      [cron('0 0 30,31 1,2 *'), /^It passes over February\.$/],
      [cron('0 0 * * MON#5'), /^It passes over months without the 5th Monday of the month\.$/],
      [cron('0 0 31 * MON#5'), /^It passes over months without day 31 or the 5th Monday of the month\.$/],
      [calendar({ daysOfMonth: '31' }), /^It passes over February, April/],
      [cron('0 0 L-30 * *'), /^It passes over February, April, June, September and November\.$/],
      [calendarInterval({ every: 'P1M', at: '09:00', startOn: '2026-01-31' }), /^It passes over February, April, June/],
      [calendarInterval({ every: 'P2M', at: '09:00', startOn: '2026-01-31' }), /^It passes over September and November\.$/],
      [
        calendarInterval({ every: 'P1Y', at: '09:00', startOn: '2024-02-29' }),
        /^It passes over February except in leap years\.$/,
      ],
      [until(cron('0 0 31 * *'), '2026-12-31T00:00:00Z'), /^It passes over February, April/],
    ],
    not: [
      cron('0 0 28 * *'),
      cron('0 0 L * *'),
      cron('0 0 28-31 * *'),
      cron('0 0 31 1,3 *'),
      cron('0 0 30 4-12 *'),
      cron('0 0 * * MON#4'),
      cron('0 0 * * MONL'),
      cron('0 0 31 * MON'),
      cron('0 0 * * *'),
      cron('0 0 31 * FRI', 'UTC', dst(null), 'BOTH'),
      calendarInterval({ every: 'P1M', at: '09:00', startOn: '2026-01-28' }),
      calendarInterval({ every: 'P1Y', at: '09:00', startOn: '2026-01-31' }),
      calendarInterval({ every: 'P4Y', at: '09:00', startOn: '2024-02-29' }),
      calendarInterval({ every: 'P31D', at: '09:00', startOn: '2026-01-31' }),
    ],
  },
  UNEVEN_STEP: {
    has: [
      [
        cron('*/7 * * * *'),
        /^minutes '\*\/7' are 7 minutes apart, but only 4 minutes from the last of one hour to the first of the next\.$/,
      ],
      [cron('3/7 * * * *'), /but only 4 minutes/],
      [cron('*/40 * * * * *'), /^seconds '\*\/40' are 40 seconds apart, but only 20 seconds/],
      [cron('0 */5 * * *'), /^hours '\*\/5' are 5 hours apart, but only 4 hours/],
      [cron('0-59/7 * * * *'), /^minutes/],
      [cron('0 0 */2 * *'), /^daysOfMonth '\*\/2' are 2 days apart, but as little as 1 day from/],
      [cron('0 0 1 */5 *'), /^months '\*\/5' are 5 months apart, but only 2 months/],
      [cron('0 0 * * */2'), /^daysOfWeek '\*\/2' are 2 days apart, but only 1 day from the last of one week/],
      [calendar({ minutes: '*/7' }), /^minutes/],
      [calendar({ weeks: '*/2', daysOfWeek: 'MON', hours: '9' }), /^weeks '\*\/2' are 2 weeks apart, but as little as 1 week/],
      [from(cron('*/7 * * * *'), '2026-06-01T00:00:00Z'), /^minutes/],
    ],
    not: [
      cron('*/15 * * * *'),
      cron('5/15 * * * *'),
      cron('0,7,14,21,28,35,42,49,56 * * * *'),
      cron('*/7 9 * * *'),
      cron('0-30/7 * * * *'),
      cron('0 9-17/3 * * *'),
      cron('0 9/3 * * *'),
      cron('0 */6 * * *'),
      cron('@daily'),
      cron('0 0 1 */4 *'),
      calendar({ minutes: '*/15' }),
      interval('PT7M'),
    ],
  },
  IN_NEXT_DST_GAP: {
    has: [
      [cron('30 2 * * *', NEW_YORK), /^02:30 does not exist on 2026-03-08 .*; gap RUN_AFTER runs/, '2026-03-08T07:00:00Z'],
      [cron('30 2 * * *', NEW_YORK, dst('SHIFT')), /gap SHIFT .* 03:30 -04:00/, '2026-03-08T07:30:00Z'],
      [cron('30 2 * * *', NEW_YORK, dst('SKIP')), /gap SKIP leaves it out/, '2026-03-08T07:00:00Z'],
      [cron('15 2 * * *', 'Australia/Lord_Howe'), /^02:15 does not exist on 2026-10-04/, '2026-10-03T15:30:00Z'],
      [cron('@daily', 'America/Havana'), /^00:00 does not exist on 2026-03-08/, '2026-03-08T05:00:00Z'],
      [calendar({ hours: '2', minutes: '30' }, 'Europe/Berlin'), /^02:30 does not exist on 2026-03-29/, '2026-03-29T01:00:00Z'],
      [
        calendarInterval({ every: 'P1W', at: '02:30', startOn: '2026-01-04', timeZone: NEW_YORK }),
        /gap SHIFT/,
        '2026-03-08T07:30:00Z',
      ],
      [at({ localTimes: ['2026-03-08T02:30'], timeZone: NEW_YORK }), /gap SHIFT/, '2026-03-08T07:30:00Z'],
      [until(cron('30 2 * * *', NEW_YORK), '2026-03-08T07:00:00Z'), /^02:30/, '2026-03-08T07:00:00Z'],
    ],
    not: [
      cron('30 3 * * *', NEW_YORK),
      cron('30 2 * * *'),
      cron('30 2 * * *', 'Asia/Tokyo'),
      cron('*/30 * * * *', NEW_YORK),
      cron('30 * * * *', NEW_YORK),
      cron('30 2 * * MON', NEW_YORK),
      calendarInterval({ every: 'P1W', at: '02:30', startOn: '2026-01-05', timeZone: NEW_YORK }),
      at({ localTimes: ['2027-03-14T02:30'], timeZone: NEW_YORK }),
      until(cron('30 2 * * *', NEW_YORK), '2026-03-07T00:00:00Z'),
      interval('PT30M'),
    ],
  },
  IN_NEXT_DST_OVERLAP: {
    has: [
      [cron('30 1 * * *', NEW_YORK), /^01:30 comes twice on 2026-11-01; overlap FIRST takes/, '2026-11-01T05:30:00Z'],
      [cron('30 1 * * *', NEW_YORK, dst(null, 'LAST')), /overlap LAST takes/, '2026-11-01T06:30:00Z'],
      [cron('30 1 * * *', NEW_YORK, dst(null, 'BOTH')), /overlap BOTH/, '2026-11-01T05:30:00Z'],
      [cron('45 1 * * *', 'Australia/Lord_Howe'), /^01:45 comes twice on 2026-04-05/, '2026-04-04T14:45:00Z'],
      [
        calendarInterval({ every: 'P1D', at: '02:59:59', timeZone: 'Antarctica/Troll' }),
        /^02:59:59 comes twice on 2026-10-25/,
        '2026-10-25T00:59:59Z',
      ],
      [at({ localTimes: ['2026-11-01T01:30'], timeZone: NEW_YORK }), /overlap FIRST/, '2026-11-01T05:30:00Z'],
    ],
    not: [
      cron('0 2 * * *', NEW_YORK),
      cron('59 0 * * *', NEW_YORK),
      cron('30 1 * * *'),
      cron('30 * * * *', NEW_YORK),
      cron('30 1 * * MON', NEW_YORK),
      at({ times: ['2026-11-01T05:30:00Z'], timeZone: NEW_YORK }),
      until(cron('30 1 * * *', NEW_YORK), '2026-11-01T05:29:59Z'),
    ],
  },
  DAY_MATCH_AMBIGUOUS: {
    has: [
      [cron('0 0 13 * FRI'), /^It runs on day 13 and on any day that is a Friday: one of the two is enough.* dayMatch BOTH\.$/],
      [cron('0 0 */2 * FRI'), /^It runs on day 1, 3, 5, … 31 only if that is a Friday: both must match.* dayMatch EITHER\.$/],
      [cron('0 0 L * MON#1'), /^It runs on the last day of the month and on any day that is the 1st Monday/],
      [until(cron('0 0 13 * FRI'), '2027-01-01T00:00:00Z'), /^It runs on day 13/],
    ],
    not: [
      cron('0 0 13 * *'),
      cron('0 0 ? * FRI'),
      cron('0 0 13 * FRI', 'UTC', dst(null), 'BOTH'),
      cron('0 0 13 * FRI', 'UTC', dst(null), 'EITHER'),
      calendar({ daysOfMonth: '13', daysOfWeek: 'FRI' }),
    ],
  },
  VERY_FREQUENT: {
    has: [
      [cron('* * * * * *'), /as close as 1 s /],
      [cron('*/9 * * * * *'), /as close as 6 s /],
      [cron('5,14 0 0 * * *'), /as close as 9 s /],
      [cron('55,4 * * * * *'), /as close as 9 s /],
      [cron('55,4 0,59 0,23 * * *'), /as close as 9 s /],
      [calendar({ seconds: '0,5' }), /as close as 5 s /],
      [interval('PT9.999S'), /as close as 9.999 s /],
      [at({ times: ['2026-02-01T00:00:00Z', '2026-02-01T00:00:09.999Z', '2026-03-01T00:00:00Z'] }), /as close as 9.999 s /],
      [from(interval('PT1S'), '2026-06-01T00:00:00Z'), /as close as 1 s /],
    ],
    not: [
      cron('*/10 * * * * *'),
      cron('5 * * * * *'),
      cron('55,4 0 * * * *'),
      cron('55,4 0,59 0,12 * * *'),
      calendar({ minutes: '*' }),
      interval('PT10S'),
      at({ times: ['2026-02-01T00:00:00Z', '2026-02-01T00:00:10Z'] }),
      at({ times: ['2026-02-01T00:00:00Z'] }),
      until(from(interval('PT1S'), '2026-06-01T00:00:00Z'), '2026-06-01T00:00:00Z'),
      calendarInterval({ every: 'P1D', at: '00:00' }),
    ],
  },
};

const found = (trigger: Trigger, code: TriggerLintCode) => lintTrigger(trigger, NOW).filter((lint) => lint.code === code);
for (const [code, { has, not }] of Object.entries(LINTS) as [TriggerLintCode, (typeof LINTS)['ENDS']][]) {
  for (const [trigger, message, instant] of has) {
    test(`${code}: ${JSON.stringify(trigger.spec)} ${message}`, () => {
      const [lint, ...more] = found(trigger, code);
      assert.deepEqual(more, []);
      assert.match(lint?.message ?? 'nothing', message);
      assert.equal(lint?.at ?? null, instant === undefined ? null : Date.parse(instant));
    });
  }
  test(`not ${code}: what is near it`, () => {
    for (const trigger of not) assert.deepEqual(found(trigger, code), [], JSON.stringify(trigger.spec));
  });
}

test('a manual trigger has nothing to be said about', () => {
  const compiled = compileTrigger({ manual: true }, CONTEXT);
  assert.ok(compiled.ok);
  assert.deepEqual(lintTrigger(compiled.trigger, NOW), []);
});

test('daylight saving: the next change of each kind is looked at, no later one, and no more than 13 months ahead', () => {
  const ats = (now: string) =>
    lintTrigger(cron('30 1,2 * * *', NEW_YORK), Date.parse(now)).map((lint) => new Date(lint.at ?? 0).toISOString().slice(0, 10));
  assert.deepEqual(ats('2026-03-08T06:59:59Z'), ['2026-03-08', '2026-11-01']);
  assert.deepEqual(ats('2026-03-08T07:00:00Z'), ['2026-11-01', '2027-03-14']);
  const seldom = cron('30 2 8-14 3 *', NEW_YORK);
  assert.deepEqual(
    lintTrigger(seldom, Date.parse('2026-03-08T07:00:00Z')).map(({ code }) => code),
    ['IN_NEXT_DST_GAP'],
  );
  assert.deepEqual(lintTrigger(cron('30 2 * * *', 'Pacific/Apia'), NOW), []);
});

test('a first pass that is over is not told of', () => {
  const lints = lintTrigger(cron('15,45 1 * * *', NEW_YORK), Date.parse('2026-11-01T05:30:00Z'));
  assert.match(lints[0]?.message ?? '', /^01:45 comes twice on 2026-11-01/);
});

test('what a lint names is so: an end has nothing after it, an instant of daylight saving is an occurrence unless it is left out', () => {
  fc.assert(
    fc.property(cadences, ({ trigger, start, every }) => {
      for (const { code, at: instant, message } of lintTrigger(trigger, start)) {
        assert.ok(!/undefined|NaN|Infinity/.test(message), message);
        if (instant === null) continue;
        if (code === 'ENDS') assert.equal(trigger.next(instant), null);
        if (!message.includes('gap SKIP') && !message.includes('not make up')) assert.ok(trigger.matches(instant), message);
      }
      // Of what combines others the next hundred times are looked at.
      const times = occurrences(trigger, start, start + 20 * every).slice(0, 100);
      const close = times.some((time, i) => i > 0 && time - (times[i - 1] ?? -Infinity) < 10_000);
      if (close) assert.ok(lintTrigger(trigger, start).some(({ code }) => code === 'VERY_FREQUENT'));
    }),
    { numRuns: 500 },
  );
});

test('linting takes less than 5 ms, whatever the trigger', () => {
  const many = Array.from(
    { length: 1_000 },
    (_, i) => `2026-${String((i % 12) + 1).padStart(2, '0')}-01T00:${String(i % 60).padStart(2, '0')}`,
  );
  const triggers = [
    at({ localTimes: many, timeZone: NEW_YORK }),
    calendarInterval({ every: 'P1M1D', at: '02:30', startOn: '0001-01-01', timeZone: NEW_YORK }),
    cron('30 2 29 2 MON#5', NEW_YORK),
    cron('0 0 0 1 1 * 1970-9000', NEW_YORK),
    until(cron('30 1,2 29 2 *', NEW_YORK), '2999-01-01T00:00:00Z'),
  ];
  for (const trigger of triggers) {
    // Compiled anew each time, as a preview does; the zone and the code are warm.
    const took = Math.min(
      ...Array.from({ length: 6 }, () => {
        const compiled = compileTrigger(trigger.spec, CONTEXT);
        assert.ok(compiled.ok);
        const before = performance.now();
        lintTrigger(compiled.trigger, NOW);
        return performance.now() - before;
      }),
    );
    assert.ok(took < 5, `${JSON.stringify(trigger.spec).slice(0, 80)}: ${took} ms`);
  }
});
