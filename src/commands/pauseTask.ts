import { heldSoFar, isInForce, planHeld } from '../domain/held.ts';
import { Rejection } from '../domain/userError.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { fireDue } from '../store/fire.ts';
import type { Planner } from '../store/fire.ts';
import { releaseHolds, setHolding } from '../store/holding.ts';
import { nothingFires, plannable } from '../store/lapses.ts';
import type { HoldRecord, PauseRecord } from '../store/pauses.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import { setTaskPause } from '../store/taskPauses.ts';
import { findTask, lockTask } from '../store/tasks.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { lockClaimed, settleActive, settleLapsed } from './lockedSchedule.ts';
import { checkPause, pauseFrom, pauseWords } from './pauseFields.ts';
import type { PauseInput } from './pauseFields.ts';
import { taskEvent } from './taskEvent.ts';
import { holdOf } from './taskPause.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

/** How often a change starts anew because the task got a further schedule meanwhile. */
const MOST_ATTEMPTS = 5;

/** No schedule of the task fires, and nobody can trigger it; what is queued or runs goes on. A task that is paused already gets the reason and end that are given. */
export function pauseTask(
  parts: CommandParts,
  caller: Caller,
  ref: TaskRefInput,
  input: PauseInput,
): Promise<CommandResult<TaskRecord>> {
  const fields = new Fields();
  checkPause(fields, [], input, parts.clock.now());
  return withSchedules(parts, caller, 'task.pause', ref, fields, async (scope, { task, now, schedules }) => {
    const running = isInForce(task.pause, now) ? task.pause : null;
    const pause = pauseFrom(now, caller.viewer.actor, input, running);
    if (pause === null) return task;
    await hold(scope, now, await settleActive(parts, scope, now, schedules), holdOf(pause, now));
    return change(scope, now, 'task.pause', task, running, pause, input.reason);
  });
}

/** Its schedules go on from now, each as its own state says; what passed meanwhile is in the ledger as PAUSED. */
export function resumeTask(parts: CommandParts, caller: Caller, ref: TaskRefInput): Promise<CommandResult<TaskRecord>> {
  return withSchedules(parts, caller, 'task.resume', ref, new Fields(), async (scope, { task, now, schedules }) => {
    if (task.pause === null) return task;
    const held = schedules.filter((schedule) => schedule.hold !== null);
    await releaseHolds(
      scope.sql,
      held.map(({ id }) => id),
    );
    // Of one with a pause of its own nothing is written yet: it only gets its place back.
    const planner: Planner = (trigger, expected, until, { state, timing }) =>
      planHeld(trigger, expected, state === 'ACTIVE' ? [heldSoFar({ state }, until)] : [], timing);
    await fireDue(scope.sql, now, plannable(held, parts.triggerOf), parts.triggerOf, { planner, brokenOff: nothingFires });
    await hold(scope, now, held, null);
    return change(scope, now, 'task.resume', task, task.pause, null, null);
  });
}

function hold({ sql }: CommandScope, now: number, schedules: readonly ClaimedSchedule[], by: HoldRecord | null): Promise<void> {
  const changes = schedules.map((before) => ({ before, state: before.state, pause: before.pause, hold: by }));
  return setHolding(sql, now, changes);
}

async function change(
  scope: CommandScope,
  now: number,
  action: 'task.pause' | 'task.resume',
  task: TaskRecord,
  before: PauseRecord | null,
  after: PauseRecord | null,
  reason: string | null,
): Promise<TaskRecord> {
  const changed = await setTaskPause(scope.prisma, task.id, after);
  const changes = { pause: { before: pauseWords(before), after: pauseWords(after) } };
  await scope.audit({ action, targetId: task.id, reason, changes }, now);
  await taskEvent(scope.sql, now, 'UPDATED', task, changed);
  scope.signal('schedules', 'events');
  return changed;
}

/** A task with all of its schedules, their rows and then its own locked; lapsed pauses are ended. */
interface LockedTask {
  task: TaskRecord;
  now: number;
  schedules: ClaimedSchedule[];
}

/** The task got a schedule between the look at its schedules and its lock: their rows are to be locked before it. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

async function withSchedules(
  parts: CommandParts,
  caller: Caller,
  action: 'task.pause' | 'task.resume',
  ref: TaskRefInput,
  fields: Fields,
  work: (scope: CommandScope, locked: LockedTask) => Promise<TaskRecord>,
): Promise<CommandResult<TaskRecord>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runCommand(parts, caller, action, async (scope) => {
        if (fields.errors.length > 0) throw new Rejection(fields.errors);
        return work(scope, await lockWithSchedules(parts, scope, ref));
      });
    } catch (error) {
      if (!(error instanceof Overtaken) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/** @throws Rejection NOT_FOUND */
async function lockWithSchedules(parts: CommandParts, scope: CommandScope, ref: TaskRefInput): Promise<LockedTask> {
  const found = await findTask(scope.prisma, toTaskRef(ref));
  if (found === null) throw new Rejection([noSuchTask(['task'], ref)]);
  const idsOf = () => listScheduleIds(scope.prisma, { taskIds: [found.id] }, parts.clock.now());
  const { claimed } = await lockClaimed(parts, scope, await idsOf());
  const task = await lockTask(scope, { id: found.id });
  if (task === null) throw new Rejection([noSuchTask(['task'], ref)]);
  // One that was moved to another task meanwhile is none of this one any more.
  const own = claimed.filter(({ taskId }) => taskId === task.id);
  const locked = new Set(own.map(({ id }) => id));
  if ((await idsOf()).some((id) => !locked.has(id))) throw new Overtaken('the task got a further schedule meanwhile');
  const now = parts.clock.now();
  return { task, now, schedules: await settleLapsed(parts, scope, now, own) };
}
