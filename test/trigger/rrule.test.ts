import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type { DstGap, DstOverlap, RRuleTrigger } from '../../src/trigger/trigger.ts';
import { CONTEXT, faults, localTimes } from './compiled.ts';
import { assertAnswers, assertCanonical } from './laws.ts';

interface Input {
  rrule: string;
  dtstart: string;
  rdates?: string[];
  exdates?: string[];
  timeZone?: string;
}
function rule(input: Input, dst: { gap: DstGap | null; overlap: DstOverlap | null } = CONTEXT.dst): RRuleTrigger {
  const result = compileTrigger({ rrule: input }, { ...CONTEXT, dst });
  assert.ok(result.ok && result.trigger.kind === 'RRULE', JSON.stringify(result));
  return result.trigger;
}
const NEW_YORK = 'America/New_York';
const local = (trigger: RRuleTrigger, limit: number) =>
  trigger.between(-Infinity, Infinity, limit).map((at) => trigger.fireTime(at).local);

// RFC 5545 §3.8.5.3. `times`: the first of them; `total`: how many there are in all, where the rule ends.
const examples: [text: string, dtstart: string, total: number | null, times: string][] = [
  ['FREQ=DAILY;COUNT=10', '1997-09-02T09:00', 10, '0902 0903 0904 0905 0906 0907 0908 0909 0910 0911'],
  ['FREQ=DAILY;UNTIL=19971224T000000Z', '1997-09-02T09:00', 113, '0902 0903 0904 0905'],
  ['FREQ=DAILY;INTERVAL=2', '1997-09-02T09:00', null, '0902 0904 0906 0908 0910 0912'],
  ['FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09-02T09:00', 5, '0902 0912 0922 1002 1012'],
  ['FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA', '1998-01-01T09:00', 93, '0101 0102 0103'],
  ['FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1', '1998-01-01T09:00', 93, '0101 0102 0103'],
  ['FREQ=WEEKLY;COUNT=10', '1997-09-02T09:00', 10, '0902 0909 0916 0923 0930 1007 1014 1021 1028 1104'],
  ['FREQ=WEEKLY;UNTIL=19971224T000000Z', '1997-09-02T09:00', 17, '0902 0909 0916'],
  ['FREQ=WEEKLY;INTERVAL=2;WKST=SU', '1997-09-02T09:00', null, '0902 0916 0930 1014 1028 1111 1125 1209 1223 0106'],
  [
    'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH',
    '1997-09-02T09:00',
    10,
    '0902 0904 0909 0911 0916 0918 0923 0925 0930 1002',
  ],
  ['FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997-09-02T09:00', 10, '0902 0904 0909 0911 0916 0918 0923 0925 0930 1002'],
  [
    'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
    '1997-09-01T09:00',
    25,
    '0901 0903 0905 0915 0917 0919 0929 1001 1003 1013',
  ],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997-09-02T09:00', 8, '0902 0904 0916 0918 0930 1002 1014 1016'],
  ['FREQ=MONTHLY;COUNT=10;BYDAY=1FR', '1997-09-05T09:00', 10, '0905 1003 1107 1205 0102 0206 0306 0403 0501 0605'],
  ['FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997-09-05T09:00', 4, '0905 1003 1107 1205'],
  [
    'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
    '1997-09-07T09:00',
    10,
    '0907 0928 1102 1130 0104 0125 0301 0329 0503 0531',
  ],
  ['FREQ=MONTHLY;COUNT=6;BYDAY=-2MO', '1997-09-22T09:00', 6, '0922 1020 1117 1222 0119 0216'],
  ['FREQ=MONTHLY;BYMONTHDAY=-3', '1997-09-28T09:00', null, '0928 1029 1128 1229 0129 0226'],
  ['FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15', '1997-09-02T09:00', 10, '0902 0915 1002 1015 1102 1115 1202 1215 0102 0115'],
  ['FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1', '1997-09-30T09:00', 10, '0930 1001 1031 1101 1130 1201 1231 0101 0131 0201'],
  [
    'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
    '1997-09-10T09:00',
    10,
    '0910 0911 0912 0913 0914 0915 0310 0311 0312 0313',
  ],
  ['FREQ=MONTHLY;INTERVAL=2;BYDAY=TU', '1997-09-02T09:00', null, '0902 0909 0916 0923 0930 1104 1111 1118 1125 0106'],
  ['FREQ=YEARLY;COUNT=10;BYMONTH=6,7', '1997-06-10T09:00', 10, '0610 0710 0610 0710 0610 0710 0610 0710 0610 0710'],
  ['FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3', '1997-03-10T09:00', 10, '0310 0110 0210 0310 0110 0210 0310 0110 0210 0310'],
  [
    'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
    '1997-01-01T09:00',
    10,
    '0101 0410 0719 0101 0409 0718 0101 0410 0719 0101',
  ],
  ['FREQ=YEARLY;BYDAY=20MO', '1997-05-19T09:00', null, '0519 0518 0517'],
  ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05-12T09:00', null, '0512 0511 0517'],
  ['FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997-03-13T09:00', null, '0313 0320 0327 0305 0312 0319 0326 0304'],
  ['FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8', '1997-06-05T09:00', null, '0605 0612 0619 0626 0703 0710 0717 0724 0731 0807'],
  ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', '1997-09-02T09:00', null, '0213 0313 1113 0813 1013'],
  ['FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13', '1997-09-13T09:00', null, '0913 1011 1108 1213 0110 0207 0307'],
  ['FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', '1996-11-05T09:00', null, '1105 1107 1102'],
  ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04T09:00', 3, '0904 1007 1106'],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', '1997-09-29T09:00', null, '0929 1030 1127 1230 0129 0226 0330'],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08-05T09:00', 4, '0805 0810 0819 0824'],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08-05T09:00', 4, '0805 0817 0819 0831'],
  ['FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01-15T09:00', 5, '0115 0130 0215 0315 0330'],
];
for (const [text, dtstart, total, times] of examples) {
  test(`RFC 5545: ${text}`, () => {
    const trigger = rule({ rrule: text, dtstart, timeZone: NEW_YORK });
    const expected = times.split(' ');
    const found = local(trigger, expected.length);
    assert.deepEqual(
      found.map((at) => at.slice(5, 10).replace('-', '')),
      expected,
    );
    assert.ok(found.every((at) => at.endsWith('T09:00:00')));
    if (total !== null) assert.equal(trigger.count(-Infinity, Infinity), total);
    else assert.ok(trigger.next(Date.UTC(2500, 0)) !== null, 'it goes on');
  });
}

