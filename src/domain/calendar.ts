/** ISO dates by the name of their calendar; ascending, distinct. */
export type CalendarDates = Readonly<Record<string, readonly string[]>>;

/** Most dates of one calendar. */
export const MOST_DATES = 10_000;

const DAY_MS = 86_400_000;

/** Many schedules share the dates of one calendar: they are read once, for as long as somebody holds them. */
const knownDays = new WeakMap<readonly string[], readonly number[]>();

/** As the calculus takes them: ascending day numbers (1970-01-01 is 0) by name. */
export function daysByCalendar(calendars: CalendarDates | null): ReadonlyMap<string, readonly number[]> {
  return new Map(Object.entries(calendars ?? {}).map(([name, dates]) => [name, daysOf(dates)]));
}

function daysOf(dates: readonly string[]): readonly number[] {
  const known = knownDays.get(dates);
  if (known !== undefined) return known;
  const days = dates.map((date) => Date.parse(`${date}T00:00:00Z`) / DAY_MS);
  knownDays.set(dates, days);
  return days;
}

/** @param day  day number. @returns ISO date */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The calendars with these names; one that is gone has no dates. Null: there are no names. */
export function datesOf(calendars: ReadonlyMap<string, readonly string[]>, names: readonly string[]): CalendarDates | null {
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, calendars.get(name) ?? []]));
}

/** What a change adds and takes away; both lists are ascending. */
export function dateChanges(before: readonly string[], after: readonly string[]): { added: string[]; removed: string[] } {
  const [old, next] = [new Set(before), new Set(after)];
  return { added: after.filter((date) => !old.has(date)), removed: before.filter((date) => !next.has(date)) };
}
