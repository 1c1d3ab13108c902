import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dateOf } from '../../src/domain/calendar.ts';
import { daysOfIcs } from '../../src/domain/ics.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const calendar = (...lines: string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:u', 'SUMMARY:Fair', ...lines, 'END:VEVENT'];
const read = (text: string, timeZone = 'Europe/Berlin') => daysOfIcs(text, timeZone, NOW);
function dates(text: string, timeZone?: string): string {
  const found = read(text, timeZone);
  assert.ok(found.ok, found.ok ? '' : found.message);
  return found.days.map((day) => dateOf(day).replace('2026-', '')).join(' ');
}

describe('the days of an event', () => {
  const CASES: { rule: string; lines: string[]; days: string; timeZone?: string }[] = [
    { rule: 'one whole day', lines: event('DTSTART;VALUE=DATE:20261225'), days: '12-25' },
    {
      rule: 'DTEND is exclusive',
      lines: event('DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227'),
      days: '12-24 12-25 12-26',
    },
    { rule: 'a duration of days', lines: event('DTSTART;VALUE=DATE:20261224', 'DURATION:P2D'), days: '12-24 12-25' },
    { rule: 'a time touches its day', lines: event('DTSTART:20260310T100000'), days: '03-10' },
    { rule: 'in the zone of the calendar', lines: event('DTSTART:20260310T233000Z'), days: '03-11' },
    { rule: 'which may be another', lines: event('DTSTART:20260310T233000Z'), timeZone: 'America/New_York', days: '03-10' },
    { rule: 'from a zone of its own', lines: event('DTSTART;TZID=America/New_York:20260310T200000'), days: '03-11' },
    { rule: 'over midnight', lines: event('DTSTART:20260310T220000', 'DTEND:20260311T000001'), days: '03-10 03-11' },
    { rule: 'until midnight', lines: event('DTSTART:20260310T220000', 'DTEND:20260311T000000'), days: '03-10' },
    {
      rule: 'a day of the clock, though it has 23 hours',
      lines: event('DTSTART:20260329T000000', 'DURATION:P1D'),
      days: '03-29',
    },
    {
      rule: 'of a rule, without EXDATE, with RDATE',
      lines: event(
        'DTSTART;VALUE=DATE:20260310',
        'RRULE:FREQ=DAILY;COUNT=4',
        'EXDATE;VALUE=DATE:20260311,20260312',
        'RDATE;VALUE=DATE:20260401',
      ),
      days: '03-10 03-13 04-01',
    },
    {
      rule: 'EXDATE as a time, and as a day of a timed event',
      lines: event('DTSTART:20260310T100000', 'RRULE:FREQ=DAILY;COUNT=4', 'EXDATE:20260311T100000', 'EXDATE;VALUE=DATE:20260312'),
      days: '03-10 03-13',
    },
    {
      rule: 'a rule without times leaves DTSTART',
      lines: event('DTSTART;VALUE=DATE:20260310', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'),
      days: '03-10',
    },
    {
      rule: 'a repetition that was moved',
      lines: [
        ...event('DTSTART;VALUE=DATE:20260310', 'RRULE:FREQ=DAILY;COUNT=3'),
        ...event('RECURRENCE-ID;VALUE=DATE:20260311', 'DTSTART;VALUE=DATE:20260401'),
      ],
      days: '03-10 03-12 04-01',
    },
    {
      rule: 'a repetition that was canceled, and an event that was',
      lines: [
        ...event('DTSTART;VALUE=DATE:20260310', 'RRULE:FREQ=DAILY;COUNT=3'),
        ...event('RECURRENCE-ID;VALUE=DATE:20260311', 'DTSTART;VALUE=DATE:20260311', 'STATUS:CANCELLED'),
        ...event('DTSTART;VALUE=DATE:20260501', 'STATUS:CANCELLED'),
      ],
      days: '03-10 03-12',
    },
    {
      rule: 'a period of RDATE',
      lines: event('DTSTART:20260310T100000', 'RDATE;VALUE=PERIOD:20260312T100000Z/PT1H'),
      days: '03-10 03-12',
    },
    {
      rule: 'overlapping events count once, in order',
      lines: [...event('DTSTART;VALUE=DATE:20260311', 'DURATION:P3D'), ...event('DTSTART;VALUE=DATE:20260310', 'DURATION:P3D')],
      days: '03-10 03-11 03-12 03-13',
    },
    {
      rule: 'a year back at most',
      lines: event('DTSTART;VALUE=DATE:20250228', 'DURATION:P4D'),
      days: '2025-03-02 2025-03-03',
    },
    { rule: 'none without events', lines: ['BEGIN:VTODO', 'UID:t', 'DTSTART;VALUE=DATE:20260310', 'END:VTODO'], days: '' },
  ];
  for (const { rule, lines, days, timeZone } of CASES) {
    test(rule, () => {
      assert.equal(dates(calendar(...lines), timeZone), days);
    });
  }

  test('a yearly rule goes on for 20 years', () => {
    const found = dates(calendar(...event('DTSTART;VALUE=DATE:20001225', 'RRULE:FREQ=YEARLY'))).split(' ');
    assert.deepEqual([found.length, found[0], found.at(-1)], [21, '2025-12-25', '2045-12-25']);
  });

  test('several calendars in one text, long lines folded', () => {
    const folded = calendar(...event('DTSTART;VALUE=', ' DATE:20260310'));
    assert.equal(dates(folded + calendar(...event('DTSTART;VALUE=DATE:20260311'))), '03-10 03-11');
  });
});

describe('a broken text is refused with what is wrong', () => {
  const rules = (count: number, rule: string) =>
    Array.from({ length: count }, () => event('DTSTART:20260310T100000', `RRULE:${rule}`)).flat();
  const CASES: { rule: string; text: string; message: RegExp }[] = [
    { rule: 'nothing', text: '', message: /^ics is not iCalendar text: it has no BEGIN:VCALENDAR\.$/ },
    { rule: 'something else', text: 'hello', message: /^ics is not iCalendar text: invalid line .* "hello"$/ },
    { rule: 'cut off', text: 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT', message: /component began but did not end$/ },
    { rule: 'no DTSTART', text: calendar(...event()), message: /^ics: the event "Fair" has no DTSTART\.$/ },
    {
      rule: 'a day that does not exist',
      text: calendar(...event('DTSTART;VALUE=DATE:20260230')),
      message: /^ics: DTSTART of the event "Fair" is '2026-02-30', which is no date or time\.$/,
    },
    {
      rule: 'an end before the start',
      text: calendar(...event('DTSTART;VALUE=DATE:20260310', 'DTEND;VALUE=DATE:20260309')),
      message: /^ics: DTEND of the event "Fair" is before its DTSTART/,
    },
    {
      rule: 'a date with an end in time',
      text: calendar(...event('DTSTART;VALUE=DATE:20260310', 'DTEND:20260311T100000')),
      message: /only one of the two is a date/,
    },
    {
      rule: 'a duration backwards',
      text: calendar(...event('DTSTART:20260310T100000', 'DURATION:-PT1H')),
      message: /^ics: DURATION of the event "Fair" is '-PT1H'/,
    },
    {
      rule: 'a zone that is none',
      text: calendar(...event('DTSTART;TZID=Europe/Berlim:20260310T100000')),
      message: /^ics: DTSTART of the event "Fair" has a TZID that is no IANA time zone: 'Europe\/Berlim' .*Europe\/Berlin/,
    },
    {
      rule: 'a rule that is none',
      text: calendar(...event('DTSTART:20260310T100000', 'RRULE:FREQ=NEVER')),
      message: /invalid frequency "NEVER"/,
    },
    {
      rule: 'a rule that contradicts itself',
      text: calendar(...event('DTSTART:20260310T100000', 'RRULE:FREQ=DAILY;COUNT=1;UNTIL=20270101T000000Z')),
      message: /^ics: the rule of the event "Fair" is not understood: /,
    },
    {
      rule: 'too many repetitions',
      text: calendar(...event('DTSTART:20260310T100000', 'RRULE:FREQ=SECONDLY')),
      message: /repeat more than 10000 times/,
    },
    {
      rule: 'too many rules',
      text: calendar(...rules(101, 'FREQ=YEARLY')),
      message: /^ics has 101 recurrence rules; at most 100 are allowed\.$/,
    },
    {
      rule: 'a line without end',
      text: calendar(`X${';A=B'.repeat(200_000)}:v`),
      message: /^ics has a line of 80000\d characters/,
    },
  ];
  for (const { rule, text, message } of CASES) {
    test(rule, () => {
      const found = read(text);
      assert.match(found.ok ? 'it was read' : found.message, message);
    });
  }
});

/** Each as the only rule of an event. */
const HOSTILE = [
  'FREQ=SECONDLY',
  'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=SECONDLY;INTERVAL=99999999;BYHOUR=3',
  'FREQ=MINUTELY;INTERVAL=7919;BYHOUR=3;BYMINUTE=7',
  'FREQ=DAILY;INTERVAL=97;BYMONTH=2;BYMONTHDAY=29',
  'FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11',
  'FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO',
  'FREQ=MONTHLY;BYDAY=MO,TU;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3;BYSETPOS=-1',
  'FREQ=HOURLY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=29;BYHOUR=2',
];
for (const rule of HOSTILE) {
  test(`a hostile rule is done with soon: ${rule}`, () => {
    const text = calendar(...event('DTSTART:20260310T100000', `RRULE:${rule}`, 'DURATION:P36525D'));
    read(calendar(...event('DTSTART:20260310T100000', 'RRULE:FREQ=YEARLY')));
    // The best of three: the machine may be busy with something else.
    const times = Array.from({ length: 3 }, () => {
      const start = performance.now();
      read(text);
      return performance.now() - start;
    });
    // Unbounded it would take seconds; a machine that does other things takes some of its own.
    assert.ok(Math.min(...times) < 500, `${Math.min(...times)} ms`);
  });
}