const withinDay: [text: string, total: number, times: string][] = [
  ['FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z', 2, '09:00 12:00'],
  ['FREQ=MINUTELY;INTERVAL=15;COUNT=6', 6, '09:00 09:15 09:30 09:45 10:00 10:15'],
  ['FREQ=MINUTELY;INTERVAL=90;COUNT=4', 4, '09:00 10:30 12:00 13:30'],
];
for (const [text, total, times] of withinDay) {
  test(`RFC 5545: ${text}`, () => {
    const trigger = rule({ rrule: text, dtstart: '1997-09-02T09:00', timeZone: NEW_YORK });
    assert.equal(
      local(trigger, total + 1)
        .map((at) => at.slice(11, 16))
        .join(' '),
      times,
    );
  });
}
test('RFC 5545: every 20 minutes from 9:00 to 16:40, by the day or by the minute', () => {
  const input = { dtstart: '1997-09-02T09:00', timeZone: NEW_YORK };
  const daily = rule({ ...input, rrule: 'FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40' });
  const minutely = rule({ ...input, rrule: 'FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16' });
  assert.deepEqual(local(daily, 1000), local(minutely, 1000));
  assert.equal(local(daily, 24).at(-1), '1997-09-02T16:40:00');
});
test('RFC 5545: EXDATE takes one away: Friday the 13th, without DTSTART', () => {
  const trigger = rule({
    rrule: 'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
    dtstart: '1998-02-13T09:00',
    exdates: ['1998-02-13T09:00'],
    timeZone: NEW_YORK,
  });
  assert.deepEqual(local(trigger, 2), ['1998-03-13T09:00:00', '1998-11-13T09:00:00']);
});

