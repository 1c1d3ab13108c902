import type { OccurrenceVerdict, RunOrigin, RunState, ScheduleState, TaskState, WorkerState } from '../api/schema.generated.ts';

/** A colour of the theme and the word that is shown: colour alone says nothing to who cannot see it. */
export interface Look {
  color: string;
  word: string;
}

export const RUN_LOOKS: Record<RunState, Look> = {
  SCHEDULED: { color: 'gray', word: 'Scheduled' },
  BUFFERED: { color: 'violet', word: 'Buffered' },
  QUEUED: { color: 'indigo', word: 'Queued' },
  RUNNING: { color: 'blue', word: 'Running' },
  RETRY_WAIT: { color: 'yellow', word: 'Waits to retry' },
  CANCELING: { color: 'orange', word: 'Canceling' },
  SUCCEEDED: { color: 'green', word: 'Succeeded' },
  FAILED: { color: 'red', word: 'Failed' },
  TIMED_OUT: { color: 'red', word: 'Timed out' },
  CANCELED: { color: 'gray', word: 'Canceled' },
};

export const ORIGIN_LOOKS: Record<RunOrigin, Look> = {
  SCHEDULE: { color: 'gray', word: 'Schedule' },
  CATCH_UP: { color: 'orange', word: 'Catch-up' },
  BACKFILL: { color: 'violet', word: 'Backfill' },
  MANUAL: { color: 'blue', word: 'By hand' },
  RETRY: { color: 'yellow', word: 'Retry' },
};

export const SCHEDULE_LOOKS: Record<ScheduleState, Look> = {
  ACTIVE: { color: 'green', word: 'Active' },
  PAUSED: { color: 'yellow', word: 'Paused' },
  COMPLETED: { color: 'gray', word: 'Completed' },
};

export const TASK_LOOKS: Record<TaskState, Look> = {
  IDLE: { color: 'gray', word: 'Idle' },
  RUNNING: { color: 'blue', word: 'Running' },
  UNAVAILABLE: { color: 'orange', word: 'No worker has it' },
};

export const WORKER_LOOKS: Record<WorkerState, Look> = {
  RUNNING: { color: 'green', word: 'Running' },
  DRAINING: { color: 'yellow', word: 'Draining' },
  STOPPED: { color: 'gray', word: 'Stopped' },
  LOST: { color: 'red', word: 'Lost' },
};

export const VERDICT_LOOKS: Record<OccurrenceVerdict, Look> = {
  PLANNED: { color: 'gray', word: 'Planned' },
  FIRED: { color: 'green', word: 'Fired' },
  OVERLAP_SKIPPED: { color: 'yellow', word: 'Skipped: still running' },
  BUFFER_FULL: { color: 'orange', word: 'Skipped: buffer full' },
  MISSED: { color: 'red', word: 'Missed' },
  COALESCED: { color: 'violet', word: 'Coalesced' },
  PAUSED: { color: 'yellow', word: 'Paused' },
  FROZEN: { color: 'cyan', word: 'Frozen' },
  LIMIT_REACHED: { color: 'gray', word: 'Limit reached' },
  SKIPPED_BY_USER: { color: 'gray', word: 'Skipped by hand' },
};

/** States of runs that have not ended. */
export const UNFINISHED: readonly RunState[] = ['SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING'];
