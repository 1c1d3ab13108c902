import type { RunState } from '../../../api/schema.generated.ts';

/** What a timeline knows of a run. Instants are epoch milliseconds. */
export interface TimelineRun {
  id: string;
  taskKey: string;
  scheduleId: string | null;
  state: RunState;
  /** When it was due; of a run that only events have told of, when they first did. */
  dueAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  latenessMs: number | null;
}

/** What an event tells of a run. */
export interface RunChange {
  id: string;
  kind: 'CREATED' | 'UPDATED' | 'DELETED';
  at: number;
  state: RunState;
  previousState: RunState | null;
  taskKey: string;
  scheduleId: string | null;
}

/** What is read of a run after an event. */
export type RunTimes = Pick<TimelineRun, 'id' | 'state' | 'dueAt' | 'startedAt' | 'finishedAt' | 'latenessMs'>;

const ENDED: ReadonlySet<RunState> = new Set(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED']);
const UNDER_WAY: ReadonlySet<RunState> = new Set(['RUNNING', 'CANCELING']);
const hasEnded = (state: RunState): boolean => ENDED.has(state);
export const isUnderWay = (state: RunState): boolean => UNDER_WAY.has(state);

/**
 * The runs of a timeline, kept current by events alone: they say what has become of a run and when, so that five hundred of them
 * in a second cost no question. What they do not say (when it was due, its lateness) is asked for later, for many at once: `takeStale`.
 */
export class RunBook {
  readonly runs = new Map<string, TimelineRun>();
  /** Told of by events only; the newest last. */
  readonly #stale = new Set<string>();
  readonly #most: number;
  readonly #mostStale: number;
  /** Runs that ended before it may be missing: there were too many. */
  completeFrom = -Infinity;

  /** @param most  runs that are kept; the ones that ended first go first */
  constructor(most = 4000, mostStale = 1000) {
    this.#most = most;
    this.#mostStale = mostStale;
  }

  /** Takes in what a list answered. What an event has told meanwhile is not taken back. */
  put(runs: readonly TimelineRun[]): void {
    for (const run of runs) {
      const known = this.runs.get(run.id);
      if (known && hasEnded(known.state) && !hasEnded(run.state)) continue;
      this.runs.set(run.id, run);
      this.#stale.delete(run.id);
    }
    this.#prune();
  }

  apply(change: RunChange): void {
    const { id, at, state, taskKey, scheduleId } = change;
    if (change.kind === 'DELETED') {
      this.runs.delete(id);
      this.#stale.delete(id);
      return;
    }
    const known = this.runs.get(id);
    const run: TimelineRun = known ?? {
      id,
      taskKey,
      scheduleId,
      state,
      dueAt: at,
      startedAt: null,
      finishedAt: null,
      latenessMs: null,
    };
    if (known && hasEnded(known.state)) return;
    const from = known?.state ?? change.previousState;
    const began = isUnderWay(state) && (from === null || !isUnderWay(from));
    // A short run may be told of only when it has ended; one that was canceled while it waited has never begun.
    const passed = hasEnded(state) && run.startedAt === null && state !== 'CANCELED';
    const startedAt = began || passed ? at : run.startedAt;
    // A new object: layouts compare by identity.
    this.runs.set(id, { ...run, state, startedAt, finishedAt: hasEnded(state) ? at : null });
    this.#stale.delete(id);
    this.#stale.add(id);
    if (this.#stale.size > this.#mostStale) this.#stale.delete(this.#stale.values().next().value as string);
    this.#prune();
  }

  /** Takes in what was read of runs that events had told of. */
  correct(times: readonly RunTimes[]): void {
    for (const each of times) {
      const known = this.runs.get(each.id);
      if (!known || (hasEnded(known.state) && !hasEnded(each.state))) continue;
      this.runs.set(each.id, { ...known, ...each });
    }
  }

  /** The newest of those to be read, taken off the list. */
  takeStale(most: number): string[] {
    const ids = [...this.#stale].slice(-most);
    for (const id of ids) this.#stale.delete(id);
    return ids;
  }

  clear(): void {
    this.runs.clear();
    this.#stale.clear();
    this.completeFrom = -Infinity;
  }

  #prune(): void {
    // In one go for many: each costs a sort.
    if (this.runs.size <= this.#most * 1.1) return;
    const ended = [...this.runs.values()].filter((run) => run.finishedAt !== null);
    ended.sort((a, b) => (a.finishedAt as number) - (b.finishedAt as number));
    const last = ended.slice(0, this.runs.size - this.#most);
    for (const { id, finishedAt } of last) {
      this.runs.delete(id);
      this.#stale.delete(id);
      this.completeFrom = Math.max(this.completeFrom, finishedAt as number);
    }
  }
}
