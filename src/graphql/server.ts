import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:http';
import { ApolloServer, HeaderMap } from '@apollo/server';
import type { ApolloServerPlugin, GraphQLResponse, HTTPGraphQLRequest, HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import type { DocumentNode } from 'graphql';
import type { Logger } from 'pino';
import type { ViewerContext } from './auth.ts';
import { createDocumentStore } from './documents.ts';
import { apiError, httpHead, maskError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { admit, documentFaults } from './operation.ts';
import type { Guard } from './operation.ts';

/** What Apollo's hooks and formatError are not told about the request that they work for. */
interface Call {
  requestId: string;
  /** It came in a way that may be repeated and remembered by what lies in between: mutations are refused. */
  queriesOnly: boolean;
}

/** Queries and mutations over HTTP. */
export interface GraphQLEndpoint {
  /** @param newContext  called once, before the operation is looked at */
  execute(request: HTTPGraphQLRequest, newContext: () => ViewerContext, call: Call): Promise<HTTPGraphQLResponse>;
  /** Closes the HTTP server, lets requests in flight finish, and cuts what is left after the grace period. */
  stop(): Promise<void>;
}

/** Texts of the documents that are kept parsed. */
const MAX_DOCUMENT_CHARS = 512 * 1024;

/** Starts Apollo Server with nothing in it that this server does not use. `httpServer` is drained by `stop`. */
export async function startGraphQLEndpoint(
  guard: Guard,
  log: Logger,
  httpServer: Server,
  stopGraceMs: number,
): Promise<GraphQLEndpoint> {
  const calls = new AsyncLocalStorage<Call>();
  const mask = (error: unknown) => maskError(error, log, calls.getStore()?.requestId ?? 'unknown');
  const apollo = new ApolloServer<ViewerContext>({
    schema: guard.schema,
    logger: log,
    formatError: (_formatted, error) => mask(error),
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: guard.production,
    // The admission below validates, as every transport does: a rule of graphql-js that throws would end in a 500 here.
    dangerouslyDisableValidation: true,
    introspection: true,
    parseOptions: { maxLexicalTokens: LIMITS.maxTokens },
    executionOptions: { maxCoercionErrors: LIMITS.maxCoercionErrors },
    documentStore: createDocumentStore(MAX_DOCUMENT_CHARS),
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
      admission(guard, mask, () => calls.getStore()?.queriesOnly ?? false),
    ],
  });
  await apollo.start();
  return {
    execute(httpGraphQLRequest, newContext, call) {
      const context = async () => newContext();
      return calls.run(call, () => apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context }));
    },
    stop: () => apollo.stop(),
  };
}

const ELSEWHERE =
  'Send a subscription to /graphql/stream, which answers with server-sent events, or over a WebSocket (graphql-transport-ws).';

/** Runs the shared checks. Apollo caches parsed documents, so variables are never seen before here. */
function admission(
  guard: Guard,
  mask: (error: unknown) => ReturnType<typeof maskError>,
  queriesOnly: () => boolean,
): ApolloServerPlugin<ViewerContext> {
  /** Apollo has one document for each text, as long as it remembers it. */
  const valid = new WeakSet<DocumentNode>();
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ document, operation, request, contextValue }) {
          if (!document) return null;
          const { operationName = null, variables = {} } = request;
          const answer = (shown: ReturnType<typeof mask>[], { status, headers } = httpHead(shown)): GraphQLResponse => ({
            http: { status, headers: new HeaderMap(headers) },
            body: { kind: 'single', singleResult: { errors: shown } },
          });
          const faults = valid.has(document) ? [] : documentFaults(guard, document);
          if (faults.length > 0) return answer(faults.map(mask));
          valid.add(document);
          // Without an operation the executor answers which names there are.
          if (!operation) return null;
          if (operation.operation === 'subscription') return answer([mask(apiError('BAD_USER_INPUT', ELSEWHERE))]);
          if (operation.operation === 'mutation' && queriesOnly()) {
            const refusal = apiError('BAD_USER_INPUT', 'Send a mutation by POST: GET takes queries.');
            return answer([mask(refusal)], { status: 405, headers: [['allow', 'POST']] });
          }
          const errors = admit(guard, contextValue.viewer, document, { operationName, variables });
          return errors.length === 0 ? null : answer(errors.map(mask));
        },
      };
    },
  };
}
