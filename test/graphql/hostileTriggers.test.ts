import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { PREVIEW } from '../support/operations.ts';
import { timed, tooSlow } from '../support/pace.ts';

const carillon = await startTestCarillon({ after });

const AFTER = '2026-03-01T00:00:00Z';
const CONTEXT = { timeZone: 'America/New_York', dst: { gap: null, overlap: null }, anchorAt: Date.parse(AFTER) } as const;

/** Texts that are too long, look like something else, or make naive readers count, backtrack or overflow. */
const NASTY: Record<string, string> = {
  empty: '',
  blank: ' \t\n',
  'very long': '1'.repeat(500_000),
  'long, but read': '9'.repeat(1000),
  'a long list': '1,'.repeat(499) + '1',
  'empty items': ','.repeat(999),
  'many ranges': '1-59/2,'.repeat(120) + '1',
  'stars and steps': '*/'.repeat(400),
  'a step of nothing': '*/0',
  'a huge range': '0-4000000000',
  'beyond 2^53': '9007199254740993',
  'beyond every number': '1e999',
  'digits that are not ASCII': '１２ ٣ ६ * *',
  'letters that fold': 'ſun,MAYſ,K',
  'a right-to-left mark': '\u202e0 0 * * *',
  'combining marks': 'Z' + '\u0301'.repeat(900),
  'zero-width': '0\u200b 0 * * *',
  emoji: '⏰'.repeat(300),
  prototype: '__proto__',
  constructor: 'constructor',
  template: '${7*7}{{7*7}}',
  quote: `'; DROP TABLE schedule; --`,
  path: '../../../../etc/passwd',
  'a lone surrogate': '0 0 * * \ud800',
  'U+0000': '0 0 * * *\0',
  'nested quantifiers': `${'a'.repeat(900)}!`,
  'dashes and digits': '1-'.repeat(450) + '1',
  'blanks between': `0${' '.repeat(900)}0 * * *`,
  'a nickname that is none': '@reboot',
  'a negative number': '-1',
  'a fraction': '0.0000000000000000000001',
  'a duration beyond numbers': `P${'9'.repeat(400)}D`,
  'a long duration': 'P36525D',
  'a duration of nothing': 'PT0S',
  'a date that does not exist': '2026-02-30T25:61:61',
  'a year of six digits': '+275760-09-13T00:00:00Z',
  'a leap second': '2026-06-30T23:59:60',
  'an rrule of every second': 'FREQ=SECONDLY',
  'an rrule that counts too far': 'FREQ=SECONDLY;COUNT=999999999999',
  'an rrule with too many parts': 'FREQ=YEARLY;' + 'BYDAY=MO;'.repeat(100),
};

const CRON = '0 0 * * *';
const DAILY: TriggerSpec = { cron: { expression: CRON } };
/** Every text of TriggerInput, with a place for what is nasty. */
const FIELDS: Record<string, (text: string) => unknown> = {
  'cron.expression': (expression) => ({ cron: { expression } }),
  'cron.expression, one field': (text) => ({ cron: { expression: `0 ${text} * * *` } }),
  'cron.expression, day': (text) => ({ cron: { expression: `0 0 ${text} * ${text}` } }),
  'cron.expression, year': (text) => ({ cron: { expression: `0 0 0 1 1 * ${text}` } }),
  'cron.dayMatch': (dayMatch) => ({ cron: { expression: CRON, dayMatch } }),
  'cron.timeZone': (timeZone) => ({ cron: { expression: CRON, timeZone } }),
  ...Object.fromEntries(
    ['years', 'months', 'weeks', 'daysOfMonth', 'daysOfWeek', 'hours', 'minutes', 'seconds', 'timeZone'].map((field) => [
      `calendar.${field}`,
      (text: string) => ({ calendar: { hours: '1', [field]: text } }),
    ]),
  ),
  'interval.every': (every) => ({ interval: { every } }),
  'interval.anchorAt': (anchorAt) => ({ interval: { every: 'PT1H', anchorAt } }),
  'calendarInterval.every': (every) => ({ calendarInterval: { every, at: '01:30' } }),
  'calendarInterval.at': (at) => ({ calendarInterval: { every: 'P1D', at } }),
  'calendarInterval.startOn': (startOn) => ({ calendarInterval: { every: 'P1D', at: '01:30', startOn } }),
  'calendarInterval.timeZone': (timeZone) => ({ calendarInterval: { every: 'P1D', at: '01:30', timeZone } }),
  'at.times': (text) => ({ at: { times: [text] } }),
  'at.localTimes': (text) => ({ at: { localTimes: [text, text] } }),
  'at.timeZone': (timeZone) => ({ at: { localTimes: ['2026-04-01T00:00'], timeZone } }),
  'rrule.rrule': (rrule) => ({ rrule: { rrule, dtstart: '2026-01-01T00:00' } }),
  'rrule.rrule, one part': (text) => ({ rrule: { rrule: `FREQ=YEARLY;BYDAY=${text}`, dtstart: '2026-01-01T00:00' } }),
  'rrule.dtstart': (dtstart) => ({ rrule: { rrule: 'FREQ=DAILY', dtstart } }),
  'rrule.rdates': (text) => ({ rrule: { rrule: 'FREQ=DAILY', dtstart: '2026-01-01T00:00', rdates: [text] } }),
  'rrule.exdates': (text) => ({ rrule: { rrule: 'FREQ=DAILY', dtstart: '2026-01-01T00:00', exdates: [text] } }),
  'rrule.timeZone': (timeZone) => ({ rrule: { rrule: 'FREQ=DAILY', dtstart: '2026-01-01T00:00', timeZone } }),
  'anyOf, inside': (expression) => ({ anyOf: [DAILY, { cron: { expression } }] }),
  'allOf.within': (within) => ({ allOf: { triggers: [DAILY, DAILY], within } }),
  'except.shift': (shift) => ({ except: { base: DAILY, excluding: [{ daysOfWeek: 'SUN' }], shift } }),
  'except.excluding.dates.from': (from) => ({ except: { base: DAILY, excluding: [{ dates: { from, through: '2027-01-01' } }] } }),
  'except.excluding.dates.through': (through) => ({
    except: { base: DAILY, excluding: [{ dates: { from: '2027-01-01', through } }] },
  }),
  'except.excluding.dailyWindow.from': (from) => ({
    except: { base: DAILY, excluding: [{ dailyWindow: { from, until: '10:00' } }] },
  }),
  'except.excluding.dailyWindow.until': (until) => ({
    except: { base: DAILY, excluding: [{ dailyWindow: { from: '10:00', until } }] },
  }),
  'except.excluding.daysOfWeek': (daysOfWeek) => ({ except: { base: DAILY, excluding: [{ daysOfWeek }] } }),
  'bounded.startAt': (startAt) => ({ bounded: { trigger: DAILY, startAt } }),
  'bounded.endAt': (endAt) => ({ bounded: { trigger: DAILY, endAt } }),
  manual: (manual) => ({ manual }),
};

