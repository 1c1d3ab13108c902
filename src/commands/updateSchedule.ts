import { isDeepStrictEqual } from 'node:util';
import { nothingLeft, withinBounds } from '../domain/bounds.ts';
import { horizonOf } from '../domain/horizon.ts';
import { limitReached } from '../domain/runLimit.ts';
import { hasEnded } from '../domain/schedule.ts';
import { countsFrom, placeAt, timingOf } from '../domain/timing.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { changesBetween } from '../store/audit.ts';
import { lockFreezes } from '../store/freezes.ts';
import { findSchedule, updateDefinition } from '../store/schedules.ts';
import type { ScheduleDefinition, ScheduleRecord } from '../store/schedules.ts';
import { rejectDuplicate, runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { parseDefinition } from './definition.ts';
import type { SchedulePatch } from './definition.ts';
import { Fields } from './fields.ts';
import { followFreezes } from './followFreezes.ts';
import { keepSkips } from './keepSkips.ts';
import { checkVersion, lastSettled, lockByRef, refuseDeclared, settleDue } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';
import { readHold } from './taskPause.ts';

export interface UpdateScheduleInput {
  ref: ScheduleRefInput;
  patch: SchedulePatch;
  expectedVersion?: number | null | undefined;
  reason?: string | null | undefined;
}

/** What decides when a schedule fires. */
const TIMING = ['triggerSpec', 'timeZone', 'dst', 'startAt', 'endAt'] as const;

/**
 * Edits the definition. What was due before is settled first; a changed trigger counts from now, so the past is never run again, and so
 * does one that a raised maxRuns lets go on.
 */
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
    const parsed = await parseDefinition(fields, scope, ['input', 'patch'], before, input.patch, record.createdAt.getTime());
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (parsed === null || fields.errors.length > 0) throw new Rejection(fields.errors);
    const { definition, trigger } = parsed;
    if (isDeepStrictEqual(before, definition)) return record;

    await settleDue(parts, scope, locked);
    // Settling moved the schedule on: what it left is what an edit of other fields keeps.
    const settled = (await findSchedule(prisma, { id: record.id })) as ScheduleRecord;
    const bounded = withinBounds(trigger, definition);
    const timing = timingOf({ id: record.id, ...definition }, bounded);
    // A clock that stepped back must not bring times again that had their verdict.
    const from = countsFrom(timing, now, await lastSettled(parts, scope, { claimed: locked.claimed, settled }));
    const retimed = TIMING.some((field) => !isDeepStrictEqual(before[field], definition[field]));
    if (retimed) {
      const told = `it is ${new Date(now).toISOString()} now`;
      for (const { field, message } of nothingLeft(trigger, definition, from, told))
        fields.add(['input', 'patch', field], message);
      if (fields.errors.length > 0) throw new Rejection(fields.errors);
    }
    const taken = await findSchedule(prisma, { name: definition.name });
    const message = `There is a schedule with the name "${definition.name}" already.`;
    const duplicate = conflict('ALREADY_EXISTS', ['input', 'patch', 'name'], message, taken?.id ?? null);
    if (taken !== null && taken.id !== record.id) throw new Rejection([duplicate]);

    const goesOn = retimed || limitReached(settled) ? bounded.next(from) : (settled.nextScheduledFor?.getTime() ?? null);
    const next = limitReached({ ...definition, countedRuns: settled.countedRuns }) ? null : goesOn;
    const unpaused = hasEnded(trigger.kind, next) ? 'COMPLETED' : 'ACTIVE';
    const state: ScheduleRecord['state'] = settled.state === 'PAUSED' ? 'PAUSED' : unpaused;
    const horizon = horizonOf(bounded, next);
    const stamp = {
      state,
      pause: settled.pause,
      hold: await readHold(scope, definition.taskId, now),
      place: placeAt(timing, next),
      horizon,
      at: new Date(now),
      by: caller.viewer.actor,
    };
    const written = await rejectDuplicate(() => updateDefinition(prisma, record, definition, stamp), duplicate);
    const updated = await keepSkips(scope, await followFreezes(scope, now, written), () => bounded);
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

function definitionOf(record: ScheduleRecord): ScheduleDefinition {
  const { name, description, taskId, overlapPolicy, bufferLimit, misfire, execution, input, labels } = record;
  const { triggerSpec, timeZone, dst, startAt, endAt, spreadMs, jitterMs, maxRuns, pauseAfterFailures } = record;
  const timing = { triggerSpec, timeZone, dst, startAt, endAt, spreadMs, jitterMs, maxRuns };
  return {
    name,
    description,
    taskId,
    ...timing,
    overlapPolicy,
    bufferLimit,
    misfire,
    execution,
    input,
    labels,
    pauseAfterFailures,
  };
}
