import assert from 'node:assert/strict';
import { test } from 'node:test';
import { niceStep, rowsOf, scaleOf } from '../../web/src/pages/run/waterfall.ts';
import type { Row, TimelineRun } from '../../web/src/pages/run/waterfall.ts';

const T0 = Date.parse('2026-03-02T10:00:00.000Z');
const at = (seconds: number) => new Date(T0 + seconds * 1000).toISOString();

/** A run that was due at 0; what is left out has not happened. */
function run(parts: Partial<TimelineRun>): TimelineRun {
  return {
    state: 'RUNNING', createdAt: at(0), effectiveAt: at(0), queuedAt: at(0), finishedAt: null, attempt: 1, attempts: [], steps: [], ...parts,
  }; // prettier-ignore
}
const attempt = (
  number: number,
  state: TimelineRun['state'],
  from: number,
  until: number | null,
  retry: number | null = null,
) => ({
  number,
  state,
  startedAt: at(from),
  finishedAt: until === null ? null : at(until),
  nextRetryAt: retry === null ? null : at(retry),
});
const step = (name: string, number: number, state: TimelineRun['state'], from: number, until: number | null) => ({
  name,
  attempt: number,
  state,
  startedAt: at(from),
  finishedAt: until === null ? null : at(until),
});

/** As short as it can be said: Attempt 1: QUEUED 0-1, RUNNING 1-5… */
function said(rows: readonly Row[]): string[] {
  return rows.map(
    ({ label, segments }) =>
      `${label}: ${segments
        .map(({ phase, from, until, open }) => `${phase} ${(from - T0) / 1000}-${(until - T0) / 1000}${open ? '…' : ''}`)
        .join(', ')}`,
  );
}

const cases: { rule: string; run: TimelineRun; now: number; rows: string[] }[] = [
  {
    rule: 'what waits for its time goes on until now',
    run: run({ state: 'SCHEDULED', createdAt: at(-60), effectiveAt: at(0), queuedAt: null }),
    now: -20,
    rows: ['Attempt 1: SCHEDULED -60--20…'],
  },
  {
    rule: 'buffered, queued, running, in this order',
    run: run({ queuedAt: at(4), attempts: [attempt(1, 'RUNNING', 5, null)] }),
    now: 9,
    rows: ['Attempt 1: BUFFERED 0-4, QUEUED 4-5, RUNNING 5-9…'],
  },
  {
    rule: 'a catch-up run was due long before it was written: it begins when it was written',
    run: run({ effectiveAt: at(-600), state: 'SUCCEEDED', attempts: [attempt(1, 'SUCCEEDED', 1, 3)], finishedAt: at(3) }),
    now: 99,
    rows: ['Attempt 1: QUEUED 0-1, RUNNING 1-3'],
  },
  {
    rule: 'a wait to retry goes on until the next attempt is due, later than now',
    run: run({ state: 'RETRY_WAIT', attempts: [attempt(1, 'FAILED', 1, 3, 30)] }),
    now: 10,
    rows: ['Attempt 1: QUEUED 0-1, RUNNING 1-3, RETRY_WAIT 3-30…'],
  },
  {
    rule: 'it was due, and waits for a slot: until now',
    run: run({ state: 'RETRY_WAIT', attempts: [attempt(1, 'FAILED', 1, 3, 5)] }),
    now: 10,
    rows: ['Attempt 1: QUEUED 0-1, RUNNING 1-3, RETRY_WAIT 3-10…'],
  },
  {
    rule: 'canceled in its wait: the wait ends with the run',
    run: run({ state: 'CANCELED', attempts: [attempt(1, 'FAILED', 1, 3, 30)], finishedAt: at(8) }),
    now: 99,
    rows: ['Attempt 1: QUEUED 0-1, RUNNING 1-3, RETRY_WAIT 3-8'],
  },
  {
    rule: 'the second attempt is queued when the wait is over, and has no row of its own before',
    run: run({ state: 'QUEUED', attempt: 2, queuedAt: at(6), attempts: [attempt(1, 'FAILED', 1, 3, 5)] }),
    now: 7,
    rows: ['Attempt 1: QUEUED 0-1, RUNNING 1-3, RETRY_WAIT 3-5', 'Attempt 2: QUEUED 6-7…'],
  },
  {
    rule: 'steps stand below the attempt that did them last; one that its attempt broke off ends with it',
    run: run({
      state: 'SUCCEEDED',
      attempt: 2,
      queuedAt: at(5),
      finishedAt: at(9),
      attempts: [attempt(1, 'FAILED', 1, 3, 5), attempt(2, 'SUCCEEDED', 6, 9)],
      steps: [step('a', 1, 'SUCCEEDED', 1, 2), step('b', 2, 'SUCCEEDED', 6, 8), step('lost', 1, 'FAILED', 2, null)],
    }),
    now: 99,
    rows: [
      'Attempt 1: QUEUED 0-1, RUNNING 1-3, RETRY_WAIT 3-5',
      'a: RUNNING 1-2',
      'lost: RUNNING 2-3',
      'Attempt 2: QUEUED 5-6, RUNNING 6-9',
      'b: RUNNING 6-8',
    ],
  },
  {
    rule: 'steps that were taken over come first and took no time here',
    run: run({ attempts: [attempt(1, 'RUNNING', 1, null)], steps: [step('kept', 0, 'SUCCEEDED', -500, -400)] }),
    now: 2,
    rows: ['kept: ', 'Attempt 1: QUEUED 0-1, RUNNING 1-2…'],
  },
  {
    rule: 'canceled before a worker began: only its wait',
    run: run({ state: 'CANCELED', finishedAt: at(4) }),
    now: 99,
    rows: ['Attempt 1: QUEUED 0-4'],
  },
];
for (const { rule, run: given, now, rows } of cases) {
  test(rule, () => assert.deepEqual(said(rowsOf(given, T0 + now * 1000)), rows));
}

