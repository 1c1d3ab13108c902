import type { CalendarField, CalendarTexts, DayMatch, ExclusionShift, ExclusionSpec, TriggerSpec } from '../trigger/trigger.ts';
import { CALENDAR_FIELDS } from '../trigger/trigger.ts';

/** Trigger as the API takes it: exactly one key (@oneOf), instants as dates. */
export interface TriggerInput {
  cron?: { expression: string; dayMatch?: DayMatch | null | undefined; timeZone?: string | null | undefined } | null | undefined;
  calendar?: CalendarInput | null | undefined;
  interval?: { every: string; anchorAt?: Date | null | undefined } | null | undefined;
  calendarInterval?: CalendarIntervalInput | null | undefined;
  at?: AtInput | null | undefined;
  rrule?: RRuleInput | null | undefined;
  anyOf?: readonly TriggerInput[] | null | undefined;
  allOf?: { triggers: readonly TriggerInput[]; within?: string | null | undefined } | null | undefined;
  except?: ExceptInput | null | undefined;
  bounded?: { trigger: TriggerInput; startAt?: Date | null | undefined; endAt?: Date | null | undefined } | null | undefined;
  manual?: boolean | null | undefined;
}
type CalendarInput = { [field in CalendarField | 'timeZone']?: string | null | undefined };
interface CalendarIntervalInput {
  every: string;
  at: string;
  startOn?: string | null | undefined;
  timeZone?: string | null | undefined;
}
interface AtInput {
  times?: readonly Date[] | null | undefined;
  localTimes?: readonly string[] | null | undefined;
  timeZone?: string | null | undefined;
}
interface RRuleInput {
  rrule: string;
  dtstart: string;
  rdates?: readonly string[] | null | undefined;
  exdates?: readonly string[] | null | undefined;
  timeZone?: string | null | undefined;
}
interface ExceptInput {
  base: TriggerInput;
  excluding: readonly ExclusionInput[];
  shift?: ExclusionShift | null | undefined;
}
/** Exactly one key (@oneOf). */
interface ExclusionInput {
  trigger?: TriggerInput | null | undefined;
  dates?: { from: string; through: string } | null | undefined;
  dailyWindow?: { from: string; until: string } | null | undefined;
  daysOfWeek?: string | null | undefined;
  calendar?: string | null | undefined;
}

/** The same as the calculus takes it. */
export function readTriggerSpec(input: TriggerInput): TriggerSpec {
  if (input.cron != null) {
    const { expression, dayMatch, timeZone } = input.cron;
    return { cron: { expression, ...(dayMatch != null && { dayMatch }), ...(timeZone != null && { timeZone }) } };
  }
  if (input.calendar != null) {
    const { timeZone } = input.calendar;
    return { calendar: { ...calendarTexts(input.calendar), ...(timeZone != null && { timeZone }) } };
  }
  if (input.interval != null) {
    const { every, anchorAt } = input.interval;
    return { interval: { every, ...(anchorAt != null && { anchorAt: anchorAt.toISOString() }) } };
  }
  if (input.calendarInterval != null) {
    const { every, at, startOn, timeZone } = input.calendarInterval;
    return { calendarInterval: { every, at, ...(startOn != null && { startOn }), ...(timeZone != null && { timeZone }) } };
  }
  if (input.at != null) {
    const { times, localTimes, timeZone } = input.at;
    return {
      at: {
        ...(times != null && { times: times.map((instant) => instant.toISOString()) }),
        ...(localTimes != null && { localTimes }),
        ...(timeZone != null && { timeZone }),
      },
    };
  }
  if (input.rrule != null) {
    const { rrule, dtstart, rdates, exdates, timeZone } = input.rrule;
    return {
      rrule: {
        rrule,
        dtstart,
        ...(rdates != null && { rdates }),
        ...(exdates != null && { exdates }),
        ...(timeZone != null && { timeZone }),
      },
    };
  }
  if (input.anyOf != null) return { anyOf: input.anyOf.map(readTriggerSpec) };
  if (input.allOf != null) {
    const { triggers, within } = input.allOf;
    return { allOf: { triggers: triggers.map(readTriggerSpec), ...(within != null && { within }) } };
  }
  if (input.except != null) {
    const { base, excluding, shift } = input.except;
    return {
      except: { base: readTriggerSpec(base), excluding: excluding.map(readExclusionSpec), ...(shift != null && { shift }) },
    };
  }
  if (input.bounded != null) {
    const { trigger, startAt, endAt } = input.bounded;
    return {
      bounded: {
        trigger: readTriggerSpec(trigger),
        ...(startAt != null && { startAt: startAt.toISOString() }),
        ...(endAt != null && { endAt: endAt.toISOString() }),
      },
    };
  }
  if (input.manual != null) return { manual: input.manual };
  // The schema's @oneOf lets exactly one kind through, so this is a new kind that was not taught here.
  throw new Error(`unknown trigger kind ${Object.keys(input).join(', ')}`);
}

function calendarTexts(input: CalendarInput): CalendarTexts {
  const texts: CalendarTexts = {};
  for (const field of CALENDAR_FIELDS) {
    const text = input[field];
    if (text != null) texts[field] = text;
  }
  return texts;
}

function readExclusionSpec(input: ExclusionInput): ExclusionSpec {
  if (input.trigger != null) return { trigger: readTriggerSpec(input.trigger) };
  if (input.dates != null) return { dates: { from: input.dates.from, through: input.dates.through } };
  if (input.dailyWindow != null) return { dailyWindow: { from: input.dailyWindow.from, until: input.dailyWindow.until } };
  if (input.daysOfWeek != null) return { daysOfWeek: input.daysOfWeek };
  if (input.calendar != null) return { calendar: input.calendar };
  throw new Error(`unknown exclusion ${Object.keys(input).join(', ')}`);
}
