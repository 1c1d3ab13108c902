import { ask } from '../../../api/ask.ts';
import type { Change, Live } from '../../../api/live.ts';
import type { Names, PlannedBar, ScheduleName } from './layout.ts';
import { RunBook } from './runBook.ts';
import type { RunTimes, TimelineRun } from './runBook.ts';
import {
  TimelineEndedDocument,
  TimelineNamesDocument,
  TimelinePlannedDocument,
  TimelineTasksDocument,
  TimelineTimesDocument,
  TimelineUnfinishedDocument,
} from './timeline.generated.ts';
import type { TimelineEndedQuery, TimelineRunTimesFragment } from './timeline.generated.ts';
import type { View } from './view.ts';

/** How often it asks, in milliseconds: each question costs points of the rate limit. */
const TIMES_MS = 2000;
const PLANNED_MS = 60_000;
const NAMES_MS = 2000;
const TASKS_MS = 30_000;
/** After a schedule has changed its planned fires are read again this much later, with those of all that change meanwhile. */
const PLANNED_SOON_MS = 3000;
const PLANNED_AFTER_MS = 300;
const FAULT_MS = 5000;
/** Between two tellings. */
const TELL_MS = 200;
/** Most pages of a hundred in one go. */
const PAGES = 25;

export interface FeedState {
  book: RunBook;
  planned: readonly PlannedBar[];
  /** What is planned later is not known: it would be too much. */
  plannedUntil: number;
  names: Names;
  /** The first pages are there. */
  ready: boolean;
  fault: string | null;
}

/** Where a timeline has its runs and planned fires from: lists once, then what events tell. */
export class TimelineFeed {
  readonly #live: Live;
  readonly #now: () => number;
  readonly #book = new RunBook();
  readonly #schedules = new Map<string, ScheduleName>();
  readonly #tasks = new Map<string, ReadonlyMap<string, string>>();
  readonly #wanted = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #state: FeedState;
  #view: View;
  /** Runs that ended at or after it have been asked for. */
  #loadedFrom: number | null = null;
  #plannedFor = 0;
  #telling = false;
  #stopped = false;
  /** Pages of an earlier generation are not in the book any more. */
  #generation = 0;
  /** What is being asked for, by name. */
  readonly #busy = new Set<string>();
  /** What could not be asked, and is asked again. */
  readonly #failed = new Set<string>();

