import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import type { KeySource } from './jwks.ts';
import { Refused, tokenEnded } from './refused.ts';
import { ROLES } from './role.ts';
import type { Role } from './role.ts';
import type { Viewer } from './viewer.ts';

/** Which JWTs are trusted, and what they make of their bearers. */
export interface JwtTrust {
  issuer: string;
  audience: string;
  /** A claim, or the way to one: names with dots between them. */
  roleClaim: string;
  /** What a value of that claim stands for. */
  roles: ReadonlyMap<string, Role>;
  clockToleranceMs: number;
}

/** With a key pair only: a shared secret would let everybody who can check a token make one, and `none` everybody at all. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** OpenID Connect Core §2: `sub` has 255 characters at most. */
const LONGEST_SUBJECT = 255;
const LONGEST_NAME = 200;

/** Whether a bearer token is to be taken for a JWT: three parts, the first of which begins as every JSON object does. */
export function looksLikeJwt(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(token);
}

/** @returns answers whose a JWT is; null when it proves nothing. Throws Refused when more can be said */
export function createJwtAuthenticator(
  { issuer, audience, roleClaim, roles, clockToleranceMs }: JwtTrust,
  keys: Pick<KeySource, 'key'>,
  clock: { now(): number },
  log: Logger,
): (token: string) => Promise<Viewer | null> {
  async function claimsOf(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, keys.key, options)).payload;
    } catch (error) {
      // Without a key id several keys may fit.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (mismatch) {
          if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  return async (token) => {
    const now = clock.now();
    const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: clockToleranceMs / 1000 };
    let claims: JWTPayload;
    try {
      const requiredClaims = ['iss', 'aud', 'exp', 'sub'];
      claims = await claimsOf(token, { ...options, requiredClaims, currentDate: new Date(now) });
    } catch (error) {
      // Looked at when the signature has been: nobody guessed this one.
      if (error instanceof errors.JWTExpired) throw tokenEnded();
      if (!(error instanceof errors.JOSEError)) throw error;
      log.debug({ reason: error.message }, 'a JWT was refused');
      return null;
    }
    const { sub: id, exp } = claims;
    if (!isSubject(id) || exp === undefined) return null;
    const role = highest(valuesAt(claims, roleClaim).flatMap((value) => roles.get(value) ?? []));
    if (role === undefined) throw new Refused('FORBIDDEN', `The token has no role here: its claim ${roleClaim} names none.`);
    const endsAt = exp * 1000;
    // Within the tolerance the issuer's clock may be right: what begins then may last until there is no doubt.
    const validUntil = now < endsAt ? endsAt : endsAt + clockToleranceMs;
    return { actor: { kind: 'USER', id, name: nameOf(claims) ?? id }, role, validUntil };
  };
}

/** The texts that a claim holds: itself, or those of a list. A claim whose own name has dots goes before a path. */
function valuesAt(claims: JWTPayload, path: string): string[] {
  const value = Object.hasOwn(claims, path) ? claims[path] : path.split('.').reduce<unknown>(child, claims);
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
}

function child(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function highest(roles: readonly Role[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role));
}

/** Stored as it is in the audit trail: what cannot be stored is nobody. */
function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_SUBJECT && !/[\p{Cc}\p{Cs}]/u.test(value);
}

function nameOf({ name, preferred_username: username }: JWTPayload): string | null {
  for (const value of [name, username]) {
    if (typeof value !== 'string') continue;
    const shown = value
      .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
      .trim()
      .slice(0, LONGEST_NAME)
      .toWellFormed();
    if (shown !== '') return shown;
  }
  return null;
}
