import { inspect } from 'node:util';
import type { Clock } from '../clock.ts';
import type { RunError } from '../domain/runError.ts';
import { outputFault, storableText } from '../domain/storableJson.ts';
import type { TaskError } from '../task/defineTask.ts';
import type { TaskOutcome } from '../task/outcome.ts';

/** Why an attempt is told to stop. */
export interface StopReason {
  code: 'TIMED_OUT' | 'CANCELED' | 'LEASE_LOST' | 'SHUTDOWN';
  message: string;
}

/**
 * Runs one attempt under its time limit. The limit and every abort end it here even when the task does not listen to its signal:
 * what the task still does after that can no longer be recorded.
 */
export async function execute(
  run: () => Promise<TaskOutcome>,
  timeoutMs: number,
  abort: AbortController,
  clock: Clock,
): Promise<TaskOutcome> {
  const message = `no result within ${timeoutMs / 1_000} s`;
  const cancelTimeout = clock.after(timeoutMs, () => abort.abort({ code: 'TIMED_OUT', message } satisfies StopReason));
  const stopped = new Promise<TaskOutcome>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve({ ok: false, error: stopError(abort.signal.reason as StopReason) }), {
      once: true,
    });
  });
  try {
    return storable(await Promise.race([run(), stopped]));
  } catch (error) {
    return { ok: false, error: thrownError(error) };
  } finally {
    cancelTimeout();
  }
}

/** An outcome that the database cannot hold would be refused for ever, and others of its batch with it. */
function storable(outcome: TaskOutcome): TaskOutcome {
  if (!outcome.ok) return { ...outcome, error: { ...outcome.error, message: storableText(outcome.error.message) } };
  const message = outputFault(outcome.output);
  if (message === null) return outcome;
  return { ok: false, error: { code: 'INVALID_OUTPUT', name: 'InvalidOutput', message, retryable: false } };
}

function stopError({ code, message }: StopReason): RunError {
  return { code, name: 'Stopped', message, retryable: code === 'TIMED_OUT' || code === 'SHUTDOWN' };
}

/** A task says by TaskError how it failed; everything else that it throws is a fault that another attempt may not meet. */
export function thrownError(error: unknown): RunError {
  const said = isTaskError(error) ? { code: storableText(error.code), retryable: error.retryable } : null;
  const known = error instanceof Error ? error : new Error(textOf(error));
  const stack = known.stack === undefined ? {} : { stack: textOf(known.stack) };
  const { code, retryable } = said ?? { code: 'TASK_FAILED', retryable: true };
  return { code, name: textOf(known.name), message: textOf(known.message), ...stack, retryable };
}

/** By its name: a task may lie in a package with a copy of TaskError of its own. */
function isTaskError(error: unknown): error is TaskError {
  return error instanceof Error && error.name === 'TaskError' && 'code' in error && typeof error.code === 'string';
}

/** A task may throw anything, and its errors may carry anything: even an object that has no text. */
function textOf(value: unknown): string {
  return storableText(typeof value === 'string' ? value : inspect(value));
}
