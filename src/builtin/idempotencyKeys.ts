import type { Clock } from '../clock.ts';
import { KEY_LIFE_MS } from '../domain/idempotency.ts';
import { purgeKeys } from '../store/idempotencyKeys.ts';
import type { Store } from '../store/open.ts';

/**
 * Removes the idempotency keys that nobody is answered by any more, in small batches. Not a part of the nightly task: they go also where
 * everything else is kept for ever.
 * @param signal  ends it between two batches
 * @returns how many were removed
 */
export async function forgetKeys({ store, clock }: { store: Store; clock: Clock }, signal: AbortSignal): Promise<number> {
  const before = clock.now() - KEY_LIFE_MS;
  let total = 0;
  for (let size = -1; size !== 0 && !signal.aborted; total += size) size = await purgeKeys(store.sql, before);
  return total;
}
