import ICAL from 'ical.js';
import { compileTrigger } from '../trigger/compile.ts';
import { MUST_FIRE } from '../trigger/trigger.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { resolveZone, zoneOf } from '../trigger/zone.ts';
import { IcsFault, shorten } from './icsFault.ts';

/** jCal (RFC 7265): name, parameters, type, values. */
type IcsProperty = [name: string, params: Record<string, unknown>, type: string, ...values: unknown[]];
export type IcsComponent = [name: string, properties: IcsProperty[], inside: IcsComponent[]];

/** Days, both in. */
export interface Span {
  first: number;
  last: number;
}
/** An instant of an event. Days of all-day events are read in UTC, which has no changes of the clock. */
interface Moment {
  allDay: boolean;
  /** epoch ms */
  at: number;
  /** Wall clock in `zone`. */
  local: string;
  zone: string;
}
export interface IcsEvent {
  uid: string;
  canceled: boolean;
  start: Moment;
  /** The end of an occurrence that begins at an instant; both epoch ms. */
  endOf: (start: number) => number;
  /** No occurrence is longer, ms. */
  longest: number;
  rules: Trigger[];
  added: Moment[];
  excluded: Moment[];
  /** The repetition of another event with the same UID that this one stands for. */
  replaces: Moment | null;
}

const DAY_MS = 86_400_000;

/** @param timeZone  of times that name no zone. @throws IcsFault */
export function readEvent([, properties]: IcsComponent, timeZone: string): IcsEvent {
  const all = (name: string) => properties.filter((property) => property[0] === name);
  const one = (name: string) => all(name)[0] ?? null;
  const title = shorten(String(one('summary')?.[3] ?? one('uid')?.[3] ?? ''));
  const where = `the event "${title}"`;
  const moments = (name: string) => all(name).flatMap((property) => momentsOf(property, timeZone, where));
  const [start] = moments('dtstart');
  if (start === undefined) throw new IcsFault(`ics: ${where} has no DTSTART.`);
  const [end] = moments('dtend');
  if (end !== undefined && (end.allDay !== start.allDay || end.at < start.at))
    throw new IcsFault(`ics: DTEND of ${where} is before its DTSTART, or only one of the two is a date.`);
  return {
    uid: String(one('uid')?.[3] ?? ''),
    canceled: String(one('status')?.[3] ?? '').toUpperCase() === 'CANCELLED',
    start,
    ...lengthOf(start, end, one('duration')?.[3], where),
    rules: all('rrule').flatMap((property) => ruleOf(property[3], start, where)),
    added: moments('rdate'),
    excluded: moments('exdate'),
    replaces: moments('recurrence-id')[0] ?? null,
  };
}

function lengthOf(start: Moment, end: Moment | undefined, given: unknown, where: string): Pick<IcsEvent, 'endOf' | 'longest'> {
  const exactly = (ms: number) => ({ endOf: (at: number) => at + ms, longest: ms });
  if (end !== undefined) return exactly(end.at - start.at);
  if (given === undefined) return exactly(start.allDay ? DAY_MS : 0);
  const duration = durationOf(String(given), where);
  if (duration.days === 0 && duration.weeks === 0) return exactly(duration.total('milliseconds'));
  // Days are days of the clock (§3.3.6): one that begins at midnight ends at midnight, also where the clock changes.
  const endOf = (at: number) =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(start.zone).add(duration).epochMilliseconds;
  return { endOf, longest: (duration.weeks * 7 + duration.days + 1) * DAY_MS + DAY_MS };
}

function durationOf(text: string, where: string): Temporal.Duration {
  let duration: Temporal.Duration | null = null;
  try {
    duration = Temporal.Duration.from(text);
  } catch {
    // Told below, as what is no duration of an event.
  }
  const fits = duration !== null && duration.sign >= 0 && duration.years === 0 && duration.months === 0;
  if (duration === null || !fits || Temporal.Duration.compare(duration, { hours: LONGEST_HOURS }, UTC_DAYS) > 0)
    throw new IcsFault(`ics: DURATION of ${where} is '${shorten(text)}'; allowed are durations of at most 100 years.`);
  return duration;
}
const LONGEST_HOURS = 36_525 * 24;
const UTC_DAYS = { relativeTo: '1970-01-01' };