  constructor(live: Live, now: () => number, view: View) {
    this.#live = live;
    this.#now = now;
    this.#view = view;
    const names = { schedules: this.#schedules, tasks: this.#tasks };
    this.#state = { book: this.#book, planned: [], plannedUntil: Infinity, names, ready: false, fault: null };
  }

  get state(): FeedState {
    return this.#state;
  }

  /** @returns how to stop */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns how to stop for good */
  start(): () => void {
    const unfollow = this.#live.onChanges((changes) => this.#hear(changes));
    this.#loadAll();
    this.#repeat(TIMES_MS, () => this.#readTimes());
    this.#repeat(NAMES_MS, () => this.#readNames());
    this.#repeat(PLANNED_MS, () => this.#readPlanned());
    return () => {
      this.#stopped = true;
      unfollow();
      this.#listeners.clear();
      for (const timer of this.#timers) clearTimeout(timer);
    };
  }

  /** Says what is looked at: what is missing of it is loaded. */
  look(view: View): void {
    this.#view = view;
    const span = view.until - view.from;
    if (this.#loadedFrom !== null && view.from < this.#loadedFrom && this.#book.completeFrom === -Infinity)
      void this.#loadEnded();
    if (view.until > this.#plannedFor && view.until > this.#now() && this.#state.plannedUntil > this.#plannedFor)
      this.#later('planned', span > 0 ? 300 : 0, () => this.#readPlanned());
  }

  #loadAll(): void {
    this.#loadedFrom = null;
    void this.#loadEnded();
    void this.#loadUnfinished();
    // What has been comes first: to work out what is planned takes the server longest.
    this.#later('planned', PLANNED_AFTER_MS, () => this.#readPlanned());
    this.#later('tasks', PLANNED_AFTER_MS, () => this.#readTasks());
  }

  #hear(changes: readonly Change[] | null): void {
    if (changes === null) {
      this.#book.clear();
      this.#schedules.clear();
      this.#generation += 1;
      return this.#loadAll();
    }
    for (const { of, id, kind, at, state, previousState, taskKey, scheduleId } of changes) {
      if (of === 'run' && state !== undefined && taskKey !== undefined) {
        const told = { id, kind, at: Date.parse(at), state, previousState: previousState ?? null, taskKey };
        this.#book.apply({ ...told, scheduleId: scheduleId ?? null });
        this.#want(scheduleId ?? null);
      } else if (of === 'schedule') {
        if (this.#schedules.has(id)) this.#wanted.add(id);
        this.#later('planned', PLANNED_SOON_MS, () => this.#readPlanned());
      } else if (of === 'task') {
        // A task also changes with every run of it: its labels are read now and then.
        this.#later('task news', TASKS_MS, () => this.#readTasks());
      }
    }
    this.#tell();
  }

  #want(scheduleId: string | null): void {
    if (scheduleId !== null && !this.#schedules.has(scheduleId)) this.#wanted.add(scheduleId);
  }

  /** What ended in the view and has not been asked for: the newest first, page by page, each shown as it comes. */
  #loadEnded(): Promise<void> {
    return this.#once('ended', async () => {
      const margin = (this.#view.until - this.#view.from) / 4;
      const from = this.#view.from - margin;
      const until = this.#loadedFrom ?? this.#now() + 60_000;
      if (from >= until) return;
      const generation = this.#generation;
      const range = { from: iso(from), until: iso(until) };
      let after: string | null = null;
      for (let page = 1; ; page++) {
        const { runs }: TimelineEndedQuery = await ask(this.#live, TimelineEndedDocument, { ...range, after });
        if (generation !== this.#generation) return this.#later('ended more', 0, () => this.#loadEnded());
        this.#takeIn(runs.nodes);
        this.#become({ ready: true });
        if (!runs.pageInfo.hasNextPage || this.#stopped) break;
        if (page === PAGES) {
          this.#book.completeFrom = Date.parse(runs.nodes.at(-1)?.finishedAt ?? range.from);
          break;
        }
        after = runs.pageInfo.endCursor;
      }
      this.#loadedFrom = from;
      if (this.#view.from < from) this.#later('ended more', 300, () => this.#loadEnded());
    });
  }

  #loadUnfinished(): Promise<void> {
    return this.#once('unfinished', async () => {
      let after: string | null = null;
      for (let page = 1; page <= 10 && !this.#stopped; page++) {
        const { runs } = (await ask(this.#live, TimelineUnfinishedDocument, { after })) as TimelineEndedQuery;
        this.#takeIn(runs.nodes);
        this.#tell();
        if (!runs.pageInfo.hasNextPage) break;
        after = runs.pageInfo.endCursor;
      }
    });
  }

  #takeIn(nodes: TimelineEndedQuery['runs']['nodes']): void {
    this.#book.put(
      nodes.map((node): TimelineRun => ({ ...timesOf(node), taskKey: node.task.key, scheduleId: node.schedule?.id ?? null })),
    );
    for (const { schedule, task } of nodes) {
      if (!schedule || this.#schedules.has(schedule.id)) continue;
      // Its labels follow.
      this.#wanted.add(schedule.id);
      this.#schedules.set(schedule.id, { name: schedule.name, taskKey: task.key, labels: new Map() });
    }
    this.#later('names', 100, () => this.#readNames());
  }

  #readTimes(): Promise<void> {
    return this.#once('times', async () => {
      const ids = this.#book.takeStale(100);
      if (ids.length === 0) return;
      const { nodes } = await ask(this.#live, TimelineTimesDocument, { ids });
      this.#book.correct(nodes.flatMap((node) => (isRun(node) ? [timesOf(node)] : [])));
      this.#tell();
    });
  }

  #readNames(): Promise<void> {
    return this.#once('names', async () => {
      const ids = [...this.#wanted].slice(0, 100);
      if (ids.length === 0) return;
      const { nodes } = await ask(this.#live, TimelineNamesDocument, { ids });
      for (const id of ids) this.#wanted.delete(id);
      for (const node of nodes) {
        if (!node || !('name' in node)) continue;
        const labels = new Map(node.labels.map(({ key, value }) => [key, value]));
        this.#schedules.set(node.id, { name: node.name, taskKey: node.task.key, labels });
      }
      this.#tell();
      if (this.#wanted.size > 0) this.#later('names', NAMES_MS / 4, () => this.#readNames());
    });
  }

  #readTasks(): Promise<void> {
    return this.#once('tasks', async () => {
      const { tasks } = await ask(this.#live, TimelineTasksDocument, {});
      for (const { key, labels } of tasks.nodes) this.#tasks.set(key, new Map(labels.map((label) => [label.key, label.value])));
      this.#tell();
    });
  }

  #readPlanned(): Promise<void> {
    return this.#once('fires', async () => {
      const now = this.#now();
      const span = this.#view.until - this.#view.from;
      const until = Math.max(now, this.#view.until) + Math.max(span / 4, 2 * PLANNED_MS);
      const { plannedFires } = await ask(this.#live, TimelinePlannedDocument, { from: iso(now), until: iso(until) });
      const planned = plannedFires.fires.map(({ schedule, scheduledFor, effectiveAt, expectedDurationMs }): PlannedBar => {
        this.#want(schedule.id);
        const [dueAt, nominal] = [Date.parse(effectiveAt), Date.parse(scheduledFor)];
        return { scheduleId: schedule.id, scheduledFor: nominal, dueAt, expectedMs: expectedDurationMs };
      });
      this.#plannedFor = until;
      const plannedUntil = plannedFires.truncated ? (planned.at(-1)?.dueAt ?? now) : Infinity;
      this.#later('names', 100, () => this.#readNames());
      this.#become({ planned, plannedUntil });
    });
  }

  /** One of each at a time; what fails is said, and tried again. */
  async #once(name: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(name) || this.#stopped) return;
    this.#busy.add(name);
    try {
      await work();
      if (this.#failed.delete(name) && this.#failed.size === 0) this.#become({ fault: null });
    } catch (error) {
      this.#failed.add(name);
      this.#become({ fault: error instanceof Error ? error.message : String(error) });
      this.#later(`${name} again`, FAULT_MS, () => this.#once(name, work));
    } finally {
      this.#busy.delete(name);
    }
  }

  /** Soon, once, however often it is asked for. */
  #later(name: string, ms: number, work: () => unknown): void {
    const key = `later ${name}`;
    if (this.#busy.has(key) || this.#stopped) return;
    this.#busy.add(key);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#busy.delete(key);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  #repeat(ms: number, work: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!document.hidden) work();
      if (!this.#stopped) this.#repeat(ms, work);
    }, ms);
    this.#timers.add(timer);
  }

  #become(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change };
    this.#tell();
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#telling = false;
      this.#state = { ...this.#state };
      for (const listener of this.#listeners) listener();
    }, TELL_MS);
    this.#timers.add(timer);
  }
}

const isRun = (node: object | null): node is TimelineRunTimesFragment => node !== null && 'effectiveAt' in node;
const iso = (at: number): string => new Date(at).toISOString();
const parsed = (at: string | null): number | null => (at === null ? null : Date.parse(at));

function timesOf(run: TimelineRunTimesFragment): RunTimes {
  return {
    id: run.id,
    state: run.state,
    dueAt: Date.parse(run.effectiveAt),
    startedAt: parsed(run.startedAt),
    finishedAt: parsed(run.finishedAt),
    latenessMs: run.latenessMs,
  };
}
