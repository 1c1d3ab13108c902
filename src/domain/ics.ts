import ICAL from 'ical.js';
import { addGone, eventSpans, readEvent } from './icsEvent.ts';
import type { Gone, IcsComponent, IcsEvent, Span } from './icsEvent.ts';
import { IcsFault, shorten } from './icsFault.ts';

export type IcsDays = { ok: true; days: number[] } | { ok: false; message: string; allowed: string };

const YEARS_BACK = 1;
const YEARS_AHEAD = 20;
const MOST_EVENTS = 10_000;
/** Rules and repetitions take time: a text may not make more of them than any calendar of holidays has. */
const MOST_RULES = 100;
const MOST_OCCURRENCES = 10_000;
/** The reader's time grows with the square of a line that holds many parameters. */
const LONGEST_LINE = 20_000;

/**
 * The days of the events of an iCalendar text, repetitions included, from one year before `now` until 20 years after it: all days of an
 * all-day event (DTEND is exclusive) and those that a timed event touches in `timeZone`. Canceled events have none. A RECURRENCE-ID
 * replaces that one repetition. Never throws, and its cost is bounded whatever the text contains.
 * @param timeZone  as answered by `resolveZone`; also of times that name no zone
 * @param now       epoch ms
 * @returns day numbers (1970-01-01 is 0), ascending, distinct
 */
export function daysOfIcs(text: string, timeZone: string, now: number): IcsDays {
  try {
    return { ok: true, days: daysOf(eventsOf(text), timeZone, now) };
  } catch (error) {
    if (error instanceof IcsFault) return { ok: false, message: error.message, allowed: error.allowed };
    throw error;
  }
}

function eventsOf(text: string): IcsComponent[] {
  const events = calendarsOf(text).flatMap(([, , inside]) => inside.filter(([name]) => name === 'vevent'));
  if (events.length <= MOST_EVENTS) return events;
  throw new IcsFault(`ics has ${events.length} events; at most ${MOST_EVENTS} are allowed.`, `at most ${MOST_EVENTS} events`);
}

function calendarsOf(text: string): IcsComponent[] {
  const long = text
    .replaceAll(/\r?\n[ \t]/g, '')
    .split('\n')
    .find((line) => line.length > LONGEST_LINE);
  if (long !== undefined) {
    const message = `ics has a line of ${long.length} characters, '${shorten(long)}'; at most ${LONGEST_LINE} are allowed.`;
    throw new IcsFault(message, `lines of at most ${LONGEST_LINE} characters`);
  }
  let parsed: unknown;
  try {
    parsed = ICAL.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new IcsFault(`ics is not iCalendar text: ${shorten(reason)}`);
  }
  // One component stands alone, several stand in a list.
  const roots = (Array.isArray(parsed) && typeof parsed[0] === 'string' ? [parsed] : parsed) as IcsComponent[];
  const calendars = Array.isArray(roots) ? roots.filter((root) => Array.isArray(root) && root[0] === 'vcalendar') : [];
  if (calendars.length > 0) return calendars;
  throw new IcsFault('ics is not iCalendar text: it has no BEGIN:VCALENDAR.');
}

function daysOf(components: readonly IcsComponent[], timeZone: string, now: number): number[] {
  const rules = components.flatMap(([, properties]) => properties.filter(([name]) => name === 'rrule')).length;
  if (rules > MOST_RULES)
    throw new IcsFault(`ics has ${rules} recurrence rules; at most ${MOST_RULES} are allowed.`, `at most ${MOST_RULES} rules`);
  const excluded = components.flatMap(([, properties]) => properties.filter(([name]) => name === 'exdate'));
  const exclusions = excluded.reduce((sum, property) => sum + property.length - PROPERTY_HEAD, 0);
  if (exclusions > MOST_OCCURRENCES)
    throw new IcsFault(
      `ics has ${exclusions} EXDATEs; at most ${MOST_OCCURRENCES} are allowed.`,
      `at most ${MOST_OCCURRENCES} EXDATEs`,
    );
  const events = components.map((component) => readEvent(component, timeZone));
  const window = windowAround(timeZone, now);
  const spans: Span[] = [];
  let room = MOST_OCCURRENCES;
  const replaced = replacedByEvent(events);
  for (const event of events) {
    if (event.canceled) continue;
    const others = event.replaces === null ? (replaced.get(event.uid) ?? null) : null;
    const found = eventSpans(event, window, others, timeZone, room + 2);
    room -= found.repetitions;
    if (room < 0)
      throw new IcsFault(
        `The events of ics repeat more than ${MOST_OCCURRENCES} times from ${YEARS_BACK} year ago until ${YEARS_AHEAD} years ahead.`,
        `at most ${MOST_OCCURRENCES} repetitions`,
      );
    spans.push(...found.spans);
  }
  return daysIn(spans, window);
}

/** What stands before the values of a property: name, parameters, type. */
const PROPERTY_HEAD = 3;

/** The repetitions that have an event of their own, by UID. */
function replacedByEvent(events: readonly IcsEvent[]): Map<string, Gone> {
  const replaced = new Map<string, Gone>();
  for (const { uid, replaces } of events) {
    if (replaces !== null) replaced.set(uid, addGone([replaces], replaced.get(uid) ?? { at: new Set(), days: new Set() }));
  }
  return replaced;
}

function windowAround(timeZone: string, now: number): Span {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const day = (date: Temporal.PlainDate) => date.toZonedDateTime('UTC').epochMilliseconds / 86_400_000;
  return { first: day(today.subtract({ years: YEARS_BACK })), last: day(today.add({ years: YEARS_AHEAD })) };
}

/** Each day is looked at once, however often spans overlap. */
function daysIn(spans: Span[], window: Span): number[] {
  const days: number[] = [];
  let next = window.first;
  for (const { first, last } of spans.sort((a, b) => a.first - b.first)) {
    for (next = Math.max(next, first); next <= Math.min(last, window.last); next += 1) days.push(next);
  }
  return days;
}