const HOURS = Array.from({ length: 24 }, (_, hour) => hour).join();
const SIXTY = Array.from({ length: 60 }, (_, minute) => minute).join();
const rrule = (text: string): TriggerSpec => ({ rrule: { rrule: text, dtstart: '2026-01-01T00:00:00' } });
const every = (text: string): TriggerSpec => ({ interval: { every: text, anchorAt: AFTER } });
const times = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => new Date(Date.parse(AFTER) + i * 7_777_000).toISOString());
const nested = (depth: number): TriggerSpec => (depth === 0 ? DAILY : { anyOf: [nested(depth - 1)] });
const many = (count: number, make: (i: number) => TriggerSpec): TriggerSpec[] => Array.from({ length: count }, (_, i) => make(i));
const BUSY: TriggerSpec = { cron: { expression: '*/7 */11 * * * *' } };

/** Triggers whose size or meaning is what is nasty. */
const SHAPES: Record<string, unknown> = {
  'an empty object': {},
  'two kinds at once': { ...DAILY, manual: true },
  'not true': { manual: false },
  '5 deep': nested(5),
  '6 deep': nested(6),
  '12 deep': nested(12),
  '30 deep': nested(30),
  'no members': { anyOf: [] },
  'a member that is null': { anyOf: [null] },
  '20 members': { anyOf: many(20, (i) => ({ cron: { expression: `${i} * * * *` } })) },
  '21 members': { anyOf: many(21, () => DAILY) },
  '5,000 members': { anyOf: many(5000, () => DAILY) },
  'more than 100 in all': { anyOf: many(10, () => ({ anyOf: many(12, () => DAILY) })) },
  '100 in all, all busy': { anyOf: many(9, () => ({ anyOf: many(10, () => BUSY) })) },
  '10,000 times': { at: { times: times(10_000) } },
  '20,000 local times': { at: { localTimes: times(20_000).map((time) => time.slice(0, 19)) } },
  '1,000 rdates': {
    rrule: { rrule: 'FREQ=DAILY', dtstart: '2026-01-01T00:00', rdates: times(1000).map((time) => time.slice(0, 19)) },
  },
  '1,000 exdates': {
    rrule: { rrule: 'FREQ=HOURLY', dtstart: '2026-01-01T00:00', exdates: times(1000).map((time) => time.slice(0, 19)) },
  },
  '50 exclusions': {
    except: {
      base: BUSY,
      excluding: Array.from({ length: 50 }, (_, i) => ({ dates: { from: `20${50 + (i % 40)}-01-01`, through: '2095-12-31' } })),
    },
  },
  '51 exclusions': { except: { base: BUSY, excluding: Array.from({ length: 51 }, () => ({ daysOfWeek: 'SUN' })) } },
  'everything left out': { except: { base: DAILY, excluding: [{ daysOfWeek: '*' }] } },
  'nothing but the time that is left out': {
    except: { base: DAILY, excluding: [{ dailyWindow: { from: '00:00', until: '00:01' } }] },
  },
  'moved by centuries': {
    except: { base: DAILY, excluding: [{ dates: { from: '0001-01-01', through: '9990-12-31' } }], shift: 'PREVIOUS_ALLOWED_DAY' },
  },
  'every second but one of the day': {
    except: {
      base: { cron: { expression: '* * * * * *' } },
      excluding: [{ dailyWindow: { from: '00:00:01', until: '00:00:00' } }],
    },
  },
  '29 February on a Monday': { cron: { expression: '0 0 0 29 2 * 2000-9999/4' } },
  '30 February': { cron: { expression: '0 0 30 2 *' } },
  'days that never meet': { allOf: { triggers: [{ cron: { expression: '0 0 1 * *' } }, { cron: { expression: '0 0 2 * *' } }] } },
  'intervals that never meet': {
    allOf: { triggers: [every('PT2H'), { interval: { every: 'PT2H', anchorAt: '2026-03-01T01:00:00Z' } }] },
  },
  'intervals that meet after ages': { allOf: { triggers: [every('PT86399S'), every('PT86381S'), every('PT86371S')] } },
  'an interval that meets a time after centuries': {
    allOf: { triggers: [every('PT86399S'), { cron: { expression: '0 9 * * *' } }] },
  },
  'fine intervals within': { allOf: { triggers: [every('PT1.001S'), every('PT1.003S'), every('PT1.007S')], within: 'P1D' } },
  'never, three times': {
    anyOf: [
      DAILY,
      ...many(3, () => ({ allOf: { triggers: [{ cron: { expression: '0 0 1 * *' } }, { cron: { expression: '0 1 2 * *' } }] } })),
    ],
  },
  'an rrule of every second with positions': rrule(
    `FREQ=YEARLY;BYHOUR=${HOURS};BYMINUTE=${SIXTY};BYSECOND=${SIXTY};BYSETPOS=-1,1,300`,
  ),
  'an rrule of 30 February': rrule('FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'),
  'an rrule out of step': rrule('FREQ=SECONDLY;INTERVAL=100000;BYHOUR=3;BYMINUTE=3;BYSECOND=3'),
  'an rrule of 29 February out of step': rrule(
    'FREQ=SECONDLY;INTERVAL=86401;BYHOUR=0;BYMINUTE=0;BYSECOND=0;BYMONTH=2;BYMONTHDAY=29',
  ),
  'an rrule that counts 100,000 seconds': rrule('FREQ=SECONDLY;COUNT=100000'),
  'an rrule that counts 100,000 leap days': rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=100000'),
  'an rrule that counts the 53rd weeks': rrule('FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTHDAY=4;COUNT=100000'),
  'an rrule in big steps': rrule('FREQ=DAILY;INTERVAL=2147483647'),
  'an rrule in steps beyond 2^53': rrule('FREQ=SECONDLY;INTERVAL=9007199254740993'),
};

