import type { Trigger } from '../trigger/trigger.ts';
import { planPaused } from './due.ts';
import { triggerOf } from './schedule.ts';
import type { TriggerSource } from './schedule.ts';
import type { PlannedSkip } from './skips.ts';
import type { OccurrenceVerdict } from './verdict.ts';

/** `count` consecutive occurrences from `scheduledFor` through `through` share what is said of them. Instants are epoch milliseconds. */
export interface Occurrence {
  /** nominal */
  scheduledFor: number;
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
export interface ScheduleLedger extends TriggerSource {
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
  if (past.length === limit || schedule.deletedAt !== null || schedule.nextScheduledFor === null) return past;
  const trigger = compile(schedule);
  if (trigger === null) return past;
  return [...past, ...undecided(schedule, trigger, range, limit - past.length, now)].slice(0, limit);
}

/** null: a trigger that zone data or calendars have broken since. Nobody can say what its times are. */
function compile(schedule: ScheduleLedger): Trigger | null {
  try {
    return triggerOf(schedule);
  } catch {
    return null;
  }
}

/** From the first occurrence without a verdict on. */
function undecided(schedule: ScheduleLedger, trigger: Trigger, { from, until }: Range, limit: number, now: number): Occurrence[] {
  const next = (schedule.nextScheduledFor as Date).getTime();
  const paused = schedule.state === 'PAUSED';
  const without = { runIds: [], scheduleVersion: schedule.version };
  const held = paused ? planPaused(trigger, next, now).items : [];
  const reached = held
    .filter((item) => item.scheduledFor < until && item.through >= from)
    .map(({ kind: _, ...item }): Occurrence => ({ ...item, effectiveAt: item.scheduledFor, ...without }));
  const skips = new Map(schedule.skips.map(({ scheduledFor, reason }) => [scheduledFor, reason]));
  const ahead = paused ? Math.max(next, now + 1) : next;
  const planned = trigger.between(Math.max(from, ahead), until, limit).map((at): Occurrence => {
    const single = { scheduledFor: at, effectiveAt: at, through: at, count: 1, ...without };
    const skipped = skips.get(at);
    if (skipped !== undefined) return { ...single, verdict: 'SKIPPED_BY_USER', reason: skipped };
    return { ...single, verdict: 'PLANNED', reason: paused ? HELD : null };
  });
  return [...reached, ...planned];
}
const HELD = 'the schedule is PAUSED: it fires if it is resumed before';
