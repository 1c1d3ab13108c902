import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger, kindOf } from '../../src/trigger/compile.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { CONTEXT } from './compiled.ts';

const shapes: [rule: string, spec: unknown, message: RegExp][] = [
  ['nothing', null, /exactly one kind/],
  [
    'no kind',
    {},
    /exactly one kind must be given: cron, calendar, interval, calendarInterval, at, rrule, anyOf, allOf, except, bounded or manual/,
  ],
  ['an unknown kind', { fortnight: {} }, /exactly one kind/],
  [
    'two kinds',
    { cron: { expression: '@daily' }, interval: { every: 'PT1H' } },
    /exactly one kind must be given, not cron, interval/,
  ],
  ['text where an object belongs', { cron: '@daily' }, /cron must be an object/],
  ['no expression', { cron: {} }, /expression must be text/],
  ['a number as zone', { cron: { expression: '@daily', timeZone: 1 } }, /time zone must be text/],
  ['an unknown dayMatch', { cron: { expression: '@daily', dayMatch: 'AND' } }, /dayMatch must be CRONTAB, EITHER, BOTH/],
  ['no duration', { interval: {} }, /every must be given/],
  ['manual: false', { manual: false }, /manual must be true; for a schedule that runs by itself give another kind/],
  ['manual as an object', { manual: {} }, /manual must be true/],
  ['a key of every object', { constructor: {} }, /exactly one kind/],
];
for (const [rule, spec, message] of shapes) {
  test(`stored JSON of the wrong shape is refused: ${rule}`, () => {
    const result = compileTrigger(spec as TriggerSpec, CONTEXT);
    assert.ok(!result.ok);
    assert.match(result.errors.map((error) => error.message).join(), message);
  });
}

test('null means absent, as in GraphQL', () => {
  const spec = { cron: { expression: '@daily', dayMatch: null, timeZone: null }, interval: null } as unknown as TriggerSpec;
  const result = compileTrigger(spec, CONTEXT);
  assert.deepEqual(result.ok && result.trigger.spec, { cron: { expression: '@daily' } });
});

test('a bad zone of the context has the path of the trigger itself', () => {
  const times = ['2026-01-01T00:00:00Z'];
  for (const spec of [{ cron: { expression: '@daily' } }, { interval: { every: 'PT1H' } }, { at: { times } }, { manual: true }]) {
    const result = compileTrigger(spec, { ...CONTEXT, timeZone: 'Europe/Berlim' });
    assert.ok(!result.ok);
    assert.deepEqual(result.errors[0]?.path, []);
    assert.match(result.errors[0]?.message ?? '', /Did you mean Europe\/Berlin\?/);
  }
});

const described: [expression: string, text: string][] = [
  ['0 9 * * 1-5', 'at 09:00 on Monday to Friday (Europe/Berlin)'],
  ['@daily', 'at 00:00 every day (Europe/Berlin)'],
  ['30 8,17 * * *', 'at 08:30 and 17:30 every day (Europe/Berlin)'],
  ['*/5 * * * *', 'every 5 minutes (Europe/Berlin)'],
  ['* * * * * *', 'every second (Europe/Berlin)'],
  ['*/7 * * * *', 'at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour (Europe/Berlin)'],
  ['0 * * * 6,0', 'every hour on Saturday and Sunday (Europe/Berlin)'],
  ['0 9-17 * * MON-FRI', 'every hour from 09:00 to 17:00 on Monday to Friday (Europe/Berlin)'],
  ['*/15 9-17 * * *', 'every 15 minutes in the hours 09 to 17 every day (Europe/Berlin)'],
  ['0 0 13 * 5', 'at 00:00 on day 13 or on Friday (Europe/Berlin)'],
  [
    '0 0 1-7 1,6-8 FRIL',
    'at 00:00 on days 1 to 7 or on the last Friday of the month in January and June to August (Europe/Berlin)',
  ],
  ['0 0 L-2 * *', 'at 00:00 on 2 days before the last of the month (Europe/Berlin)'],
  ['0 0 0 1 1 ? 2030', 'at 00:00 on day 1 in January in 2030 (Europe/Berlin)'],
];
for (const [expression, text] of described) {
  test(`${expression} reads: ${text}`, () => {
    const result = compileTrigger({ cron: { expression } }, { ...CONTEXT, timeZone: 'Europe/Berlin' });
    assert.equal(result.ok && result.trigger.describe(), text);
  });
}

test('the description tells the reading of the day fields and a DST policy that is not the default', () => {
  const context = { ...CONTEXT, dst: { gap: 'SKIP', overlap: 'BOTH' } } as const;
  const result = compileTrigger({ cron: { expression: '0 0 13 * 5', dayMatch: 'BOTH' } }, context);
  const text = 'at 00:00 on day 13 if it is Friday (UTC; missing times are skipped; repeated times run twice)';
  assert.equal(result.ok && result.trigger.describe(), text);
});

test('an interval reads with its anchor', () => {
  const result = compileTrigger({ interval: { every: 'PT90M' } }, CONTEXT);
  assert.equal(
    result.ok && result.trigger.describe(),
    'every 1 hour 30 minutes of elapsed time, counted from 2026-01-01T00:00:00.000Z',
  );
});

test('a manual trigger has no occurrences and says so', () => {
  const result = compileTrigger({ manual: true }, { ...CONTEXT, timeZone: 'Asia/Kathmandu' });
  assert.ok(result.ok);
  const { trigger } = result;
  assert.deepEqual([trigger.kind, trigger.spec], ['MANUAL', { manual: true }]);
  assert.equal(trigger.describe(), 'never by itself; only when triggered by hand');
  assert.deepEqual([trigger.next(-Infinity), trigger.previous(Infinity)], [null, null]);
  assert.deepEqual([trigger.between(-Infinity, Infinity, 10), trigger.count(-Infinity, Infinity)], [[], 0]);
  assert.equal(trigger.matches(0), false);
  assert.equal(trigger.fireTime(0).local, '1970-01-01T05:30:00', 'a run by hand reads in the zone of the schedule');
});

test('the kind of a spec is that of the trigger it compiles to', () => {
  const bounded = { trigger: { cron: { expression: '@daily' } }, startAt: '2026-01-01T00:00:00Z' };
  const specs: TriggerSpec[] = [
    { cron: { expression: '@daily' } },
    { calendar: { hours: '9' } },
    { interval: { every: 'PT1H' } },
    { calendarInterval: { every: 'P1M', at: '09:00' } },
    { at: { times: ['2026-01-01T00:00:00Z'] } },
    { anyOf: [{ cron: { expression: '@daily' } }] },
    { allOf: { triggers: [{ cron: { expression: '@daily' } }] } },
    { except: { base: { cron: { expression: '@daily' } }, excluding: [{ daysOfWeek: 'SUN' }] } },
    { bounded },
    { manual: true },
  ];
  for (const spec of specs) {
    const result = compileTrigger(spec, CONTEXT);
    assert.equal(kindOf(spec), result.ok && result.trigger.kind);
  }
});
