import { BLANK } from '../commands/definition.ts';
import { findVersionAt } from '../store/scheduleVersions.ts';
import { findSchedule, findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { Store } from '../store/open.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import { kindOf } from '../trigger/compile.ts';

/** A schedule that may have the definition of an earlier time; all that is no part of a definition is as it stands now. */
export interface ScheduleModel extends ScheduleRecord {
  /** With an earlier definition: the schedule as it stands, for whatever follows from the definition in force. */
  present?: ScheduleRecord;
}

export function presentOf(schedule: ScheduleModel): ScheduleRecord {
  return schedule.present ?? schedule;
}

/**
 * @param ref  exactly one key. A name is the one it has now; a schedule that is deleted is found by its id, before it was
 * @returns null: there was no such schedule then
 */
export async function scheduleAsOf(
  { prisma }: Pick<Store, 'prisma'>,
  ref: { id?: string | null | undefined; name?: string | null | undefined },
  asOf: Date | null | undefined,
): Promise<ScheduleModel | null> {
  if (asOf == null) return findSchedule(prisma, ref.id != null ? { id: ref.id } : { name: ref.name ?? '' });
  const present =
    ref.id != null ? (await findSchedulesById(prisma, [ref.id]))[0] : await findSchedule(prisma, { name: ref.name ?? '' });
  if (present == null || (present.deletedAt !== null && present.deletedAt <= asOf)) return null;
  const found = await findVersionAt(prisma, present.id, asOf);
  if (found === null) return null;
  const { version, definition } = found;
  const { triggerSpec } = definition;
  const derived = { version, triggerKind: kindOf(triggerSpec), calendarNames: calendarNames(triggerSpec) };
  return { ...present, ...BLANK, ...definition, ...derived, present };
}
