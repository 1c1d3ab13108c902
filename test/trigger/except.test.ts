import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import type { ExceptTrigger, ExclusionShift, ExclusionSpec, TriggerContext, TriggerSpec } from '../../src/trigger/trigger.ts';
import { occurrences } from '../support/cadences.ts';
import { CONTEXT, faults, localTimes } from './compiled.ts';
import { assertAnswers, assertCanonical } from './laws.ts';
import { compiled, compiledOrSilent, places, specs, wholeSpecs } from './sets.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NEW_YORK: TriggerContext = { ...CONTEXT, timeZone: 'America/New_York' };
const dayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY;
const CALENDARS = new Map([
  ['Bank holidays', ['2026-01-01', '2026-04-03', '2026-12-25'].map(dayNumber)],
  ['Nothing', []],
]);
const cron = (expression: string): TriggerSpec => ({ cron: { expression } });
const except = (
  base: TriggerSpec,
  excluding: readonly ExclusionSpec[],
  shift?: ExclusionShift,
  context: TriggerContext = { ...NEW_YORK, calendars: CALENDARS },
) => compiled({ except: { base, excluding, ...(shift !== undefined && { shift }) } }, context) as ExceptTrigger;

const times: [
  rule: string,
  base: string,
  excluding: ExclusionSpec[],
  shift: ExclusionShift,
  from: string,
  until: string,
  expected: string,
][] = [
  ['days of the week', '0 9 * * *', [{ daysOfWeek: 'SAT,SUN' }], 'DROP', '2026-06-05', '2026-06-09', '05 09:00, 08 09:00'],
  ['a weekday of the month', '0 9 * * MON', [{ daysOfWeek: 'MON#2' }], 'DROP', '2026-06-01', '2026-06-20', '01 09:00, 15 09:00'],
  [
    'dates, both inclusive',
    '0 9 * * *',
    [{ dates: { from: '2026-06-02', through: '2026-06-03' } }],
    'DROP',
    '2026-06-01',
    '2026-06-05',
    '01 09:00, 04 09:00',
  ],
  ['a calendar', '0 9 * * *', [{ calendar: 'Bank holidays' }], 'DROP', '2026-04-02', '2026-04-05', '02 09:00, 04 09:00'],
  [
    'a window is half-open',
    '0 * * * *',
    [{ dailyWindow: { from: '02:00', until: '23:00' } }],
    'DROP',
    '2026-06-01',
    '2026-06-02',
    '01 00:00, 01 01:00, 01 23:00',
  ],
  [
    'a window over midnight',
    '0 * * * *',
    [{ dailyWindow: { from: '02:00:01', until: '00:00' } }, { dailyWindow: { from: '23:00', until: '01:00' } }],
    'DROP',
    '2026-06-01',
    '2026-06-02',
    '01 01:00, 01 02:00',
  ],
  [
    'instants of another trigger',
    '0 */6 * * *',
    [{ trigger: { cron: { expression: '0 10 * * *', timeZone: 'UTC' } } }],
    'DROP',
    '2026-06-01',
    '2026-06-02',
    '01 00:00, 01 12:00, 01 18:00',
  ],
  [
    'both passes of a repeated hour lie in a window',
    '*/30 * * * *',
    [{ dailyWindow: { from: '01:00', until: '00:00' } }],
    'DROP',
    '2026-11-01',
    '2026-11-02',
    '01 00:00, 01 00:30',
  ],
  ['moved to Monday', '0 9 15 * *', [{ daysOfWeek: 'SAT,SUN' }], 'NEXT_ALLOWED_DAY', '2026-08-10', '2026-08-20', '17 09:00'],
  ['moved to Friday', '0 9 15 * *', [{ daysOfWeek: 'SAT,SUN' }], 'PREVIOUS_ALLOWED_DAY', '2026-08-10', '2026-08-20', '14 09:00'],
  [
    'moved over exclusions that touch',
    '0 9 15 * *',
    [{ daysOfWeek: 'SAT,SUN' }, { dates: { from: '2026-08-17', through: '2026-08-18' } }],
    'NEXT_ALLOWED_DAY',
    '2026-08-10',
    '2026-08-20',
    '19 09:00',
  ],
  [
    'a holiday moves to the day before',
    '0 9 25 12 *',
    [{ calendar: 'Bank holidays' }],
    'PREVIOUS_ALLOWED_DAY',
    '2026-12-20',
    '2026-12-30',
    '24 09:00',
  ],
  [
    'moved onto an instant that is there already: one occurrence',
    '0 9 * * *',
    [{ daysOfWeek: 'SAT,SUN' }],
    'NEXT_ALLOWED_DAY',
    '2026-06-05',
    '2026-06-09',
    '05 09:00, 08 09:00',
  ],
  [
    'windows and triggers count where it arrives',
    '0 9,10,11 15 8 *',
    [{ daysOfWeek: 'SAT,SUN' }, { dailyWindow: { from: '09:00', until: '10:00' } }, { trigger: cron('0 11 17 8 *') }],
    'NEXT_ALLOWED_DAY',
    '2026-08-10',
    '2026-08-20',
    '17 10:00',
  ],
  [
    'moved into a gap: as far behind it',
    '30 2 7 3 *',
    [{ daysOfWeek: 'SAT' }],
    'NEXT_ALLOWED_DAY',
    '2026-03-01',
    '2026-03-15',
    '08 03:30',
  ],
  [
    'moved into an overlap: the first pass',
    '30 1 31 10 *',
    [{ daysOfWeek: 'SAT' }],
    'NEXT_ALLOWED_DAY',
    '2026-10-30',
    '2026-11-03',
    '01 01:30',
  ],
];
for (const [rule, base, excluding, shift, from, until, expected] of times) {
  test(`left out: ${rule}`, () => {
    const trigger = except(cron(base), excluding, shift);
    const found = localTimes(trigger, `${from}T04:00:00Z`, `${until}T04:00:00Z`);
    assert.equal(found.map((text) => text.slice(8, 16).replace('T', ' ')).join(', '), expected);
    assertCanonical(trigger, { ...NEW_YORK, calendars: CALENDARS });
  });
}

