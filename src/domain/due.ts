import type { Trigger } from '../trigger/trigger.ts';
import { NOMINAL } from './timing.ts';
import type { Timing } from './timing.ts';
import type { SkipVerdict } from './verdict.ts';

export type MisfireMode = 'SKIP' | 'FIRE_ONCE' | 'FIRE_ALL';
/** What to do with occurrences that come late. Durations are whole milliseconds. */
export interface MisfirePolicy {
  mode: MisfireMode;
  /** Late by no more than this: fires normally. */
  graceMs: number;
  /** Older than this is never made up for. */
  catchupWindowMs: number;
  /** FIRE_ALL: only this many of the newest are made up for; 1 to MAX_CATCHUP_RUNS. */
  maxCatchupRuns: number;
}
export const DEFAULT_MISFIRE: MisfirePolicy = {
  mode: 'FIRE_ONCE',
  graceMs: 60_000,
  catchupWindowMs: 86_400_000,
  maxCatchupRuns: 100,
};
/** Below MAX_FIRES_PER_TICK, so that one tick always sees all of a catch-up. */
export const MAX_CATCHUP_RUNS = 1_000;
export const MAX_FIRES_PER_TICK = 2_000;

export interface Fire {
  kind: 'fire';
  /** nominal instant */
  scheduledFor: number;
  effectiveAt: number;
  origin: 'SCHEDULE' | 'CATCH_UP';
}
/** `count` consecutive occurrences from `scheduledFor` through `through` share the verdict. */
export interface Skip {
  kind: 'skip';
  verdict: SkipVerdict;
  reason: string;
  scheduledFor: number;
  through: number;
  count: number;
}
export interface DuePlan {
  /** Ascending; together they hold every occurrence from `expected` on that is due by now and that `next` does not leave for later exactly once. */
  items: (Fire | Skip)[];
  /** Nominal instant of the first occurrence without a verdict; null when the trigger has ended. Due by now only when the plan is full. */
  next: number | null;
}

/**
 * Decides what a schedule that woke at `now` must do. Same inputs, same plan. What is due, and how late it is, goes by effective instants.
 * @param expected  nominal instant of the first occurrence that has no verdict yet
 * @param now       may be earlier (clock stepped back) or much later (outage)
 * @param limit     most fires in one plan; above policy.maxCatchupRuns
 * @param timing    when the occurrences of `trigger` are due
 */
export function planDue(
  trigger: Trigger,
  expected: number,
  now: number,
  policy: MisfirePolicy,
  limit = MAX_FIRES_PER_TICK,
  timing: Timing = NOMINAL,
): DuePlan {
  if (timing.effective(expected) > now) return { items: [], next: expected };
  const end = endOfDue(timing, expected, now);
  const lateBefore = Math.max(expected, timing.firstNominalFrom(now - policy.graceMs));
  const windowFrom = Math.max(expected, timing.firstNominalFrom(now - policy.catchupWindowMs));
  const fresh = trigger.between(lateBefore, end, limit + 1);
  const late = { expected, windowFrom: Math.min(windowFrom, lateBefore), lateBefore };
  const items = lateItems(trigger, timing, late, policy, fresh.length > 0);
  const room = limit - items.filter((item) => item.kind === 'fire').length;
  for (const instant of fresh.slice(0, room)) items.push(fire(timing, instant, 'SCHEDULE'));
  return { items, next: fresh.length > room ? (fresh[room] as number) : trigger.next(end - 1) };
}

/**
 * Decides what the end of a pause, or a change during one, must write down of it: a pause holds back and nothing of it runs later.
 * @param expected  as in planDue
 * @param now       may be earlier than `expected` (clock stepped back)
 * @param timing    as in planDue
 */
export function planPaused(
  trigger: Trigger,
  expected: number,
  now: number,
  timing: Timing = NOMINAL,
): { items: Skip[]; next: number | null } {
  if (timing.effective(expected) > now) return { items: [], next: expected };
  const end = endOfDue(timing, expected, now);
  return { items: skipRange(trigger, expected, end, 'PAUSED', 'the schedule was paused'), next: trigger.next(end - 1) };
}

/** The nominal bound before which occurrences are due by now. Never before `expected`, should that be no occurrence any more: what was settled stays so. */
export function endOfDue(timing: Timing, expected: number, now: number): number {
  return Math.max(expected, timing.firstNominalFrom(now + 1));
}

/** Accounts for [expected, lateBefore): what came later than the grace time allows. From windowFrom on it may be made up for. Nominal instants. */
function lateItems(
  trigger: Trigger,
  timing: Timing,
  { expected, windowFrom, lateBefore }: { expected: number; windowFrom: number; lateBefore: number },
  policy: MisfirePolicy,
  freshFollows: boolean,
): (Fire | Skip)[] {
  if (policy.mode === 'SKIP') {
    return skipRange(trigger, expected, lateBefore, 'MISSED', 'late by more than the grace time; misfire policy SKIP');
  }
  const items: (Fire | Skip)[] = skipRange(trigger, expected, windowFrom, 'MISSED', 'older than the catch-up window');
  const coalesced = (until: number) =>
    skipRange(trigger, windowFrom, until, 'COALESCED', 'left to the one that follows (FIRE_ONCE)');
  if (policy.mode === 'FIRE_ONCE') {
    if (freshFollows) return [...items, ...coalesced(lateBefore)];
    const latest = trigger.previous(lateBefore);
    if (latest === null || latest < windowFrom) return items;
    return [...items, ...coalesced(latest), fire(timing, latest, 'CATCH_UP')];
  }
  const newest: number[] = [];
  for (let at = trigger.previous(lateBefore); at !== null && at >= windowFrom; at = trigger.previous(at)) {
    newest.unshift(at);
    if (newest.length === policy.maxCatchupRuns) break;
  }
  const oldestKept = newest[0];
  if (oldestKept === undefined) return items;
  items.push(
    ...skipRange(trigger, windowFrom, oldestKept, 'MISSED', 'more were missed than maxCatchupRuns; the newest are kept'),
  );
  return [...items, ...newest.map((at) => fire(timing, at, 'CATCH_UP'))];
}

function fire(timing: Timing, instant: number, origin: Fire['origin']): Fire {
  return { kind: 'fire', scheduledFor: instant, effectiveAt: timing.effective(instant), origin };
}

/** One ledger entry for all occurrences in [from, until); none when there are none. */
function skipRange(trigger: Trigger, from: number, until: number, verdict: SkipVerdict, reason: string): Skip[] {
  const count = from < until ? trigger.count(from, until) : 0;
  if (count === 0) return [];
  const scheduledFor = trigger.next(from - 1);
  const through = trigger.previous(until);
  if (scheduledFor === null || through === null) throw new RangeError('count() and next() of a trigger disagree');
  return [{ kind: 'skip', verdict, reason, scheduledFor, through, count }];
}