test('dtstart is an occurrence only when it matches', () => {
  assert.deepEqual(local(rule({ rrule: 'FREQ=DAILY;BYHOUR=8;COUNT=2', dtstart: '2026-01-05T09:00' }), 9), [
    '2026-01-06T08:00:00',
    '2026-01-07T08:00:00',
  ]);
});
test('COUNT counts before EXDATE, and RDATE comes on top', () => {
  const trigger = rule({
    rrule: 'FREQ=DAILY;COUNT=3',
    dtstart: '2026-01-05T09:00',
    rdates: ['2026-02-01T00:00', '2026-01-05T09:00', '2026-01-01T00:00', '2026-01-09T00:00'],
    exdates: ['2026-01-06T09:00', '2026-01-09T00:00', '2026-03-01T00:00'],
  });
  const times = ['2026-01-01T00:00:00', '2026-01-05T09:00:00', '2026-01-07T09:00:00', '2026-02-01T00:00:00'];
  assert.deepEqual(local(trigger, 9), times);
  assertAnswers(
    trigger,
    times.map((text) => Date.parse(`${text}Z`)),
    Date.UTC(2025, 0),
    Date.UTC(2027, 0),
  );
  assertCanonical(trigger, CONTEXT);
});
const untils: [until: string, last: string][] = [
  ['20260107', '2026-01-07T23:00:00'],
  ['20260107T090000', '2026-01-07T09:00:00'],
  ['20260107T085959', '2026-01-07T08:00:00'],
  ['20260107T090000Z', '2026-01-07T04:00:00'],
];
for (const [until, last] of untils) {
  test(`UNTIL is inclusive: ${until}`, () => {
    const trigger = rule({ rrule: `FREQ=HOURLY;UNTIL=${until}`, dtstart: '2026-01-05T09:00', timeZone: NEW_YORK });
    assert.equal(trigger.fireTime(trigger.previous(Infinity) ?? NaN).local, last);
    assert.equal(trigger.next(trigger.previous(Infinity) ?? NaN), null);
  });
}

const changes: [zone: string, time: string, from: string, shift: string, runAfter: string, skip: string][] = [
  [NEW_YORK, '2024-03-10T02:30', '2024-03-10', '03:30-04:00', '03:00-04:00', ''],
  ['Australia/Lord_Howe', '2024-10-06T02:15', '2024-10-05', '02:45+11:00', '02:30+11:00', ''],
  ['Antarctica/Troll', '2024-03-31T01:30', '2024-03-31', '03:30+02:00', '03:00+02:00', ''],
  ['America/Havana', '2024-03-10T00:00', '2024-03-10', '01:00-04:00', '01:00-04:00', ''],
  ['Africa/Cairo', '2024-04-26T00:30', '2024-04-25', '01:30+03:00', '01:00+03:00', ''],
  ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30', '12:00+14:00', '', ''],
];
for (const [timeZone, dtstart, from, shift, runAfter, skip] of changes) {
  for (const [gap, expected] of [
    [null, shift],
    ['RUN_AFTER', runAfter],
    ['SKIP', skip],
  ] as const) {
    test(`a missing local time in ${timeZone}, ${gap ?? 'by default'}`, () => {
      const trigger = rule({ rrule: 'FREQ=YEARLY;INTERVAL=2;COUNT=3', dtstart, timeZone }, { gap, overlap: null });
      const until = new Date(Date.parse(`${from}T00:00Z`) + 36 * 3_600_000).toISOString();
      const found = localTimes(trigger, `${from}T00:00Z`, until);
      assert.deepEqual(
        found.map((at) => at.slice(11)),
        expected === '' ? [] : [expected],
      );
      const [first] = trigger.between(Date.parse(from), Date.parse(until), 1);
      if (first !== undefined) assert.ok(trigger.fireTime(first).inGap);
    });
  }
}
for (const [text, from, expected] of [
  ['FREQ=HOURLY', '2024-11-03T04:30Z', ['01:00-04:00', '01:00-05:00', '02:00-05:00']],
  ['FREQ=MINUTELY;INTERVAL=30', '2024-11-03T05:00Z', ['01:00-04:00', '01:30-04:00', '01:00-05:00', '01:30-05:00', '02:00-05:00']],
  ['FREQ=HOURLY', '2024-03-10T05:30Z', ['01:00-05:00', '03:00-04:00', '04:00-04:00']],
  // Listed hours are fixed times.
  ['FREQ=HOURLY;BYHOUR=1,2', '2024-11-03T04:30Z', ['01:00-04:00', '02:00-05:00']],
] as const) {
  test(`${text} ${text.includes('BYHOUR') ? 'names its hours' : 'follows the real clock'} from ${from} on`, () => {
    const trigger = rule({ rrule: text, dtstart: '2024-01-01T00:00', timeZone: NEW_YORK });
    const found = trigger.between(Date.parse(from), Infinity, expected.length).map((at) => trigger.fireTime(at));
    assert.deepEqual(
      found.map(({ local, offset }) => `${local.slice(11, 16)}${offset}`),
      expected,
    );
    assert.equal(trigger.dst.followsRealClock, !text.includes('BYHOUR'));
  });
}
for (const [overlap, expected] of [
  [null, ['-04:00']],
  ['LAST', ['-05:00']],
  ['BOTH', ['-04:00', '-05:00']],
] as const) {
  test(`a repeated local time, ${overlap ?? 'by default'}; COUNT counts it once`, () => {
    const input = { rrule: 'FREQ=DAILY;COUNT=2', dtstart: '2024-11-03T01:30', timeZone: NEW_YORK };
    const found = localTimes(rule(input, { gap: null, overlap }), '2024-11-01T00:00Z', '2024-12-01T00:00Z');
    assert.deepEqual(found, [...expected.map((offset) => `2024-11-03T01:30${offset}`), '2024-11-04T01:30-05:00']);
  });
}

