import type { RunError } from './runError.ts';

/** Durations are whole milliseconds. */
export interface RetryPolicy {
  /** 1: at most once. A lost worker has used an attempt. */
  maxAttempts: number;
  initialIntervalMs: number;
  backoffCoefficient: number;
  /** null: capped at MAX_BACKOFF_MS only */
  maxIntervalMs: number | null;
  /** Up to this much is added, at random. */
  jitterMs: number;
  /** Error codes that end the run at once. */
  nonRetryableErrors: string[];
}

/** What a task or a schedule sets for itself; null inherits. */
export interface ExecutionSettings {
  timeoutMs: number | null;
  retry: RetryPolicy | null;
  priority?: number | null;
}

/** What one run follows: resolved when the run is written. */
export interface ExecutionPolicy {
  timeoutMs: number;
  retry: RetryPolicy;
  /** PRIORITIES; higher first among runs that wait for a worker. Absent of runs that were written before there were priorities: 0. */
  priority?: number;
}

const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 3,
  initialIntervalMs: 1_000,
  backoffCoefficient: 2,
  maxIntervalMs: null,
  jitterMs: 0,
  nonRetryableErrors: [],
};
const DEFAULT_TIMEOUT_MS = { HTTP: 30_000, CODE: 15 * 60_000 };
const DEFAULT_PRIORITY = 0;
const MAX_BACKOFF_MS = 24 * 3_600_000;

/** The schedule's settings over the task's over the defaults; a retry policy is taken whole, never mixed field by field. */
export function resolveExecution(
  kind: 'HTTP' | 'CODE',
  task: ExecutionSettings | null,
  schedule: ExecutionSettings | null,
): ExecutionPolicy {
  return {
    timeoutMs: schedule?.timeoutMs ?? task?.timeoutMs ?? DEFAULT_TIMEOUT_MS[kind],
    retry: schedule?.retry ?? task?.retry ?? DEFAULT_RETRY,
    priority: schedule?.priority ?? task?.priority ?? DEFAULT_PRIORITY,
  };
}

/** What becomes of an attempt that did not succeed. `delayMs`: until the next attempt is due. */
export type AttemptVerdict = { state: 'RETRY_WAIT'; delayMs: number } | { state: 'FAILED' | 'TIMED_OUT' };

/**
 * @param attempt  number of the attempt that ended, from 1
 * @param random   in [0, 1), for the jitter
 * @param retryAfterMs  what was called asks to be left alone for so long; no longer than the policy's longest wait
 */
export function afterFailure(
  retry: RetryPolicy,
  attempt: number,
  error: RunError,
  random: number,
  retryAfterMs = 0,
): AttemptVerdict {
  const final = error.code === 'TIMED_OUT' ? 'TIMED_OUT' : 'FAILED';
  if (!error.retryable || attempt >= retry.maxAttempts || retry.nonRetryableErrors.includes(error.code)) return { state: final };
  // The worker is what failed, not the task: waiting would help nobody.
  if (error.code === 'WORKER_LOST' || error.code === 'SHUTDOWN') return { state: 'RETRY_WAIT', delayMs: 0 };
  const grown = retry.initialIntervalMs * retry.backoffCoefficient ** (attempt - 1);
  const capped = Math.min(Math.max(grown, retryAfterMs), retry.maxIntervalMs ?? MAX_BACKOFF_MS, MAX_BACKOFF_MS);
  return { state: 'RETRY_WAIT', delayMs: Math.round(capped + retry.jitterMs * random) };
}
