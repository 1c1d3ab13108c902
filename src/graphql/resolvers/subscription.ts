import type { SubscriptionResolvers } from '../generated.ts';
import { runChanges, scheduleChanges, taskChanges, workerChanges } from '../streams.ts';

export const Subscription: SubscriptionResolvers = {
  runChanged: {
    subscribe: (_, { after, filter }, { parts }) => runChanges(parts, after, filter) as never,
    resolve: (event: unknown) => event as never,
  },
  taskChanged: {
    subscribe: (_, { after, filter }, { parts }) => taskChanges(parts, after, filter) as never,
    resolve: (event: unknown) => event as never,
  },
  scheduleChanged: {
    subscribe: (_, { after, filter }, { parts }) => scheduleChanges(parts, after, filter) as never,
    resolve: (event: unknown) => event as never,
  },
  workerChanged: {
    subscribe: (_, { after }, { parts }) => workerChanges(parts, after) as never,
    resolve: (event: unknown) => event as never,
  },
};
