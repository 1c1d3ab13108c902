import assert from 'node:assert/strict';
import type { Client } from './carillon.ts';
import * as operations from './operations.ts';
import { until } from './until.ts';
import type { ErrorView, FreezeView, RunView, ScheduleView, TaskView } from './views.ts';

/** Far from any test: a schedule that does not fire by itself. */
export const YEARLY = { cron: { expression: '0 0 1 1 *' } };
export const EVERY_SECOND = { cron: { expression: '* * * * * *' } };

interface Variables {
  [name: string]: unknown;
}
type Payload<Name extends string, T> = Record<Name, T> & { userErrors: ErrorView[] };
/** An earlier call with the same key did it. */
interface Replayed {
  replayed: boolean;
}

let names = 0;
/** A name that no other test of the process has. */
export function fresh(base: string): string {
  names += 1;
  return `${base}-${names}`;
}

/** The API as a client calls it. Each call answers the operation's one root field; top-level errors fail the test. */
export function createApi(client: Client) {
  async function ask<T>(query: string, variables: Variables = {}, token?: string): Promise<T> {
    const answer = await client.ask<Record<string, T>>(query, variables, token);
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    return Object.values(answer.data)[0] as T;
  }
  /** For steps of a test that must succeed. */
  async function done<Name extends string, T>(name: Name, payload: Promise<Payload<Name, T | null>>): Promise<T> {
    const { [name]: value, userErrors } = await payload;
    assert.deepEqual(userErrors, []);
    return value as T;
  }
  const mutation =
    <Name extends string, T, Rest = unknown>(query: string) =>
    (input: Variables, token?: string) =>
      ask<Payload<Name, T> & Rest>(query, { input }, token);

  const createHttpTask = mutation<'task', TaskView | null>(operations.CREATE_TASK);
  const createSchedule = mutation<'schedule', ScheduleView | null, Replayed>(operations.CREATE_SCHEDULE);
  const triggerSchedule = mutation<'run', RunView | null, Replayed>(operations.TRIGGER_SCHEDULE);
  const schedule = (name: string) => ask<ScheduleView | null>(operations.SCHEDULE, { ref: { name } });
  const run = (id: string) => ask<RunView>(operations.RUN, { id });
  return {
    ask,
    createHttpTask,
    createSchedule,
    updateSchedule: mutation<'schedule', ScheduleView | null>(operations.UPDATE_SCHEDULE),
    deleteSchedule: mutation<'deletedId', string | null>(operations.DELETE_SCHEDULE),
    pauseSchedules: mutation<'schedules', ScheduleView[], { count: number }>(operations.PAUSE_SCHEDULES),
    resumeSchedules: mutation<'schedules', ScheduleView[], { count: number }>(operations.RESUME_SCHEDULES),
    pauseTask: (variables: Variables, token?: string) =>
      ask<Payload<'task', TaskView | null>>(operations.PAUSE_TASK, variables, token),
    resumeTask: (variables: Variables, token?: string) =>
      ask<Payload<'task', TaskView | null>>(operations.RESUME_TASK, variables, token),
    createFreeze: mutation<'freeze', FreezeView | null, { suppressedPreview: number }>(operations.CREATE_FREEZE),
    endFreeze: (variables: { id: string }) =>
      ask<Payload<'freeze', FreezeView | null> & { suppressedPreview: number }>(operations.END_FREEZE, variables),
    skipOccurrence: mutation<'schedule', ScheduleView | null>(operations.SKIP_OCCURRENCE),
    triggerSchedule,
    triggerTask: mutation<'run', RunView | null, Replayed>(operations.TRIGGER_TASK),
    cancelRuns: mutation<'runs', Pick<RunView, 'id' | 'state' | 'error'>[]>(operations.CANCEL_RUNS),
    retryRun: mutation<'run', RunView | null, Replayed>(operations.RETRY_RUN),
    cancelRun: mutation<'run', RunView | null>(operations.CANCEL_RUN),
    task: (key: string) => ask<TaskView | null>(operations.TASK, { ref: { key } }),
    schedule,
    run,

    /** A task that posts to `url`, under a key of its own. */
    taskOn(url: string, input: Variables = {}): Promise<TaskView> {
      const { http, ...rest } = input;
      const key = fresh('task');
      return done('task', createHttpTask({ key, name: key, http: { url, ...(http as Variables) }, ...rest }));
    },
    /** A schedule of a task, under a name of its own; yearly unless the spec says otherwise. */
    scheduleOf(task: { key: string }, spec: Variables = {}): Promise<ScheduleView> {
      return done<'schedule', ScheduleView>(
        'schedule',
        createSchedule({ spec: { name: fresh('schedule'), task: { key: task.key }, trigger: YEARLY, ...spec } }),
      );
    },
    trigger(scheduleRecord: { id: string }, input: Variables = {}): Promise<RunView> {
      return done<'run', RunView>('run', triggerSchedule({ ref: { id: scheduleRecord.id }, ...input }));
    },
    /** The run when it has reached one of these states. */
    runIn(id: string, ...states: string[]): Promise<RunView> {
      return until(async () => {
        const found = await run(id);
        return states.includes(found.state) && found;
      });
    },
  };
}
export type Api = ReturnType<typeof createApi>;
