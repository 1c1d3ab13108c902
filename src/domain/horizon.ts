import type { Trigger } from '../trigger/trigger.ts';

/** How many of its next instants a schedule remembers. */
const HORIZON = 3;

/**
 * The next few instants of a schedule, the first being `next`, to be compared with when the zone data changes.
 * @returns null where no zone plays a part, or nothing comes
 */
export function horizonOf(trigger: Trigger, next: number | null): number[] | null {
  if (next === null || trigger.kind === 'INTERVAL' || trigger.kind === 'MANUAL') return null;
  return trigger.between(next, Infinity, HORIZON);
}

/** An instant that came to lie elsewhere. `now` null: it does not come any more; `before` null: it was not there. */
export interface MovedInstant {
  before: number | null;
  now: number | null;
}

/**
 * What became of remembered instants.
 * @param remembered  ascending, the first being the next one that was waited for
 * @param trigger     by the zone data of today
 * @param settled     everything up to this instant has its verdict
 * @returns empty when all lie where they lay
 */
export function movedInstants(remembered: readonly number[], trigger: Trigger, settled: number): MovedInstant[] {
  const today = trigger.between(settled + 1, Infinity, Math.max(1, remembered.length));
  const moved: MovedInstant[] = [];
  for (let index = 0; index < Math.max(remembered.length, 1); index += 1) {
    const [before, now] = [remembered[index] ?? null, today[index] ?? null];
    if (before !== now) moved.push({ before, now });
  }
  return moved;
}
