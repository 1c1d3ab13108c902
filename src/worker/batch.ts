/**
 * Gathers single writes into batches: what arrives while a batch is being written goes into the next one. An idle batcher writes
 * at once, so gathering costs no latency; a busy one writes few large statements.
 */
export interface Batcher<Item, Result> {
  /** Settles with the item's own result when its batch is written; rejects when that batch failed. */
  add(item: Item): Promise<Result>;
}

/** @param write answers one result per item, in the order of the items */
export function createBatcher<Item, Result>(
  write: (items: Item[]) => Promise<Result[]>,
  maxBatch: number,
): Batcher<Item, Result> {
  interface Entry {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  const waiting: Entry[] = [];
  let writing = false;

  async function flush(): Promise<void> {
    writing = true;
    // Let everything that becomes ready in this turn of the event loop into the first batch.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxBatch);
      try {
        const results = await write(batch.map((entry) => entry.item));
        batch.forEach((entry, index) => entry.resolve(results[index] as Result));
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    writing = false;
  }
  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (!writing) void flush();
      });
    },
  };
}
