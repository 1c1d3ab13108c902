import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  NO_FILTERS,
  apiFilter,
  apiOrder,
  isFiltered,
  labelSelector,
  readFilters,
  writeFilters,
} from '../../../web/src/pages/schedules/filters.ts';
import type { ListFilters } from '../../../web/src/pages/schedules/filters.ts';

const read = (address: string) => readFilters(new URLSearchParams(address));

const ADDRESSES: { address: string; filters: Partial<ListFilters> }[] = [
  { address: '', filters: {} },
  { address: 'q=daily+report', filters: { search: 'daily report' } },
  { address: 'state=active&state=paused', filters: { states: ['ACTIVE', 'PAUSED'] } },
  { address: 'kind=cron&kind=calendar_interval', filters: { kinds: ['CRON', 'CALENDAR_INTERVAL'] } },
  { address: 'task=a%2Cb&task=c', filters: { tasks: ['a,b', 'c'] } },
  { address: 'label=team%3Dpay%26ship&label=%21owner', filters: { labels: ['team=pay&ship', '!owner'] } },
  { address: 'failing=true&silent=true&sort=-next', filters: { failing: true, silent: true, sort: '-next' } },
];
for (const { address, filters } of ADDRESSES) {
  test(`the address "${address}" and its filters say the same`, () => {
    assert.deepEqual(read(address), { ...NO_FILTERS, ...filters });
    assert.equal(writeFilters({ ...NO_FILTERS, ...filters }), address);
  });
}

test('equal filters have one address, in whatever order they were chosen', () => {
  const written = writeFilters({ ...NO_FILTERS, states: ['PAUSED', 'ACTIVE'], kinds: ['INTERVAL', 'CRON'] });
  assert.equal(written, writeFilters({ ...NO_FILTERS, states: ['ACTIVE', 'PAUSED'], kinds: ['CRON', 'INTERVAL'] }));
});

test('what an address says that nobody understands is left out', () => {
  assert.deepEqual(read('state=asleep&kind=moon&label=&label=%3D&failing=perhaps&sort=toString&page=7'), NO_FILTERS);
  assert.equal(read(`q=${'x'.repeat(300)}`).search.length, 200);
});

test('the order filters nothing', () => {
  assert.equal(isFiltered({ ...NO_FILTERS, sort: 'created' }), false);
  assert.equal(apiFilter({ ...NO_FILTERS, sort: 'created' }), null);
  assert.equal(isFiltered({ ...NO_FILTERS, silent: true }), true);
});

const LABELS = [
  { text: 'team', selector: { key: 'team', exists: true } },
  { text: '!team', selector: { key: 'team', exists: false } },
  { text: 'team=a=b', selector: { key: 'team', in: ['a=b'] } },
  { text: 'team=', selector: { key: 'team', in: [''] } },
  { text: '!team=a', selector: null },
  { text: ' team', selector: null },
  { text: `${'k'.repeat(64)}`, selector: null },
];
for (const { text, selector } of LABELS) {
  test(`the label "${text.slice(0, 20)}" ${selector ? 'is understood' : 'is none'}`, () =>
    assert.deepEqual(labelSelector(text), selector));
}

test('values of one label are alternatives, different labels must all match', () => {
  assert.deepEqual(apiFilter({ ...NO_FILTERS, search: ' a ', labels: ['team=a', 'tier', 'team=b'] }), {
    search: 'a',
    labels: [
      { key: 'team', in: ['a', 'b'] },
      { key: 'tier', exists: true },
    ],
  });
});

test('each order is one of the API', () => {
  assert.deepEqual(apiOrder('-name'), { field: 'NAME', direction: 'DESC' });
  assert.deepEqual(apiOrder('changed'), { field: 'UPDATED_AT', direction: 'DESC' });
});
