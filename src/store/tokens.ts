import type { Actor } from './actor.ts';
import type { ApiToken, Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

type Db = Pick<PrismaTransaction, 'apiToken'>;

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
