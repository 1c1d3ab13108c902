import { isDeepStrictEqual } from 'node:util';
import { withinBounds } from '../domain/bounds.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { changesBetween } from '../store/audit.ts';
import { lockFreezes } from '../store/freezes.ts';
import { findSchedule, updateDefinition } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { rejectDuplicate, runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { parseDefinition } from './definition.ts';
import type { SchedulePatch } from './definition.ts';
import { keptSources } from './definitionSources.ts';
import { Fields } from './fields.ts';
import { followFreezes } from './followFreezes.ts';
import { keepSkips } from './keepSkips.ts';
import { checkVersion, lastSettled, lockByRef, refuseDeclared, settleDue } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';
import { definitionOf, stampEdit } from './scheduleStamp.ts';
import { readHold } from './taskPause.ts';

export interface UpdateScheduleInput {
  ref: ScheduleRefInput;
  patch: SchedulePatch;
  expectedVersion?: number | null | undefined;
  reason?: string | null | undefined;
}

/** Edits the definition. What was due before is settled first. */
export function updateSchedule(
  parts: CommandParts,
  caller: Caller,
  input: UpdateScheduleInput,
): Promise<CommandResult<ScheduleRecord>> {
  return runCommand(parts, caller, 'schedule.update', async (scope) => {
    const { prisma, signal, audit } = scope;
    await lockFreezes(scope.sql, 'keep');
    const locked = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { record, now } = locked;
    await refuseDeclared(scope, record, caller);
    checkVersion(record, input.expectedVersion);
    const before = definitionOf(record);
    const fields = new Fields();
    const parsed = await parseDefinition(
      fields,
      keptSources(scope),
      ['input', 'patch'],
      before,
      input.patch,
      record.createdAt.getTime(),
    );
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (parsed === null || fields.errors.length > 0) throw new Rejection(fields.errors);
    const { definition, trigger } = parsed;
    if (isDeepStrictEqual(before, definition)) return record;

    await settleDue(parts, scope, locked);
    // Settling moved the schedule on: what it left is what an edit of other fields keeps.
    const settled = (await findSchedule(prisma, { id: record.id })) as ScheduleRecord;
    const edit = {
      before,
      settled,
      lastSettled: await lastSettled(parts, scope, { claimed: locked.claimed, settled }),
      hold: await readHold(scope, definition.taskId, now),
      now,
      by: caller.viewer.actor,
    };
    const { stamp, faults } = stampEdit(edit, parsed);
    for (const { field, message: fault } of faults) fields.add(['input', 'patch', field], fault);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const taken = await findSchedule(prisma, { name: definition.name });
    const message = `There is a schedule with the name "${definition.name}" already.`;
    const duplicate = conflict('ALREADY_EXISTS', ['input', 'patch', 'name'], message, taken?.id ?? null);
    if (taken !== null && taken.id !== record.id) throw new Rejection([duplicate]);
    const written = await rejectDuplicate(() => updateDefinition(prisma, record, definition, stamp), duplicate);
    const bounded = () => withinBounds(trigger, definition);
    const updated = await keepSkips(scope, await followFreezes(scope, now, written), bounded);
    await audit(
      {
        action: 'schedule.update',
        targetId: record.id,
        reason: input.reason ?? null,
        changes: changesBetween(before, definition),
      },
      now,
    );
    await scheduleEvent(scope, now, 'UPDATED', settled, updated);
    signal('schedules', 'events');
    return updated;
  });
}
