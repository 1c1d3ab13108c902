import type { RunError } from '../domain/runError.ts';

/** What became of one attempt. `retryAfterMs`: what was called asks not to be called again earlier. */
export type TaskOutcome = { ok: true; output: unknown } | { ok: false; error: RunError; retryAfterMs?: number };