test('a moved time tells of the gap and the overlap where it arrives', () => {
  const gap = except(cron('30 2 7 3 *'), [{ daysOfWeek: 'SAT' }], 'NEXT_ALLOWED_DAY');
  const into = gap.next(Date.parse('2026-03-01T00:00Z')) ?? NaN;
  assert.deepEqual([gap.fireTime(into).local, gap.fireTime(into).inGap], ['2026-03-08T03:30:00', true]);
  const overlap = except(cron('30 1 31 10 *'), [{ daysOfWeek: 'SAT' }], 'NEXT_ALLOWED_DAY');
  const first = overlap.fireTime(overlap.next(Date.parse('2026-10-30T00:00Z')) ?? NaN);
  assert.deepEqual([first.offset, first.inOverlap, first.inGap], ['-04:00', true, false]);
  const plain = except(cron('0 9 15 8 *'), [{ daysOfWeek: 'SAT' }], 'NEXT_ALLOWED_DAY');
  assert.equal(plain.fireTime(plain.next(Date.parse('2026-08-01T00:00Z')) ?? NaN).inGap, false);
});

test('a day that a zone skips cannot be moved to: its times arrive a day later', () => {
  const context = { ...CONTEXT, timeZone: 'Pacific/Apia' };
  // 2011-12-29 is a Thursday, and there is no Friday after it.
  const trigger = except(cron('0 9 29 12 *'), [{ daysOfWeek: 'THU' }], 'NEXT_ALLOWED_DAY', context);
  assert.deepEqual(localTimes(trigger, '2011-12-20T00:00Z', '2012-01-10T00:00Z'), ['2011-12-31T09:00+14:00']);
});

test('a time moves over 366 days at the most, and is dropped when it would have to go farther', () => {
  const excluding = (through: string): ExclusionSpec[] => [{ dates: { from: '2026-06-15', through } }];
  const moved = (through: string) =>
    localTimes(except(cron('0 9 15 6 *'), excluding(through), 'NEXT_ALLOWED_DAY'), '2026-01-01T00:00Z', '2027-12-31T00:00Z');
  assert.deepEqual(moved('2027-06-14'), ['2027-06-15T09:00-04:00']);
  assert.deepEqual(moved('2027-06-15'), ['2027-06-16T09:00-04:00'], 'that of 2027; that of 2026 is 366 days away, too');
  const once = except({ at: { localTimes: ['2026-06-15T09:00'] } }, excluding('2027-06-15'), 'NEXT_ALLOWED_DAY');
  assert.equal(localTimes(once, '2026-01-01T00:00Z', '2028-01-01T00:00Z').length, 1);
  const far = {
    except: { base: { at: { localTimes: ['2026-06-15T09:00'] } }, excluding: excluding('2027-06-16'), shift: 'NEXT_ALLOWED_DAY' },
  };
  assert.match(faults(far).join(), /^except: never fires/);
});

