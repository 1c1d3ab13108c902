import { hashOf, newSecret } from '../auth/tokens.ts';
import type { Role } from '../auth/role.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { findLivingToken, insertToken, lockTokens } from '../store/tokens.ts';
import type { TokenRecord } from '../store/tokens.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';

interface ApiTokenInput {
  name: string;
  role: Role;
  expiresAt?: Date | null | undefined;
}
export interface IssuedToken {
  apiToken: TokenRecord;
  /** Known to nobody but the caller from here on. */
  secret: string;
}

/** Makes a token whose name no other one has that lets somebody in. */
export function createApiToken(parts: CommandParts, caller: Caller, input: ApiTokenInput): Promise<CommandResult<IssuedToken>> {
  return runCommand(parts, caller, 'token.create', async ({ prisma, sql, audit }) => {
    const fields = new Fields();
    // Blanks around it do not count; a line break is refused there too.
    const given = input.name.replaceAll(/^\p{Zs}+|\p{Zs}+$/gu, '');
    const name = fields.line(['input', 'name'], given, { min: 1, max: 100 });
    // Two callers with one name: the second looks when the first is done.
    await lockTokens(sql);
    const now = parts.clock.now();
    const { role, expiresAt = null } = input;
    if (expiresAt !== null && expiresAt.getTime() <= now) {
      fields.add(['input', 'expiresAt'], `expiresAt is ${expiresAt.toISOString()}, which has passed.`, 'later than now');
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const at = new Date(now);
    const existing = await findLivingToken(prisma, name, at);
    if (existing !== null) {
      const message = `There is a token with the name "${name}": revoke it first, or choose another name.`;
      throw new Rejection([conflict('ALREADY_EXISTS', ['input', 'name'], message, existing.id)]);
    }
    const secret = newSecret();
    const { actor } = caller.viewer;
    const apiToken = await insertToken(prisma, { name, role, expiresAt, createdAt: at, createdBy: actor, hash: hashOf(secret) });
    const changes = {
      name: { before: null, after: name },
      role: { before: null, after: role },
      ...(expiresAt !== null && { expiresAt: { before: null, after: expiresAt } }),
    };
    await audit({ action: 'token.create', targetId: apiToken.id, reason: null, changes }, now);
    return { apiToken, secret };
  });
}
