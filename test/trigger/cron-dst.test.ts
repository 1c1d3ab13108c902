import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DstGap, DstOverlap } from '../../src/trigger/trigger.ts';
import { cron, localTimes } from './compiled.ts';

interface Case {
  rule: string;
  zone: string;
  expression: string;
  gap?: DstGap;
  overlap?: DstOverlap;
  from: string;
  until: string;
  fires: string;
}
const NEW_YORK_SPRING = { zone: 'America/New_York', from: '2024-03-10T05:00Z', until: '2024-03-10T09:00Z' };
const NEW_YORK_AUTUMN = { zone: 'America/New_York', from: '2024-11-03T04:00Z', until: '2024-11-03T09:00Z' };
const LORD_HOWE_SPRING = { zone: 'Australia/Lord_Howe', from: '2024-10-05T14:30Z', until: '2024-10-05T17:00Z' };
const LORD_HOWE_AUTUMN = { zone: 'Australia/Lord_Howe', from: '2024-04-06T14:00Z', until: '2024-04-06T17:00Z' };
const TROLL_SPRING = { zone: 'Antarctica/Troll', from: '2024-03-31T00:00Z', until: '2024-03-31T04:00Z' };
const TROLL_AUTUMN = { zone: 'Antarctica/Troll', from: '2024-10-26T22:00Z', until: '2024-10-27T04:00Z' };
const CAIRO_SPRING = { zone: 'Africa/Cairo', from: '2024-04-25T20:00Z', until: '2024-04-26T02:00Z' };
const CAIRO_AUTUMN = { zone: 'Africa/Cairo', from: '2024-10-31T19:00Z', until: '2024-10-31T23:30Z' };
const HAVANA_SPRING = { zone: 'America/Havana', from: '2024-03-10T04:00Z', until: '2024-03-10T07:00Z' };
const HAVANA_AUTUMN = { zone: 'America/Havana', from: '2024-11-03T03:00Z', until: '2024-11-03T08:00Z' };
const APIA = { zone: 'Pacific/Apia', from: '2011-12-29T10:00Z', until: '2011-12-31T10:00Z' };

const gaps: Case[] = [
  {
    rule: 'a missing time runs at the first instant after the jump',
    ...NEW_YORK_SPRING,
    expression: '30 2 * * *',
    fires: '03:00-04:00',
  },
  { rule: 'SHIFT keeps the distance', ...NEW_YORK_SPRING, expression: '30 2 * * *', gap: 'SHIFT', fires: '03:30-04:00' },
  { rule: 'SKIP passes the day over', ...NEW_YORK_SPRING, expression: '30 2 * * *', gap: 'SKIP', fires: '' },
  { rule: 'several missing times run once', ...NEW_YORK_SPRING, expression: '0,15,30 2 * * *', fires: '03:00-04:00' },
  {
    rule: 'a range of hours is a fixed time',
    ...NEW_YORK_SPRING,
    expression: '30 1-3 * * *',
    fires: '01:30-05:00 03:00-04:00 03:30-04:00',
  },
  { rule: 'made up for at a time that is due anyway: once', ...NEW_YORK_SPRING, expression: '0 2,3 * * *', fires: '03:00-04:00' },
  {
    rule: 'shifted onto a time that is due anyway: once',
    ...NEW_YORK_SPRING,
    expression: '30 2,3 * * *',
    gap: 'SHIFT',
    fires: '03:30-04:00',
  },
  { rule: 'a minute star follows the clock and makes up for nothing', ...NEW_YORK_SPRING, expression: '*/15 2 * * *', fires: '' },
  {
    rule: 'an hour star follows the clock: no hour is lost',
    ...NEW_YORK_SPRING,
    expression: '0 * * * *',
    fires: '00:00-05:00 01:00-05:00 03:00-04:00 04:00-04:00',
  },
  {
    rule: 'an hour star with a step follows the clock',
    ...NEW_YORK_SPRING,
    expression: '0 */2 * * *',
    gap: 'SHIFT',
    fires: '00:00-05:00 04:00-04:00',
  },
  {
    rule: 'a second star does not make a time follow the clock',
    ...NEW_YORK_SPRING,
    expression: '*/30 30 2 * * *',
    fires: '03:00-04:00',
  },
  { rule: 'half an hour is missing: inside it', ...LORD_HOWE_SPRING, expression: '15 2 * * *', fires: '02:30+11:00' },
  { rule: 'half an hour is missing: after it', ...LORD_HOWE_SPRING, expression: '45 2 * * *', fires: '02:45+11:00' },
  {
    rule: 'half an hour is missing: SHIFT moves half an hour',
    ...LORD_HOWE_SPRING,
    expression: '15 2 * * *',
    gap: 'SHIFT',
    fires: '02:45+11:00',
  },
  { rule: 'two hours are missing', ...TROLL_SPRING, expression: '30 1,2 * * *', fires: '03:00+02:00' },
  {
    rule: 'two hours are missing: SHIFT moves two hours',
    ...TROLL_SPRING,
    expression: '30 1,2 * * *',
    gap: 'SHIFT',
    fires: '03:30+02:00 04:30+02:00',
  },
  { rule: 'midnight is missing (Cairo)', ...CAIRO_SPRING, expression: '0 0 * * *', fires: '01:00+03:00' },
  { rule: 'midnight is missing (Havana)', ...HAVANA_SPRING, expression: '15 0 10 * *', fires: '01:00-04:00' },
  {
    rule: 'midnight is missing: SHIFT stays on the date',
    ...HAVANA_SPRING,
    expression: '15 0 10 * *',
    gap: 'SHIFT',
    fires: '01:15-04:00',
  },
  { rule: 'a skipped day is not made up for', ...APIA, expression: '0 9 30 * *', fires: '' },
  {
    rule: 'a skipped day: SHIFT moves it to the next date, once',
    ...APIA,
    expression: '0 9 * * *',
    gap: 'SHIFT',
    fires: '09:00-10:00 09:00+14:00',
  },
];

