import type { RunOrigin } from './runState.ts';

/** Of runs that wait for a worker the higher goes first. */
export const PRIORITIES = { min: -100, max: 100 } as const;

/** What was missed anyway gives way to what is due, and what is asked for to fill the past to both. */
const GIVES_WAY: Partial<Record<RunOrigin, number>> = { CATCH_UP: 1, BACKFILL: 2 };

/**
 * The priority of a delivery. Three steps for each of the policy's leave two between: a catch-up run comes after all others of the same
 * priority, a run of a backfill after these, and both before those of every lower one.
 */
export function deliveryPriority(priority: number, origin: RunOrigin): number {
  return 3 * priority - (GIVES_WAY[origin] ?? 0);
}
