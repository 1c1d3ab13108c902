import { DEFAULT_BUFFER_LIMIT } from './overlap.ts';
import type { OverlapPolicy } from './overlap.ts';
import type { RunError } from './runError.ts';
import type { RunState } from './runState.ts';

/** A run that was asked for to run later, and is due. */
export interface DelayedRun {
  id: string;
  taskId: string;
  overlapPolicy: OverlapPolicy;
  /** Its task has a limit of runs at once: it may have to wait for a slot. */
  limited: boolean;
}
/** A run that has begun to count for overlap. */
export interface RunInTheWay {
  id: string;
  state: RunState;
  /** How many runs wait until nothing of the task is under way. */
  buffered: number;
}
/** BUFFERED: until nothing of its task is under way, or only until the task has a slot. It may be let go at once. */
export type Promotion =
  | { id: string; state: 'QUEUED' }
  | { id: string; state: 'BUFFERED'; waitsFor: 'TASK' | 'SLOT' }
  | { id: string; state: 'CANCELED'; error: RunError };

/**
 * Decides, in order, what becomes of runs whose time has come. Overlap is looked at only now: what was under way when somebody asked
 * says nothing about it. As with triggerTask at once any run of the task counts; nobody is there to be refused, so what would be
 * ends here. What CANCEL_OTHER and TERMINATE_OTHER take the place of has been told to end before.
 * @param active  by task: a run of it that has not ended and does not wait for its own time
 */
export function promoteDelayed(due: readonly DelayedRun[], active: ReadonlyMap<string, RunInTheWay>): Promotion[] {
  const taken = new Map(active);
  return due.map((run) => {
    const other = taken.get(run.taskId);
    const promotion = promote(run, other);
    if (promotion.state !== 'CANCELED') {
      const waits = promotion.state === 'BUFFERED' && promotion.waitsFor === 'TASK' ? 1 : 0;
      const { id, state, buffered } = other ?? { id: run.id, state: promotion.state, buffered: 0 };
      taken.set(run.taskId, { id, state, buffered: buffered + waits });
    }
    return promotion;
  });
}

function promote({ id, overlapPolicy, limited }: DelayedRun, other: RunInTheWay | undefined): Promotion {
  if (other === undefined || overlapPolicy === 'ALLOW_ALL') {
    if (!limited) return { id, state: 'QUEUED' };
    return { id, state: 'BUFFERED', waitsFor: overlapPolicy === 'ALLOW_ALL' ? 'SLOT' : 'TASK' };
  }
  if (overlapPolicy === 'SKIP') return { id, state: 'CANCELED', error: skipped(other) };
  const limit = { BUFFER_ONE: 1, BUFFER_ALL: DEFAULT_BUFFER_LIMIT, CANCEL_OTHER: Infinity, TERMINATE_OTHER: Infinity }[
    overlapPolicy
  ];
  if (other.buffered >= limit) return { id, state: 'CANCELED', error: noRoom(overlapPolicy, limit) };
  return { id, state: 'BUFFERED', waitsFor: 'TASK' };
}

function skipped({ id, state }: RunInTheWay): RunError {
  const message = `another run of the task was under way when this one was due: run ${id} was ${state}; overlap policy SKIP`;
  return { code: 'OVERLAP_SKIPPED', name: 'OverlapSkipped', message, retryable: false };
}

function noRoom(overlapPolicy: OverlapPolicy, limit: number): RunError {
  const message = `the buffer of the task was full when this one was due: ${limit} waited; overlap policy ${overlapPolicy}`;
  return { code: 'BUFFER_FULL', name: 'BufferFull', message, retryable: false };
}
