import { MAX_SKIPS } from '../domain/skips.ts';
import { countsFrom, timingOf } from '../domain/timing.ts';
import type { Timing } from '../domain/timing.ts';
import { Rejection, invalid } from '../domain/userError.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { readSkips, removeSkip, writeSkip } from '../store/skips.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { keepSkips } from './keepSkips.ts';
import { lastSettled, lockByRef, soundTrigger } from './lockedSchedule.ts';
import type { LockedSchedule, ScheduleRefInput } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';

export interface SkipOccurrenceInput {
  ref: ScheduleRefInput;
  scheduledFor: Date;
  reason: string;
  undo?: boolean | null | undefined;
}
const PATH = ['input', 'scheduledFor'];

/**
 * Lets one planned occurrence pass without a run, or takes that back while it has not come. Definition and version stay as they
 * are. Of a paused schedule too: should it come due during the pause, the pause is what holds it back.
 */
export function skipOccurrence(
  parts: CommandParts,
  caller: Caller,
  input: SkipOccurrenceInput,
): Promise<CommandResult<ScheduleRecord>> {
  return runCommand(parts, caller, 'schedule.skip', async (scope) => {
    const fields = new Fields();
    fields.text(['input', 'reason'], input.reason, { min: 1, max: 2_000 });
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const locked = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { record, now } = locked;
    const trigger = soundTrigger(parts, locked);
    const at = input.scheduledFor.getTime();
    const undo = input.undo === true;
    const timing = timingOf(record, trigger);
    if (undo) await undoSkip(scope, locked, timing, at);
    else await skip(parts, scope, caller, locked, trigger, { timing, at, reason: input.reason });
    // What is counted is what keepSkips finds.
    const changed = await keepSkips(scope, { ...record, skipCount: 1 }, () => trigger);
    const value = new Date(at).toISOString();
    const changes = { skipped: { before: undo ? value : null, after: undo ? null : value } };
    const action = undo ? 'schedule.unskip' : 'schedule.skip';
    await scope.audit({ action, targetId: record.id, reason: input.reason, changes }, now);
    await scheduleEvent(scope, now, 'UPDATED', record, changed);
    scope.signal('schedules', 'events');
    return changed;
  });
}

async function skip(
  parts: CommandParts,
  scope: CommandScope,
  caller: Caller,
  locked: LockedSchedule,
  trigger: Trigger,
  { timing, at, reason }: { timing: Timing; at: number; reason: string },
): Promise<void> {
  const { sql } = scope;
  const { record, now } = locked;
  const next = record.nextScheduledFor?.getTime() ?? Infinity;
  if (at < next || !trigger.matches(at) || timing.effective(at) <= now) {
    const last = countsFrom(timing, now, await lastSettled(parts, scope, { claimed: locked.claimed, settled: record }));
    throw new Rejection([invalid(PATH, fault(record, trigger, at, last), 'a planned occurrence later than now')]);
  }
  const skips = (await readSkips(sql, [record.id])).get(record.id) ?? [];
  if (skips.length >= MAX_SKIPS && !skips.some(({ scheduledFor }) => scheduledFor === at)) {
    const message = `The schedule "${record.name}" has ${skips.length} skipped occurrences to come; allowed are ${MAX_SKIPS}. Pause it, or give its trigger exceptions.`;
    throw new Rejection([invalid(PATH, message, `at most ${MAX_SKIPS}`)]);
  }
  await writeSkip(sql, { scheduleId: record.id, scheduledFor: at, reason, by: caller.viewer.actor, at: now });
}

/** @param last  up to here nothing is planned any more, epoch ms */
function fault(record: ScheduleRecord, trigger: Trigger, at: number, last: number): string {
  const named = `scheduledFor is ${iso(at)}, which is no planned occurrence of "${record.name}" later than ${iso(last)}`;
  if (record.nextScheduledFor === null) return `${named}: it has none.`;
  const before = trigger.previous(at);
  const after = trigger.next(Math.max(at, last));
  const nearest = [before !== null && before > last ? before : null, after].filter((instant) => instant !== null).map(iso);
  if (nearest.length === 0) return `${named}: it has none.`;
  return `${named}: the nearest ${nearest.length === 1 ? 'is' : 'are'} ${nearest.join(' and ')}.`;
}

async function undoSkip({ sql }: CommandScope, { record, now }: LockedSchedule, timing: Timing, at: number): Promise<void> {
  const skips = (await readSkips(sql, [record.id])).get(record.id) ?? [];
  const open = skips.map(({ scheduledFor }) => scheduledFor).filter((scheduledFor) => timing.effective(scheduledFor) > now);
  if (open.includes(at)) return removeSkip(sql, record.id, at);
  const others = open.length === 0 ? 'there is none' : `there is ${open.slice(0, 5).map(iso).join(', ')}`;
  const message = `scheduledFor is ${iso(at)}: no skip of it can be undone; of "${record.name}" ${others}.`;
  throw new Rejection([invalid(PATH, message, 'a skipped occurrence later than now')]);
}

const iso = (instant: number): string => new Date(instant).toISOString();
