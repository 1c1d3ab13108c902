import type { RunOrigin } from './runState.ts';

/** Of runs that wait for a worker the higher goes first. */
export const PRIORITIES = { min: -100, max: 100 } as const;

/** What was missed anyway, and what is asked for to fill the past, gives way to what is due. */
const GIVES_WAY: readonly RunOrigin[] = ['CATCH_UP', 'BACKFILL'];

/**
 * The priority of a delivery. Two steps for each of the policy's leave one between: a catch-up run comes after all others of the same
 * priority, and before those of every lower one.
 */
export function deliveryPriority(priority: number, origin: RunOrigin): number {
  return 2 * priority - (GIVES_WAY.includes(origin) ? 1 : 0);
}