test('what seldom comes is found among many days that others would move to', () => {
  const seldom: TriggerSpec = { cron: { expression: '0 9 29 2 SAT', dayMatch: 'BOTH' } };
  for (const [shift, next, previous] of [
    ['NEXT_ALLOWED_DAY', '2048-03-02', '2020-03-02'],
    ['PREVIOUS_ALLOWED_DAY', '2048-02-28', '2020-02-28'],
  ] as const) {
    const trigger = except(seldom, [{ daysOfWeek: 'SAT,SUN' }], shift, CONTEXT);
    const after = trigger.next(Date.UTC(2021, 0)) ?? NaN;
    assert.equal(new Date(after).toISOString(), `${next}T09:00:00.000Z`);
    assert.equal(new Date(trigger.previous(after) ?? NaN).toISOString(), `${previous}T09:00:00.000Z`);
  }
});

test('far stretches that are left out are passed over', () => {
  const excluding: ExclusionSpec[] = [{ dates: { from: '2026-01-01', through: '9990-12-31' } }];
  for (const shift of ['DROP', 'PREVIOUS_ALLOWED_DAY'] as const) {
    const trigger = except(cron('0 9 * * *'), excluding, shift, CONTEXT);
    assert.equal(new Date(trigger.previous(Date.UTC(9990, 0)) ?? NaN).toISOString(), '2025-12-31T09:00:00.000Z');
  }
  const near: ExclusionSpec[] = [{ dates: { from: '2026-01-01', through: '2425-12-31' } }];
  assert.equal(new Date(except(cron('0 9 * * *'), near).next(CONTEXT.anchorAt) ?? NaN).toISOString(), '2426-01-01T14:00:00.000Z');
});

const exclusions: fc.Arbitrary<ExclusionSpec> = fc.oneof(
  fc.constantFrom('SAT,SUN', 'MON', 'SUN', 'FRI-SUN', 'FRI#5').map((daysOfWeek) => ({ daysOfWeek })),
  fc
    .constantFrom(
      ['2026-03-08', '2026-03-08'],
      ['2026-10-03', '2026-10-04'],
      ['2011-12-29', '2011-12-30'],
      ['2026-04-24', '2026-04-30'],
    )
    .map(([from = '', through = '']) => ({ dates: { from, through } })),
  fc
    .constantFrom(['22:00', '06:00'], ['01:15', '02:45'], ['00:00', '00:30:30'], ['03:00', '23:00'])
    .map(([from = '', until = '']) => ({ dailyWindow: { from, until } })),
  specs.map((trigger) => ({ trigger })),
);

/** By asking Temporal for the wall clock of each occurrence. */
function judge(
  base: readonly number[],
  excluding: readonly ExclusionSpec[],
  shift: ExclusionShift,
  context: TriggerContext,
): number[] {
  const zoned = (at: number) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(context.timeZone);
  const weekdays = excluding.flatMap((one) =>
    'daysOfWeek' in one ? compiled({ cron: { expression: `0 0 * * ${one.daysOfWeek}`, timeZone: 'UTC' } }) : [],
  );
  const leftOut = (date: Temporal.PlainDate): boolean =>
    weekdays.some((days) => days.matches(Date.parse(`${date.toString()}T00:00:00Z`))) ||
    excluding.some((one) => 'dates' in one && date.toString() >= one.dates.from && date.toString() <= one.dates.through);
  const kept = (at: number): boolean =>
    excluding.every((one) => {
      if ('trigger' in one) return !compiled(one.trigger, context).matches(at);
      if (!('dailyWindow' in one)) return true;
      const { from, until } = one.dailyWindow;
      const time = zoned(at).toPlainTime().toString();
      return from < until ? time < from || time >= until : time < from && time >= until;
    });
  const places = base.map((at) => {
    const local = zoned(at).toPlainDateTime();
    let date = local.toPlainDate();
    if (!leftOut(date)) return at;
    if (shift === 'DROP') return NaN;
    while (leftOut(date)) date = date.add({ days: shift === 'NEXT_ALLOWED_DAY' ? 1 : -1 });
    return date.toPlainDateTime(local.toPlainTime()).toZonedDateTime(context.timeZone).epochMilliseconds;
  });
  return [...new Set(places)].filter((at) => !Number.isNaN(at) && kept(at)).sort((a, b) => a - b);
}

