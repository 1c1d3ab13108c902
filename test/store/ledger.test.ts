import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Skip } from '../../src/domain/due.ts';
import type { PlannedRun } from '../../src/domain/overlap.ts';
import { entries } from '../../src/store/fire.ts';
import { at } from '../support/verdicts.ts';

const TEN_MINUTES = 600_000;
const skip = (first: string, last: string, verdict: Skip['verdict'] = 'MISSED', reason = 'why'): Skip => {
  const count = (at(last) - at(first)) / TEN_MINUTES + 1;
  return { kind: 'skip', verdict, reason, scheduledFor: at(first), through: at(last), count };
};
const fire = (time: string): PlannedRun => {
  return { kind: 'fire', scheduledFor: at(time), effectiveAt: at(time), origin: 'SCHEDULE', state: 'QUEUED' };
};
const OPEN = { id: 'occ_open', verdict: 'MISSED', reason: 'why', scheduleVersion: 3 };

/** What is written: rows as `10:00-10:10 MISSED 2`, `+` before what extends the open row, and which row is open then. */
function written(items: readonly (PlannedRun | Skip)[], open: typeof OPEN | null = null) {
  const { added, extend, openId } = entries({ id: 'sch_1', version: 3, open }, items);
  const time = (iso: string): string => iso.slice(11, 16);
  const rows = added.map((row) => `${time(row.scheduledFor)}-${time(row.through)} ${row.verdict} ${row.count}`);
  const last = added.findIndex((row) => row.id === openId);
  return {
    rows: extend === null ? rows : [`+${time(extend.through)} ${extend.count}`, ...rows],
    open: openId === null ? null : openId === OPEN.id ? 'the same' : `row ${last + 1} of ${added.length}`,
  };
}

describe('the row that is open', () => {
  const cases: {
    rule: string;
    items: (PlannedRun | Skip)[];
    open?: typeof OPEN;
    rows: string[];
    left: string | null;
  }[] = [
    { rule: 'nothing due: it stays open', items: [], open: OPEN, rows: [], left: 'the same' },
    { rule: 'nothing due and none open: none is', items: [], rows: [], left: null },
    { rule: 'a fire closes it', items: [fire('10:00')], open: OPEN, rows: [], left: null },
    { rule: 'none is: a row begins', items: [skip('10:00', '10:10')], rows: ['10:00-10:10 MISSED 2'], left: 'row 1 of 1' },
    { rule: 'equal: it is extended', items: [skip('10:00', '10:10')], open: OPEN, rows: ['+10:10 2'], left: 'the same' },
    {
      rule: 'of another verdict: a row begins',
      items: [skip('10:00', '10:10')],
      open: { ...OPEN, verdict: 'PAUSED' },
      rows: ['10:00-10:10 MISSED 2'],
      left: 'row 1 of 1',
    },
    {
      rule: 'of another reason: a row begins',
      items: [skip('10:00', '10:10')],
      open: { ...OPEN, reason: 'another' },
      rows: ['10:00-10:10 MISSED 2'],
      left: 'row 1 of 1',
    },
    {
      rule: 'of another version of the schedule: a row begins',
      items: [skip('10:00', '10:10')],
      open: { ...OPEN, scheduleVersion: 2 },
      rows: ['10:00-10:10 MISSED 2'],
      left: 'row 1 of 1',
    },
    {
      rule: 'equal, but a fire stands between: a row begins',
      items: [fire('10:00'), skip('10:10', '10:20')],
      open: OPEN,
      rows: ['10:10-10:20 MISSED 2'],
      left: 'row 1 of 1',
    },
    {
      rule: 'extended, then a fire: none is open',
      items: [skip('10:00', '10:10'), fire('10:20')],
      open: OPEN,
      rows: ['+10:10 2'],
      left: null,
    },
    {
      rule: 'extended, then another verdict: the row of that is open',
      items: [skip('10:00', '10:10'), skip('10:20', '10:20', 'OVERLAP_SKIPPED')],
      open: OPEN,
      rows: ['+10:10 2', '10:20-10:20 OVERLAP_SKIPPED 1'],
      left: 'row 1 of 1',
    },
    {
      rule: 'equal, but another verdict stands between: a row begins',
      items: [skip('10:00', '10:00', 'COALESCED'), skip('10:10', '10:10')],
      open: OPEN,
      rows: ['10:00-10:00 COALESCED 1', '10:10-10:10 MISSED 1'],
      left: 'row 2 of 2',
    },
    {
      rule: 'closed inside the plan by a fire: equal rows on both sides stay two',
      items: [skip('10:00', '10:00'), fire('10:10'), skip('10:20', '10:30')],
      rows: ['10:00-10:00 MISSED 1', '10:20-10:30 MISSED 2'],
      left: 'row 2 of 2',
    },
  ];
  for (const { rule, items, open = null, rows, left } of cases) {
    test(rule, () => {
      assert.deepEqual(written(items, open), { rows, open: left });
    });
  }
});

test('a row says of which schedule and version it is, from when through when, how often and why', () => {
  const { added } = entries({ id: 'sch_1', version: 3, open: null }, [
    skip('10:00', '10:20', 'PAUSED', 'the schedule was paused'),
  ]);
  const [{ id, ...row } = { id: '' }] = added;
  assert.match(id, /^occ_/);
  assert.deepEqual(row, {
    scheduleId: 'sch_1',
    scheduledFor: '2026-03-02T10:00:00.000Z',
    through: '2026-03-02T10:20:00.000Z',
    count: 3,
    verdict: 'PAUSED',
    reason: 'the schedule was paused',
    scheduleVersion: 3,
  });
});
