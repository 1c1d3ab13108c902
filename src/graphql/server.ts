import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:http';
import { ApolloServer, HeaderMap } from '@apollo/server';
import type { ApolloServerPlugin, HTTPGraphQLRequest, HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import type { Logger } from 'pino';
import type { ViewerContext } from './auth.ts';
import { apiError, httpHead, maskError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { admit, extraRules } from './operation.ts';
import type { Guard } from './operation.ts';

/** Queries and mutations over HTTP. */
export interface GraphQLEndpoint {
  /** @param newContext  called once, before the operation is looked at */
  execute(request: HTTPGraphQLRequest, newContext: () => ViewerContext, requestId: string): Promise<HTTPGraphQLResponse>;
  /** Closes the HTTP server, lets requests in flight finish, and cuts what is left after the grace period. */
  stop(): Promise<void>;
}

/** Starts Apollo Server with nothing in it that this server does not use. `httpServer` is drained by `stop`. */
export async function startGraphQLEndpoint(
  guard: Guard,
  log: Logger,
  httpServer: Server,
  stopGraceMs: number,
): Promise<GraphQLEndpoint> {
  // formatError is told nothing about the request it works for.
  const requestIds = new AsyncLocalStorage<string>();
  const mask = (error: unknown) => maskError(error, log, requestIds.getStore() ?? 'unknown');
  const apollo = new ApolloServer<ViewerContext>({
    schema: guard.schema,
    logger: log,
    formatError: (_formatted, error) => mask(error),
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: guard.production,
    // Switched by extraRules, which every transport shares.
    introspection: true,
    validationRules: extraRules(guard.production),
    parseOptions: { maxLexicalTokens: LIMITS.maxTokens },
    executionOptions: { maxCoercionErrors: LIMITS.maxCoercionErrors },
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    plugins: [
      // The default plugin wraps every field: a third of the CPU of an answer, for a cache that live data cannot use.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginDrainHttpServer({ httpServer, stopGracePeriodMillis: stopGraceMs }),
      admission(guard, mask),
    ],
  });
  await apollo.start();
  return {
    execute(httpGraphQLRequest, newContext, requestId) {
      const context = async () => newContext();
      return requestIds.run(requestId, () => apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context }));
    },
    stop: () => apollo.stop(),
  };
}

/** Runs the shared checks after validation. Apollo caches validated documents, so variables are never seen before here. */
function admission(guard: Guard, mask: (error: unknown) => ReturnType<typeof maskError>): ApolloServerPlugin<ViewerContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ document, operation, request, contextValue }) {
          // Without an operation the executor answers which names there are.
          if (!document || !operation) return null;
          const { operationName = null, variables = {} } = request;
          const errors =
            operation.operation === 'subscription'
              ? [apiError('BAD_USER_INPUT', 'Send a subscription to /graphql/stream, which answers with server-sent events.')]
              : admit(guard, contextValue.viewer, document, { operationName, variables });
          if (errors.length === 0) return null;
          const shown = errors.map(mask);
          const { status, headers } = httpHead(shown);
          return { http: { status, headers: new HeaderMap(headers) }, body: { kind: 'single', singleResult: { errors: shown } } };
        },
      };
    },
  };
}
