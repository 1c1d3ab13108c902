import type { OverlapPolicy } from './overlap.ts';
import type { RunError } from './runError.ts';
import type { RunState } from './runState.ts';

/** A run that was asked for to run later, and is due. */
export interface DelayedRun {
  id: string;
  taskId: string;
  overlapPolicy: OverlapPolicy;
}
/** A run that has begun to count for overlap. */
export interface RunInTheWay {
  id: string;
  state: RunState;
}
export type Promotion = { id: string; state: 'QUEUED' } | { id: string; state: 'CANCELED'; error: RunError };

/**
 * Decides, in order, what becomes of runs whose time has come. Overlap is looked at only now: what was under way when somebody asked
 * says nothing about it. As triggerTask at once, SKIP looks at any run of the task; nobody is there to be refused, so the run ends here.
 * @param active  by task: a run of it that has not ended and does not wait for its own time
 */
export function promoteDelayed(due: readonly DelayedRun[], active: ReadonlyMap<string, RunInTheWay>): Promotion[] {
  const taken = new Map(active);
  return due.map(({ id, taskId, overlapPolicy }) => {
    const other = taken.get(taskId);
    if (overlapPolicy === 'SKIP' && other !== undefined) return { id, state: 'CANCELED', error: skipped(other) };
    if (other === undefined) taken.set(taskId, { id, state: 'QUEUED' });
    return { id, state: 'QUEUED' };
  });
}

function skipped({ id, state }: RunInTheWay): RunError {
  const message = `another run of the task was under way when this one was due: run ${id} was ${state}; overlap policy SKIP`;
  return { code: 'OVERLAP_SKIPPED', name: 'OverlapSkipped', message, retryable: false };
}
