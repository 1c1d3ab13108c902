import { boundTrigger } from '../trigger/bounded.ts';
import type { Trigger } from '../trigger/trigger.ts';

/** Where the occurrences of a schedule begin and end, both inclusive; null: no bound on that side. Outside of them there are none. */
export interface Bounds {
  startAt: Date | null;
  endAt: Date | null;
}
/** A fault of one of the fields that say when a schedule fires. */
export interface TimingFault {
  field: 'trigger' | 'startAt' | 'endAt';
  message: string;
}

/** The occurrences that a schedule really has. A trigger without any has nothing to bound. */
export function withinBounds(trigger: Trigger, { startAt, endAt }: Bounds): Trigger {
  if ((startAt === null && endAt === null) || trigger.kind === 'MANUAL') return trigger;
  return boundTrigger(trigger, startAt?.getTime() ?? null, endAt?.getTime() ?? null);
}

/** What is wrong with bounds that end before they start; null when nothing is. */
export function boundsFault({ startAt, endAt }: Bounds): string | null {
  if (startAt === null || endAt === null || startAt <= endAt) return null;
  return `endAt ${endAt.toISOString()} is before startAt ${startAt.toISOString()}.`;
}

/**
 * Why a schedule would not fire any more, by the field to change; empty when it would, or is not to fire by itself.
 * @param trigger  as it was given, without the bounds
 * @param now      epoch ms; what is not later does not count
 * @param told     how the messages tell that instant
 */
export function nothingLeft(trigger: Trigger, bounds: Bounds, now: number, told = `it is ${iso(now)} now`): TimingFault[] {
  if (trigger.kind === 'MANUAL' || withinBounds(trigger, bounds).next(now) !== null) return [];
  const { startAt, endAt } = bounds;
  const faults: TimingFault[] = [];
  if (trigger.next(now) === null) faults.push({ field: 'trigger', message: `All times of this trigger are past: ${told}.` });
  if (endAt !== null && endAt.getTime() <= now)
    faults.push({ field: 'endAt', message: `endAt ${endAt.toISOString()} is past: ${told}.` });
  if (faults.length > 0) return faults;
  const first = trigger.next(Math.max(now, (startAt?.getTime() ?? -Infinity) - 1));
  if (first !== null)
    return [{ field: 'endAt', message: `No time of this trigger comes until endAt: the next one is ${iso(first)}.` }];
  const last = iso(trigger.previous(Infinity) as number);
  return [{ field: 'startAt', message: `All times of this trigger come before startAt: the last one is ${last}.` }];
}

const iso = (instant: number): string => new Date(instant).toISOString();
