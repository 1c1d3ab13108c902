import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRows } from '../../web/src/parts/changeRows.ts';
import { countTones, heatMap, heatRange, readableFrom } from '../../web/src/pages/schedule/heatMap.ts';
import type { DayRuns, LedgerSpan } from '../../web/src/pages/schedule/heatMap.ts';
import { endOf, ledgerRows } from '../../web/src/pages/schedule/ledgerRows.ts';
import type { LedgerItem } from '../../web/src/pages/schedule/ledgerRows.ts';
import { SPANS, fairSpan, moved, windowAround } from '../../web/src/pages/schedule/ledgerWindow.ts';
import { figureSentence, figureSeries } from '../../web/src/pages/schedule/runFigures.ts';
import type { MeasuredRun } from '../../web/src/pages/schedule/runFigures.ts';
import { readWall, wallOf } from '../../web/src/time/wallClock.ts';

const ms = (iso: string) => Date.parse(iso);
const DAY = 86_400_000;

// ── Heat map ──────────────────────────────────────────────────────────────────────────────────────

const day = (date: string, counts: Partial<Record<DayRuns['byState'][number]['state'], number>>): DayRuns => ({
  from: `${date}T00:00:00.000Z`,
  byState: Object.entries(counts).map(([state, count]) => ({ state: state as 'FAILED', count })),
});
const span = (verdict: LedgerSpan['verdict'], from: string, through = from, count = 1): LedgerSpan => ({
  scheduledFor: `${from}:00.000Z`,
  through: `${through}:00.000Z`,
  count,
  verdict,
});

test('heat map: whole weeks from a Monday to the end of today, days that are to come are empty', () => {
  // A Wednesday.
  const range = heatRange(ms('2026-05-20T13:00:00Z'), 3);
  assert.deepEqual(
    [new Date(range.from).toISOString(), new Date(range.until).toISOString()],
    ['2026-05-04T00:00:00.000Z', '2026-05-21T00:00:00.000Z'],
  );
  const { weeks } = heatMap(range, [], []);
  assert.deepEqual(
    weeks.map((week) => week.map((one) => one?.day.slice(5) ?? '-').join(' ')),
    ['05-04 05-05 05-06 05-07 05-08 05-09 05-10', '05-11 05-12 05-13 05-14 05-15 05-16 05-17', '05-18 05-19 05-20 - - - -'],
  );
});

test('heat map: on a Sunday and on a Monday the last column is that week', () => {
  assert.equal(
    heatMap(heatRange(ms('2026-05-17T23:59:59Z'), 2), [], [])
      .weeks.at(-1)
      ?.at(-1)?.day,
    '2026-05-17',
  );
  assert.deepEqual(
    heatMap(heatRange(ms('2026-05-18T00:00:00Z'), 2), [], [])
      .weeks.at(-1)
      ?.map((one) => one?.day ?? null),
    ['2026-05-18', null, null, null, null, null, null],
  );
});

const TODAY = ms('2026-05-20T13:00:00Z');
const dayCases: { rule: string; runs?: DayRuns[]; ledger?: LedgerSpan[]; tone: string; lines: string[] }[] = [
  { rule: 'nothing was due', tone: 'none', lines: [] },
  { rule: 'all went well', runs: [day('2026-05-19', { SUCCEEDED: 24 })], tone: 'good', lines: ['24 succeeded'] },
  {
    rule: 'one failure shows through all successes',
    runs: [day('2026-05-19', { SUCCEEDED: 23, FAILED: 1 })],
    tone: 'some',
    lines: ['1 failed', '23 succeeded'],
  },
  {
    rule: 'no more went well than failed',
    runs: [day('2026-05-19', { SUCCEEDED: 2, FAILED: 1, TIMED_OUT: 1 })],
    tone: 'bad',
    lines: ['1 failed', '1 timed out', '2 succeeded'],
  },
  {
    rule: 'what was missed is as bad as what failed',
    runs: [day('2026-05-19', { SUCCEEDED: 1 })],
    ledger: [span('MISSED', '2026-05-19T10:00', '2026-05-19T12:00', 3)],
    tone: 'bad',
    lines: ['3 missed', '1 succeeded'],
  },
  {
    rule: 'rows of one verdict are added up',
    ledger: [span('OVERLAP_SKIPPED', '2026-05-19T10:00'), span('OVERLAP_SKIPPED', '2026-05-19T12:00', '2026-05-19T13:00', 2)],
    tone: 'passed',
    lines: ['3 skipped: still running'],
  },
  {
    rule: 'a row over several days says so on each',
    ledger: [span('PAUSED', '2026-05-18T10:00', '2026-05-20T10:00', 48)],
    tone: 'held',
    lines: ['paused: 48 from 2026-05-18 to 2026-05-20'],
  },
  { rule: 'what is planned is nothing yet', ledger: [span('PLANNED', '2026-05-19T10:00')], tone: 'none', lines: [] },
  {
    rule: 'FIRED is told by the runs',
    runs: [day('2026-05-19', { SUCCEEDED: 1 })],
    ledger: [span('FIRED', '2026-05-19T10:00')],
    tone: 'good',
    lines: ['1 succeeded'],
  },
  {
    rule: 'FIRED without runs: retention has removed them',
    ledger: [span('FIRED', '2026-05-19T10:00', '2026-05-19T12:00', 3)],
    tone: 'gone',
    lines: ['3 fired, the runs are not kept any more'],
  },
];
for (const { rule, runs = [], ledger = [], tone, lines } of dayCases)
  test(`heat map, a day: ${rule}`, () => {
    const found = heatMap(heatRange(TODAY, 2), runs, ledger)
      .weeks.flat()
      .find((one) => one?.day === '2026-05-19');
    assert.deepEqual({ tone: found?.tone, lines: found?.lines }, { tone, lines });
  });

