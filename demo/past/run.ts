import type { Part } from '../works/work.ts';
import type { ExecutionPolicy } from '../../src/domain/execution.ts';
import type { RunError } from '../../src/domain/runError.ts';
import type { RunOrigin } from '../../src/domain/runState.ts';
import type { Actor } from '../../src/store/actor.ts';

/** An attempt that is over. Instants are epoch ms. */
export interface PastAttempt {
  number: number;
  state: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED';
  workerId: string;
  queuedAt: number;
  startedAt: number;
  finishedAt: number;
  error: RunError | null;
  /** When the next one is due. */
  nextRetryAt: number | null;
  /** What it did of its parts, cut where it ended. */
  parts: readonly { part: Part; from: number; until: number; cut: boolean }[];
}

/** A run of the past; one that nobody took is QUEUED, and all others have ended. */
export interface PastRun {
  /** Given when it is written. */
  id: string | null;
  owner: Owner;
  state: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'QUEUED';
  origin: RunOrigin;
  scheduledFor: number;
  effectiveAt: number;
  createdAt: number;
  /** From when on it could run: later than createdAt when it had to wait for another one. */
  releasedAt: number;
  attempts: PastAttempt[];
  output: unknown;
  error: RunError | null;
  progress: { total: number; unit: string } | null;
  localWorkerId: string | null;
  requestedBy?: Actor;
  reason?: string;
  retryOf?: PastRun;
  backfillId?: string;
}

/** What all runs of one version of a schedule have in common. */
export interface Owner {
  scheduleId: string;
  scheduleName: string;
  scheduleVersion: number;
  taskId: string;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  labels: Record<string, string>;
}

/** When it holds its schedule's place no longer; never while it is queued. */
export function endOf({ state, attempts }: PastRun): number {
  return state === 'QUEUED' ? Infinity : (attempts.at(-1)?.finishedAt ?? 0);
}