const canonical: [given: string, text: string][] = [
  [' rrule:freq=weekly;byday=fr,mo,fr;interval=1;wkst=mo ', 'FREQ=WEEKLY;BYDAY=MO,FR'],
  ['BYSETPOS=-1;BYDAY=+1MO,-1SU,TU;FREQ=MONTHLY;COUNT=010', 'FREQ=MONTHLY;COUNT=10;BYDAY=-1SU,TU,1MO;BYSETPOS=-1'],
  ['FREQ=YEARLY;BYWEEKNO=53,-1,1;WKST=SU;BYMONTH=12,1;BYDAY=MO', 'FREQ=YEARLY;WKST=SU;BYMONTH=1,12;BYWEEKNO=-1,1,53;BYDAY=MO'],
  ['FREQ=MINUTELY;BYSECOND=60,0', 'FREQ=MINUTELY;BYSECOND=0,59'],
];
for (const [given, text] of canonical) {
  test(`the canonical rule: ${given}`, () => {
    const trigger = rule({ rrule: given, dtstart: '2026-01-05 09:00' });
    assert.deepEqual([trigger.rrule, trigger.dtstart], [text, '2026-01-05T09:00:00']);
    assertCanonical(trigger, CONTEXT);
  });
}

const descriptions: [text: string, summary: string][] = [
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10', 'every 2 weeks on Monday and Friday at 09:00, 10 times, from 2026-01-05 (UTC)'],
  ['FREQ=DAILY;UNTIL=20261231', 'every day at 09:00, from 2026-01-05, until 2026-12-31 (UTC)'],
  ['FREQ=MONTHLY;BYDAY=1MO,-1FR', 'every month on the last Friday and the 1st Monday at 09:00, from 2026-01-05 (UTC)'],
  ['FREQ=MONTHLY;BYMONTHDAY=1,-1', 'every month on day 1 and the last day at 09:00, from 2026-01-05 (UTC)'],
  ['FREQ=YEARLY', 'every year on day 5 in January at 09:00, from 2026-01-05 (UTC)'],
  [
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    'every month on Monday to Friday at 09:00, only the last of each month, from 2026-01-05 (UTC)',
  ],
  ['FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10', 'every 20 minutes at hours 09 and 10, from 2026-01-05 09:00 (UTC)'],
];
for (const [text, summary] of descriptions) {
  test(`in plain English: ${text}`, () => assert.equal(rule({ rrule: text, dtstart: '2026-01-05T09:00' }).describe(), summary));
}

