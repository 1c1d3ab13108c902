import { MOST_DATES, dateOf } from '../domain/calendar.ts';
import { countCharacters } from '../domain/text.ts';
import { daysOfIcs } from '../domain/ics.ts';
import { readLocalDate } from '../trigger/local-date.ts';
import type { TriggerError } from '../trigger/trigger.ts';
import { resolveZone } from '../trigger/zone.ts';
import type { Fields } from './fields.ts';

export interface CalendarInput {
  name: string;
  timeZone?: string | null | undefined;
  dates?: readonly string[] | null | undefined;
  ics?: string | null | undefined;
}
export interface CalendarContent {
  name: string;
  timeZone: string;
  /** ISO, ascending, distinct. */
  dates: string[];
}
/** 1 MiB of plain text. */
const LONGEST_ICS = 1_048_576;

/** Checks a calendar and puts its dates together; what is wrong goes to `fields`. @param now  epoch ms: where the repetitions of ics count from */
export function readCalendarInput(fields: Fields, path: string[], input: CalendarInput, now: number): CalendarContent {
  const at = (name: string) => [...path, name];
  const name = fields.line(at('name'), input.name, { min: 1, max: 200 }).trim();
  const zone = resolveZone(input.timeZone ?? 'UTC');
  if (!zone.ok) fields.add(at('timeZone'), zone.message, 'an IANA time zone name such as Europe/Berlin');
  const timeZone = zone.ok ? zone.timeZone : 'UTC';
  const days = new Set(readDates(fields, at('dates'), input.dates ?? []));
  if (input.ics != null) for (const day of readIcs(fields, at('ics'), input.ics, timeZone, now)) days.add(day);
  if (days.size > MOST_DATES) {
    const message = `dates and ics have ${days.size} dates together; at most ${MOST_DATES} are allowed.`;
    fields.add(at('dates'), message, `at most ${MOST_DATES} dates`);
  }
  return { name, timeZone, dates: [...days].sort((a, b) => a - b).map(dateOf) };
}

function readDates(fields: Fields, path: string[], dates: readonly string[]): number[] {
  if (dates.length > MOST_DATES) {
    const message = `dates has ${dates.length} entries; at most ${MOST_DATES} are allowed.`;
    fields.add(path, message, `at most ${MOST_DATES} dates`);
    return [];
  }
  const errors: TriggerError[] = [];
  const days = dates.map((date, index) => readLocalDate(date, [...path, String(index)], errors));
  for (const error of errors.slice(0, MOST_FAULTS)) fields.add(error.path, error.message, error.constraint);
  return days.filter((day) => day !== null);
}
const MOST_FAULTS = 50;

function readIcs(fields: Fields, path: string[], text: string, timeZone: string, now: number): number[] {
  const count = countCharacters(text);
  if (count > LONGEST_ICS) {
    fields.add(path, `ics has ${count} characters; at most ${LONGEST_ICS} are allowed.`, `at most ${LONGEST_ICS} characters`);
    return [];
  }
  const read = daysOfIcs(text, timeZone, now);
  if (read.ok) return read.days;
  fields.add(path, read.message, read.allowed);
  return [];
}
