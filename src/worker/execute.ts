import type { Clock } from '../clock.ts';
import type { RunError } from '../domain/runError.ts';
import type { TaskOutcome } from '../task/kinds/http.ts';

/** Why an attempt is told to stop. */
interface StopReason {
  code: 'TIMED_OUT' | 'CANCELED' | 'LEASE_LOST' | 'SHUTDOWN';
  message: string;
}

/**
 * Runs one attempt under its time limit. The limit and every abort end it here even when the task does not listen to its signal:
 * what the task still does after that can no longer be recorded.
 */
export async function execute(run: () => Promise<TaskOutcome>, timeoutMs: number, abort: AbortController, clock: Clock): Promise<TaskOutcome> {
  const message = `no result within ${timeoutMs / 1_000} s`;
  const cancelTimeout = clock.after(timeoutMs, () => abort.abort({ code: 'TIMED_OUT', message } satisfies StopReason));
  const stopped = new Promise<TaskOutcome>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve({ ok: false, error: stopError(abort.signal.reason as StopReason) }), { once: true });
  });
  try {
    return await Promise.race([run(), stopped]);
  } catch (error) {
    return { ok: false, error: thrown(error) };
  } finally {
    cancelTimeout();
  }
}

function stopError({ code, message }: StopReason): RunError {
  return { code, name: 'Stopped', message, retryable: code === 'TIMED_OUT' || code === 'SHUTDOWN' };
}

function thrown(error: unknown): RunError {
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: 'TASK_FAILED', name: known.name, message: known.message, ...(known.stack && { stack: known.stack }), retryable: true };
}
