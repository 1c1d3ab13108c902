import type { Logger } from 'pino';
import type { Store } from '../store/open.ts';
import { anonymousViewer } from './anonymous.ts';
import { createKeySource } from './jwks.ts';
import type { JwksLocation } from './jwks.ts';
import { createJwtAuthenticator, looksLikeJwt } from './jwt.ts';
import type { JwtTrust } from './jwt.ts';
import { authenticateToken } from './tokens.ts';
import type { Viewer } from './viewer.ts';

interface AuthenticationOptions {
  store: Store;
  clock: { now(): number };
  log: Logger;
  /** null: JWTs are nobody's */
  jwt: (JwtTrust & { jwks: JwksLocation }) | null;
  /** Whether who sends no token may look. */
  anonymousViewer: boolean;
}

/**
 * The one place that says who a caller is. Settles when the keys for JWTs have been read, or are known to be away.
 * @returns answers null for who is nobody; throws Refused, or that the database is away
 * @throws Error when the keys are to be read from a file and cannot be
 */
export async function createAuthentication(options: AuthenticationOptions) {
  const { store, clock, log } = options;
  const jwt = options.jwt && (await startJwt(options.jwt, clock, log));

  return async (token: string | null, { network }: { network: string }): Promise<Viewer | null> => {
    if (token === null) return options.anonymousViewer ? anonymousViewer(network) : null;
    if (jwt !== null && looksLikeJwt(token)) return jwt(token);
    return authenticateToken(store, token, clock.now());
  };
}

async function startJwt(trust: JwtTrust & { jwks: JwksLocation }, clock: { now(): number }, log: Logger) {
  const keys = createKeySource(trust.jwks, clock, log);
  await keys.load().catch((error: unknown) => {
    if ('file' in trust.jwks) throw error;
    log.warn(
      { ...trust.jwks, err: error },
      'the keys for JWTs could not be read yet: callers with one are answered with UNAVAILABLE',
    );
  });
  return createJwtAuthenticator(trust, keys, clock, log);
}
