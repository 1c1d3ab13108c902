import { heldSoFar, isHeldBack, lapseOf, planHeld } from '../domain/held.ts';
import { planSettledAmid } from '../domain/frozenPlan.ts';
import { declaringTask } from '../domain/managed.ts';
import { isReplacing } from '../domain/overlap.ts';
import { limitReached } from '../domain/runLimit.ts';
import { Rejection, conflict, notFound } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { lockSchedule, claimSchedules } from '../store/claims.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { fireDue } from '../store/fire.ts';
import type { Planner } from '../store/fire.ts';
import { lockLimitedTasks } from '../store/fireOverlap.ts';
import { endLapsed, nothingFires, plannable } from '../store/lapses.ts';
import { findSchedule, findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord, ScheduleRef } from '../store/schedules.ts';
import { readSettled } from '../store/settled.ts';
import { lockReplaced } from '../store/supersede.ts';
import { listLiveWorkers } from '../store/workers.ts';
import type { Trigger } from '../trigger/trigger.ts';
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
  await lockLimitedTasks(scope.sql, [claimed]);
  // The row was read before the lock was granted; this is how it stands under it.
  const record = (await findSchedule(scope.prisma, { id })) as ScheduleRecord;
  return { claimed, record, now: parts.clock.now() };
}

/** In order of id, with what planning needs of them; those that were deleted are left out. */
export async function lockClaimed(
  parts: CommandParts,
  { sql }: CommandScope,
  ids: readonly string[],
): Promise<{ now: number; claimed: ClaimedSchedule[] }> {
  const claimed = await claimSchedules(sql, ids);
  // All at once and in order: what is due of them is fired one schedule after another.
  await lockLimitedTasks(sql, claimed);
  await lockReplaced(
    sql,
    claimed.filter(({ overlapPolicy }) => isReplacing(overlapPolicy)).map(({ id }) => id),
  );
  return { now: parts.clock.now(), claimed };
}

/** The same with their records. */
export async function lockByIds(parts: CommandParts, scope: CommandScope, ids: readonly string[]): Promise<LockedSchedule[]> {
  const { now, claimed } = await lockClaimed(parts, scope, ids);
  const records = await findSchedulesById(
    scope.prisma,
    claimed.map(({ id }) => id),
  );
  const byId = new Map(records.map((record) => [record.id, record]));
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

/** @throws Rejection INVALID_STATE when its trigger is broken */
export function soundTrigger(parts: CommandParts, { claimed, record }: LockedSchedule): Trigger {
  try {
    return parts.triggerOf(claimed);
  } catch (error) {
    const message = `The trigger of "${record.name}" cannot be planned: ${error instanceof Error ? error.message : String(error)}.`;
    throw new Rejection([conflict('INVALID_STATE', ['input', 'ref'], message, record.id)]);
  }
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

/** What settling left of a schedule whose row is locked. */
export interface SettledSchedule {
  claimed: ClaimedSchedule;
  settled: ScheduleRecord;
}

/**
 * The nominal instant of the last occurrence that has its verdict, epoch ms: later than now only when the clock has stepped back behind it.
 * Without one the creation of the schedule: nothing before that is an occurrence, however much later it would be due.
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
  return schedules.map((schedule) => {
    const { id, createdAt } = schedule.settled;
    return Math.max(createdAt.getTime(), ledger.get(id) ?? -Infinity, lastPassed(parts, schedule));
  });
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
 * done a moment later, one that is held back writes down what it held back. After this the change cannot swallow an occurrence.
 */
export async function settleDue(parts: CommandParts, scope: CommandScope, { claimed, now }: LockedSchedule): Promise<void> {
  await settleAll(parts, scope, now, [claimed]);
}

/** The same for many, in as many statements as for one. @returns how they stand then, in the same order */
export async function settleAll(
  parts: CommandParts,
  scope: CommandScope,
  now: number,
  claimed: readonly ClaimedSchedule[],
): Promise<ClaimedSchedule[]> {
  const standing = await settleActive(parts, scope, now, await settleLapsed(parts, scope, now, claimed));
  const held = plannable(standing.filter(isHeldBack), parts.triggerOf).filter((schedule) => isPast(schedule, now));
  if (held.length === 0) return standing;
  const planner: Planner = (trigger, expected, until, { state, timing }) =>
    planHeld(trigger, expected, [heldSoFar({ state }, until)], timing);
  await fireDue(scope.sql, now, held, parts.triggerOf, { planner, brokenOff: nothingFires });
  return reread(scope, standing, held);
}

/** What comes before a pause, and nothing of what one holds back: those that are due fire, and what freezes hold back so far is FROZEN. */
export async function settleActive(
  parts: CommandParts,
  scope: CommandScope,
  now: number,
  claimed: readonly ClaimedSchedule[],
): Promise<ClaimedSchedule[]> {
  let standing = [...claimed];
  // One plan may be too small for all of it, and what it leaves has no verdict yet.
  const brokenOff = () => scope.signal('cancels');
  for (let due = standing.filter((one) => isDue(one, now)); due.length > 0;) {
    await parts.queue.enqueue(scope.sql, await fireDue(scope.sql, now, due, parts.triggerOf, { planner: settling, brokenOff }));
    scope.signal('jobs', 'events');
    const before = standing;
    standing = await reread(scope, before, due);
    // What is nominal and skipped by now may still wait for the one before it: nothing moves, and nothing is left to do.
    due = standing.filter((one, index) => isDue(one, now) && placeOf(one) !== placeOf(before[index] as ClaimedSchedule));
  }
  return standing;
}

const settling: Planner = (trigger, expected, now, { misfire, timing, ...obstacles }) =>
  planSettledAmid(trigger, obstacles, expected, now, misfire, timing);

/** Ends what the engine would end a moment later. */
export async function settleLapsed(
  parts: CommandParts,
  scope: CommandScope,
  now: number,
  claimed: readonly ClaimedSchedule[],
): Promise<ClaimedSchedule[]> {
  const lapsed = claimed.filter((schedule) => {
    const { pauseEnds, holdEnds } = lapseOf(schedule, now);
    return pauseEnds || holdEnds;
  });
  if (lapsed.length === 0) return [...claimed];
  await endLapsed(scope.sql, now, lapsed, parts.triggerOf);
  scope.signal('schedules', 'events');
  return reread(scope, claimed, lapsed);
}

async function reread(
  { sql }: CommandScope,
  all: readonly ClaimedSchedule[],
  changed: readonly ClaimedSchedule[],
): Promise<ClaimedSchedule[]> {
  const ids = changed.map(({ id }) => id);
  const byId = new Map((await claimSchedules(sql, ids)).map((schedule) => [schedule.id, schedule]));
  return all.map((schedule) => byId.get(schedule.id) ?? schedule);
}

/** A schedule whose trigger turns out broken is paused by the first plan, which ends it. Of one with skips or freezes only what these keep from firing may have come. */
function isDue(schedule: ClaimedSchedule, now: number): boolean {
  const { state, hold, nextFireAt, skipCount, freezes } = schedule;
  if (state !== 'ACTIVE' || hold !== null) return false;
  return (nextFireAt !== null && nextFireAt.getTime() <= now) || ((skipCount > 0 || freezes.length > 0) && isPast(schedule, now));
}

function placeOf({ nextScheduledFor }: ClaimedSchedule): number | null {
  return nextScheduledFor?.getTime() ?? null;
}

function isPast({ nextScheduledFor }: ClaimedSchedule, now: number): boolean {
  return nextScheduledFor !== null && nextScheduledFor.getTime() <= now;
}
