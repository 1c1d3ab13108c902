import type { RunState } from '../../../api/schema.generated.ts';
import { barBox, keyOf, plannedBox, rowTop, rowsInSight } from './geometry.ts';
import type { Box, Item, Place } from './geometry.ts';
import type { Row } from './layout.ts';
import type { ClockChange, Tick } from './ticks.ts';
import { xOf } from './view.ts';

/** How a run looks besides its colour: none of these needs colours to be told apart. */
type Pattern = 'solid' | 'stripes' | 'cross' | 'hourglass' | 'struck' | 'dots' | 'open';

export interface Palette {
  body: string;
  text: string;
  dimmed: string;
  grid: string;
  stripe: string;
  now: string;
  focus: string;
  planned: string;
  states: Record<RunState, { fill: string; ink: string; pattern: Pattern }>;
}

const PATTERNS: Record<RunState, Pattern> = {
  SCHEDULED: 'open',
  BUFFERED: 'dots',
  QUEUED: 'dots',
  RUNNING: 'stripes',
  RETRY_WAIT: 'dots',
  CANCELING: 'stripes',
  SUCCEEDED: 'solid',
  FAILED: 'cross',
  TIMED_OUT: 'hourglass',
  CANCELED: 'struck',
};
const SHADES: Record<RunState, [light: string, dark: string]> = {
  SCHEDULED: ['gray-6', 'dark-1'],
  BUFFERED: ['violet-6', 'violet-4'],
  QUEUED: ['indigo-6', 'indigo-4'],
  RUNNING: ['blue-6', 'blue-5'],
  RETRY_WAIT: ['yellow-7', 'yellow-6'],
  CANCELING: ['orange-7', 'orange-5'],
  SUCCEEDED: ['green-6', 'green-7'],
  FAILED: ['red-7', 'red-6'],
  TIMED_OUT: ['red-7', 'red-6'],
  CANCELED: ['gray-6', 'dark-2'],
};

/** Reads the colours of the theme, which the canvas cannot. */
export function readPalette(scheme: 'light' | 'dark'): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--mantine-color-${name}`).trim() || '#888';
  const dark = scheme === 'dark';
  const states = Object.fromEntries(
    (Object.keys(PATTERNS) as RunState[]).map((state) => [
      state,
      { fill: colour(SHADES[state][dark ? 1 : 0]), ink: '#fff', pattern: PATTERNS[state] },
    ]),
  ) as Palette['states'];
  return {
    body: dark ? colour('dark-7') : '#fff',
    text: dark ? colour('dark-0') : colour('gray-9'),
    dimmed: dark ? colour('dark-1') : colour('gray-7'),
    grid: dark ? colour('dark-5') : colour('gray-2'),
    stripe: dark ? 'rgba(255,255,255,0.025)' : 'rgba(0,0,0,0.02)',
    now: dark ? colour('blue-4') : colour('blue-7'),
    focus: dark ? '#fff' : '#000',
    planned: dark ? colour('dark-2') : colour('gray-6'),
    states,
  };
}

export interface Scene extends Place {
  rows: readonly Row[];
  ticks: readonly Tick[];
  changes: readonly ClockChange[];
  /** Before it runs may be missing, after it planned fires. */
  completeFrom: number;
  plannedUntil: number;
  marked: string | null;
  palette: Palette;
  fontSize: number;
}

export function drawScene(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, axisHeight, palette, rows, view } = scene;
  ctx.clearRect(0, 0, width, height);
  ctx.font = `${scene.fontSize}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  const [first, last] = rowsInSight(rows.length, scene);

  ctx.save();
  ctx.beginPath();
  ctx.rect(0, axisHeight, width, height - axisHeight);
  ctx.clip();
  ctx.fillStyle = palette.stripe;
  for (let index = first; index < last; index++) {
    if (index % 2 === 1) ctx.fillRect(0, rowTop(index, scene), width, scene.rowHeight);
  }
  ctx.fillStyle = palette.grid;
  for (const { at, day } of scene.ticks) {
    ctx.fillRect(Math.round(xOf(at, view, width)), axisHeight, day ? 2 : 1, height - axisHeight);
  }
  drawUnknown(ctx, scene);
  let markedBox: Box | null = null;
  for (let index = first; index < last; index++) {
    const box = drawRow(ctx, rows[index] as Row, index, scene);
    markedBox = box ?? markedBox;
  }
  drawChanges(ctx, scene);
  const now = xOf(scene.now, view, width);
  ctx.fillStyle = palette.now;
  ctx.fillRect(Math.round(now) - 1, axisHeight, 2, height - axisHeight);
  if (markedBox) {
    ctx.strokeStyle = palette.focus;
    ctx.lineWidth = 2;
    ctx.strokeRect(markedBox.x - 2, markedBox.y - 2, markedBox.width + 4, markedBox.height + 4);
  }
  ctx.restore();
  drawAxis(ctx, scene);
}

