import type { Trigger } from '../trigger/trigger.ts';
import type { Fire, MisfireMode, Skip } from './due.ts';
import type { PlannedSkip } from './skips.ts';
import type { Timing } from './timing.ts';

/** Most freezes that have not ended, and of these most that select by a filter: every edit of a schedule asks each of them. */
export const MAX_FREEZES = 1_000;
export const MAX_FILTER_FREEZES = 100;
/** 400 days: how long a freeze may be, and how far ahead it may begin. */
export const MAX_FREEZE_MS = 400 * 86_400_000;

/** A freeze as each of its schedules has it: nothing that is nominal in [from, until) fires at its time. */
export interface Freeze {
  id: string;
  reason: string;
  /** ISO instants */
  from: string;
  until: string;
  /** What becomes at its end of what it held back. */
  exit: MisfireMode;
  by: { id: string; name: string | null };
}
/** A part of a freeze, the one that decides there. Epoch ms, half-open. */
export interface FrozenSpan {
  from: number;
  until: number;
  /** When it and all that it overlaps or touches, one after the other, have ended: nothing fires before. */
  releasedAt: number;
  freeze: Freeze;
}

/** As the ledger says it. */
export function frozenReason({ reason }: Pick<Freeze, 'reason'>): string {
  return `frozen: ${reason}`;
}

/** Where freezes overlap, the one that ends last decides, of two that end together the later one. @returns ascending, without overlaps */
export function spansOf(freezes: readonly Freeze[]): FrozenSpan[] {
  const byEnd = freezes
    .map((freeze) => ({ freeze, from: Date.parse(freeze.from), until: Date.parse(freeze.until) }))
    .filter(({ from, until }) => from < until)
    .toSorted((a, b) => b.until - a.until || (a.freeze.id < b.freeze.id ? 1 : -1));
  const spans: FrozenSpan[] = [];
  // Those before end later, so they cover everything from here to their ends.
  let covered = Infinity;
  let releasedAt = 0;
  for (const { freeze, from, until } of byEnd) {
    if (until < covered) releasedAt = until;
    if (from < Math.min(until, covered)) spans.unshift({ from, until: Math.min(until, covered), releasedAt, freeze });
    covered = Math.min(covered, from);
  }
  return spans;
}

/** The freezes that still have a say: without those that have ended, with a verdict for all that they held back. @param place  nominal */
export function unsettledFreezes(freezes: readonly Freeze[], place: Date | null, now: number): readonly Freeze[] {
  const settled = Math.min(now, place?.getTime() ?? Infinity);
  return freezes.filter(({ from, until }) => from !== until && Date.parse(until) > settled);
}

/** The one that lies over the instant; undefined: none does. */
export function spanAt<Span extends Pick<FrozenSpan, 'from' | 'until'>>(
  spans: readonly Span[],
  instant: number,
): Span | undefined {
  return spans.find(({ from, until }) => from <= instant && instant < until);
}

/** Whether one of them lies over the instant. Of many instants ask spanAt. */
export function freezeAt(freezes: readonly Freeze[], instant: number): Freeze | null {
  return spanAt(spansOf(freezes), instant)?.freeze ?? null;
}

/** The occurrences that lie in none of these. @param spans  ascending, without overlaps */
export function outside(trigger: Trigger, spans: readonly Pick<FrozenSpan, 'from' | 'until'>[]): Trigger {
  if (spans.length === 0) return trigger;
  function next(after: number): number | null {
    for (let at = trigger.next(after); at !== null;) {
      const span = spanAt(spans, at);
      if (span === undefined) return at;
      at = trigger.next(span.until - 1);
    }
    return null;
  }
  function previous(before: number): number | null {
    for (let at = trigger.previous(before); at !== null;) {
      const span = spanAt(spans, at);
      if (span === undefined) return at;
      at = trigger.previous(span.from);
    }
    return null;
  }
  function between(from: number, until: number, limit: number): number[] {
    const found: number[] = [];
    let start = from;
    for (const span of [...spans, { from: Infinity, until: Infinity }]) {
      if (found.length >= limit || start >= until) break;
      const end = Math.min(span.from, until);
      if (start < end) found.push(...trigger.between(start, end, limit - found.length));
      start = Math.max(start, span.until);
    }
    return found;
  }
  function count(from: number, until: number): number {
    const held = spans.map((span) => ({ from: Math.max(from, span.from), until: Math.min(until, span.until) }));
    const within = held.reduce((sum, part) => sum + (part.from < part.until ? trigger.count(part.from, part.until) : 0), 0);
    return trigger.count(from, until) - within;
  }
  const matches = (instant: number) => spanAt(spans, instant) === undefined && trigger.matches(instant);
  return { ...trigger, next, previous, between, count, matches };
}

/** One row for each of these spans that has occurrences from `from` on and before `until`. */
export function frozenRows(trigger: Trigger, spans: readonly FrozenSpan[], from: number, until: number): Skip[] {
  return spans.flatMap(({ freeze, ...span }): Skip[] => {
    const [start, end] = [Math.max(span.from, from), Math.min(span.until, until)];
    const count = start < end ? trigger.count(start, end) : 0;
    if (count === 0) return [];
    const scheduledFor = trigger.next(start - 1) as number;
    const through = trigger.previous(end) as number;
    return [{ kind: 'skip', verdict: 'FROZEN', reason: frozenReason(freeze), scheduledFor, through, count }];
  });
}

/**
 * When what a span held back is decided, epoch ms: its end, or when the last occurrence of it is due, should that be later.
 * @param trigger  all occurrences of the schedule
 */
export function releaseOf({ from, until, releasedAt }: FrozenSpan, trigger: Trigger, timing: Timing): number {
  const last = trigger.previous(until);
  return last === null || last < from ? releasedAt : Math.max(releasedAt, timing.effective(last));
}

/** How many of what got a verdict each of the freezes held back. What was skipped or paused besides is not its doing. */
export function heldByFreeze(freezes: readonly Freeze[], items: readonly (Fire | Skip)[]): { id: string; count: number }[] {
  const counts = new Map<string, number>();
  const spans = spansOf(freezes);
  for (const item of items) {
    if (item.kind === 'skip' && (item.verdict === 'SKIPPED_BY_USER' || item.verdict === 'PAUSED')) continue;
    const by = spanAt(spans, item.scheduledFor)?.freeze;
    if (by !== undefined) counts.set(by.id, (counts.get(by.id) ?? 0) + (item.kind === 'skip' ? item.count : 1));
  }
  return Array.from(counts, ([id, count]) => ({ id, count }));
}

/** Of the occurrences that freezes hold back or have held back without a verdict, those by `now` that nobody skipped. @param by  only this freeze's */
export function countFrozen(
  trigger: Trigger,
  { freezes, skips = [], from }: { freezes: readonly Freeze[]; skips?: readonly PlannedSkip[]; from: number },
  now: number,
  by?: string,
): number {
  const spans = spansOf(freezes).filter(({ freeze }) => by === undefined || freeze.id === by);
  return spans.reduce((sum, span) => {
    const [start, end] = [Math.max(span.from, from), Math.min(span.until, now + 1)];
    const skipped = skips.filter(({ scheduledFor: at }) => at >= start && at < end && trigger.matches(at)).length;
    return start < end ? sum + trigger.count(start, end) - skipped : sum;
  }, 0);
}
