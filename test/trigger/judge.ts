import type { DstGap, DstOverlap } from '../../src/trigger/trigger.ts';

/** A cron expression whose meaning the judge is told, so that it need not read the text. */
export interface Known {
  minutes: readonly number[];
  hours: readonly number[];
  /** Answers for a date whether its day fields match. */
  day: (date: Temporal.PlainDate) => boolean;
  followsRealClock: boolean;
}

const MINUTE = 60_000;

/**
 * Every occurrence in [from, until) by looking at each minute of real time, and each minute of local time, one after the
 * other. Slow and plain on purpose: it shares nothing with the calculus but Temporal.
 * @param from, until  whole minutes
 */
export function enumerate(
  known: Known,
  timeZone: string,
  dst: { gap: DstGap; overlap: DstOverlap },
  from: number,
  until: number,
): number[] {
  const { gap, overlap } = known.followsRealClock ? { gap: 'SKIP', overlap: 'BOTH' } : dst;
  const found = new Set<number>();
  for (let at = from; at < until; at += MINUTE) {
    const local = zoned(at, timeZone).toPlainDateTime();
    if (!matches(known, local)) continue;
    if (overlap === 'BOTH' || resolve(local, timeZone, overlap === 'FIRST' ? 'earlier' : 'later').epochMilliseconds === at)
      found.add(at);
  }
  if (gap !== 'SKIP') {
    // A missing reading shows up no more than a day after the change, whatever the policy makes of it.
    let local = zoned(from, timeZone).toPlainDateTime().subtract({ days: 2 });
    const end = zoned(until, timeZone).toPlainDateTime().add({ days: 2 });
    for (; Temporal.PlainDateTime.compare(local, end) < 0; local = local.add({ minutes: 1 })) {
      if (!matches(known, local)) continue;
      const shifted = resolve(local, timeZone, 'later');
      if (shifted.toPlainDateTime().equals(local)) continue;
      const at = gap === 'SHIFT' ? shifted.epochMilliseconds : firstAfterJump(shifted);
      if (at !== null && at >= from && at < until) found.add(at);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** The instants that a local time stands for, by Temporal's own disambiguation. */
export function instantsOf(local: string, timeZone: string, dst: { gap: DstGap; overlap: DstOverlap }): number[] {
  const wanted = Temporal.PlainDateTime.from(local);
  const [earlier, later] = [resolve(wanted, timeZone, 'earlier'), resolve(wanted, timeZone, 'later')];
  const passes = { FIRST: [earlier], LAST: [later], BOTH: [earlier, later] }[dst.overlap];
  if (earlier.toPlainDateTime().equals(wanted)) return passes.map((at) => at.epochMilliseconds);
  const standIn = { SKIP: null, SHIFT: later.epochMilliseconds, RUN_AFTER: firstAfterJump(later) }[dst.gap];
  return standIn === null ? [] : [standIn];
}

function matches(known: Known, local: Temporal.PlainDateTime): boolean {
  return known.minutes.includes(local.minute) && known.hours.includes(local.hour) && known.day(local.toPlainDate());
}

/** @param shifted  a missing reading carried over the jump, so at most the size of the jump after it */
function firstAfterJump(shifted: Temporal.ZonedDateTime): number | null {
  const jump = shifted.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
  if (jump === null) return null;
  const size = (jump.offsetNanoseconds - jump.subtract({ nanoseconds: 1 }).offsetNanoseconds) / 1e9;
  return size <= 3 * 3600 ? jump.epochMilliseconds : null;
}

const zoned = (at: number, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
const resolve = (local: Temporal.PlainDateTime, timeZone: string, disambiguation: 'earlier' | 'later'): Temporal.ZonedDateTime =>
  local.toZonedDateTime(timeZone, { disambiguation });