test('what is left, and what moves where, as Temporal reads the clock', () => {
  const shifts = fc.constantFrom<ExclusionShift>('DROP', 'NEXT_ALLOWED_DAY', 'PREVIOUS_ALLOWED_DAY');
  const list = fc.array(exclusions, { minLength: 1, maxLength: 3 });
  const property = fc.property(wholeSpecs, list, shifts, places, (base, excluding, shift, { context, start }) => {
    const until = start + 60 * HOUR;
    // No run of days that are left out is longer than a week and a weekend.
    const around = occurrences(compiled(base, context), start - 12 * DAY, until + 12 * DAY);
    const expected = judge(around, excluding, shift, context).filter((at) => at >= start && at < until);
    const trigger = compiledOrSilent({ except: { base, excluding, shift } }, context);
    if (trigger === null) assert.deepEqual(expected, []);
    else {
      assertAnswers(trigger, expected, start, until);
      assertCanonical(trigger, context);
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('between the seconds, too: what is left and what is left out are together the base', () => {
  const list = fc.array(exclusions, { minLength: 1, maxLength: 3 });
  const property = fc.property(specs, list, places, (base, excluding, { context, start }) => {
    const until = start + 60 * HOUR;
    const all = occurrences(compiled(base, context), start, until - 1);
    const trigger = compiledOrSilent({ except: { base, excluding } }, context);
    const left = judge(all, excluding, 'DROP', context);
    if (trigger === null) assert.deepEqual(left, []);
    else assertAnswers(trigger, left, start, until);
  });
  fc.assert(property, { numRuns: 150 });
});

test('in plain English', () => {
  const text = (excluding: ExclusionSpec[], shift?: ExclusionShift) => except(cron('*/10 * * * *'), excluding, shift).describe();
  const base = 'every 10 minutes (America/New_York)';
  assert.equal(
    text([{ daysOfWeek: 'sat,sun' }, { dailyWindow: { from: '22:00', until: '06:00:30' } }], 'NEXT_ALLOWED_DAY'),
    `${base}, except on SAT, SUN and from 22:00 until 06:00:30 (America/New_York; moved to the next allowed day)`,
  );
  assert.equal(
    text([{ dates: { from: '2026-12-24', through: '2026-12-31' } }, { calendar: 'Bank holidays' }], 'PREVIOUS_ALLOWED_DAY'),
    `${base}, except from 2026-12-24 through 2026-12-31 and on the days of Bank holidays (America/New_York; moved to the previous allowed day)`,
  );
  assert.equal(text([{ trigger: cron('0 9 * * *') }]), `${base}, except [at 09:00 every day (America/New_York)]`);
  const dates = Array.from({ length: 8 }, (_, i): ExclusionSpec => ({
    dates: { from: `2026-01-0${i + 1}`, through: `2026-01-0${i + 1}` },
  }));
  assert.match(text(dates), /except on 2026-01-01, .*, on 2026-01-06 and 2 more \(America\/New_York\)$/);
});

const DAILY = cron('0 9 * * *');
const silent: [rule: string, base: TriggerSpec, excluding: ExclusionSpec[]][] = [
  ['every weekday', DAILY, [{ daysOfWeek: '*' }]],
  ['every weekday in two', DAILY, [{ daysOfWeek: 'MON-FRI' }, { daysOfWeek: 'SAT,SUN' }]],
  ['every date', DAILY, [{ dates: { from: '0001-01-01', through: '9999-12-31' } }]],
  [
    'both halves of the day',
    DAILY,
    [{ dailyWindow: { from: '00:00', until: '12:00' } }, { dailyWindow: { from: '12:00', until: '00:00' } }],
  ],
  ['the window that it lies in', DAILY, [{ dailyWindow: { from: '08:00', until: '10:00' } }]],
  ['itself', DAILY, [{ trigger: DAILY }]],
  ['more than itself', cron('0 9 * * MON-FRI'), [{ trigger: cron('0 9 * * MON-WED') }, { trigger: cron('0 9 * * THU-SAT') }]],
  ['each second, in two', cron('* * * * * *'), [{ trigger: cron('*/2 * * * * *') }, { trigger: cron('1-59/2 * * * * *') }]],
  ['the only time there is', { at: { times: ['2026-06-06T09:00:00Z'] } }, [{ daysOfWeek: 'SAT' }]],
];
for (const [rule, base, excluding] of silent) {
  test(`exclusions that leave nothing are refused: ${rule}`, () => {
    assert.deepEqual(faults({ except: { base, excluding } }), [
      'except: never fires: its exclusions leave none of the times of base',
    ]);
  });
}

const at = 'except\\.excluding\\.0\\.';
const refused: [rule: string, input: unknown, faults: RegExp[]][] = [
  ['no exclusions', { base: DAILY, excluding: [] }, [/^except\.excluding: excluding has 0 exclusions$/]],
  ['no list', { base: DAILY }, [/^except\.excluding: excluding must be a list$/]],
  [
    'more than 50',
    { base: DAILY, excluding: Array(51).fill({ daysOfWeek: 'SAT' }) },
    [/^except\.excluding: excluding has 51 exclusions$/],
  ],
  ['an exclusion of nothing', { base: DAILY, excluding: [{}] }, [/^except\.excluding\.0: exactly one of trigger, dates, /]],
  ['an exclusion that is null', { base: DAILY, excluding: [null] }, [/^except\.excluding\.0: exactly one of trigger, dates, /]],
  ['two in one', { base: DAILY, excluding: [{ daysOfWeek: 'SAT', calendar: 'x' }] }, [/^except\.excluding\.0: exactly one of/]],
  [
    'a manual base',
    { base: { manual: true }, excluding: [{ daysOfWeek: 'SAT' }] },
    [/^except\.base\.manual: manual stands alone/],
  ],
  [
    'an unknown shift',
    { base: DAILY, excluding: [{ daysOfWeek: 'SAT' }], shift: 'SIDEWAYS' },
    [/^except\.shift: shift must be DROP, /],
  ],
  [
    'moving times between the seconds',
    { base: { interval: { every: 'PT1.5S' } }, excluding: [{ daysOfWeek: 'SAT' }], shift: 'NEXT_ALLOWED_DAY' },
    [/^except\.shift: shift NEXT_ALLOWED_DAY moves times on whole seconds only/],
  ],
  [
    'dates that are none',
    { base: DAILY, excluding: [{ dates: { from: '2026-02-30', through: 'soon' } }] },
    [new RegExp(`^${at}dates\\.from: '2026-02-30' does not exist`), new RegExp(`^${at}dates\\.through: 'soon' is not a date`)],
  ],
  [
    'dates the wrong way round',
    { base: DAILY, excluding: [{ dates: { from: '2026-02-02', through: '2026-02-01' } }] },
    [new RegExp(`^${at}dates\\.through: through 2026-02-01 is before from 2026-02-02$`)],
  ],
  [
    'times that are none',
    { base: DAILY, excluding: [{ dailyWindow: { from: '24:00', until: '9' } }] },
    [new RegExp(`^${at}dailyWindow\\.from: '24:00' is not a time of day`), new RegExp(`^${at}dailyWindow\\.until: '9' is not`)],
  ],
  [
    'a window of a whole day',
    { base: DAILY, excluding: [{ dailyWindow: { from: '09:00', until: '09:00:00' } }] },
    [new RegExp(`^${at}dailyWindow: from and until are both 09:00:00`)],
  ],
  [
    'weekdays that are none',
    { base: DAILY, excluding: [{ daysOfWeek: 'SAT,FOO' }] },
    [new RegExp(`^${at}daysOfWeek: day of week: 'FOO'`)],
  ],
  [
    'no weekdays',
    { base: DAILY, excluding: [{ daysOfWeek: ' ' }] },
    [new RegExp(`^${at}daysOfWeek: ' ' is not a list of weekdays`)],
  ],
  [
    'an endless text',
    { base: DAILY, excluding: [{ daysOfWeek: 'SAT,'.repeat(300) }] },
    [new RegExp(`^${at}daysOfWeek: 'SAT,SAT`)],
  ],
  [
    'a calendar where there is none',
    { base: DAILY, excluding: [{ calendar: 'Bank' }] },
    [new RegExp(`^${at}calendar: there is no calendar 'Bank'\\.$`)],
  ],
  [
    'everything at once',
    { base: cron('61 * * * *'), excluding: [{ daysOfWeek: 'SAT' }, { trigger: { interval: { every: 'P1Y' } } }], shift: 'UP' },
    [/^except\.base\.cron\.expression: /, /^except\.excluding\.1\.trigger\.interval\.every: /, /^except\.shift: /],
  ],
];
for (const [rule, input, expected] of refused) {
  test(`refused: ${rule}`, () => {
    const found = faults({ except: input });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}

test('an unknown calendar is refused with the names that are near; one without days leaves nothing out', () => {
  const context = { ...CONTEXT, calendars: CALENDARS };
  assert.throws(
    () => except(DAILY, [{ calendar: 'bank holiday' }], 'DROP', context),
    /there is no calendar 'bank holiday'\. Did you mean Bank holidays\?/,
  );
  assert.equal(except(DAILY, [{ calendar: 'Nothing' }], 'DROP', context).count(0, 10 * DAY), 10);
});
