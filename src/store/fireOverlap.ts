import type { DuePlan } from '../domain/due.ts';
import { isReplacing, resolveOverlap } from '../domain/overlap.ts';
import type { ReplacingPolicy, Underway } from '../domain/overlap.ts';
import { cutAtLimit, limitReached } from '../domain/runLimit.ts';
import { readUnderway } from './claims.ts';
import type { ClaimedSchedule } from './claims.ts';
import type { NewRun, WaitsFor } from './runs.ts';
import type { Sql } from './sql.ts';
import { lockReplaced, supersedeRuns } from './supersede.ts';
import { freeSlots, lockTasks } from './waiting.ts';

/** A claimed schedule and what it is to do; a task of scope LOCAL that has no worker has nothing to do. */
export interface DueSchedule {
  schedule: ClaimedSchedule;
  items: DuePlan['items'];
}

/** Decides what of the due occurrences of a batch of schedules runs, with what is under way of each and the slots of their tasks. */
export interface OverlapDecisions {
  resolve(due: DueSchedule): ReturnType<typeof cutAtLimit>;
  /** Tasks with a limit of which runs were ended: there may be slots for more than what was due. */
  freedTaskIds: string[];
}

/** Tasks whose rows have to be locked before any run is, in order of id: those with a limit. */
export async function lockLimitedTasks(sql: Sql, claimed: readonly ClaimedSchedule[]): Promise<string[]> {
  const ids = [...new Set(claimed.filter(hasLimit).map((schedule) => schedule.taskId))];
  await lockTasks(sql, ids);
  return ids;
}

/**
 * Reads what is under way, and ends it where a schedule's policy says so and something of it fires. Asks nothing of schedules that
 * run whatever is under way, and of tasks without a limit.
 * @param limitedTaskIds  from lockLimitedTasks
 * @param brokenOff       told when workers have attempts to break off
 */
export async function decideOverlap(
  sql: Sql,
  now: number,
  due: readonly DueSchedule[],
  limitedTaskIds: readonly string[],
  brokenOff: () => void,
): Promise<OverlapDecisions> {
  const serial = due.filter(({ schedule: { overlapPolicy } }) => overlapPolicy !== 'ALLOW_ALL' && !isReplacing(overlapPolicy));
  const underway = await readUnderway(
    sql,
    serial.map(({ schedule }) => schedule.id),
  );
  const replaced = new Set<string>();
  const canceling = firingUnder('CANCEL_OTHER', due);
  const terminating = firingUnder('TERMINATE_OTHER', due);
  await lockReplaced(sql, [...canceling, ...terminating]);
  for (const [policy, scheduleIds] of [
    ['CANCEL_OTHER', canceling],
    ['TERMINATE_OTHER', terminating],
  ] as const) {
    if (scheduleIds.length === 0) continue;
    for (const { owner, held, broken } of (await supersedeRuns(sql, now, policy, { scheduleIds })).values()) {
      underway.set(owner, { active: held, backlog: 0 });
      replaced.add(owner);
      if (broken > 0) brokenOff();
    }
  }
  const slots = await freeSlots(sql, limitedTaskIds);
  return {
    resolve({ schedule, items }) {
      const resolved = resolveOverlap(
        items,
        schedule.overlapPolicy,
        schedule.misfire,
        underway.get(schedule.id) ?? NOTHING,
        schedule.bufferLimit,
      );
      const cut = cutAtLimit(resolved, schedule);
      return { ...cut, items: cut.items.map((item) => (item.kind === 'fire' ? seat(slots, schedule.taskId, item) : item)) };
    },
    freedTaskIds: [
      ...new Set(
        due
          .filter(({ schedule }) => replaced.has(schedule.id) && slots.has(schedule.taskId))
          .map(({ schedule }) => schedule.taskId),
      ),
    ],
  };
}
const NOTHING: Underway = { active: 0, backlog: 0 };

/** Ids of the schedules of which something fires, whatever it ends. */
function firingUnder(policy: ReplacingPolicy, due: readonly DueSchedule[]): string[] {
  return due
    .filter(({ schedule }) => schedule.overlapPolicy === policy && !limitReached(schedule))
    .filter(({ items }) => items.some((item) => item.kind === 'fire'))
    .map(({ schedule }) => schedule.id);
}

/**
 * Gives a run that may go one of the slots of its task, when there are any to be had; without one it waits.
 * @param slots  what is free of tasks with a limit; counted down
 */
export function seat<Planned extends Pick<NewRun, 'state'>>(
  slots: Map<string, number>,
  taskId: string,
  planned: Planned,
): Planned {
  const free = slots.get(taskId);
  if (planned.state !== 'QUEUED' || free === undefined) return planned;
  if (free <= 0) return { ...planned, state: 'BUFFERED' };
  slots.set(taskId, free - 1);
  return planned;
}

/** What a run of a schedule waits for when it has to: only for a slot where it may run beside the others. */
export function waitsFor({ overlapPolicy }: Pick<ClaimedSchedule, 'overlapPolicy'>): WaitsFor {
  return overlapPolicy === 'ALLOW_ALL' ? 'SLOT' : 'SCHEDULE';
}

function hasLimit({ taskScope, taskExecution }: Pick<ClaimedSchedule, 'taskScope' | 'taskExecution'>): boolean {
  return taskScope === 'GLOBAL' && taskExecution?.concurrency != null;
}
