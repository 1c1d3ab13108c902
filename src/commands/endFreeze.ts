import { Rejection, conflict, notFound } from '../domain/userError.ts';
import { claimSchedules } from '../store/claims.ts';
import { copyOf, endFreezeRow, findFreezesById, listFrozen, lockFreezes } from '../store/freezes.ts';
import type { FreezeRecord } from '../store/freezes.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { refreeze } from './createFreeze.ts';

/** Ends a freeze early: what it has held back goes by its exit, what comes fires again. One that has not begun never does. */
export function endFreeze(parts: CommandParts, caller: Caller, id: string): Promise<CommandResult<FreezeRecord>> {
  return runCommand(parts, caller, 'freeze.end', async (scope) => {
    await lockFreezes(scope.sql, 'change');
    const [freeze] = await findFreezesById(scope.prisma, [id]);
    if (freeze === undefined) throw new Rejection([notFound(['id'], `There is no freeze with the id "${id}".`)]);
    const schedules = await claimSchedules(scope.sql, await listFrozen(scope.sql, id));
    const now = parts.clock.now();
    if (freeze.endedAt !== null || freeze.until.getTime() <= now) {
      const message = `The freeze ended at ${(freeze.endedAt ?? freeze.until).toISOString()} already.`;
      throw new Rejection([conflict('INVALID_STATE', ['id'], message, id)]);
    }
    const until = new Date(Math.max(now, freeze.from.getTime()));
    const copy = copyOf({ ...freeze, until });
    await refreeze(parts, scope, now, schedules, ({ freezes }) => freezes.map((one) => (one.id === id ? copy : one)));
    const ended = await endFreezeRow(scope.prisma, id, until, new Date(now));
    const changes = { until: { before: freeze.until.toISOString(), after: copy.until } };
    await scope.audit({ action: 'freeze.end', targetId: id, reason: null, changes }, now);
    scope.signal('schedules', 'events');
    return ended;
  });
}
