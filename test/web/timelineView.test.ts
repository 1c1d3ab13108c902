import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantAt, NOW_SHARE, pan, RANGES, rangeOf, REACH_MS, SPAN_MAX_MS, SPAN_MIN_MS, spanOf, spanOfRange, viewAround, xOf, zoom } from '../../web/src/pages/overview/timeline/view.ts'; // prettier-ignore

const NOW = Date.parse('2026-03-29T00:30:00Z');
const HOUR = 3_600_000;

test('a range shows so much of what has been, and half as much of what is to come', () => {
  const view = viewAround(NOW, spanOfRange(RANGES['1h']));
  assert.ok(Math.abs(NOW - view.from - HOUR) < 1 && Math.abs(view.until - NOW - HOUR / 2) < 1);
  assert.ok(Math.abs(xOf(NOW, view, 900) - 900 * NOW_SHARE) < 1e-6);
  assert.equal(rangeOf(spanOf(view)), '1h');
  assert.equal(rangeOf(spanOf(view) * 1.5), null, 'a span between the ranges has no name');
});

test('what is zoomed around stays under the pointer', () => {
  const view = viewAround(NOW, 6 * HOUR);
  for (const factor of [0.25, 0.9, 1.5, 4]) {
    const zoomed = zoom(view, factor, instantAt(200, view, 1000));
    assert.ok(Math.abs(xOf(instantAt(200, view, 1000), zoomed, 1000) - 200) < 1e-6);
    assert.ok(Math.abs(spanOf(zoomed) - 6 * HOUR * factor) < 1e-3);
  }
});

test('zooming ends at a minute and at a week, panning two weeks away', () => {
  const view = viewAround(NOW, HOUR);
  assert.equal(spanOf(zoom(view, 1e-9, NOW)), SPAN_MIN_MS);
  assert.equal(spanOf(zoom(view, 1e9, NOW)), SPAN_MAX_MS);
  assert.equal(pan(view, -1e12, NOW).from, NOW - REACH_MS);
  assert.equal(pan(view, 1e12, NOW).until, NOW + REACH_MS);
  assert.equal(spanOf(pan(view, 1234, NOW)), HOUR);
});
