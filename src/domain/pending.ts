import { countFrozen } from './freezes.ts';
import type { Freeze } from './freezes.ts';
import { heldUntil, isHeldBack } from './held.ts';
import type { Holding } from './held.ts';
import { triggerOf } from './schedule.ts';
import type { TriggerSource } from './schedule.ts';
import { timingOf } from './timing.ts';
import type { Offsets } from './timing.ts';

/** More than this are not told one from another. */
const MOST_PENDING = 10_000;

interface Held extends Holding {
  /** The first occurrence that has no verdict yet. */
  nextScheduledFor: Date | null;
  deletedAt: Date | null;
  /** Those that have a say; absent: none. */
  freezes?: readonly Freeze[];
}

/** Whether a pause or a freeze may hold occurrences back at all: most schedules need no look at their triggers. */
export function mayBePending(schedule: Held): boolean {
  const held = isHeldBack(schedule) || (schedule.freezes ?? []).length > 0;
  return schedule.deletedAt === null && schedule.nextScheduledFor !== null && held;
}

/**
 * Occurrences that a running pause, of the schedule or of its task, or a freeze holds back up to `now`.
 * @returns null: more than 10,000, or the trigger cannot be compiled and nobody can say
 */
export function countPending(
  schedule: Held & Offsets & Omit<TriggerSource, 'version' | 'calendarStamp'>,
  now: number,
): number | null {
  if (schedule.nextScheduledFor === null) return 0;
  const until = Math.min(now + 1, heldUntil(schedule));
  const from = schedule.nextScheduledFor.getTime();
  const freezes = (schedule.freezes ?? []).filter((freeze) => Date.parse(freeze.until) > now);
  if (from >= until && freezes.length === 0) return 0;
  try {
    const trigger = triggerOf(schedule);
    const end = until === -Infinity ? from : timingOf(schedule, trigger).firstNominalFrom(until);
    const paused = from < end ? trigger.count(from, end) : 0;
    const count = paused + countFrozen(trigger, { freezes, from: Math.max(from, end) }, now);
    return count > MOST_PENDING ? null : count;
  } catch {
    return null;
  }
}