test('heat map: months stand over their first column, and two names never touch', () => {
  const { months } = heatMap(heatRange(ms('2026-05-20T00:00:00Z'), 12), [], []);
  // The map begins on Monday 2 March.
  assert.deepEqual(months, [
    { week: 0, name: 'Mar' },
    { week: 5, name: 'Apr' },
    { week: 9, name: 'May' },
  ]);
  const late = heatMap(heatRange(ms('2026-05-20T00:00:00Z'), 8), [], []).months;
  // It begins on 30 March: the next column is April's.
  assert.deepEqual(late, [
    { week: 1, name: 'Apr' },
    { week: 5, name: 'May' },
  ]);
});

test('heat map: counts the days by how they went', () => {
  const counts = countTones(
    heatMap(heatRange(TODAY, 1), [day('2026-05-18', { FAILED: 1 }), day('2026-05-19', { SUCCEEDED: 2 })], []),
  );
  assert.deepEqual([counts.bad, counts.good, counts.none], [1, 1, 1]);
});

test('the ledger is read back through as many days as have few enough runs, and at least today', () => {
  const days = ['2026-05-17', '2026-05-18', '2026-05-19'].map((date) => day(date, { SUCCEEDED: 400 }));
  const from = ms('2026-05-17T00:00:00Z');
  const cases: [most: number, expected: string][] = [
    [2000, '2026-05-17'],
    [1200, '2026-05-17'],
    [900, '2026-05-18'],
    [400, '2026-05-19'],
    [10, '2026-05-19'],
  ];
  for (const [most, expected] of cases)
    assert.equal(new Date(readableFrom(days, from, most)).toISOString().slice(0, 10), expected, `${most}`);
});

// ── Ledger ────────────────────────────────────────────────────────────────────────────────────────

const item = (at: string, verdict: LedgerItem['verdict'], over: Partial<LedgerItem> = {}): LedgerItem => ({
  scheduledFor: at,
  effectiveAt: at,
  through: at,
  count: 1,
  verdict,
  reason: null,
  scheduleVersion: 1,
  runs: verdict === 'FIRED' ? [{ id: `run ${at}`, state: 'SUCCEEDED', latenessMs: 1, durationMs: 1 }] : [],
  ...over,
});
const hours = (date: string, from: number, count: number, verdict: LedgerItem['verdict']) =>
  Array.from({ length: count }, (_, i) => item(`${date}T${String(from + i).padStart(2, '0')}:00:00.000Z`, verdict));
const told = (items: LedgerItem[], options: Partial<Parameters<typeof ledgerRows>[1]> = {}) =>
  ledgerRows(items, { zone: 'UTC', now: ms('2026-05-20T12:30:00Z'), by: 'day', opened: new Set(), ...options }).map((row) => {
    if (row.kind === 'day') return row.day;
    if (row.kind === 'now') return 'now';
    return row.kind === 'fold' ? `${row.count} times` : row.item.scheduledFor.slice(11, 16);
  });

test('ledger: days head their occurrences, and the present lies between what was and what is planned', () => {
  assert.deepEqual(told([...hours('2026-05-19', 23, 1, 'FIRED'), ...hours('2026-05-20', 12, 1, 'FIRED'), ...hours('2026-05-20', 13, 1, 'PLANNED')]), [
    '2026-05-19', '23:00', '2026-05-20', '12:00', 'now', '13:00',
  ]); // prettier-ignore
});

