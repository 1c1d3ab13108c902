import type { RunError } from '../domain/runError.ts';
import { outputFault } from '../domain/storableJson.ts';

/** What became of one attempt. `retryAfterMs`: what was called asks not to be called again earlier. */
export type TaskOutcome = { ok: true; output: unknown } | { ok: false; error: RunError; retryAfterMs?: number };

/** Why a task's output cannot be kept, as the failure that it is; null when it can. Another attempt would bring the same. */
export function invalidOutput(output: unknown): RunError | null {
  const message = outputFault(output);
  return message === null ? null : { code: 'INVALID_OUTPUT', name: 'InvalidOutput', message, retryable: false };
}
