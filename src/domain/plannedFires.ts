import type { Trigger } from '../trigger/trigger.ts';
import type { Freeze } from './freezes.ts';
import { firingOnTime } from './frozenPlan.ts';
import { createMerge } from './merge.ts';
import type { Merge } from './merge.ts';
import { remainingRuns } from './runLimit.ts';
import type { RunLimit } from './runLimit.ts';
import type { TriggerSource } from './schedule.ts';
import type { PlannedSkip } from './skips.ts';
import { timingOf } from './timing.ts';
import type { Offsets } from './timing.ts';

/** All that says when a schedule that nothing holds back fires. */
export interface PlannedSchedule extends TriggerSource, Offsets, RunLimit {
  /** Nominal instant of the first occurrence that has no verdict yet. */
  nextScheduledFor: Date;
  skips: readonly PlannedSkip[];
  freezes: readonly Freeze[];
}
/** An occurrence that is to come. Instants are epoch milliseconds. */
export interface PlannedFire {
  scheduleId: string;
  /** nominal */
  scheduledFor: number;
  effectiveAt: number;
}

/** By when they are due; of one instant, by the ids of their schedules. */
export function comparePlanned(
  a: Pick<PlannedFire, 'effectiveAt' | 'scheduleId'>,
  b: Pick<PlannedFire, 'effectiveAt' | 'scheduleId'>,
): number {
  return a.effectiveAt - b.effectiveAt || (a.scheduleId < b.scheduleId ? -1 : Number(a.scheduleId > b.scheduleId));
}

export function mergePlanned(): Merge<PlannedFire> {
  return createMerge<PlannedFire>(comparePlanned);
}

/**
 * What upcomingTimes answers, from a later instant on and one at a time: the occurrences that are due later than `now` and not before
 * `start`, ascending, no more than may still run. What runs before `start` counts among those.
 * @param trigger  all occurrences of the schedule
 */
export function* plannedFrom(schedule: PlannedSchedule, trigger: Trigger, now: number, start: number): Generator<PlannedFire> {
  const timing = timingOf(schedule, trigger);
  const firing = firingOnTime(trigger, schedule);
  const ahead = Math.max(schedule.nextScheduledFor.getTime(), timing.firstNominalFrom(now + 1));
  const from = Math.max(ahead, timing.firstNominalFrom(start));
  const remaining = remainingRuns(schedule);
  let room = remaining === null ? Infinity : remaining - (from > ahead ? firing.count(ahead, from) : 0);
  for (let at = firing.next(from - 1); at !== null && room > 0; at = firing.next(at)) {
    room -= 1;
    yield { scheduleId: schedule.id, scheduledFor: at, effectiveAt: timing.effective(at) };
  }
}
