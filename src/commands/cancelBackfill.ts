import { afterCancel } from '../domain/cancel.ts';
import { WAITING_STATES } from '../domain/runState.ts';
import { Rejection, conflict, notFound } from '../domain/userError.ts';
import { cancelBackfills, findBackfills, lockBackfills } from '../store/backfills.ts';
import type { BackfillRecord } from '../store/backfills.ts';
import { cancelAllLocked, lockCancelable } from '../store/cancels.ts';
import { lockWaitedTasks } from '../store/waiting.ts';
import { cancelError, promoteNext } from './cancelRun.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';

/**
 * Ends a backfill: no further runs are written and those that no worker has begun are canceled. One that is canceled already is
 * answered as it is, or has what still runs of it canceled.
 * @param cancelRuns  what runs, or is to be tried again, is canceled too
 */
export function cancelBackfill(
  parts: CommandParts,
  caller: Caller,
  id: string,
  cancelRuns: boolean,
): Promise<CommandResult<BackfillRecord>> {
  return runCommand(parts, caller, 'backfill.cancel', async (scope) => {
    const { sql, signal, audit } = scope;
    const { taskId } = await findById(scope, id);
    const tasks = await lockWaitedTasks(sql, [taskId]);
    const [running] = await lockBackfills(sql, [id]);
    const before = await findById(scope, id);
    if (before.state === 'COMPLETED') throw new Rejection([over(before)]);
    const now = parts.clock.now();
    if (running !== undefined) await cancelBackfills(sql, now, 'id', id);
    const filter = { backfillId: id, ...(!cancelRuns && { states: WAITING_STATES }) };
    const locked = await lockCancelable(sql, filter);
    if (running === undefined && locked.length === 0) return before;
    const cancels = locked.map((run) => ({ ...run, to: afterCancel(run.state) as 'CANCELED' | 'CANCELING' }));
    await cancelAllLocked(sql, now, cancels, cancelError(caller.viewer.actor, 'its backfill was canceled'));
    const ended = cancels.filter((run) => run.to === 'CANCELED');
    await promoteNext(parts, scope, now, ended, { tasks, backfills: [] });
    if (ended.length < cancels.length) signal('cancels');
    const changes = {
      state: { before: before.state, after: 'CANCELED' },
      canceledRuns: { before: null, after: cancels.map((run) => run.id) },
    };
    await audit({ action: 'backfill.cancel', targetId: id, reason: null, changes }, now);
    signal('events');
    return findById(scope, id);
  });
}

async function findById({ sql }: CommandScope, id: string): Promise<BackfillRecord> {
  const [backfill] = await findBackfills(sql, [id]);
  if (backfill === undefined) throw new Rejection([notFound(['id'], `There is no backfill with the id "${id}".`)]);
  return backfill;
}

function over({ id, finishedAt }: BackfillRecord) {
  const message = `The backfill is COMPLETED since ${finishedAt?.toISOString()}, and cannot be canceled.`;
  return conflict('INVALID_STATE', ['id'], message, id);
}
