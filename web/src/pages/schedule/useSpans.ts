import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import type { LedgerSpan } from './heatMap.ts';
import { ScheduleHeatLedgerDocument } from './schedule.generated.ts';

/** A page has 100 entries. */
const MOST_PAGES = 12;
const AGAIN_MS = 5 * 60_000;
const NONE: readonly LedgerSpan[] = [];

/** What the ledger says of a range, read page by page, and again every five minutes while it is looked at. @param from  null: not yet */
export function useSpans(id: string, from: number | null, until: number): readonly LedgerSpan[] {
  const client = useClient();
  const [spans, setSpans] = useState(NONE);
  useEffect(() => {
    if (from === null) return;
    let over = false;
    const read = async () => {
      const range = {
        from: new Date(from).toISOString(),
        until: new Date(Math.min(until, Date.now() + 86_400_000)).toISOString(),
      };
      const found: LedgerSpan[] = [];
      let after: string | null = null;
      for (let page = 0; page < MOST_PAGES && !over; page++) {
        const { data } = await client
          .query(ScheduleHeatLedgerDocument, { id, range, after }, { requestPolicy: 'network-only' })
          .toPromise();
        // What was read before stays, rather than a part of what there is.
        if (!data) return;
        const list: NonNullable<(typeof data)['schedule']>['occurrences'] | undefined = data.schedule?.occurrences;
        found.push(...(list?.nodes ?? []));
        // The planned ones come last, and are not shown.
        if (list?.pageInfo.hasNextPage !== true || list.nodes.at(-1)?.verdict === 'PLANNED') break;
        after = list.pageInfo.endCursor;
      }
      if (!over) setSpans(found);
    };
    void read();
    const timer = setInterval(() => {
      if (!document.hidden) void read();
    }, AGAIN_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [client, id, from, until]);
  return spans;
}