const cases: [name: string, trigger: unknown][] = [
  ...Object.entries(FIELDS).flatMap(([field, make]) =>
    Object.entries(NASTY).map(([what, text]): [string, unknown] => [`${field}: ${what}`, make(text)]),
  ),
  ...Object.entries(SHAPES),
];

interface Preview {
  previewTrigger: { fireTimes: unknown[]; exhausted: boolean; userErrors: { message: string }[] };
}

test('a preview of whatever is hostile answers fire times or errors that tell why', async () => {
  const misses: string[] = [];
  let [errors, previews] = [0, 0];
  for (const [name, trigger] of cases) {
    const answer = await carillon.ask<Preview | null>(PREVIEW, { trigger, after: AFTER, first: 2 });
    const codes = answer.errors?.map(({ extensions }) => extensions.code) ?? [];
    if (codes.some((code) => code !== 'BAD_USER_INPUT')) misses.push(`${name}: ${JSON.stringify(answer.errors).slice(0, 300)}`);
    else if (codes.length > 0 || (answer.data?.previewTrigger.userErrors.length ?? 0) > 0) errors++;
    else if (answer.data?.previewTrigger.fireTimes.length || answer.data?.previewTrigger.exhausted) previews++;
    else misses.push(`${name}: ${JSON.stringify(answer).slice(0, 300)}`);
    // What the API itself says; of values that no scalar takes GraphQL tells the whole.
    for (const { message } of answer.data?.previewTrigger.userErrors ?? [])
      if (message.length > 2000) misses.push(`${name}: a message of ${message.length} characters`);
  }
  assert.deepEqual(misses.slice(0, 10), [], `${misses.length} of ${cases.length}`);
  assert.ok(errors > 1000 && previews > 30, `${errors} refused, ${previews} shown`);
});

test('whatever is hostile is compiled in 10 ms', () => {
  const slow: string[] = [];
  for (const [name, trigger] of cases) {
    const compile = () => compileTrigger(trigger as TriggerSpec, CONTEXT);
    const first = timed(compile);
    const fault = first > 3 ? tooSlow(compile, first) : null;
    if (fault !== null) slow.push(`${name}: ${fault}`);
  }
  assert.deepEqual(slow, []);
});
