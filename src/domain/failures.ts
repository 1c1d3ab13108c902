import type { RunState } from './runState.ts';

/**
 * A schedule's count of runs that failed since the last one that succeeded, after further runs have ended.
 * @param ends  in the order in which they ended; what is canceled, or will be tried again, says nothing of the schedule
 */
export function countFailures(before: number, ends: readonly RunState[]): number {
  return ends.reduce((count, end) => (end === 'SUCCEEDED' ? 0 : isFailure(end) ? count + 1 : count), before);
}

export function isFailure(end: RunState): boolean {
  return end === 'FAILED' || end === 'TIMED_OUT';
}
