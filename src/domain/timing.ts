import { LAST_INSTANT } from '../trigger/trigger.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { evenHash } from './evenHash.ts';

/** How far behind their nominal instants the occurrences of a schedule are due. Whole milliseconds, 0 to MAX_OFFSET_MS; one of them is 0. */
export interface Offsets {
  /** Each occurrence is late by the same stretch, which is shorter than this and depends on the schedule's id. */
  spreadMs: number;
  /** Each occurrence is late by a stretch of its own, shorter than this; never as late as the next nominal instant. */
  jitterMs: number;
}
export const MAX_OFFSET_MS = 86_400_000;

/**
 * When occurrences are due. Pure: asked twice, it answers the same. Whoever asks about an instant that is no occurrence gets an
 * answer of no meaning. All instants are whole epoch milliseconds.
 */
export interface Timing {
  /** The effective instant of an occurrence, not before its nominal one. Later occurrences are never due earlier. */
  effective(nominal: number): number;
  /** The occurrences from this nominal bound on are those whose effective instant is `bound` or later. At most `bound`. */
  firstNominalFrom(bound: number): number;
}

/** Every occurrence is due at its nominal instant. */
export const NOMINAL: Timing = { effective: (nominal) => nominal, firstNominalFrom: (bound) => bound };

/** @param trigger  the occurrences of the schedule, within its bounds */
export function timingOf({ id, spreadMs, jitterMs }: { id: string } & Offsets, trigger: Trigger): Timing {
  if (spreadMs > 0) return spreadTiming(Math.floor(evenHash(`spread:${id}`) * spreadMs));
  return jitterMs > 0 ? jitterTiming(id, jitterMs, trigger) : NOMINAL;
}

function spreadTiming(offset: number): Timing {
  return {
    effective: (nominal) => Math.min(nominal + offset, LAST_INSTANT),
    firstNominalFrom: (bound) => bound - offset,
  };
}

function jitterTiming(id: string, jitterMs: number, trigger: Trigger): Timing {
  const effective = (nominal: number): number => {
    const following = trigger.next(nominal) ?? Infinity;
    // Scaled and not clipped: what comes more often than the jitter is long would else gather right before the next one.
    const offset = Math.floor(evenHash(`jitter:${id}:${nominal}`) * Math.min(jitterMs, following - nominal));
    return Math.min(nominal + offset, LAST_INSTANT);
  };
  return {
    effective,
    firstNominalFrom(bound) {
      // The one before the last is due before the last is nominal, and so before the bound.
      const last = trigger.previous(bound);
      return last !== null && effective(last) >= bound ? last : bound;
    },
  };
}

/** The last nominal instant that is settled or was due by `now`: what is computed anew begins behind it. @param settled  epoch ms or -Infinity */
export function countsFrom(timing: Timing, now: number, settled: number): number {
  return Math.max(settled, timing.firstNominalFrom(now + 1) - 1);
}

/** Where a schedule stands: both instants of its next occurrence; null when there is none. */
export interface Place {
  nextScheduledFor: Date | null;
  nextFireAt: Date | null;
}

/** @param next  nominal, epoch ms */
export function placeAt(timing: Timing, next: number | null): Place {
  if (next === null) return { nextScheduledFor: null, nextFireAt: null };
  return { nextScheduledFor: new Date(next), nextFireAt: new Date(timing.effective(next)) };
}
