/** Days of the calendar as ISO 8601 writes them, 2026-12-24; without any zone. */

export interface Month {
  /** 1 to 12 */
  month: number;
  /** Weeks from Monday on; null: a day of another month. */
  weeks: readonly (readonly (string | null)[])[];
}

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

export function monthsOf(year: number): Month[] {
  return Array.from({ length: 12 }, (_, index) => {
    const month = index + 1;
    const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
    // Monday is 0.
    const lead = (new Date(Date.UTC(year, index, 1)).getUTCDay() + 6) % 7;
    const days: (string | null)[] = [
      ...Array.from({ length: lead }, () => null),
      ...Array.from({ length: count }, (_each, day) => `${pad(year, 4)}-${pad(month)}-${pad(day + 1)}`),
    ];
    // All months are equally high: nothing moves from year to year.
    while (days.length < 42) days.push(null);
    return { month, weeks: Array.from({ length: 6 }, (_each, week) => days.slice(week * 7, week * 7 + 7)) };
  });
}

/** How many days lie in each year, ascending by year. */
export function countByYear(dates: readonly string[]): { year: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const date of dates) {
    const year = Number(date.slice(0, 4));
    counts.set(year, (counts.get(year) ?? 0) + 1);
  }
  return [...counts].map(([year, count]) => ({ year, count })).toSorted((a, b) => a.year - b.year);
}

export interface ReadDates {
  /** Ascending, each once. */
  dates: string[];
  /** What was read as no day, and where. */
  faults: { line: number; text: string }[];
}

/** Days in a text: one after another, with commas, semicolons or white space between them; what stands behind a # is a remark. */
export function readDates(text: string): ReadDates {
  const dates = new Set<string>();
  const faults: ReadDates['faults'] = [];
  text.split('\n').forEach((line, index) => {
    for (const word of line.replace(/#.*/, '').split(/[\s,;]+/)) {
      if (word === '') continue;
      if (isDay(word)) dates.add(word);
      else faults.push({ line: index + 1, text: word });
    }
  });
  return { dates: [...dates].toSorted(), faults };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes February 30, too, and answers a day of March.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** What becomes different. */
export function dateChanges(before: readonly string[], after: readonly string[]): { added: string[]; removed: string[] } {
  const [was, is] = [new Set(before), new Set(after)];
  return { added: after.filter((date) => !was.has(date)), removed: before.filter((date) => !is.has(date)) };
}

/** The first day that is not before today; null: there is none. */
export const nextOf = (dates: readonly string[], today: string): string | null => dates.find((date) => date >= today) ?? null;
