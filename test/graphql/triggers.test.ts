import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { PREVIEW, SCHEDULES } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';
import type { ErrorView, FireTimeView, PageView, ScheduleView, TriggerView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');

interface Preview {
  trigger: TriggerView | null;
  spec: unknown;
  summary: string | null;
  fireTimes: FireTimeView[];
  exhausted: boolean;
  lints: { code: string; message: string; at: string | null }[];
  userErrors: ErrorView[];
}
const preview = (variables: Record<string, unknown>) => api.ask<Preview>(PREVIEW, variables);
const ats = ({ fireTimes }: Preview) => fireTimes.map((fire) => fire.at);

/** The errors of a creation that is refused, each as `path: message`; the paths start behind `input.spec`. */
async function refused(spec: Record<string, unknown>): Promise<string[]> {
  const name = fresh('refused');
  const { schedule, userErrors } = await api.createSchedule({
    spec: { name, task: { key: task.key }, trigger: YEARLY, ...spec },
  });
  assert.equal(schedule, null);
  assert.equal(await api.schedule(name), null, 'nothing was created');
  return userErrors.map(({ code, path, message }) => {
    assert.deepEqual([code, path?.slice(0, 2)], ['INVALID', ['input', 'spec']]);
    return `${path?.slice(2).join('.')}: ${message}`;
  });
}
const matchEach = (found: string[], expected: RegExp[]) => {
  assert.equal(found.length, expected.length, found.join('; '));
  for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
};

/** Two o'clock in the night of the new year, from 2098 on. */
const YEARLY_AT_TWO = { cron: { expression: '0 0 2 1 1 * 2098-2110' } };
const AT_TWO = 'at 02:00 on day 1 in January in 2098 to 2110 (Europe/Berlin; missing times are skipped)';

const kinds = [
  {
    kind: 'CALENDAR',
    trigger: {
      calendar: {
        years: '2098-2099',
        months: 'JAN',
        weeks: '1 , 2',
        daysOfMonth: 'MON#1',
        daysOfWeek: 'MON',
        hours: '9',
        minutes: null,
        timeZone: 'asia/tokyo',
      },
    },
    spec: {
      calendar: {
        years: '2098-2099',
        months: 'JAN',
        weeks: '1,2',
        daysOfMonth: 'MON#1',
        daysOfWeek: 'MON',
        hours: '9',
        timeZone: 'Asia/Tokyo',
      },
    },
    answer: {
      __typename: 'CalendarTrigger',
      summary:
        'at 09:00 on the 1st Monday of the month if it is Monday in ISO weeks 1 and 2 in January in 2098 and 2099 (Asia/Tokyo; missing times are skipped)',
      years: '2098-2099',
      months: 'JAN',
      weeks: '1,2',
      daysOfMonth: 'MON#1',
      daysOfWeek: 'MON',
      hours: '9',
      minutes: null,
      seconds: null,
      timeZone: 'Asia/Tokyo',
      dst: { gap: 'SKIP', overlap: 'FIRST', followsRealClock: false },
    },
    next: ['2098-01-06T00:00:00.000Z', '2099-01-05T00:00:00.000Z'],
  },
  {
    kind: 'CALENDAR_INTERVAL',
    trigger: { calendarInterval: { every: 'P12M', at: '02:30', startOn: '2098-03-30', timeZone: null } },
    spec: { calendarInterval: { every: 'P1Y', at: '02:30:00', startOn: '2098-03-30' } },
    answer: {
      __typename: 'CalendarIntervalTrigger',
      summary: 'every year at 02:30, from 2098-03-30 on (Europe/Berlin; missing times are skipped)',
      every: 'P1Y',
      at: '02:30:00',
      startOn: '2098-03-30',
      timeZone: 'Europe/Berlin',
      dst: { gap: 'SKIP', overlap: 'FIRST', followsRealClock: false },
    },
    next: ['2099-03-30T00:30:00.000Z', '2100-03-30T00:30:00.000Z', '2101-03-30T00:30:00.000Z'],
  },
  {
    kind: 'AT',
    trigger: {
      at: { times: ['2098-03-01T00:00:00+01:00'], localTimes: ['2098-02-10T03:00'], timeZone: 'america/new_york' },
    },
    spec: {
      at: { times: ['2098-02-28T23:00:00.000Z'], localTimes: ['2098-02-10T03:00:00'], timeZone: 'America/New_York' },
    },
    answer: {
      __typename: 'AtTrigger',
      summary: 'at 2 times, the first 2098-02-10 03:00, the last 2098-02-28 18:00 (America/New_York)',
      times: ['2098-02-28T23:00:00.000Z'],
      localTimes: ['2098-02-10T03:00:00'],
      timeZone: 'America/New_York',
      dst: { gap: 'SKIP', overlap: 'FIRST', followsRealClock: false },
    },
    next: ['2098-02-10T08:00:00.000Z', '2098-02-28T23:00:00.000Z'],
  },
  {
    kind: 'RRULE',
    trigger: {
      rrule: {
        rrule: 'rrule:freq=weekly;byday=fr,mo;interval=2;count=4;wkst=mo',
        dtstart: '2098-01-06T09:00',
        rdates: ['2098-02-10T03:00'],
        exdates: ['2098-01-20T09:00:00', '2098-01-10T09:00'],
        timeZone: 'america/new_york',
      },
    },
    spec: {
      rrule: {
        rrule: 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=MO,FR',
        dtstart: '2098-01-06T09:00:00',
        rdates: ['2098-02-10T03:00:00'],
        exdates: ['2098-01-10T09:00:00', '2098-01-20T09:00:00'],
        timeZone: 'America/New_York',
      },
    },
    answer: {
      __typename: 'RRuleTrigger',
      summary:
        'every 2 weeks on Monday and Friday at 09:00, 4 times, from 2098-01-06, with 1 further time, without 2 excluded times (America/New_York; missing times are skipped)',
      rrule: 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=MO,FR',
      dtstart: '2098-01-06T09:00:00',
      rdates: ['2098-02-10T03:00:00'],
      exdates: ['2098-01-10T09:00:00', '2098-01-20T09:00:00'],
      timeZone: 'America/New_York',
      dst: { gap: 'SKIP', overlap: 'FIRST', followsRealClock: false },
    },
    next: ['2098-01-06T14:00:00.000Z', '2098-01-24T14:00:00.000Z', '2098-02-10T08:00:00.000Z'],
  },
  {
    kind: 'ANY_OF',
    trigger: { anyOf: [YEARLY_AT_TWO, { at: { times: ['2098-01-01T12:00:00+01:00'] } }] },
    spec: { anyOf: [YEARLY_AT_TWO, { at: { times: ['2098-01-01T11:00:00.000Z'] } }] },
    answer: {
      __typename: 'AnyOfTrigger',
      summary: `${AT_TWO}; or once at 2098-01-01 12:00 (Europe/Berlin)`,
      triggers: [
        { __typename: 'CronTrigger', kind: 'CRON', summary: AT_TWO },
        { __typename: 'AtTrigger', kind: 'AT', summary: 'once at 2098-01-01 12:00 (Europe/Berlin)' },
      ],
    },
    next: ['2098-01-01T01:00:00.000Z', '2098-01-01T11:00:00.000Z', '2099-01-01T01:00:00.000Z'],
  },
  {
    kind: 'ALL_OF',
    trigger: { allOf: { triggers: [YEARLY_AT_TWO, { at: { localTimes: ['2098-01-01T02:30'] } }], within: 'PT60M' } },
    spec: { allOf: { triggers: [YEARLY_AT_TWO, { at: { localTimes: ['2098-01-01T02:30:00'] } }], within: 'PT1H' } },
    answer: {
      __typename: 'AllOfTrigger',
      summary: `when all of these come within 1 hour: ${AT_TWO}; and once at 2098-01-01 02:30 (Europe/Berlin)`,
      within: 'PT1H',
      triggers: [
        { __typename: 'CronTrigger', kind: 'CRON', summary: AT_TWO },
        { __typename: 'AtTrigger', kind: 'AT', summary: 'once at 2098-01-01 02:30 (Europe/Berlin)' },
      ],
    },
    next: ['2098-01-01T01:30:00.000Z'],
  },
  {
    kind: 'EXCEPT',
    trigger: {
      except: {
        base: YEARLY_AT_TWO,
        excluding: [
          { daysOfWeek: 'sat,sun' },
          { dates: { from: '2099-01-01', through: '2099-01-01' } },
          { dailyWindow: { from: '22:00', until: '01:00' } },
          { trigger: { at: { times: ['2100-01-01T01:00:00Z'] } } },
        ],
        shift: 'NEXT_ALLOWED_DAY',
      },
    },
    spec: {
      except: {
        base: YEARLY_AT_TWO,
        excluding: [
          { daysOfWeek: 'SAT,SUN' },
          { dates: { from: '2099-01-01', through: '2099-01-01' } },
          { dailyWindow: { from: '22:00:00', until: '01:00:00' } },
          { trigger: { at: { times: ['2100-01-01T01:00:00.000Z'] } } },
        ],
        shift: 'NEXT_ALLOWED_DAY',
      },
    },
    answer: {
      __typename: 'ExceptTrigger',
      summary: `${AT_TWO}, except on SAT, SUN, on 2099-01-01, from 22:00 until 01:00 and [once at 2100-01-01 02:00 (Europe/Berlin)] (Europe/Berlin; moved to the next allowed day)`,
      excluding: [
        { daysOfWeek: 'SAT,SUN' },
        { dates: { from: '2099-01-01', through: '2099-01-01' } },
        { dailyWindow: { from: '22:00:00', until: '01:00:00' } },
        { trigger: { at: { times: ['2100-01-01T01:00:00.000Z'] } } },
      ],
      shift: 'NEXT_ALLOWED_DAY',
      base: { __typename: 'CronTrigger', kind: 'CRON', summary: AT_TWO },
    },
    // 1 January 2099 is left out by its date, 2100 by the other trigger; 2101 is a Saturday.
    next: ['2098-01-01T01:00:00.000Z', '2099-01-02T01:00:00.000Z', '2101-01-03T01:00:00.000Z'],
  },
  {
    kind: 'BOUNDED',
    trigger: { bounded: { trigger: { cron: { expression: '0 0 1 1 *' } }, startAt: '2098-01-01T00:00:00+01:00', endAt: null } },
    spec: { bounded: { trigger: { cron: { expression: '0 0 1 1 *' } }, startAt: '2097-12-31T23:00:00.000Z' } },
    answer: {
      __typename: 'BoundedTrigger',
      summary: 'at 00:00 on day 1 in January (Europe/Berlin; missing times are skipped), from 2098-01-01 00:00 +01:00',
      startAt: '2097-12-31T23:00:00.000Z',
      endAt: null,
      trigger: {
        __typename: 'CronTrigger',
        kind: 'CRON',
        summary: 'at 00:00 on day 1 in January (Europe/Berlin; missing times are skipped)',
      },
    },
    next: ['2097-12-31T23:00:00.000Z', '2098-12-31T23:00:00.000Z', '2099-12-31T23:00:00.000Z'],
  },
  {
    kind: 'MANUAL',
    trigger: { manual: true },
    spec: { manual: true },
    answer: { __typename: 'ManualTrigger', summary: 'never by itself; only when triggered by hand' },
    next: [],
  },
];
/** The last time of those that end. */
const LAST: Record<string, string> = {
  RRULE: '2098-02-10T08:00:00.000Z',
  ANY_OF: '2110-01-01T01:00:00.000Z',
  EXCEPT: '2110-01-01T01:00:00.000Z',
};
for (const { kind, trigger, spec, answer, next } of kinds) {
  // What has fewer times than are asked for ends with the last of them.
  const last = LAST[kind] ?? (next.length < 3 ? next.at(-1) : undefined);
  const around = { timeZone: 'Europe/Berlin', dst: { gap: 'SKIP' } };

  test(`${kind} is created, answered, previewed and found by its kind; its triggerSpec can be sent back`, async () => {
    const schedule = await api.scheduleOf(task, { trigger, ...around });
    assert.deepEqual(schedule.trigger, { kind, ...answer });
    assert.deepEqual(schedule.triggerSpec, spec);
    assert.equal(schedule.state, 'ACTIVE');
    assert.equal(schedule.nextFireAt, next[0] ?? null);
    assert.deepEqual(
      schedule.nextFireTimes.map((fire) => fire.at),
      next,
    );
    assert.deepEqual(await api.schedule(schedule.name), schedule);
    const again = await api.scheduleOf(task, { trigger: schedule.triggerSpec, ...around });
    assert.deepEqual(again.triggerSpec, spec);

    const seen = await preview({ trigger, first: 3, ...around });
    assert.deepEqual(seen.trigger, schedule.trigger);
    assert.deepEqual([seen.spec, seen.summary, ats(seen)], [spec, answer.summary, next]);
    const ends = last === undefined ? [] : [['ENDS', last]];
    assert.deepEqual([seen.lints.map((lint) => [lint.code, lint.at]), seen.userErrors], [ends, []]);

    const found = await api.ask<PageView>(SCHEDULES, { filter: { kinds: [kind], names: [schedule.name] } });
    assert.equal(found.totalCount, 1);
    const others = [
      'CRON',
      'CALENDAR',
      'INTERVAL',
      'CALENDAR_INTERVAL',
      'AT',
      'RRULE',
      'ANY_OF',
      'ALL_OF',
      'EXCEPT',
      'BOUNDED',
      'MANUAL',
    ].filter((other) => other !== kind);
    const elsewhere = await api.ask<PageView>(SCHEDULES, { filter: { kinds: others, names: [schedule.name] } });
    assert.equal(elsewhere.totalCount, 0);
  });

  test(`${kind} takes the place of another trigger, and the other takes its place`, async () => {
    const schedule = await api.scheduleOf(task, around);
    const edit = async (patch: Record<string, unknown>) => {
      const { schedule: updated, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
      assert.deepEqual(userErrors, []);
      return updated as ScheduleView;
    };
    const changed = await edit({ trigger });
    assert.deepEqual([changed.triggerSpec, changed.nextFireAt, changed.state], [spec, next[0] ?? null, 'ACTIVE']);
    assert.equal((await edit({ trigger: changed.triggerSpec })).version, changed.version, 'the same again is no version');
    const found = await api.ask<PageView>(SCHEDULES, { filter: { kinds: [kind], names: [schedule.name] } });
    assert.equal(found.totalCount, 1);
    const back = await edit({ trigger: YEARLY });
    assert.deepEqual([back.triggerSpec, back.nextFireAt], [schedule.triggerSpec, schedule.nextFireAt]);
  });
}

test('a manual schedule runs by hand', async (t) => {
  const target = await startTarget(t);
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { trigger: { manual: true } });
  const { id } = await api.trigger(schedule);
  await target.next();
  await api.runIn(id, 'SUCCEEDED');
  const afterwards = await api.schedule(schedule.name);
  assert.deepEqual([afterwards?.state, afterwards?.nextFireAt, afterwards?.runs.totalCount], ['ACTIVE', null, 1]);
});

test('one that is created paused has no next fire, and is ACTIVE when it is resumed', async () => {
  const { id, state } = await api.scheduleOf(task, { trigger: { manual: true }, paused: true });
  assert.equal(state, 'PAUSED');
  const { schedules } = await api.resumeSchedules({ select: { ids: [id] } });
  assert.deepEqual([schedules[0]?.state, schedules[0]?.nextFireAt], ['ACTIVE', null]);
});

const bad: [rule: string, trigger: unknown, errors: RegExp[]][] = [
  [
    'each bad field of a calendar by its name',
    { calendar: { weeks: '54', daysOfMonth: '1#1', hours: '24' } },
    [/^trigger\.calendar\.daysOfMonth: /, /^trigger\.calendar\.weeks: week: '54'/, /^trigger\.calendar\.hours: hour: '24'/],
  ],
  ['a calendar of nothing', { calendar: {} }, [/^trigger\.calendar: calendar needs at least one field/]],
  ['dates that never come', { calendar: { weeks: '1', months: '6' } }, [/^trigger\.calendar: never fires: /]],
  [
    'each bad part of a calendar interval',
    { calendarInterval: { every: 'PT1H', at: '9', startOn: '2098-02-30' } },
    [/^trigger\.calendarInterval\.every: .*time part/, /^trigger\.calendarInterval\.at: '9'/, /\.startOn: .*does not exist/],
  ],
  [
    'each bad entry of a list by its index',
    { at: { localTimes: ['2098-02-10T03:00', '2098-02-30T03:00', 'soon', '2098-02-10T03:00Z'] } },
    [
      /^trigger\.at\.localTimes\.1: .*does not exist/,
      /^trigger\.at\.localTimes\.2: 'soon'/,
      /^trigger\.at\.localTimes\.3: .*offset/,
    ],
  ],
  ['a list of nothing', { at: { times: [] } }, [/^trigger\.at: at needs an entry/]],
  [
    'more than 1,000 entries',
    { at: { localTimes: Array.from({ length: 1_001 }, () => '2098-02-10T03:00') } },
    [/^trigger\.at: at has 1001 entries/],
  ],
  ['manual: false', { manual: false }, [/^trigger\.manual: manual must be true/]],
  ['a union of nothing', { anyOf: [] }, [/^trigger\.anyOf: anyOf has 0 triggers/]],
  [
    'triggers that never come together',
    { allOf: { triggers: [{ cron: { expression: '0 9 * * *' } }, { cron: { expression: '0 10 * * *' } }] } },
    [/^trigger\.allOf: never fires/],
  ],
  [
    'each bad exclusion by its index',
    {
      except: {
        base: YEARLY,
        excluding: [{ daysOfWeek: 'SAT' }, { daysOfWeek: 'FOO' }, { dailyWindow: { from: '25:00', until: '01:00' } }],
      },
    },
    [/^trigger\.except\.excluding\.1\.daysOfWeek: /, /^trigger\.except\.excluding\.2\.dailyWindow\.from: '25:00'/],
  ],
  [
    'exclusions that leave nothing',
    { except: { base: YEARLY, excluding: [{ daysOfWeek: '*' }] } },
    [/^trigger\.except: never fires/],
  ],
  ['no bound', { bounded: { trigger: YEARLY } }, [/^trigger\.bounded: bounded needs startAt, endAt or both/]],
  [
    'bounds the wrong way round',
    { bounded: { trigger: YEARLY, startAt: '2098-01-02T00:00:00Z', endAt: '2098-01-01T00:00:00Z' } },
    [/^trigger\.bounded\.endAt: never fires: endAt 2098-01-01T00:00:00\.000Z is before startAt 2098-01-02T00:00:00\.000Z/],
  ],
  [
    'nested more than 5 deep',
    Array.from({ length: 6 }).reduce((trigger) => ({ bounded: { trigger, startAt: '2098-01-01T00:00:00Z' } }), YEARLY),
    [/^trigger(\.bounded\.trigger){6}: triggers stand inside each other more than 5 deep/],
  ],
  [
    'each fault of a recurrence rule, with its part',
    { rrule: { rrule: 'FREQ=WEEKLY;BYHOUR=25;BYFOO=1', dtstart: '2098-02-30T09:00', exdates: ['soon'] } },
    [
      /^trigger\.rrule\.rrule: 'BYFOO' is not a part of a rule/,
      /^trigger\.rrule\.rrule: BYHOUR has '25'/,
      /^trigger\.rrule\.dtstart: .*does not exist/,
      /^trigger\.rrule\.exdates\.0: 'soon'/,
    ],
  ],
  ['all past', { at: { times: ['2020-01-01T00:00:00Z'] } }, [/^trigger: All times of this trigger are past: it is 20.*Z now\.$/]],
  ...[
    ['cron', 'cron.timeZone', { cron: { expression: '@daily', timeZone: 'Europe/Berln' } }] as const,
    ['calendar', 'calendar.timeZone', { calendar: { hours: '9', timeZone: 'Europe/Berln' } }] as const,
    [
      'calendarInterval',
      'calendarInterval.timeZone',
      { calendarInterval: { every: 'P1M', at: '09:00', timeZone: 'Europe/Berln' } },
    ] as const,
    ['at', 'at.timeZone', { at: { times: ['2098-01-01T00:00:00Z'], timeZone: 'Europe/Berln' } }] as const,
    [
      'rrule',
      'rrule.timeZone',
      { rrule: { rrule: 'FREQ=DAILY', dtstart: '2098-01-01T00:00', timeZone: 'Europe/Berln' } },
    ] as const,
    [
      'bounded',
      'bounded.trigger.cron.timeZone',
      { bounded: { trigger: { cron: { expression: '@daily', timeZone: 'Europe/Berln' } }, startAt: '2098-01-01T00:00:00Z' } },
    ] as const,
  ].map(([kind, path, trigger]): [string, unknown, RegExp[]] => [
    `an unknown zone in ${kind}, with the names that are near`,
    trigger,
    [new RegExp(`^trigger\\.${path}: 'Europe/Berln' is not a known IANA time zone\\. Did you mean Europe/Berlin\\?$`)],
  ]),
];
for (const [rule, trigger, errors] of bad) {
  test(`a trigger that cannot be: ${rule}`, async () => {
    matchEach(await refused({ trigger }), errors);
  });
}

for (const trigger of [{ manual: true }, { interval: { every: 'PT1H' } }]) {
  test(`an unknown zone of the schedule is refused, though ${Object.keys(trigger)[0]} follows none`, async () => {
    matchEach(await refused({ trigger, timeZone: 'Europe/Berln' }), [/^timeZone: .*Did you mean Europe\/Berlin\?/]);
  });
}

const [JUNE, JULY] = ['2098-06-01T00:00:00.000Z', '2098-07-01T00:00:00.000Z'];
const MONTHLY = { cron: { expression: '0 0 1 * *' } };

test('startAt and endAt are answered, inclusive, in every list of times; the trigger is answered as it was given', async () => {
  const schedule = await api.scheduleOf(task, { trigger: MONTHLY, startAt: '2098-06-01T02:00:00+02:00', endAt: JULY });
  assert.deepEqual([schedule.startAt, schedule.endAt, schedule.nextFireAt], [JUNE, JULY, JUNE]);
  assert.deepEqual(
    schedule.nextFireTimes.map((fire) => fire.at),
    [JUNE, JULY],
  );
  assert.equal(schedule.trigger.kind, 'CRON');
  assert.deepEqual(schedule.triggerSpec, MONTHLY);
  const seen = await preview({ trigger: MONTHLY, startAt: JUNE, endAt: JULY });
  assert.deepEqual([ats(seen), seen.exhausted, seen.spec], [[JUNE, JULY], true, MONTHLY]);
  const message = 'Its last time is 2098-07-01 00:00:00 +00:00; after it there are none.';
  assert.deepEqual(seen.lints, [{ code: 'ENDS', message, at: JULY }]);
  assert.equal(seen.trigger?.kind, 'CRON');
  assert.equal(seen.summary, 'at 00:00 on day 1 (UTC), from 2098-06-01 00:00 +00:00 until 2098-07-01 00:00 +00:00');
});

test('absent keeps the bounds, null clears them', async () => {
  const schedule = await api.scheduleOf(task, { trigger: MONTHLY, startAt: JUNE, endAt: JULY });
  const edit = async (patch: Record<string, unknown>) => {
    const { schedule: updated, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
    assert.deepEqual(userErrors, []);
    return [updated?.startAt, updated?.endAt, updated?.nextFireAt, updated?.version];
  };
  assert.deepEqual(await edit({ description: 'kept' }), [JUNE, JULY, JUNE, 2]);
  assert.deepEqual(await edit({ startAt: JULY }), [JULY, JULY, JULY, 3]);
  assert.deepEqual(await edit({ startAt: JULY, endAt: JULY }), [JULY, JULY, JULY, 3], 'the same again is no version');
  assert.deepEqual(await edit({ endAt: null }), [JULY, null, JULY, 4]);
  const { nextFireAt } = await api.scheduleOf(task, { trigger: MONTHLY });
  assert.deepEqual(await edit({ startAt: null }), [null, null, nextFireAt, 5]);
});

const past = '2020-01-01T00:00:00.000Z';
const badBounds: [rule: string, spec: Record<string, unknown>, errors: RegExp[]][] = [
  [
    'an end before the start names both',
    { startAt: JULY, endAt: JUNE },
    [/^endAt: endAt 2098-06-01T00:00:00\.000Z is before startAt 2098-07-01T00:00:00\.000Z\.$/],
  ],
  ['an end in the past', { endAt: past }, [/^endAt: endAt 2020-01-01T00:00:00\.000Z is past: it is 20.*Z now\.$/]],
  [
    'a trigger and an end in the past: both',
    { endAt: past, trigger: { at: { times: [past] } } },
    [/^trigger: All times of this trigger are past/, /^endAt: endAt .* is past/],
  ],
  [
    'no time before the end',
    { trigger: { at: { times: [JULY] } }, endAt: JUNE },
    [/^endAt: No time of this trigger comes until endAt: the next one is 2098-07-01T00:00:00\.000Z\.$/],
  ],
  [
    'no time after the start',
    { trigger: { at: { times: [JUNE] } }, startAt: JULY },
    [/^startAt: All times of this trigger come before startAt: the last one is 2098-06-01T00:00:00\.000Z\.$/],
  ],
  [
    'what is wrong with the bounds and with the trigger comes at once',
    { startAt: JULY, endAt: JUNE, trigger: { manual: false } },
    [/^endAt: /, /^trigger\.manual: /],
  ],
];
for (const [rule, spec, errors] of badBounds) {
  test(`bounds that cannot be: ${rule}`, async () => {
    matchEach(await refused(spec), errors);
    const schedule = await api.scheduleOf(task);
    const { userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch: spec });
    matchEach(
      userErrors.map(({ path, message }) => `${path?.slice(2).join('.')}: ${message}`),
      errors,
    );
    assert.deepEqual(await api.schedule(schedule.name), schedule, 'an edit changes nothing');
  });
}

test('a patch of one bound is held against the other that is there, and the one that was sent is named', async () => {
  const { id } = await api.scheduleOf(task, { trigger: MONTHLY, startAt: JUNE, endAt: JUNE });
  const path = async (patch: Record<string, unknown>) =>
    (await api.updateSchedule({ ref: { id }, patch })).userErrors.map((error) => error.path?.join('.'));
  assert.deepEqual(await path({ startAt: JULY }), ['input.patch.startAt']);
  assert.deepEqual(await path({ endAt: '2098-05-01T00:00:00Z' }), ['input.patch.endAt']);
});

test('a manual schedule has no times to bound: bounds are kept for when it gets some', async () => {
  const schedule = await api.scheduleOf(task, { trigger: { manual: true }, startAt: JUNE });
  assert.deepEqual([schedule.state, schedule.startAt, schedule.nextFireAt], ['ACTIVE', JUNE, null]);
  const { schedule: updated } = await api.updateSchedule({ ref: { id: schedule.id }, patch: { trigger: MONTHLY } });
  assert.equal(updated?.nextFireAt, JUNE);
});

const lints: [rule: string, variables: Record<string, unknown>, lints: [code: string, at: string | null, message: RegExp][]][] = [
  [
    'all listed times',
    { trigger: { at: { times: [past] } } },
    [['ALL_IN_THE_PAST', past, /^All times of this trigger are past: the preview starts after /]],
  ],
  [
    'all times up to endAt',
    { trigger: MONTHLY, endAt: '2020-01-31T00:00:00Z' },
    [['ALL_IN_THE_PAST', past, /^endAt .* is past/]],
  ],
  [
    'all times before after',
    { trigger: { at: { times: [JUNE] } }, after: JUNE },
    [['ALL_IN_THE_PAST', JUNE, /the preview starts after 2098-06-01T00:00:00\.000Z\.$/]],
  ],
  [
    'no time between the bounds',
    { trigger: YEARLY, startAt: JUNE, endAt: JULY },
    [['NEVER_FIRES', null, /^No time of this trigger comes until endAt/]],
  ],
];
for (const [rule, variables, expected] of lints) {
  test(`a preview says why it is empty: ${rule}`, async () => {
    const seen = await preview(variables);
    assert.deepEqual([seen.fireTimes, seen.exhausted, seen.userErrors], [[], true, []]);
    assert.equal(seen.lints.length, expected.length);
    for (const [i, [code, at, message]] of expected.entries()) {
      assert.deepEqual([seen.lints[i]?.code, seen.lints[i]?.at], [code, at]);
      assert.match(seen.lints[i]?.message ?? '', message);
    }
  });
}

test('a preview is not told to be past because of until, or of times that are left', async () => {
  for (const variables of [
    { trigger: MONTHLY, until: past },
    { trigger: { at: { times: [past, JUNE] } } },
    { trigger: { at: { times: [past] } }, after: '2019-01-01T00:00:00Z' },
  ]) {
    const { lints: found } = await preview(variables);
    assert.ok(
      found.every(({ code }) => code === 'ENDS'),
      JSON.stringify(found),
    );
  }
});

test('a preview says what may not be meant, as seen from after', async () => {
  const lintsAt = async (after: string) => {
    const trigger = { cron: { expression: '*/7 2 31 * FRI', timeZone: 'Europe/Berlin' } };
    const seen = await preview({ trigger, after, dst: { gap: 'SHIFT' } });
    return seen.lints.map(({ code, at }) => [code, at]);
  };
  const always = [['DAY_MATCH_AMBIGUOUS', null]];
  assert.deepEqual(await lintsAt('2026-01-01T00:00:00Z'), always);
  const sunday = { trigger: { cron: { expression: '30 2 * * SUN' } }, timeZone: 'Europe/Berlin', after: '2026-01-01T00:00:00Z' };
  assert.deepEqual(
    (await preview(sunday)).lints.map(({ code, at }) => [code, at]),
    [
      ['IN_NEXT_DST_GAP', '2026-03-29T01:00:00.000Z'],
      ['IN_NEXT_DST_OVERLAP', '2026-10-25T00:30:00.000Z'],
    ],
  );
});

test('a preview tells everything that is wrong, bounds too, without lints', async () => {
  const seen = await preview({ trigger: { at: { localTimes: ['x'] } }, timeZone: 'Mars/Base', startAt: JULY, endAt: JUNE });
  assert.deepEqual(
    seen.userErrors.map((error) => error.path?.join('.')),
    ['timeZone', 'endAt', 'trigger.at.localTimes.0'],
  );
  assert.deepEqual([seen.trigger, seen.fireTimes, seen.lints], [null, [], []]);
});

test('a local time that is missing or comes twice shows in a preview before anything is saved', async () => {
  const trigger = { at: { localTimes: ['2098-03-09T02:30', '2098-11-02T01:30'] } };
  const { fireTimes, summary } = await preview({ trigger, timeZone: 'America/New_York' });
  assert.deepEqual(
    fireTimes.map(({ local, offset, inGap, inOverlap }) => [local + offset, inGap, inOverlap]),
    [
      ['2098-03-09T03:30:00-04:00', true, false],
      ['2098-11-02T01:30:00-04:00', false, true],
    ],
  );
  assert.match(summary ?? '', /1 moved, because the clock jumps over it/);
});

test('a calendar interval without startOn starts on the day that the zone shows: of after in a preview, else of the creation', async () => {
  const trigger = { calendarInterval: { every: 'P1M', at: '00:00', timeZone: 'Pacific/Auckland' } };
  const seen = await preview({ trigger, after: '2026-01-30T12:00:00Z', first: 2 });
  assert.equal(seen.trigger?.startOn, '2026-01-31');
  assert.deepEqual(seen.spec, { calendarInterval: { ...trigger.calendarInterval, at: '00:00:00' } });
  assert.deepEqual(
    seen.fireTimes.map((fire) => fire.local),
    ['2026-03-31T00:00:00', '2026-05-31T00:00:00'],
  );
  const schedule = await api.scheduleOf(task, { trigger });
  const created = Temporal.Instant.from(schedule.createdAt).toZonedDateTimeISO('Pacific/Auckland');
  assert.equal(schedule.trigger.startOn, created.toPlainDate().toString());
});
