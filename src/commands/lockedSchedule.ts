import { planPaused } from '../domain/due.ts';
import { declaringTask } from '../domain/managed.ts';
import { limitReached } from '../domain/runLimit.ts';
import { placeAt, timingOf } from '../domain/timing.ts';
import type { Timing } from '../domain/timing.ts';
import { Rejection, conflict, notFound } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { lockSchedule, lockSchedules, writeVerdicts } from '../store/claims.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { entries, fireDue, isoPlace } from '../store/fire.ts';
import { findSchedule, findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord, ScheduleRef } from '../store/schedules.ts';
import { readSettled } from '../store/settled.ts';
import { listLiveWorkers } from '../store/workers.ts';
import type { Caller, CommandParts, CommandScope } from './command.ts';

/** Exactly one key, as the API's @oneOf sees to. */
export interface ScheduleRefInput {
  id?: string | null | undefined;
  name?: string | null | undefined;
}

/** A schedule whose row the command's transaction holds, as it stands under the lock. */
export interface LockedSchedule {
  claimed: ClaimedSchedule;
  record: ScheduleRecord;
  /** Read once the lock is held. */
  now: number;
}

function toRef(ref: ScheduleRefInput): ScheduleRef {
  return ref.id != null ? { id: ref.id } : { name: ref.name ?? '' };
}

/** @throws Rejection NOT_FOUND */
export async function lockByRef(
  parts: CommandParts,
  scope: CommandScope,
  ref: ScheduleRefInput,
  path: string[],
): Promise<LockedSchedule> {
  const found = await findSchedule(scope.prisma, toRef(ref));
  const locked = found === null ? null : await lockById(parts, scope, found.id);
  if (locked === null) {
    const missing = ref.id != null ? `the id "${ref.id}"` : `the name "${ref.name}"`;
    throw new Rejection([notFound(path, `There is no schedule with ${missing}.`)]);
  }
  return locked;
}

/** null: it was deleted. */
export async function lockById(parts: CommandParts, scope: CommandScope, id: string): Promise<LockedSchedule | null> {
  const claimed = await lockSchedule(scope.sql, id);
  if (claimed === null) return null;
  // The row was read before the lock was granted; this is how it stands under it.
  const record = (await findSchedule(scope.prisma, { id })) as ScheduleRecord;
  return { claimed, record, now: parts.clock.now() };
}

/** In order of id; those that were deleted are left out. */
export async function lockByIds(parts: CommandParts, scope: CommandScope, ids: readonly string[]): Promise<LockedSchedule[]> {
  const claimed = await lockSchedules(scope.sql, ids);
  const records = await findSchedulesById(
    scope.prisma,
    claimed.map(({ id }) => id),
  );
  const byId = new Map(records.map((record) => [record.id, record]));
  const now = parts.clock.now();
  return claimed.map((schedule) => ({ claimed: schedule, record: byId.get(schedule.id) as ScheduleRecord, now }));
}

/**
 * What no live worker has the code of any more is anybody's: nothing else could change or remove what was declared once.
 * @throws Rejection INVALID_STATE when the schedule is what code declares: the next start would undo the change
 */
export async function refuseDeclared({ sql }: CommandScope, record: ScheduleRecord, caller: Caller): Promise<void> {
  const taskKey = declaringTask(record.managedBy);
  if (taskKey === null || caller.source === 'code') return;
  if ((await listLiveWorkers(sql, [record.taskId])).size === 0) return;
  const message = `The code of the task "${taskKey}" declares the schedule "${record.name}": change it there. It can be paused, resumed and triggered here.`;
  throw new Rejection([conflict('INVALID_STATE', ['input', 'ref'], message, record.id)]);
}

/** @throws Rejection VERSION_CONFLICT */
export function checkVersion(record: ScheduleRecord, expected: number | null | undefined): void {
  if (expected == null || expected === record.version) return;
  const message = `The schedule has version ${record.version} by now; you expected ${expected}.`;
  const path = ['input', 'expectedVersion'];
  const error: UserError = {
    type: 'VersionConflictError',
    code: 'VERSION_CONFLICT',
    message,
    path,
    currentVersion: record.version,
    currentId: record.id,
  };
  throw new Rejection([error]);
}

