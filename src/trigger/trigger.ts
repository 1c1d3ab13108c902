import type { Agenda } from './agenda.ts';
import type { WallRule } from './cron-text.ts';
import type { WallPattern } from './wall.ts';

/** What to do with a local time that the clock jumps over. RUN_AFTER: crontab; SHIFT: RFC 5545 and java.time. */
export type DstGap = 'RUN_AFTER' | 'SHIFT' | 'SKIP';
/** Which pass of a repeated local time counts. */
export type DstOverlap = 'FIRST' | 'LAST' | 'BOTH';
/** Day-of-month with day-of-week. CRONTAB: either matches when neither field starts with `*`, else both must. */
export type DayMatch = 'CRONTAB' | 'EITHER' | 'BOTH';
export type TriggerKind =
  'CRON' | 'CALENDAR' | 'INTERVAL' | 'CALENDAR_INTERVAL' | 'AT' | 'RRULE' | 'ANY_OF' | 'ALL_OF' | 'EXCEPT' | 'BOUNDED' | 'MANUAL';

/** The fields of a calendar trigger, the coarsest first; each a field expression as in crontab. */
export const CALENDAR_FIELDS = ['years', 'months', 'daysOfMonth', 'weeks', 'daysOfWeek', 'hours', 'minutes', 'seconds'] as const;
export type CalendarField = (typeof CALENDAR_FIELDS)[number];
export type CalendarTexts = Partial<Record<CalendarField, string>>;

/** The TriggerInput shape of the GraphQL API; exactly one key. This is what is stored and what triggerSpec answers. */
export type TriggerSpec =
  | { cron: { expression: string; dayMatch?: DayMatch; timeZone?: string } }
  | { calendar: CalendarTexts & { timeZone?: string } }
  | { interval: { every: string; anchorAt?: string } }
  | { calendarInterval: { every: string; at: string; startOn?: string; timeZone?: string } }
  | { at: { times?: readonly string[]; localTimes?: readonly string[]; timeZone?: string } }
  | { rrule: { rrule: string; dtstart: string; rdates?: readonly string[]; exdates?: readonly string[]; timeZone?: string } }
  | { anyOf: readonly TriggerSpec[] }
  | { allOf: { triggers: readonly TriggerSpec[]; within?: string } }
  | { except: { base: TriggerSpec; excluding: readonly ExclusionSpec[]; shift?: ExclusionShift } }
  | { bounded: { trigger: TriggerSpec; startAt?: string; endAt?: string } }
  | { manual: boolean };

/**
 * What `except` leaves out; exactly one key. Dates, windows and days are read in the zone of the context: `dates` are whole
 * days, both inclusive; `dailyWindow` is half-open and crosses midnight when `from` is later than `until`; `calendar` names
 * days that the context knows.
 */
export type ExclusionSpec =
  | { trigger: TriggerSpec }
  | { dates: { from: string; through: string } }
  | { dailyWindow: { from: string; until: string } }
  | { daysOfWeek: string }
  | { calendar: string };
/** What becomes of an occurrence on a day that is left out. DROP: it is gone; else it moves to a day that is not, at the same local time. */
export type ExclusionShift = 'DROP' | 'NEXT_ALLOWED_DAY' | 'PREVIOUS_ALLOWED_DAY';

/** What a trigger takes from its surroundings where its own text says nothing. */
export interface TriggerContext {
  /** The schedule's zone. */
  timeZone: string;
  /** null: the default of the trigger's kind. */
  dst: { gap: DstGap | null; overlap: DstOverlap | null };
  /** Default anchor of intervals, whole epoch milliseconds; its date in the zone is the default start of calendar intervals. */
  anchorAt: number;
  /** Named sets of days for exclusions, as ascending day numbers (1970-01-01 is 0); absent: there are none. */
  calendars?: ReadonlyMap<string, readonly number[]>;
}

/** What a leaf trigger really follows. `followsRealClock`: its minute or hour field starts with `*`, or it is a rule that repeats within the day, so gap and overlap do not apply. */
export interface EffectiveDst {
  gap: DstGap;
  overlap: DstOverlap;
  followsRealClock: boolean;
}

/** An instant as the clock on the wall shows it. */
export interface FireTime {
  /** Epoch milliseconds. */
  at: number;
  /** Wall clock, e.g. `2026-03-29T02:30:00`; milliseconds follow only when there are any. */
  local: string;
  /** Distance from UTC, e.g. `+02:00`; seconds follow only for local mean times. */
  offset: string;
  /** The instant stands in for a local time that the clock jumped over; it would not occur otherwise. */
  inGap: boolean;
  /** The local time comes twice, and this is one of the two. */
  inOverlap: boolean;
}

/**
 * A pure set of instants. All instants are whole epoch milliseconds in the years 1–9999 UTC; arguments outside are
 * allowed, answers never lie outside. Every question is answered without searching beyond one 400-year cycle.
 */
interface TriggerBase {
  /**
   * Canonical: compiling it in the same context gives the same trigger. Durations are canonicalised, white space and
   * instants normalised, lists of times sorted and without duplicates, defaults left out.
   */
  readonly spec: TriggerSpec;
  /** First occurrence later than `after`; null when there is none. */
  next(after: number): number | null;
  /** Last occurrence earlier than `before`; null when there is none. */
  previous(before: number): number | null;
  /** Occurrences in [from, until), ascending, the first `limit` of them. */
  between(from: number, until: number, limit: number): number[];
  matches(instant: number): boolean;
  /** Number of occurrences in [from, until), by whole-day arithmetic: its cost does not grow with the answer. */
  count(from: number, until: number): number;
  /** Plain English, with the zone and the reading of the day fields. */
  describe(): string;
  /** How `instant`, one of the occurrences, reads in the trigger's zone; for intervals in the context's. */
  fireTime(instant: number): FireTime;
  /** Its occurrences day by day, for the set operators; kinds without are asked for their occurrences instead. */
  agenda?(): Agenda;
}

