import type { Trigger } from '../trigger/trigger.ts';
import { MAX_FIRES_PER_TICK, endOfDue, planDue } from './due.ts';
import type { DuePlan, Fire, MisfirePolicy, Skip } from './due.ts';
import { NOMINAL } from './timing.ts';
import type { Timing } from './timing.ts';

/** Most planned occurrences of a schedule that may be skipped at a time. */
export const MAX_SKIPS = 100;

/** A planned occurrence that somebody skipped. */
export interface PlannedSkip {
  /** nominal instant, epoch ms */
  scheduledFor: number;
  /** As its verdict will say it. */
  reason: string;
}

/** Who skipped and why, as the ledger tells it. */
export function skipReason(by: { id: string; name: string | null }, reason: string): string {
  return `skipped by ${by.name ?? by.id}: ${reason}`;
}

/** The occurrences that are to fire: those of the trigger without the skipped ones. What is skipped but is no occurrence does not count. */
export function withoutSkips(trigger: Trigger, skips: readonly PlannedSkip[]): Trigger {
  const left = new Set(skips.map(({ scheduledFor }) => scheduledFor).filter((at) => trigger.matches(at)));
  if (left.size === 0) return trigger;
  const within = (from: number, until: number) => [...left].filter((at) => at >= from && at < until).length;
  return {
    ...trigger,
    next(after) {
      let at = trigger.next(after);
      while (at !== null && left.has(at)) at = trigger.next(at);
      return at;
    },
    previous(before) {
      let at = trigger.previous(before);
      while (at !== null && left.has(at)) at = trigger.previous(at);
      return at;
    },
    between: (from, until, limit) =>
      trigger
        .between(from, until, limit + within(from, until))
        .filter((at) => !left.has(at))
        .slice(0, limit),
    matches: (instant) => !left.has(instant) && trigger.matches(instant),
    count: (from, until) => trigger.count(from, until) - within(from, until),
  };
}

/** Occurrences that do not fire, each with a verdict of its own. */
export interface Omission {
  /** The others; the trigger itself when nothing is left out. */
  rest: Trigger;
  /** The verdicts of those in [from, until), ascending; none spans one of the others. */
  within(from: number, until: number): Skip[];
}

/** What was skipped. */
export function omissionOf(trigger: Trigger, skips: readonly PlannedSkip[]): Omission {
  const within = (from: number, until: number) =>
    skips
      .filter(({ scheduledFor: at }) => at >= from && at < until && trigger.matches(at))
      .toSorted((a, b) => a.scheduledFor - b.scheduledFor)
      .map(verdictOf);
  return { rest: withoutSkips(trigger, skips), within };
}

/**
 * As planDue, where some of the occurrences are skipped: those that are due get their verdict in their place among the others,
 * which are planned as if there were only them. Skipped ones that no other comes before have it at their nominal instant.
 * @returns `next` may be a skipped one
 */
export function planDueAround(
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing = NOMINAL,
): DuePlan {
  return planAround(trigger, omissionOf(trigger, skips), expected, now, policy, timing);
}

/** The same for whatever does not fire. */
export function planAround(
  trigger: Trigger,
  { rest, within }: Omission,
  expected: number,
  now: number,
  policy: MisfirePolicy,
  timing: Timing,
): DuePlan {
  if (rest === trigger) return planDue(trigger, expected, now, policy, MAX_FIRES_PER_TICK, timing);
  const fires = rest.next(expected - 1) ?? Infinity;
  if (fires === Infinity || timing.effective(fires) > now) {
    const end = Math.min(fires, now + 1);
    return end <= expected ? { items: [], next: expected } : { items: within(expected, end), next: trigger.next(end - 1) };
  }
  const plan = planDue(rest, expected, now, policy, MAX_FIRES_PER_TICK, timing);
  const full = plan.next !== null && timing.effective(plan.next) <= now;
  const end = full ? (plan.next as number) : endOfDue(timing, expected, now);
  return { items: weave(plan.items, within(expected, end), rest), next: full ? plan.next : trigger.next(end - 1) };
}

/** Puts what does not fire where it belongs; a counted stretch that one of them lies in is cut there. @param rest  what is counted */
export function weave<Item extends Fire | Skip>(
  items: readonly Item[],
  omitted: readonly Skip[],
  rest: Trigger,
): (Item | Skip)[] {
  const woven: (Item | Skip)[] = [];
  const waiting = [...omitted];
  for (let item of items as readonly (Item | Skip)[]) {
    for (const skip of waiting.splice(0, waiting.findLastIndex((skip) => skip.scheduledFor < endOf(item)) + 1)) {
      const at = skip.scheduledFor;
      if (item.kind === 'skip' && item.scheduledFor < at) {
        woven.push(stretch(item, item.scheduledFor, at, rest));
        item = stretch(item, at, item.through + 1, rest);
      }
      woven.push(skip);
    }
    woven.push(item);
  }
  return [...woven, ...waiting];
}

const endOf = (item: Fire | Skip): number => (item.kind === 'skip' ? item.through : item.scheduledFor);

/** Its part in [from, until), which is not empty. */
function stretch(item: Skip, from: number, until: number, rest: Trigger): Skip {
  const [scheduledFor, through] = [rest.next(from - 1) as number, rest.previous(until) as number];
  return { ...item, scheduledFor, through, count: rest.count(from, until) };
}

function verdictOf({ scheduledFor, reason }: PlannedSkip): Skip {
  return { kind: 'skip', verdict: 'SKIPPED_BY_USER', reason, scheduledFor, through: scheduledFor, count: 1 };
}
