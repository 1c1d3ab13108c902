import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { spentSoFar } from '../../src/trigger/effort.ts';
import { explainTrigger } from '../../src/trigger/explain.ts';
import { lintTrigger } from '../../src/trigger/lint.ts';
import type { CompileResult, Trigger, TriggerContext, TriggerSpec } from '../../src/trigger/trigger.ts';
import { timed, tooSlow } from '../support/pace.ts';
import { hostile, RRULES } from './hostile.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;
const CONTEXT: TriggerContext = {
  timeZone: 'America/New_York',
  dst: { gap: null, overlap: null },
  anchorAt: NOW,
  calendars: new Map([['alternate', Array.from({ length: 10_000 }, (_, i) => 20_000 + 2 * i)]]),
};
const compile = (spec: unknown): CompileResult => compileTrigger(structuredClone(spec) as TriggerSpec, CONTEXT);

const ZONES = [
  'Europe/Berlin',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Chatham',
];
const range = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const cron = (expression: string, zone?: number): TriggerSpec => ({
  cron: { expression, ...(zone !== undefined && { timeZone: ZONES[zone % ZONES.length] as string }) },
});
const every = (text: string): TriggerSpec => ({ interval: { every: text } });
const rrule = (text: string, dtstart = '2020-01-01T00:00:00'): TriggerSpec => ({ rrule: { rrule: text, dtstart } });
const two = (i: number): string => String(i).padStart(2, '0');
/** Twenty seconds of the minute. */
const seconds = (k: number): string =>
  range(20, (i) => (k + i * 3) % 60)
    .sort((a, b) => a - b)
    .join();
const without = (base: TriggerSpec, excluding: unknown[], shift?: string): unknown => ({ except: { base, excluding, shift } });
const within = (triggers: TriggerSpec[], text?: string): unknown => ({ allOf: { triggers, within: text } });
const localTimes = (count: number, year: number): TriggerSpec => ({
  at: { localTimes: range(count, (i) => `${year}-12-${two(1 + (i % 28))}T${two(i % 24)}:${two(i % 60)}:${two(i % 7)}.001`) },
});
const nested = (base: TriggerSpec, depth: number): TriggerSpec =>
  depth === 0
    ? base
    : ({
        except: {
          base: nested(base, depth - 1),
          excluding: range(20, (i) => ({ trigger: cron(`${(depth - 1) * 20 + i} * * * * *`) })),
        },
      } as TriggerSpec);

