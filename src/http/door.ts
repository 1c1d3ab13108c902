import type { Viewer } from '../auth/viewer.ts';
import type { GraphQLFormattedError } from 'graphql';
import { apiError } from '../graphql/errors.ts';
import { accepts, replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Identify } from './gate.ts';

interface Entrance {
  methods: readonly string[];
  /** Media types of the answer. */
  answers: readonly string[];
  identify: Identify;
}

/** A caller who may come in, and the way to ask again later whether that still holds. */
export interface Visitor {
  viewer: Viewer;
  authenticateAgain(): Promise<Viewer | null>;
}

/**
 * What both GraphQL routes check before they read a byte of the body: method, Accept, token.
 * @returns null when the request has been answered
 * @throws what is to be answered: Refused, RATE_LIMITED, the database that is away
 */
export async function admitVisitor(exchange: Exchange, { methods, answers, identify }: Entrance): Promise<Visitor | null> {
  const { req, res } = exchange;
  if (!methods.includes(req.method ?? '')) {
    res.setHeader('allow', methods.join(', '));
    replyErrors(exchange, [apiError('BAD_USER_INPUT', `${exchange.path} takes ${methods.join(' and ')}.`)], 405);
    return null;
  }
  if (!accepts(req.headers.accept, answers)) {
    replyErrors(exchange, [apiError('BAD_USER_INPUT', `${exchange.path} answers ${answers.join(' or ')}: accept it.`)], 406);
    return null;
  }
  const token = bearerToken(req.headers.authorization);
  const visitor = await identify(token, req);
  if (visitor) return visitor;
  replyErrors(exchange, [unauthenticated(token === null)]);
  return null;
}

/** The token of an Authorization header: null without one, empty when the credentials are of another kind. */
export function bearerToken(authorization: string | undefined): string | null {
  return authorization === undefined ? null : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
}

/**
 * Follows a token that was revoked or given another role while its connection is open: the visitor has the role of now.
 * @returns what the caller is told when the token is no longer valid, else null. Never rejects
 */
export async function recheck(visitor: Visitor, mask: (error: unknown) => GraphQLFormattedError) {
  try {
    const viewer = await visitor.authenticateAgain();
    if (!viewer) return mask(unauthenticated(false));
    visitor.viewer = viewer;
  } catch (error) {
    const shown = mask(error);
    // Nobody can tell while the database is away: logged, and asked again with the next keep-alive.
    if (saysNo(shown)) return shown;
  }
  return null;
}

/** Whether it says that the caller may not come in, and not that nobody can tell right now. */
export function saysNo({ extensions }: GraphQLFormattedError): boolean {
  return extensions?.['code'] === 'UNAUTHENTICATED' || extensions?.['code'] === 'FORBIDDEN';
}

/** @param missing  no token was sent at all */
export function unauthenticated(missing: boolean) {
  const message = missing ? 'Send a token: Authorization: Bearer <token>.' : 'The token is unknown, expired or revoked.';
  return apiError('UNAUTHENTICATED', message);
}
