import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/viewer.ts';
import { apiError } from '../graphql/errors.ts';
import type { Visitor } from './door.ts';
import { createLockout } from './lockout.ts';
import { networkOf, remoteAddressOf } from './remoteAddress.ts';

/**
 * Who a token stands for; null when it stands for nobody. `token` is null when none was sent. May throw what is to be answered:
 * Refused, or that the database is away.
 */
export type Authenticate = (token: string | null, from: { network: string }) => Promise<Viewer | null>;

/**
 * Who comes with this token (null: none, empty: credentials of another kind); null when it stands for nobody.
 * @throws what `Authenticate` throws, and RATE_LIMITED while the caller's network is locked
 */
export type Identify = (token: string | null, req: IncomingMessage) => Promise<Visitor | null>;

interface GateOptions {
  trustProxy: number;
  clock: { now(): number };
  log: Logger;
}

/** What all transports let callers in by. */
export function createGate(authenticate: Authenticate, { trustProxy, clock, log }: GateOptions): Identify {
  const lockout = createLockout(clock);

  return async (token, req) => {
    const network = networkOf(remoteAddressOf(req, trustProxy));
    const authenticateAgain = async () => {
      // Credentials of another kind are wrong credentials, not an anonymous caller. A page elsewhere has no right to what its
      // visitors may see without a token: a WebSocket would let it read that.
      if (token === '' || (token === null && isFromElsewhere(req))) return null;
      return authenticate(token, { network });
    };
    const wait = token === null ? null : lockout.waitFor(network, token);
    if (wait !== null) {
      const message = `Too many failed authentications from your address; try again in ${wait} s.`;
      throw apiError('RATE_LIMITED', message, { retryAfter: wait });
    }
    const viewer = await authenticateAgain();
    if (viewer === null) {
      if (token !== null && lockout.failed(network, token))
        log.warn({ network }, 'too many failed authentications: locked for a minute');
      return null;
    }
    if (token !== null) lockout.succeeded(network, token);
    return { viewer, authenticateAgain };
  };
}

/** Whether a browser says that the request comes from a page of another host. */
function isFromElsewhere({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && URL.parse(origin)?.host !== host?.toLowerCase();
}
