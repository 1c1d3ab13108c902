import type { Fire, MisfirePolicy, Skip } from './due.ts';
import type { SkipVerdict } from './verdict.ts';

export type OverlapPolicy = 'SKIP' | 'ALLOW_ALL';

/** What a schedule has under way when its due occurrences are decided, read under the lock of its row. */
export interface Underway {
  /** runs in ACTIVE_STATES */
  active: number;
  /** occurrences with unfinished runs that are catch-up or wait behind one: the serial backlog of FIRE_ALL */
  backlog: number;
}
export interface PlannedRun extends Fire {
  state: 'QUEUED' | 'BUFFERED';
}

/**
 * Decides for each fire, in order, whether it runs, waits or is passed over.
 * SKIP with FIRE_ALL is a serial backlog: missed ones wait for each other, and fresh fires append to it while it lasts.
 * It is bounded by maxCatchupRuns, over all ticks: a schedule slower than its own cadence would else
 * never drain it. Of the missed ones that find too little room the newest wait.
 */
export function resolveOverlap(
  items: readonly (Fire | Skip)[],
  overlap: OverlapPolicy,
  misfire: MisfirePolicy,
  underway: Underway,
): (PlannedRun | Skip)[] {
  let { active, backlog } = underway;
  const resolved: (PlannedRun | Skip)[] = [];
  const serial = misfire.mode === 'FIRE_ALL';
  const room = Math.max(0, misfire.maxCatchupRuns - backlog);
  let surplus = items.filter((item) => item.kind === 'fire' && item.origin === 'CATCH_UP').length - room;
  for (const item of items) {
    if (item.kind === 'skip') {
      append(resolved, item);
    } else if (overlap === 'ALLOW_ALL' || (active === 0 && backlog === 0)) {
      active += 1;
      if (item.origin === 'CATCH_UP') backlog += 1;
      resolved.push({ ...item, state: 'QUEUED' });
    } else if (serial && item.origin === 'CATCH_UP' && surplus > 0) {
      surplus -= 1;
      append(resolved, passOver(item, 'MISSED', 'the backlog has reached maxCatchupRuns; the newest are kept'));
    } else if (serial && (item.origin === 'CATCH_UP' || (backlog > 0 && backlog < misfire.maxCatchupRuns))) {
      backlog += 1;
      resolved.push({ ...item, state: 'BUFFERED' });
    } else {
      append(resolved, passOver(item, 'OVERLAP_SKIPPED', 'the previous run had not ended; overlap policy SKIP'));
    }
  }
  return resolved;
}

/** Nothing can run: every fire becomes a skip. */
export function passOverFires(items: readonly (Fire | Skip)[], verdict: SkipVerdict, reason: string): Skip[] {
  const skips: Skip[] = [];
  for (const item of items) append(skips, item.kind === 'skip' ? item : passOver(item, verdict, reason));
  return skips;
}

function passOver({ scheduledFor }: Fire, verdict: SkipVerdict, reason: string): Skip {
  return { kind: 'skip', verdict, reason, scheduledFor, through: scheduledFor, count: 1 };
}

/** Consecutive equal verdicts are one entry of the ledger. */
function append<Item extends PlannedRun | Skip>(items: (Item | Skip)[], skip: Skip): void {
  const last = items.at(-1);
  if (last?.kind === 'skip' && last.verdict === skip.verdict && last.reason === skip.reason) {
    items[items.length - 1] = { ...last, through: skip.through, count: last.count + skip.count };
  } else {
    items.push(skip);
  }
}
