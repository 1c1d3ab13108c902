import { AUDIT_ORDER, pageAudit } from '../../store/auditLists.ts';
import { listCalendars } from '../../store/calendars.ts';
import { listFreezes } from '../../store/freezes.ts';
import { RUN_ORDERS, pageRuns } from '../../store/runLists.ts';
import { readRunStats } from '../../store/runStats.ts';
import { listWorkers } from '../../store/runRecords.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../store/scheduleLists.ts';
import { TASK_ORDERS, pageTasks } from '../../store/taskLists.ts';
import { findTask } from '../../store/tasks.ts';
import { listTokens } from '../../store/tokens.ts';
import { readPageArgs } from '../connections.ts';
import { apiError } from '../errors.ts';
import { readFilter, readOpenRange } from '../filters.ts';
import type { QueryResolvers } from '../generated.ts';
import { LIMITS } from '../limits.ts';
import { listPlannedFires } from '../plannedFires.ts';
import { previewTrigger } from '../previewTrigger.ts';
import { scheduleAsOf } from '../scheduleAsOf.ts';
import { listStatsBuckets } from '../statsSeries.ts';
import { windowBefore } from '../statsWindow.ts';
import { ZONE_DATA } from '../../zoneData.ts';
import { findNode } from './node.ts';

const DAY_MS = 86_400_000;
const MOST_CALENDARS = 1_000;
const MOST_TOKENS = 1_000;
const MOST_FREEZES = 1_000;

export const Query: QueryResolvers = {
  node: (_, { id }, { loaders, viewer }) => findNode(loaders, viewer, id),
  nodes(_, { ids }, { loaders, viewer }) {
    if (ids.length > LIMITS.maxPageSize) {
      throw apiError('BAD_USER_INPUT', `ids has ${ids.length} entries; allowed are ${LIMITS.maxPageSize}.`);
    }
    // Not Promise.all: an id that may not be seen is an error in its place, beside the objects of the others.
    return ids.map((id) => findNode(loaders, viewer, id)) as never;
  },
  workers: (_, __, { parts }) => listWorkers(parts.store.prisma, new Date(parts.clock.now() - DAY_MS), LIMITS.maxPageSize),
  eventCursor: (_, __, { eventCursor }) => eventCursor(),
  viewer: (_, __, { viewer }) => viewer,
  serverInfo: (_, __, { parts }) => ({
    version: parts.version,
    now: new Date(parts.clock.now()),
    tzdata: ZONE_DATA,
    maxPageSize: LIMITS.maxPageSize,
    maxDepth: LIMITS.maxDepth,
    maxNodes: LIMITS.maxNodes,
  }),
  task: (_, { ref }, { parts }) => findTask(parts.store.prisma, ref.id != null ? { id: ref.id } : { key: ref.key ?? '' }),
  schedule: (_, { ref, asOf }, { parts }) => scheduleAsOf(parts.store, ref, asOf),
  run: (_, { id }, { loaders }) => loaders.run.load(id),
  backfill: (_, { id }, { loaders }) => loaders.backfill.load(id),
  tasks(_, { filter, orderBy, ...args }, { parts }, info) {
    const request = readPageArgs(args, info, TASK_ORDERS[orderBy?.field ?? 'KEY'], orderBy?.direction ?? 'ASC');
    return pageTasks(parts.store.prisma, readFilter(filter), request);
  },
  schedules(_, { filter, orderBy, ...args }, { parts }, info) {
    const request = readPageArgs(args, info, SCHEDULE_ORDERS[orderBy?.field ?? 'NAME'], orderBy?.direction ?? 'ASC');
    return pageSchedules(parts.store.prisma, readFilter(filter), request, parts.clock.now());
  },
  runs(_, { filter, orderBy, ...args }, { parts }, info) {
    const request = readPageArgs(args, info, RUN_ORDERS[orderBy?.field ?? 'SCHEDULED_FOR'], orderBy?.direction ?? 'DESC');
    return pageRuns(parts.store.prisma, readFilter(filter), {}, request);
  },
  stats: (_, { window, filter }, { parts }) =>
    readRunStats(parts.store.prisma, readFilter(filter), windowBefore(parts.clock.now(), window ?? 'PT1H')),
  statsSeries: (_, args, { parts }) => listStatsBuckets(parts.store, args),
  plannedFires: (_, args, { parts }) => listPlannedFires(parts, args),
  apiTokens: (_, __, { parts }) => listTokens(parts.store.prisma, MOST_TOKENS),
  audit(_, { targetId, actorId, at, ...args }, { parts }, info) {
    const request = readPageArgs(args, info, AUDIT_ORDER, 'DESC');
    return pageAudit(parts.store.prisma, { targetId, actorId, at: readOpenRange('at', at) }, request);
  },
  calendars: (_, __, { parts }) => listCalendars(parts.store.prisma, MOST_CALENDARS),
  freezes: (_, { active }, { parts }) => listFreezes(parts.store.prisma, active ?? null, parts.clock.now(), MOST_FREEZES),
  previewTrigger: (_, args, { parts }) => previewTrigger(parts.store.sql, args, parts.clock.now()),
};
