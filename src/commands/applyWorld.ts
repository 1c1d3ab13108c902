import type { CalendarDates } from '../domain/calendar.ts';
import { namedCalendars } from '../store/calendars.ts';
import { listManaged } from '../store/scheduleLists.ts';
import { findSchedulesByName } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { CommandTx } from '../store/open.ts';
import { findTasks } from '../store/tasks.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import type { ApplySchedulesInput } from './applyPlan.ts';
import type { DefinitionSources } from './definitionSources.ts';
import { toTaskRef } from './taskRef.ts';
import { readTriggerSpec } from './triggerInput.ts';

/** What a document is compared with, in few statements whatever its size. */
export interface ApplyWorld {
  /** When it was looked at, epoch ms: what is created begins then, for its trigger was compiled with that as its anchor. */
  now: number;
  /** Schedules that have one of its names, whoever keeps them. */
  named: ReadonlyMap<string, ScheduleRecord>;
  /** In order of name: all that its owner keeps, where what is not listed is to be pruned; none else. */
  owned: ScheduleRecord[];
  /** Of the document and of these schedules, by id. */
  tasks: ReadonlyMap<string, TaskRecord>;
  calendars: CalendarDates;
  sources: DefinitionSources;
}

export async function readApplyWorld(
  { prisma, sql }: Pick<CommandTx, 'prisma' | 'sql'>,
  { managedBy, schedules, prune }: ApplySchedulesInput,
  now: number,
): Promise<ApplyWorld> {
  const named = await findSchedulesByName(
    prisma,
    schedules.map(({ name }) => name),
  );
  const owned = prune === true ? await listManaged(prisma, managedBy) : [];
  const refs = [...new Map(schedules.map(({ task }) => [`${task.id} ${task.key}`, toTaskRef(task)])).values()];
  const ids = new Set([...named, ...owned].map(({ taskId }) => taskId));
  const tasks = await findTasks(prisma, {
    ids: [...ids, ...refs.flatMap((ref) => ('id' in ref ? [ref.id] : []))],
    keys: refs.flatMap((ref) => ('key' in ref ? [ref.key] : [])),
  });
  const names = new Set([
    ...schedules.flatMap(({ trigger }) => calendarNames(readTriggerSpec(trigger))),
    ...named.flatMap((record) => record.calendarNames),
  ]);
  const calendars = await namedCalendars(sql, [...names].sort());
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return {
    now,
    named: new Map(named.map((record) => [record.name, record])),
    owned,
    tasks: byId,
    calendars,
    sources: {
      task: async (ref) => ('id' in ref ? byId.get(ref.id) : byKey.get(ref.key)) ?? null,
      // Those that it names, so that the dates of all are not read for each; all names where one is missing.
      calendars: async (wanted) =>
        wanted.every((name) => Object.hasOwn(calendars, name))
          ? Object.fromEntries(wanted.map((name) => [name, calendars[name] as readonly string[]]))
          : calendars,
    },
  };
}
