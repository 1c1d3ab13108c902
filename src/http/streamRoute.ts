import type { Logger } from 'pino';
import type { ViewerContext } from '../graphql/auth.ts';
import type { Viewer } from '../auth/viewer.ts';
import { apiError, maskError } from '../graphql/errors.ts';
import { admitSubscription } from '../graphql/operation.ts';
import type { Guard, OperationRequest } from '../graphql/operation.ts';
import { streamEvents } from '../graphql/sse.ts';
import type { EventStream } from '../graphql/sse.ts';
import { startSubscription } from '../graphql/subscription.ts';
import { parseJson, readJson } from './body.ts';
import type { JsonResult } from './body.ts';
import { admitVisitor, unauthenticated } from './door.ts';
import type { Authenticate, Visitor } from './door.ts';
import { replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';

interface StreamRouteOptions {
  guard: Guard;
  authenticate: Authenticate;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  log: Logger;
  /** Keeps the stream until it is over, so that a stop can complete it. */
  keep(stream: EventStream, exchange: Exchange): void;
}

/** GET and POST /graphql/stream: one subscription per connection, as GraphQL over SSE has it in distinct connections mode. */
export async function serveStream(exchange: Exchange, options: StreamRouteOptions): Promise<void> {
  const { guard, authenticate, contextFor, log, keep } = options;
  const { req, res, requestId } = exchange;
  const mask = (error: unknown) => maskError(error, log, requestId);
  const visitor = await admitVisitor(exchange, { methods: ['GET', 'POST'], answers: ['text/event-stream'], authenticate });
  if (!visitor) return;
  const sent = req.method === 'GET' ? fromSearch(exchange.search) : await readJson(req);
  if (!sent.ok) return replyErrors(exchange, [apiError('BAD_USER_INPUT', sent.message)], sent.status);
  const request = operationRequest(sent.value);
  if (typeof request === 'string') return replyErrors(exchange, [apiError('BAD_USER_INPUT', request)]);
  const admission = admitSubscription(guard, visitor.viewer, request);
  if (!admission.ok) return replyErrors(exchange, admission.errors.map(mask));

  const newContext = () => contextFor(visitor.viewer, requestId);
  const subscribed = await startSubscription(guard.schema, admission.subscription, newContext);
  if (!subscribed.ok) return replyErrors(exchange, subscribed.errors.map(mask));
  // A client that left in the meantime has had its 'close' event already.
  if (res.destroyed) return subscribed.results.return();
  keep(streamEvents(res, subscribed.results, { mask, recheck: () => recheck(visitor, mask) }), exchange);
}

/** Follows a token that was revoked or given another role while its stream is open. */
async function recheck(visitor: Visitor, mask: (error: unknown) => ReturnType<typeof maskError>) {
  try {
    const viewer = await visitor.authenticateAgain();
    if (!viewer) return mask(unauthenticated(false));
    visitor.viewer = viewer;
  } catch (error) {
    // Nobody can tell while the database is away: logged, and asked again with the next keep-alive.
    mask(error);
  }
  return null;
}

function fromSearch(search: string): JsonResult {
  const parameters = new URLSearchParams(search);
  const variables = parseJson(parameters.get('variables') ?? 'null');
  if (!variables.ok) return variables;
  return {
    ok: true,
    value: { query: parameters.get('query'), operationName: parameters.get('operationName'), variables: variables.value },
  };
}

/** The request's shape, or what is wrong with it. */
function operationRequest(value: unknown): OperationRequest | string {
  if (!isObject(value)) return 'The body must be a JSON object.';
  const { query, operationName = null, variables } = value;
  if (typeof query !== 'string' || query === '') return 'query must be a string and not empty.';
  if (operationName !== null && typeof operationName !== 'string') return 'operationName must be a string.';
  const given = variables ?? {};
  return isObject(given) ? { query, operationName, variables: given } : 'variables must be an object.';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
