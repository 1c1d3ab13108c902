import type { Outcome } from '../../api/useAct.ts';

/** Names that the API takes in one call. */
export const AT_ONCE = 100;

export interface BulkResult {
  /** How many were changed, as the server counted them. */
  done: number;
  /** What is wrong, and that the rest is as it was; null: all is done. */
  fault: string | null;
}

/** Does it to all of them, a hundred at a time: each hundred as a whole or not at all, and nothing behind the first that is refused. */
export async function inBatches(
  ids: readonly string[],
  act: (batch: string[]) => Promise<Outcome<{ count: number }>>,
  told: (done: number) => void,
): Promise<BulkResult> {
  let done = 0;
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const outcome = await act(ids.slice(from, from + AT_ONCE));
    if (!outcome.ok) {
      const rest = ids.length - from;
      const left = done === 0 && from === 0 ? 'Nothing was changed.' : `${done} were changed before it, ${rest} were not.`;
      return { done, fault: `${outcome.faults.map(({ message }) => message).join(' ')} ${left}` };
    }
    done += outcome.payload.count;
    told(done);
  }
  return { done, fault: null };
}

/** Does it to each of them, a few at a time, and answers in their order. */
export async function oneByOne<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  act: (item: Item) => Promise<Result>,
  told: (index: number, result: Result) => void,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      told(index, await act(items[index] as Item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
}