function drawAxis(ctx: CanvasRenderingContext2D, { width, axisHeight, palette, ticks, view, now, fontSize }: Scene): void {
  ctx.fillStyle = palette.grid;
  ctx.fillRect(0, axisHeight - 1, width, 1);
  ctx.textAlign = 'center';
  const x = xOf(now, view, width);
  const half = fontSize * 1.6;
  for (const { at, label, day } of ticks) {
    const place = xOf(at, view, width);
    const own = label.length * fontSize * 0.28;
    if (place < own || place > width - own || Math.abs(place - x) < half + own) continue;
    ctx.fillStyle = day ? palette.text : palette.dimmed;
    ctx.fillText(label, place, axisHeight / 2);
  }
  if (x < 0 || x > width) return;
  ctx.fillStyle = palette.now;
  ctx.beginPath();
  ctx.roundRect(x - half, 3, 2 * half, axisHeight - 6, 4);
  ctx.fill();
  ctx.fillStyle = palette.body;
  ctx.fillText('now', x, axisHeight / 2);
}

/** Hatched where not all is known, so that an empty place is no promise. */
function drawUnknown(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, axisHeight, view, palette } = scene;
  const left = Number.isFinite(scene.completeFrom) ? Math.min(width, xOf(scene.completeFrom, view, width)) : 0;
  const right = Number.isFinite(scene.plannedUntil) ? Math.max(0, xOf(scene.plannedUntil, view, width)) : width;
  for (const [from, until] of [
    [0, left],
    [right, width],
  ] as const) {
    if (until - from < 1) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, axisHeight, until - from, height - axisHeight);
    ctx.clip();
    ctx.strokeStyle = palette.grid;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let x = from - height; x < until; x += 8) {
      ctx.moveTo(x, height);
      ctx.lineTo(x + height, 0);
    }
    ctx.stroke();
    ctx.restore();
  }
}

function drawChanges(
  ctx: CanvasRenderingContext2D,
  { width, height, axisHeight, view, changes, palette, fontSize }: Scene,
): void {
  for (const { at, minutes } of changes) {
    const x = xOf(at, view, width);
    ctx.strokeStyle = palette.dimmed;
    ctx.setLineDash([4, 4]);
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, axisHeight);
    ctx.lineTo(x, height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = palette.text;
    ctx.textAlign = 'left';
    const hours = Math.abs(minutes) / 60;
    ctx.fillText(`clocks go ${minutes > 0 ? 'forward' : 'back'} ${hours} h`, x + 5, height - fontSize);
  }
}