export interface CronTrigger extends TriggerBase {
  readonly kind: 'CRON';
  readonly expression: string;
  readonly dayMatch: DayMatch;
  readonly timeZone: string;
  readonly dst: EffectiveDst;
  readonly rule: WallRule;
  /** The same as a set of readings, before daylight saving. */
  readonly wall: WallPattern;
}

/** The times that all given fields match. Fields coarser than the finest one given are `*`, finer ones their minimum. */
export interface CalendarTrigger extends TriggerBase {
  readonly kind: 'CALENDAR';
  /** Those that were given. */
  readonly fields: CalendarTexts;
  readonly timeZone: string;
  readonly dst: EffectiveDst;
  readonly rule: WallRule;
  /** The same as a set of readings, before daylight saving. */
  readonly wall: WallPattern;
}

export interface IntervalTrigger extends TriggerBase {
  readonly kind: 'INTERVAL';
  readonly everyMs: number;
  readonly anchorAt: number;
}

/** Dates that follow one another by years, months, weeks and days, at one local time. There are none before `startOn`. */
export interface CalendarIntervalTrigger extends TriggerBase {
  readonly kind: 'CALENDAR_INTERVAL';
  /** Canonical date duration, e.g. `P1M`. */
  readonly every: string;
  /** Local time, e.g. `09:00:00`. */
  readonly at: string;
  /** First date, e.g. `2026-02-10`. */
  readonly startOn: string;
  readonly timeZone: string;
  readonly dst: EffectiveDst;
  /** The readings that it names, before daylight saving. */
  readonly wall: WallPattern;
}

/** Listed times: it ends after the last. */
export interface AtTrigger extends TriggerBase {
  readonly kind: 'AT';
  /** Those given as instants, ascending. */
  readonly times: readonly number[];
  /** Those given as wall clock, e.g. `2026-02-10T03:00:00`, ascending. */
  readonly localTimes: readonly string[];
  readonly timeZone: string;
  readonly dst: EffectiveDst;
}

/** RFC 5545. */
export interface RRuleTrigger extends TriggerBase {
  readonly kind: 'RRULE';
  /** Upper case, parts in a fixed order, defaults left out. */
  readonly rrule: string;
  /** Wall clock, as are rdates and exdates, which are ascending. */
  readonly dtstart: string;
  readonly rdates: readonly string[];
  readonly exdates: readonly string[];
  /** The rule alone, on a clock without a zone. */
  readonly wall: WallPattern;
  /** What rdates add and exdates take away, epoch milliseconds. */
  readonly added: readonly number[];
  readonly excluded: readonly number[];
  readonly timeZone: string;
  readonly dst: EffectiveDst;
}

/** Union: what at least one member gives; an instant that several give is one occurrence. */
export interface AnyOfTrigger extends TriggerBase {
  readonly kind: 'ANY_OF';
  readonly triggers: readonly Trigger[];
}

/** The instants t of each member for which every other member has one in [t - within, t]. */
export interface AllOfTrigger extends TriggerBase {
  readonly kind: 'ALL_OF';
  readonly triggers: readonly Trigger[];
  readonly withinMs: number;
}

/** One exclusion, asked about one instant. */
export interface ExclusionCheck {
  readonly spec: ExclusionSpec;
  /** @param reading  whole seconds that the clock shows at the instant */
  holds(instant: number, reading: number): boolean;
  /** Looks at days: what it leaves out may move. */
  readonly byDay: boolean;
}

/** The occurrences of `base` that no exclusion holds; what is left out day by day may move instead. */
export interface ExceptTrigger extends TriggerBase {
  readonly kind: 'EXCEPT';
  readonly base: Trigger;
  /** Canonical. */
  readonly excluding: readonly ExclusionSpec[];
  readonly shift: ExclusionShift;
  /** Where its days and windows are read. */
  readonly timeZone: string;
  /** One for each of `excluding`. */
  readonly checks: readonly ExclusionCheck[];
}

/** The occurrences of another trigger in [startAt, endAt], both inclusive; null: no bound on that side. */
export interface BoundedTrigger extends TriggerBase {
  readonly kind: 'BOUNDED';
  readonly trigger: Trigger;
  readonly startAt: number | null;
  readonly endAt: number | null;
}

/** Has no occurrences: what it is for runs by hand only. */
export interface ManualTrigger extends TriggerBase {
  readonly kind: 'MANUAL';
}

export type Trigger =
  | CronTrigger
  | CalendarTrigger
  | IntervalTrigger
  | CalendarIntervalTrigger
  | AtTrigger
  | RRuleTrigger
  | AnyOfTrigger
  | AllOfTrigger
  | ExceptTrigger
  | BoundedTrigger
  | ManualTrigger;

/** One thing that is wrong with a spec. */
export interface TriggerError {
  /** Relative to the trigger, e.g. `['at', 'localTimes', '3']`; empty when the trigger as a whole or its context is wrong. */
  path: string[];
  message: string;
  /** What is allowed, e.g. `0-59`. */
  constraint?: string;
}

/** The constraint of an error that says nothing but that a trigger can never fire. */
export const MUST_FIRE = 'must fire at least once';

export type CompileResult<T extends Trigger = Trigger> = { ok: true; trigger: T } | { ok: false; errors: TriggerError[] };

/** First and last instant of the calculus: the years 1–9999, which every ISO-8601 text and PostgreSQL can hold. */
export const FIRST_INSTANT = -62_135_596_800_000;
export const LAST_INSTANT = 253_402_300_799_999;
