import { pino } from 'pino';
import type { Logger } from 'pino';
import type { CommandParts, CommandResult } from '../../src/commands/command.ts';
import { backfillSchedule } from '../../src/commands/backfillSchedule.ts';
import type { BackfillInput } from '../../src/commands/backfillSchedule.ts';
import { cancelBackfill } from '../../src/commands/cancelBackfill.ts';
import { cancelRun } from '../../src/commands/cancelRun.ts';
import { createHttpTask } from '../../src/commands/createHttpTask.ts';
import type { HttpTaskInput } from '../../src/commands/createHttpTask.ts';
import { createSchedule } from '../../src/commands/createSchedule.ts';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { deleteSchedule } from '../../src/commands/deleteSchedule.ts';
import { pauseSchedules, resumeSchedules } from '../../src/commands/pauseSchedules.ts';
import { pauseTask, resumeTask } from '../../src/commands/pauseTask.ts';
import { registerTask } from '../../src/commands/registerTask.ts';
import type { TaskDeclaration } from '../../src/commands/registerTask.ts';
import { cancelRuns } from '../../src/commands/cancelRuns.ts';
import { retryRun } from '../../src/commands/retryRun.ts';
import { deleteTask } from '../../src/commands/deleteTask.ts';
import { createFreeze } from '../../src/commands/createFreeze.ts';
import type { FreezeInput } from '../../src/commands/createFreeze.ts';
import { endFreeze } from '../../src/commands/endFreeze.ts';
import { skipOccurrence } from '../../src/commands/skipOccurrence.ts';
import { triggerSchedule } from '../../src/commands/triggerSchedule.ts';
import type { TriggerScheduleInput } from '../../src/commands/triggerSchedule.ts';
import { triggerTask as triggerTaskCommand } from '../../src/commands/triggerTask.ts';
import type { TriggerTaskInput } from '../../src/commands/triggerTask.ts';
import { updateHttpTask } from '../../src/commands/updateHttpTask.ts';
import type { HttpTaskPatch } from '../../src/commands/updateHttpTask.ts';
import { updateSchedule } from '../../src/commands/updateSchedule.ts';
import type { SchedulePatch } from '../../src/commands/definition.ts';
import type { MisfireMode } from '../../src/domain/due.ts';
import { createTriggerCache } from '../../src/domain/schedule.ts';
import { startEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openQueue } from '../../src/queue/queue.ts';
import type { RunFilter } from '../../src/store/runLists.ts';
import type { RunQueue } from '../../src/queue/queue.ts';
import { createSecretBox } from '../../src/secrets.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/open.ts';
import { createFakeClock } from './clock.ts';
import type { FakeClock } from './clock.ts';
import { createTestDatabase, takeTestDatabase } from './database.ts';
import type { Hooks } from './database.ts';

/** An instant on the day all of these tests play on: at('00:01:30'). */
export const at = (time: string) => Date.parse(`2026-03-02T${time}Z`);
/** The time of day of an instant, as short as it can be said: '00:01:30'. */
export const time = (instant: Date | number | null) =>
  instant === null
    ? null
    : new Date(instant)
        .toISOString()
        .slice(11, 23)
        .replace(/\.000$/, '');

/** What one process has: store and queue on a database that others may share. */
export interface Parts extends CommandParts {
  store: Store;
  queue: RunQueue;
  clock: FakeClock;
  log: Logger;
  /** What was logged as a warning or worse. */
  logged: { level: number; msg: string; err?: { message: string } }[];
  databaseUrl: string;
  /** Another process on the same database, under the same clock. */
  another(): Promise<Parts>;
  /** Called when the test ends, the last first, while the database is still there. */
  defer(stop: () => Promise<void>): void;
}

/** Store and queue on a database of the test's own, or of its file's, with a clock that stands at midnight. */
export async function openParts(
  t: Hooks,
  {
    fresh = false,
  }: {
    /** Made anew: what was used before may be larger than its rows, which plans of statements go by. */
    fresh?: boolean;
  } = {},
): Promise<Parts> {
  const stops: (() => Promise<void>)[] = [];
  const databaseUrl = await (fresh ? createTestDatabase : takeTestDatabase)(t, async () => {
    for (const stop of stops.toReversed()) await stop();
  });
  const clock = createFakeClock(at('00:00:00'));
  const defer = (stop: () => Promise<void>) => void stops.push(stop);
  async function open(): Promise<Parts> {
    const logged: Parts['logged'] = [];
    const log = pino({ level: 'warn' }, { write: (line) => logged.push(JSON.parse(line)) });
    let queue: RunQueue | undefined;
    const store = await openStore(databaseUrl, log, async (sql) => {
      queue = await openQueue(sql, log);
    });
    const opened = queue as RunQueue;
    defer(() => store.close());
    defer(() => opened.stop());
    const triggerOf = createTriggerCache(100);
    return {
      store,
      queue: opened,
      clock,
      log,
      logged,
      databaseUrl,
      triggerOf,
      secrets: createSecretBox([]),
      another: open,
      defer,
    };
  }
  return open();
}

/** Starts an engine that is stopped when the test ends, and waits for its first look. */
export async function startTestEngine(parts: Parts): Promise<Engine> {
  const engine = startEngine(parts);
  parts.defer(() => engine.stop());
  await engine.settle();
  return engine;
}

/** Who gives the commands of the tests. */
export const CALLER = {
  viewer: { actor: { kind: 'TOKEN', id: 'tok_test', name: 'test' }, role: 'ADMIN' },
  requestId: 'request',
} as const;

