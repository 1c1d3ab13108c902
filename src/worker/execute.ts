import type { Clock } from '../clock.ts';
import type { RunError } from '../domain/runError.ts';
import { storableText } from '../domain/storableJson.ts';
import { invalidOutput } from '../task/outcome.ts';
import type { TaskOutcome } from '../task/outcome.ts';
import { packError } from '../task/threadMessages.ts';

/** Why an attempt is told to stop. */
export interface StopReason {
  code: 'TIMED_OUT' | 'CANCELED' | 'LEASE_LOST' | 'SHUTDOWN';
  message: string;
}

export const LEASE_LOST: StopReason = { code: 'LEASE_LOST', message: 'this attempt was given to another worker' };

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
  const error = invalidOutput(outcome.output);
  return error === null ? outcome : { ok: false, error };
}

function stopError({ code, message }: StopReason): RunError {
  return { code, name: 'Stopped', message, retryable: code === 'TIMED_OUT' || code === 'SHUTDOWN' };
}

/** A task says by TaskError how it failed; everything else that it throws is a fault that another attempt may not meet. Never throws. */
export function thrownError(error: unknown): RunError {
  const { name, message, stack, said } = packError(error);
  const { code, retryable } = said ?? { code: 'TASK_FAILED', retryable: true };
  return {
    code: storableText(code),
    name: storableText(name),
    message: storableText(message),
    ...(stack !== undefined && { stack: storableText(stack) }),
    retryable,
  };
}
