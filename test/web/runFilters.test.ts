import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cancelableOf,
  concerns,
  durationMs,
  filterCount,
  filterOf,
  labelText,
  noFilters,
} from '../../web/src/pages/runs/runFilters.ts';

const NOW = Date.parse('2026-03-02T10:00:30.500Z');

const cases: [search: string, filter: object][] = [
  ['', {}],
  ['state=FAILED,TIMED_OUT,BOGUS', { states: ['FAILED', 'TIMED_OUT'] }],
  ['state=BOGUS&origin=', {}],
  ['task=shop.sync,ping', { taskKeys: ['shop.sync', 'ping'] }],
  ['schedule=daily%2C+early', { scheduleNames: ['daily, early'] }],
  ['origin=MANUAL', { origins: ['MANUAL'] }],
  ['label=team%3Dsales,tier,!old', { labels: [{ key: 'team', in: ['sales'] }, { key: 'tier' }, { key: 'old', exists: false }] }],
  ['label=a%3Db%3Dc', { labels: [{ key: 'a', in: ['b=c'] }] }],
  [`label=${encodeURIComponent(labelText('a', 'b,c'))}`, { labels: [{ key: 'a', in: ['b,c'] }] }],
  ['within=24h', { scheduledFor: { from: '2026-03-01T10:00:00.000Z' } }],
  ['from=2026-03-01T00:00:00Z', { scheduledFor: { from: '2026-03-01T00:00:00.000Z' } }],
  ['from=nonsense&until=2026-03-01T00:00:00%2B02:00', { scheduledFor: { until: '2026-02-28T22:00:00.000Z' } }],
  ['late=1.5min', { minLatenessMs: 90_000 }],
  ['late=soon', {}],
  ['worker=w1&backfill=b1', { workerIds: ['w1'], backfillId: 'b1' }],
  ['after=xyz', {}],
];
for (const [search, filter] of cases) {
  test(`?${search} asks for ${JSON.stringify(filter)}`, () =>
    assert.deepEqual(filterOf(new URLSearchParams(search), NOW), filter));
}

test('within a minute the same address is the same question', () => {
  const search = new URLSearchParams('within=1h');
  assert.deepEqual(filterOf(search, NOW), filterOf(search, NOW + 29_000));
  assert.notDeepEqual(filterOf(search, NOW), filterOf(search, NOW + 60_000));
});

test('filters are counted, from and until as one, and places in the list as none', () => {
  assert.equal(filterCount(new URLSearchParams('state=FAILED&from=a&until=b&after=x&task=')), 2);
  const search = new URLSearchParams('state=FAILED&late=3s&after=x');
  for (const name of Object.keys(noFilters())) search.delete(name);
  assert.equal(search.toString(), '');
});

test('stretches of time', () => {
  const said: [string, number | null][] = [['200ms', 200], ['3', 3000], ['3 s', 3000], ['2m', 120_000], ['1h', 3_600_000], ['-3s', null], ['', null]]; // prettier-ignore
  for (const [text, ms] of said) assert.equal(durationMs(text), ms, text);
});

test('canceled is what has not ended, of what is shown', () => {
  const all = ['SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT'];
  assert.deepEqual(cancelableOf({ taskKeys: ['a'] }), { taskKeys: ['a'], states: all });
  assert.deepEqual(cancelableOf({ states: ['RUNNING', 'FAILED'] }), { states: ['RUNNING'] });
  assert.equal(cancelableOf({ states: ['FAILED', 'CANCELING'] }), null);
});

test('a change concerns a list when the run may come into it or leave it', () => {
  const failed = { states: ['FAILED' as const], taskKeys: ['a'] };
  const cases = [
    { rule: 'it comes', change: { previousState: 'RUNNING', state: 'FAILED', taskKey: 'a' }, is: true },
    { rule: 'it leaves', change: { previousState: 'FAILED', state: 'QUEUED', taskKey: 'a' }, is: true },
    { rule: 'of another task', change: { previousState: 'RUNNING', state: 'FAILED', taskKey: 'b' }, is: false },
    { rule: 'neither before nor after', change: { previousState: 'QUEUED', state: 'RUNNING', taskKey: 'a' }, is: false },
    { rule: 'progress', change: { previousState: 'FAILED', state: 'FAILED', taskKey: 'a' }, is: false },
    { rule: 'of a run that has come into being', change: { previousState: null, state: 'FAILED', taskKey: 'a' }, is: true },
  ] as const;
  for (const { rule, change, is } of cases) assert.equal(concerns(failed, change), is, rule);
  assert.equal(concerns({}, { previousState: null, state: 'QUEUED', taskKey: 'a' }), true);
});
