import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { boundTrigger } from '../../src/trigger/bounded.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { explainTrigger } from '../../src/trigger/explain.ts';
import type { DstGap, DstOverlap, Trigger } from '../../src/trigger/trigger.ts';
import { cadences } from '../support/cadences.ts';
import { CONTEXT, at, calendar, calendarInterval, cron, interval } from './compiled.ts';

const NEW_YORK = 'America/New_York';
const dst = (gap: DstGap | null, overlap: DstOverlap | null = null) => ({ gap, overlap });
function manual(): Trigger {
  const compiled = compileTrigger({ manual: true }, CONTEXT);
  assert.ok(compiled.ok);
  return compiled.trigger;
}

/** The deciding cause as `+ subject: message` when it lets the instant through, else with `-`. */
function decided(trigger: Trigger, instant: string): string {
  const last = explainTrigger(trigger, Date.parse(instant)).at(-1);
  return last ? `${last.passes ? '+' : '-'} ${last.subject}: ${last.message}` : 'nothing';
}

test('the fields are told from coarse to fine, as the clock in the zone shows the instant', () => {
  const trigger = cron('0,15,30,45 9-17 * MAR-MAY FRI', 'Europe/Berlin');
  assert.deepEqual(explainTrigger(trigger, Date.parse('2026-03-13T08:30:00Z')), [
    { subject: 'month', passes: true, message: 'March is among March to May' },
    { subject: 'day', passes: true, message: 'day 13, a Friday, is allowed: it is a Friday' },
    { subject: 'hour', passes: true, message: 'hour 9 is among 9 to 17' },
    { subject: 'minute', passes: true, message: 'minute 30 is among 0, 15, 30 and 45' },
    { subject: 'second', passes: true, message: 'second 0 is the one that is asked for' },
  ]);
  assert.deepEqual(explainTrigger(trigger, Date.parse('2026-03-13T17:30:00Z')), [
    { subject: 'month', passes: true, message: 'March is among March to May' },
    { subject: 'day', passes: true, message: 'day 13, a Friday, is allowed: it is a Friday' },
    { subject: 'hour', passes: false, message: 'hour 18 is not among 9 to 17' },
  ]);
});

test('years and weeks are told of where some are listed', () => {
  const subjects = (trigger: Trigger) => explainTrigger(trigger, Date.UTC(2026, 11, 31)).map((cause) => cause.subject);
  assert.deepEqual(subjects(cron('0 0 * * *')), ['month', 'day', 'hour', 'minute', 'second']);
  const all = ['year', 'month', 'day', 'week', 'hour', 'minute', 'second'];
  assert.deepEqual(subjects(calendar({ years: '2026', weeks: '53', hours: '0' })), all);
});

const fields: [trigger: Trigger, instant: string, decided: string][] = [
  [cron('0 0 0 1 1 * 2027,2029-2031'), '2026-01-01T00:00:00Z', '- year: year 2026 is not among 2027 and 2029 to 2031'],
  [cron('0 0 1 4 *'), '2026-03-01T00:00:00Z', '- month: March is not April'],
  [calendar({ weeks: '1,53', hours: '9' }), '2026-12-27T09:00:00Z', '- week: ISO week 52 is not among 1 and 53'],
  [calendar({ weeks: '53' }), '2027-01-03T00:00:00Z', '+ second: second 0 is the one that is asked for'],
  [cron('0 0 13 * *'), '2026-03-25T00:00:00Z', '- day: day 25, a Wednesday, is not day 13'],
  [cron('0 0 1,15,L * *'), '2026-03-25T00:00:00Z', '- day: day 25, a Wednesday, is not day 1 or 15 or the last day of the month'],
  [cron('0 0 * * MON#1'), '2026-03-25T00:00:00Z', '- day: day 25, a Wednesday, is not the 1st Monday of the month'],
  [cron('0 0 * * SAT,SUN'), '2026-03-25T00:00:00Z', '- day: day 25, a Wednesday, is not a Saturday or Sunday'],
  [cron('0 0 13 * FRI'), '2026-03-25T00:00:00Z', '- day: day 25, a Wednesday, is neither day 13 nor a Friday'],
  [
    cron('0 0 13 * FRI', 'UTC', dst(null), 'BOTH'),
    '2026-03-20T00:00:00Z',
    '- day: day 20, a Friday, is not day 13; it must be day 13 and a Friday',
  ],
  [
    cron('0 0 13 * FRI', 'UTC', dst(null), 'BOTH'),
    '2026-04-13T00:00:00Z',
    '- day: day 13, a Monday, is not a Friday; it must be day 13 and a Friday',
  ],
  [cron('*/15 * * * *'), '2026-03-01T00:07:00Z', '- minute: minute 7 is not among 0, 15, 30 and 45'],
  [cron('*/15 * * * *'), '2026-03-01T00:15:07Z', '- second: second 7 is not 0'],
  [cron('* * * * * *'), '2026-03-01T00:15:07.250Z', '- millisecond: 00:15:07.250 is not a whole second'],
  [cron('* * * * * *'), '2026-03-01T00:15:07Z', '+ second: second 7: every second is allowed'],
  [cron('1-59/2 * * * *'), '2026-03-01T00:00:00Z', '- minute: minute 0 is not among 1, 3, 5, … 59'],
];
for (const [trigger, instant, expected] of fields) {
  test(`${trigger.describe()}, asked for ${instant}: ${expected}`, () => assert.equal(decided(trigger, instant), expected));
}

