import { Rejection } from '../domain/userError.ts';
import { cancelBackfills } from '../store/backfills.ts';
import { cancelWaitingRuns } from '../store/runs.ts';
import { forgetSkips } from '../store/skips.ts';
import { markDeleted } from '../store/schedules.ts';
import { lockWaitedTasks, promoteBuffered } from '../store/waiting.ts';
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

/** Deletes softly: history stays, the name is free at once, waiting runs and backfills are canceled, runs under way finish. */
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
    const tasks = await lockWaitedTasks(sql, [record.taskId]);
    await settleDue(parts, scope, locked);
    await cancelBackfills(sql, now, 'schedule_id', record.id);
    await cancelWaitingRuns(sql, now, 'schedule_id', record.id);
    // Runs of other schedules, or of none, may have waited for a place that these held.
    const promoted = await promoteBuffered(sql, now, [], tasks);
    await parts.queue.enqueue(sql, promoted);
    if (promoted.length > 0) signal('jobs');
    await forgetSkips(sql, [{ id: record.id, before: null }]);
    await markDeleted(prisma, record.id, new Date(now));
    const changes = { name: { before: record.name, after: null } };
    await audit({ action: 'schedule.delete', targetId: record.id, reason: input.reason ?? null, changes }, now);
    await scheduleEvent(scope, now, 'DELETED', record, null);
    signal('schedules', 'events');
    return record.id;
  });
}
