import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anchorOf, createCronCache, createTriggerCache, givenTriggerOf, hasEnded, triggerOf } from '../../src/domain/schedule.ts';
import type { TriggerSource } from '../../src/domain/schedule.ts';
import { spentSoFar } from '../../src/trigger/effort.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { at, timeOf } from '../support/verdicts.ts';

const stored = (given: Partial<TriggerSource> = {}): TriggerSource => ({
  id: 'sch_1',
  version: 1,
  triggerSpec: { interval: { every: 'PT1H' } },
  timeZone: 'UTC',
  dst: { gap: null, overlap: null },
  startAt: null,
  endAt: null,
  createdAt: new Date(at('10:00:00.789')),
  calendars: null,
  calendarStamp: 0,
  ...given,
});

describe('anchors', () => {
  const cases = [
    { rule: 'the creation, cut to whole seconds', createdAt: at('10:00:00.789'), anchor: at('10:00') },
    { rule: 'a whole second stays', createdAt: at('10:00:01'), anchor: at('10:00:01') },
    { rule: 'cut, not rounded, before 1970 too', createdAt: -1, anchor: -1_000 },
  ];
  for (const { rule, createdAt, anchor } of cases) {
    test(rule, () => {
      assert.equal(anchorOf(createdAt), anchor);
    });
  }

  test('an interval without one counts from the creation: the first fire is one step later', () => {
    assert.equal(triggerOf(stored()).next(at('10:00:00.789')), at('11:00'));
  });

  test('an edit does not move it', () => {
    assert.equal(triggerOf(stored({ version: 7 })).next(at('15:30')), at('16:00'));
  });

  test('one that is given counts', () => {
    const triggerSpec = { interval: { every: 'PT1H', anchorAt: '2026-01-01T00:30:00Z' } };
    assert.equal(triggerOf(stored({ triggerSpec })).next(at('10:00')), at('10:30'));
  });
});

describe('the trigger of a stored schedule', () => {
  test("is in the schedule's zone", () => {
    const trigger = triggerOf(stored({ triggerSpec: { cron: { expression: '0 9 * * *' } }, timeZone: 'Asia/Tokyo' }));
    assert.equal(trigger.next(at('01:00')), Date.parse('2026-03-03T00:00Z'));
  });

  test("follows the schedule's DST settings", () => {
    const triggerSpec = { cron: { expression: '30 2 * * *' } };
    const first = (gap: 'SHIFT' | 'SKIP' | null): string => {
      const trigger = triggerOf(stored({ triggerSpec, timeZone: 'Europe/Berlin', dst: { gap, overlap: null } }));
      return new Date(trigger.next(Date.parse('2026-03-28T12:00Z')) ?? NaN).toISOString();
    };
    assert.equal(first(null), '2026-03-29T01:00:00.000Z');
    assert.equal(first('SHIFT'), '2026-03-29T01:30:00.000Z');
    assert.equal(first('SKIP'), '2026-03-30T00:30:00.000Z');
  });

  test("has the times within the schedule's bounds; what was given is there without them", () => {
    const source = stored({ startAt: new Date(at('12:00:00.789')), endAt: new Date(at('15:00')) });
    const times = (trigger: Trigger) => trigger.between(at('10:00'), at('17:00'), 100).map((instant) => timeOf(instant));
    assert.deepEqual(times(triggerOf(source)), ['13:00', '14:00', '15:00']);
    assert.equal(triggerOf(source).kind, 'BOUNDED');
    assert.deepEqual(givenTriggerOf(source).spec, source.triggerSpec);
    assert.equal(times(givenTriggerOf(source)).length, 7);
    assert.equal(times(createTriggerCache(10)(source)).length, 3);
  });

  test('that does not compile is a bug, and says what is wrong', () => {
    const broken = stored({ triggerSpec: { cron: { expression: '61 * * * *' } } });
    assert.throws(() => triggerOf(broken), /a stored trigger does not compile: .*minute/);
    assert.throws(() => createTriggerCache(10)(broken), /does not compile/);
  });
});

test('a schedule has ended when no time is left, unless it never had one', () => {
  assert.deepEqual([hasEnded('AT', null), hasEnded('CRON', at('10:00'))], [true, false]);
  assert.equal(hasEnded('MANUAL', null), false);
});

describe('the cache', () => {
  test('gives the same trigger for the same schedule and version', () => {
    const get = createTriggerCache(10);
    assert.equal(get(stored()), get(stored()));
  });

  test('a version of its own has a trigger of its own', () => {
    const get = createTriggerCache(10);
    const before = get(stored());
    const after = get(stored({ version: 2, triggerSpec: { interval: { every: 'PT2H' } } }));
    assert.equal(after.next(at('10:00')), at('12:00'));
    assert.equal(get(stored()), before);
  });

  test('another schedule with the same version has a trigger of its own', () => {
    const get = createTriggerCache(10);
    assert.notEqual(get(stored()), get(stored({ id: 'sch_2' })));
  });

  test('compiles anew when a calendar of the trigger has changed', () => {
    const get = createTriggerCache(10);
    const daily = { base: { cron: { expression: '0 12 * * *' } }, excluding: [{ calendar: 'holidays' }] };
    const next = (calendarStamp: number, ...dates: string[]) =>
      get(stored({ triggerSpec: { except: daily }, calendars: { holidays: dates }, calendarStamp })).next(at('10:00'));
    assert.equal(next(0), at('12:00'));
    assert.equal(next(1, new Date(at('12:00')).toISOString().slice(0, 10)), at('12:00') + 86_400_000);
  });

  test('drops the one that was not asked for the longest', () => {
    const get = createTriggerCache(2);
    const [first, second] = [get(stored({ id: 'sch_1' })), get(stored({ id: 'sch_2' }))];
    assert.equal(get(stored({ id: 'sch_1' })), first);
    get(stored({ id: 'sch_3' }));
    assert.equal(get(stored({ id: 'sch_1' })), first, 'asked for meanwhile: kept');
    assert.notEqual(get(stored({ id: 'sch_2' })), second, 'dropped');
  });
});

test('schedules with the same cron share what is compiled, others do not, and each is charged for it', () => {
  const triggerFor = createCronCache(10);
  const createdAt = new Date('2026-03-02T00:00:00Z');
  const base = {
    triggerSpec: { cron: { expression: '0 9 * * *' } },
    timeZone: 'UTC',
    dst: { gap: null, overlap: null },
    createdAt,
    startAt: null,
    endAt: null,
    calendars: null,
  };
  const later = new Date('2026-03-02T00:00:07Z');
  const charged = (schedule: Parameters<typeof triggerFor>[0]) => {
    const began = spentSoFar();
    const trigger = triggerFor(schedule);
    return { trigger, steps: spentSoFar() - began };
  };
  const first = charged(base);
  assert.ok(first.steps > 0);
  assert.deepEqual(charged({ ...base, createdAt: later }), first);
  assert.equal(triggerFor({ ...base, createdAt: later }), first.trigger);
  const others = [
    { ...base, timeZone: 'Europe/Berlin' },
    { ...base, endAt: later },
    { ...base, startAt: later },
    { ...base, dst: { gap: 'SKIP', overlap: null } as const },
  ];
  for (const other of others) assert.notEqual(triggerFor(other), first.trigger);
  const interval = { ...base, triggerSpec: { interval: { every: 'PT1M' } } };
  assert.deepEqual(
    [triggerFor(interval).next(+later), triggerFor({ ...interval, createdAt: later }).next(+later)],
    [+createdAt + 60_000, +later + 60_000],
  );
});
