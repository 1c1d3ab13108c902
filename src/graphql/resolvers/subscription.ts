import type { SubscriptionResolvers } from '../generated.ts';
import { runChanges, taskChanges } from '../streams.ts';

export const Subscription: SubscriptionResolvers = {
  runChanged: {
    subscribe: (_, { after, filter }, { parts }) => runChanges(parts, after, filter) as never,
    resolve: (event: unknown) => event as never,
  },
  taskChanged: {
    subscribe: (_, { after, filter }, { parts }) => taskChanges(parts, after, filter) as never,
    resolve: (event: unknown) => event as never,
  },
};