test('either day field is enough: it is said which one lets the day through', () => {
  const day = (trigger: Trigger, instant: string) =>
    explainTrigger(trigger, Date.parse(instant)).find((cause) => cause.subject === 'day')?.message;
  const either = cron('0 0 13 * FRI');
  assert.equal(day(either, '2026-04-13T00:00:00Z'), 'day 13, a Monday, is day 13; that is enough, it need not be a Friday');
  assert.equal(day(either, '2026-03-20T00:00:00Z'), 'day 20, a Friday, is a Friday; that is enough, it need not be day 13');
  assert.equal(day(either, '2026-03-13T00:00:00Z'), 'day 13, a Friday, is both day 13 and a Friday; one of the two is enough');
  const both = cron('0 0 13 * FRI', 'UTC', dst(null), 'BOTH');
  assert.equal(day(both, '2026-03-13T00:00:00Z'), 'day 13, a Friday, is day 13 and a Friday; both must be so');
});

const JUMP = '02:30 does not exist on 2026-03-08 (the clock jumps from 02:00 to 03:00)';
const TWICE = '01:30 comes twice on 2026-11-01';
const saving: [rule: string, trigger: Trigger, instant: string, decided: string][] = [
  [
    'made up for right after the jump',
    cron('30 2 * * *', NEW_YORK),
    '2026-03-08T03:00:00-04:00',
    `+ dst.gap: ${JUMP}; gap RUN_AFTER runs at the first instant after the jump, 2026-03-08 03:00 -04:00`,
  ],
  [
    'the instant it would have been',
    cron('30 2 * * *', NEW_YORK),
    '2026-03-08T02:30:00-05:00',
    `- dst.gap: ${JUMP}; gap RUN_AFTER runs at the first instant after the jump, 2026-03-08 03:00 -04:00`,
  ],
  [
    'moved on',
    cron('30 2 * * *', NEW_YORK, dst('SHIFT')),
    '2026-03-08T03:30:00-04:00',
    `+ dst.gap: ${JUMP}; gap SHIFT runs it as much later as the clock jumps, at 2026-03-08 03:30 -04:00`,
  ],
  [
    'moved on, asked for right after the jump',
    cron('30 2 * * *', NEW_YORK, dst('SHIFT')),
    '2026-03-08T03:00:00-04:00',
    `- dst.gap: ${JUMP}; gap SHIFT runs it as much later as the clock jumps, at 2026-03-08 03:30 -04:00`,
  ],
  [
    'left out',
    cron('30 2 * * *', NEW_YORK, dst('SKIP')),
    '2026-03-08T02:30:00-05:00',
    `- dst.gap: ${JUMP}; gap SKIP leaves it out`,
  ],
  [
    'a jump over a whole day',
    cron('0 9 30 12 *', 'Pacific/Apia'),
    '2011-12-30T09:00:00-10:00',
    '- dst.gap: 09:00 does not exist on 2011-12-30 (the clock jumps from 2011-12-30 00:00 to 2011-12-31 00:00); gap RUN_AFTER does not make up for a jump of more than 3 hours',
  ],
  ['a jump that has nothing to do with it', cron('30 4 * * *', NEW_YORK), '2026-03-08T03:00:00-04:00', '- hour: hour 3 is not 4'],
  [
    'in a gap, what follows the clock has nothing to make up for',
    cron('*/30 2 * * *', NEW_YORK),
    '2026-03-08T03:00:00-04:00',
    '- hour: hour 3 is not 2',
  ],
  [
    'midnight in Havana',
    cron('0 0 * * *', 'America/Havana'),
    '2026-03-08T01:00:00-04:00',
    '+ dst.gap: 00:00 does not exist on 2026-03-08 (the clock jumps from 00:00 to 01:00); gap RUN_AFTER runs at the first instant after the jump, 2026-03-08 01:00 -04:00',
  ],
  [
    'two hours in Troll',
    calendarInterval({ every: 'P1D', at: '02:30', startOn: '2026-01-01', timeZone: 'Antarctica/Troll' }),
    '2026-03-29T04:30:00+02:00',
    '+ dst.gap: 02:30 does not exist on 2026-03-29 (the clock jumps from 01:00 to 03:00); gap SHIFT runs it as much later as the clock jumps, at 2026-03-29 04:30 +02:00',
  ],
  [
    'the first pass, taken',
    cron('30 1 * * *', NEW_YORK),
    '2026-11-01T01:30:00-04:00',
    `+ dst.overlap: ${TWICE}; overlap FIRST takes the first pass, at 2026-11-01 01:30 -04:00`,
  ],
  [
    'the second pass, dropped',
    cron('30 1 * * *', NEW_YORK),
    '2026-11-01T01:30:00-05:00',
    `- dst.overlap: ${TWICE}; overlap FIRST takes the first pass, at 2026-11-01 01:30 -04:00`,
  ],
  [
    'the first pass, dropped',
    cron('30 1 * * *', NEW_YORK, dst(null, 'LAST')),
    '2026-11-01T01:30:00-04:00',
    `- dst.overlap: ${TWICE}; overlap LAST takes the second pass, at 2026-11-01 01:30 -05:00`,
  ],
  [
    'both passes',
    cron('30 1 * * *', NEW_YORK, dst(null, 'BOTH')),
    '2026-11-01T01:30:00-05:00',
    `+ dst.overlap: ${TWICE}; overlap BOTH takes both passes`,
  ],
  [
    'both passes of what follows the clock',
    cron('30 * * * *', NEW_YORK),
    '2026-11-01T01:30:00-05:00',
    `+ dst.overlap: ${TWICE}; the trigger follows the clock, so both passes count`,
  ],
  [
    'half an hour in Lord Howe',
    cron('45 1 * * *', 'Australia/Lord_Howe'),
    '2026-04-05T01:45:00+10:30',
    '- dst.overlap: 01:45 comes twice on 2026-04-05; overlap FIRST takes the first pass, at 2026-04-05 01:45 +11:00',
  ],
  [
    'a listed time in the gap',
    at({ localTimes: ['2026-03-08T02:30'], timeZone: NEW_YORK }),
    '2026-03-08T03:30:00-04:00',
    `+ dst.gap: ${JUMP}; gap SHIFT runs it as much later as the clock jumps, at 2026-03-08 03:30 -04:00`,
  ],
  [
    'a listed time that comes twice',
    at({ localTimes: ['2026-11-01T01:30'], timeZone: NEW_YORK }),
    '2026-11-01T01:30:00-05:00',
    `- dst.overlap: ${TWICE}; overlap FIRST takes the first pass, at 2026-11-01 01:30 -04:00`,
  ],
];
for (const [rule, trigger, instant, expected] of saving) {
  test(`daylight saving: ${rule}`, () => assert.equal(decided(trigger, instant), expected));
}

