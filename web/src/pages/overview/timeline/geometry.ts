import type { Bar, PlannedOutline, Row } from './layout.ts';
import { xOf } from './view.ts';
import type { View } from './view.ts';

/** Where things lie on the canvas, in CSS pixels from its corner. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Place {
  view: View;
  now: number;
  width: number;
  height: number;
  axisHeight: number;
  rowHeight: number;
  scrollTop: number;
}

/** Thinner bars could be neither seen nor hit. */
const BAR_MIN = 4;
const PLANNED_MIN = 5;
const ROW_PADDING = 3;

export type Item = { kind: 'run'; bar: Bar; row: Row } | { kind: 'planned'; outline: PlannedOutline; row: Row };

/** Key of an item, to find it again when all has been laid out anew. */
export const keyOf = (item: Item): string =>
  item.kind === 'run' ? item.bar.run.id : `${item.outline.plan.scheduleId} ${item.outline.plan.scheduledFor}`;

export const rowTop = (index: number, place: Place): number => place.axisHeight + index * place.rowHeight - place.scrollTop;

/** Indexes of the rows that can be seen: from, until. */
export function rowsInSight(count: number, place: Place): [number, number] {
  const first = Math.max(0, Math.floor(place.scrollTop / place.rowHeight));
  const last = Math.ceil((place.scrollTop + place.height - place.axisHeight) / place.rowHeight);
  return [Math.min(first, count), Math.min(count, last)];
}

function laneBox({ lane, lanes }: { lane: number; lanes: number }, index: number, place: Place): Pick<Box, 'y' | 'height'> {
  const height = (place.rowHeight - 2 * ROW_PADDING) / lanes;
  return { y: rowTop(index, place) + ROW_PADDING + lane * height, height: Math.max(2, height - (lanes > 1 ? 1 : 0)) };
}

export function barBox(bar: Bar, index: number, place: Place): Box {
  const x = xOf(bar.from, place.view, place.width);
  const end = xOf(bar.until ?? Math.max(place.now, bar.from), place.view, place.width);
  return { ...laneBox(bar, index, place), x, width: Math.max(BAR_MIN, end - x) };
}

export function plannedBox(outline: PlannedOutline, index: number, place: Place): Box {
  const { plan } = outline;
  const x = xOf(plan.dueAt, place.view, place.width);
  const width = ((plan.expectedMs ?? 0) / (place.view.until - place.view.from)) * place.width;
  return { ...laneBox(outline, index, place), x, width: Math.max(PLANNED_MIN, width) };
}

/** What is there, the one drawn last first; a little beside it counts, too. */
export function itemAt(x: number, y: number, rows: readonly Row[], place: Place): Item | null {
  if (y < place.axisHeight) return null;
  const index = Math.floor((y - place.axisHeight + place.scrollTop) / place.rowHeight);
  const row = rows[index];
  if (!row) return null;
  let best: Item | null = null;
  let bestAway = 4;
  const consider = (item: Item, box: Box) => {
    const away = Math.max(box.x - x, x - box.x - box.width, 0) + Math.max(box.y - y, y - box.y - box.height, 0);
    if (away <= bestAway) [best, bestAway] = [item, away];
  };
  for (const outline of row.planned) consider({ kind: 'planned', outline, row }, plannedBox(outline, index, place));
  for (const bar of row.bars) consider({ kind: 'run', bar, row }, barBox(bar, index, place));
  return best;
}

const beginOf = (item: Item): number => (item.kind === 'run' ? item.bar.from : item.outline.plan.dueAt);

/** All of a row in order of their beginnings. */
export function itemsOf(row: Row): Item[] {
  const bars = row.bars.map((bar): Item => ({ kind: 'run', bar, row }));
  const planned = row.planned.map((outline): Item => ({ kind: 'planned', outline, row }));
  return [...bars, ...planned].toSorted((a, b) => beginOf(a) - beginOf(b));
}

/** Where the keyboard leads: along the row, or to what is nearest in time in the row above or below that has anything. */
export function neighbour(
  rows: readonly Row[],
  key: string | null,
  step: 'next' | 'previous' | 'up' | 'down',
  now: number,
): Item | null {
  const at = rows.findIndex((row) => key !== null && itemsOf(row).some((item) => keyOf(item) === key));
  const row = rows[at];
  if (!row || key === null) return nearest(rows[0], now);
  const items = itemsOf(row);
  const index = items.findIndex((item) => keyOf(item) === key);
  const item = items[index] as Item;
  if (step === 'next') return items[index + 1] ?? item;
  if (step === 'previous') return items[index - 1] ?? item;
  const others = step === 'up' ? rows.slice(0, at).toReversed() : rows.slice(at + 1);
  return nearest(others[0], beginOf(item)) ?? item;
}

function nearest(row: Row | undefined, at: number): Item | null {
  let best: Item | null = null;
  for (const item of row ? itemsOf(row) : []) {
    if (best === null || Math.abs(beginOf(item) - at) < Math.abs(beginOf(best) - at)) best = item;
  }
  return best;
}

export { beginOf };