/**
/** What settling left of a schedule whose row is locked. */
export interface SettledSchedule {
  claimed: ClaimedSchedule;
  settled: ScheduleRecord;
}

/**
 * The nominal instant of the last occurrence that has its verdict, epoch ms: later than now only when the clock has stepped back behind it.
 * @returns -Infinity when there is none
 */
export async function lastSettled(parts: CommandParts, scope: CommandScope, schedule: SettledSchedule): Promise<number> {
  return (await lastSettledOf(parts, scope, [schedule]))[0] as number;
}

/** The same of each of these. The ledger says it, also of earlier definitions; of what retention has removed, the trigger. */
export async function lastSettledOf(
  parts: CommandParts,
  { sql }: CommandScope,
  schedules: readonly SettledSchedule[],
): Promise<number[]> {
  const ledger = await readSettled(
    sql,
    schedules.map(({ claimed }) => claimed.id),
  );
  return schedules.map((schedule) => Math.max(ledger.get(schedule.claimed.id) ?? -Infinity, lastPassed(parts, schedule)));
}

/** -Infinity: there is none, or nobody can say because the trigger is broken. */
function lastPassed(parts: CommandParts, { claimed, settled }: SettledSchedule): number {
  const { nextScheduledFor } = settled;
  // Its trigger may go on for ever: only what is written down says where the limit has ended it.
  if (nextScheduledFor === null && limitReached(settled)) return -Infinity;
  try {
    return parts.triggerOf(claimed).previous(nextScheduledFor?.getTime() ?? Infinity) ?? -Infinity;
  } catch {
    return -Infinity;
  }
}

/**
 * Gives a verdict to everything that was due before a change: an active schedule fires by its policies as the engine would have
 * done a moment later, a paused one writes down what its pause held back. After this the change cannot swallow an occurrence.
 */
export async function settleDue(parts: CommandParts, scope: CommandScope, { claimed, now }: LockedSchedule): Promise<void> {
  if (claimed.state === 'PAUSED') return settlePause(parts, scope, claimed, now);
  // One plan may be too small for all of it, and what it leaves has no verdict yet.
  for (let due = claimed; isDue(due, now);) {
    const queued = await fireDue(scope.sql, now, [due], parts.triggerOf);
    await parts.queue.enqueue(scope.sql, queued);
    scope.signal('jobs', 'events');
    const after = await lockSchedule(scope.sql, claimed.id);
    if (after === null || after.nextScheduledFor?.getTime() === due.nextScheduledFor?.getTime()) return;
    due = after;
  }
}

/** A schedule whose trigger turns out broken is paused by the first plan, which ends it. Of one with skips only these may have come. */
function isDue({ state, nextScheduledFor, nextFireAt, skipCount }: ClaimedSchedule, now: number): boolean {
  if (state !== 'ACTIVE') return false;
  return isBy(nextFireAt, now) || (skipCount > 0 && isBy(nextScheduledFor, now));
}

function isBy(instant: Date | null, now: number): boolean {
  return instant !== null && instant.getTime() <= now;
}

async function settlePause(parts: CommandParts, scope: CommandScope, claimed: ClaimedSchedule, now: number): Promise<void> {
  if (claimed.nextScheduledFor === null) return;
  let timing: Timing;
  let plan: ReturnType<typeof planPaused>;
  try {
    const trigger = parts.triggerOf(claimed);
    timing = timingOf(claimed, trigger);
    plan = planPaused(trigger, claimed.nextScheduledFor.getTime(), now, timing);
  } catch {
    // Paused because its trigger cannot be planned: nobody can say what it held back, and this change may be what mends it.
    return;
  }
  const ledger = entries(claimed, plan.items);
  const place = { ...isoPlace(placeAt(timing, plan.next)), lastFireAt: null };
  const advance = { id: claimed.id, ...place, openOccurrenceId: ledger.openId, horizon: null, extend: ledger.extend };
  await writeVerdicts(scope.sql, now, [], ledger.added, [advance]);
}
