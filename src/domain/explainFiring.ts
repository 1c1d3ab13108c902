import type { Cause } from '../trigger/cause.ts';
import { describeLength } from '../trigger/duration.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { remainingRuns } from './runLimit.ts';
import type { RunLimit } from './runLimit.ts';
import type { Offsets } from './timing.ts';

/** How much later than nominal an occurrence is due; nothing when it is not. Epoch milliseconds. */
export function explainOffset({ spreadMs }: Offsets, nominal: number, effective: number): Cause[] {
  if (effective === nominal) return [];
  const subject = spreadMs > 0 ? 'spread' : 'jitter';
  const message = `${subject}: runs ${describeLength(effective - nominal)} later, at ${new Date(effective).toISOString()}`;
  return [{ subject, passes: true, message }];
}

/**
 * Whether maxRuns lets an occurrence that is to come run; nothing when there is no limit. Until then all are taken to run.
 * @param firing  the occurrences that nobody skips and no freeze drops
 */
export function explainLimit(schedule: RunLimit & { nextScheduledFor: Date | null }, firing: Trigger, at: number): Cause[] {
  const { maxRuns, countedRuns, nextScheduledFor } = schedule;
  const remaining = remainingRuns(schedule);
  if (remaining === null) return [];
  const cause = (passes: boolean, message: string): Cause[] => [{ subject: 'maxRuns', passes, message }];
  const made = `maxRuns ${maxRuns}: ${countedRuns === 1 ? '1 run is' : `${countedRuns} runs are`} made`;
  if (remaining === 0) return cause(false, `${made}, there are no further ones`);
  const next = nextScheduledFor?.getTime() ?? Infinity;
  const before = next < at ? firing.count(next, at) : 0;
  return cause(before < remaining, `${made}, and ${before === 1 ? '1 time comes' : `${before} times come`} before this one`);
}
