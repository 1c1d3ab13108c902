import { nothingLeft, withinBounds } from '../domain/bounds.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { newId } from '../store/ids.ts';
import { lockFreezes } from '../store/freezes.ts';
import { findSchedule, insertSchedule } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { lockTask } from '../store/tasks.ts';
import { rejectDuplicate } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { parseDefinition } from './definition.ts';
import type { SchedulePatch } from './definition.ts';
import { keptSources } from './definitionSources.ts';
import { Fields } from './fields.ts';
import { followFreezes } from './followFreezes.ts';
import { keepSkips } from './keepSkips.ts';
import { lockById } from './lockedSchedule.ts';
import type { LockedSchedule } from './lockedSchedule.ts';
import { runOnce } from './once.ts';
import type { Memory } from './once.ts';
import { scheduleEvent } from './scheduleEvent.ts';
import { stampNew } from './scheduleStamp.ts';
import { readHold } from './taskPause.ts';
import { toTaskRef } from './taskRef.ts';
import { runNow } from './triggerSchedule.ts';

export interface CreateScheduleInput {
  spec: SchedulePatch & { name: string; paused?: boolean | null | undefined };
  /** Runs it once at once, by hand. */
  triggerNow?: boolean | null | undefined;
  idempotencyKey?: string | null | undefined;
}
const MADE_SCHEDULE: Memory<ScheduleRecord, string> = {
  keep: ({ id }) => id,
  recall: ({ prisma }, id) => findSchedule(prisma, { id }),
};

/**
 * Creates a schedule; its first occurrence is the first one later than now. One that would never fire is refused.
 * @param managedBy  who keeps it, when it is not just anybody
 */
export function createSchedule(
  parts: CommandParts,
  caller: Caller,
  input: CreateScheduleInput,
  managedBy: string | null = null,
): Promise<CommandResult<ScheduleRecord>> {
  return runOnce(parts, caller, 'schedule.create', input, MADE_SCHEDULE, async (scope) => {
    const { prisma, signal, audit } = scope;
    await lockFreezes(scope.sql, 'keep');
    const now = parts.clock.now();
    const fields = new Fields();
    // Parsing shares the task: who would lock it after that would wait for another who shares it and does the same.
    if (input.triggerNow === true && input.spec.task != null) await lockTask(scope, toTaskRef(input.spec.task));
    const parsed = await parseDefinition(fields, keptSources(scope), ['input', 'spec'], {}, input.spec, now);
    if (parsed === null) throw new Rejection(fields.errors);
    const { definition, trigger } = parsed;
    for (const { field, message } of nothingLeft(trigger, definition, now)) fields.add(['input', 'spec', field], message);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const id = newId('sch');
    const existing = await findSchedule(prisma, { name: definition.name });
    const taken = `There is a schedule with the name "${definition.name}" already.`;
    const duplicate = conflict('ALREADY_EXISTS', ['input', 'spec', 'name'], taken, existing?.id ?? null);
    if (existing !== null) throw new Rejection([duplicate]);
    const hold = await readHold(scope, definition.taskId, now);
    const stamp = stampNew(id, parsed, { now, by: caller.viewer.actor, paused: input.spec.paused === true, hold });
    const written = await rejectDuplicate(() => insertSchedule(prisma, { id, managedBy }, definition, stamp), duplicate);
    const bounded = () => withinBounds(trigger, definition);
    const schedule = await keepSkips(scope, await followFreezes(scope, now, written), bounded);
    const changes = { definition: { before: null, after: definition } };
    await audit({ action: 'schedule.create', targetId: schedule.id, reason: null, changes }, now);
    await scheduleEvent(scope, now, 'CREATED', null, schedule);
    signal('schedules', 'events');
    if (input.triggerNow === true) await triggerAtOnce(parts, scope, caller, id);
    return schedule;
  });
}

/** @throws Rejection INVALID_STATE when its task is paused, or has no worker for a run of scope LOCAL: the schedule is not created then */
async function triggerAtOnce(parts: CommandParts, scope: CommandScope, caller: Caller, id: string): Promise<void> {
  const { claimed, now } = (await lockById(parts, scope, id)) as LockedSchedule;
  await runNow(parts, scope, caller, claimed, now, {}, ['input', 'triggerNow']);
}
