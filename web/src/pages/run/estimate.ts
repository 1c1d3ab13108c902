/** How long an attempt that runs has still to go, as far as one can tell. Milliseconds. */
export type Estimate =
  /** By the pace at which its progress has grown since it started. */
  | { from: 'progress'; remainingMs: number }
  /** By what such runs usually take. */
  | { from: 'median'; remainingMs: number; medianMs: number }
  /** It has taken longer than such runs usually do. */
  | { from: 'overdue'; overMs: number; medianMs: number };

interface Running {
  /** Epoch milliseconds. */
  startedAt: number;
  progress: { done: number; total: number | null; updatedAt: number } | null;
  /** Of runs of the same kind that succeeded; null: too few. */
  medianMs: number | null;
}

/** Before this much of the work is done its pace says little. */
const LEAST_SHARE = 0.02;
const LEAST_MS = 1000;

/** @returns null when nothing tells */
export function estimate({ startedAt, progress, medianMs }: Running, now: number): Estimate | null {
  if (progress !== null && progress.total !== null && progress.total > 0) {
    const share = Math.min(1, progress.done / progress.total);
    const took = progress.updatedAt - startedAt;
    if (share >= LEAST_SHARE && took >= LEAST_MS) {
      const remaining = (took / share) * (1 - share) - Math.max(0, now - progress.updatedAt);
      return { from: 'progress', remainingMs: Math.max(0, remaining) };
    }
  }
  if (medianMs === null) return null;
  const remaining = medianMs - (now - startedAt);
  if (remaining >= 0) return { from: 'median', remainingMs: remaining, medianMs };
  return { from: 'overdue', overMs: -remaining, medianMs };
}

/** So coarse that it does not flicker: to 5 s below a minute, to 10 s below ten, else to a minute. Whole milliseconds. */
export function coarse(ms: number): number {
  const grain = ms < 10_000 ? 1000 : ms < 60_000 ? 5000 : ms < 600_000 ? 10_000 : 60_000;
  return Math.max(1000, Math.round(ms / grain) * grain);
}
