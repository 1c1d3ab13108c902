import { AUDIT_ORDER, pageAudit } from '../src/store/auditLists.ts';
import { listCalendars } from '../src/store/calendars.ts';
import { readEvents } from '../src/store/events.ts';
import { listFreezes } from '../src/store/freezes.ts';
import { readLedgers } from '../src/store/occurrences.ts';
import type { Store } from '../src/store/open.ts';
import type { ListOrder, Page, PageRequest } from '../src/store/pages.ts';
import { RUN_ORDERS, pageRuns } from '../src/store/runLists.ts';
import type { RunFilter } from '../src/store/runLists.ts';
import { listWorkers } from '../src/store/runRecords.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../src/store/scheduleLists.ts';
import type { ScheduleFilter } from '../src/store/scheduleLists.ts';
import { TASK_ORDERS, pageTasks } from '../src/store/taskLists.ts';
import type { TaskFilter } from '../src/store/taskLists.ts';
import { listTokens } from '../src/store/tokens.ts';
import type { Sizes } from './listRows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A list of the API with what may be asked of it. */
export interface PagedList {
  name: string;
  /** The table and its alias, as in the order's expressions. */
  from: string;
  orders: readonly ListOrder[];
  filters: Record<string, (request: PageRequest) => Promise<Page<unknown>>>;
}
/** One that has no pages. */
export interface PlainList {
  name: string;
  table: string;
  read(): Promise<unknown>;
}

