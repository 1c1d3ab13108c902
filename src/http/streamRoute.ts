import type { Logger } from 'pino';
import type { ViewerContext } from '../graphql/auth.ts';
import type { Viewer } from '../auth/viewer.ts';
import { apiError, maskError } from '../graphql/errors.ts';
import { admitRequest } from '../graphql/operation.ts';
import type { Guard } from '../graphql/operation.ts';
import { streamEvents } from '../graphql/sse.ts';
import type { EventStream } from '../graphql/sse.ts';
import { startSubscription } from '../graphql/subscription.ts';
import { readJson } from './body.ts';
import { admitVisitor, recheck } from './door.ts';
import type { Authenticate } from './door.ts';
import { replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { fromSearch, operationRequest } from './request.ts';

interface StreamRouteOptions {
  guard: Guard;
  authenticate: Authenticate;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  log: Logger;
  /** Keeps the stream until it is over, so that a stop can leave it. */
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
  const admission = admitRequest(guard, visitor.viewer, request, ['subscription']);
  if (!admission.ok) return replyErrors(exchange, admission.errors.map(mask));

  const newContext = () => contextFor(visitor.viewer, requestId);
  const subscribed = await startSubscription(guard.schema, admission.operation, newContext);
  if (!subscribed.ok) return replyErrors(exchange, subscribed.errors.map(mask));
  // A client that left in the meantime has had its 'close' event already.
  if (res.destroyed) return subscribed.results.return();
  keep(streamEvents(res, subscribed.results, { mask, recheck: () => recheck(visitor, mask) }), exchange);
}
