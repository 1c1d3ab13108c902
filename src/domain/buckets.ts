/** Equal parts of time, side by side; epoch milliseconds, half-open. */
export interface Buckets {
  from: number;
  until: number;
  /** How long each of them is. */
  ms: number;
  count: number;
}

/**
 * The buckets that a range touches, whole. They begin at whole multiples of their length since the epoch, wherever the range begins: two
 * ranges that overlap share them.
 * @param ms  a whole number from 1
 */
export function bucketsOf(range: { from: number; until: number }, ms: number): Buckets {
  const from = Math.floor(range.from / ms) * ms;
  const until = Math.ceil(range.until / ms) * ms;
  return { from, until, ms, count: (until - from) / ms };
}

/** Their beginnings, ascending. */
export function startsOf({ from, ms, count }: Buckets): number[] {
  return Array.from({ length: count }, (_, index) => from + index * ms);
}