/** @returns where what is marked lies, when it is in this row */
function drawRow(ctx: CanvasRenderingContext2D, row: Row, index: number, scene: Scene): Box | null {
  const { width, palette, marked, view } = scene;
  let markedBox: Box | null = null;
  ctx.strokeStyle = palette.planned;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.beginPath();
  let lastPlanned = -9;
  for (const outline of row.planned) {
    const box = plannedBox(outline, index, scene);
    if (box.x > width || box.x + box.width < 0) continue;
    if (marked !== null && marked === keyOf({ kind: 'planned', outline, row } satisfies Item)) markedBox = box;
    // Closer than this they could not be told apart.
    if (outline.lanes === 1 && box.x - lastPlanned < 3) continue;
    lastPlanned = box.x;
    ctx.roundRect(Math.round(box.x) + 0.5, box.y + 0.5, box.width - 1, box.height - 1, Math.min(3, box.width / 2));
  }
  ctx.stroke();
  // What failed lies over what did not.
  const late: [Box, RunState][] = [];
  let [lastX, lastLane, lastState]: [number, number, RunState | null] = [-9, -1, null];
  for (const bar of row.bars) {
    const box = barBox(bar, index, scene);
    const { state } = bar.run;
    const waitX = xOf(bar.waitFrom, view, width);
    if (waitX > width || box.x + box.width < 0) continue;
    if (marked === bar.run.id) markedBox = box;
    if (box.x - waitX > 1) {
      ctx.fillStyle = palette.states.QUEUED.fill;
      ctx.fillRect(waitX, box.y + box.height / 2 - 1, box.x - waitX, 2);
    }
    if (state === 'FAILED' || state === 'TIMED_OUT') {
      late.push([box, state]);
      continue;
    }
    // Thousands of bars at the same pixel are one.
    const x = Math.round(box.x);
    if (x === lastX && bar.lane === lastLane && state === lastState && box.width <= 4) continue;
    [lastX, lastLane, lastState] = [x, bar.lane, state];
    drawBar(ctx, box, state, palette);
  }
  for (const [box, state] of late) drawBar(ctx, box, state, palette);
  return markedBox;
}

/** One bar: its colour, and what tells its state without colour where there is room for it. */
export function drawBar(ctx: CanvasRenderingContext2D, { x, y, width, height }: Box, state: RunState, palette: Palette): void {
  const { fill, ink, pattern } = palette.states[state];
  const radius = Math.min(3, width / 2, height / 2);
  if (pattern === 'open' || pattern === 'struck') {
    ctx.strokeStyle = fill;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.roundRect(x + 0.75, y + 0.75, Math.max(1, width - 1.5), Math.max(1, height - 1.5), radius);
    if (pattern === 'struck') {
      ctx.moveTo(x, y + height);
      ctx.lineTo(x + width, y);
    }
    ctx.stroke();
    return;
  }
  ctx.fillStyle = fill;
  if (width <= 5) ctx.fillRect(x, y, width, height);
  else {
    ctx.beginPath();
    ctx.roundRect(x, y, width, height, radius);
    ctx.fill();
  }
  if (pattern === 'solid') return;
  if (width < 10 || height < 7) {
    // Too narrow for a sign: what failed has a tip that stands out of the row's line.
    if (pattern !== 'cross' && pattern !== 'hourglass') return;
    ctx.beginPath();
    ctx.moveTo(x + width / 2 - 4, y - 3);
    ctx.lineTo(x + width / 2 + 4, y - 3);
    ctx.lineTo(x + width / 2, y + 3);
    ctx.fill();
    return;
  }
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = ink;
  ctx.fillStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  if (pattern === 'stripes') {
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = 3;
    const from = Math.max(x, -height);
    const until = Math.min(x + width, 8000);
    for (let at = from - height; at < until; at += 9) {
      ctx.moveTo(at, y + height);
      ctx.lineTo(at + height, y);
    }
    ctx.stroke();
  } else if (pattern === 'dots') {
    for (let at = x + 4; at < x + width - 1; at += 6) ctx.rect(at, y + height / 2 - 1, 2, 2);
    ctx.fill();
  } else {
    const [cx, cy, r] = [Math.max(x, 0) + Math.min(width, 18) / 2, y + height / 2, Math.min(3.5, height / 2 - 2)];
    if (pattern === 'cross') {
      ctx.moveTo(cx - r, cy - r);
      ctx.lineTo(cx + r, cy + r);
      ctx.moveTo(cx + r, cy - r);
      ctx.lineTo(cx - r, cy + r);
    } else {
      ctx.moveTo(cx - r, cy - r);
      ctx.lineTo(cx + r, cy - r);
      ctx.lineTo(cx - r, cy + r);
      ctx.lineTo(cx + r, cy + r);
      ctx.closePath();
    }
    ctx.stroke();
  }
  ctx.restore();
}
