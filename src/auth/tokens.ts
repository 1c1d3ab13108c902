import { createHash, randomBytes } from 'node:crypto';
import { SYSTEM } from '../store/actor.ts';
import type { Store } from '../store/open.ts';
import { countTokens, ensureToken, findTokenByHash, lockTokens, touchToken } from '../store/tokens.ts';
import { tokenEnded } from './refused.ts';
import type { Role } from './role.ts';
import type { Viewer } from './viewer.ts';

/** A token's last use is written down at most this often. */
const TOUCH_MS = 60_000;

/** 256 random bits: hashing such a secret needs no salt and no slowness. */
export function newSecret(): string {
  return `car_${randomBytes(32).toString('base64url')}`;
}

/**
 * @returns who the bearer of `secret` is; null when nobody has ever been
 * @throws Refused when it has expired or was revoked
 */
export async function authenticateToken(store: Store, secret: string, now: number): Promise<Viewer | null> {
  const token = await findTokenByHash(store.prisma, hashOf(secret));
  if (token === null) return null;
  if (token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt.getTime() <= now)) throw tokenEnded();
  if (token.lastUsedAt === null || now - token.lastUsedAt.getTime() > TOUCH_MS) {
    // Not worth a failed request: the next use writes it.
    touchToken(store.prisma, token.id, new Date(now)).catch(() => undefined);
  }
  const viewer: Viewer = { actor: { kind: 'TOKEN', id: token.id, name: token.name }, role: token.role as Role };
  return token.expiresAt === null ? viewer : { ...viewer, validUntil: token.expiresAt.getTime() };
}

/**
 * Sees to it that an administrator can get in.
 * @param configured  CARILLON_ADMIN_TOKEN; null when not set
 * @param keep  puts a secret that was made where its owner finds it; when it fails, no token is made
 * @returns the secret that was made because the database had no token at all; null otherwise
 */
export function ensureAdminToken(
  store: Store,
  configured: string | null,
  now: number,
  keep: (secret: string) => Promise<void>,
): Promise<string | null> {
  return store.transaction(async ({ prisma, sql }) => {
    // Until the transaction ends: instances that start together on an empty database make one token, not one each.
    await lockTokens(sql);
    if (configured === null && (await countTokens(prisma)) > 0) return null;
    const secret = configured ?? newSecret();
    await ensureToken(prisma, new Date(now), { name: 'admin', role: 'ADMIN', hash: hashOf(secret), by: SYSTEM });
    if (configured !== null) return null;
    // Before the commit: a token whose secret nobody has would lock everybody out of this database.
    await keep(secret);
    return secret;
  });
}

/** @returns SHA-256, hex: all that is stored of a secret */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
