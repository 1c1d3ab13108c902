import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { CronTrigger, DayMatch, DstGap, DstOverlap } from '../../src/trigger/trigger.ts';
import { CONTEXT, cron } from './compiled.ts';
import type { Known } from './judge.ts';
import { enumerate } from './judge.ts';

const HOUR = 3_600_000;
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Days on which these clocks change, so that most random windows hold something difficult. */
const CHANGES: readonly [timeZone: string, date: string][] = [
  ['America/New_York', '2024-03-10'],
  ['America/New_York', '2024-11-03'],
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['Australia/Lord_Howe', '2024-04-07'],
  ['Australia/Lord_Howe', '2024-10-06'],
  ['Antarctica/Troll', '2024-03-31'],
  ['Antarctica/Troll', '2024-10-27'],
  ['America/Havana', '2024-03-10'],
  ['America/Havana', '2024-11-03'],
  ['Africa/Cairo', '2024-04-26'],
  ['Africa/Cairo', '2024-11-01'],
  ['Africa/Casablanca', '2025-02-23'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['Pacific/Apia', '2011-12-30'],
  ['Pacific/Kwajalein', '1969-10-01'],
  ['Asia/Kathmandu', '2024-02-29'],
  ['America/New_York', '2444-11-06'],
];

interface Field {
  text: string;
  values: number[];
}
function field(min: number, max: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const through = (from: number, to: number, step = 1): number[] => {
    const values: number[] = [];
    for (let at = from; at <= to; at += step) values.push(at);
    return values;
  };
  const one: fc.Arbitrary<Field> = fc.oneof(
    { weight: 3, arbitrary: value.map((v) => ({ text: `${v}`, values: [v] })) },
    fc.constant({ text: '*', values: through(min, max) }),
    fc.integer({ min: 2, max: Math.min(20, max - min) }).map((step) => ({ text: `*/${step}`, values: through(min, max, step) })),
    fc.tuple(value, value).map(([a, b]) => ({
      text: `${a}-${b}`,
      values: a <= b ? through(a, b) : [...through(a, max), ...through(min, b)],
    })),
    fc.tuple(fc.integer({ min, max: max - 3 }), fc.integer({ min: 1, max: 3 })).map(([a, step]) => ({
      text: `${a}/${step}`,
      values: through(a, max, step),
    })),
  );
  return fc.array(one, { minLength: 1, maxLength: 2 }).map((items) => ({
    text: items.map((item) => item.text).join(','),
    values: items.flatMap((item) => item.values),
  }));
}

type DayField = { text: string; day: (date: Temporal.PlainDate) => boolean };

const workday = (date: Temporal.PlainDate): boolean => date.dayOfWeek <= 5;
function nearestWorkday(date: Temporal.PlainDate): Temporal.PlainDate {
  for (const distance of [0, -1, 1, -2, 2]) {
    const other = date.add({ days: distance });
    if (workday(other) && other.month === date.month) return other;
  }
  throw new RangeError('every month has a working day within two days of any date');
}
const dayOfMonth: fc.Arbitrary<DayField> = fc.oneof(
  {
    weight: 4,
    arbitrary: field(1, 31).map(({ text, values }): DayField => ({ text, day: (date) => values.includes(date.day) })),
  },
  fc.constant<DayField>({ text: '?', day: () => true }),
  fc.constant<DayField>({ text: 'L', day: (date) => date.day === date.daysInMonth }),
  fc.constant<DayField>({ text: 'LW', day: (date) => nearestWorkday(date.with({ day: 31 })).equals(date) }),
  fc.integer({ min: 1, max: 5 }).map((n): DayField => ({ text: `L-${n}`, day: (date) => date.day === date.daysInMonth - n })),
  fc.integer({ min: 1, max: 31 }).map((n): DayField => ({
    text: `${n}W`,
    day: (date) => n <= date.daysInMonth && nearestWorkday(date.with({ day: n })).equals(date),
  })),
);
const weekday = fc.integer({ min: 0, max: 6 });
const dayOfWeek: fc.Arbitrary<DayField> = fc.oneof(
  {
    weight: 4,
    arbitrary: field(0, 6).map(({ text, values }): DayField => ({ text, day: (date) => values.includes(date.dayOfWeek % 7) })),
  },
  fc.constant<DayField>({ text: '5-7', day: (date) => date.dayOfWeek >= 5 }),
  weekday.map((d): DayField => ({
    text: `${WEEKDAYS[d]}L`,
    day: (date) => date.dayOfWeek % 7 === d && date.day + 7 > date.daysInMonth,
  })),
  fc.tuple(weekday, fc.integer({ min: 1, max: 4 })).map(([d, n]): DayField => ({
    text: `${d}#${n}`,
    day: (date) => date.dayOfWeek % 7 === d && Math.ceil(date.day / 7) === n,
  })),
);

const gaps = fc.constantFrom<DstGap>('RUN_AFTER', 'SHIFT', 'SKIP');
const overlaps = fc.constantFrom<DstOverlap>('FIRST', 'LAST', 'BOTH');
const dayMatches = fc.constantFrom<DayMatch>('CRONTAB', 'EITHER', 'BOTH');

const any = (text: string): boolean => text === '*' || text === '?';
const starred = (text: string): boolean => text.startsWith('*') || text === '?';
function dayRule(match: DayMatch, month: Field, dom: DayField, dow: DayField): Known['day'] {
  const either =
    match === 'CRONTAB' ? !starred(dom.text) && !starred(dow.text) : match === 'EITHER' && !any(dom.text) && !any(dow.text);
  return (date) =>
    month.values.includes(date.month) && (either ? dom.day(date) || dow.day(date) : dom.day(date) && dow.day(date));
}

const list = (text: string): Field => ({ text, values: text.split(',').map(Number) });
const every = (text: string, min: number, max: number): Field => ({
  text,
  values: Array.from({ length: max - min + 1 }, (_, i) => min + i),
});
/** Mostly what makes a window around a change of clock worth looking at: fixed times at night, on any day. */
const usually = <T>(usual: T[], free: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: free });

