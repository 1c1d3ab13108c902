import type { SubscriptionResolvers } from '../generated.ts';
import { followRunLogs } from '../logs.ts';
import { runChanges, scheduleChanges, taskChanges, workerChanges } from '../streams.ts';

export const Subscription: SubscriptionResolvers = {
  runChanged: {
    subscribe: (_, args, { parts }) => runChanges(parts, args) as never,
    resolve: (event: unknown) => event as never,
  },
  taskChanged: {
    subscribe: (_, args, { parts }) => taskChanges(parts, args) as never,
    resolve: (event: unknown) => event as never,
  },
  scheduleChanged: {
    subscribe: (_, args, { parts }) => scheduleChanges(parts, args) as never,
    resolve: (event: unknown) => event as never,
  },
  workerChanged: {
    subscribe: (_, { after }, { parts }) => workerChanges(parts, after) as never,
    resolve: (event: unknown) => event as never,
  },
  runLogs: {
    subscribe: (_, args, { parts }) => followRunLogs(parts, args) as never,
    resolve: (batch: unknown) => batch as never,
  },
};
