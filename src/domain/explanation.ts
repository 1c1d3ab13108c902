import type { Cause } from '../trigger/cause.ts';
import { asFarAsDecided, letsThrough } from '../trigger/cause.ts';
import { explainBounds, explainTrigger } from '../trigger/explain.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { withinBounds } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import { limitReached } from './runLimit.ts';
import { freezeAt } from './freezes.ts';
import type { Freeze } from './freezes.ts';
import { firingAtAll } from './frozenPlan.ts';
import type { RunLimit } from './runLimit.ts';
import type { RunOrigin, RunState } from './runState.ts';
import { givenTriggerOf, triggerOf } from './schedule.ts';
import type { TriggerSource } from './schedule.ts';
import type { PlannedSkip } from './skips.ts';
import { explainLimit, explainOffset } from './explainFiring.ts';
import { timingOf } from './timing.ts';
import type { Offsets } from './timing.ts';

export interface Explanation {
  /** Epoch milliseconds. */
  instant: number;
  /** What happened, for the past; what is planned, for the future. Says the same as the last cause. */
  fires: boolean;
  /** Never empty; all but the last pass. */
  causes: Cause[];
}
interface Held {
  /** ISO instants */
  since: string;
  until?: string | null;
  reason: string;
  by: { id: string; name: string | null };
}
export interface ExplainedSchedule extends Omit<TriggerSource, 'calendarStamp'>, Offsets, RunLimit {
  state: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  pause: Held | null;
  /** A pause of its task. */
  hold: Held | null;
  /** The first occurrence that has no verdict yet. */
  nextScheduledFor: Date | null;
  deletedAt: Date | null;
  /** Occurrences without a verdict that somebody skipped. */
  skips: readonly PlannedSkip[];
  /** Those that have a say; absent: none. */
  freezes?: readonly Freeze[];
}
/** What the store knows of one instant that is past. */
export interface LedgerFacts {
  /** The run of the occurrence, of several (LOCAL) the first; `count`: how many there are. */
  run: {
    id: string;
    state: RunState;
    origin: RunOrigin;
    startedAt: Date | null;
    scheduleVersion: number | null;
    count: number;
  } | null;
  /** The row of the ledger whose span holds the instant. `isEnd`: it is one of its two ends, so the row is about it for sure. */
  occurrence: {
    verdict: string;
    reason: string | null;
    isEnd: boolean;
    scheduleVersion: number;
    /** The definition that it was written under. */
    spec: Omit<TriggerSource, 'id' | 'version' | 'createdAt' | 'calendars' | 'calendarStamp'> | null;
  } | null;
  /** Since when the present version holds. */
  validFrom: Date | null;
}

/**
 * Why a schedule fires at an instant, or does not, or did, or did not. By its present definition; what the ledger says of the past
 * comes over it.
 * @param facts  null: the instant is later than now, or from before the schedule
 * @throws Error when the stored trigger does not compile, as givenTriggerOf
 */
export function explainSchedule(schedule: ExplainedSchedule, at: number, now: number, facts: LedgerFacts | null): Explanation {
  const given = givenTriggerOf(schedule);
  const bounded = withinBounds(given, schedule);
  const timing = timingOf(schedule, bounded);
  const definition = explainDefinition(given, schedule, at);
  if (letsThrough(definition)) definition.push(...explainOffset(schedule, at, timing.effective(at)));
  const next = schedule.nextScheduledFor?.getTime() ?? Infinity;
  // Nominal by now, and due later.
  const waits = at >= next && letsThrough(definition) && timing.effective(at) > now;
  const causes =
    at > now || waits ? planned(schedule, bounded, at, definition) : happened(schedule, bounded, at, definition, facts);
  return { instant: at, fires: letsThrough(causes), causes };
}

/** The trigger, then the schedule's own bounds. */
function explainDefinition(trigger: Trigger, { startAt, endAt }: Bounds, at: number): Cause[] {
  const causes = explainTrigger(trigger, at);
  return asFarAsDecided([...causes, ...explainBounds(startAt?.getTime() ?? null, endAt?.getTime() ?? null, at)]);
}

function planned(schedule: ExplainedSchedule, trigger: Trigger, at: number, definition: Cause[]): Cause[] {
  const firing = firingAtAll(trigger, { skips: schedule.skips, freezes: schedule.freezes ?? [] });
  const causes = [...definition, ...deleted(schedule, at), ...explainLimit(schedule, firing, at)];
  if (schedule.state === 'COMPLETED') causes.push(stop('state', 'the schedule is COMPLETED: it has no times left'));
  return asFarAsDecided([...causes, ...paused(schedule, trigger, at), ...skipped(schedule, at), ...frozen(schedule, at)]);
}