/** An expression with its meaning, in a zone and under a policy; null when it can never fire. */
const cases = fc
  .record({
    minute: usually([list('0'), list('30'), list('15,45'), every('0-59', 0, 59), list('0,10,40')], field(0, 59)),
    hour: usually([list('0'), list('2'), list('1,2'), list('2,3'), every('0-3', 0, 3), every('0-23', 0, 23)], field(0, 23)),
    dom: usually<DayField>([{ text: '*', day: () => true }], dayOfMonth),
    month: usually([every('*', 1, 12)], field(1, 12)),
    dow: usually<DayField>([{ text: '*', day: () => true }], dayOfWeek),
    match: dayMatches,
    change: fc.constantFrom(...CHANGES),
    gap: gaps,
    overlap: overlaps,
    startHours: fc.integer({ min: -30, max: 6 }),
    spanHours: fc.integer({ min: 1, max: 48 }),
  })
  .map((draw) => {
    const { minute, hour, dom, month, dow, match, change, gap, overlap } = draw;
    const [timeZone, date] = change;
    const expression = [minute.text, hour.text, dom.text, month.text, dow.text].join(' ');
    const result = compileTrigger({ cron: { expression, timeZone, dayMatch: match } }, { ...CONTEXT, dst: { gap, overlap } });
    if (!result.ok && !result.errors.every((error) => error.message.startsWith('never fires')))
      assert.fail(JSON.stringify([expression, result]));
    const known: Known = {
      minutes: minute.values,
      hours: hour.values,
      day: dayRule(match, month, dom, dow),
      followsRealClock: minute.text.startsWith('*') || hour.text.startsWith('*'),
    };
    const from = Date.parse(`${date}T00:00:00Z`) + draw.startHours * HOUR;
    const trigger = result.ok ? (result.trigger as CronTrigger) : null;
    return { expression, timeZone, match, gap, overlap, known, trigger, from, until: from + draw.spanHours * HOUR };
  });

