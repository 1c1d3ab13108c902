/**
 * The states of a run and the only ways between them. The lists below, which guard the UPDATEs of store/runs.ts, and the events
 * that these leave are tested against it; it also documents the enum of the API.
 */
export const RUN_TRANSITIONS = {
  // FAILED of what no worker has begun: the one worker that a run of scope LOCAL was for is gone.
  SCHEDULED: ['QUEUED', 'CANCELED', 'FAILED'],
  BUFFERED: ['QUEUED', 'CANCELED', 'FAILED'],
  QUEUED: ['RUNNING', 'CANCELED', 'FAILED'],
  RUNNING: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'RETRY_WAIT', 'CANCELING', 'CANCELED'],
  RETRY_WAIT: ['QUEUED', 'CANCELED', 'FAILED'],
  CANCELING: ['CANCELED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT'],
  SUCCEEDED: [],
  FAILED: [],
  TIMED_OUT: [],
  CANCELED: [],
} as const satisfies Record<string, readonly string[]>;

export type RunState = keyof typeof RUN_TRANSITIONS;
export type RunOrigin = 'SCHEDULE' | 'CATCH_UP' | 'BACKFILL' | 'MANUAL' | 'RETRY';

/** States that count for overlap: the run holds its schedule's place. BUFFERED waits for that place and does not hold it. */
export const ACTIVE_STATES = ['QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING'] as const satisfies readonly RunState[];
/** What a newer run may run into: under way, or waiting for that. What waits for its own time is not in the way. */
export const IN_THE_WAY_STATES = ['BUFFERED', ...ACTIVE_STATES] as const satisfies readonly RunState[];
/** A worker holds the run by a lease. */
export const HELD_STATES = ['RUNNING', 'CANCELING'] as const satisfies readonly RunState[];
/** No worker has begun: what a deleted schedule takes with it. */
export const WAITING_STATES = ['SCHEDULED', 'BUFFERED', 'QUEUED'] as const satisfies readonly RunState[];
/** Whether a run has ended: nothing follows. */
export function isOver(state: RunState): boolean {
  return RUN_TRANSITIONS[state].length === 0;
}
/** All that have not ended. */
export const UNFINISHED_STATES = ['SCHEDULED', ...IN_THE_WAY_STATES] as const satisfies readonly RunState[];
