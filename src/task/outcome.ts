import type { RunError } from '../domain/runError.ts';

/** What became of one attempt. */
export type TaskOutcome = { ok: true; output: unknown } | { ok: false; error: RunError };
