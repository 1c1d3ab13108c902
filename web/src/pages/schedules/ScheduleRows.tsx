import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import type { Ref } from 'react';
import { describeTimes } from './light.tsx';
import { ScheduleRow } from './ScheduleRow.tsx';
import type { RowActions } from './ScheduleRow.tsx';
import { isSelected } from './selection.ts';
import type { Selection } from './selection.ts';
import type { Row } from './source.ts';
import type { ScheduleList } from './useScheduleList.ts';
import styles from './schedules.module.css';

/** In rem: all rows are equally high, so that the scroll bar is right before any of them is read. */
const ROW_HEIGHT = 3.25;
const CARD_HEIGHT = 8.6;
/** Rows that are shown as bones until it is known how many there are. */
const BONES = 12;
/** Drawn above and below what is in view. */
const OVERSCAN = 8;
/** The header of the shell, and in the table the status line and the names of the columns: rows do not stop below them. */
const COVERED = { card: 110, row: 150 };

/** What the keyboard does with the rows. */
export interface RowsHandle {
  move(by: number): void;
  current(): { row: Row; index: number } | null;
  toTop(): void;
}

interface ScheduleRowsProps {
  ref: Ref<RowsHandle>;
  scheduleList: ScheduleList;
  card: boolean;
  selection: Selection;
  /** Of which schedule the menu is open. */
  menu: string | null;
  actions: RowActions;
  /** What is in view has moved by so many places, because others came or went before it. */
  onMoved(moved: number): void;
}

/** The rows in view, and as much empty space as the others take. */
export function ScheduleRows({ ref, scheduleList, card, selection, menu, actions, onMoved }: ScheduleRowsProps) {
  const { list, sparks, waits, look } = scheduleList;
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef(0);
  const [margin, setMargin] = useState(0);
  const [current, setCurrent] = useState<number | null>(null);
  const height = Math.round((card ? CARD_HEIGHT : ROW_HEIGHT) * remPx());
  const count = list.total ?? BONES;

  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: card ? COVERED.card : COVERED.row,
    scrollPaddingEnd: 16,
    useFlushSync: false,
  });

  // Rows lie where the box begins, whatever stands above it.
  useLayoutEffect(() => {
    const top = (box.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(top - margin) >= 1) setMargin(top);
  });
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, height]);

  // Rows that have come or gone before those in view do not push them away.
  useLayoutEffect(() => {
    const moved = list.takeMoved();
    if (moved === 0) return;
    window.scrollBy({ top: moved * height, behavior: 'instant' });
    setCurrent((before) => (before === null ? null : Math.max(0, before + moved)));
    onMoved(moved);
  });

  const { startIndex = 0, endIndex = BONES } = virtualizer.range ?? {};
  const known = list.total !== null;
  const version = list.version;
  useEffect(() => {
    if (known) look(startIndex, endIndex);
    // With each version of the list: ids of rows that were bones before are in view then.
  }, [list, known, version, startIndex, endIndex]);

  /** Once it is drawn, and unless another key has gone on by then: a focus that comes late would lead back. */
  const focusRow = (index: number) => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      frame.current = requestAnimationFrame(() => {
        box.current?.querySelector<HTMLElement>(`[data-index="${index}"] [data-name]`)?.focus({ preventScroll: true });
      });
    });
  };

  useImperativeHandle(ref, () => ({
    move(by) {
      // The first key goes to the first row in view.
      const begin = by > 0 ? startIndex - 1 : endIndex + 1;
      const next = Math.min(count - 1, Math.max(0, (inView(current, startIndex, endIndex) ?? begin) + by));
      if (count === 0) return;
      setCurrent(next);
      virtualizer.scrollToIndex(next, { align: 'auto' });
      focusRow(next);
    },
    current() {
      const row = current === null ? undefined : list.row(current);
      return row && current !== null ? { row, index: current } : null;
    },
    toTop() {
      setCurrent(null);
      if (window.scrollY > margin) window.scrollTo({ top: 0, behavior: 'instant' });
    },
  }));

  return (
    <div
      ref={box}
      role="rowgroup"
      className={`${styles['rows']} ${waits ? styles['waits'] : ''}`}
      style={{ height: virtualizer.getTotalSize() }}
      onPointerOver={describeTimes}
      onFocus={(event) => {
        const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
        if (row) setCurrent(Number(row.dataset['index']));
      }}
    >
      {virtualizer.getVirtualItems().map(({ index, start }) => {
        const row = known ? list.row(index) : undefined;
        return (
          <ScheduleRow
            key={index}
            index={index}
            row={row}
            card={card}
            selected={row !== undefined && isSelected(selection, row.id)}
            current={index === current}
            menu={row !== undefined && row.id === menu}
            top={start - margin}
            height={height}
            sparks={sparks}
            actions={actions}
          />
        );
      })}
    </div>
  );
}

/** A row far out of view, by hand or by a filter, is not where the keyboard goes on. */
function inView(index: number | null, from: number, to: number): number | null {
  return index !== null && index >= from - 1 && index <= to + 1 ? index : null;
}

/** Pixels of one rem: rows grow with the letters that the browser is set to. */
function remPx(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