/** What is answered: `fires`, or what the first error says. */
const CASES: [name: string, spec: unknown, answer: 'fires' | RegExp][] = [
  ['any of 20, every other second', { anyOf: range(20, (i) => cron(`${i % 2}/2 * * * * *`, i)) }, 'fires'],
  ['any of 20, lists of seconds', { anyOf: range(20, (i) => cron(`${seconds(i)} * * * * *`, i)) }, 'fires'],
  ['all of 20, every other second', within(range(20, (i) => cron('*/2 * * * * *', i))), 'fires'],
  ['all of 20, lists of seconds', within(range(20, (i) => cron(`0,${seconds(i)} * * * * *`, i))), 'fires'],
  [
    'all of 20 within a day',
    within(
      range(20, (i) => cron(`0,${seconds(i)} * * * * *`, i)),
      'P1D',
    ),
    'fires',
  ],
  [
    'all of 20 within 2 seconds',
    within(
      range(20, (i) => cron(`${i} ${i} * * * *`, i)),
      'PT2S',
    ),
    /takes too many steps/,
  ],
  [
    'all but 50, nothing left',
    without(
      cron('*/2 * * * * *'),
      range(50, (i) => ({ trigger: cron(i === 49 ? '0/2 * * * * *' : '1/2 * * * * *', i) })),
    ),
    /takes too many steps to work out, most of them for the except among its 52 triggers/,
  ],
  [
    'all but 50 lists of seconds',
    without(
      cron('* * * * * *'),
      range(50, (i) => ({ trigger: cron(`${i}-59 * * * * *`, i) })),
    ),
    /takes too many steps/,
  ],
  [
    'left out of what is left, three deep',
    without(nested(cron('* * * * * *'), 3), [{ daysOfWeek: 'MON-SUN' }]),
    /steps|never fires/,
  ],
  ['weekdays that never meet', within([cron('0 0 * * 1'), cron('0 0 * * 4')], 'P1D'), /never fires|takes too many steps/],
  [
    'weekdays of several clocks that never meet',
    within([cron('0 0 * * 1', 0), cron('0 0 * * 4', 1), cron('30 5 * * 6', 2)], 'P1D'),
    /never fires|takes too many steps/,
  ],
  ['leap days', within([cron('0 0 29 2 *'), cron('0 0 28 2 *')], 'P1D'), 'fires'],
  ['months that never meet', within([cron('0 0 1 * *'), cron('0 0 15 * *')], 'P1D'), /never fires/],
  ['an interval out of step with a time', within([every('PT86399S'), cron('0 9 * * *')]), /never fires/],
  ['intervals between the seconds', within([every('PT1.001S'), every('PT1.003S'), cron('0 9 29 2 *')]), /never fires/],
  ['near intervals between the seconds', within([every('PT86399.001S'), cron('0 9 29 2 1')], 'PT1S'), 'fires'],
  [
    '20 intervals between the seconds',
    within(
      range(20, (i) => every(`PT${86_399 + i}.00${(i % 9) + 1}S`)),
      'PT0.001S',
    ),
    /never fires|takes too many steps|fires/,
  ],
  ['1,000 times twice', within([localTimes(1000, 2026), localTimes(1000, 2027)]), /never fires/],
  [
    '20 × 1,000 times',
    { anyOf: range(20, (i) => localTimes(1000, 2030 + i)) },
    /^times, localTimes, rdates and exdates have more than 2000 entries altogether$/,
  ],
  [
    'steps of days against a weekday',
    within([{ calendarInterval: { every: 'P7D', at: '03:00:00', startOn: '2026-11-21' } }, cron('0 3 * * 1')]),
    /never fires/,
  ],
  [
    'steps of months against a day',
    within([{ calendarInterval: { every: 'P13M', at: '03:00:00', startOn: '2026-10-31' } }, cron('0 3 30 * *')]),
    /never fires/,
  ],
  ['moved from every other day', without(cron('* * * * * *'), [{ calendar: 'alternate' }], 'NEXT_ALLOWED_DAY'), 'fires'],
  [
    'moved by generations',
    without(cron('*/2 * * * * *'), [{ dates: { from: '2026-01-01', through: '2099-12-31' } }], 'PREVIOUS_ALLOWED_DAY'),
    'fires',
  ],
  [
    'moved by what is left of the week',
    without(cron(`${seconds(1)} * * * * *`), [{ daysOfWeek: '0,1,2,3,4,5' }, { calendar: 'alternate' }], 'PREVIOUS_ALLOWED_DAY'),
    'fires',
  ],
  ['left out for ages', without(cron('0 0 29 2 *'), [{ dates: { from: '0001-01-01', through: '9998-12-31' } }]), /never fires/],
  [
    'never, 20 times',
    { anyOf: range(20, (i) => within([cron('0 0 29 2 1'), cron('1 1 28 2 2'), cron(`${i} 1 1 1 1`)], 'P1D')) },
    /never fires|takes too many steps/,
  ],
  ['COUNT of seconds', rrule('FREQ=SECONDLY;COUNT=100000'), 'fires'],
  ['COUNT of chosen seconds', rrule(`${RRULES.everySecond};BYSETPOS=-1,1,5;COUNT=100000`), 'fires'],
  [
    'COUNT out of step with the months',
    rrule('FREQ=SECONDLY;INTERVAL=86399;COUNT=100000;BYMONTH=2'),
    /^COUNT=100000 takes too many steps to count out on such rare times: use UNTIL$/,
  ],
  ['COUNT on leap days', rrule('FREQ=SECONDLY;INTERVAL=7;COUNT=100000;BYMONTHDAY=29;BYMONTH=2'), 'fires'],
  ['COUNT of years', rrule('FREQ=YEARLY;COUNT=100000;BYDAY=-1SU;BYSETPOS=-1'), 'fires'],
  ['20 COUNTs', { anyOf: range(20, (i) => rrule(`FREQ=SECONDLY;COUNT=${100_000 - i}`)) }, 'fires'],
  ['a grid of weeks less a second', rrule('FREQ=SECONDLY;INTERVAL=604799;BYDAY=MO;BYHOUR=3;BYMINUTE=7;BYSECOND=11'), 'fires'],
  [
    'a grid that no leap day has',
    rrule('FREQ=MINUTELY;INTERVAL=1439;BYHOUR=3;BYMINUTE=7;BYMONTH=2;BYMONTHDAY=29'),
    /never fires|takes too many steps/,
  ],
  [
    '20 grids',
    { anyOf: range(20, (i) => rrule(`FREQ=SECONDLY;INTERVAL=${86_399 - 2 * i};BYHOUR=3,4,5`)) },
    /takes too many steps/,
  ],
  ['20 rules of every second', { anyOf: range(20, () => rrule(`${RRULES.everySecond};BYSETPOS=-1,1,5`)) }, 'fires'],
  [
    '20 × 1,000 exdates',
    {
      anyOf: range(20, () => ({
        rrule: {
          rrule: 'FREQ=DAILY',
          dtstart: '2020-01-01T00:00:00',
          exdates: range(1000, (j) => `20${two(20 + (j % 70))}-0${1 + (j % 9)}-1${j % 10}T00:00:00`),
        },
      })),
    },
    /entries altogether/,
  ],
];

const answerOf = (result: CompileResult): string => (result.ok ? 'fires' : (result.errors[0]?.message ?? ''));

/** All that is asked of a trigger in one go. */
const questions = (trigger: Trigger): [name: string, ask: () => unknown][] => [
  ...[NOW, NOW + 400 * DAY_MS, Date.UTC(9000, 0), Infinity, -Infinity].flatMap((at): [string, () => unknown][] => [
    [`next ${at}`, () => trigger.next(at)],
    [`previous ${at}`, () => trigger.previous(at)],
  ]),
  ['preview', () => trigger.between(NOW, Infinity, 10)],
  ['matches', () => trigger.matches(NOW)],
  ['describe', () => trigger.describe()],
  ['lint', () => lintTrigger(trigger, NOW)],
  ['explain', () => explainTrigger(trigger, NOW)],
];

