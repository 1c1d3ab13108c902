import { Rejection, conflict, notFound } from '../domain/userError.ts';
import { lockCalendar, removeCalendar } from '../store/calendars.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import { findSchedule } from '../store/schedules.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';

/** Deletes a calendar that no schedule uses. @returns its id */
export function deleteCalendar(parts: CommandParts, caller: Caller, name: string): Promise<CommandResult<string>> {
  return runCommand(parts, caller, 'calendar.delete', async ({ prisma, sql, audit }) => {
    const calendar = await lockCalendar({ prisma, sql }, name.trim());
    if (calendar === null) throw new Rejection([notFound(['name'], `There is no calendar with the name "${name}".`)]);
    const now = parts.clock.now();
    const [scheduleId] = await listScheduleIds(prisma, { calendar: calendar.name }, now);
    if (scheduleId !== undefined) {
      const schedule = await findSchedule(prisma, { id: scheduleId });
      const message = `The schedule "${schedule?.name ?? scheduleId}" uses the calendar "${calendar.name}": change or delete it first.`;
      throw new Rejection([conflict('INVALID_STATE', ['name'], message, scheduleId)]);
    }
    await removeCalendar(prisma, calendar.id);
    const changes = { name: { before: calendar.name, after: null }, dates: { before: calendar.dates, after: null } };
    await audit({ action: 'calendar.delete', targetId: calendar.id, reason: null, changes }, now);
    return calendar.id;
  });
}
