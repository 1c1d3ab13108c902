import type { Trigger } from '../trigger/trigger.ts';
import { planPaused } from './due.ts';
import { remainingRuns } from './runLimit.ts';
import type { RunLimit } from './runLimit.ts';
import { triggerOf } from './schedule.ts';
import type { TriggerSource } from './schedule.ts';
import { withoutSkips } from './skips.ts';
import type { PlannedSkip } from './skips.ts';
import { timingOf } from './timing.ts';
import type { Offsets, Timing } from './timing.ts';
import type { OccurrenceVerdict } from './verdict.ts';

/** `count` consecutive occurrences from `scheduledFor` through `through` share what is said of them. Instants are epoch milliseconds. */
export interface Occurrence {
  /** nominal */
  scheduledFor: number;
  /** Of what did not run: by the definition of today. */
  effectiveAt: number;
  through: number;
  count: number;
  verdict: OccurrenceVerdict;
  reason: string | null;
  /** FIRED: its runs, several for a task of scope LOCAL; none where retention has removed them. */
  runIds: readonly string[];
  scheduleVersion: number;
}
/** A schedule and the part of its ledger that reaches into a range, as they stood at one moment. */
export interface ScheduleLedger extends TriggerSource, Offsets, RunLimit {
  state: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  /** Nominal instant of the first occurrence that has no verdict yet. */
  nextScheduledFor: Date | null;
  deletedAt: Date | null;
  skips: readonly PlannedSkip[];
  /** Ascending; all before nextScheduledFor. */
  past: readonly Occurrence[];
}
/** Half-open, epoch milliseconds. */
export interface Range {
  from: number;
  until: number;
}

/**
 * What was decided and what is planned, as one list without a hole: ascending, nothing twice. A counted row that reaches over an
 * edge of the range is answered whole.
 * @param limit  the first this many, from 1; `past` holds as many if there are
 */
export function listOccurrences(schedule: ScheduleLedger, range: Range, limit: number, now: number): Occurrence[] {
  const past = schedule.past.slice(0, limit);
  const ended = past.length === limit || schedule.deletedAt !== null || schedule.nextScheduledFor === null;
  const trigger = ended && !isOffset(schedule) ? null : compile(schedule);
  if (trigger === null) return past;
  const timing = timingOf(schedule, trigger);
  // The ledger has the nominal instants of what did not run.
  const told = past.map((item) =>
    item.verdict === 'FIRED' ? item : { ...item, effectiveAt: timing.effective(item.scheduledFor) },
  );
  if (ended) return told;
  return [...told, ...undecided(schedule, trigger, timing, range, limit - told.length, now)].slice(0, limit);
}

/** null: a trigger that zone data or calendars have broken since. Nobody can say what its times are. */
function compile(schedule: ScheduleLedger): Trigger | null {
  try {
    return triggerOf(schedule);
  } catch {
    return null;
  }
}

const isOffset = ({ spreadMs, jitterMs }: Offsets): boolean => spreadMs > 0 || jitterMs > 0;

/** From the first occurrence without a verdict on. No more are planned than may still run. */
function undecided(
  schedule: ScheduleLedger,
  trigger: Trigger,
  timing: Timing,
  { from, until }: Range,
  limit: number,
  now: number,
): Occurrence[] {
  const next = (schedule.nextScheduledFor as Date).getTime();
  const paused = schedule.state === 'PAUSED';
  const without = { runIds: [], scheduleVersion: schedule.version };
  const held = paused ? planPaused(trigger, next, now, timing).items : [];
  const reached = held
    .filter((item) => item.scheduledFor < until && item.through >= from)
    .map(({ kind: _, ...item }): Occurrence => ({ ...item, effectiveAt: timing.effective(item.scheduledFor), ...without }));
  const ahead = paused ? Math.max(next, timing.firstNominalFrom(now + 1)) : next;
  const start = Math.max(from, ahead);
  const skips = new Map(schedule.skips.map(({ scheduledFor, reason }) => [scheduledFor, reason]));
  const remaining = remainingRuns(schedule);
  let room = remaining === null ? Infinity : remaining - withoutSkips(trigger, schedule.skips).count(ahead, start);
  const planned: Occurrence[] = [];
  for (const at of trigger.between(start, until, limit)) {
    if (room <= 0) break;
    const single = { scheduledFor: at, effectiveAt: timing.effective(at), through: at, count: 1, ...without };
    const skipped = skips.get(at);
    if (skipped === undefined) room -= 1;
    if (skipped !== undefined) planned.push({ ...single, verdict: 'SKIPPED_BY_USER', reason: skipped });
    else planned.push({ ...single, verdict: 'PLANNED', reason: paused ? HELD : null });
  }
  return [...reached, ...planned];
}
const HELD = 'the schedule is PAUSED: it fires if it is resumed before';
