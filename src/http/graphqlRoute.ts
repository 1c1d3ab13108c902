import { HeaderMap } from '@apollo/server';
import type { ViewerContext } from '../graphql/auth.ts';
import { apiError } from '../graphql/errors.ts';
import type { Guard } from '../graphql/operation.ts';
import { resolveDocument } from '../graphql/persisted.ts';
import type { GraphQLEndpoint } from '../graphql/server.ts';
import type { Viewer } from '../auth/viewer.ts';
import { readJson } from './body.ts';
import { admitVisitor } from './door.ts';
import { reply, replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Identify } from './gate.ts';
import { fromSearch } from './request.ts';

interface GraphQLRouteOptions {
  endpoint: GraphQLEndpoint;
  guard: Guard;
  identify: Identify;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
}

const ANSWERS = ['application/json', 'application/graphql-response+json'];

/**
 * POST /graphql: queries and mutations. GET: queries.
 * GET asks for no header against forged requests beyond the token: a page elsewhere can neither know it nor send an
 * Authorization header without a preflight, which nobody answers here.
 */
export async function serveGraphQL(
  exchange: Exchange,
  { endpoint, guard, identify, contextFor }: GraphQLRouteOptions,
): Promise<void> {
  const visitor = await admitVisitor(exchange, { methods: ['GET', 'POST'], answers: ANSWERS, identify });
  if (!visitor) return;
  const queriesOnly = exchange.req.method === 'GET';
  const body = queriesOnly ? fromSearch(exchange.search) : await readJson(exchange.req);
  if (!body.ok) return replyErrors(exchange, [apiError('BAD_USER_INPUT', body.message)], body.status);
  const resolved = resolveDocument(body.value, guard.persisted);
  if (!resolved.ok) return replyErrors(exchange, [resolved.error]);
  // What GET carries is an object.
  if (queriesOnly && !(resolved.value as { query?: unknown }).query)
    return replyErrors(exchange, [apiError('BAD_USER_INPUT', 'The parameter query is missing: GET takes a query in it.')]);
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(exchange.req.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  // One shape for both methods: what GET carries has passed the same checks, and Apollo's own are for other media types.
  headers.set('content-type', 'application/json');
  const answer = await endpoint.execute(
    { method: 'POST', headers, search: '', body: resolved.value },
    () => contextFor(visitor.viewer, exchange.requestId),
    { requestId: exchange.requestId, queriesOnly },
  );
  if (answer.body.kind !== 'complete') throw new Error('An answer in parts was not asked for.');
  reply(exchange, answer.status ?? 200, answer.headers, answer.body.string);
}
