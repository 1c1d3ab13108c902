import type { Timeline } from './timeline.ts';
import { createTimeline } from './timeline.ts';
import type { CronTrigger, EffectiveDst } from './trigger.ts';
import type { WallPattern } from './wall.ts';
import { fireTime, zoneOf } from './zone.ts';

/** A wall pattern on the time of a zone, as the policy wants it. @param timeZone  as answered by `resolveZone` */
export function layOut(pattern: WallPattern, timeZone: string, dst: EffectiveDst): Timeline {
  const plain = dst.followsRealClock;
  return createTimeline(pattern, zoneOf(timeZone), plain ? 'SKIP' : dst.gap, plain ? 'BOTH' : dst.overlap);
}

type Answers = Pick<CronTrigger, 'next' | 'previous' | 'between' | 'matches' | 'count' | 'fireTime' | 'agenda'>;

/** The seconds of a time line as milliseconds. */
export function answers(timeline: Timeline, timeZone: string): Answers {
  const toInstant = (second: number | null): number | null => (second === null ? null : second * 1000);
  function between(from: number, until: number, limit: number): number[] {
    const found: number[] = [];
    let second = timeline.next(Math.ceil(from / 1000));
    while (second !== null && second * 1000 < until && found.length < limit) {
      found.push(second * 1000);
      second = timeline.next(second + 1);
    }
    return found;
  }
  return {
    next: (after) => toInstant(timeline.next(Math.floor(after / 1000) + 1)),
    previous: (before) => toInstant(timeline.previous(Math.ceil(before / 1000) - 1)),
    between,
    matches: (instant) => instant % 1000 === 0 && timeline.has(instant / 1000),
    count: (from, until) => timeline.count(Math.ceil(from / 1000), Math.ceil(until / 1000)),
    fireTime: (instant) => ({ ...fireTime(instant, timeZone), inGap: timeline.madeUp(Math.floor(instant / 1000)) }),
    ...(timeline.agenda && { agenda: timeline.agenda }),
  };
}
