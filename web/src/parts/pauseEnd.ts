import { readWall } from '../time/wallClock.ts';

/**
 * When a pause ends by itself.
 * @param wall  what the wall clock of the zone shows then; empty: it has no end
 * @param now   epoch milliseconds, of the server's clock
 * @returns an instant, or null without an end; fault: what is wrong, to be said at the field
 */
export function pauseEnd(wall: string, zone: string, now: number): { until: string | null; fault: string | null } {
  if (wall === '') return { until: null, fault: null };
  const end = readWall(wall, zone);
  if (end === null) return { until: null, fault: 'This is no time.' };
  return end.at <= now ? { until: null, fault: 'That is past already.' } : { until: new Date(end.at).toISOString(), fault: null };
}
