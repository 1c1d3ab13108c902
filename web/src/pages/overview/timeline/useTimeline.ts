import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useSession } from '../../../api/session.tsx';
import { Camera } from './camera.ts';
import { TimelineFeed } from './feed.ts';
import type { FeedState } from './feed.ts';
import { layoutRows } from './layout.ts';
import type { Grouping, Row } from './layout.ts';
import type { RangeName } from './view.ts';

/** Rows are laid out anew when something has changed, and so often, in milliseconds, while time passes. */
const PASSING_MS = 5000;
const MOVED_MS = 120;
/** A planned fire gives way to its run; that may take so long. */
const GRACE_MS = 1500;

export interface TimelineState {
  camera: Camera;
  feed: FeedState;
  rows: readonly Row[];
  now(): number;
}

export function useTimeline(range: RangeName, grouping: Grouping): TimelineState {
  const { live, clockOffset } = useSession();
  const [{ camera, now }] = useState(() => {
    const clock = () => Date.now() + clockOffset;
    return { camera: new Camera(clock, range), now: clock };
  });
  const [feed, setFeed] = useState(() => new TimelineFeed(live, now, camera.view));
  const [beat, setBeat] = useState(0);

  // The address may change while the page stays.
  useEffect(() => {
    if (camera.range !== range) camera.follow(range);
  }, [camera, range]);

  useEffect(() => {
    const begun = new TimelineFeed(live, now, camera.view);
    setFeed(begun);
    return begun.start();
  }, [live, now, camera]);

  useEffect(() => {
    let moved: ReturnType<typeof setTimeout> | null = null;
    const lookAgain = () => {
      moved = null;
      feed.look(camera.view);
      setBeat((count) => count + 1);
    };
    const passing = setInterval(() => {
      if (!document.hidden) lookAgain();
    }, PASSING_MS);
    const stop = camera.onMove(() => {
      moved ??= setTimeout(lookAgain, MOVED_MS);
    });
    return () => {
      clearInterval(passing);
      stop();
      if (moved !== null) clearTimeout(moved);
    };
  }, [camera, feed]);

  const state = useSyncExternalStore(
    (listener) => feed.onChange(listener),
    () => feed.state,
  );
  const rows = useMemo(() => {
    const at = now();
    const { from, until } = camera.view;
    const margin = (until - from) / 8;
    const coming = state.planned.filter(({ dueAt }) => dueAt > at - GRACE_MS);
    const shown = { from: from - margin, until: until + margin };
    return layoutRows(state.book.runs.values(), coming, grouping, state.names, at, shown);
    // beat: time has passed, or the camera has moved.
  }, [state, grouping, camera, now, beat]);
  return { camera, feed: state, rows, now };
}
