import type { Outcome } from '../../api/useAct.ts';

/** Names that the API takes in one call. */
export const AT_ONCE = 100;

export interface BulkResult {
  /** How many were changed, as the server counted them. */
  done: number;
  /** What is wrong, and what became of the others; null: all is done. */
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
    const batch = ids.slice(from, from + AT_ONCE);
    const outcome = await act(batch);
    if (!outcome.ok) {
      const doubtful = outcome.unknown ? batch.length : 0;
      const left = leftText(done, doubtful, ids.length - from - doubtful);
      return { done, fault: `${outcome.faults.map(({ message }) => message).join(' ')} ${left}` };
    }
    done += outcome.payload.count;
    told(done);
  }
  return { done, fault: null };
}

function leftText(done: number, doubtful: number, rest: number): string {
  if (done === 0 && doubtful === 0) return 'Nothing was changed.';
  const parts: readonly [number, string][] = [
    [done, 'were changed before it'],
    [doubtful, 'may have been changed'],
    [rest, 'were not'],
  ];
  const said = parts.filter(([count]) => count > 0).map((part) => part.join(' '));
  return `${said.join(', ')}.`;
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
