import { setImmediate } from 'node:timers/promises';
import { coalesce } from '../events/coalesce.ts';
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
import { formatDuration, parseDuration } from '../trigger/duration.ts';
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

/** What a subscription to changes may be asked with. */
interface StreamArgs<Filter> {
  after?: string | null | undefined;
  filter?: Filter | null | undefined;
  minInterval?: string | null | undefined;
}
const MIN_INTERVAL = { fromMs: 100, toMs: 60_000 };
/** Events that a filter lets pass at a stretch before everybody else has a turn. */
const STRETCH = 200;

/** @returns milliseconds; null: every event is told. @throws BAD_USER_INPUT */
function readMinInterval(text: string | null | undefined): number | null {
  if (text == null) return null;
  const { fromMs, toMs } = MIN_INTERVAL;
  const allowed = `allowed are ${formatDuration(fromMs)} to ${formatDuration(toMs)}`;
  const parsed = parseDuration(text);
  if (!parsed.ok) throw apiError('BAD_USER_INPUT', `minInterval: ${parsed.message}; ${allowed}.`);
  if (parsed.ms < fromMs || parsed.ms > toMs)
    throw apiError('BAD_USER_INPUT', `minInterval is ${formatDuration(parsed.ms)}; ${allowed}.`);
  return parsed.ms;
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
  { after, filter, minInterval }: StreamArgs<RunFilter>,
): Promise<AsyncIterable<RunChange>> {
  const checked = readStreamFilter(filter);
  const intervalMs = readMinInterval(minInterval);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  const map = (event: StoredEvent): RunChange | null => {
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
  };
  return tellChanges(parts, reader, intervalMs, map, ({ previousState }, newer) => ({ ...newer, previousState }));
}

/** Changes of tasks, and their flips between idle and running, which follow from the changes of their runs; before or after matches. */
export async function taskChanges(
  parts: ApiParts,
  { after, filter, minInterval }: StreamArgs<TaskFilter>,
): Promise<AsyncIterable<TaskChange>> {
  const checked = readStreamFilter(filter);
  const intervalMs = readMinInterval(minInterval);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  try {
    const running = await parts.relay.runningAt(reader.from);
    const map = (event: StoredEvent): TaskChange | null => {
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
    };
    return tellChanges(parts, reader, intervalMs, map);
  } catch (error) {
    await reader.return();
    throw error;
  }
}

/** Changes of schedules that match the filter before or after; fires are no changes of a schedule. */
export async function scheduleChanges(
  parts: ApiParts,
  { after, filter, minInterval }: StreamArgs<ScheduleFilter>,
): Promise<AsyncIterable<ScheduleChange>> {
  const checked = readStreamFilter(filter);
  const intervalMs = readMinInterval(minInterval);
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  return tellChanges(parts, reader, intervalMs, (event): ScheduleChange | null => {
    if (event.topic !== 'schedule') return null;
    const matches = eitherSide(event, (facts) => matchesSchedule(facts, checked));
    return matches ? { __typename: 'ScheduleEvent', ...change(parts, event) } : null;
  });
}

/** Workers that come, go, drain or are lost; heartbeats are no changes. */
export async function workerChanges(parts: ApiParts, after: string | null | undefined): Promise<AsyncIterable<WorkerChange>> {
  const reader = await parts.relay.subscribe(await readAfter(parts, after));
  const map = (event: StoredEvent): WorkerChange | null =>
    event.topic === 'worker' ? { __typename: 'WorkerEvent', ...change(parts, event) } : null;
  return tellChanges(parts, reader, null, map);
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

/**
 * @param intervalMs  null: every event is told
 * @param merge       what, of the older of two changes, holds for both
 */
function tellChanges<T extends Change>(
  parts: ApiParts,
  reader: EventReader,
  intervalMs: number | null,
  map: (event: StoredEvent) => T | null,
  merge: (older: T, newer: T) => T = (_, newer) => newer,
): AsyncIterableIterator<T> {
  if (intervalMs === null) return untilExpired(mapEvents(reader, map));
  return untilExpired(
    coalesce(reader, {
      intervalMs,
      clock: parts.clock,
      map,
      merge: (older, newer) => ({ ...merge(older, newer), kind: kindOfBoth(older.kind, newer.kind) }),
    }),
  );
}

/** Who was not told yet that something was created is told that, with the state of now; who was told nothing hears of the end. */
function kindOfBoth(older: Change['kind'], newer: Change['kind']): Change['kind'] {
  return older === 'CREATED' && newer === 'UPDATED' ? 'CREATED' : newer;
}

/** Hand-written instead of an async generator, whose `return()` would wait for the pending read of a quiet stream. */
function mapEvents<T>(reader: EventReader, map: (event: StoredEvent) => T | null): AsyncIterableIterator<T> {
  return {
    async next() {
      for (let read = 1; ; read += 1) {
        const result = await reader.next();
        if (result.done === true) return { done: true, value: undefined };
        const value = map(result.value);
        if (value !== null) return { done: false, value };
        if (read % STRETCH === 0) await setImmediate();
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

function untilExpired<T>(changes: AsyncIterableIterator<T>): AsyncIterableIterator<T> {
  return {
    next: () =>
      changes.next().catch((error: unknown) => {
        throw error instanceof EventsRemoved ? expired('events were removed before this stream was told of them') : error;
      }),
    return: () => changes.return?.() ?? Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