const others: [rule: string, trigger: Trigger, instant: string, decided: string][] = [
  [
    'off the grid',
    interval('PT5M', '2026-01-01T00:00:00Z'),
    '2026-01-01T10:00:12Z',
    '- interval: 12 seconds after 2026-01-01T10:00:00Z; the next is 2026-01-01T10:05:00Z',
  ],
  [
    'on the grid',
    interval('PT1M', '2026-01-01T00:00:00Z'),
    '2026-01-01T00:07:00Z',
    '+ interval: 2026-01-01T00:07:00Z is 7 × 1 minute after the anchor 2026-01-01T00:00:00Z',
  ],
  [
    'on the grid before its anchor',
    interval('PT1H30M', '2026-01-01T03:00:00Z'),
    '2026-01-01T00:00:00Z',
    '+ interval: 2026-01-01T00:00:00Z is 2 × 1 hour 30 minutes before the anchor 2026-01-01T03:00:00Z',
  ],
  [
    'the anchor',
    interval('PT1M', '2026-01-01T00:00:00Z'),
    '2026-01-01T00:00:00Z',
    '+ interval: 2026-01-01T00:00:00Z is the anchor itself',
  ],
  [
    'a date that is passed over',
    calendarInterval({ every: 'P1M', at: '09:00', startOn: '2026-01-31' }),
    '2026-02-28T09:00:00Z',
    '- date: 2026-02-28 is not one of the dates every P1M from 2026-01-31 on; the one before is 2026-01-31; the next is 2026-03-31',
  ],
  [
    'a date before the first',
    calendarInterval({ every: 'P1D', at: '09:00', startOn: '2026-01-31' }),
    '2026-01-30T09:00:00Z',
    '- date: 2026-01-30 is not one of the dates every P1D from 2026-01-31 on; the next is 2026-01-31',
  ],
  [
    'another time of a right date',
    calendarInterval({ every: 'P1D', at: '09:00', startOn: '2026-01-31' }),
    '2026-02-01T09:00:30Z',
    '- time: 09:00:30 is not 09:00',
  ],
  [
    'a right date on time',
    calendarInterval({ every: 'P1D', at: '09:00', startOn: '2026-01-31' }),
    '2026-02-01T09:00:00Z',
    '+ time: 09:00 is its time',
  ],
  [
    'listed as an instant',
    at({ times: ['2026-02-10T02:00:00Z'], timeZone: 'Europe/Berlin' }),
    '2026-02-10T02:00:00Z',
    '+ at: 2026-02-10 03:00 +01:00 is listed',
  ],
  [
    'listed as wall clock',
    at({ localTimes: ['2026-02-10T03:00'], timeZone: 'Europe/Berlin' }),
    '2026-02-10T02:00:00Z',
    '+ at: 2026-02-10 03:00 is listed',
  ],
  [
    'not listed, with the nearest ones',
    at({ times: ['2026-02-09T00:00:00Z', '2026-02-12T00:00:00Z'], localTimes: ['2026-02-11T00:00'] }),
    '2026-02-10T00:00:00Z',
    '- at: 2026-02-10 00:00 is not listed; the one before is 2026-02-09 00:00 +00:00; the next is 2026-02-11 00:00 +00:00',
  ],
  [
    'after the last listed one',
    at({ times: ['2026-02-09T00:00:00Z'] }),
    '2026-02-10T00:00:00Z',
    '- at: 2026-02-10 00:00 is not listed; the one before is 2026-02-09 00:00 +00:00',
  ],
  [
    'before startAt',
    boundTrigger(cron('0 9 * * *'), Date.UTC(2026, 0, 2), null),
    '2026-01-01T09:00:00Z',
    '- startAt: 2026-01-01T09:00:00Z is before startAt 2026-01-02T00:00:00Z',
  ],
  [
    'after endAt',
    boundTrigger(cron('0 9 * * *'), Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)),
    '2026-01-03T09:00:00Z',
    '- endAt: 2026-01-03T09:00:00Z is after endAt 2026-01-03T00:00:00Z',
  ],
  [
    'inside the bounds',
    boundTrigger(cron('0 9 * * *'), Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)),
    '2026-01-02T09:00:00Z',
    '+ endAt: 2026-01-02T09:00:00Z is not after endAt 2026-01-03T00:00:00Z',
  ],
  [
    'stopped inside before the bounds are looked at',
    boundTrigger(cron('0 9 * * *'), Date.UTC(2026, 0, 2), null),
    '2026-01-01T10:00:00Z',
    '- hour: hour 10 is not 9',
  ],
  ['by hand', manual(), '2026-01-01T00:00:00Z', '- manual: it has no times of its own: it runs only when triggered by hand'],
  ['beyond the calculus', cron('* * * * *'), '+010000-01-01T00:00:00Z', '- year: there are only the years 1 to 9999 of UTC'],
];
for (const [rule, trigger, instant, expected] of others) {
  test(`${trigger.kind}: ${rule}`, () => assert.equal(decided(trigger, instant), expected));
}