test("ledger: days are those of the schedule's zone", () => {
  assert.deepEqual(told(hours('2026-05-19', 22, 2, 'MISSED'), { zone: 'Europe/Berlin' }), ['2026-05-20', '22:00', '23:00']);
});

test('ledger: five neighbours that went well are one row until it is opened, four are not', () => {
  const five = hours('2026-05-20', 1, 5, 'FIRED');
  assert.deepEqual(told(five), ['2026-05-20', '5 times']);
  assert.deepEqual(told(five, { opened: new Set(['fold 2026-05-20T01:00:00.000Z']) }).length, 7);
  assert.equal(told(five.slice(1)).length, 5);
});

test('ledger: a fold ends at another outcome, at another day and at the present', () => {
  assert.deepEqual(
    told([...hours('2026-05-20', 0, 5, 'FIRED'), ...hours('2026-05-20', 5, 1, 'MISSED'), ...hours('2026-05-20', 6, 6, 'FIRED')]),
    ['2026-05-20', '5 times', '05:00', '6 times'],
  );
  assert.deepEqual(told([...hours('2026-05-18', 19, 5, 'FIRED'), ...hours('2026-05-19', 0, 5, 'FIRED')]), [
    '2026-05-18',
    '5 times',
    '2026-05-19',
    '5 times',
  ]);
  assert.deepEqual(told([...hours('2026-05-20', 8, 5, 'PLANNED'), ...hours('2026-05-20', 13, 5, 'PLANNED')]), [
    '2026-05-20',
    '5 times',
    'now',
    '5 times',
  ]);
});

test('ledger: of a long stretch months head the rows, and fold over days', () => {
  const daily = Array.from({ length: 8 }, (_, i) =>
    item(`2026-0${i < 2 ? 4 : 5}-${i < 2 ? 29 + i : `0${i}`}T01:00:00.000Z`, 'FIRED'),
  );
  assert.deepEqual(told(daily, { by: 'month' }), ['2026-04', '01:00', '01:00', '2026-05', '6 times']);
});

test('ledger: what failed, was skipped or says a reason has a row of its own', () => {
  const failed = hours('2026-05-20', 0, 6, 'FIRED').map((one) => ({
    ...one,
    runs: one.runs.map((run) => ({ ...run, state: 'FAILED' as const })),
  }));
  assert.equal(told(failed).length, 7);
  assert.equal(told(hours('2026-05-20', 0, 6, 'SKIPPED_BY_USER')).length, 7);
});

test('ledger: a second page says neither its day nor the present again', () => {
  const now = ms('2026-05-20T12:30:00Z');
  const first = hours('2026-05-20', 13, 1, 'PLANNED');
  const above = endOf(first, { zone: 'UTC', now, by: 'day' });
  assert.deepEqual(told(hours('2026-05-20', 14, 1, 'PLANNED'), { above }), ['14:00']);
});

test('ledger: the window at first holds a fair number of occurrences around the present', () => {
  const every = (gap: number) => Array.from({ length: 6 }, (_, i) => i * gap);
  const cases: [gap: number, word: string][] = [
    [60_000, '1 hour'],
    [15 * 60_000, '1 day'],
    [3_600_000, '3 days'],
    [DAY, '120 days'],
    [365 * DAY, '400 days'],
  ];
  for (const [gap, word] of cases) assert.equal(SPANS.find(({ ms: length }) => length === fairSpan(every(gap)))?.word, word);
  assert.equal(fairSpan([]), 30 * DAY);
  assert.equal(fairSpan([5]), 30 * DAY);
});

test('ledger: the window around the present stands still for a while, always holds it, and moves by its own length', () => {
  const span = DAY;
  for (let now = TODAY; now < TODAY + 2 * DAY; now += 1_234_567) {
    const { from, until } = windowAround(now, span);
    assert.ok(from < now && now + span / 6 < until && until - from === span);
  }
  assert.deepEqual(windowAround(ms('2026-05-20T12:00:01Z'), span), windowAround(ms('2026-05-20T13:59:59Z'), span));
  assert.deepEqual(moved({ from: 10, until: 15 }, -1), { from: 5, until: 10 });
  assert.deepEqual(moved({ from: 10, until: 15 }, 1), { from: 15, until: 20 });
});

// ── History ───────────────────────────────────────────────────────────────────────────────────────

