import type { CalendarDates } from '../domain/calendar.ts';
import type { Prisma } from './generated/client.ts';
import type { Calendar as CalendarRow } from './generated/client.ts';
import { listed } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

/** A named set of days that triggers leave out. */
export interface CalendarRecord extends Omit<CalendarRow, 'dates'> {
  /** ISO dates, ascending, distinct. */
  dates: string[];
}
type Db = Pick<PrismaTransaction, 'calendar'>;

const LISTED = `name = ${listed('$1')}`;

async function findCalendar(prisma: Db, name: string): Promise<CalendarRecord | null> {
  return (await prisma.calendar.findUnique({ where: { name } })) as CalendarRecord | null;
}

export async function findCalendarsById(prisma: Db, ids: readonly string[]): Promise<CalendarRecord[]> {
  return (await prisma.calendar.findMany({ where: { id: { in: [...ids] } } })) as CalendarRecord[];
}

/** In order of name, the first `limit` of them. */
export async function listCalendars(prisma: Db, limit: number): Promise<CalendarRecord[]> {
  return (await prisma.calendar.findMany({ orderBy: { name: 'asc' }, take: limit })) as CalendarRecord[];
}

/**
 * Locks a calendar for a change, waiting for those who are writing triggers that name it. Order of locks: schedules, then calendar.
 * @returns how it stands under the lock
 */
export async function lockCalendar(tx: { prisma: Db; sql: Sql }, name: string): Promise<CalendarRecord | null> {
  await tx.sql.query(`/* lockCalendar */ SELECT 1 FROM calendar WHERE name = $1 FOR NO KEY UPDATE`, [name]);
  return findCalendar(tx.prisma, name);
}

/** Sees to it that nobody changes or deletes these before the transaction ends. */
export async function keepCalendars(sql: Sql, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await sql.query(`/* keepCalendars */ SELECT 1 FROM calendar WHERE ${LISTED} ORDER BY name FOR SHARE`, [JSON.stringify(names)]);
}

/** The dates of those of these calendars that exist. */
export async function readCalendarDates(sql: Sql, names: readonly string[]): Promise<Map<string, string[]>> {
  if (names.length === 0) return new Map();
  const rows = await sql.query<{ name: string; dates: string[] }>(
    `/* readCalendarDates */ SELECT name, dates FROM calendar WHERE ${LISTED}`,
    [JSON.stringify(names)],
  );
  return new Map(rows.map(({ name, dates }) => [name, dates]));
}

const MOST_SUGGESTED = 1_000;

/**
 * What a trigger that names these calendars compiles with. When one of them is not there, the names of others come along, without
 * their dates, so that the fault can say what may have been meant.
 */
export async function namedCalendars(sql: Sql, names: readonly string[]): Promise<CalendarDates> {
  const found = await readCalendarDates(sql, names);
  if (names.every((name) => found.has(name))) return Object.fromEntries(found);
  const others = await sql.query<{ name: string }>(`/* calendarNames */ SELECT name FROM calendar ORDER BY name LIMIT $1`, [
    MOST_SUGGESTED,
  ]);
  // One that was made between the two statements is not there yet.
  const suggested = others.filter(({ name }) => !names.includes(name)).map(({ name }) => [name, []] as const);
  return Object.fromEntries([...suggested, ...found]);
}

/** @returns false: there is one of this name already */
export async function insertCalendar(sql: Sql, calendar: CalendarRecord): Promise<boolean> {
  const { id, name, timeZone, dates, createdAt } = calendar;
  const rows = await sql.query(
    `/* insertCalendar */
INSERT INTO calendar (id, name, time_zone, dates, created_at, updated_at) VALUES ($1, $2, $3, $4::jsonb, $5::timestamptz, $5::timestamptz)
ON CONFLICT DO NOTHING RETURNING id`,
    [id, name, timeZone, JSON.stringify(dates), createdAt.toISOString()],
  );
  return rows.length > 0;
}

/** The caller holds the row. */
export async function updateCalendar(
  prisma: Db,
  id: string,
  { timeZone, dates, updatedAt }: Pick<CalendarRecord, 'timeZone' | 'dates' | 'updatedAt'>,
): Promise<CalendarRecord> {
  const data = { timeZone, dates: dates as Prisma.InputJsonValue, updatedAt };
  return (await prisma.calendar.update({ where: { id }, data })) as CalendarRecord;
}

/** No schedule may use it. The caller holds the row. */
export async function removeCalendar(prisma: Db, id: string): Promise<void> {
  await prisma.calendar.delete({ where: { id } });
}
