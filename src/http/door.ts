import type { IncomingMessage } from 'node:http';
import type { Viewer } from '../auth/viewer.ts';
import type { GraphQLFormattedError } from 'graphql';
import { apiError } from '../graphql/errors.ts';
import { accepts, replyErrors } from './exchange.ts';
import type { Exchange } from './exchange.ts';

/** Who a token stands for; null when it stands for nobody. `token` is null when none was sent. */
export type Authenticate = (token: string | null, request: { remoteAddress: string }) => Promise<Viewer | null>;

interface Entrance {
  methods: readonly string[];
  /** Media types of the answer. */
  answers: readonly string[];
  authenticate: Authenticate;
}

/** A caller who may come in, and the way to ask again later whether that still holds. */
export interface Visitor {
  viewer: Viewer;
  authenticateAgain(): Promise<Viewer | null>;
}

/**
 * What both GraphQL routes check before they read a byte of the body: method, Accept, token.
 * @returns null when the request has been answered
 */
export async function admitVisitor(exchange: Exchange, { methods, answers, authenticate }: Entrance): Promise<Visitor | null> {
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
  const visitor = await identify(token, req, authenticate);
  if (visitor) return visitor;
  replyErrors(exchange, [unauthenticated(token === null)]);
  return null;
}

/** The token of an Authorization header: null without one, empty when the credentials are of another kind. */
export function bearerToken(authorization: string | undefined): string | null {
  return authorization === undefined ? null : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
}

/** Who comes with this token; null when it stands for nobody. */
export async function identify(token: string | null, { socket }: IncomingMessage, authenticate: Authenticate) {
  const remoteAddress = socket.remoteAddress ?? '';
  // Credentials of another kind are wrong credentials, not an anonymous caller.
  const authenticateAgain = async () => (token === '' ? null : authenticate(token, { remoteAddress }));
  const viewer = await authenticateAgain();
  const visitor: Visitor | null = viewer && { viewer, authenticateAgain };
  return visitor;
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
    // Nobody can tell while the database is away: logged, and asked again with the next keep-alive.
    mask(error);
  }
  return null;
}

/** @param missing  no token was sent at all */
export function unauthenticated(missing: boolean) {
  const message = missing ? 'Send a token: Authorization: Bearer <token>.' : 'The token is unknown, expired or revoked.';
  return apiError('UNAUTHENTICATED', message);
}
