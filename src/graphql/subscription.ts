import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { createSourceEventStream, execute } from 'graphql';
import type { ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { isDatabaseAway } from '../databaseAway.ts';
import type { ViewerContext } from './auth.ts';
import type { AdmittedOperation } from './operation.ts';

/** How often a stream says that it lives, and the token behind it is asked for again. Proxies cut what is silent for 30 to 60 s. */
export const KEEP_ALIVE_MS = 12_000;

/** Results of a subscription. `return()` ends its source at once, also while a `next()` is pending. */
export interface ResultStream {
  next(): Promise<IteratorResult<ExecutionResult, unknown>>;
  return(): Promise<void>;
}

/** While the database is away: how soon an event is made anew. */
const AGAIN_MS = 500;

type Subscribed = { ok: true; results: ResultStream } | { ok: false; errors: readonly GraphQLError[] };

/**
 * Starts an admitted subscription.
 * @param newContext  called once for the source and again for every event: graphql-js' own `subscribe` makes one context
 *                    for all events, and loaders would serve the first event's values for ever. Once more for an event that
 *                    met an outage of the database: it is made anew until it is whole, and none is lost or comes in pieces
 * @throws Error when the field does not answer an async iterable: a bug of the resolver
 */
export async function startSubscription(
  schema: GraphQLSchema,
  { document, operationName, variables }: AdmittedOperation,
  newContext: () => ViewerContext,
): Promise<Subscribed> {
  const args = { schema, document, operationName, variableValues: variables };
  const stream = await createSourceEventStream({ ...args, contextValue: newContext() });
  if (!(Symbol.asyncIterator in stream)) return { ok: false, errors: stream.errors ?? [] };
  // Not an async generator: its return() would wait for the pending next(), and a quiet topic would never be left.
  const source: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  let over = false;
  const results: ResultStream = {
    async next() {
      // A source with an event always at hand would keep everybody else waiting until it has none.
      await setImmediate();
      const step = await source.next();
      if (step.done) return step;
      for (;;) {
        const value = await execute({ ...args, contextValue: newContext(), rootValue: step.value });
        if (over || value.errors?.some(isDatabaseAway) !== true) return { done: false, value };
        await pause(AGAIN_MS);
      }
    },
    async return() {
      over = true;
      await source.return?.();
    },
  };
  return { ok: true, results };
}
