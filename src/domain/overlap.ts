import type { Fire, MisfirePolicy, Skip } from './due.ts';
import type { SkipVerdict } from './verdict.ts';

export type OverlapPolicy = 'SKIP' | 'BUFFER_ONE' | 'BUFFER_ALL' | 'CANCEL_OTHER' | 'TERMINATE_OTHER' | 'ALLOW_ALL';
/** The newest takes the place of what is under way. */
export type ReplacingPolicy = 'CANCEL_OTHER' | 'TERMINATE_OTHER';

/** Occurrences that wait at once, unless a schedule says otherwise. */
export const DEFAULT_BUFFER_LIMIT = 100;
export const MAX_BUFFER_LIMIT = 10_000;

/**
 * What a schedule has under way when its due occurrences are decided, read under the lock of its row; under a ReplacingPolicy what
 * is left of it once the others have been told to end.
 */
export interface Underway {
  /** runs in ACTIVE_STATES */
  active: number;
  /** occurrences with unfinished runs that are catch-up or wait behind one: the serial backlog of FIRE_ALL */
  backlog: number;
  /** occurrences that wait: the buffer */
  buffered?: number;
  /** occurrences with unfinished runs that are catch-up */
  catchUp?: number;
}
export interface PlannedRun extends Fire {
  state: 'QUEUED' | 'BUFFERED';
}

/** Decides for each fire, in order, whether it runs, waits or is passed over. */
export function resolveOverlap(
  items: readonly (Fire | Skip)[],
  overlap: OverlapPolicy,
  misfire: MisfirePolicy,
  underway: Underway,
  bufferLimit = DEFAULT_BUFFER_LIMIT,
): (PlannedRun | Skip)[] {
  switch (overlap) {
    case 'SKIP':
    case 'ALLOW_ALL':
      return skipOrAllow(items, overlap, misfire, underway);
    case 'BUFFER_ONE':
      return buffer(items, 1, 'a run waits already; overlap policy BUFFER_ONE', misfire, underway);
    case 'BUFFER_ALL': {
      const runs = bufferLimit === 1 ? '1 run waits' : `${bufferLimit} runs wait`;
      return buffer(items, bufferLimit, `${runs} already: bufferLimit is ${bufferLimit}`, misfire, underway);
    }
    case 'CANCEL_OTHER':
    case 'TERMINATE_OTHER':
      return newestOnly(items, overlap, underway);
    default:
      return overlap satisfies never;
  }
}

export function isReplacing(overlap: OverlapPolicy): overlap is ReplacingPolicy {
  return overlap === 'CANCEL_OTHER' || overlap === 'TERMINATE_OTHER';
}

/**
 * SKIP with FIRE_ALL is a serial backlog: missed ones wait for each other, and fresh fires append to it while it lasts.
 * It is bounded by maxCatchupRuns, over all ticks: a schedule slower than its own cadence would else
 * never drain it. Of the missed ones that find too little room the newest wait.
 */
function skipOrAllow(
  items: readonly (Fire | Skip)[],
  overlap: 'SKIP' | 'ALLOW_ALL',
  misfire: MisfirePolicy,
  underway: Underway,
): (PlannedRun | Skip)[] {
  let { active, backlog } = underway;
  const resolved: (PlannedRun | Skip)[] = [];
  const serial = misfire.mode === 'FIRE_ALL';
  let surplus = surplusOf(items, misfire, backlog);
  for (const item of items) {
    if (item.kind === 'skip') {
      append(resolved, item);
    } else if (overlap === 'ALLOW_ALL' || (active === 0 && backlog === 0)) {
      active += 1;
      if (item.origin === 'CATCH_UP') backlog += 1;
      resolved.push({ ...item, state: 'QUEUED' });
    } else if (serial && item.origin === 'CATCH_UP' && surplus > 0) {
      surplus -= 1;
      append(resolved, passOver(item, 'MISSED', BACKLOG_FULL));
    } else if (serial && (item.origin === 'CATCH_UP' || (backlog > 0 && backlog < misfire.maxCatchupRuns))) {
      backlog += 1;
      resolved.push({ ...item, state: 'BUFFERED' });
    } else {
      append(resolved, passOver(item, 'OVERLAP_SKIPPED', 'the previous run had not ended; overlap policy SKIP'));
    }
  }
  return resolved;
}

/** What was missed waits in the same buffer as what is due, and no more of it than maxCatchupRuns over all ticks. */
function buffer(
  items: readonly (Fire | Skip)[],
  limit: number,
  full: string,
  misfire: MisfirePolicy,
  { active, buffered = 0, catchUp = 0 }: Underway,
): (PlannedRun | Skip)[] {
  const resolved: (PlannedRun | Skip)[] = [];
  let surplus = surplusOf(items, misfire, catchUp);
  let free = active === 0 && buffered === 0;
  let waiting = buffered;
  for (const item of items) {
    if (item.kind === 'skip') {
      append(resolved, item);
    } else if (item.origin === 'CATCH_UP' && surplus > 0) {
      surplus -= 1;
      append(resolved, passOver(item, 'MISSED', BACKLOG_FULL));
    } else if (free) {
      free = false;
      resolved.push({ ...item, state: 'QUEUED' });
    } else if (waiting < limit) {
      waiting += 1;
      resolved.push({ ...item, state: 'BUFFERED' });
    } else {
      append(resolved, passOver(item, 'BUFFER_FULL', full));
    }
  }
  return resolved;
}

/** Of several that are due at once each would end the one before it, so the newest is the only one that runs. */
function newestOnly(items: readonly (Fire | Skip)[], overlap: ReplacingPolicy, { active }: Underway): (PlannedRun | Skip)[] {
  const resolved: (PlannedRun | Skip)[] = [];
  const newest = items.findLast((item) => item.kind === 'fire');
  for (const item of items) {
    if (item.kind === 'skip') append(resolved, item);
    else if (item === newest) resolved.push({ ...item, state: active === 0 ? 'QUEUED' : 'BUFFERED' });
    else append(resolved, passOver(item, 'OVERLAP_SKIPPED', `a newer one was due with it; overlap policy ${overlap}`));
  }
  return resolved;
}

const BACKLOG_FULL = 'the backlog has reached maxCatchupRuns; the newest are kept';

/** Of what is made up for, how many find no room. */
function surplusOf(items: readonly (Fire | Skip)[], misfire: MisfirePolicy, backlog: number): number {
  const room = Math.max(0, misfire.maxCatchupRuns - backlog);
  return items.filter((item) => item.kind === 'fire' && item.origin === 'CATCH_UP').length - room;
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