/** @returns empty when the rule has no times */
function ruleOf(value: unknown, start: Moment, where: string): Trigger[] {
  const rrule = ICAL.Recur.fromData(value as ConstructorParameters<typeof ICAL.Recur>[0]).toString();
  const { zone } = start;
  const dst = { gap: null, overlap: null };
  const compiled = compileTrigger({ rrule: { rrule, dtstart: start.local } }, { timeZone: zone, dst, anchorAt: 0 });
  if (compiled.ok) return [compiled.trigger];
  if (compiled.errors.every((error) => error.constraint === MUST_FIRE)) return [];
  const reason = compiled.errors.map((error) => error.message).join('; ');
  throw new IcsFault(`ics: the rule of ${where} is not understood: ${shorten(reason)}`, 'a recurrence rule of RFC 5545');
}

function momentsOf([name, params, type, ...values]: IcsProperty, timeZone: string, where: string): Moment[] {
  return values.map((value) => {
    // A period is [start, end]: it begins like any other occurrence, and is taken to be as long.
    const text = String(type === 'period' && Array.isArray(value) ? value[0] : value);
    const moment = momentOf(text, params['tzid'], timeZone);
    if (typeof moment !== 'string') return moment;
    throw new IcsFault(`ics: ${name.toUpperCase()} of ${where} ${moment}`, 'dates and times of RFC 5545 in IANA time zones');
  });
}

/** @returns a text: what is wrong */
function momentOf(text: string, tzid: unknown, timeZone: string): Moment | string {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(Z?))?$/.exec(text);
  const [, date = '', time = '00:00:00', utc] = match ?? [];
  const allDay = match?.[2] === undefined;
  const named = typeof tzid === 'string' && !allDay && utc !== 'Z' ? resolveZone(tzid) : null;
  if (named?.ok === false) return `has a TZID that is no IANA time zone: ${named.message}`;
  const zone = allDay || utc === 'Z' ? 'UTC' : (named?.timeZone ?? timeZone);
  try {
    if (match === null) throw new RangeError('no date');
    const local = `${date}T${time}`;
    // overflow: a leap second is the last second of its minute; a day that does not exist is a fault.
    const at = Temporal.PlainDateTime.from(local, { overflow: 'reject' }).toZonedDateTime(zone).epochMilliseconds;
    return { allDay, at, local, zone };
  } catch {
    return `is '${shorten(text)}', which is no date or time.`;
  }
}

/** Occurrences that do not take place: instants (epoch ms), and days in the event's own zone. */
export interface Gone {
  at: Set<number>;
  days: Set<number>;
}

/** @param into  what they are added to */
export function addGone(moments: readonly Moment[], into: Gone): Gone {
  for (const { allDay, at } of moments) {
    if (allDay) into.days.add(at / DAY_MS);
    else into.at.add(at);
  }
  return into;
}

/**
 * The days of the occurrences of an event that touch the window, and how many occurrences were looked at besides the first.
 * @param replaced  repetitions that have an event of their own
 * @param timeZone  in which timed events touch days
 * @param limit     most occurrences to look for
 */
export function eventSpans(
  event: IcsEvent,
  window: Span,
  replaced: Gone | null,
  timeZone: string,
  limit: number,
): { spans: Span[]; repetitions: number } {
  const { start, endOf, longest, rules, added } = event;
  const zone = zoneOf(start.allDay ? 'UTC' : timeZone);
  const dayOf = (at: number): number => {
    const second = Math.floor(at / 1000);
    return Math.floor((second + zone.offset(zone.index(second))) / 86_400);
  };
  // A day of a zone begins up to a day apart from that of UTC.
  const [from, until] = [(window.first - 1) * DAY_MS - longest, (window.last + 2) * DAY_MS];
  const starts = new Set([start.at, ...added.map(({ at }) => at)]);
  for (const rule of rules) for (const at of rule.between(from, until, limit)) starts.add(at);
  const gone = addGone(event.excluded, { at: new Set(), days: new Set() });
  const own = zoneOf(start.zone);
  const ownDay = (at: number): number => Math.floor((at / 1000 + own.offset(own.index(Math.floor(at / 1000)))) / 86_400);
  const spans: Span[] = [];
  for (const at of starts) {
    if ([gone, replaced].some((some) => some?.at.has(at) || some?.days.has(ownDay(at)))) continue;
    const end = endOf(at);
    const span = { first: dayOf(at), last: dayOf(Math.max(at, end - 1)) };
    if (span.last >= window.first && span.first <= window.last) spans.push(span);
  }
  return { spans, repetitions: starts.size - 1 };
}
