import type { OccurrenceVerdict, RunState } from '../../api/schema.generated.ts';
import { formatDay } from '../../time/format.ts';

/** As the API answers an occurrence. */
export interface LedgerItem {
  scheduledFor: string;
  effectiveAt: string;
  through: string;
  count: number;
  verdict: OccurrenceVerdict;
  reason: string | null;
  scheduleVersion: number;
  runs: readonly { id: string; state: RunState; latenessMs: number | null; durationMs: number | null }[];
}

export type LedgerRow =
  /** day: or the month, 2026-05. */
  | { kind: 'day'; key: string; day: string }
  | { kind: 'now'; key: string }
  | { kind: 'one'; key: string; item: LedgerItem }
  /** Neighbours below one heading that went the same way, shown as one row until it is opened. */
  | { kind: 'fold'; key: string; items: readonly LedgerItem[]; count: number };

interface Options {
  zone: string;
  /** Epoch milliseconds. */
  now: number;
  /** What heads the rows: of rare occurrences each day has one at most. */
  by: 'day' | 'month';
  /** Keys of the folds that are opened. */
  opened: ReadonlySet<string>;
  /** The day that stands above already, and whether the line of the present does. */
  above?: { day: string | null; isPast: boolean } | undefined;
}

/** So many neighbours are worth a fold. */
const FOLDED = 5;

/** The rows of a page of the ledger: days, the line of the present, and what is all the same in one row. */
export function ledgerRows(items: readonly LedgerItem[], { zone, now, by, opened, above }: Options): LedgerRow[] {
  const rows: LedgerRow[] = [];
  let day = above?.day ?? null;
  let past = above?.isPast ?? true;
  for (const group of groupsOf(items, { zone, now, by })) {
    const [first] = group as [LedgerItem];
    const at = Date.parse(first.scheduledFor);
    if (past && at > now) {
      rows.push({ kind: 'now', key: 'now' });
      past = false;
    }
    const on = headOf(at, zone, by);
    if (on !== day) rows.push({ kind: 'day', key: `day ${on} ${first.scheduledFor}`, day: on });
    day = on;
    const key = `fold ${first.scheduledFor}`;
    if (group.length >= FOLDED) {
      rows.push({ kind: 'fold', key, items: group, count: group.reduce((sum, { count }) => sum + count, 0) });
      if (!opened.has(key)) continue;
    }
    rows.push(...group.map((item) => ({ kind: 'one' as const, key: item.scheduledFor, item })));
  }
  return rows;
}

/** Where the next page goes on. */
export function endOf(
  items: readonly LedgerItem[],
  { zone, now, by }: Pick<Options, 'zone' | 'now' | 'by'>,
): { day: string | null; isPast: boolean } {
  const last = items.at(-1);
  if (last === undefined) return { day: null, isPast: true };
  const at = Date.parse(last.scheduledFor);
  return { day: headOf(at, zone, by), isPast: at <= now };
}

const headOf = (at: number, zone: string, by: Options['by']): string => formatDay(at, zone).slice(0, by === 'day' ? 10 : 7);

function groupsOf(items: readonly LedgerItem[], { zone, now, by }: Pick<Options, 'zone' | 'now' | 'by'>): LedgerItem[][] {
  const groups: LedgerItem[][] = [];
  let last: string | null = null;
  for (const item of items) {
    const outcome = outcomeOf(item);
    const at = Date.parse(item.scheduledFor);
    const key = outcome === null ? null : `${outcome} ${at > now} ${headOf(at, zone, by)}`;
    if (key !== null && key === last) groups.at(-1)?.push(item);
    else groups.push([item]);
    last = key;
  }
  return groups;
}

/** What may be told of several at once; null: this one is worth a row of its own. */
export function outcomeOf({ verdict, reason, count, runs }: LedgerItem): 'SUCCEEDED' | 'PLANNED' | null {
  if (verdict === 'PLANNED' && reason === null) return 'PLANNED';
  if (verdict === 'FIRED' && count === 1 && runs.length > 0 && runs.every(({ state }) => state === 'SUCCEEDED'))
    return 'SUCCEEDED';
  return null;
}
