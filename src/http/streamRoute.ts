import type { Logger } from 'pino';
import type { ViewerContext } from '../graphql/auth.ts';
import type { Viewer } from '../auth/viewer.ts';
import { apiError, maskError } from '../graphql/errors.ts';
import { admitRequest } from '../graphql/operation.ts';
import type { Guard } from '../graphql/operation.ts';
import { resolveDocument } from '../graphql/persisted.ts';
import { streamEvents } from '../graphql/sse.ts';
import type { EventStream } from '../graphql/sse.ts';
import { startSubscription } from '../graphql/subscription.ts';
import { readJson } from './body.ts';
import { admitVisitor, recheck, unauthenticated } from './door.ts';
import { replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Identify } from './gate.ts';
import type { Places } from './places.ts';
import { fromSearch, operationRequest } from './request.ts';
import type { Tenure } from './tenure.ts';

interface StreamRouteOptions {
  guard: Guard;
  identify: Identify;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  log: Logger;
  tenure: Tenure;
  places: Places;
  /** Keeps the stream until it is over, so that a stop can leave it. */
  keep(stream: EventStream, exchange: Exchange): void;
}

const ALL_TAKEN = 'This instance carries as many streams as it may: close one, ask another instance, or try again later.';

/** GET and POST /graphql/stream: one subscription per connection, as GraphQL over SSE has it in distinct connections mode. */
export async function serveStream(exchange: Exchange, options: StreamRouteOptions): Promise<void> {
  const { guard, identify, contextFor, log, tenure, places, keep } = options;
  const { req, res, requestId } = exchange;
  const mask = (error: unknown) => maskError(error, log, requestId);
  const visitor = await admitVisitor(exchange, { methods: ['GET', 'POST'], answers: ['text/event-stream'], identify });
  if (!visitor) return;
  const sent = req.method === 'GET' ? fromSearch(exchange.search) : await readJson(req);
  if (!sent.ok) return replyErrors(exchange, [apiError('BAD_USER_INPUT', sent.message)], sent.status);
  const resolved = resolveDocument(sent.value, guard.persisted);
  if (!resolved.ok) return replyErrors(exchange, [resolved.error]);
  const request = operationRequest(resolved.value);
  if (typeof request === 'string') return replyErrors(exchange, [apiError('BAD_USER_INPUT', request)]);
  const admission = admitRequest(guard, visitor.viewer, request, ['subscription']);
  if (!admission.ok) return replyErrors(exchange, admission.errors.map(mask));

  if (res.destroyed) return;
  const free = places.take();
  if (!free) return replyErrors(exchange, [apiError('UNAVAILABLE', ALL_TAKEN)]);
  res.once('close', free);
  const newContext = () => contextFor(visitor.viewer, requestId);
  const subscribed = await startSubscription(guard.schema, admission.operation, newContext);
  if (!subscribed.ok) return replyErrors(exchange, subscribed.errors.map(mask));
  // A client that left in the meantime has had its 'close' event already.
  if (res.destroyed) return subscribed.results.return();
  const stream = streamEvents(res, subscribed.results, { mask, recheck: () => recheck(visitor, mask) });
  const leave = tenure.follow(visitor, {
    look: () => void recheck(visitor, mask).then((error) => error && stream.fail(error)),
    expire: () => stream.fail(mask(unauthenticated(false))),
  });
  res.once('close', leave);
  keep(stream, exchange);
}
