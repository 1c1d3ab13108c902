import type { Chance } from '../chance.ts';
import type { LogLevel } from '../../src/domain/logLine.ts';
import type { RunError } from '../../src/domain/runError.ts';

/** A line that is said when so much of its part is over: 0 to 1. */
export interface Said {
  share: number;
  level: LogLevel;
  message: string;
  fields?: Record<string, unknown>;
}

/** A stretch of an attempt; with a name it is a step. */
export interface Part {
  step: string | null;
  durationMs: number;
  said: readonly Said[];
  /** Of the step. */
  output?: unknown;
  /** How it ends instead, when it is over. */
  error?: RunError;
}

/** What one attempt does, one part after the other. */
export interface Attempt {
  parts: readonly Part[];
  /** Of the run, when no part fails. */
  output: unknown;
  /** Units of work, counted evenly over the attempt; absent: it says nothing of its progress. */
  progress?: { total: number; unit: string };
}

/**
 * What the attempts of a task look like. The tasks of the demo act it out, and its past is written by it: both look alike.
 * @param chance  seeded by the run and the attempt
 */
export type Work = (chance: Chance, input: Record<string, unknown>) => Attempt;

export const said = (share: number, level: LogLevel, message: string, fields?: Record<string, unknown>): Said => ({
  share,
  level,
  message,
  ...(fields !== undefined && { fields }),
});

/** As the server keeps what a task throws. */
export function taskError(code: string, message: string, retryable = true): RunError {
  return { code, name: 'TaskError', message, retryable };
}
