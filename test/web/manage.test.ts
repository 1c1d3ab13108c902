import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows, targetOf, variablesOf } from '../../web/src/pages/audit/auditEntry.ts';
import { countByYear, dateChanges, monthsOf, nextOf, readDates } from '../../web/src/pages/calendars/year.ts';
import { filterOf, inputOf, missing } from '../../web/src/pages/freezes/freezeForm.ts';
import type { FreezeForm } from '../../web/src/pages/freezes/freezeForm.ts';
import { groupFreezes, occurrences, selectionParts } from '../../web/src/pages/freezes/freezeList.ts';
import { stateOf } from '../../web/src/pages/tokens/tokenList.ts';
import { inOrder, totalsOf } from '../../web/src/pages/workers/workerList.ts';

const NOW = Date.parse('2026-06-15T12:00:00.000Z');
const day = (number: number) => `2026-06-${String(number).padStart(2, '0')}T12:00:00.000Z`;

test('freezes: active ones by their end, coming ones by their beginning, past ones the latest first', () => {
  const freeze = (id: string, from: number, until: number, active = true) => ({ id, from: day(from), until: day(until), active });
  const groups = groupFreezes(
    [freeze('past', 1, 2, false), freeze('late', 10, 30), freeze('soon', 14, 16), freeze('next', 16, 18), freeze('far', 20, 21), freeze('over', 10, 15), freeze('off', 25, 25, false)],
    NOW,
  ); // prettier-ignore
  assert.deepEqual(Object.fromEntries(Object.entries(groups).map(([phase, list]) => [phase, list.map(({ id }) => id)])), {
    ACTIVE: ['soon', 'late'],
    COMING: ['next', 'far'],
    PAST: ['off', 'over', 'past'],
  });
  assert.equal(occurrences(1), '1 occurrence');
  assert.equal(occurrences(12_345), '12,345 occurrences');
});

test('what a freeze selects is said in words, whatever the filter holds', () => {
  assert.deepEqual(selectionParts({ filter: {} }), []);
  assert.deepEqual(selectionParts({ names: ['a', 'b'] }), [{ by: 'Schedules', values: ['a', 'b'] }]);
  assert.deepEqual(
    selectionParts({ filter: { taskKeys: ['t'], search: 'x', labels: [{ key: 'team', in: ['shop'] }, { key: 'tier' }, { key: 'old', exists: false }], failing: true, kinds: ['CALENDAR_INTERVAL'], states: null } }),
    [
      { by: 'Task', values: ['t'] },
      { by: 'Search', values: ['x'] },
      { by: 'Label team', values: ['shop'] },
      { by: 'Label tier', values: ['any value'] },
      { by: 'Label old', values: ['none'] },
      { by: 'failing', values: ['true'] },
      { by: 'Trigger', values: ['Every so many days'] },
    ],
  ); // prettier-ignore
});

const FORM: FreezeForm = {
  reason: ' release ', zone: 'UTC', later: false, from: '', until: '', by: 'NAMES', names: ['a'], taskKeys: ['t'], labels: ['team=shop', 'tier'], kinds: [], managedBy: '', search: ' ', exit: 'FIRE_ONCE',
}; // prettier-ignore

test('the form of a freeze says what is missing, and sends what was chosen', () => {
  assert.match(missing({ ...FORM, reason: ' ' }, day(20), null)!, /why/);
  assert.match(missing(FORM, null, null)!, /when it ends/);
  assert.match(missing({ ...FORM, later: true }, day(20), null)!, /when it begins/);
  assert.match(missing({ ...FORM, names: [] }, day(20), null)!, /at least one schedule/);
  assert.match(missing({ ...FORM, by: 'FILTER', taskKeys: [], labels: [] }, day(20), null)!, /at least one thing/);
  assert.equal(missing(FORM, day(20), null), null);
  assert.deepEqual(inputOf(FORM, null, day(20)), { reason: 'release', until: day(20), select: { names: ['a'] }, exit: 'FIRE_ONCE' });
  const filter = { taskKeys: ['t'], labels: [{ key: 'team', in: ['shop'] }, { key: 'tier' }] };
  assert.deepEqual(inputOf({ ...FORM, by: 'FILTER' }, day(18), day(20)), { reason: 'release', from: day(18), until: day(20), select: { filter }, exit: 'FIRE_ONCE' });
  assert.deepEqual(filterOf({ ...FORM, by: 'ALL' }), {});
}); // prettier-ignore

test('a year is twelve months of six weeks that begin on Monday', () => {
  const months = monthsOf(2024);
  assert.equal(months.length, 12);
  for (const { weeks } of months) assert.ok(weeks.length === 6 && weeks.every((week) => week.length === 7));
  const february = months[1]!.weeks.flat().filter((each) => each !== null);
  assert.equal(february.length, 29);
  // 2024-01-01 was a Monday, 2024-09-01 a Sunday.
  assert.equal(months[0]!.weeks[0]![0], '2024-01-01');
  assert.equal(months[8]!.weeks[0]![6], '2024-09-01');
  assert.equal(monthsOf(2026).flatMap(({ weeks }) => weeks.flat()).filter((each) => each !== null).length, 365); // prettier-ignore
});