function happened(
  schedule: ExplainedSchedule,
  trigger: Trigger,
  at: number,
  definition: Cause[],
  facts: LedgerFacts | null,
): Cause[] {
  const { version, createdAt, nextScheduledFor, state } = schedule;
  const byDefinition = letsThrough(definition);
  if (facts === null) {
    if (!byDefinition) return definition;
    return [...definition, stop('createdAt', `the schedule was created later, at ${iso(createdAt)}`)];
  }
  const { validFrom } = facts;
  const changed = validFrom !== null && validFrom.getTime() > at;
  const present = `version ${version} of the definition holds since ${validFrom === null ? 'later' : iso(validFrom)}`;
  const head: Cause[] = changed
    ? [{ subject: 'version', passes: true, message: `${present}, after this instant; it is the one that is explained here` }]
    : [];

  const verdict = verdictOf(schedule, at, facts);
  // What happened is so whatever the definition of today has to say.
  if (verdict !== null) return byDefinition ? [...head, ...definition, verdict] : [verdict];
  if (!byDefinition) return [...head, ...definition];
  if (changed) return [...definition, stop('version', `${present}, after this instant; the ledger has nothing of it`)];
  const later = asFarAsDecided([
    ...deleted(schedule, at),
    ...paused(schedule, trigger, at),
    ...skipped(schedule, at),
    ...frozen(schedule, at),
  ]);
  if (later.length > 0) return [...definition, ...later];
  // What came after the last run that it allows has no verdict.
  if (state === 'COMPLETED' && limitReached(schedule)) return [...definition, ...explainLimit(schedule, trigger, at)];
  const due = state === 'ACTIVE' && nextScheduledFor !== null && nextScheduledFor.getTime() <= at;
  return [
    ...definition,
    due
      ? stop('ledger', 'it is due and has no verdict yet: a moment later there will be one')
      : stop('ledger', 'the ledger has neither a run nor a verdict of it'),
  ];
}

/** What the ledger says of an instant; null when nothing. */
function verdictOf(schedule: ExplainedSchedule, at: number, { run, occurrence }: LedgerFacts): Cause | null {
  if (run !== null) {
    const started = run.startedAt === null ? 'it has not started' : `started at ${iso(run.startedAt)}`;
    const others = run.count > 1 ? `, the first of ${run.count}, one for each worker` : '';
    const message = `the run ${run.id}${others}: origin ${run.origin}, ${run.state}, ${started}${underVersion(schedule, run.scheduleVersion)}`;
    return { subject: 'run', passes: true, message };
  }
  if (occurrence === null || !isAbout(schedule, at, occurrence)) return null;
  const { verdict, reason, scheduleVersion } = occurrence;
  const message = `${verdict}${reason === null ? '' : `: ${reason}`}${underVersion(schedule, scheduleVersion)}`;
  return { subject: 'ledger', passes: verdict === 'FIRED', message };
}

/** Between its ends a row tells of the times only that its definition had. */
function isAbout(
  { createdAt, calendars }: ExplainedSchedule,
  at: number,
  { isEnd, spec }: NonNullable<LedgerFacts['occurrence']>,
): boolean {
  if (isEnd || spec === null) return isEnd;
  try {
    return triggerOf({ ...spec, createdAt, calendars }).matches(at);
  } catch {
    // A zone that the zone data has dropped since, or a calendar that only the earlier definition named: nobody can say what its times were.
    return false;
  }
}

function underVersion({ version }: ExplainedSchedule, then: number | null): string {
  return then === null || then === version ? '' : `; by version ${then} of the definition, which is at version ${version} by now`;
}

function deleted({ deletedAt }: ExplainedSchedule, at: number): Cause[] {
  if (deletedAt === null || deletedAt.getTime() > at) return [];
  return [stop('deleted', `the schedule is deleted since ${iso(deletedAt)}`)];
}

/** Whether a pause, of the schedule or of its task, holds the instant back, or has held it back and nothing is written of it yet. */
function paused(schedule: ExplainedSchedule, trigger: Trigger, at: number): Cause[] {
  const { state, pause, hold, nextScheduledFor } = schedule;
  const due = timingOf(schedule, trigger).effective(at);
  const unsettled = nextScheduledFor !== null && nextScheduledFor.getTime() <= at;
  const holds = ({ since, until }: Held) => (Date.parse(since) <= due || unsettled) && (until == null || due < Date.parse(until));
  if (state === 'PAUSED' && pause === null) return [stop('pause', 'the schedule is PAUSED')];
  if (state === 'PAUSED' && pause !== null && holds(pause)) return [stop('pause', `the schedule is PAUSED${details(pause)}`)];
  return hold !== null && holds(hold) ? [stop('task pause', `its task is paused${details(hold)}`)] : [];
}

function details({ since, until, by, reason }: Held): string {
  return ` since ${since}${until == null ? '' : ` until ${until}`}, by ${by.name ?? by.id}: ${reason}`;
}

function skipped({ skips }: ExplainedSchedule, at: number): Cause[] {
  return skips.filter(({ scheduledFor }) => scheduledFor === at).map(({ reason }) => stop('skip', reason));
}

/** By nominal instants. What has a verdict is the ledger's. */
function frozen({ freezes = [], nextScheduledFor }: ExplainedSchedule, at: number): Cause[] {
  const freeze = nextScheduledFor !== null && nextScheduledFor.getTime() <= at ? freezeAt(freezes, at) : null;
  if (freeze === null) return [];
  const { from, until, by, reason, exit } = freeze;
  const then = { SKIP: '', FIRE_ONCE: '; at its end the latest one runs', FIRE_ALL: '; at its end it runs' }[exit];
  return [stop('freeze', `FROZEN from ${from} until ${until}, by ${by.name ?? by.id}: ${reason}${then}`)];
}

const stop = (subject: string, message: string): Cause => ({ subject, passes: false, message });
const iso = (instant: Date): string => instant.toISOString();
