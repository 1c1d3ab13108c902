import { createHash, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import type { Role } from '../../src/auth/role.ts';
import { SYSTEM } from '../../src/store/actor.ts';
import { openStore } from '../../src/store/open.ts';
import { ensureToken } from '../../src/store/tokens.ts';

export const sha256 = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Makes a token of each role in a server's database. @returns the secrets */
export async function addTokens<R extends Role>(databaseUrl: string, ...roles: R[]): Promise<Record<R, string>> {
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  const secrets = {} as Record<R, string>;
  for (const role of roles) {
    const secret = `car_${randomBytes(16).toString('hex')}`;
    await ensureToken(store.prisma, new Date(), { name: `the ${role}`, role, hash: sha256(secret), by: SYSTEM });
    secrets[role] = secret;
  }
  await store.close();
  return secrets;
}