const changeCases: { rule: string; changes: Record<string, unknown> | null; rows: [string, string | null, string | null][] }[] = [
  { rule: 'nothing is said', changes: null, rows: [] },
  { rule: 'a plain value', changes: { name: { before: 'a', after: 'b' } }, rows: [['name', 'a', 'b']] },
  { rule: 'set and cleared', changes: { maxRuns: { before: null, after: 5 }, endAt: { before: 'x', after: null } }, rows: [['maxRuns', null, '5'], ['endAt', 'x', null]] },
  {
    rule: 'of nested values only what differs',
    changes: { misfire: { before: { mode: 'SKIP', graceTime: 'PT1M' }, after: { mode: 'FIRE_ALL', graceTime: 'PT1M' } } },
    rows: [['misfire.mode', 'SKIP', 'FIRE_ALL']],
  },
  {
    rule: 'another kind of trigger',
    changes: { trigger: { before: { cron: { expression: '0 5 * * *' } }, after: { interval: { every: 'PT1H' } } } },
    rows: [
      ['trigger.cron', '{\n  "expression": "0 5 * * *"\n}', null],
      ['trigger.interval', null, '{\n  "every": "PT1H"\n}'],
    ],
  },
  { rule: 'a list is one value', changes: { labels: { before: [1], after: [1, 2] } }, rows: [['labels', '[\n  1\n]', '[\n  1,\n  2\n]']] },
  { rule: 'only one side is named', changes: { skipped: { after: 'x' } }, rows: [['skipped', null, 'x']] },
]; // prettier-ignore
for (const { rule, changes, rows } of changeCases)
  test(`history: ${rule}`, () => {
    assert.deepEqual(
      changeRows(changes).map(({ path, before, after }) => [path, before, after]),
      rows,
    );
  });

// ── Charts ────────────────────────────────────────────────────────────────────────────────────────

test('charts: runs in order of time, each value in the column of its outcome', () => {
  const run = (hour: number, state: MeasuredRun['state'], durationMs: number | null): MeasuredRun => ({
    id: `${hour}`,
    state,
    scheduledFor: `2026-05-20T0${hour}:00:00.000Z`,
    durationMs,
    latenessMs: null,
  });
  const runs = [run(4, 'RUNNING', null), run(3, 'CANCELED', 30), run(2, 'TIMED_OUT', 5000), run(1, 'SUCCEEDED', 1000)];
  const series = figureSeries(runs, 'durationMs');
  assert.deepEqual(
    { ...series, runs: series.runs.map(({ id }) => id), at: series.at.map((at) => at - ms('2026-05-20T00:00:00Z') / 1000) },
    { runs: ['1', '2', '3', '4'], at: [3600, 7200, 10_800, 14_400], all: [1000, 5000, 30, null], good: [1000, null, null, null], bad: [null, 5000, null, null], other: [null, null, 30, null] },
  ); // prettier-ignore
  assert.equal(figureSentence(series), '3 runs, half of them within 1 s, at most 5 s; 1 failed.');
  assert.equal(figureSentence(figureSeries(runs, 'latenessMs')), 'Nothing has been measured yet.');
});

// ── Wall clock ────────────────────────────────────────────────────────────────────────────────────

const clockCases: [rule: string, zone: string, text: string, at: string, is: 'ONCE' | 'GAP' | 'TWICE'][] = [
  ['plain', 'Europe/Berlin', '2026-05-20T12:00', '2026-05-20T10:00:00Z', 'ONCE'],
  ['with seconds', 'UTC', '2026-05-20T12:00:07', '2026-05-20T12:00:07Z', 'ONCE'],
  ['jumped over: the same distance behind the jump', 'Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30:00Z', 'GAP'],
  ['twice: the first', 'Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00Z', 'TWICE'],
  ['hours after the change', 'Europe/Berlin', '2026-10-25T12:00', '2026-10-25T11:00:00Z', 'ONCE'],
  ['hours before the change', 'America/New_York', '2026-03-08T00:30', '2026-03-08T05:30:00Z', 'ONCE'],
  ['half an hour', 'Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45:00Z', 'TWICE'],
];
for (const [rule, zone, text, at, is] of clockCases)
  test(`wall clock, ${rule}: ${text} in ${zone}`, () => {
    const read = readWall(text, zone);
    assert.deepEqual(read, { at: ms(at), is });
    if (is !== 'GAP') assert.ok(wallOf(read?.at ?? 0, zone).startsWith(text));
  });

test('wall clock: what is no time is none', () => {
  for (const text of ['', 'x', '2026-05-20', '2026-13-40T00:00']) assert.equal(readWall(text, 'UTC'), null);
});
