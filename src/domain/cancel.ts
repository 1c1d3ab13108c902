import type { HELD_STATES, RunState } from './runState.ts';

/** How long an attempt may ignore that it is to end: then its lease is taken away, and its run goes on without it. */
export const STOP_GRACE_MS = 10_000;

/**
 * @param force  takes an attempt away from its worker without waiting for it
 * @returns the state of a run after somebody has canceled it: what no worker holds is CANCELED at once, what a worker holds is
 *          CANCELING until its attempt has ended; null when it has ended, for then there is nothing left to cancel
 */
export function afterCancel(state: RunState, force = false): 'CANCELED' | 'CANCELING' | null {
  switch (state) {
    case 'SCHEDULED':
    case 'BUFFERED':
    case 'QUEUED':
    case 'RETRY_WAIT':
      return 'CANCELED';
    case 'RUNNING':
    case 'CANCELING':
      return force ? 'CANCELED' : 'CANCELING';
    case 'SUCCEEDED':
    case 'FAILED':
    case 'TIMED_OUT':
    case 'CANCELED':
      return null;
    default:
      return state satisfies never;
  }
}

/** What an attempt ends with, as the worker or the reaper sees it. */
export const ATTEMPT_RESULTS = [
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'RETRY_WAIT',
  'CANCELED',
] as const satisfies readonly RunState[];
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/**
 * The state of a run whose attempt has ended. A success that came before the abort stays one; every other end of a run that is
 * being canceled is CANCELED, whatever ended it, for a cancel must not be followed by another attempt.
 */
export function afterAttempt(held: (typeof HELD_STATES)[number], result: AttemptResult): AttemptResult {
  return held === 'CANCELING' && result !== 'SUCCEEDED' ? 'CANCELED' : result;
}
