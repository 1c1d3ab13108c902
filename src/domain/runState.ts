/**
 * The states of a run and the only ways between them. Guards every UPDATE that changes a state (store/runs.ts asserts that its
 * statements keep to it), documents the enum of the API and draws the diagram of docs/architecture.md.
 */
export const RUN_TRANSITIONS = {
  SCHEDULED: ['QUEUED', 'CANCELED'],
  BUFFERED: ['QUEUED', 'CANCELED'],
  QUEUED: ['RUNNING', 'CANCELED'],
  RUNNING: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'RETRY_WAIT', 'CANCELING', 'CANCELED'],
  RETRY_WAIT: ['QUEUED', 'CANCELED'],
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

/** Whether a state ends its run. */
export function isFinal(state: RunState): boolean {
  return RUN_TRANSITIONS[state].length === 0;
}
