import { can } from '../../auth/can.ts';
import { specOf } from '../../commands/scheduleSpec.ts';
import { afterCancel } from '../../domain/cancel.ts';
import { resolveExecution } from '../../domain/execution.ts';
import type { ExecutionSettings, ShownPolicy } from '../../domain/execution.ts';
import { datesOf } from '../../domain/calendar.ts';
import type { CalendarDates } from '../../domain/calendar.ts';
import { countPending, mayBePending } from '../../domain/pending.ts';
import { remainingRuns } from '../../domain/runLimit.ts';
import { givenTriggerOf, triggerOf } from '../../domain/schedule.ts';
import { timingOf } from '../../domain/timing.ts';
import { upcomingTimes } from '../../domain/upcoming.ts';
import { secretHeaderNames } from '../../domain/httpSecrets.ts';
import { declaringTask } from '../../domain/managed.ts';
import { isOver } from '../../domain/runState.ts';
import { firingOnTime } from '../../domain/frozenPlan.ts';
import type { PlannedSkip } from '../../domain/skips.ts';
import { listLabels } from '../../domain/labels.ts';
import { AUDIT_ORDER, pageAudit } from '../../store/auditLists.ts';
import { RUN_ORDERS, pageRuns } from '../../store/runLists.ts';
import type { RunRecord, WorkerRecord } from '../../store/runRecords.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../store/scheduleLists.ts';
import type { ScheduleRecord } from '../../store/schedules.ts';
import type { TaskRecord } from '../../store/tasks.ts';
import { formatDuration } from '../../trigger/duration.ts';
import type { TriggerKind } from '../../trigger/trigger.ts';
import { connectionResolvers, pageResolvers, readPageArgs, readPageSize } from '../connections.ts';
import type { RequestContext } from '../context.ts';
import { explainAt } from '../explainSchedule.ts';
import { readFilter } from '../filters.ts';
import { countSuppressedBy, isActive } from '../freezes.ts';
import type { Resolvers } from '../generated.ts';
import { LIMITS } from '../limits.ts';
import { logConnectionResolvers, printLogCursor, readLogPage } from '../logs.ts';
import type { Loaders } from '../loaders.ts';
import { pageOccurrences } from '../occurrences.ts';
import { presentOf } from '../scheduleAsOf.ts';
import { windowBefore } from '../statsWindow.ts';
import { backfillResolvers } from './backfills.ts';
import { findNode, loadNode, nodeType } from './node.ts';
import type { NodeType } from './node.ts';
import { stepResolvers } from './steps.ts';

const instant = (text: string) => new Date(text);

const TRIGGER_TYPES = {
  CRON: 'CronTrigger',
  CALENDAR: 'CalendarTrigger',
  INTERVAL: 'IntervalTrigger',
  CALENDAR_INTERVAL: 'CalendarIntervalTrigger',
  AT: 'AtTrigger',
  RRULE: 'RRuleTrigger',
  ANY_OF: 'AnyOfTrigger',
  ALL_OF: 'AllOfTrigger',
  EXCEPT: 'ExceptTrigger',
  BOUNDED: 'BoundedTrigger',
  MANUAL: 'ManualTrigger',
} as const satisfies Record<TriggerKind, string>;

