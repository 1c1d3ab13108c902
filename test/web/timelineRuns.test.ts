import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barBox, itemAt, keyOf, neighbour, rowsInSight } from '../../web/src/pages/overview/timeline/geometry.ts';
import type { Place } from '../../web/src/pages/overview/timeline/geometry.ts';
import { layoutRows, mostTelling } from '../../web/src/pages/overview/timeline/layout.ts';
import type { Grouping, Names, PlannedBar } from '../../web/src/pages/overview/timeline/layout.ts';
import { RunBook } from '../../web/src/pages/overview/timeline/runBook.ts';
import type { RunChange, TimelineRun } from '../../web/src/pages/overview/timeline/runBook.ts';

const change = (id: string, state: RunChange['state'], at: number, previousState: RunChange['previousState'] = null): RunChange => ({
  id,
  kind: previousState === null ? 'CREATED' : 'UPDATED',
  at,
  state,
  previousState,
  taskKey: 'job',
  scheduleId: 'sch_1',
}); // prettier-ignore
const run = (id: string, from: number, until: number | null, more: Partial<TimelineRun> = {}): TimelineRun => ({
  id,
  taskKey: 'job',
  scheduleId: 'sch_1',
  state: until === null ? 'RUNNING' : 'SUCCEEDED',
  dueAt: from,
  startedAt: from,
  finishedAt: until,
  latenessMs: 0,
  ...more,
});

test('events alone say when a run was due, began and ended', () => {
  const book = new RunBook();
  book.apply(change('a', 'QUEUED', 100));
  assert.deepEqual([book.runs.get('a')?.dueAt, book.runs.get('a')?.startedAt], [100, null]);
  book.apply(change('a', 'RUNNING', 150, 'QUEUED'));
  book.apply(change('a', 'CANCELING', 170, 'RUNNING'));
  assert.equal(book.runs.get('a')?.startedAt, 150, 'to be canceled is no beginning');
  book.apply(change('a', 'CANCELED', 180, 'CANCELING'));
  const { startedAt, finishedAt, state } = book.runs.get('a') as TimelineRun;
  assert.deepEqual([state, startedAt, finishedAt], ['CANCELED', 150, 180]);
});

test('a run that is told of only when it has ended is a point; canceled while it waited it has never begun', () => {
  const book = new RunBook();
  book.apply(change('short', 'SUCCEEDED', 100));
  book.apply(change('never', 'CANCELED', 100, 'QUEUED'));
  assert.deepEqual([book.runs.get('short')?.startedAt, book.runs.get('never')?.startedAt], [100, null]);
});

test('a second attempt begins anew', () => {
  const book = new RunBook();
  for (const [state, at, previous] of [
    ['RUNNING', 100, 'QUEUED'],
    ['RETRY_WAIT', 200, 'RUNNING'],
    ['RUNNING', 300, 'RETRY_WAIT'],
  ] as const)
    book.apply(change('a', state, at, previous));
  assert.deepEqual([book.runs.get('a')?.startedAt, book.runs.get('a')?.finishedAt], [300, null]);
});

test('an answer that is older than an event takes nothing back', () => {
  const book = new RunBook();
  book.apply(change('a', 'SUCCEEDED', 200, 'RUNNING'));
  book.put([run('a', 100, null)]);
  book.correct([{ id: 'a', state: 'RUNNING', dueAt: 90, startedAt: 100, finishedAt: null, latenessMs: 10 }]);
  assert.equal(book.runs.get('a')?.state, 'SUCCEEDED');
  book.correct([{ id: 'a', state: 'SUCCEEDED', dueAt: 90, startedAt: 100, finishedAt: 200, latenessMs: 10 }]);
  assert.deepEqual([book.runs.get('a')?.dueAt, book.runs.get('a')?.latenessMs], [90, 10]);
  book.apply(change('a', 'RUNNING', 150, 'QUEUED'));
  assert.equal(book.runs.get('a')?.state, 'SUCCEEDED', 'what has ended has ended');
});

test('what events told of is read later, the newest first, each once; what is gone is not', () => {
  const book = new RunBook(100, 3);
  for (const id of ['a', 'b', 'c', 'd']) book.apply(change(id, 'QUEUED', 1));
  book.apply({ ...change('c', 'QUEUED', 2), kind: 'DELETED' });
  assert.deepEqual(book.takeStale(2), ['b', 'd']);
  assert.deepEqual(book.takeStale(2), [], 'the oldest was dropped: three are remembered');
  assert.ok(!book.runs.has('c'));
});

test('no more runs are kept than it was told; those that ended first go, and it is known from when on none is missing', () => {
  const book = new RunBook(100);
  book.put([run('under way', 0, null), ...Array.from({ length: 200 }, (_, index) => run(`r${index}`, index, index + 10))]);
  assert.equal(book.runs.size, 100);
  assert.ok(book.runs.has('under way') && book.runs.has('r199') && !book.runs.has('r100'));
  assert.equal(book.completeFrom, 100 + 10);
});

const names: Names = {
  schedules: new Map([
    ['sch_1', { name: 'Zebra', taskKey: 'job', labels: new Map([['team', 'sales']]) }],
    ['sch_2', { name: 'Ant', taskKey: 'job', labels: new Map() }],
  ]),
  tasks: new Map([['other', new Map([['team', 'ops']])]]),
};
const SHOWN = { from: 0, until: 1000 };
const rowsOf = (runs: TimelineRun[], grouping: Grouping = 'schedule', planned: PlannedBar[] = []) =>
  layoutRows(runs, planned, grouping, names, 500, SHOWN);