export function pagedLists({ prisma }: Store, now: number, sizes: Sizes): PagedList[] {
  const range = (from: number, until: number) => ({ from: new Date(now - from), until: new Date(now - until) });
  const runs =
    (filter: RunFilter | null, only = {}) =>
    (request: PageRequest) =>
      pageRuns(prisma, filter, only, request);
  const schedules = (filter: ScheduleFilter | null) => (request: PageRequest) => pageSchedules(prisma, filter, request, now);
  const tasks = (filter: TaskFilter | null) => (request: PageRequest) => pageTasks(prisma, filter, request);
  const audit = (filter: Parameters<typeof pageAudit>[1]) => (request: PageRequest) => pageAudit(prisma, filter, request);
  const label = (key: string, ...values: string[]) => ({ labels: [{ key, in: values.length === 0 ? null : values }] });
  const [busyTask, idleTask, goneTask] = ['group-1.task-1', 'group-8.task-200', 'group-0.task-0'] as const;
  const someTasks = Array.from({ length: 12 }, (_, n) => `group-${(n + 5) % 12}.task-${n + 5}`);
  const scheduleId = (n: number) => `sch_${String(n).padStart(6, '0')}`;
  const oldSchedule = scheduleId(sizes.schedules);
  const busySchedules = (count: number) => Array.from({ length: count }, (_, n) => scheduleId(n + 1));
  const names = (count: number) => Array.from({ length: count }, (_, n) => `schedule ${String(n * 97).padStart(6, '0')}`);
  return [
    {
      name: 'runs',
      from: 'run r',
      orders: Object.values(RUN_ORDERS),
      filters: {
        none: runs(null),
        'state FAILED (3 %)': runs({ states: ['FAILED'] }),
        'state TIMED_OUT (0.1 %)': runs({ states: ['TIMED_OUT'] }),
        'state CANCELED (0.02 %)': runs({ states: ['CANCELED'] }),
        'state SUCCEEDED': runs({ states: ['SUCCEEDED'] }),
        'state RUNNING': runs({ states: ['RUNNING'] }),
        'state SCHEDULED': runs({ states: ['SCHEDULED'] }),
        'states of failure': runs({ states: ['FAILED', 'TIMED_OUT'] }),
        'states unfinished': runs({ states: ['SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING'] }),
        'task of many': runs({ taskKeys: [busyTask] }),
        'task of few': runs({ taskKeys: [idleTask] }),
        'task of old runs': runs({ taskKeys: [goneTask] }),
        'task unknown': runs({ taskKeys: ['unknown'] }),
        '12 tasks': runs({ taskKeys: someTasks }),
        'task of many, FAILED': runs({ taskKeys: [busyTask], states: ['FAILED'] }),
        'task of many, TIMED_OUT': runs({ taskKeys: [busyTask], states: ['TIMED_OUT'] }),
        'task of few, FAILED': runs({ taskKeys: [idleTask], states: ['FAILED'] }),
        'task of few, RUNNING': runs({ taskKeys: [idleTask], states: ['RUNNING'] }),
        'schedule id': runs({ scheduleIds: ['sch_000001'] }),
        'schedule of old runs': runs({ scheduleIds: [oldSchedule] }),
        'schedule name': runs({ scheduleNames: ['schedule 007919'] }),
        '3 schedule names': runs({ scheduleNames: names(3) }),
        '200 schedule names': runs({ scheduleNames: names(200) }),
        'origin MANUAL (3 %)': runs({ origins: ['MANUAL'] }),
        'origin RETRY (0.1 %)': runs({ origins: ['RETRY'] }),
        'worker at work': runs({ workerIds: ['wrk_01990'] }),
        'worker long gone': runs({ workerIds: ['wrk_00010'] }),
        'worker unknown': runs({ workerIds: ['wrk_unknown'] }),
        backfill: runs({ backfillId: 'bfl_3' }),
        'scheduledFor an hour': runs({ scheduledFor: range(HOUR, 0) }),
        'scheduledFor a day, long ago': runs({ scheduledFor: range(20 * DAY, 19 * DAY) }),
        'scheduledFor 10 days, long ago': runs({ scheduledFor: range(25 * DAY, 15 * DAY) }),
        'finished an hour': runs({ finished: range(HOUR, 0) }),
        'finished a day, long ago': runs({ finished: range(20 * DAY, 19 * DAY) }),
        'finished 10 days, long ago': runs({ finished: range(25 * DAY, 15 * DAY) }),
        '5 busy schedules': runs({ scheduleIds: busySchedules(5) }),
        '200 busy schedules': runs({ scheduleIds: busySchedules(200) }),
        '200 busy schedules, RETRY': runs({ scheduleIds: busySchedules(200), origins: ['RETRY'] }),
        '12 tasks, RETRY': runs({ taskKeys: someTasks, origins: ['RETRY'] }),
        'schedule of old runs, finished': runs({ scheduleIds: [oldSchedule], finished: {} }),
        'task of many, finished a day, long ago': runs({ taskKeys: [busyTask], finished: range(20 * DAY, 19 * DAY) }),
        'backfill, finished': runs({ backfillId: 'bfl_3', finished: {} }),
        'scheduledFor a day, long ago, finished': runs({ scheduledFor: range(20 * DAY, 19 * DAY), finished: {} }),
        'a day, FAILED': runs({ scheduledFor: range(DAY, 0), states: ['FAILED'] }),
        'a day, task of few': runs({ scheduledFor: range(DAY, 0), taskKeys: [idleTask] }),
        'late by 1 s (1 %)': runs({ minLatenessMs: 1_000 }),
        'late by 1 min (0.01 %)': runs({ minLatenessMs: 60_000 }),
        'late by 1 h (none)': runs({ minLatenessMs: HOUR }),
        'label of many (3 %)': runs(label('team', 'team-1')),
        'label of few': runs(label('customer', 'c-4990')),
        'label of none': runs(label('customer', 'nobody')),
        'label key': runs(label('customer')),
        'label key of none': runs(label('unknown')),
        'label of few, FAILED': runs({ ...label('customer', 'c-4990'), states: ['FAILED'] }),
      },
    },
    {
      name: 'Schedule.runs',
      from: 'run r',
      orders: [RUN_ORDERS.SCHEDULED_FOR],
      filters: {
        'of many, none': runs(null, { scheduleId: 'sch_000001' }),
        'of many, FAILED': runs({ states: ['FAILED'] }, { scheduleId: 'sch_000001' }),
        'of many, CANCELED': runs({ states: ['CANCELED'] }, { scheduleId: 'sch_000001' }),
        'of few, none': runs(null, { scheduleId: 'sch_090000' }),
      },
    },
    {
      name: 'Task.runs',
      from: 'run r',
      orders: [RUN_ORDERS.SCHEDULED_FOR],
      filters: {
        'of many, none': runs(null, { taskId: 'task_001' }),
        'of many, FAILED': runs({ states: ['FAILED'] }, { taskId: 'task_001' }),
        'of many, CANCELED': runs({ states: ['CANCELED'] }, { taskId: 'task_001' }),
        'of old runs': runs(null, { taskId: 'task_000' }),
      },
    },
    {
      name: 'Backfill.runs',
      from: 'run r',
      orders: [RUN_ORDERS.SCHEDULED_FOR],
      filters: { none: runs({ backfillId: 'bfl_3' }) },
    },
    {
      name: 'schedules',
      from: 'schedule s',
      orders: Object.values(SCHEDULE_ORDERS),
      filters: {
        none: schedules(null),
        '3 names': schedules({ names: names(3) }),
        'task of many': schedules({ taskKeys: [busyTask] }),
        'task of few': schedules({ taskKeys: [idleTask] }),
        'state ACTIVE': schedules({ states: ['ACTIVE'] }),
        'state PAUSED (3 %)': schedules({ states: ['PAUSED'] }),
        'state COMPLETED (1 %)': schedules({ states: ['COMPLETED'] }),
        'kind CALENDAR (10 %)': schedules({ kinds: ['CALENDAR'] }),
        'kind RRULE (none)': schedules({ kinds: ['RRULE'] }),
        managedBy: schedules({ managedBy: 'task:group-8.task-20' }),
        'search, many': schedules({ search: 'Report' }),
        'search, few': schedules({ search: 'jahresabschluß' }),
        'search, two words': schedules({ search: 'customer 4711' }),
        'search, none': schedules({ search: 'nowhere' }),
        'search, task key': schedules({ search: 'group-8.task-200' }),
        'label of many (3 %)': schedules(label('team', 'team-1')),
        'label of few': schedules(label('customer', 'c-4990')),
        'label of none': schedules(label('customer', 'nobody')),
        'nextFire an hour': schedules({ nextFire: range(0, -HOUR) }),
        'failing (0.3 %)': schedules({ failing: true }),
        'not failing': schedules({ failing: false }),
        'failing, task of many': schedules({ failing: true, taskKeys: [busyTask] }),
        silent: schedules({ silent: true }),
        'not silent': schedules({ silent: false }),
      },
    },
    {
      name: 'Task.schedules',
      from: 'schedule s',
      orders: [SCHEDULE_ORDERS.NAME],
      filters: { 'of many': schedules({ taskIds: ['task_001'] }), 'of few': schedules({ taskIds: ['task_200'] }) },
    },
    {
      name: 'Calendar.schedules',
      from: 'schedule s',
      orders: [SCHEDULE_ORDERS.NAME],
      filters: { 'of many': schedules({ calendar: 'calendar-1' }), 'of few': schedules({ calendar: 'calendar-2' }) },
    },
    {
      name: 'tasks',
      from: 'task t',
      orders: Object.values(TASK_ORDERS),
      filters: {
        none: tasks(null),
        keys: tasks({ keys: [busyTask, idleTask] }),
        group: tasks({ groups: ['group-1'] }),
        'kind HTTP': tasks({ kinds: ['HTTP'] }),
        'scope LOCAL': tasks({ scopes: ['LOCAL'] }),
        'state RUNNING': tasks({ states: ['RUNNING'] }),
        'state UNAVAILABLE': tasks({ states: ['UNAVAILABLE'] }),
        'search, few': tasks({ search: 'number 17' }),
        'search, none': tasks({ search: 'nowhere' }),
        label: tasks(label('team', 'team-1')),
      },
    },
    {
      name: 'audit',
      from: 'audit_entry a',
      orders: [AUDIT_ORDER],
      filters: {
        none: audit({}),
        'target of many': audit({ targetId: 'sch_000001' }),
        'target of few': audit({ targetId: 'sch_090000' }),
        'actor of many': audit({ actorId: 'tok_0' }),
        'actor unknown': audit({ actorId: 'nobody' }),
        'a day': audit({ at: range(DAY, 0) }),
        'a day, actor of few': audit({ at: range(DAY, 0), actorId: 'tok_199' }),
        'target and actor': audit({ targetId: 'sch_000001', actorId: 'tok_199' }),
      },
    },
  ];
}

export function plainLists({ prisma, sql }: Store, now: number): PlainList[] {
  const ledger = (scheduleId: string) => () => readLedgers(sql, [{ scheduleId, from: now - 30 * DAY, until: now, limit: 101 }]);
  return [
    { name: 'occurrences of many', table: 'run', read: ledger('sch_000001') },
    { name: 'occurrences of few', table: 'run', read: ledger('sch_090000') },
    { name: 'workers', table: 'worker', read: () => listWorkers(prisma, new Date(now - DAY), 100) },
    { name: 'calendars', table: 'calendar', read: () => listCalendars(prisma, 1_000) },
    { name: 'freezes', table: 'freeze', read: () => listFreezes(prisma, null, now, 1_000) },
    { name: 'freezes active', table: 'freeze', read: () => listFreezes(prisma, true, now, 1_000) },
    { name: 'tokens', table: 'api_token', read: () => listTokens(prisma, 1_000) },
    { name: 'events at the end', table: 'event', read: () => readEvents(sql, { xid: 699n, seq: 0n }, 500) },
    { name: 'events far behind', table: 'event', read: () => readEvents(sql, { xid: 100n, seq: 0n }, 500) },
  ];
}
