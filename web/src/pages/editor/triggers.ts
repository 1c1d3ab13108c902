import { isRecord } from '../../parts/path.ts';

/** Each names the one field of a TriggerInput. */
export const TRIGGER_KINDS = [
  'cron', 'calendar', 'interval', 'calendarInterval', 'at', 'rrule', 'anyOf', 'allOf', 'except', 'bounded', 'manual',
] as const; // prettier-ignore
export type TriggerKey = (typeof TRIGGER_KINDS)[number];

export const KIND_WORDS: Record<TriggerKey, { label: string; hint: string }> = {
  cron: {
    label: 'Cron expression',
    hint: 'Crontab text of 5 fields, 6 with seconds, 7 with a year, or a nickname such as @daily.',
  },
  calendar: { label: 'Calendar fields', hint: 'The fields of cron by their names; all that are given must match.' },
  interval: { label: 'Interval', hint: 'Every so much elapsed time, on a fixed grid. No change of a clock moves it.' },
  calendarInterval: { label: 'Every so many days', hint: 'One time of day, every so many days, weeks, months or years.' },
  at: { label: 'Listed times', hint: 'Once, or at each of some given times. The schedule is completed after the last.' },
  rrule: { label: 'Recurrence rule', hint: 'A rule of RFC 5545, as calendars write them.' },
  anyOf: { label: 'Any of several', hint: 'What at least one of several triggers gives.' },
  allOf: { label: 'All of several', hint: 'The times that all of several triggers give, within a stretch of each other.' },
  except: {
    label: 'All except',
    hint: 'Another trigger without dates, windows of the day, days of the week, a calendar or a trigger.',
  },
  bounded: { label: 'Between two instants', hint: 'Another trigger, from one instant to another.' },
  manual: { label: 'By hand only', hint: 'Never by itself: it runs when somebody triggers it.' },
};

/** Those that hold other triggers. */
export const SET_KINDS: readonly TriggerKey[] = ['anyOf', 'allOf', 'except', 'bounded'];

/** How deep triggers may stand inside each other. */
export const MAX_DEPTH = 5;

/** The kind of a TriggerInput that has exactly one field; null: the builder cannot draw it. */
export function kindOf(trigger: unknown): TriggerKey | null {
  if (!isRecord(trigger)) return null;
  const [name, ...others] = Object.keys(trigger);
  const kind = TRIGGER_KINDS.find((each) => each === name);
  if (kind === undefined || others.length > 0) return null;
  const inner = trigger[kind];
  const fits = kind === 'anyOf' ? Array.isArray(inner) : kind === 'manual' ? inner === true : isRecord(inner);
  return fits ? kind : null;
}

/** What a kind begins with: something that is valid, so that the preview shows at once what it is. @param today  such as 2026-12-24 */
export function beginningOf(kind: TriggerKey, today: string): Record<string, unknown> {
  const daily = { cron: { expression: '0 9 * * *' } };
  const begun: Record<TriggerKey, unknown> = {
    cron: daily.cron,
    calendar: { daysOfWeek: 'MON-FRI', hours: '9' },
    interval: { every: 'PT10M' },
    calendarInterval: { every: 'P1D', at: '09:00' },
    at: { localTimes: [`${nextYearOf(today)}-01-01T09:00:00`] },
    rrule: { rrule: 'FREQ=WEEKLY;BYDAY=MO,WE,FR', dtstart: `${today}T09:00:00` },
    anyOf: [daily],
    allOf: { triggers: [daily] },
    except: { base: daily, excluding: [{ daysOfWeek: 'SAT,SUN' }] },
    bounded: { trigger: daily, endAt: `${nextYearOf(today)}-12-31T23:00:00.000Z` },
    manual: true,
  };
  return { [kind]: begun[kind] };
}

const nextYearOf = (today: string): number => Number(today.slice(0, 4)) + 1;

/** Another kind in the place of a trigger: what is held stays held, a single trigger is put into what holds several. */
export function changeKind(trigger: unknown, kind: TriggerKey, today: string): Record<string, unknown> {
  const held = heldBy(trigger);
  if (!SET_KINDS.includes(kind)) return beginningOf(kind, today);
  const inner = held.length > 0 ? held : kindOf(trigger) === null || kindOf(trigger) === 'manual' ? [] : [trigger];
  return inner.length === 0 ? beginningOf(kind, today) : holding(kind, inner, today);
}

/** The triggers that one holds directly. */
export function heldBy(trigger: unknown): readonly unknown[] {
  const kind = kindOf(trigger);
  if (kind === null) return [];
  const inner = (trigger as Record<string, unknown>)[kind];
  if (kind === 'anyOf') return inner as unknown[];
  if (!isRecord(inner)) return [];
  if (kind === 'allOf') return Array.isArray(inner['triggers']) ? (inner['triggers'] as unknown[]) : [];
  if (kind === 'except') return inner['base'] === undefined ? [] : [inner['base']];
  if (kind === 'bounded') return inner['trigger'] === undefined ? [] : [inner['trigger']];
  return [];
}

function holding(kind: TriggerKey, inner: readonly unknown[], today: string): Record<string, unknown> {
  const one = inner.length === 1 ? inner[0] : { anyOf: inner };
  if (kind === 'anyOf') return { anyOf: inner };
  if (kind === 'allOf') return { allOf: { triggers: inner } };
  const begun = beginningOf(kind, today)[kind] as Record<string, unknown>;
  return kind === 'except' ? { except: { ...begun, base: one } } : { bounded: { ...begun, trigger: one } };
}

export const EXCLUSION_KINDS = ['daysOfWeek', 'dates', 'dailyWindow', 'calendar', 'trigger'] as const;
export type ExclusionKey = (typeof EXCLUSION_KINDS)[number];

export const EXCLUSION_WORDS: Record<ExclusionKey, string> = {
  daysOfWeek: 'Days of the week',
  dates: 'Dates',
  dailyWindow: 'Window of each day',
  calendar: 'Days of a calendar',
  trigger: 'Times of a trigger',
};

export function exclusionKindOf(exclusion: unknown): ExclusionKey | null {
  if (!isRecord(exclusion)) return null;
  const [name, ...others] = Object.keys(exclusion);
  return others.length > 0 ? null : (EXCLUSION_KINDS.find((each) => each === name) ?? null);
}

export function exclusionBeginning(kind: ExclusionKey, today: string): Record<string, unknown> {
  const begun: Record<ExclusionKey, unknown> = {
    daysOfWeek: 'SAT,SUN',
    dates: { from: today, through: today },
    dailyWindow: { from: '22:00', until: '06:00' },
    calendar: '',
    trigger: { cron: { expression: '0 12 * * *' } },
  };
  return { [kind]: begun[kind] };
}