function assertExplained(trigger: Trigger, instant: number): void {
  const causes = explainTrigger(trigger, instant);
  assert.equal(causes.at(-1)?.passes, trigger.matches(instant), `${trigger.describe()} at ${instant}: ${JSON.stringify(causes)}`);
  assert.deepEqual(
    causes.slice(0, -1).filter((cause) => !cause.passes),
    [],
  );
  for (const { subject, message } of causes)
    assert.ok(subject !== '' && message !== '' && !/undefined|NaN|Infinity/.test(message));
}

test('the last cause lets an instant through exactly when the trigger matches it, and all before it pass', () => {
  const steps = fc.constantFrom(0, 1, -1, 250, 1_000, -1_000, 60_000, 1_800_000, 3_600_000, -3_600_000, 86_400_000);
  fc.assert(
    fc.property(cadences, fc.nat(40), steps, ({ trigger, start, every }, place, off) => {
      const near = trigger.next(start + place * every) ?? start;
      for (const instant of [near, near + off, start + place * every]) assertExplained(trigger, instant);
    }),
    { numRuns: 1_000 },
  );
});

test('the same around every change of the clock, minute by minute', () => {
  const policies = (['RUN_AFTER', 'SHIFT', 'SKIP'] as const).flatMap((gap) =>
    (['FIRST', 'LAST', 'BOTH'] as const).map((overlap) => dst(gap, overlap)),
  );
  const changes: [timeZone: string, change: string][] = [
    [NEW_YORK, '2026-03-08T07:00:00Z'],
    [NEW_YORK, '2026-11-01T06:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['America/Havana', '2026-03-08T05:00:00Z'],
    ['Africa/Cairo', '2026-04-23T22:00:00Z'],
    ['Antarctica/Troll', '2026-03-29T01:00:00Z'],
    ['Antarctica/Troll', '2026-10-25T01:00:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ];
  for (const [timeZone, change] of changes) {
    const localTimes = ['2026-03-08T02:15', '2026-11-01T01:20', '2026-03-08T00:40', '2026-03-29T02:30', '2011-12-30T09:00'];
    for (const policy of policies) {
      for (const trigger of [
        cron('0,20,30,45 0-3 * * *', timeZone, policy),
        cron('30 2 * * *', timeZone, policy),
        cron('*/20 * * * *', timeZone, policy),
        cron('0 9 * * *', timeZone, policy),
        calendarInterval({ every: 'P1D', at: '00:00', startOn: '2011-01-01', timeZone }, policy),
        calendarInterval({ every: 'P1D', at: '01:45', startOn: '2011-01-01', timeZone }, policy),
      ]) {
        for (let minute = -180; minute <= 180; minute += 5) assertExplained(trigger, Date.parse(change) + minute * 60_000);
      }
      const listed = at({ localTimes: [...localTimes, '2030-01-01T00:00'], timeZone }, policy);
      for (let minute = -720; minute <= 720; minute += 5) assertExplained(listed, Date.parse(change) + minute * 60_000);
    }
  }
});

test('any instant of any trigger is explained, outside of the years 1 to 9999 too', () => {
  const triggers = [cron('0 0 29 2 *', 'Asia/Kathmandu'), calendar({ weeks: '53' }, NEW_YORK), interval('PT7S'), manual()];
  triggers.push(calendarInterval({ every: 'P1M1D', at: '01:30' }), at({ times: ['9999-12-31T23:59:59.999Z'] }));
  const edges = [-62_135_596_800_000, 253_402_300_799_999];
  const instants = fc.oneof(
    fc.constantFrom(...edges.flatMap((edge) => [edge - 1, edge, edge + 1])),
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...triggers), instants, (trigger, instant) => assertExplained(trigger, instant)),
    { numRuns: 500 },
  );
});
