import DataLoader from 'dataloader';
import { findAuditEntries } from '../store/auditLists.ts';
import { findBackfills } from '../store/backfills.ts';
import { findCalendarsById, readCalendarDates } from '../store/calendars.ts';
import { readLedgers } from '../store/occurrences.ts';
import type { LedgerRequest } from '../store/occurrences.ts';
import type { Store } from '../store/open.ts';
import { findAttempts, findLastRuns, findRetries, findRunsById, findWorkersById } from '../store/runRecords.ts';
import type { AttemptRecord, RunRecord } from '../store/runRecords.ts';
import { readScheduleStats, readUsualDurations } from '../store/runStats.ts';
import type { Stretch } from '../store/runStats.ts';
import { findSteps } from '../store/steps.ts';
import type { StepRecord } from '../store/steps.ts';
import { findSchedulesById, nextFireByTask } from '../store/schedules.ts';
import { findFreezesById } from '../store/freezes.ts';
import { readSkips } from '../store/skips.ts';
import { readTaskStates } from '../store/taskLists.ts';
import { findCurrentRuns, findLastEnded } from '../store/taskRuns.ts';
import { findTasksById } from '../store/tasks.ts';
import { findTokensById } from '../store/tokens.ts';
import { listTaskWorkers, listWorkerRuns, listWorkerTasks } from '../store/taskWorkers.ts';
import type { TaskWorkerRow } from '../store/taskWorkers.ts';
import { LIMITS } from './limits.ts';

/** One query for what many fields of one answer ask for. Made anew for every request and for every event of a subscription. */
export function createLoaders(store: Store) {
  const { prisma, sql } = store;
  const run = byId((ids) => findRunsById(prisma, ids));
  const lastRun = (by: 'task_id' | 'schedule_id') =>
    new DataLoader(async (ids: readonly string[]) => {
      const owners = new Map((await findLastRuns(sql, by, ids)).map((row) => [row.owner, row.runId]));
      return Promise.all(ids.map((id) => (owners.has(id) ? run.load(owners.get(id) as string) : null)));
    });
  return {
    task: byId((ids) => findTasksById(prisma, ids)),
    schedule: byId((ids) => findSchedulesById(prisma, ids)),
    run,
    worker: byId((ids) => findWorkersById(prisma, ids)),
    auditEntry: byId((ids) => findAuditEntries(prisma, ids)),
    backfill: byId((ids) => findBackfills(sql, ids)),
    calendar: byId((ids) => findCalendarsById(prisma, ids)),
    apiToken: byId((ids) => findTokensById(prisma, ids)),
    freeze: byId((ids) => findFreezesById(prisma, ids)),
    /** By name; null: there is none. */
    calendarDates: new DataLoader(async (names: readonly string[]) => {
      const dates = await readCalendarDates(sql, names);
      return names.map((name) => dates.get(name) ?? null);
    }),
    skipsOfSchedule: new DataLoader(async (scheduleIds: readonly string[]) => {
      const skips = await readSkips(sql, scheduleIds);
      return scheduleIds.map((id) => skips.get(id) ?? []);
    }),
    ledger: new DataLoader((requests: readonly LedgerRequest[]) => readLedgers(sql, requests), {
      cacheKeyFn: ({ scheduleId, from, until, limit }) => `${scheduleId} ${from} ${until} ${limit}`,
    }),
    workersOfTask: new DataLoader(async (taskIds: readonly string[]) => {
      const rows = Map.groupBy(await listTaskWorkers(sql, taskIds, LIMITS.maxPageSize), (row) => row.taskId);
      return taskIds.map((id): TaskWorkerRow[] => rows.get(id) ?? []);
    }),
    taskIdsOfWorker: new DataLoader(async (workerIds: readonly string[]) => {
      const rows = Map.groupBy(await listWorkerTasks(sql, workerIds), (row) => row.workerId);
      return workerIds.map((id) => (rows.get(id) ?? []).map((row) => row.taskId));
    }),
    runsOfWorker: new DataLoader(async (workerIds: readonly string[]) => {
      const rows = new Map((await listWorkerRuns(sql, workerIds, LIMITS.maxPageSize)).map((row) => [row.workerId, row]));
      return workerIds.map((id) => rows.get(id) ?? { runIds: [], count: 0 });
    }),
    retriesOfRun: new DataLoader(async (runIds: readonly string[]) => {
      const rows = Map.groupBy(await findRetries(sql, runIds, LIMITS.maxPageSize), (row) => row.retryOfId);
      return Promise.all(runIds.map(async (id) => (await run.loadMany((rows.get(id) ?? []).map((row) => row.id))).filter(isRun)));
    }),
    /** Every question is its own: windows end at the moment in which they are asked for. */
    statsOfSchedule: new DataLoader((asked: readonly (Stretch & { scheduleId: string })[]) => readScheduleStats(prisma, asked), {
      cache: false,
    }),
    usualDurationOfSchedule: new DataLoader(async (scheduleIds: readonly string[]) => {
      const durations = await readUsualDurations(prisma, scheduleIds);
      return scheduleIds.map((id) => durations.get(id) ?? null);
    }),
    lastRunOfTask: lastRun('task_id'),
    lastRunOfSchedule: lastRun('schedule_id'),
    attempts: new DataLoader(async (runIds: readonly string[]) => {
      const byRun = Map.groupBy(await findAttempts(prisma, runIds), (attempt) => attempt.runId);
      return runIds.map((id): AttemptRecord[] => byRun.get(id) ?? []);
    }),
    steps: new DataLoader(async (runIds: readonly string[]) => {
      const byRun = Map.groupBy(await findSteps(prisma, runIds), (step) => step.runId);
      return runIds.map((id): StepRecord[] => byRun.get(id) ?? []);
    }),
    nextFireOfTask: new DataLoader(async (taskIds: readonly string[]) => {
      const next = await nextFireByTask(prisma, taskIds);
      return taskIds.map((id) => next.get(id) ?? null);
    }),
    taskState: new DataLoader(async (taskIds: readonly string[]) => {
      const states = await readTaskStates(sql, taskIds);
      return taskIds.map((id) => states.get(id) ?? 'UNAVAILABLE');
    }),
    currentRunOfTask: byTask((ids) => findCurrentRuns(sql, ids)),
    lastEndedOfTask: byTask((ids) => findLastEnded(sql, ids)),
  };
}
export type Loaders = ReturnType<typeof createLoaders>;

const isRun = (run: RunRecord | Error | null): run is RunRecord => run !== null && !(run instanceof Error);

function byTask<Row extends { taskId: string }>(find: (ids: readonly string[]) => Promise<Row[]>) {
  return new DataLoader(async (ids: readonly string[]) => {
    const rows = new Map((await find(ids)).map((row) => [row.taskId, row]));
    return ids.map((id) => rows.get(id) ?? null);
  });
}

function byId<Row extends { id: string }>(find: (ids: readonly string[]) => Promise<Row[]>) {
  return new DataLoader(async (ids: readonly string[]) => {
    const rows = new Map((await find(ids)).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(id) ?? null);
  });
}
