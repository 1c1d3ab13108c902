import { RUN_TRANSITIONS } from './runState.ts';
import type { RunState } from './runState.ts';

/** Runs of a stretch of time, counted and measured. Percentiles are in milliseconds, interpolated; null when nothing was measured. */
export interface RunStats {
  total: number;
  /** Every state, in the order of runState.ts. */
  byState: { state: RunState; count: number }[];
  /** Of the runs that ended by themselves, from 0 to 1; null when none did. */
  successRate: number | null;
  latenessP50Ms: number | null;
  latenessP95Ms: number | null;
  latenessP99Ms: number | null;
  durationP50Ms: number | null;
  durationP95Ms: number | null;
}

export const RUN_STATES = Object.keys(RUN_TRANSITIONS) as RunState[];
/** Ended by themselves: what was canceled says nothing of the task, and when it was canceled nothing of how long it takes. */
export const JUDGED_STATES = ['SUCCEEDED', 'FAILED', 'TIMED_OUT'] as const satisfies readonly RunState[];

/** Which percentiles are asked for; the arrays below have their order. */
export const LATENESS_SHARES = [0.5, 0.95, 0.99] as const;
export const DURATION_SHARES = [0.5, 0.95] as const;

/** @param counts  by state; one that is absent has none */
export function summarizeRuns(
  counts: Readonly<Partial<Record<RunState, number>>>,
  lateness: readonly (number | null)[] | null,
  durations: readonly (number | null)[] | null,
): RunStats {
  const of = (state: RunState) => counts[state] ?? 0;
  const sum = (states: readonly RunState[]) => states.reduce((total, state) => total + of(state), 0);
  const judged = sum(JUDGED_STATES);
  return {
    total: sum(RUN_STATES),
    byState: RUN_STATES.map((state) => ({ state, count: of(state) })),
    successRate: judged === 0 ? null : of('SUCCEEDED') / judged,
    latenessP50Ms: measuredAs(lateness?.[0]),
    latenessP95Ms: measuredAs(lateness?.[1]),
    latenessP99Ms: measuredAs(lateness?.[2]),
    durationP50Ms: measuredAs(durations?.[0]),
    durationP95Ms: measuredAs(durations?.[1]),
  };
}

function measuredAs(ms: number | null | undefined): number | null {
  return ms == null ? null : microseconds(ms);
}

/** Where there are none. */
export const NO_RUNS: RunStats = summarizeRuns({}, null, null);

/** A percentile lies between two figures; what is behind the microseconds is no measurement. */
export function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
