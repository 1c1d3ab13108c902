import { isDeepStrictEqual } from 'node:util';
import { isReplacing } from '../domain/overlap.ts';
import type { UserError } from '../domain/userError.ts';
import { keepCalendars, readCalendarDates } from '../store/calendars.ts';
import { claimSchedules } from '../store/claims.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { lockLimitedTasks } from '../store/fireOverlap.ts';
import { findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { lockReplaced } from '../store/supersede.ts';
import { findTasks, keepTasks } from '../store/tasks.ts';
import { lockWaitedTasks } from '../store/waiting.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import type { ApplyWorld } from './applyWorld.ts';
import type { CommandParts, CommandScope } from './command.ts';
import type { ParsedDefinition } from './definition.ts';

/** What a plan was made of is not so any more, or turned out otherwise under the locks: plan again, and refuse these entries. */
export class Outdated extends Error {
  override readonly name = 'Outdated';
  readonly refused: ReadonlyMap<number, readonly UserError[]>;
  constructor(refused: ReadonlyMap<number, readonly UserError[]> = new Map()) {
    super('the plan is outdated');
    this.refused = refused;
  }
}

interface Wanted {
  /** Schedules to change. */
  updated: readonly ScheduleRecord[];
  deleted: readonly ScheduleRecord[];
  /** What is to be written. */
  parsed: readonly ParsedDefinition[];
}
interface ApplyLocks {
  /** Read when the first lock was held. */
  now: number;
  claimed: ClaimedSchedule[];
  /** Tasks of deleted schedules for which something may wait. */
  waited: string[];
}

/**
 * Locks what a plan changes, and sees to it that what it was made of stays: schedules, then tasks and calendars, then runs.
 * @throws Outdated when something of it has changed since it was read
 */
export async function lockForApply(
  parts: CommandParts,
  { prisma, sql }: CommandScope,
  world: ApplyWorld,
  { updated, deleted, parsed }: Wanted,
): Promise<ApplyLocks> {
  const touched = [...updated, ...deleted];
  const ids = touched.map(({ id }) => id);
  const claimed = await claimSchedules(sql, ids);
  const now = parts.clock.now();
  await lockLimitedTasks(sql, claimed);
  const waited = deleted.length === 0 ? [] : await lockWaitedTasks(sql, [...new Set(deleted.map(({ taskId }) => taskId))]);

  const taskIds = [...new Set(parsed.map(({ definition }) => definition.taskId))];
  await keepTasks(sql, taskIds);
  const names = [...new Set(parsed.flatMap(({ definition }) => calendarNames(definition.triggerSpec)))];
  await keepCalendars(sql, names);
  const tasks = taskIds.length === 0 ? [] : await findTasks(prisma, { ids: taskIds, keys: [] });
  const dates = await readCalendarDates(sql, names);
  const records = new Map((ids.length === 0 ? [] : await findSchedulesById(prisma, ids)).map((record) => [record.id, record]));
  const still =
    tasks.length === taskIds.length &&
    tasks.every((task) => isDeepStrictEqual(task, world.tasks.get(task.id))) &&
    names.every((name) => isDeepStrictEqual(dates.get(name), world.calendars[name])) &&
    claimed.length === touched.length &&
    touched.every(({ id, version, managedBy }) => {
      const record = records.get(id);
      return record?.version === version && record.managedBy === managedBy;
    });
  if (!still) throw new Outdated();

  await lockReplaced(
    sql,
    claimed.filter(({ overlapPolicy }) => isReplacing(overlapPolicy)).map(({ id }) => id),
  );
  return { now, claimed, waited };
}
