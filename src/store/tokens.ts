import type { Actor } from './actor.ts';
import type { ApiToken, Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

type Db = Pick<PrismaTransaction, 'apiToken'>;

/** A token without what stands for its secret. */
export interface TokenRecord extends Omit<ApiToken, 'hash' | 'createdBy'> {
  createdBy: Actor;
}
const omit = { hash: true } as const;

/** Those that let somebody in at `now`. */
const living = (now: Date) => ({ revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] });

/** Keeps other transactions from making tokens until the caller's ends. */
export async function lockTokens(sql: Sql): Promise<void> {
  await sql.query(`/* lockTokens */ LOCK TABLE api_token IN SHARE ROW EXCLUSIVE MODE`);
}

/** Makes a token unless one with this hash exists; a revoked one stays revoked. @param hash  SHA-256 of the secret, hex */
export async function ensureToken(
  prisma: Db,
  now: Date,
  token: { name: string; role: string; hash: string; by: Actor },
): Promise<void> {
  const { name, role, hash } = token;
  const create = { id: newId('tok'), name, role, hash, createdAt: now, createdBy: token.by as unknown as Prisma.InputJsonValue };
  // ON CONFLICT DO NOTHING: instances that start together make the same one.
  await prisma.apiToken.createMany({ data: [create], skipDuplicates: true });
}

export function findTokenByHash(prisma: Db, hash: string): Promise<ApiToken | null> {
  return prisma.apiToken.findUnique({ where: { hash } });
}

export async function countTokens(prisma: Db): Promise<number> {
  return prisma.apiToken.count();
}

export async function touchToken(prisma: Db, id: string, at: Date): Promise<void> {
  await prisma.apiToken.updateMany({ where: { id }, data: { lastUsedAt: at } });
}

export async function findTokensById(prisma: Db, ids: readonly string[]): Promise<TokenRecord[]> {
  return (await prisma.apiToken.findMany({ where: { id: { in: [...ids] } }, omit })) as unknown as TokenRecord[];
}

/** The newest first, the first `limit` of them. */
export async function listTokens(prisma: Db, limit: number): Promise<TokenRecord[]> {
  const orderBy = [{ createdAt: 'desc' }, { id: 'desc' }] as const;
  return (await prisma.apiToken.findMany({ orderBy: [...orderBy], take: limit, omit })) as unknown as TokenRecord[];
}

/** One of those with this name that let somebody in at `now`. */
export async function findLivingToken(prisma: Db, name: string, now: Date): Promise<{ id: string } | null> {
  return prisma.apiToken.findFirst({ where: { name, ...living(now) }, select: { id: true } });
}

/** How many tokens of this role let somebody in at `now`. */
export async function countLivingTokens(prisma: Db, role: string, now: Date): Promise<number> {
  return prisma.apiToken.count({ where: { role, ...living(now) } });
}

/** @param token.hash  SHA-256 of the secret, hex */
export async function insertToken(
  prisma: Db,
  token: Pick<TokenRecord, 'name' | 'role' | 'expiresAt' | 'createdAt' | 'createdBy'> & { hash: string },
): Promise<TokenRecord> {
  const data = { ...token, id: newId('tok'), createdBy: token.createdBy as unknown as Prisma.InputJsonValue };
  return (await prisma.apiToken.create({ data, omit })) as unknown as TokenRecord;
}

export async function revokeToken(prisma: Db, id: string, at: Date): Promise<TokenRecord> {
  return (await prisma.apiToken.update({ where: { id }, data: { revokedAt: at }, omit })) as unknown as TokenRecord;
}
