import { isDeepStrictEqual } from 'node:util';
import { nothingLeft, withinBounds } from '../domain/bounds.ts';
import { horizonOf } from '../domain/horizon.ts';
import { limitReached } from '../domain/runLimit.ts';
import { givenTriggerOf, hasEnded } from '../domain/schedule.ts';
import { countsFrom, placeAt, timingOf } from '../domain/timing.ts';
import { Rejection, invalid } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { withCalendars } from '../store/claims.ts';
import { bumpCalendarStamps, findSchedulesById, moveSchedules } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { MUST_FIRE } from '../trigger/trigger.ts';
import type { CommandParts, CommandScope } from './command.ts';
import { keepSkips } from './keepSkips.ts';
import { lastSettledOf, lockByIds, settleDue } from './lockedSchedule.ts';
import type { LockedSchedule } from './lockedSchedule.ts';
import { scheduleEvents } from './scheduleEvent.ts';

/** A schedule that uses a calendar, everything due of it settled by the dates that the calendar had. */
export interface CalendarUser {
  locked: LockedSchedule;
  /** As settling left it. */
  settled: ScheduleRecord;
  /** Nominal instant of the last occurrence that has its verdict, epoch ms. */
  last: number;
  /** The next few instants by the old dates; null: nothing comes. 'BROKEN': the trigger does not compile with them. */
  horizon: number[] | null | 'BROKEN';
}

/** Locks schedules and gives a verdict to what is due; those that were deleted meanwhile are left out. */
export async function settleUsers(parts: CommandParts, scope: CommandScope, ids: readonly string[]): Promise<CalendarUser[]> {
  const all = await lockByIds(parts, scope, ids);
  for (const locked of all) await settleDue(parts, scope, locked);
  const records = new Map((await findSchedulesById(scope.prisma, ids)).map((record) => [record.id, record]));
  const settled = all.map(({ claimed }) => ({ claimed, settled: records.get(claimed.id) as ScheduleRecord }));
  const last = await lastSettledOf(parts, scope, settled);
  const users: CalendarUser[] = [];
  for (const [index, locked] of all.entries()) {
    const user = { locked, settled: records.get(locked.record.id) as ScheduleRecord, last: last[index] as number };
    users.push({ ...user, horizon: horizonBefore(parts, user) });
  }
  return users;
}

function horizonBefore(parts: CommandParts, user: Omit<CalendarUser, 'horizon'>): CalendarUser['horizon'] {
  try {
    const trigger = parts.triggerOf(user.locked.claimed);
    return horizonOf(trigger, nextOf(trigger, user));
  } catch {
    return 'BROKEN';
  }
}

/** By these dates. What has its verdict does not come again, also when the clock stepped back; what the limit has ended has no next. */
function nextOf(trigger: Trigger, user: Omit<CalendarUser, 'horizon'>): number | null {
  return limitReached(user.settled) ? null : trigger.next(fromOf(trigger, user));
}

function fromOf(trigger: Trigger, { locked, settled, last }: Omit<CalendarUser, 'horizon'>): number {
  return countsFrom(timingOf(settled, trigger), locked.now, last);
}

/**
 * Sets the schedules to the dates that the calendar has by now.
 * @returns those with another instant among their next few
 * @throws Rejection naming each that could never fire again
 */
export async function followCalendar(
  scope: CommandScope,
  now: number,
  users: readonly CalendarUser[],
  calendar: string,
): Promise<ScheduleRecord[]> {
  const faults: UserError[] = [];
  const moves: Move[] = [];
  // Their next few instants stay; what they skip, or what a freeze leaves, may lie further away.
  const kept: Move[] = [];
  const claimed = await withCalendars(
    scope.sql,
    users.map(({ locked }) => locked.claimed),
  );
  users.forEach((user, index) => {
    const compiled = compile(claimed[index] as LockedSchedule['claimed']);
    // What was broken before may stay so: the change is not at fault.
    if (typeof compiled === 'string' && user.horizon === 'BROKEN') return;
    const reason = typeof compiled === 'string' ? compiled : endOf(compiled, user);
    if (reason !== null) faults.push(neverAgain(calendar, user.settled.name, reason));
    if (typeof compiled === 'string') return;
    const trigger = withinBounds(compiled, user.settled);
    const next = nextOf(trigger, user);
    const move = { user, trigger, next };
    if (!isDeepStrictEqual(user.horizon, horizonOf(trigger, next))) moves.push(move);
    else if (user.settled.skipCount > 0 || user.settled.freezes.length > 0) kept.push(move);
  });
  if (faults.length > 0) throw new Rejection(faults.slice(0, MOST_FAULTS));
  await bumpCalendarStamps(
    scope.prisma,
    users.map(({ settled }) => settled.id),
  );
  const placed = await moveSchedules(scope.prisma, moves.map(placeOf));
  const records: ScheduleRecord[] = [];
  for (const [index, record] of placed.entries())
    records.push(await keepSkips(scope, record, () => (moves[index] as Move).trigger));
  for (const { user, trigger } of kept) await keepSkips(scope, user.settled, () => trigger);
  if (moves.length === 0) return [];
  const changes = records.map((after, index) => ({ before: (moves[index] as Move).user.settled, after }));
  await scheduleEvents(scope, now, 'UPDATED', changes);
  scope.signal('schedules', 'events');
  return records;
}
const MOST_FAULTS = 50;

interface Move {
  user: CalendarUser;
  trigger: Trigger;
  next: number | null;
}

function placeOf({ user: { settled }, trigger, next }: Move) {
  const state = settled.state === 'COMPLETED' && !hasEnded(trigger.kind, next) ? 'ACTIVE' : settled.state;
  return { id: settled.id, state, ...placeAt(timingOf(settled, trigger), next), horizon: horizonOf(trigger, next) };
}

/** By the new dates, without the cache: should the change be rolled back, nothing of it is remembered. @returns a text: why not */
function compile(schedule: LockedSchedule['claimed']): Trigger | string {
  try {
    return givenTriggerOf(schedule);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why a schedule that would go on by the old dates would not by the new ones; null: it would. */
function endOf(given: Trigger, user: CalendarUser): string | null {
  const { settled } = user;
  if (settled.nextScheduledFor === null) return null;
  return nothingLeft(given, settled, fromOf(withinBounds(given, settled), user))[0]?.message ?? null;
}

function neverAgain(calendar: string, schedule: string, reason: string): UserError {
  const message = `With these dates of "${calendar}" the schedule "${schedule}" could never fire again: ${reason}`;
  return invalid(['input', 'dates'], message, MUST_FIRE);
}
