import { firstInstants } from '../trigger/first-instants.ts';
import type { FireTime, Trigger } from '../trigger/trigger.ts';
import { remainingRuns } from './runLimit.ts';
import type { RunLimit } from './runLimit.ts';
import type { Timing } from './timing.ts';

/** An occurrence that is to come; `at` is its nominal instant. */
export interface PlannedTime extends FireTime {
  /** Epoch milliseconds. */
  effectiveAt: number;
}

/** The occurrences that are due later than `now`, the first `first` of them and no more than may still run; fewer where more would take too long. */
export function upcomingTimes(
  trigger: Trigger,
  timing: Timing,
  schedule: RunLimit & { nextScheduledFor: Date | null },
  now: number,
  first: number,
): PlannedTime[] {
  if (schedule.nextScheduledFor === null) return [];
  // The next one may be nominal by now and due later, or have come while the clock stepped back.
  const from = Math.max(schedule.nextScheduledFor.getTime(), timing.firstNominalFrom(now + 1));
  const most = Math.min(first, remainingRuns(schedule) ?? Infinity);
  if (most === 0) return [];
  const { instants } = firstInstants(trigger, from, Infinity, most);
  return instants.map((at) => ({ ...trigger.fireTime(at), effectiveAt: timing.effective(at) }));
}