test('without long waits a place is in proportion to its time', () => {
  const scale = scaleOf(rowsOf(run({ attempts: [attempt(1, 'SUCCEEDED', 2, 10)], finishedAt: at(10) }), T0));
  assert.deepEqual(scale.cuts, []);
  for (const [seconds, x] of [
    [-5, 0],
    [0, 0],
    [5, 50],
    [10, 100],
    [20, 100],
  ] as const)
    // prettier-ignore
    assert.equal(scale.x(T0 + seconds * 1000), x);
});

test('a wait that is much longer than all work is cut to a small part; what was done keeps its proportions', () => {
  const given = run({
    state: 'SUCCEEDED',
    attempt: 2,
    queuedAt: at(3604),
    finishedAt: at(3608),
    attempts: [attempt(1, 'FAILED', 0, 4, 3604), attempt(2, 'SUCCEEDED', 3604, 3608)],
  });
  const { x, cuts } = scaleOf(rowsOf(given, T0));
  assert.deepEqual(
    cuts.map(({ from, until }) => [(from - T0) / 1000, (until - T0) / 1000]),
    [[4, 3604]],
  );
  const width = (from: number, until: number) => x(T0 + until * 1000) - x(T0 + from * 1000);
  assert.ok(width(4, 3604) < 15);
  assert.ok(Math.abs(width(0, 4) - width(3604, 3608)) < 1e-9);
  assert.ok(Math.abs(width(0, 3608) - 100) < 1e-9);
});

test('however many attempts were waited for, work has half of the width', () => {
  const attempts = Array.from({ length: 100 }, (_, i) => attempt(i + 1, 'FAILED', i * 1000, i * 1000 + 1, (i + 1) * 1000));
  const { x } = scaleOf(rowsOf(run({ state: 'FAILED', attempt: 100, attempts, finishedAt: at(99_001), queuedAt: null }), T0));
  const work = attempts.reduce((sum, each) => sum + x(Date.parse(each.finishedAt!)) - x(Date.parse(each.startedAt)), 0);
  assert.ok(Math.abs(work - 50) < 1e-6, String(work));
});

test('what has only waited so far is not cut, and what took no time has a place', () => {
  const waits = scaleOf(rowsOf(run({ state: 'QUEUED' }), T0 + 3_600_000));
  assert.deepEqual(waits.cuts, []);
  const instant = scaleOf(rowsOf(run({ attempts: [attempt(1, 'SUCCEEDED', 0, 0)], finishedAt: at(0) }), T0));
  assert.ok(Number.isFinite(instant.x(T0)) && instant.ticks.every(({ left }) => Number.isFinite(left)));
});

test('ticks are round instants that do not run into each other', () => {
  const { ticks, step: between } = scaleOf(rowsOf(run({ attempts: [attempt(1, 'SUCCEEDED', 0, 47)], finishedAt: at(47) }), T0));
  assert.equal(between, 10_000);
  assert.deepEqual(
    ticks.map((tick) => (tick.at - T0) / 1000),
    [0, 10, 20, 30, 40],
  );
  assert.deepEqual([niceStep(0), niceStep(3), niceStep(61_000), niceStep(1e15)], [1, 5, 120_000, 365 * 86_400_000]);
});