const refused: [text: string, faults: RegExp[]][] = [
  ['', [/'' is not a part such as FREQ=DAILY/, /FREQ is missing/]],
  ['FREQ=FORTNIGHTLY', [/^rrule\.rrule: FREQ is 'FORTNIGHTLY'$/]],
  ['FREQ=DAILY;INTERVAL=0', [/INTERVAL is '0'/]],
  ['FREQ=DAILY;COUNT=100001', [/COUNT is '100001'/]],
  ['FREQ=DAILY;COUNT=2;UNTIL=20270101', [/COUNT and UNTIL are both given/]],
  ['FREQ=DAILY;UNTIL=20260230', [/UNTIL is '20260230'/]],
  ['FREQ=DAILY;FREQ=DAILY', [/FREQ is given twice/]],
  ['RSCALE=CHINESE;FREQ=YEARLY;SKIP=FORWARD', [/RSCALE \(RFC 7529\) is not supported/, /SKIP \(RFC 7529\)/]],
  [
    'FREQ=DAILY;BYEASTER=0;BYHOUR=24,x;WKST=XX',
    [/'BYEASTER' is not a part/, /WKST is 'XX'/, /BYHOUR has '24'/, /BYHOUR has 'X'/],
  ],
  ['FREQ=MONTHLY;BYWEEKNO=20', [/BYWEEKNO does not go with FREQ=MONTHLY/]],
  ['FREQ=DAILY;BYYEARDAY=1', [/BYYEARDAY does not go with FREQ=DAILY/]],
  ['FREQ=WEEKLY;BYMONTHDAY=1;BYDAY=1MO', [/BYMONTHDAY does not go/, /BYDAY=1MO does not go with FREQ=WEEKLY/]],
  ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', [/BYDAY=1MO does not go with BYWEEKNO/]],
  ['FREQ=DAILY;BYSETPOS=1', [/BYSETPOS has nothing to choose from/]],
  [
    'FREQ=MONTHLY;BYMONTHDAY=0,-32;BYDAY=0MO,54TU',
    [/BYDAY has '0MO'/, /BYDAY has '54TU'/, /BYMONTHDAY has '0'/, /BYMONTHDAY has '-32'/],
  ],
  ['DTSTART:20260101T000000\nRRULE:FREQ=DAILY', [/is more than one rule/]],
  [`FREQ=DAILY;BYHOUR=${'1,'.repeat(600)}1`, [/characters are too many/]],
  ['FREQ=DAILY;UNTIL=20260101', [/never fires: no time from 2026-01-05T09:00:00 on matches it/]],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', [/never fires/]],
];
for (const [text, expected] of refused) {
  test(`refused: ${text.slice(0, 60)}`, () => {
    const found = faults({ rrule: { rrule: text, dtstart: '2026-01-05T09:00' } });
    assert.equal(found.length, expected.length, found.join('; '));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? '', pattern);
  });
}
test('refused: dates that are none, fractions, long lists, and exdates that leave nothing, each by its path', () => {
  const daily = { rrule: 'FREQ=DAILY;COUNT=1', dtstart: '2026-01-05T09:00' };
  const long = Array.from({ length: 1001 }, () => '2026-01-05T09:00');
  assert.deepEqual(
    faults({ rrule: { ...daily, dtstart: '2026-01-05T09:00Z', rdates: ['2026-01-05T09:00:00.5'], exdates: long } }),
    [
      "rrule.dtstart: '2026-01-05T09:00Z' has an offset, so it is an instant: give it as the clock of timeZone shows it",
      "rrule.rdates.0: '2026-01-05T09:00:00.5' has a fraction of a second",
      'rrule.exdates: exdates has 1001 entries',
    ],
  );
  assert.deepEqual(faults({ rrule: { ...daily, exdates: ['2026-01-05T09:00'] } }), [
    'rrule.exdates: never fires: exdates leave none of its times',
  ]);
});
