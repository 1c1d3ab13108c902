import { dateChanges } from '../domain/calendar.ts';
import { Rejection } from '../domain/userError.ts';
import { changesBetween } from '../store/audit.ts';
import { insertCalendar, lockCalendar, updateCalendar } from '../store/calendars.ts';
import type { CalendarRecord } from '../store/calendars.ts';
import { newId } from '../store/ids.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { readCalendarInput } from './calendarInput.ts';
import type { CalendarContent, CalendarInput } from './calendarInput.ts';
import { followCalendar, settleUsers } from './calendarUsers.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';

export interface ChangedCalendar {
  calendar: CalendarRecord;
  /** Those with another instant among their next few; at most 100. */
  movedSchedules: ScheduleRecord[];
}
const SHOWN = 100;
/** All in one transaction, which has seconds. */
const MOST_SCHEDULES = 1_000;
/** How often a change starts anew because a trigger that names the calendar was written meanwhile. */
const MOST_ATTEMPTS = 5;

/** Creates a calendar or replaces the one of this name. The schedules that use it follow in the same transaction. */
export async function putCalendar(
  parts: CommandParts,
  caller: Caller,
  input: CalendarInput,
): Promise<CommandResult<ChangedCalendar>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runCommand(parts, caller, 'calendar.put', (scope) => replace(parts, scope, read(input, parts.clock.now())));
    } catch (error) {
      if (!(error instanceof Overtaken) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/** Somebody began to use the calendar between the look at its users and its lock: their rows are to be locked before it. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

function read(input: CalendarInput, now: number): CalendarContent {
  const fields = new Fields();
  const content = readCalendarInput(fields, ['input'], input, now);
  if (fields.errors.length > 0) throw new Rejection(fields.errors);
  return content;
}

async function replace(parts: CommandParts, scope: CommandScope, content: CalendarContent): Promise<ChangedCalendar> {
  const { prisma } = scope;
  const { name, timeZone, dates } = content;
  const ids = await usersOf(parts, scope, name);
  // Schedules first, in order of id, and then the calendar, as whoever edits one of them does it.
  const users = await settleUsers(parts, scope, ids);
  const before = await lockCalendar(scope, name);
  const late = (await usersOf(parts, scope, name)).filter((id) => !ids.includes(id));
  if (late.length > 0) throw new Overtaken(`${late.length} schedules began to use the calendar meanwhile`);
  const now = parts.clock.now();
  const at = new Date(now);
  if (before === null) {
    const calendar = await create(scope, { id: newId('cal'), name, timeZone, dates, createdAt: at, updatedAt: at });
    const changes = {
      name: { before: null, after: name },
      timeZone: { before: null, after: timeZone },
      added: { before: null, after: dates },
    };
    await scope.audit({ ...entryOf(calendar), changes }, now);
    return { calendar, movedSchedules: [] };
  }
  const { added, removed } = dateChanges(before.dates, dates);
  const redated = added.length + removed.length > 0;
  if (!redated && before.timeZone === timeZone) return { calendar: before, movedSchedules: [] };
  const calendar = await updateCalendar(prisma, before.id, { timeZone, dates, updatedAt: at });
  const changes = {
    ...changesBetween({ timeZone: before.timeZone }, { timeZone }),
    ...(added.length > 0 && { added: { before: null, after: added } }),
    ...(removed.length > 0 && { removed: { before: removed, after: null } }),
  };
  await scope.audit({ ...entryOf(calendar), changes }, now);
  const movedSchedules = redated ? await followCalendar(scope, now, users, name) : [];
  return { calendar, movedSchedules: movedSchedules.slice(0, SHOWN) };
}

/** @throws Rejection when there are too many */
async function usersOf(parts: CommandParts, { prisma }: CommandScope, name: string): Promise<string[]> {
  const ids = await listScheduleIds(prisma, { calendar: name }, parts.clock.now());
  if (ids.length <= MOST_SCHEDULES) return ids;
  const fields = new Fields();
  const message = `${ids.length} schedules use the calendar "${name}"; at most ${MOST_SCHEDULES} can be changed at once.`;
  fields.add(['input', 'name'], message, `at most ${MOST_SCHEDULES} schedules`);
  throw new Rejection(fields.errors);
}

async function create({ sql }: CommandScope, calendar: CalendarRecord): Promise<CalendarRecord> {
  if (!(await insertCalendar(sql, calendar))) throw new Overtaken('somebody else created it meanwhile');
  return calendar;
}

function entryOf(calendar: CalendarRecord) {
  return { action: 'calendar.put', targetId: calendar.id, reason: null };
}
