import { Anchor, Box, Paper, Text } from '@mantine/core';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';
import { Link } from 'wouter';
import { navigate } from '../../../shell/location.ts';
import { BROWSER_ZONE } from '../../../time/format.ts';
import { drawScene, readPalette } from './draw.ts';
import type { Scene } from './draw.ts';
import { barBox, beginOf, itemAt, itemsOf, keyOf, neighbour, plannedBox } from './geometry.ts';
import type { Item, Place } from './geometry.ts';
import { mostTelling } from './layout.ts';
import type { Row } from './layout.ts';
import { clockChanges, stepOf, ticksOf } from './ticks.ts';
import { spanOf } from './view.ts';
import type { TimelineState } from './useTimeline.ts';
import { sentence, tell } from './words.ts';
import classes from './timeline.module.css';

interface TimelineCanvasProps {
  timeline: TimelineState;
  /** Height of the whole, in pixels. */
  height: number;
  /** For a screen on the wall: larger, and nothing to click. */
  wall?: boolean;
}

/** Pixels that the pointer may move while it clicks. */
const CLICK_SLACK = 4;
const CARD_WIDTH = 300;

export function TimelineCanvas({ timeline, height, wall = false }: TimelineCanvasProps) {
  const { camera, feed, now } = timeline;
  const scheme = useComputedColorScheme('light');
  const palette = useMemo(() => readPalette(scheme), [scheme]);
  const outer = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [scrollTop, setScrollTop] = useState(0);
  const [marked, setMarked] = useState<{ key: string; by: 'pointer' | 'keyboard' } | null>(null);
  const drag = useRef<{ x: number; moved: boolean; id: number } | null>(null);
  const step = useRef<() => void>(() => undefined);

  const labelWidth = wall ? Math.round(Math.min(360, width * 0.22)) : width < 560 ? 104 : 190;
  const axisHeight = wall ? 44 : 30;
  const room = height - axisHeight;
  const least = wall ? 34 : 24;
  const rows = wall ? mostTelling(timeline.rows, Math.floor(room / least)) : timeline.rows;
  const rowHeight = Math.max(least, Math.min(wall ? 64 : 34, Math.floor(room / Math.max(1, rows.length))));
  const drawn = Math.max(0, width - labelWidth);
  const place = (): Place => ({
    view: camera.view,
    now: now(),
    width: drawn,
    height,
    axisHeight,
    rowHeight,
    scrollTop: scroller.current?.scrollTop ?? 0,
  });

  const paint = useEffectEvent(() => {
    const ctx = canvas.current?.getContext('2d');
    if (!ctx || drawn === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(drawn * ratio), Math.round(height * ratio)];
    if (ctx.canvas.width !== w || ctx.canvas.height !== h) Object.assign(ctx.canvas, { width: w, height: h });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const at = place();
    const { from, until } = at.view;
    const scene: Scene = {
      ...at,
      rows,
      ticks: ticksOf(from, until, stepOf(until - from, Math.max(2, drawn / (wall ? 120 : 80))), BROWSER_ZONE),
      changes: clockChanges(from, until, BROWSER_ZONE),
      completeFrom: feed.book.completeFrom,
      plannedUntil: feed.plannedUntil,
      marked: marked?.key ?? null,
      palette,
      fontSize: wall ? 18 : 12,
    };
    drawScene(ctx, scene);
  });

  // Drawn when something has changed, at most once in a frame.
  useEffect(() => {
    let frame: number | null = null;
    const request = () => {
      frame ??= requestAnimationFrame(() => {
        frame = null;
        paint();
      });
    };
    step.current = request;
    const stop = camera.onMove(request);
    return () => {
      stop();
      if (frame !== null) cancelAnimationFrame(frame);
    };
  }, [camera]);
  useEffect(() => step.current());

  // While it follows the present, the past slides by half a pixel at a time.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const slide = () => {
      if (!document.hidden) step.current();
      timer = setTimeout(slide, Math.min(1000, Math.max(100, spanOf(camera.view) / Math.max(1, drawn) / 2)));
    };
    slide();
    return () => clearTimeout(timer);
  }, [camera, drawn]);

  useEffect(() => {
    const element = outer.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // React listens passively to the wheel; this has to keep the page from zooming.
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const onWheel = (event: WheelEvent) => {
      if (wall) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const { from } = camera.view;
        camera.zoom(Math.exp(event.deltaY * 0.004), from + (event.offsetX / element.clientWidth) * spanOf(camera.view));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        camera.pan((event.deltaX || event.deltaY) / Math.max(1, element.clientWidth));
      }
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [camera, wall]);

  const titleOf = (scheduleId: string | null, taskKey: string) =>
    (scheduleId === null ? undefined : feed.names.schedules.get(scheduleId)?.name) ?? taskKey;
  const item = marked === null ? null : find(rows, marked.key);
  const told = item && tell(item, titleOf, now());

  function at(event: PointerEvent<HTMLCanvasElement>): Item | null {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return itemAt(event.clientX - left, event.clientY - top, rows, place());
  }

  function onPointerMove(event: PointerEvent<HTMLCanvasElement>) {
    const held = drag.current;
    if (held && (held.moved || Math.abs(event.clientX - held.x) > CLICK_SLACK)) {
      if (!held.moved) event.currentTarget.setPointerCapture(held.id);
      camera.pan((held.x - event.clientX) / Math.max(1, drawn));
      drag.current = { ...held, x: event.clientX, moved: true };
      if (marked) setMarked(null);
      return;
    }
    const key = keyOrNull(at(event));
    if (key !== (marked?.key ?? null)) setMarked(key === null ? null : { key, by: 'pointer' });
  }

  function onPointerUp(event: PointerEvent<HTMLCanvasElement>) {
    const held = drag.current;
    drag.current = null;
    if (!held || held.moved) return;
    const hit = at(event);
    if (hit) navigate(tell(hit, titleOf, now()).href);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowRight: 'next', ArrowLeft: 'previous', ArrowUp: 'up', ArrowDown: 'down' } as const;
    const { key } = event;
    if (key === '+' || key === '=') camera.zoom(1 / 1.5);
    else if (key === '-' || key === '_') camera.zoom(1.5);
    else if (key === 'PageUp' || (event.shiftKey && key === 'ArrowLeft')) camera.pan(-0.25);
    else if (key === 'PageDown' || (event.shiftKey && key === 'ArrowRight')) camera.pan(0.25);
    else if (key === 'Home') camera.follow();
    else if (key === 'Escape') setMarked(null);
    else if (key === 'Enter' && told) navigate(told.href);
    else if (key in steps) {
      const next = neighbour(rows, marked?.key ?? null, steps[key as keyof typeof steps], now());
      if (next) show(next);
    } else return;
    event.preventDefault();
  }

  /** Marks it, and moves what is seen to where it is. */
  function show(next: Item) {
    setMarked({ key: keyOf(next), by: 'keyboard' });
    const begin = beginOf(next);
    const { from, until } = camera.view;
    if (begin < from || begin > until) camera.pan((begin - (from + until) / 2) / (until - from));
    const top = rows.indexOf(next.row) * rowHeight;
    const frame = scroller.current;
    if (frame && top < frame.scrollTop) frame.scrollTop = top;
    else if (frame && top + rowHeight > frame.scrollTop + room) frame.scrollTop = top + rowHeight - room;
  }

  const box = item && drawn > 0 ? boxOf(item, rows, place()) : null;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight));
  const seen = rows.slice(first, first + Math.ceil(room / rowHeight) + 1);

  return (
    <Box ref={outer} pos="relative">
      <div
        ref={scroller}
        className={classes['frame']}
        style={{ height, ...(wall && { overflow: 'hidden' }) }}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div style={{ position: 'relative', height: Math.max(height, axisHeight + rows.length * rowHeight) }}>
          <div className={classes['stage']} style={{ height }}>
            <div className={classes['corner']} style={{ width: labelWidth, height: axisHeight, fontSize: wall ? 16 : 11 }}>
              {BROWSER_ZONE}
            </div>
            <canvas
              ref={canvas}
              className={classes['canvas']}
              style={{ left: labelWidth, width: drawn, height, cursor: item ? 'pointer' : wall ? 'default' : 'grab' }}
              {...(wall
                ? { role: 'img', 'aria-label': 'Timeline of runs' }
                : {
                    tabIndex: 0,
                    role: 'application',
                    'aria-roledescription': 'timeline',
                    'aria-label':
                      'Timeline. Arrow keys go from run to run, Enter opens it, plus and minus zoom, page up and page down pan, Home goes to the present.',
                    onKeyDown,
                    onBlur: () => setMarked(null),
                    onPointerDown: (event: PointerEvent<HTMLCanvasElement>) => {
                      if (event.button === 0) drag.current = { x: event.clientX, moved: false, id: event.pointerId };
                    },
                    onPointerMove,
                    onPointerUp,
                    onPointerCancel: () => (drag.current = null),
                    onPointerLeave: () => {
                      if (!drag.current?.moved) drag.current = null;
                      if (marked?.by === 'pointer') setMarked(null);
                    },
                  })}
            />
          </div>
          {seen.map((row, index) => (
            <div
              key={row.key}
              className={classes['label']}
              style={{
                top: axisHeight + (first + index) * rowHeight,
                height: rowHeight,
                width: labelWidth,
                fontSize: wall ? 20 : 13,
              }}
            >
              <RowName row={row} wall={wall} />
            </div>
          ))}
        </div>
      </div>
      <div className={classes['unseen']} aria-live="polite">
        {told && marked?.by === 'keyboard' ? sentence(told) : ''}
      </div>
      {told && box && (
        <Paper
          className={classes['card']}
          withBorder
          shadow="md"
          p="xs"
          aria-hidden
          style={{
            width: CARD_WIDTH,
            left: Math.max(0, Math.min(width - CARD_WIDTH, labelWidth + Math.max(0, box.x) + 8)),
            top: box.y + box.height + 8,
          }}
        >
          <Text size="sm" fw={600} truncate>
            {told.title}
          </Text>
          <Text size="sm" mb={4}>
            {told.state}
          </Text>
          {told.lines.map(([name, value]) => (
            <div key={name} className={classes['line']}>
              <span>{name}</span>
              <span>{value}</span>
            </div>
          ))}
        </Paper>
      )}
    </Box>
  );
}

function RowName({ row, wall }: { row: Row; wall: boolean }) {
  const href =
    row.scheduleId !== null
      ? `/schedules/${row.scheduleId}`
      : row.taskKey !== null
        ? `/runs?task=${encodeURIComponent(row.taskKey)}`
        : null;
  if (wall || href === null)
    return (
      <Text span inherit truncate title={row.title}>
        {row.title}
      </Text>
    );
  return (
    <Anchor component={Link} href={href} inherit truncate c="inherit" title={row.title}>
      {row.title}
    </Anchor>
  );
}

const keyOrNull = (item: Item | null): string | null => (item === null ? null : keyOf(item));

function find(rows: readonly Row[], key: string): Item | null {
  for (const row of rows) {
    const item = itemsOf(row).find((each) => keyOf(each) === key);
    if (item) return item;
  }
  return null;
}

function boxOf(item: Item, rows: readonly Row[], place: Place) {
  const index = rows.indexOf(item.row);
  return item.kind === 'run' ? barBox(item.bar, index, place) : plannedBox(item.outline, index, place);
}
