/** Sources that are ascending each, read as one. A source is asked for one item more than was taken of it, and no further. */
export interface Merge<Item> {
  /** Asks the source for its first item. */
  add(source: Iterator<Item>): void;
  /** What `take` would answer; null when all sources have ended. */
  first(): Item | null;
  take(): Item | null;
}

/**
 * By a heap: whatever the number of sources n, an item costs log n comparisons.
 * @param compare  negative when `a` comes first; what compares equal may come in any order
 */
export function createMerge<Item>(compare: (a: Item, b: Item) => number): Merge<Item> {
  /** Each before the two at 2 i + 1 and 2 i + 2. */
  const heap: { item: Item; source: Iterator<Item> }[] = [];
  const before = (i: number, j: number): boolean => {
    const [a, b] = [heap[i], heap[j]];
    return a !== undefined && b !== undefined && compare(a.item, b.item) < 0;
  };
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j] as (typeof heap)[0], heap[i] as (typeof heap)[0]];
  };

  function rise(from: number): void {
    for (let i = from; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!before(i, parent)) return;
      swap(i, parent);
      i = parent;
    }
  }
  function sink(): void {
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const least = before(left + 1, left) ? left + 1 : left;
      if (!before(least, i)) return;
      swap(i, least);
      i = least;
    }
  }
  return {
    add(source) {
      const { done, value } = source.next();
      if (done === true) return;
      heap.push({ item: value, source });
      rise(heap.length - 1);
    },
    first: () => heap[0]?.item ?? null,
    take() {
      const top = heap[0];
      if (top === undefined) return null;
      const { item, source } = top;
      const { done, value } = source.next();
      if (done !== true) top.item = value;
      else {
        const last = heap.pop() as typeof top;
        if (heap.length > 0) heap[0] = last;
      }
      sink();
      return item;
    },
  };
}
