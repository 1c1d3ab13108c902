/** Principals that are remembered; past it the one that has been quiet longest is forgotten, and so starts full again. */
const MAX_PRINCIPALS = 10_000;
const MINUTE_MS = 60_000;

interface Bucket {
  /** May be negative: an operation dearer than the bucket passes when it is full, and is paid off afterwards. */
  points: number;
  at: number;
}

export interface RateLimiter {
  /** Takes `cost` points from the principal; answers the whole seconds to wait instead when there are too few, else null. */
  take(principal: string, cost: number): number | null;
}

/** What an operation costs: one point, and one for each ten objects it may answer. */
export function costOf(nodes: number): number {
  return 1 + nodes / 10;
}

/**
 * A token bucket per principal that holds one minute's points and refills evenly.
 * @param pointsPerMinute  positive; `off` lets everything pass
 * @param clock            epoch milliseconds; a step back refills nothing
 */
export function createRateLimiter(pointsPerMinute: number | 'off', clock: { now(): number }): RateLimiter {
  if (pointsPerMinute === 'off') return { take: () => null };
  const buckets = new Map<string, Bucket>();
  const perMs = pointsPerMinute / MINUTE_MS;

  return {
    take(principal, cost) {
      const now = clock.now();
      const bucket = buckets.get(principal) ?? { points: pointsPerMinute, at: now };
      bucket.points = Math.min(pointsPerMinute, bucket.points + Math.max(0, now - bucket.at) * perMs);
      bucket.at = now;
      // A Map keeps the order of insertion: taking out and putting back makes its first key the quietest.
      buckets.delete(principal);
      buckets.set(principal, bucket);
      for (const quietest of buckets.keys()) {
        if (buckets.size <= MAX_PRINCIPALS) break;
        buckets.delete(quietest);
      }
      const missing = Math.min(cost, pointsPerMinute) - bucket.points;
      if (missing > 0) return Math.ceil(missing / perMs / 1000);
      bucket.points -= cost;
      return null;
    },
  };
}