test('days are read from any text, in order and each once; what is none is named with its line', () => {
  assert.deepEqual(readDates('2026-12-26, 2026-12-25 # Christmas\n\n2026-12-25;2026-02-30\nsoon'), {
    dates: ['2026-12-25', '2026-12-26'],
    faults: [
      { line: 3, text: '2026-02-30' },
      { line: 4, text: 'soon' },
    ],
  });
  assert.deepEqual(dateChanges(['a', 'b'], ['b', 'c']), { added: ['c'], removed: ['a'] });
  assert.deepEqual(countByYear(['2027-01-01', '2026-12-25', '2026-12-26']), [
    { year: 2026, count: 2 },
    { year: 2027, count: 1 },
  ]);
  assert.equal(nextOf(['2026-01-01', '2026-12-25'], '2026-12-25'), '2026-12-25');
  assert.equal(nextOf(['2026-01-01'], '2026-12-25'), null);
});

test('a token that is revoked is so whenever it would expire', () => {
  assert.equal(stateOf({ expiresAt: null, revokedAt: null }, NOW), 'IN_USE');
  assert.equal(stateOf({ expiresAt: day(16), revokedAt: null }, NOW), 'IN_USE');
  assert.equal(stateOf({ expiresAt: day(15), revokedAt: null }, NOW), 'EXPIRED');
  assert.equal(stateOf({ expiresAt: day(1), revokedAt: day(2) }, NOW), 'REVOKED');
});

test('changes are told field by field, of what was made or is gone as well', () => {
  const rows = (changes: Record<string, unknown>) => auditRows(changes).map(({ path, before, after }) => [path, before, after]);
  assert.deepEqual(rows({ name: { before: 'a', after: 'b' } }), [['name', 'a', 'b']]);
  assert.deepEqual(
    rows({ definition: { before: null, after: { name: 'n', dst: { gap: null }, trigger: { cron: { at: 'x' } } } } }),
    [
      ['trigger.cron.at', null, 'x'],
      ['name', null, 'n'],
    ],
  );
  assert.deepEqual(rows({ labels: { before: { team: 'a' }, after: null } }), [['labels.team', 'a', null]]);
  assert.deepEqual(auditRows(null), []);
});

test('an entry leads to what was changed; of what is gone it says the name', () => {
  const of = (target: Parameters<typeof targetOf>[0]['target'], changes: Record<string, unknown> | null = null) => targetOf({ target, targetId: 'id_1', changes });
  assert.deepEqual(of({ __typename: 'Task', key: 'a/b' }), { name: 'a/b', href: '/tasks/a%2Fb' });
  assert.deepEqual(of({ __typename: 'Calendar', calendarName: 'days off' }), { name: 'days off', href: '/calendars?name=days%20off' });
  assert.deepEqual(of({ __typename: 'Backfill', id: 'b' }), { name: 'id_1', href: null });
  assert.deepEqual(of(null, { key: { before: 'old', after: null } }), { name: 'old', href: null });
  assert.deepEqual(of(null), { name: 'id_1', href: null });
}); // prettier-ignore

test('the address of the trail says target, actor and time', () => {
  assert.deepEqual(variablesOf(new URLSearchParams('')), { targetId: null, actorId: null, at: null });
  assert.deepEqual(variablesOf(new URLSearchParams('target=t&actor=a&from=2026-01-01T00:00Z&until=never')), {
    targetId: 't',
    actorId: 'a',
    at: { from: '2026-01-01T00:00:00.000Z', until: null },
  });
});

test('workers that are alive stand first and keep their places; lost ones by when they were heard of last', () => {
  const worker = (hostname: string, state: 'RUNNING' | 'LOST' | 'STOPPED' | 'DRAINING', heard = 1) => ({ hostname, state, pid: 1, capacity: 10, runningCount: 2, lastHeartbeatAt: day(heard) });
  const workers = [worker('z', 'STOPPED'), worker('a', 'LOST', 2), worker('b', 'LOST', 3), worker('c', 'RUNNING'), worker('b', 'RUNNING', 9), worker('d', 'DRAINING')];
  assert.deepEqual(inOrder(workers).map(({ hostname, state }) => `${hostname} ${state}`), ['b RUNNING', 'c RUNNING', 'd DRAINING', 'b LOST', 'a LOST', 'z STOPPED']);
  assert.deepEqual(totalsOf(workers), { alive: 3, lost: 2, taken: 6, places: 30 });
}); // prettier-ignore
