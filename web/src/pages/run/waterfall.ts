import type { RunState } from '../../api/schema.generated.ts';

/** What the run did in a stretch of time. */
export type Phase =
  /** For its time to come. */
  | 'SCHEDULED'
  /** For its predecessor, or a slot of its task. */
  | 'BUFFERED'
  /** For a worker. */
  | 'QUEUED'
  | 'RUNNING'
  | 'RETRY_WAIT';

/** Epoch milliseconds; `until` is later than `from`, unless both are the same instant of something that took no time. */
export interface Segment {
  phase: Phase;
  from: number;
  until: number;
  /** It goes on: `until` is the present, or what is planned. */
  open: boolean;
  /** Of RUNNING: how it ended, or RUNNING. */
  state: RunState;
}

export interface Row {
  key: string;
  kind: 'attempt' | 'step';
  label: string;
  attempt: number;
  state: RunState;
  segments: Segment[];
}

interface Stretch {
  state: RunState;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface TimelineRun {
  state: RunState;
  createdAt: string;
  effectiveAt: string;
  /** Of the current attempt. */
  queuedAt: string | null;
  finishedAt: string | null;
  attempt: number;
  attempts: readonly (Stretch & { number: number; nextRetryAt: string | null })[];
  steps: readonly (Stretch & { name: string; attempt: number })[];
}

/**
 * The rows of the timeline, from the top: each attempt with what it waited for before and after it, and below it the steps that it did
 * last. Steps that were taken over from another run are of attempt 0, come first and have no segments.
 */
export function rowsOf(run: TimelineRun, now: number): Row[] {
  const end = time(run.finishedAt);
  const rest = end ?? now;
  const attempts = [...run.attempts].sort((a, b) => a.number - b.number);
  const rows: Row[] = run.steps
    .filter((step) => step.attempt === 0 || step.startedAt === null)
    .map((step) => ({ ...stepRow(step), segments: [] }));

  for (let number = 1; number <= Math.max(run.attempt, attempts.length); number += 1) {
    const attempt = attempts.find((each) => each.number === number);
    const before = attempts.find((each) => each.number === number - 1);
    const started = time(attempt?.startedAt ?? null);
    const segments: Segment[] = [];
    const add = (phase: Phase, from: number, until: number, open: boolean, state: RunState = run.state) => {
      if (until > from || open || phase === 'RUNNING') segments.push({ phase, from, until: Math.max(from, until), open, state });
    };

    if (number === 1) waitBefore(run, started, rest, add);
    else if (before) {
      const queued = (number === run.attempt ? time(run.queuedAt) : null) ?? time(before.nextRetryAt) ?? time(before.finishedAt);
      if (queued !== null) add('QUEUED', queued, started ?? rest, started === null && end === null);
    }
    if (attempt && started !== null) {
      const finished = time(attempt.finishedAt);
      add('RUNNING', started, finished ?? rest, finished === null && end === null, attempt.state);
      const retryAt = time(attempt.nextRetryAt);
      const next = attempts.some((each) => each.number > number) || run.attempt > number;
      if (finished !== null && retryAt !== null) {
        if (next) add('RETRY_WAIT', finished, retryAt, false);
        else add('RETRY_WAIT', finished, end === null ? Math.max(retryAt, now) : Math.min(retryAt, end), end === null);
      }
    }
    if (segments.length > 0)
      rows.push({
        key: `attempt ${number}`,
        kind: 'attempt',
        label: `Attempt ${number}`,
        attempt: number,
        state: attempt?.state ?? run.state,
        segments,
      });

    const until = time(attempt?.finishedAt ?? null) ?? end;
    for (const step of run.steps) {
      const from = time(step.startedAt);
      if (step.attempt !== number || from === null) continue;
      const finished = time(step.finishedAt) ?? until;
      const segment: Segment = {
        phase: 'RUNNING',
        from,
        until: Math.max(from, finished ?? now),
        open: finished === null,
        state: step.state,
      };
      rows.push({ ...stepRow(step), segments: [segment] });
    }
  }
  return rows;
}

function waitBefore(
  run: TimelineRun,
  started: number | null,
  rest: number,
  add: (phase: Phase, from: number, until: number, open: boolean) => void,
): void {
  const created = Date.parse(run.createdAt);
  const over = run.finishedAt !== null;
  // Of later attempts it says when these were queued.
  const queued = run.attempt === 1 ? time(run.queuedAt) : created;
  const leaves = queued ?? started ?? rest;
  const due = Math.min(Math.max(created, Date.parse(run.effectiveAt)), leaves);
  const waits = queued === null && started === null && !over;
  add('SCHEDULED', created, due, waits && run.state === 'SCHEDULED');
  add('BUFFERED', due, leaves, waits && run.state === 'BUFFERED');
  if (queued !== null) add('QUEUED', queued, started ?? rest, started === null && !over);
}

function stepRow(step: { name: string; attempt: number; state: RunState }): Omit<Row, 'segments'> {
  return { key: `step ${step.name}`, kind: 'step', label: step.name, attempt: step.attempt, state: step.state };
}

const time = (instant: string | null): number | null => (instant === null ? null : Date.parse(instant));

interface Piece {
  from: number;
  until: number;
  /** Percent of the width. */
  left: number;
  right: number;
  /** Drawn shorter than it was. */
  cut: boolean;
}

export interface Scale {
  from: number;
  until: number;
  /** Percent of the width, 0 to 100. */
  x(at: number): number;
  /** Long waits that are drawn shorter than they were. */
  cuts: { from: number; until: number; left: number; right: number }[];
  ticks: { at: number; left: number }[];
  /** Milliseconds between two ticks. */
  step: number;
}

/** A wait is cut when it is longer than this part of all work. */
const CUT_ABOVE = 1.5;
const CUT_SHARE = 0.12;
const MAX_CUT_SHARE = 0.5;
const TICKS = 5;
/** Percent of the width. */
const TICK_DISTANCE = 14;

/** Time from left to right. Where nothing but waiting went on for long, it is cut short: what was done is what one looks for. */
export function scaleOf(rows: readonly Row[]): Scale {
  const segments = rows.flatMap((row) => row.segments);
  const from = Math.min(...segments.map((segment) => segment.from));
  const until = Math.max(from + 1, ...segments.map((segment) => segment.until));
  const busy = merge(segments.filter((segment) => segment.phase === 'RUNNING'));
  const work = busy.reduce((sum, each) => sum + each.until - each.from, 0);

  const stretches: { from: number; until: number; cut: boolean }[] = [];
  let at = from;
  const wait = (end: number) => {
    if (end > at) stretches.push({ from: at, until: end, cut: busy.length > 0 && end - at > Math.max(1000, work * CUT_ABOVE) });
    at = Math.max(at, end);
  };
  for (const each of busy) {
    wait(each.from);
    if (each.until > each.from) stretches.push({ ...each, cut: false });
    at = each.until;
  }
  wait(until);

  const cutCount = stretches.filter(({ cut }) => cut).length;
  const whole = stretches.reduce((sum, each) => sum + (each.cut ? 0 : each.until - each.from), 0);
  const shareOfCut = whole === 0 ? 1 / cutCount : Math.min(CUT_SHARE, MAX_CUT_SHARE / Math.max(1, cutCount));
  const rest = 100 * (1 - shareOfCut * cutCount);
  let left = 0;
  const pieces: Piece[] = stretches.map((each) => {
    const right = left + (each.cut ? 100 * shareOfCut : (rest * (each.until - each.from)) / whole);
    const piece = { ...each, left, right };
    left = right;
    return piece;
  });

  const x = (instant: number): number => {
    if (instant <= from) return 0;
    const piece = pieces.find((each) => instant <= each.until);
    if (!piece) return 100;
    return piece.left + ((piece.right - piece.left) * (instant - piece.from)) / (piece.until - piece.from);
  };
  const step = niceStep(whole / TICKS);
  return { from, until, x, cuts: pieces.filter(({ cut }) => cut), ticks: ticksOf(pieces, step), step };
}

function merge(segments: readonly Segment[]): { from: number; until: number }[] {
  const merged: { from: number; until: number }[] = [];
  for (const { from, until } of [...segments].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else merged.push({ from, until });
  }
  return merged;
}

function ticksOf(pieces: readonly Piece[], step: number): Scale['ticks'] {
  const ticks: Scale['ticks'] = [];
  for (const { from, until, left, right, cut } of pieces) {
    if (cut) continue;
    for (let at = Math.ceil(from / step) * step; at <= until; at += step) {
      const place = left + ((right - left) * (at - from)) / (until - from);
      if (place - (ticks.at(-1)?.left ?? -Infinity) >= TICK_DISTANCE && place <= 96) ticks.push({ at, left: place });
    }
  }
  return ticks;
}

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, S, 2 * S, 5 * S, 10 * S, 15 * S, 30 * S, M, 2 * M, 5 * M, 10 * M, 15 * M, 30 * M, H, 2 * H, 3 * H, 6 * H,
  12 * H, D, 2 * D, 7 * D, 30 * D, 365 * D,
]; // prettier-ignore

/** The least round stretch of time that is no shorter, in milliseconds. */
export function niceStep(ms: number): number {
  return STEPS.find((step) => step >= ms) ?? (STEPS.at(-1) as number);
}
