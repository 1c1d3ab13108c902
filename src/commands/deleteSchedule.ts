import { Rejection } from '../domain/userError.ts';
import { lockWaitedTasks } from '../store/waiting.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { checkVersion, lockByRef, refuseDeclared, settleDue } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { removeSchedules } from './removeSchedules.ts';

export interface DeleteScheduleInput {
  ref: ScheduleRefInput;
  expectedVersion?: number | null | undefined;
  reason?: string | null | undefined;
}

/** Deletes softly: history stays, the name is free at once, waiting runs and backfills are canceled, runs under way finish. */
export function deleteSchedule(parts: CommandParts, caller: Caller, input: DeleteScheduleInput): Promise<CommandResult<string>> {
  return runCommand(parts, caller, 'schedule.delete', async (scope) => {
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const locked = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { record, now } = locked;
    await refuseDeclared(scope, record, caller);
    checkVersion(record, input.expectedVersion);
    const tasks = await lockWaitedTasks(scope.sql, [record.taskId]);
    await settleDue(parts, scope, locked);
    await removeSchedules(parts, scope, [record], { now, reason: input.reason ?? null, tasks });
    return record.id;
  });
}
