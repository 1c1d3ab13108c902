/** A fired occurrence whose run is about to be removed. Instants are epoch milliseconds. */
export interface FiredOccurrence {
  scheduledFor: number;
  scheduleVersion: number;
}
/** Something else of the ledger that stays: a row of other verdicts, or a run that is kept. */
export interface LedgerSpan {
  scheduledFor: number;
  through: number;
}
/** A counted row of fired occurrences that is there already. */
export interface FiredRow extends LedgerSpan {
  id: string;
  scheduleVersion: number;
}
/** `id` null: a row to be written; else `count` occurrences are added to that row, which then reaches `through`. */
export interface FoldedRow {
  id: string | null;
  scheduledFor: number;
  through: number;
  count: number;
  scheduleVersion: number;
}

/**
 * Folds fired occurrences of one schedule into counted rows, so that the ledger still accounts for each when their runs are gone.
 * A row ends where anything else of the ledger lies between, or where the definition changed.
 * @param fired  ascending, distinct
 * @param kept   ascending: what stays
 * @param last   the newest counted row before the first of `fired`; null when there is none
 */
export function foldRuns(fired: readonly FiredOccurrence[], kept: readonly LedgerSpan[], last: FiredRow | null): FoldedRow[] {
  const rows: FoldedRow[] = [];
  let open: FoldedRow | null = last && { ...last, count: 0 };
  let index = 0;
  for (const { scheduledFor, scheduleVersion } of fired) {
    // Everything that stays and begins after the open row's end, before this occurrence, stands between the two.
    while (index < kept.length && (kept[index] as LedgerSpan).scheduledFor < (open?.through ?? scheduledFor)) index += 1;
    const between = index < kept.length && (kept[index] as LedgerSpan).scheduledFor < scheduledFor;
    if (open !== null && !between && open.scheduleVersion === scheduleVersion) {
      open.through = scheduledFor;
      open.count += 1;
      if (open.id !== null && open.count === 1) rows.push(open);
    } else {
      open = { id: null, scheduledFor, through: scheduledFor, count: 1, scheduleVersion };
      rows.push(open);
    }
  }
  return rows;
}
