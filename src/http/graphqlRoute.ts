import { HeaderMap } from '@apollo/server';
import type { ViewerContext } from '../graphql/auth.ts';
import { apiError } from '../graphql/errors.ts';
import type { GraphQLEndpoint } from '../graphql/server.ts';
import type { Viewer } from '../auth/viewer.ts';
import { readJson } from './body.ts';
import { admitVisitor } from './door.ts';
import type { Authenticate } from './door.ts';
import { reply, replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';

interface GraphQLRouteOptions {
  endpoint: GraphQLEndpoint;
  authenticate: Authenticate;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
}

const ANSWERS = ['application/json', 'application/graphql-response+json'];

/** POST /graphql: queries and mutations. */
export async function serveGraphQL(
  exchange: Exchange,
  { endpoint, authenticate, contextFor }: GraphQLRouteOptions,
): Promise<void> {
  const visitor = await admitVisitor(exchange, { methods: ['POST'], answers: ANSWERS, authenticate });
  if (!visitor) return;
  const body = await readJson(exchange.req);
  if (!body.ok) return replyErrors(exchange, [apiError('BAD_USER_INPUT', body.message)], body.status);
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(exchange.req.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const answer = await endpoint.execute(
    { method: 'POST', headers, search: '', body: body.value },
    () => contextFor(visitor.viewer, exchange.requestId),
    exchange.requestId,
  );
  if (answer.body.kind !== 'complete') throw new Error('An answer in parts was not asked for.');
  reply(exchange, answer.status ?? 200, answer.headers, answer.body.string);
}