const overlaps: Case[] = [
  { rule: 'a repeated time runs in the first pass', ...NEW_YORK_AUTUMN, expression: '30 1 * * *', fires: '01:30-04:00' },
  { rule: 'LAST runs in the second pass', ...NEW_YORK_AUTUMN, expression: '30 1 * * *', overlap: 'LAST', fires: '01:30-05:00' },
  { rule: 'BOTH runs in both', ...NEW_YORK_AUTUMN, expression: '30 1 * * *', overlap: 'BOTH', fires: '01:30-04:00 01:30-05:00' },
  {
    rule: 'a list runs each of its times once',
    ...NEW_YORK_AUTUMN,
    expression: '30 0-2 * * *',
    fires: '00:30-04:00 01:30-04:00 02:30-05:00',
  },
  {
    rule: 'a list under LAST: each once, later',
    ...NEW_YORK_AUTUMN,
    expression: '30 0-2 * * *',
    overlap: 'LAST',
    fires: '00:30-04:00 01:30-05:00 02:30-05:00',
  },
  { rule: 'the end of the repeated hour comes once', ...NEW_YORK_AUTUMN, expression: '0 2 * * *', fires: '02:00-05:00' },
  {
    rule: 'the beginning of the repeated hour comes twice',
    ...NEW_YORK_AUTUMN,
    expression: '0 1 * * *',
    overlap: 'BOTH',
    fires: '01:00-04:00 01:00-05:00',
  },
  {
    rule: 'a minute star runs in both passes',
    ...NEW_YORK_AUTUMN,
    expression: '*/30 1 * * *',
    overlap: 'LAST',
    fires: '01:00-04:00 01:30-04:00 01:00-05:00 01:30-05:00',
  },
  { rule: 'overlap FIRST holds under gap SKIP', ...NEW_YORK_AUTUMN, expression: '30 1 * * *', gap: 'SKIP', fires: '01:30-04:00' },
  { rule: 'half an hour comes twice', ...LORD_HOWE_AUTUMN, expression: '15,45 1 * * *', fires: '01:15+11:00 01:45+11:00' },
  {
    rule: 'half an hour comes twice: LAST',
    ...LORD_HOWE_AUTUMN,
    expression: '15,45 1 * * *',
    overlap: 'LAST',
    fires: '01:15+11:00 01:45+10:30',
  },
  { rule: 'two hours come twice', ...TROLL_AUTUMN, expression: '30 1,2 * * *', fires: '01:30+02:00 02:30+02:00' },
  { rule: 'midnight comes twice (Havana)', ...HAVANA_AUTUMN, expression: '0 0 * * *', fires: '00:00-04:00' },
  {
    rule: 'the last hour of a day comes twice (Cairo)',
    ...CAIRO_AUTUMN,
    expression: '30 23 * * *',
    overlap: 'BOTH',
    fires: '23:30+03:00 23:30+02:00',
  },
];

for (const { rule, zone, expression, gap, overlap, from, until, fires } of [...gaps, ...overlaps]) {
  test(`${zone} ${expression}: ${rule}`, () => {
    const trigger = cron(expression, zone, { gap: gap ?? null, overlap: overlap ?? null });
    assert.equal(
      localTimes(trigger, from, until)
        .map((time) => time.slice(11))
        .join(' '),
      fires,
    );
  });
}

test('inGap marks what stands in for a missing time, and only that', () => {
  const at = (trigger: ReturnType<typeof cron>): [string, boolean][] =>
    trigger.between(Date.parse(NEW_YORK_SPRING.from), Date.parse(NEW_YORK_SPRING.until), 9).map((instant) => {
      const { local, inGap } = trigger.fireTime(instant);
      return [local, inGap];
    });
  assert.deepEqual(at(cron('30 1-3 * * *', 'America/New_York')), [
    ['2024-03-10T01:30:00', false],
    ['2024-03-10T03:00:00', true],
    ['2024-03-10T03:30:00', false],
  ]);
  assert.deepEqual(at(cron('0 2,3 * * *', 'America/New_York')), [['2024-03-10T03:00:00', false]]);
  assert.deepEqual(at(cron('30 2 * * *', 'America/New_York', { gap: 'SHIFT', overlap: null })), [['2024-03-10T03:30:00', true]]);
});

test('the effective policy is told, defaults filled in', () => {
  assert.deepEqual(cron('30 2 * * *').dst, { gap: 'RUN_AFTER', overlap: 'FIRST', followsRealClock: false });
  assert.deepEqual(cron('30 2,3 * * *', 'UTC', { gap: 'SKIP', overlap: null }).dst, {
    gap: 'SKIP',
    overlap: 'FIRST',
    followsRealClock: false,
  });
  assert.equal(cron('@hourly').dst.followsRealClock, true);
  assert.equal(cron('* 30 2 * * *').dst.followsRealClock, false);
});
