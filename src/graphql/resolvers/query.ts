import { listWorkers, pageRuns } from '../../store/runRecords.ts';
import { findSchedule, pageSchedules } from '../../store/schedules.ts';
import { findTask, pageTasks } from '../../store/tasks.ts';
import { readPageArgs } from '../connections.ts';
import { apiError } from '../errors.ts';
import type { QueryResolvers } from '../generated.ts';
import { LIMITS } from '../limits.ts';
import { previewTrigger } from '../previewTrigger.ts';
import { findNode } from './node.ts';

const DAY_MS = 86_400_000;

export const Query: QueryResolvers = {
  node: (_, { id }, { loaders }) => findNode(loaders, id),
  nodes(_, { ids }, { loaders }) {
    if (ids.length > LIMITS.maxPageSize) {
      throw apiError('BAD_USER_INPUT', `ids has ${ids.length} entries; allowed are ${LIMITS.maxPageSize}.`);
    }
    return Promise.all(ids.map((id) => findNode(loaders, id)));
  },
  workers: (_, __, { parts }) => listWorkers(parts.store.prisma, new Date(parts.clock.now() - DAY_MS), LIMITS.maxPageSize),
  eventCursor: (_, __, { eventCursor }) => eventCursor(),
  viewer: (_, __, { viewer }) => viewer,
  serverInfo: (_, __, { parts }) => ({
    version: parts.version,
    now: new Date(parts.clock.now()),
    tzdata: process.versions.tz ?? 'unknown',
    maxPageSize: LIMITS.maxPageSize,
    maxDepth: LIMITS.maxDepth,
    maxNodes: LIMITS.maxNodes,
  }),
  task: (_, { ref }, { parts }) => findTask(parts.store.prisma, ref.id != null ? { id: ref.id } : { key: ref.key ?? '' }),
  schedule: (_, { ref }, { parts }) =>
    findSchedule(parts.store.prisma, ref.id != null ? { id: ref.id } : { name: ref.name ?? '' }),
  run: (_, { id }, { loaders }) => loaders.run.load(id),
  tasks: (_, args, { parts }) =>
    pageTasks(parts.store.prisma, args.filter ?? null, readPageArgs(args, 'key', args.orderBy?.direction ?? 'ASC')),
  schedules(_, args, { parts }) {
    const field = args.orderBy?.field === 'CREATED_AT' ? 'createdAt' : 'name';
    return pageSchedules(
      parts.store.prisma,
      args.filter ?? null,
      field,
      readPageArgs(args, field, args.orderBy?.direction ?? 'ASC'),
    );
  },
  runs: (_, args, { parts }) =>
    pageRuns(parts.store.prisma, args.filter ?? null, {}, readPageArgs(args, 'scheduledFor', args.orderBy?.direction ?? 'DESC')),
  previewTrigger: (_, args, { parts }) => previewTrigger(args, parts.clock.now()),
};
