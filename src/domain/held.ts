import type { Trigger } from '../trigger/trigger.ts';
import { planPaused } from './due.ts';
import type { DuePlan, MisfirePolicy, Skip } from './due.ts';
import { planDueAround } from './skips.ts';
import type { PlannedSkip } from './skips.ts';
import { NOMINAL } from './timing.ts';
import type { Timing } from './timing.ts';

/** Something that keeps a schedule from firing. */
export interface Ends {
  /** ISO instant at which it ends by itself: what is due then fires. null or absent: somebody has to end it. */
  until?: string | null;
}
export interface Holding {
  state: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  /** Of the schedule itself. */
  pause: Ends | null;
  /** From outside, whatever the schedule's own state: a pause of its task. */
  hold: Ends | null;
}
/** A part of what was held back, with the reason that the ledger gives. What is due in it goes by effective instants. */
export interface HeldStretch {
  /** Exclusive, epoch ms. */
  until: number;
  reason: string;
}

/** Nothing of it runs. */
interface HeldPlan extends DuePlan {
  items: Skip[];
}

const BY_PAUSE = 'the schedule was paused';
const BY_HOLD = 'the task was paused';

/** When the first of pause and hold ends by itself; null: none does. */
export function resumeAtOf({ pause, hold }: Pick<Holding, 'pause' | 'hold'>): Date | null {
  const ends = [pause, hold].map(endOf).filter((end) => end !== null);
  return ends.length === 0 ? null : new Date(Math.min(...ends));
}

/** Whether it is there and has not ended by itself by `now`. */
export function isInForce<T extends Ends>(it: T | null, now: number): it is T {
  return it !== null && (endOf(it) ?? Infinity) > now;
}

export function isHeldBack({ state, hold }: Pick<Holding, 'state' | 'hold'>): boolean {
  return state === 'PAUSED' || (state === 'ACTIVE' && hold !== null);
}

/** Effective instant up to which something holds it back, epoch ms; what comes then or later is due. -Infinity: nothing does. */
export function heldUntil({ state, pause, hold }: Holding): number {
  const own = state === 'PAUSED' ? (endOf(pause) ?? Infinity) : -Infinity;
  return Math.max(own, hold === null ? -Infinity : (endOf(hold) ?? Infinity));
}

/** What of a schedule's pause and hold has ended by itself by `now`, and the stretches whose verdicts are to be written with that. */
export function lapseOf(
  { state, pause, hold }: Holding,
  now: number,
): { pauseEnds: boolean; holdEnds: boolean; stretches: HeldStretch[] } {
  const pauseEnds = state === 'PAUSED' && pause !== null && !isInForce(pause, now);
  const holdEnds = hold !== null && !isInForce(hold, now);
  const stretches: HeldStretch[] = [];
  if (pauseEnds) stretches.push({ until: endOf(pause) as number, reason: BY_PAUSE });
  if (holdEnds && (pauseEnds || state === 'ACTIVE')) stretches.push({ until: endOf(hold) as number, reason: BY_HOLD });
  return { pauseEnds, holdEnds, stretches };
}

/** All that a pause or hold in force has held back up to and including `now`; nobody's own pause comes before the task's. */
export function heldSoFar({ state }: Pick<Holding, 'state'>, now: number): HeldStretch {
  return { until: now + 1, reason: state === 'PAUSED' ? BY_PAUSE : BY_HOLD };
}

/**
 * What is to be written down of stretches that held everything back, one after the other.
 * @param expected  nominal instant of the first occurrence that has no verdict yet
 */
export function planHeld(
  trigger: Trigger,
  expected: number,
  stretches: readonly HeldStretch[],
  timing: Timing = NOMINAL,
): HeldPlan {
  const plan: HeldPlan = { items: [], next: expected };
  for (const { until, reason } of stretches) {
    if (plan.next === null) break;
    const { items, next } = planPaused(trigger, plan.next, until - 1, timing, reason);
    plan.items.push(...items);
    plan.next = next;
  }
  return plan;
}

/**
 * Decides what becomes, at the end of a pause, of what it held back, as `policy.mode` says. Grace time and catch-up window do not
 * apply: whoever ends the pause has chosen. What was skipped does not run.
 */
export function planResumed(
  trigger: Trigger,
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing = NOMINAL,
  skips: readonly PlannedSkip[] = [],
): DuePlan {
  if (policy.mode === 'SKIP') return planHeld(trigger, expected, [heldSoFar({ state: 'PAUSED' }, now)], timing);
  // Not even what is due at this instant is fresh, and nothing is too old.
  const all = { ...policy, graceMs: -1, catchupWindowMs: now - expected };
  return planDueAround(trigger, skips, expected, now, all, timing);
}

/** How many of so many that passed run by these rules, at most. */
export function mostResumed({ mode, maxCatchupRuns }: MisfirePolicy, passed: number): number {
  return Math.min(passed, { SKIP: 0, FIRE_ONCE: 1, FIRE_ALL: maxCatchupRuns }[mode]);
}

function endOf(it: Ends | null): number | null {
  return it?.until == null ? null : Date.parse(it.until);
}