test('rows are schedules in order of their names; runs by hand are in the rows of their tasks', () => {
  const runs = [run('a', 1, 2), run('b', 1, 2, { scheduleId: 'sch_2' }), run('c', 1, 2, { scheduleId: null, taskKey: 'other' })];
  assert.deepEqual(rowsOf(runs).map(({ title }) => title), ['Ant', 'Zebra', 'other']); // prettier-ignore
  assert.deepEqual(rowsOf(runs, 'task').map(({ title, bars }) => [title, bars.length]), [['job', 2], ['other', 1]]); // prettier-ignore
  assert.deepEqual(rowsOf(runs, 'label:team').map(({ title }) => title), ['no team', 'ops', 'sales']); // prettier-ignore
});

test('rows with nothing in sight are not there; what goes on reaches to the present', () => {
  const runs = [run('past', -20, -10), run('goes on', -20, null, { scheduleId: 'sch_2' })];
  assert.deepEqual(rowsOf(runs).map(({ title }) => title), ['Ant']); // prettier-ignore
});

test('bars that overlap lie in lanes of their own, up to four; what overlaps nothing has the whole height', () => {
  const runs = [run('a', 0, 100), run('b', 50, 150), run('c', 110, 160), run('alone', 300, 400)];
  const lanes = rowsOf(runs)[0]?.bars.map((bar) => [bar.run.id, bar.lane, bar.lanes]);
  assert.deepEqual(lanes, [['a', 0, 2], ['b', 1, 2], ['c', 0, 2], ['alone', 0, 1]]); // prettier-ignore
  const many = rowsOf(Array.from({ length: 9 }, (_, index) => run(`r${index}`, index, 100)));
  assert.deepEqual([...new Set(many[0]?.bars.map(({ lanes: count }) => count))], [4]);
});

test('a run that waited shows since when', () => {
  const [row] = rowsOf([run('a', 100, 200, { dueAt: 40 }), run('waits', 300, null, { state: 'QUEUED', startedAt: null })]);
  assert.deepEqual(row?.bars.map(({ waitFrom, from, until }) => [waitFrom, from, until]), [[40, 100, 200], [300, 300, null]]); // prettier-ignore
});

test('planned fires are outlines in the row of their schedule, once its name is known', () => {
  const planned = ['sch_2', 'sch_unknown'].map((scheduleId) => ({ scheduleId, scheduledFor: 600, dueAt: 610, expectedMs: 50 }));
  const rows = rowsOf([], 'schedule', planned);
  assert.deepEqual(rows.map((row) => [row.title, row.planned.length]), [['Ant', 1]]); // prettier-ignore
});

test('where there is room for few rows those that failed and those that run are shown, in their order', () => {
  const ids = ['sch_1', 'sch_2'];
  const rows = rowsOf([run('a', 1, 2, { scheduleId: ids[1] as string }), run('b', 1, 2, { state: 'FAILED' }), run('c', 1, null, { scheduleId: null })]); // prettier-ignore
  assert.deepEqual(mostTelling(rows, 2).map(({ title }) => title), ['Zebra', 'job']); // prettier-ignore
  assert.deepEqual(mostTelling(rows, 3), rows);
});

const place: Place = {
  view: { from: 0, until: 1000 },
  now: 500,
  width: 1000,
  height: 130,
  axisHeight: 30,
  rowHeight: 20,
  scrollTop: 10,
};

test('what is drawn at a place is found there, with a little room around what is small', () => {
  const rows = rowsOf([run('a', 100, 101), run('b', 105, 300), run('c', 400, null, { scheduleId: 'sch_2' })]);
  const found = (x: number, y: number) => {
    const item = itemAt(x, y, rows, place);
    return item && keyOf(item);
  };
  const bar = rows[1]?.bars[0];
  const box = bar && barBox(bar, 1, place);
  assert.deepEqual(box, { x: 100, y: 43, width: 4, height: 14 });
  assert.deepEqual([found(101, 50), found(98, 50), found(200, 50), found(80, 50)], ['a', 'a', 'b', null]);
  assert.deepEqual(
    [found(450, 31), found(520, 31), found(450, 20)],
    ['c', null, null],
    'a bar that goes on ends at the present; the axis has none',
  );
  assert.deepEqual(rowsInSight(100, place), [0, 6]);
});

test('the keyboard leads along the row, and to the nearest in time of the next one', () => {
  const rows = rowsOf([run('a', 100, 110), run('b', 300, 310), run('c', 90, 95, { scheduleId: 'sch_2' }), run('d', 290, 295, { scheduleId: 'sch_2' })]); // prettier-ignore
  const to = (key: string | null, step: 'next' | 'previous' | 'up' | 'down') => keyOf(neighbour(rows, key, step, 280) as never);
  assert.deepEqual([to(null, 'next'), to('d', 'down'), to('b', 'previous'), to('a', 'up'), to('c', 'up'), to('b', 'next')], ['d', 'b', 'a', 'c', 'c', 'b']); // prettier-ignore
  assert.equal(neighbour([], null, 'next', 0), null);
});
