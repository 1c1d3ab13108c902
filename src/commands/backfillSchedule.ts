import { BACKFILL_LIMITS, unsettled } from '../domain/backfill.ts';
import type { BackfillSelection } from '../domain/backfill.ts';
import { resolveExecution } from '../domain/execution.ts';
import { isInForce } from '../domain/held.ts';
import { overlayLabels } from '../domain/labels.ts';
import { timingOf } from '../domain/timing.ts';
import type { PlannedTime } from '../domain/upcoming.ts';
import { Rejection, conflict, limitExceeded } from '../domain/userError.ts';
import { refillBackfills } from '../store/backfillLanes.ts';
import { findBackfills, insertBackfill, readSettledInstants } from '../store/backfills.ts';
import type { BackfillRecord } from '../store/backfills.ts';
import { newId } from '../store/ids.ts';
import { promoteBuffered } from '../store/waiting.ts';
import type { Trigger } from '../trigger/trigger.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { lockByRef, soundTrigger } from './lockedSchedule.ts';
import type { LockedSchedule, ScheduleRefInput } from './lockedSchedule.ts';
import { runOnce } from './once.ts';
import type { Memory } from './once.ts';
import { taskIsPaused } from './taskPause.ts';

export interface BackfillInput {
  ref: ScheduleRefInput;
  /** Half-open. */
  range: { from: Date; until: Date };
  only?: BackfillSelection | null | undefined;
  concurrency?: number | null | undefined;
  newestFirst?: boolean | null | undefined;
  maxRuns?: number | null | undefined;
  dryRun?: boolean | null | undefined;
  reason?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}
const DEFAULT_MAX_RUNS = 1_000;
const RANGE = ['input', 'range'];
const UNTIL = [...RANGE, 'until'];

interface Backfilled {
  /** null: a dry run */
  backfill: BackfillRecord | null;
  /** In the order in which they run, the first BACKFILL_LIMITS.shown of them. */
  fireTimes: PlannedTime[];
}
/** The trigger may be another one by now: what was said of its times is kept as it was. */
const MADE_BACKFILL: Memory<Backfilled, { id: string; fireTimes: PlannedTime[] }> = {
  keep: ({ backfill, fireTimes }) => ({ id: (backfill as BackfillRecord).id, fireTimes }),
  async recall({ sql }, { id, fireTimes }) {
    const [backfill] = await findBackfills(sql, [id]);
    return backfill === undefined ? null : { backfill, fireTimes };
  },
};

/**
 * Runs what a schedule would have fired in a range that is past, by the trigger, input and policies that it has by now, in a lane of
 * its own. The schedule, its verdicts and its counters stay as they are; a paused one too, unless its task is paused.
 */