test('cron agrees with an enumeration minute by minute, at every change of clock and under every policy', () => {
  let compared = 0;
  fc.assert(
    fc.property(cases, ({ trigger, known, timeZone, gap, overlap, from, until }) => {
      const expected = enumerate(known, timeZone, { gap, overlap }, from, until);
      compared += expected.length;
      if (trigger === null) return assert.deepEqual(expected, []);
      assert.deepEqual(trigger.between(from, until, Infinity), expected);
      assert.equal(trigger.count(from, until), expected.length);
      const backwards: number[] = [];
      for (let at = trigger.previous(until); at !== null && at >= from; at = trigger.previous(at)) backwards.unshift(at);
      assert.deepEqual(backwards, expected);
      for (const at of expected) assert.ok(trigger.matches(at));
    }),
    { numRuns: 300 },
  );
  assert.ok(compared > 100, 'the random windows hold occurrences');
});

const instants = fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2600, 0) });

test('next increases strictly, previous undoes it, and nothing between two answers matches', () => {
  fc.assert(
    fc.property(
      cases,
      instants,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
      ({ trigger }, start, probes) => {
        let at = start;
        for (let i = 0; i < 20 && trigger !== null; i++) {
          const next: number | null = trigger.next(at);
          if (next === null) return;
          assert.ok(next > at);
          assert.ok(trigger.matches(next));
          assert.equal(trigger.next(next - 1), next);
          assert.equal(trigger.previous(next + 1), next);
          if (i > 0) assert.equal(trigger.previous(next), at);
          assert.equal(trigger.count(at + 1, next), 0);
          assert.equal(trigger.count(at + 1, next + 1), 1);
          for (const probe of probes) {
            const between: number = Math.floor((at + 1) / 60_000 + ((next - at - 1) / 60_000) * probe) * 60_000;
            if (between > at && between < next) assert.ok(!trigger.matches(between));
          }
          at = next;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('between over a split interval is the concatenation, and count is its length', () => {
  fc.assert(
    fc.property(cases, instants, fc.tuple(fc.nat(400 * HOUR), fc.nat(400 * HOUR)), ({ trigger }, from, [a, b]) => {
      if (trigger === null) return;
      const [middle, until] = [from + a, from + a + b];
      const all = trigger.between(from, until, Infinity);
      assert.deepEqual([...trigger.between(from, middle, Infinity), ...trigger.between(middle, until, Infinity)], all);
      assert.equal(trigger.count(from, until), all.length);
      assert.deepEqual(trigger.between(from, until, 3), all.slice(0, 3));
    }),
    { numRuns: 200 },
  );
});

test('the canonical spec compiles to the same trigger', () => {
  fc.assert(
    fc.property(cases, instants, ({ trigger, gap, overlap }, at) => {
      if (trigger === null) return;
      const again = compileTrigger(trigger.spec, { ...CONTEXT, dst: { gap, overlap } });
      assert.ok(again.ok);
      assert.deepEqual(again.trigger.spec, trigger.spec);
      assert.equal(again.trigger.describe(), trigger.describe());
      assert.equal(again.trigger.next(at), trigger.next(at));
    }),
    { numRuns: 200 },
  );
});

test('any text is answered, never thrown at', () => {
  const scrap = fc.constantFrom(
    '*',
    '*/2',
    '1-5',
    'L',
    'L-3',
    'LW',
    '15W',
    'FRIL',
    'MON#1',
    '?',
    '5*',
    '*,*',
    '0-99999999999',
    '@daily',
    '/',
    '-',
    ',',
    '2030',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(scrap, { maxLength: 8 }).map((parts) => parts.join(' ')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  fc.assert(
    fc.property(texts, texts, texts, (expression, timeZone, every) => {
      for (const spec of [
        { cron: { expression, timeZone } },
        { cron: { expression } },
        { interval: { every, anchorAt: timeZone } },
      ]) {
        const result = compileTrigger(spec, CONTEXT);
        if (result.ok) result.trigger.next(0);
        else assert.ok(result.errors.length > 0);
      }
    }),
    { numRuns: 1000 },
  );
});

test('seconds: the calculus agrees with its own minute form', () => {
  const trigger = cron('0 */7 1-3 * * *', 'America/New_York');
  const minutes = cron('*/7 1-3 * * *', 'America/New_York');
  const [from, until] = [Date.UTC(2024, 1), Date.UTC(2024, 11)];
  assert.deepEqual(trigger.between(from, until, Infinity), minutes.between(from, until, Infinity));
  assert.equal(cron('* */7 1-3 * * *', 'America/New_York').count(from, until), 60 * minutes.count(from, until));
});
