import fc from '../support/properties.ts';

const upTo = (size: number): string => Array.from({ length: size }, (_, i) => i).join();

/** Rules whose times are many, or far between, or out of step with the days. */
export const RRULES = {
  everySecond: `FREQ=DAILY;BYHOUR=${upTo(24)};BYMINUTE=${upTo(60)};BYSECOND=${upTo(60)}`,
  chosenSeconds: `FREQ=MONTHLY;BYMINUTE=${upTo(60)};BYSECOND=${upTo(60)};BYDAY=MO,TU;BYSETPOS=-1,1,7`,
  outOfStep: 'FREQ=SECONDLY;INTERVAL=86399;BYHOUR=3',
  leapDaysCounted: 'FREQ=SECONDLY;INTERVAL=7;COUNT=100000;BYMONTHDAY=29;BYMONTH=2',
  leapDays: 'FREQ=MINUTELY;INTERVAL=1439;BYMONTH=2;BYMONTHDAY=29',
  yearsCounted: 'FREQ=YEARLY;COUNT=100000;BYDAY=-1SU;BYSETPOS=-1',
  everyThirdDay: 'FREQ=DAILY;INTERVAL=3',
  weekLessASecond: 'FREQ=SECONDLY;INTERVAL=604799',
  someSeconds: 'FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,4,8',
  hoursCounted: 'FREQ=HOURLY;INTERVAL=5;COUNT=9999',
  fridays: 'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
};

const timeZone = fc.constantFrom(
  undefined,
  'UTC',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Pacific/Chatham',
);
const second = fc.constantFrom('*', '*/2', '1/2', '*/7', '0', '30', '0,3,6,9,12,15,18,21,24,27,30,33,36,39,42,45', '5-50', '1/3');
const other = fc.constantFrom('*', '*/2', '0', '9', '*/5', '0-22', '3,5,7');
const days = fc.constantFrom(
  '* * *',
  '* * MON',
  '29 2 *',
  '28 2 *',
  '1 * *',
  '15 * *',
  '13 * FRI',
  'L * *',
  '31 * *',
  '* * MON#5',
);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc
    .tuple(second, other, other, days, timeZone, fc.constantFrom('CRONTAB', 'BOTH'))
    .map(([s, m, h, d, zone, dayMatch]) => ({ cron: { expression: `${s} ${m} ${h} ${d}`, timeZone: zone, dayMatch } })),
  fc
    .constantFrom('PT1S', 'PT2S', 'PT7S', 'PT86399S', 'PT1.001S', 'PT86399.001S', 'PT604799S', 'PT1H', 'PT31.5S', 'PT100003S')
    .map((every) => ({ interval: { every } })),
  fc
    .record({
      every: fc.constantFrom('P1D', 'P7D', 'P13M', 'P1M1D', 'P13M31D', 'P4Y', 'P1M'),
      at: fc.constantFrom('03:00:00', '00:00:00', '02:30:00', '23:59:59'),
      startOn: fc.constantFrom('2026-01-31', '0001-01-01', '2024-02-29', '2026-11-21'),
      timeZone,
    })
    .map((calendarInterval) => ({ calendarInterval })),
  fc
    .record({
      rrule: fc.constantFrom(...Object.values(RRULES)),
      dtstart: fc.constantFrom('2020-01-01T00:00:00', '0001-01-01T00:00:00', '9000-01-01T00:00:00'),
      timeZone,
    })
    .map((rrule) => ({ rrule })),
  fc.constantFrom(3, 200).map((count) => ({
    at: {
      localTimes: Array.from({ length: count }, (_, i) =>
        new Date(Date.UTC(2027, 11, 1 + (i % 28), i % 24, i % 60, i % 7)).toISOString().slice(0, 19),
      ),
    },
  })),
);

const exclusion = fc.constantFrom<unknown>(
  { daysOfWeek: 'SAT,SUN' },
  { daysOfWeek: '0,1,2,3,4,5' },
  { calendar: 'alternate' },
  { dates: { from: '2026-01-01', through: '2099-12-31' } },
  { dates: { from: '0001-01-01', through: '9990-12-31' } },
  { dailyWindow: { from: '00:00', until: '23:59' } },
  { dailyWindow: { from: '22:00', until: '06:00' } },
);

/** Triggers of all that is hostile, up to 20 members wide and 4 deep. They name the calendar `alternate`. */
export const hostile: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>((tie) => {
  const members = (minLength: number, maxLength: number) =>
    fc.array(tie('tree'), { minLength, maxLength, depthIdentifier: 'members' });
  const anyOf = members(1, 20).map((triggers) => ({ anyOf: triggers }));
  const allOf = fc
    .tuple(fc.oneof(members(2, 3), members(1, 20)), fc.constantFrom(undefined, 'PT0.5S', 'PT1S', 'PT30S', 'PT1H', 'P1D'))
    .map(([triggers, within]) => ({ allOf: { triggers, within } }));
  const exclusions = fc.array(
    fc.oneof(
      tie('tree').map((trigger) => ({ trigger })),
      exclusion,
    ),
    {
      minLength: 1,
      maxLength: 20,
      depthIdentifier: 'members',
    },
  );
  const except = fc
    .tuple(tie('tree'), exclusions, fc.constantFrom(undefined, 'NEXT_ALLOWED_DAY', 'PREVIOUS_ALLOWED_DAY'))
    .map(([base, excluding, shift]) => ({ except: { base, excluding, shift } }));
  const bounded = fc
    .tuple(tie('tree'), fc.constantFrom(undefined, '2026-01-01T00:00:00Z', '2027-12-31T00:00:00Z'))
    .map(([trigger, startAt]) => ({ bounded: { trigger, startAt, endAt: '2999-01-01T00:00:00Z' } }));
  return { tree: fc.oneof({ maxDepth: 4, depthIdentifier: 'members' }, leaf, anyOf, allOf, except, bounded) };
}).tree;