export function backfillSchedule(parts: CommandParts, caller: Caller, input: BackfillInput): Promise<CommandResult<Backfilled>> {
  // A dry run has done nothing that could be done twice.
  const keyed = input.dryRun === true ? {} : input;
  return runOnce(parts, caller, 'schedule.backfill', keyed, MADE_BACKFILL, async (scope) => {
    const { range, reason = null } = input;
    const concurrency = input.concurrency ?? 1;
    const fields = new Fields();
    if (reason !== null) fields.text(['input', 'reason'], reason, { min: 0, max: 2_000 });
    fields.wholeNumber(['input', 'concurrency'], concurrency, { min: 1, max: BACKFILL_LIMITS.concurrency });
    const maxRuns = fields.wholeNumber(['input', 'maxRuns'], input.maxRuns ?? DEFAULT_MAX_RUNS, {
      min: 1,
      max: BACKFILL_LIMITS.runs,
    });
    if (range.until <= range.from) {
      fields.add(UNTIL, `until is ${iso(range.until)}, which is not later than from, ${iso(range.from)}.`, 'later than from');
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const locked = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    const { claimed, record, now } = locked;
    checkState(locked);
    if (range.until.getTime() > now) {
      const message = `until is ${iso(range.until)}, which is later than now, ${iso(new Date(now))}: what is planned runs by itself.`;
      fields.add(UNTIL, message, 'at most now');
      throw new Rejection(fields.errors);
    }
    const trigger = soundTrigger(parts, locked);
    const instants = await instantsOf(scope, locked, trigger, input, maxRuns);
    const timing = timingOf(record, trigger);
    const fireTimes = instants
      .slice(0, BACKFILL_LIMITS.shown)
      .map((at) => ({ ...trigger.fireTime(at), effectiveAt: timing.effective(at) }));
    if (input.dryRun === true) return { backfill: null, fireTimes };

    const id = newId('bfl');
    const added = {
      id,
      scheduleId: claimed.id,
      taskId: claimed.taskId,
      scheduleVersion: claimed.version,
      policy: resolveExecution(claimed.taskKind, claimed.taskExecution, claimed.execution),
      input: claimed.input,
      labels: overlayLabels(claimed.taskLabels, claimed.labels),
      ...range,
      selection: input.only ?? 'MISSING',
      newestFirst: input.newestFirst === true,
      concurrency,
      reason,
      requestedBy: caller.viewer.actor,
    };
    await insertBackfill(scope.sql, now, added, instants);
    const queued = await refillBackfills(scope.sql, now, [id]);
    queued.push(...(await promoteBuffered(scope.sql, now, [], [claimed.taskId])));
    await parts.queue.enqueue(scope.sql, queued);
    const changes = { backfill: { before: null, after: id }, total: { before: null, after: instants.length } };
    await scope.audit({ action: 'schedule.backfill', targetId: claimed.id, reason, changes }, now);
    scope.signal('events', 'jobs');
    const [backfill] = await findBackfills(scope.sql, [id]);
    return { backfill: backfill ?? null, fireTimes };
  });
}

/** @throws Rejection INVALID_STATE */
function checkState({ claimed, now }: LockedSchedule): void {
  const { hold, taskId, taskScope, name } = claimed;
  const path = ['input', 'ref'];
  if (hold?.kind === 'TASK_PAUSE' && isInForce(hold, now)) throw new Rejection([taskIsPaused({ id: taskId }, hold, path)]);
  if (taskScope !== 'LOCAL') return;
  const message = `The task of "${name}" has the scope LOCAL: it runs on the workers that are there at an instant, and nobody can say which there were. Only GLOBAL tasks can be backfilled.`;
  throw new Rejection([conflict('INVALID_STATE', path, message, taskId)]);
}

/** @returns in the order in which they are to run @throws Rejection LIMIT_EXCEEDED saying how many there are */
async function instantsOf(
  { sql }: CommandScope,
  { claimed, record, now }: LockedSchedule,
  trigger: Trigger,
  { range, only, newestFirst }: BackfillInput,
  maxRuns: number,
): Promise<number[]> {
  const from = range.from.getTime();
  const until = Math.min(range.until.getTime(), firstPlanned({ claimed, record, now }, trigger));
  const count = until <= from ? 0 : trigger.count(from, until);
  if (only === 'ALL') refuseAbove(count, maxRuns);
  if (count > BACKFILL_LIMITS.looked) {
    const message = `range holds ${count} occurrences; one backfill looks at up to ${BACKFILL_LIMITS.looked}: give several shorter ranges.`;
    throw new Rejection([limitExceeded(RANGE, message, BACKFILL_LIMITS.looked)]);
  }
  const all = count === 0 ? [] : trigger.between(from, until, count);
  const settled = async () => readSettledInstants(sql, claimed.id, from, until, only === 'MISSING_OR_FAILED');
  const instants = only === 'ALL' || all.length === 0 ? all : unsettled(all, await settled());
  refuseAbove(instants.length, maxRuns);
  return newestFirst === true ? instants.toReversed() : instants;
}

function refuseAbove(count: number, maxRuns: number): void {
  if (count <= maxRuns) return;
  const message = `The backfill would have ${count} runs; maxRuns is ${maxRuns}. Nothing is written.`;
  throw new Rejection([limitExceeded(['input', 'maxRuns'], message, maxRuns)]);
}

/**
 * Nominal instant from which on occurrences are still to come: of a schedule that fires, those without a verdict; of one that is held
 * back, those that are not due.
 */
function firstPlanned({ claimed, record, now }: LockedSchedule, trigger: Trigger): number {
  const { state, hold, nextScheduledFor } = claimed;
  const notDue = timingOf(record, trigger).firstNominalFrom(now + 1);
  return state === 'ACTIVE' && hold === null ? Math.min(nextScheduledFor?.getTime() ?? Infinity, notDue) : notDue;
}

const iso = (instant: Date): string => instant.toISOString();
