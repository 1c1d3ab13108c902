import { Rejection, conflict, notFound } from '../domain/userError.ts';
import { countLivingTokens, findTokensById, lockTokens, revokeToken } from '../store/tokens.ts';
import type { TokenRecord } from '../store/tokens.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';

/** Ends a token for good, also the one it is asked with. The last one of an administrator stays: nobody could make another. */
export function revokeApiToken(parts: CommandParts, caller: Caller, id: string): Promise<CommandResult<TokenRecord>> {
  return runCommand(parts, caller, 'token.revoke', async ({ prisma, sql, audit, signal }) => {
    // Two administrators who revoke each other's: the second finds its own to be the last.
    await lockTokens(sql);
    const [token] = await findTokensById(prisma, [id]);
    if (token === undefined) throw new Rejection([notFound(['id'], `There is no API token with the id "${id}".`)]);
    if (token.revokedAt !== null) return token;
    const now = parts.clock.now();
    const at = new Date(now);
    const lives = token.expiresAt === null || token.expiresAt.getTime() > now;
    if (lives && token.role === 'ADMIN' && (await countLivingTokens(prisma, 'ADMIN', at)) === 1) {
      const message = `The token "${token.name}" is the last one of an ADMIN: create another before you revoke it.`;
      throw new Rejection([conflict('INVALID_STATE', ['id'], message, token.id)]);
    }
    const revoked = await revokeToken(prisma, token.id, at);
    const changes = { revokedAt: { before: null, after: at } };
    await audit({ action: 'token.revoke', targetId: token.id, reason: null, changes }, now);
    signal('tokens');
    return revoked;
  });
}
