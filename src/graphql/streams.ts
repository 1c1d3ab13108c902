import { parseCursor, printCursor } from '../events/cursor.ts';
import { matchesRun, matchesSchedule, matchesTask } from '../events/matches.ts';
import { EventsRemoved, isRunning } from '../events/relay.ts';
import type { EventReader } from '../events/relay.ts';
import type { RunState } from '../domain/runState.ts';
import { isBefore } from '../store/events.ts';
import type { EventFacts, Position, StoredEvent } from '../store/events.ts';
import { runSides } from '../store/runEvents.ts';
import type { RunFilter } from '../store/runLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import type { TaskFilter } from '../store/taskLists.ts';
import { readPurged } from '../store/retention.ts';
import type { ApiParts } from './context.ts';
import { apiError } from './errors.ts';
import { readStreamFilter } from './filters.ts';

interface Change {
  cursor: string;
  kind: StoredEvent['kind'];
  at: Date;
  id: string;
}
export interface RunChange extends Change {
  __typename: 'RunEvent';
  previousState: RunState | null;
  state: RunState;
  taskKey: string;
  scheduleId: string | null;
}
export interface TaskChange extends Change {
  __typename: 'TaskEvent';
  state: 'IDLE' | 'RUNNING' | null;
}

export interface ScheduleChange extends Change {
  __typename: 'ScheduleEvent';
}
export interface WorkerChange extends Change {
  __typename: 'WorkerEvent';
}

/** @throws BAD_USER_INPUT, CURSOR_EXPIRED */
async function readAfter(parts: ApiParts, after: string | null | undefined): Promise<Position | null> {
  if (after == null) return null;
  const cursor = parseCursor(parts.streamId, after);
  if (cursor.ok) {
    const purged = await readPurged(parts.store.sql);
    if (purged === null || !isBefore(cursor.position, purged)) return cursor.position;
    throw expired('after is older than events are kept');
  }
  if (cursor.why === 'malformed') throw apiError('BAD_USER_INPUT', 'after is not a cursor of an event.');
  throw expired('after is a cursor from before the database was restored');
}

function expired(why: string): Error {
  return apiError('CURSOR_EXPIRED', `${why}: read the lists again and subscribe anew.`);
}

/** Changes of runs that match the filter before or after. */
export async function runChanges(
  parts: ApiParts,
  after: string | null | undefined,
  filter: RunFilter | null | undefined,
): Promise<AsyncIterable<RunChange>> {
  const checked = readStreamFilter(filter);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return mapEvents(reader, (event) => {
    if (event.topic !== 'run' || event.after === null) return null;
    const sides = runSides(event);
    if (!eitherSide(sides, (facts) => matchesRun(facts, checked))) return null;
    return {
      __typename: 'RunEvent',
      ...change(parts, event),
      previousState: (event.before?.['state'] ?? null) as RunState | null,
      state: event.after['state'] as RunState,
      taskKey: String(event.after['taskKey']),
      scheduleId: event.scheduleId,
    };
  });
}

/** Changes of tasks, and their flips between idle and running, which follow from the changes of their runs; before or after matches. */
export async function taskChanges(
  parts: ApiParts,
  after: string | null | undefined,
  filter: TaskFilter | null | undefined,
): Promise<AsyncIterable<TaskChange>> {
  const checked = readStreamFilter(filter);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  try {
    const running = await parts.relay.runningAt(reader.from);
    return mapEvents(reader, (event) => {
      if (event.taskId === null || (event.topic !== 'run' && event.topic !== 'task')) return null;
      const before = running.get(event.taskId) ?? 0;
      const now = event.topic === 'run' ? before + Number(isRunning(event.after)) - Number(isRunning(event.before)) : before;
      running.set(event.taskId, now);
      if (event.topic === 'run' && before > 0 === now > 0) return null;
      const sides = taskSides(event, stateOf(before), stateOf(now));
      if (!eitherSide(sides, (facts) => matchesTask(facts, checked))) return null;
      const kind = event.topic === 'run' ? 'UPDATED' : event.kind;
      const state = kind === 'DELETED' ? null : stateOf(now);
      return { __typename: 'TaskEvent', ...change(parts, event), kind, id: event.taskId, state };
    });
  } catch (error) {
    await reader.return();
    throw error;
  }
}

/** Changes of schedules that match the filter before or after; fires are no changes of a schedule. */
export async function scheduleChanges(
  parts: ApiParts,
  after: string | null | undefined,
  filter: ScheduleFilter | null | undefined,
): Promise<AsyncIterable<ScheduleChange>> {
  const checked = readStreamFilter(filter);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return mapEvents(reader, (event) => {
    if (event.topic !== 'schedule') return null;
    const matches = eitherSide(event, (facts) => matchesSchedule(facts, checked));
    return matches ? { __typename: 'ScheduleEvent', ...change(parts, event) } : null;
  });
}

/** Workers that come, go, drain or are lost; heartbeats are no changes. */
export async function workerChanges(parts: ApiParts, after: string | null | undefined): Promise<AsyncIterable<WorkerChange>> {
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return mapEvents(reader, (event) => (event.topic === 'worker' ? { __typename: 'WorkerEvent', ...change(parts, event) } : null));
}

function change(parts: ApiParts, event: StoredEvent): Change {
  return { cursor: printCursor(parts.streamId, event.position), kind: event.kind, at: event.at, id: event.subjectId };
}

interface Sides {
  before: EventFacts | null;
  after: EventFacts | null;
}

/** Who watches what matches sees it leave as well. */
function eitherSide({ before, after }: Sides, matches: (facts: EventFacts) => boolean): boolean {
  return (before !== null && matches(before)) || (after !== null && matches(after));
}

function stateOf(running: number): 'IDLE' | 'RUNNING' {
  return running > 0 ? 'RUNNING' : 'IDLE';
}

/** The task's facts stand in its own events and in those of its runs that make it running or idle. */
function taskSides(event: StoredEvent, before: string, after: string): Sides {
  const task = (event.after?.['task'] ?? { key: event.after?.['taskKey'] }) as EventFacts;
  const own: Sides = event.topic === 'task' ? event : { before: task, after: task };
  return { before: own.before && { ...own.before, state: before }, after: own.after && { ...own.after, state: after } };
}

/** Hand-written instead of an async generator, whose `return()` would wait for the pending read of a quiet stream. */
function mapEvents<T>(reader: EventReader, map: (event: StoredEvent) => T | null): AsyncIterableIterator<T> {
  return {
    async next() {
      for (;;) {
        const result = await reader.next().catch((error: unknown) => {
          throw error instanceof EventsRemoved ? expired('events were removed before this stream was told of them') : error;
        });
        if (result.done === true) return { done: true, value: undefined };
        const value = map(result.value);
        if (value !== null) return { done: false, value };
      }
    },
    async return() {
      await reader.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
