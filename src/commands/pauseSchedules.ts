import type { MisfireMode } from '../domain/due.ts';
import { freezeAt } from '../domain/freezes.ts';
import { isInForce, mostResumed, planResumed } from '../domain/held.ts';
import { remainingRuns } from '../domain/runLimit.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { fireDue } from '../store/fire.ts';
import type { Planner } from '../store/fire.ts';
import { setHolding } from '../store/holding.ts';
import { plannable } from '../store/lapses.ts';
import type { PauseRecord } from '../store/pauses.ts';
import { findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { lockClaimed, settleAll, settleLapsed } from './lockedSchedule.ts';
import { checkPause, pauseFrom, pauseWords } from './pauseFields.ts';
import type { PauseInput } from './pauseFields.ts';
import { selectSchedules } from './scheduleSelection.ts';
import type { ScheduleSelection } from './scheduleSelection.ts';

/** Those that changed; what already was as wished is left alone. */
export interface ChangedSchedules {
  /** at most 100 */
  schedules: ScheduleRecord[];
  count: number;
}
const SHOWN = 100;
/** Runs of one transaction, which has seconds. */
const MOST_STARTED = 10_000;

/** Holds schedules back; runs under way go on. One that is paused already gets the reason and end that are given, and keeps its since. */
export function pauseSchedules(
  parts: CommandParts,
  caller: Caller,
  input: PauseInput & { select: ScheduleSelection },
): Promise<CommandResult<ChangedSchedules>> {
  const fields = new Fields();
  checkPause(fields, ['input'], input, parts.clock.now());
  return runCommand(parts, caller, 'schedule.pause', async (scope) => {
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { now, standing } = await lockSelected(parts, scope, input.select);
    const paused = standing.filter(({ state }) => state === 'PAUSED');
    const active = standing.filter(({ state }) => state === 'ACTIVE');
    const settled = [...paused, ...(await settleAll(parts, scope, now, active))].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const changes = settled.flatMap((schedule) => {
      const running = schedule.state === 'PAUSED' ? schedule.pause : null;
      const pause = schedule.state === 'COMPLETED' ? null : pauseFrom(now, caller.viewer.actor, input, running);
      return pause === null ? [] : [{ before: schedule, state: 'PAUSED' as const, pause, hold: schedule.hold }];
    });
    await setHolding(scope.sql, now, changes);
    await scope.auditAll(
      changes.map(({ before, pause }) => ({
        action: 'schedule.pause',
        targetId: before.id,
        reason: input.reason,
        changes: pauseChanges(before, pause),
      })),
      now,
    );
    return changedOf(
      scope,
      changes.map(({ before }) => before.id),
    );
  });
}

function pauseChanges({ state, pause: running }: ClaimedSchedule, pause: PauseRecord) {
  if (state === 'PAUSED') return { pause: { before: pauseWords(running), after: pauseWords(pause) } };
  const until = { before: null, after: pause.until };
  return { state: { before: state, after: 'PAUSED' }, ...(pause.until != null && { until }) };
}

/** Lets schedules go on from now. What passed meanwhile does not run (PAUSED in the ledger), unless `misfire` says so. */
export function resumeSchedules(
  parts: CommandParts,
  caller: Caller,
  input: { select: ScheduleSelection; reason?: string | null | undefined; misfire?: MisfireMode | null | undefined },
): Promise<CommandResult<ChangedSchedules>> {
  const fields = new Fields();
  if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
  const mode = input.misfire ?? 'SKIP';
  return runCommand(parts, caller, 'schedule.resume', async (scope) => {
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { now, standing } = await lockSelected(parts, scope, input.select);
    const paused = standing.filter(({ state }) => state === 'PAUSED');
    // The policies of the schedule hold for all but what to do with what passed.
    const planned = plannable(paused, parts.triggerOf).map((one) => ({ ...one, misfire: { ...one.misfire, mode } }));
    if (mode !== 'SKIP') {
      refuseHeld(paused, now);
      refuseFlood(parts, planned, now);
    }
    const planner: Planner = (trigger, expected, until, { misfire, timing, skips }) =>
      planResumed(trigger, expected, until, misfire, timing, skips);
    const brokenOff = () => scope.signal('cancels');
    const queued = await fireDue(scope.sql, now, planned, parts.triggerOf, { planner, brokenOff });
    await parts.queue.enqueue(scope.sql, queued);
    if (queued.length > 0) scope.signal('jobs');
    await setHolding(
      scope.sql,
      now,
      paused.map((before) => ({ before, state: 'ACTIVE', pause: null, hold: before.hold })),
    );
    const ids = paused.map(({ id }) => id);
    const changed = await changedOf(scope, ids, Infinity);
    const how = mode === 'SKIP' ? {} : { misfire: { before: null, after: mode } };
    await scope.auditAll(
      changed.schedules.map(({ id, state }) => ({
        action: 'schedule.resume',
        targetId: id,
        reason: input.reason ?? null,
        changes: { state: { before: 'PAUSED', after: state }, ...how },
      })),
      now,
    );
    return { ...changed, schedules: changed.schedules.slice(0, SHOWN) };
  });
}

/** @throws Rejection INVALID_STATE: what is held back by a task's pause or a freeze as well cannot run */
function refuseHeld(paused: readonly ClaimedSchedule[], now: number): void {
  for (const { name, id, freezes } of paused) {
    const freeze = freezeAt(freezes, now);
    if (freeze === null) continue;
    const frozen = `The schedule "${name}" is in a freeze until ${freeze.until}, and nothing of it is to fire: resume with misfire SKIP, or end the freeze first.`;
    throw new Rejection([conflict('INVALID_STATE', ['input', 'misfire'], frozen, id)]);
  }
  const held = paused.find(({ hold }) => isInForce(hold, now));
  if (held === undefined) return;
  const message = `The task of the schedule "${held.name}" is paused, and nothing of it can run: resume the task first, or resume with misfire SKIP.`;
  throw new Rejection([conflict('INVALID_STATE', ['input', 'misfire'], message, held.taskId)]);
}

/** @throws Rejection when more would start at once than one transaction can write */
function refuseFlood(parts: CommandParts, planned: readonly ClaimedSchedule[], now: number): void {
  const runs = planned.reduce((sum, schedule) => {
    const passed = parts.triggerOf(schedule).count((schedule.nextScheduledFor as Date).getTime(), now + 1);
    return sum + Math.min(mostResumed(schedule.misfire, passed), remainingRuns(schedule) ?? Infinity);
  }, 0);
  if (runs <= MOST_STARTED) return;
  const fields = new Fields();
  const message = `The occurrences that passed would be up to ${runs} runs at once; allowed are ${MOST_STARTED}. Select fewer schedules.`;
  fields.add(['input', 'misfire'], message, `at most ${MOST_STARTED} runs`);
  throw new Rejection(fields.errors);
}

/** Those that are selected, locked in order of id, pauses ended whose time has come. */
async function lockSelected(parts: CommandParts, scope: CommandScope, select: ScheduleSelection) {
  const { now, claimed } = await lockClaimed(parts, scope, await selectSchedules(scope, select, parts.clock.now()));
  return { now, standing: await settleLapsed(parts, scope, now, claimed) };
}

async function changedOf(scope: CommandScope, ids: readonly string[], shown = SHOWN): Promise<ChangedSchedules> {
  if (ids.length === 0) return { schedules: [], count: 0 };
  scope.signal('schedules', 'events');
  const first = ids.slice(0, shown);
  const records = new Map((await findSchedulesById(scope.prisma, first)).map((record) => [record.id, record]));
  return { schedules: first.map((id) => records.get(id) as ScheduleRecord), count: ids.length };
}
