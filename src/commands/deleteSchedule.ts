import { Rejection } from '../domain/userError.ts';
import { cancelWaitingRuns } from '../store/runs.ts';
import { forgetSkips } from '../store/skips.ts';
import { markDeleted } from '../store/schedules.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { checkVersion, lockByRef, refuseDeclared, settleDue } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';

export interface DeleteScheduleInput {
  ref: ScheduleRefInput;
  expectedVersion?: number | null | undefined;
  reason?: string | null | undefined;
}

/** Deletes softly: history stays, the name is free at once, waiting runs are canceled, runs under way finish. */
export function deleteSchedule(parts: CommandParts, caller: Caller, input: DeleteScheduleInput): Promise<CommandResult<string>> {
  return runCommand(parts, caller, 'schedule.delete', async (scope) => {
    const { prisma, sql, signal, audit } = scope;
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const locked = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { record, now } = locked;
    await refuseDeclared(scope, record, caller);
    checkVersion(record, input.expectedVersion);
    await settleDue(parts, scope, locked);
    await cancelWaitingRuns(sql, now, 'schedule_id', record.id);
    await forgetSkips(sql, [{ id: record.id, before: null }]);
    await markDeleted(prisma, record.id, new Date(now));
    const changes = { name: { before: record.name, after: null } };
    await audit({ action: 'schedule.delete', targetId: record.id, reason: input.reason ?? null, changes }, now);
    await scheduleEvent(scope, now, 'DELETED', record, null);
    signal('schedules', 'events');
    return record.id;
  });
}