/** What takes too long of compiling a trigger and of asking it. */
function slowIn(spec: unknown): string[] {
  const slow: string[] = [];
  let result = compile(spec);
  const check = (name: string, work: () => unknown): void => {
    const first = timed(work);
    const fault = first > 3 ? tooSlow(work, first) : null;
    if (fault !== null) slow.push(`${name}: ${fault}`);
  };
  check('compile', () => (result = compile(spec)));
  if (result.ok) for (const [name, ask] of questions(result.trigger)) check(name, ask);
  return slow;
}

const cold = CASES.map(([, spec]) => {
  const before = spentSoFar();
  return [answerOf(compile(spec)), spentSoFar() - before];
});

test('hostile triggers fire or are refused, and errors tell why', () => {
  for (const [i, [name, , answer]] of CASES.entries()) {
    const given = String(cold[i]?.[0]);
    if (answer === 'fires') assert.equal(given, answer, name);
    else assert.match(given, answer, name);
  }
});

test('what a trigger is charged does not depend on what was compiled and asked before', () => {
  const ask = (result: CompileResult) => {
    if (result.ok) for (const [, question] of questions(result.trigger)) question();
  };
  for (const [, spec] of CASES.toReversed()) ask(compile(spec));
  const warm = CASES.map(([, spec]) => {
    const before = spentSoFar();
    return [answerOf(compile(spec)), spentSoFar() - before];
  });
  for (const [i, [name]] of CASES.entries()) assert.deepEqual(warm[i], cold[i], name);
});

test('what takes too much work is refused with its place and with what is allowed', () => {
  const errorsOf = (spec: unknown) => {
    const result = compile(spec);
    return result.ok ? [] : result.errors.map(({ path, constraint }) => `${path.join('.')}: ${constraint}`);
  };
  const grids = { anyOf: range(20, (i) => rrule(`FREQ=SECONDLY;INTERVAL=${86_399 - 2 * i};BYHOUR=3,4,5`)) };
  assert.deepEqual(errorsOf(grids), [': at most 64000 steps: fewer triggers inside, or simpler ones']);
  const count = { anyOf: [cron('0 0 * * *'), rrule('FREQ=SECONDLY;INTERVAL=86399;COUNT=100000;BYMONTH=2')] };
  assert.deepEqual(errorsOf(count), ['anyOf.1.rrule.rrule: UNTIL, or a smaller COUNT']);
  const lists = { anyOf: range(3, (i) => localTimes(1000, 2030 + i)) };
  assert.deepEqual(errorsOf(lists), ['anyOf.2: at most 2000 entries in all triggers inside']);
});

test('rich triggers that people write are accepted', () => {
  const times = (count: number): string[] => range(count, (i) => new Date(NOW + i * 7_777_000).toISOString().slice(0, 19));
  const rich: Record<string, unknown> = {
    '20 members at their own minutes': { anyOf: range(20, (i) => cron(`${i} ${i} * * MON-FRI`, i)) },
    'working hours but for holidays': without(
      cron('*/5 9-17 * * MON-FRI'),
      [{ calendar: 'alternate' }, { dailyWindow: { from: '12:00', until: '13:00' } }, { trigger: cron('0 9 1 * *') }],
      'NEXT_ALLOWED_DAY',
    ),
    '50 holidays': without(
      cron('0 9 * * *'),
      range(50, (i) => ({ dates: { from: `20${two(27 + i)}-12-24`, through: `20${two(28 + i)}-01-06` } })),
    ),
    '1,000 times and 1,000 exdates': {
      anyOf: [
        { at: { localTimes: times(1000) } },
        { rrule: { rrule: 'FREQ=HOURLY', dtstart: '2026-11-21T00:00:00', exdates: times(1000) } },
      ],
    },
    'a payday of every other week that is a leap day': within([
      cron('0 9 29 2 *'),
      { calendarInterval: { every: 'P14D', at: '09:00:00', startOn: '2026-01-02' } },
    ]),
    'several feeds within the hour': within([cron('5 * * * *', 0), cron('10 */2 * * *', 1), every('PT15M')], 'PT1H'),
    'COUNT of working days': rrule('FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;COUNT=10000'),
  };
  for (const [name, spec] of Object.entries(rich)) assert.equal(answerOf(compile(spec)), 'fires', name);
});

test('no hostile trigger takes more than 10 ms to compile, nor to answer one question', () => {
  const slow = CASES.flatMap(([name, spec]) => slowIn(spec).map((fault) => `${name}, ${fault}`));
  assert.deepEqual(slow, []);
});

test('nor does what hostile triggers are put together to', () => {
  fc.assert(
    fc.property(hostile, (spec) => {
      assert.deepEqual(slowIn(spec), []);
    }),
    { numRuns: 100 },
  );
});
