import type { Trigger } from '../trigger/trigger.ts';
import type { Skip } from './due.ts';
import { frozenReason, frozenRows, outside, spanAt, spansOf } from './freezes.ts';
import type { Freeze, FrozenSpan } from './freezes.ts';
import { firingOnTime } from './frozenPlan.ts';
import { heldSoFar, heldUntil, planHeld } from './held.ts';
import type { Holding } from './held.ts';
import { remainingRuns } from './runLimit.ts';
import type { RunLimit } from './runLimit.ts';
import { triggerOf } from './schedule.ts';
import type { TriggerSource } from './schedule.ts';
import { omissionOf, weave } from './skips.ts';
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
export interface ScheduleLedger extends TriggerSource, Offsets, RunLimit, Holding {
  /** Nominal instant of the first occurrence that has no verdict yet. */
  nextScheduledFor: Date | null;
  deletedAt: Date | null;
  skips: readonly PlannedSkip[];
  /** Those that have a say; absent: none. */
  freezes?: readonly Freeze[];
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
  // What is due from here on nothing holds back.
  const goesOn = heldUntil(schedule);
  const passed = Math.min(now + 1, goesOn);
  const without = { runIds: [], scheduleVersion: schedule.version };
  const held = planHeld(trigger, next, [{ ...heldSoFar(schedule, now), until: passed }], timing).items;
  const reaching = (rows: readonly Skip[]): Occurrence[] =>
    rows
      .filter((row) => row.scheduledFor < until && row.through >= from)
      .map(({ kind: _, ...row }) => ({ ...row, effectiveAt: timing.effective(row.scheduledFor), ...without }));
  const ahead = Math.max(next, timing.firstNominalFrom(passed));
  const start = Math.max(from, ahead);
  const { skips, freezes = [] } = schedule;
  const spans = spansOf(freezes);
  const passedSpans = goesOn > now ? [] : spansBy(spans, ahead, now);
  const frozen = reaching(frozenSoFar(trigger, skips, passedSpans));
  const open = outside(trigger, passedSpans);
  const reasons = new Map(skips.map(({ scheduledFor, reason }) => [scheduledFor, reason]));
  const remaining = remainingRuns(schedule);
  const before = remaining === null ? 0 : firingOnTime(trigger, { skips, freezes }).count(ahead, start);
  let room = (remaining ?? Infinity) - before;
  const planned: Occurrence[] = [];
  for (const at of open.between(start, until, limit)) {
    if (room <= 0) break;
    const single = { scheduledFor: at, effectiveAt: timing.effective(at), through: at, count: 1, ...without };
    const skipped = reasons.get(at);
    const freeze = spanAt(spans, at)?.freeze;
    if (skipped !== undefined) planned.push({ ...single, verdict: 'SKIPPED_BY_USER', reason: skipped });
    else if (freeze !== undefined) planned.push({ ...single, verdict: 'FROZEN', reason: frozenReason(freeze) });
    else {
      room -= 1;
      const paused = schedule.state === 'PAUSED' ? BY_PAUSE : BY_HOLD;
      planned.push({ ...single, verdict: 'PLANNED', reason: single.effectiveAt < goesOn ? paused : null });
    }
  }
  return [...reaching(held), ...[...frozen, ...planned].toSorted((a, b) => a.scheduledFor - b.scheduledFor)];
}

/** The parts of these from `from` through `now`, nominal. */
function spansBy(spans: readonly FrozenSpan[], from: number, now: number): FrozenSpan[] {
  return spans
    .map((span) => ({ ...span, from: Math.max(span.from, from), until: Math.min(span.until, now + 1) }))
    .filter((span) => span.from < span.until);
}

/** A row for each of these spans, cut where somebody has skipped an occurrence. */
function frozenSoFar(trigger: Trigger, skips: readonly PlannedSkip[], spans: readonly FrozenSpan[]) {
  const { rest, within } = omissionOf(trigger, skips);
  const [from, until] = [spans[0]?.from ?? 0, spans.at(-1)?.until ?? 0];
  const inside = within(from, until).filter(({ scheduledFor }) => spanAt(spans, scheduledFor) !== undefined);
  return weave(frozenRows(rest, spans, from, until), inside, rest);
}
const BY_PAUSE = 'the schedule is PAUSED: it fires if it is resumed before';
const BY_HOLD = 'its task is paused: it fires if that ends before';
