import type { Trigger } from '../trigger/trigger.ts';
import { withinBounds } from './bounds.ts';
import { MAX_CATCHUP_RUNS } from './due.ts';
import type { DuePlan, MisfirePolicy } from './due.ts';
import { frozenRows, outside, releaseOf, spanAt, spansOf } from './freezes.ts';
import type { Freeze, FrozenSpan } from './freezes.ts';
import { omissionOf, planAround, planDueAround, weave, withoutSkips } from './skips.ts';
import type { Omission, PlannedSkip } from './skips.ts';
import { NOMINAL } from './timing.ts';
import type { Timing } from './timing.ts';

/** What keeps occurrences of a schedule from firing at their times. */
export interface Obstacles {
  skips: readonly PlannedSkip[];
  freezes: readonly Freeze[];
}
interface FrozenPlan extends DuePlan {
  /** Some of it runs because a freeze with exit FIRE_ALL has ended: they wait for each other, whatever the schedule's own policy. */
  releasesAll?: boolean;
}

/**
 * As planDueAround, under freezes. What a freeze with exit SKIP holds back is FROZEN from its nominal instant on, and has that written
 * when the schedule next has something to do. What one with another exit holds back keeps its place, and everything behind it waits,
 * until that span is released.
 */
export function planDueAmid(
  trigger: Trigger,
  { skips, freezes }: Obstacles,
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing = NOMINAL,
): FrozenPlan {
  if (freezes.length === 0) return planDueAround(trigger, skips, expected, now, policy, timing);
  return planSpans(trigger, skips, spansOf(freezes), expected, now, policy, timing);
}

/** The same before a change: what is not released yet is not to be waited for, and is FROZEN. */
export function planSettledAmid(
  trigger: Trigger,
  { skips, freezes }: Obstacles,
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing = NOMINAL,
): FrozenPlan {
  const spans = spansOf(freezes).map((span) =>
    releaseOf(span, trigger, timing) <= now ? span : { ...span, freeze: { ...span.freeze, exit: 'SKIP' as const } },
  );
  return planSpans(trigger, skips, spans, expected, now, policy, timing);
}

function planSpans(
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  spans: readonly FrozenSpan[],
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing,
): FrozenPlan {
  const plan: FrozenPlan = { items: [], next: expected };
  // Each part is no larger than a plan of its own; a further one is begun while it cannot make much more of it than one may be.
  while (plan.next !== null && plan.items.filter((item) => item.kind === 'fire').length < MAX_CATCHUP_RUNS) {
    const place: number = plan.next;
    const waiting = firstWaiting(trigger, skips, spans, place);
    const held = waiting !== null && waiting.from <= place ? waiting : null;
    if (held !== null && releaseOf(held, trigger, timing) > now) break;
    const part =
      held === null
        ? planUpTo(trigger, skips, spans, { from: place, until: waiting?.from ?? Infinity }, now, policy, timing)
        : planReleased(trigger, skips, held, place, policy, timing);
    if (part.next === place) break;
    if (held?.freeze.exit === 'FIRE_ALL') plan.releasesAll = true;
    plan.items.push(...part.items);
    plan.next = part.next;
  }
  return plan;
}

/** The first span from `place` on with something in it that is to run at its end; null: there is none. */
function firstWaiting(
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  spans: readonly FrozenSpan[],
  place: number,
): FrozenSpan | null {
  const open = withoutSkips(trigger, skips);
  const waits = ({ freeze, from, until }: FrozenSpan) => {
    if (freeze.exit === 'SKIP' || until <= place) return false;
    const at = open.next(Math.max(from, place) - 1);
    return at !== null && at < until;
  };
  return spans.find(waits) ?? null;
}

/** By the schedule's own policy, around what is frozen. */
function planUpTo(
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  spans: readonly FrozenSpan[],
  { from, until }: { from: number; until: number },
  now: number,
  policy: MisfirePolicy,
  timing: Timing,
): DuePlan {
  const capped = until === Infinity ? trigger : withinBounds(trigger, { startAt: null, endAt: new Date(until - 1) });
  const plan = planAround(capped, omissionAmid(capped, skips, spans), from, now, policy, timing);
  return plan.next === null && until !== Infinity ? { ...plan, next: trigger.next(until - 1) } : plan;
}

/** By the exit of its freeze: whoever chose it has decided, and nothing is too old. */
function planReleased(
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  { until, freeze }: FrozenSpan,
  place: number,
  policy: MisfirePolicy,
  timing: Timing,
): DuePlan {
  const end = until - 1;
  const capped = withinBounds(trigger, { startAt: null, endAt: new Date(end) });
  const exit: MisfirePolicy = { ...policy, mode: freeze.exit, graceMs: -1, catchupWindowMs: end - place };
  // All of it is due by now, so only the order of the nominal instants matters here.
  const { items } = planDueAround(capped, skips, place, end, exit, NOMINAL);
  const fires = items.map((item) =>
    item.kind === 'fire' ? { ...item, effectiveAt: timing.effective(item.scheduledFor) } : item,
  );
  return { items: fires, next: trigger.next(end) };
}

/** Skipped is what somebody skipped, also within a freeze; FROZEN the rest of what freezes with exit SKIP hold back. */
function omissionAmid(trigger: Trigger, skips: readonly PlannedSkip[], spans: readonly FrozenSpan[]): Omission {
  const closed = closedSpans(spans);
  if (closed.length === 0) return omissionOf(trigger, skips);
  const skipped = omissionOf(trigger, skips);
  return {
    rest: outside(skipped.rest, closed),
    within: (from, until) => weave(frozenRows(skipped.rest, closed, from, until), skipped.within(from, until), skipped.rest),
  };
}

/** Those that let nothing run that they held back. */
function closedSpans(spans: readonly FrozenSpan[]): FrozenSpan[] {
  return spans.filter(({ freeze }) => freeze.exit === 'SKIP');
}

/**
 * When a schedule next fires, epoch ms: the first occurrence from `next` on that nothing keeps from it is due, or a freeze has ended
 * that lets run what it held back. null: nothing fires any more.
 * @param next  nominal instant of the first occurrence without a verdict
 */
export function nextFireAmid(
  trigger: Trigger,
  { skips, freezes }: Obstacles,
  next: number | null,
  timing: Timing = NOMINAL,
): number | null {
  if (next === null) return null;
  // As with most schedules: the trigger need not be asked again.
  if (skips.length === 0 && freezes.length === 0) return timing.effective(next);
  const at = firingAtAll(trigger, { skips, freezes }).next(next - 1);
  if (at === null) return null;
  const waiting = spanAt(spansOf(freezes), at);
  return waiting === undefined ? timing.effective(at) : releaseOf(waiting, trigger, timing);
}

/** The occurrences that fire, at their times or at the end of what holds them back; of those that are coalesced then all. */
export function firingAtAll(trigger: Trigger, { skips, freezes }: Obstacles): Trigger {
  return outside(withoutSkips(trigger, skips), closedSpans(spansOf(freezes)));
}

/** The occurrences that fire at their times. */
export function firingOnTime(trigger: Trigger, { skips, freezes }: Obstacles): Trigger {
  return outside(withoutSkips(trigger, skips), spansOf(freezes));
}
