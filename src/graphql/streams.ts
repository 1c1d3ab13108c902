import { parseCursor, printCursor } from '../events/cursor.ts';
import { isRunning } from '../events/relay.ts';
import type { EventReader } from '../events/relay.ts';
import type { RunState } from '../domain/runState.ts';
import type { RunFilter } from '../store/runRecords.ts';
import { isBefore } from '../store/events.ts';
import type { EventFacts, Position, StoredEvent } from '../store/events.ts';
import { readPurged } from '../store/retention.ts';
import type { ScheduleFilter } from '../store/schedules.ts';
import type { TaskFilter } from '../store/tasks.ts';
import type { ApiParts } from './context.ts';
import { apiError } from './errors.ts';

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
    throw apiError('CURSOR_EXPIRED', 'after is older than events are kept: read the lists again and subscribe anew.');
  }
  if (cursor.why === 'malformed') throw apiError('BAD_USER_INPUT', 'after is not a cursor of an event.');
  throw apiError(
    'CURSOR_EXPIRED',
    'after is a cursor from before the database was restored: read the lists again and subscribe anew.',
  );
}

/** Changes of runs that match the filter before or after. */
export async function runChanges(
  parts: ApiParts,
  after: string | null | undefined,
  filter: RunFilter | null | undefined,
): Promise<AsyncIterable<RunChange>> {
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return mapEvents(reader, (event) => {
    if (event.topic !== 'run' || event.after === null) return null;
    if (
      !matchesRun(event, event.after, filter) &&
      !(event.before && matchesRun(event, { ...event.after, ...event.before }, filter))
    )
      return null;
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

/** Changes of tasks, and their flips between idle and running, which follow from the changes of their runs. */
export async function taskChanges(
  parts: ApiParts,
  after: string | null | undefined,
  filter: TaskFilter | null | undefined,
): Promise<AsyncIterable<TaskChange>> {
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  try {
    const running = await parts.relay.runningAt(reader.from);
    return mapEvents(reader, (event) => {
      if (event.taskId === null || (event.topic !== 'run' && event.topic !== 'task')) return null;
      const before = running.get(event.taskId) ?? 0;
      const now = event.topic === 'run' ? before + Number(isRunning(event.after)) - Number(isRunning(event.before)) : before;
      running.set(event.taskId, now);
      if (event.topic === 'run' && before > 0 === now > 0) return null;
      if (!matchesTask(event, filter)) return null;
      const kind = event.topic === 'run' ? 'UPDATED' : event.kind;
      const state = kind === 'DELETED' ? null : now > 0 ? 'RUNNING' : 'IDLE';
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
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return mapEvents(reader, (event) => {
    if (event.topic !== 'schedule') return null;
    const matches = [event.before, event.after].some((facts) => facts !== null && matchesSchedule(facts, filter));
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

function matchesRun(event: StoredEvent, facts: EventFacts, filter: RunFilter | null | undefined): boolean {
  if (filter == null) return true;
  const scheduledFor = Date.parse(String(facts['scheduledFor']));
  const { from, until } = filter.scheduledFor ?? {};
  return (
    includes(filter.states, facts['state']) &&
    includes(filter.origins, facts['origin']) &&
    includes(filter.taskKeys, facts['taskKey']) &&
    includes(filter.scheduleNames, facts['scheduleName']) &&
    includes(filter.scheduleIds, event.scheduleId) &&
    (from == null || scheduledFor >= from.getTime()) &&
    (until == null || scheduledFor < until.getTime())
  );
}

function matchesSchedule(facts: EventFacts, filter: ScheduleFilter | null | undefined): boolean {
  if (filter == null) return true;
  const { from, until } = filter.nextFire ?? {};
  const nextFireAt = Date.parse(String(facts['nextFireAt']));
  return (
    includes(filter.names, facts['name']) &&
    includes(filter.taskKeys, facts['taskKey']) &&
    includes(filter.states, facts['state']) &&
    includes(filter.kinds, facts['kind']) &&
    // A schedule without a next fire is in no range (NaN compares as false).
    (from == null || nextFireAt >= from.getTime()) &&
    (until == null || nextFireAt < until.getTime())
  );
}

/** Groups and kinds stand in the task's own events and in those of its runs alike. */
function matchesTask(event: StoredEvent, filter: TaskFilter | null | undefined): boolean {
  const sides = event.topic === 'run' ? [event.after].map(taskOfRun) : [event.before, event.after];
  return sides.some(
    (facts) =>
      facts !== null &&
      includes(filter?.keys, facts['key']) &&
      includes(filter?.groups, facts['group']) &&
      includes(filter?.kinds, facts['kind']),
  );
}

function taskOfRun(facts: EventFacts | null): EventFacts | null {
  return facts && { key: facts['taskKey'], group: facts['taskGroup'], kind: facts['taskKind'] };
}

/** An absent list matches all, an empty one nothing. */
function includes(allowed: readonly string[] | null | undefined, value: unknown): boolean {
  return allowed == null || (typeof value === 'string' && allowed.includes(value));
}

/** Hand-written instead of an async generator, whose `return()` would wait for the pending read of a quiet stream. */
function mapEvents<T>(reader: EventReader, map: (event: StoredEvent) => T | null): AsyncIterableIterator<T> {
  return {
    async next() {
      for (;;) {
        const result = await reader.next();
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