/** How the objects of the store and of the calculus answer the fields of the contract. */
export const types: Omit<Resolvers, 'Query' | 'Mutation' | 'Subscription'> = {
  Node: { __resolveType: (node) => nodeType(node.id) as NodeType },
  Trigger: { __resolveType: (trigger) => TRIGGER_TYPES[trigger.kind] },
  UserError: { __resolveType: (error) => error.type },
  ChangeEvent: { __resolveType: (event) => event.__typename as NonNullable<typeof event.__typename> },

  Task: {
    state: (task, _, { loaders }) => loaders.taskState.load(task.id),
    execution: (task) => shownPolicy(task, null),
    initialDelay: (task) => (task.initialDelayMs === null ? null : formatDuration(task.initialDelayMs)),
    workers: (task, _, { loaders }) => loaders.workersOfTask.load(task.id),
    nextFireAt: (task, _, { loaders }) => loaders.nextFireOfTask.load(task.id),
    lastRun: (task, _, { loaders }) => loaders.lastRunOfTask.load(task.id),
    labels: (task) => listLabels(task.labels),
    startedAt: async (task, _, { loaders }) => (await loaders.currentRunOfTask.load(task.id))?.startedAt ?? null,
    timesOutAt: async (task, _, { loaders }) => (await loaders.currentRunOfTask.load(task.id))?.timesOutAt ?? null,
    lastRunEndedAt: async (task, _, { loaders }) => (await loaders.lastEndedOfTask.load(task.id))?.finishedAt ?? null,
    lastError: async (task, _, { loaders }) => (await loaders.lastEndedOfTask.load(task.id))?.error ?? null,
    schedules(task, { filter, ...args }, { parts }, info) {
      const request = readPageArgs(args, info, SCHEDULE_ORDERS.NAME, 'ASC');
      return pageSchedules(parts.store.prisma, { ...readFilter(filter), taskIds: [task.id] }, request, parts.clock.now());
    },
    runs(task, { filter, ...args }, { parts }, info) {
      const request = readPageArgs(args, info, RUN_ORDERS.SCHEDULED_FOR, 'DESC');
      return pageRuns(parts.store.prisma, readFilter(filter), { taskId: task.id }, request);
    },
  },
  TaskWorker: {
    worker: async ({ workerId }, _, { loaders }) => (await loaders.worker.load(workerId)) as WorkerRecord,
    state: ({ runningCount, readyAt }, _, { parts }) => {
      if (runningCount > 0) return 'RUNNING';
      return readyAt !== null && readyAt.getTime() > parts.clock.now() ? 'INITIAL_WAIT' : 'IDLE';
    },
  },
  Worker: {
    runningCount: async ({ id }, _, { loaders }) => (await loaders.runsOfWorker.load(id)).count,
    tasks: async ({ id }, _, { loaders }) => {
      const ids = await loaders.taskIdsOfWorker.load(id);
      return (await loaders.task.loadMany(ids)) as TaskRecord[];
    },
    runs: async ({ id }, _, { loaders }) => {
      const { runIds } = await loaders.runsOfWorker.load(id);
      return (await loaders.run.loadMany(runIds)).filter((run) => run !== null) as RunRecord[];
    },
  },
  Progress: {
    percent: ({ done, total }) =>
      total === null || total === 0 ? null : Math.min(100, Math.round((done / total) * 10_000) / 100),
    updatedAt: ({ updatedAt }) => instant(updatedAt),
  },
  HttpRequest: {
    secretHeaders: secretHeaderNames,
    signed: ({ signingSecret }) => signingSecret !== undefined,
  },
  RetentionPolicy: { runs: ({ runsMs }) => (runsMs === null ? null : formatDuration(runsMs)) },
  ExecutionPolicy: {
    timeout: (policy) => formatDuration(policy.timeoutMs),
    priority: (policy) => policy.priority ?? 0,
  },
  RetryPolicy: {
    initialInterval: (retry) => formatDuration(retry.initialIntervalMs),
    maxInterval: (retry) => (retry.maxIntervalMs === null ? null : formatDuration(retry.maxIntervalMs)),
    jitter: (retry) => (retry.jitterMs === 0 ? null : formatDuration(retry.jitterMs)),
  },

  CronTrigger: { summary: (trigger) => trigger.describe() },
  CalendarTrigger: {
    summary: (trigger) => trigger.describe(),
    years: ({ fields }) => fields.years ?? null,
    months: ({ fields }) => fields.months ?? null,
    weeks: ({ fields }) => fields.weeks ?? null,
    daysOfMonth: ({ fields }) => fields.daysOfMonth ?? null,
    daysOfWeek: ({ fields }) => fields.daysOfWeek ?? null,
    hours: ({ fields }) => fields.hours ?? null,
    minutes: ({ fields }) => fields.minutes ?? null,
    seconds: ({ fields }) => fields.seconds ?? null,
  },
  IntervalTrigger: {
    summary: (trigger) => trigger.describe(),
    every: (trigger) => formatDuration(trigger.everyMs),
    anchorAt: (trigger) => new Date(trigger.anchorAt),
  },
  CalendarIntervalTrigger: { summary: (trigger) => trigger.describe() },
  AtTrigger: {
    summary: (trigger) => trigger.describe(),
    times: (trigger) => trigger.times.map((at) => new Date(at)),
    localTimes: (trigger) => [...trigger.localTimes],
  },
  RRuleTrigger: {
    summary: (trigger) => trigger.describe(),
    rdates: (trigger) => [...trigger.rdates],
    exdates: (trigger) => [...trigger.exdates],
  },
  AnyOfTrigger: { summary: (trigger) => trigger.describe(), triggers: (trigger) => [...trigger.triggers] },
  AllOfTrigger: {
    summary: (trigger) => trigger.describe(),
    triggers: (trigger) => [...trigger.triggers],
    within: (trigger) => formatDuration(trigger.withinMs),
  },
  ExceptTrigger: { summary: (trigger) => trigger.describe() },
  BoundedTrigger: {
    summary: (trigger) => trigger.describe(),
    startAt: (trigger) => (trigger.startAt === null ? null : new Date(trigger.startAt)),
    endAt: (trigger) => (trigger.endAt === null ? null : new Date(trigger.endAt)),
  },
  ManualTrigger: { summary: (trigger) => trigger.describe() },
  FireTime: {
    at: (fire) => new Date(fire.at),
    effectiveAt: (fire) => new Date(fire.effectiveAt),
  },

  Schedule: {
    task: async (schedule, _, { loaders }) => (await loaders.task.load(schedule.taskId)) as TaskRecord,
    trigger: async (schedule, _, { loaders }) => givenTriggerOf({ ...schedule, calendars: await calendarsOf(loaders, schedule) }),
    execution: async (schedule, _, { loaders }) => {
      const task = (await loaders.task.load(schedule.taskId)) as TaskRecord;
      return shownPolicy(task, schedule.execution);
    },
    spread: (schedule) => formatDuration(schedule.spreadMs),
    jitter: (schedule) => formatDuration(schedule.jitterMs),
    remainingRuns: (schedule) => remainingRuns(presentOf(schedule)),
    spec: async (schedule, _, { loaders }) => specOf(schedule, (await loaders.task.load(schedule.taskId))?.key ?? null),
    nextFireAt: (schedule) => (schedule.state === 'ACTIVE' && schedule.deletedAt === null ? schedule.nextFireAt : null),
    nextFireTimes: async (shown, args, { parts, loaders }) => {
      const schedule = presentOf(shown);
      const first = readPageSize('first', args.first ?? 5);
      if (schedule.state !== 'ACTIVE' || schedule.hold !== null || schedule.deletedAt !== null) return [];
      const given = triggerOf({ ...schedule, calendars: await calendarsOf(loaders, schedule) });
      const trigger = firingOnTime(given, { skips: await skipsOf(loaders, schedule), freezes: schedule.freezes });
      return upcomingTimes(trigger, timingOf(schedule, given), schedule, parts.clock.now(), first);
    },
    pendingOccurrences: async (shown, _, { parts, loaders }) => {
      const schedule = presentOf(shown);
      return mayBePending(schedule)
        ? countPending({ ...schedule, calendars: await calendarsOf(loaders, schedule) }, parts.clock.now())
        : 0;
    },
    occurrences: (schedule, args, { parts, loaders }) => pageOccurrences(schedule.id, args, { clock: parts.clock, loaders }),
    explain: async (shown, { at }, { parts, loaders }) => {
      const schedule = presentOf(shown);
      const [calendars, skips] = await Promise.all([calendarsOf(loaders, schedule), skipsOf(loaders, schedule)]);
      return explainAt({ ...schedule, calendars, skips }, at.getTime(), parts);
    },
    lastRun: (schedule, _, { loaders }) => loaders.lastRunOfSchedule.load(schedule.id),
    stats: async ({ id }, { window }, { parts, loaders }) =>
      loaders.statsOfSchedule.load({ scheduleId: id, ...windowBefore(parts.clock.now(), window ?? 'P7D') }),
    labels: (schedule) => listLabels(schedule.labels),
    runs(schedule, { filter, ...args }, { parts }, info) {
      const request = readPageArgs(args, info, RUN_ORDERS.SCHEDULED_FOR, 'DESC');
      return pageRuns(parts.store.prisma, readFilter(filter), { scheduleId: schedule.id }, request);
    },
    audit: ({ id }, args, { parts }, info) =>
      pageAudit(parts.store.prisma, { targetId: id }, readPageArgs(args, info, AUDIT_ORDER, 'DESC')),
    viewerCanEdit: (schedule, _, { viewer }) =>
      schedule.deletedAt === null && declaringTask(schedule.managedBy) === null && can(viewer, 'schedule.update'),
    viewerCanOperate: (schedule, _, { viewer }) => schedule.deletedAt === null && can(viewer, 'schedule.trigger'),
  },
  Occurrence: {
    scheduledFor: (occurrence) => new Date(occurrence.scheduledFor),
    effectiveAt: (occurrence) => new Date(occurrence.effectiveAt),
    through: (occurrence) => new Date(occurrence.through),
    runs: async ({ runIds }, _, { loaders }) =>
      (await loaders.run.loadMany(runIds.slice(0, LIMITS.maxPageSize))).filter((run) => run !== null) as RunRecord[],
  },
  PlannedFire: {
    schedule: async ({ scheduleId }, _, { loaders }) => (await loaders.schedule.load(scheduleId)) as ScheduleRecord,
    scheduledFor: (fire) => new Date(fire.scheduledFor),
    effectiveAt: (fire) => new Date(fire.effectiveAt),
    expectedDurationMs: ({ scheduleId }, _, { loaders }) => loaders.usualDurationOfSchedule.load(scheduleId),
  },
  Calendar: {
    schedules(calendar, args, { parts }, info) {
      const request = readPageArgs(args, info, SCHEDULE_ORDERS.NAME, 'ASC');
      return pageSchedules(parts.store.prisma, { calendar: calendar.name }, request, parts.clock.now());
    },
  },
  Freeze: {
    suppressed: (freeze, _, context) => countSuppressedBy(freeze, context),
    active: (freeze, _, { parts }) => isActive(freeze, parts.clock.now()),
  },
  MisfirePolicy: {
    graceTime: (policy) => formatDuration(policy.graceMs),
    catchupWindow: (policy) => formatDuration(policy.catchupWindowMs),
  },
  Explanation: { instant: (explanation) => new Date(explanation.instant) },
  Pause: {
    since: (pause) => instant(pause.since),
    until: (pause) => (pause.until == null ? null : instant(pause.until)),
  },

  Run: {
    task: async (run, _, { loaders }) => (await loaders.task.load(run.taskId)) as TaskRecord,
    schedule: (run, _, { loaders }) => (run.scheduleId === null ? null : loaders.schedule.load(run.scheduleId)),
    backfill: (run, _, { loaders }) => (run.backfillId === null ? null : loaders.backfill.load(run.backfillId)),
    timesOutAt: (run) =>
      run.state === 'RUNNING' && run.startedAt ? new Date(run.startedAt.getTime() + run.policy.timeoutMs) : null,
    labels: (run) => listLabels(run.labels),
    durationMs: async (run, _, { loaders }) => {
      const current = (await loaders.attempts.load(run.id)).find((attempt) => attempt.number === run.attempt);
      return current?.finishedAt ? current.finishedAt.getTime() - current.startedAt.getTime() : null;
    },
    attempts: (run, _, { loaders }) => loaders.attempts.load(run.id),
    worker: (run, _, context) => worker(context, run.workerId),
    steps: (run, _, { loaders }) => loaders.steps.load(run.id),
    logs: (run, args, { parts }) => readLogPage(parts, run, args),
    retryOf: (run, _, { loaders }) => (run.retryOfId === null ? null : loaders.run.load(run.retryOfId)),
    retries: (run, _, { loaders }) => loaders.retriesOfRun.load(run.id),
    viewerCanRetry: (run, _, { viewer }) => isOver(run.state) && can(viewer, 'run.retry'),
    viewerCanCancel: (run, _, { viewer }) => afterCancel(run.state) !== null && can(viewer, 'run.cancel'),
  },
  RunAttempt: {
    worker: (attempt, _, context) => worker(context, attempt.workerId),
  },
  Backfill: backfillResolvers,
  RunStep: stepResolvers,
  LogLine: { cursor: printLogCursor },
  LogConnection: logConnectionResolvers,
  LogBatch: { cursor: printLogCursor },

  ConflictError: {
    existing: (error, _, { loaders }) => (error.existingId === null ? null : loadNode(loaders, error.existingId)),
  },
  VersionConflictError: { current: (error, _, { loaders }) => loadNode(loaders, error.currentId) },

  TaskConnection: connectionResolvers,
  ScheduleConnection: connectionResolvers,
  AuditConnection: pageResolvers,
  AuditEntry: { target: (entry, _, { loaders, viewer }) => findNode(loaders, viewer, entry.targetId) },
  RunConnection: connectionResolvers,

  TaskEvent: { task: (event, _, { loaders }) => loaders.task.load(event.id) },
  ScheduleEvent: { schedule: (event, _, { loaders }) => loaders.schedule.load(event.id) },
  WorkerEvent: { worker: (event, _, { loaders }) => loaders.worker.load(event.id) },
  RunEvent: {
    run: (event, _, { loaders }) => loaders.run.load(event.id),
  },
};

function shownPolicy(task: TaskRecord, schedule: ExecutionSettings | null): ShownPolicy {
  const { kind, execution } = task;
  return { ...resolveExecution(kind, execution, schedule), concurrency: execution.concurrency ?? null };
}

/** Of the calendars that a trigger names. Those of a deleted schedule may have changed or gone since: it is shown without their dates. */
async function calendarsOf(loaders: Loaders, { calendarNames, deletedAt }: ScheduleRecord): Promise<CalendarDates | null> {
  if (deletedAt !== null) return datesOf(new Map(), calendarNames);
  const dates = await Promise.all(calendarNames.map((name) => loaders.calendarDates.load(name)));
  return datesOf(new Map(calendarNames.map((name, index) => [name, dates[index] ?? []])), calendarNames);
}

function skipsOf(loaders: Loaders, { id, skipCount }: ScheduleRecord): Promise<PlannedSkip[]> {
  return skipCount === 0 ? Promise.resolve([]) : loaders.skipsOfSchedule.load(id);
}

function worker({ loaders }: RequestContext, id: string | null) {
  return id === null ? null : loaders.worker.load(id);
}