async function valueOf<T>(result: Promise<CommandResult<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.userErrors.map((error) => `${error.code} ${error.message}`).join('; '));
  return settled.value;
}

/** A task that nobody would reach: tests bring their own executor. A clock that jumps does not make its runs time out. */
export function addTask(parts: Parts, input: Partial<HttpTaskInput> = {}) {
  const defaults = { key: 'task', name: 'Task', http: { url: 'http://task.invalid/' }, execution: { timeout: 'P1D' } };
  return valueOf(createHttpTask(parts, CALLER, { ...defaults, ...input }));
}
/** A code task that some module declares. */
export function addCodeTask(parts: Parts, declaration: Partial<TaskDeclaration> = {}) {
  const defaults = {
    key: 'task',
    group: 'code',
    name: 'Task',
    description: null,
    scope: 'GLOBAL',
    inputSchema: null,
    labels: {},
  } as const;
  return valueOf(registerTask(parts, CALLER, { ...defaults, execution: { timeout: 'P1D' }, ...declaration }));
}
/** Every 10 s from the clock's now unless the spec says otherwise. */
export function addSchedule(parts: Parts, spec: Partial<CreateScheduleInput['spec']> = {}) {
  const defaults = { name: 'schedule', task: { key: 'task' }, trigger: { interval: { every: 'PT10S' } } };
  return valueOf(createSchedule(parts, CALLER, { spec: { ...defaults, ...spec } }));
}
export const editSchedule = (parts: Parts, id: string, patch: SchedulePatch) =>
  valueOf(updateSchedule(parts, CALLER, { ref: { id }, patch }));
export const removeSchedule = (parts: Parts, id: string) => valueOf(deleteSchedule(parts, CALLER, { ref: { id } }));
export const pauseUntil = (parts: Parts, until: number, ...ids: string[]) =>
  valueOf(pauseSchedules(parts, CALLER, { select: { ids }, reason: 'test', until: new Date(until) }));
export const resumeWith = (parts: Parts, misfire: MisfireMode, ...ids: string[]) =>
  valueOf(resumeSchedules(parts, CALLER, { select: { ids }, misfire }));
export const holdTask = (parts: Parts, key: string, until: number | null = null) =>
  valueOf(pauseTask(parts, CALLER, { key }, { reason: 'task test', until: until === null ? null : new Date(until) }));
export const releaseTask = (parts: Parts, key: string) => valueOf(resumeTask(parts, CALLER, { key }));
export const pause = (parts: Parts, ...ids: string[]) =>
  valueOf(pauseSchedules(parts, CALLER, { select: { ids }, reason: 'test' }));
export const resume = (parts: Parts, ...ids: string[]) => valueOf(resumeSchedules(parts, CALLER, { select: { ids } }));
/** Selects by ids unless the input says otherwise. */
export const freeze = (parts: Parts, until: number, input: Partial<Omit<FreezeInput, 'until'>> = {}, ...ids: string[]) =>
  valueOf(createFreeze(parts, CALLER, { select: { ids }, reason: 'deploy', until: new Date(until), ...input }));
export const thaw = (parts: Parts, id: string) => valueOf(endFreeze(parts, CALLER, id));
/** Skips an occurrence, given as on the day of the tests. */
export const skip = (parts: Parts, id: string, scheduledFor: string | Date, options: { undo?: boolean; reason?: string } = {}) =>
  valueOf(
    skipOccurrence(parts, CALLER, {
      ref: { id },
      scheduledFor: typeof scheduledFor === 'string' ? new Date(at(scheduledFor)) : scheduledFor,
      reason: options.reason ?? 'holiday',
      undo: options.undo,
    }),
  );
export const cancel = (parts: Parts, id: string, reason?: string, force = false) =>
  valueOf(cancelRun(parts, CALLER, { id, reason, force }));
export const cancelAll = (parts: Parts, filter: RunFilter, max?: number) =>
  valueOf(cancelRuns(parts, CALLER, { filter, max, reason: 'all' }));
/** Of the first minute of the day unless the input says otherwise. */
export const backfill = async (parts: Parts, id: string, input: Partial<BackfillInput> = {}) => {
  const range = { from: new Date(at('00:00:00')), until: new Date(at('00:01:00')) };
  const { backfill: made, fireTimes } = await valueOf(backfillSchedule(parts, CALLER, { ref: { id }, range, ...input }));
  return { id: made?.id ?? null, made, fireTimes: fireTimes.map((fire) => time(fire.at)) };
};
export const stopBackfill = (parts: Parts, id: string, cancelRuns = true) =>
  valueOf(cancelBackfill(parts, CALLER, id, cancelRuns));
export const retry = async (parts: Parts, id: string) => (await valueOf(retryRun(parts, CALLER, { id })))[0]!;
export const removeTask = (parts: Parts, key: string) => valueOf(deleteTask(parts, CALLER, { key }));
export const trigger = async (parts: Parts, id: string, input: Omit<TriggerScheduleInput, 'ref'> = {}) =>
  (await valueOf(triggerSchedule(parts, CALLER, { ref: { id }, ...input })))[0]!;
/** Runs the task with the key "task" unless the input says otherwise. */
export const triggerTask = async (parts: Parts, input: Partial<TriggerTaskInput> = {}) =>
  (await valueOf(triggerTaskCommand(parts, CALLER, { task: { key: 'task' }, ...input })))[0]!;
export const editTask = (parts: Parts, id: string, patch: HttpTaskPatch) => valueOf(updateHttpTask(parts, CALLER, { id }, patch));
