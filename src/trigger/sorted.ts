/** Index of the first element ≥ `value` of an ascending list; the length when there is none, as for NaN. */
export function firstFrom(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Sorted, each once. */
export const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);
