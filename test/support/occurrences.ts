import { listOccurrences } from '../../src/domain/occurrences.ts';
import type { Occurrence } from '../../src/domain/occurrences.ts';
import { createLoaders } from '../../src/graphql/loaders.ts';
import { pageOccurrences } from '../../src/graphql/occurrences.ts';
import { readLedgers } from '../../src/store/occurrences.ts';
import type { Parts } from './parts.ts';
import { time } from './parts.ts';

/** All of Schedule.occurrences in [from, until), epoch ms, in one piece. */
export async function allOccurrences({ store, clock }: Parts, scheduleId: string, from: number, until: number) {
  const [ledger] = await readLedgers(store.sql, [{ scheduleId, from, until, limit: 1_000_000 }]);
  return listOccurrences(ledger!, { from, until }, 1_000_000, clock.now());
}

/** One page, as the API answers it. */
export function pageOf(
  parts: Parts,
  scheduleId: string,
  range: { from: number; until: number },
  first?: number,
  after?: string | null,
) {
  const asked = { range: { from: new Date(range.from), until: new Date(range.until) }, first, after };
  return pageOccurrences(scheduleId, asked, { clock: parts.clock, loaders: createLoaders(parts.store) });
}

/** '00:00:20 to 00:00:40 PAUSED 3', or '00:00:10 FIRED' of one alone. */
export function tellOccurrence({ scheduledFor, through, verdict, count }: Occurrence): string {
  return count === 1 ? `${time(scheduledFor)} ${verdict}` : `${time(scheduledFor)} to ${time(through)} ${verdict} ${count}`;
}
