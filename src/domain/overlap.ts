import type { Fire, MisfirePolicy, Skip } from './due.ts';

export type OverlapPolicy = 'SKIP' | 'ALLOW_ALL';

/** What a schedule has under way when its due occurrences are decided, read under the lock of its row. */
export interface Underway {
  /** runs in ACTIVE_STATES */
  active: number;
  /** unfinished runs that are catch-up or wait behind one: the serial backlog of FIRE_ALL */
  backlog: number;
}
export interface PlannedRun extends Fire {
  state: 'QUEUED' | 'BUFFERED';
}

/**
 * Decides for each fire, in order, whether it runs, waits or is passed over.
 * SKIP with FIRE_ALL is a serial backlog: missed ones wait for each other, and fresh fires append to it while it lasts
 * (SEMANTICS: Misfire). It is bounded by maxCatchupRuns: a schedule slower than its own cadence would else never drain it.
 */
export function resolveOverlap(
  items: readonly (Fire | Skip)[],
  overlap: OverlapPolicy,
  misfire: MisfirePolicy,
  underway: Underway,
): (PlannedRun | Skip)[] {
  let { active, backlog } = underway;
  const resolved: (PlannedRun | Skip)[] = [];
  for (const item of items) {
    if (item.kind === 'skip') {
      append(resolved, item);
    } else if (overlap === 'ALLOW_ALL' || (active === 0 && backlog === 0)) {
      active += 1;
      if (item.origin === 'CATCH_UP') backlog += 1;
      resolved.push({ ...item, state: 'QUEUED' });
    } else if (misfire.mode === 'FIRE_ALL' && (item.origin === 'CATCH_UP' || (backlog > 0 && backlog < misfire.maxCatchupRuns))) {
      backlog += 1;
      resolved.push({ ...item, state: 'BUFFERED' });
    } else {
      const { scheduledFor } = item;
      const reason = 'the previous run had not ended; overlap policy SKIP';
      append(resolved, { kind: 'skip', verdict: 'OVERLAP_SKIPPED', reason, scheduledFor, through: scheduledFor, count: 1 });
    }
  }
  return resolved;
}

/** Consecutive equal verdicts are one entry of the ledger. */
function append(items: (PlannedRun | Skip)[], skip: Skip): void {
  const last = items.at(-1);
  if (last?.kind === 'skip' && last.verdict === skip.verdict && last.reason === skip.reason) {
    items[items.length - 1] = { ...last, through: skip.through, count: last.count + skip.count };
  } else {
    items.push(skip);
  }
}
