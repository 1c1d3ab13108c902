import { DAY_SECONDS, dayOfDate, packedDate, weekdayOf } from './civil.ts';
import { isSpent, spend } from './effort.ts';
import { createGrid, createGridPattern, plainGridPattern } from './rrule-grid.ts';
import type { DateRule } from './rrule-periods.ts';
import { choose, createRuleDays, createRulePositions } from './rrule-periods.ts';
import type { RRule } from './rrule-text.ts';
import type { TimeSet } from './times.ts';
import { createTimeSet, listTimes } from './times.ts';
import type { WallDays, WallPattern } from './wall.ts';
import { createWallPattern } from './wall.ts';
import { daysWithin, secondsBetween, walkedDays } from './wall-walk.ts';

/**
 * The readings of a rule, without its UNTIL in UTC: that is an instant. All that RFC 5545 counts and compares happens
 * on the clock of the wall; daylight saving comes afterwards.
 * @param start  reading of DTSTART, whole seconds
 */
export function createRRulePattern(rule: RRule, start: number): WallPattern {
  const endless = createEndless(fillIn(rule, start), start);
  const until = rule.until?.utc === false ? rule.until.reading : Infinity;
  const last = rule.count === null ? until : nth(endless, start, rule.count);
  return {
    has: (reading) => reading >= start && reading <= last && endless.has(reading),
    next(reading) {
      const found = reading <= last ? endless.next(Math.max(reading, start)) : Infinity;
      return found <= last ? found : Infinity;
    },
    previous(reading) {
      const found = reading >= start ? endless.previous(Math.min(reading, last)) : -Infinity;
      return found >= start ? found : -Infinity;
    },
    count: (from, end) => Math.max(0, countBetween(endless, Math.max(from, start), Math.min(end, last + 1))),
    periodic: false,
    days: daysWithin(endless.days ?? walkedOf(endless), start, last),
  };
}

const walkedOf = ({ next, previous }: WallPattern): WallDays =>
  walkedDays({ next, previous }, (day) => secondsBetween(next, day * DAY_SECONDS, (day + 1) * DAY_SECONDS));

const countBetween = (pattern: WallPattern, from: number, until: number): number =>
  from < until ? pattern.count(from, until) : 0;

/** What the rule does not say is as in DTSTART (RFC 5545 §3.3.10). An empty list of times of day means all. */
export function fillIn(rule: RRule, start: number): RRule {
  const day = Math.floor(start / DAY_SECONDS);
  const time = start - day * DAY_SECONDS;
  const date = packedDate(day);
  const filled = { ...rule };
  const days = [rule.weekNumbers, rule.yearDays, rule.monthDays, rule.weekdays];
  const noDay = days.every((list) => list.length === 0);
  if (noDay && (rule.freq === 'YEARLY' || rule.freq === 'MONTHLY')) filled.monthDays = [date & 31];
  if (noDay && rule.freq === 'YEARLY' && rule.months.length === 0) filled.months = [(date >> 5) & 15];
  const onlyWeeks = rule.weekNumbers.length > 0 && days.slice(1).every((list) => list.length === 0);
  if (onlyWeeks || (noDay && rule.freq === 'WEEKLY')) filled.weekdays = [{ weekday: weekdayOf(day), nth: 0 }];
  const size = UNITS[rule.freq];
  if (rule.hours.length === 0 && size > 3600) filled.hours = [Math.floor(time / 3600)];
  if (rule.minutes.length === 0 && size > 60) filled.minutes = [Math.floor(time / 60) % 60];
  if (rule.seconds.length === 0 && size > 1) filled.seconds = [time % 60];
  return filled;
}

/** Seconds; whatever is no fixed number of them counts as a day. */
const UNITS: Record<RRule['freq'], number> = {
  YEARLY: DAY_SECONDS,
  MONTHLY: DAY_SECONDS,
  WEEKLY: DAY_SECONDS,
  DAILY: DAY_SECONDS,
  HOURLY: 3600,
  MINUTELY: 60,
  SECONDLY: 1,
};
const upTo = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
const orAll = (values: readonly number[], size: number): readonly number[] => (values.length > 0 ? values : upTo(size));

/** The rule before and after its bounds, too. @param rule  filled in */
function createEndless(rule: RRule, start: number): WallPattern {
  const { freq, interval, positions } = rule;
  const [hours, minutes, seconds] = [orAll(rule.hours, 24), orAll(rule.minutes, 60), orAll(rule.seconds, 60)];
  const startDay = Math.floor(start / DAY_SECONDS);
  // RFC 5545 §3.3.10: with BYMONTH a numbered weekday of a YEARLY rule is counted in the month.
  const nthIn = freq === 'YEARLY' && rule.months.length === 0 ? 'YEAR' : 'MONTH';
  const dates: DateRule = { freq: 'DAILY', interval: 1, parts: { ...rule, nthIn } };

  if (freq === 'YEARLY' || freq === 'MONTHLY' || freq === 'WEEKLY' || freq === 'DAILY') {
    const days: DateRule = { ...dates, freq, interval };
    const times = createTimeSet(hours, minutes, seconds);
    if (positions.length === 0) return createWallPattern(createRuleDays(days, startDay), times);
    if (freq === 'DAILY')
      return onDays(
        createRuleDays(days, startDay),
        choose([0], times.perDay, positions).map((index) => times.nth(index)),
      );
    // No week has more days than are named: searching all years for one would not be over at once.
    if (freq === 'WEEKLY' && positions.every((position) => Math.abs(position) > rule.weekdays.length * times.perDay))
      return NOTHING;
    return slotPattern(createRulePositions(days, startDay, times.perDay, positions), times);
  }

  const unit = UNITS[freq];
  const inside = chosen(timesOf([0], unit > 60 ? minutes : [0], unit > 1 ? seconds : [0]), positions);
  if (inside.length === 0) return NOTHING;
  const allowed = createTimeSet(hours, unit > 60 ? [0] : minutes, unit > 1 ? [0] : seconds);
  const perDay = DAY_SECONDS / unit;
  if (interval === 1 && positions.length === 0)
    return createWallPattern(createRuleDays(dates, startDay), createTimeSet(hours, minutes, seconds));
  if (perDay % interval === 0) {
    const first = Math.floor((start - startDay * DAY_SECONDS) / unit) % interval;
    const times: number[] = [];
    spend(Math.ceil(perDay / interval / 4));
    for (let at = first * unit; at < DAY_SECONDS; at += interval * unit)
      if (allowed.has(at)) for (const second of inside) times.push(at + second);
    spend(Math.ceil(times.length / 4));
    return onDays(createRuleDays(dates, startDay), times);
  }
  const anyTime = rule.hours.length === 0 && (unit > 60 || rule.minutes.length === 0) && (unit > 1 || rule.seconds.length === 0);
  const grid = createGrid({
    unit,
    interval,
    start: Math.floor(start / unit) * unit,
    allows: anyTime ? null : allowed.has,
    weekdays: rule.weekdays.length > 0 ? rule.weekdays.map(({ weekday }) => weekday) : upTo(7),
    inside,
  });
  if ([rule.months, rule.yearDays, rule.monthDays, rule.weekdays].every((list) => list.length === 0))
    return plainGridPattern(grid);
  return createGridPattern(grid, createRuleDays(narrow(dates, grid.cycleDays % 7 === 0 ? grid.weekdays() : null), startDay));
}

const NOTHING: WallPattern = {
  has: () => false,
  next: () => Infinity,
  previous: () => -Infinity,
  count: () => 0,
  periodic: false,
};

/** Leaves the weekdays that a grid reaches: one of whole weeks may pass by all that the rule asks for. */
function narrow(dates: DateRule, weekdays: readonly number[] | null): DateRule {
  if (weekdays === null || weekdays.length === 7) return dates;
  const asked = dates.parts.weekdays;
  const left = (asked.length > 0 ? asked.map(({ weekday }) => weekday) : upTo(7)).filter((weekday) => weekdays.includes(weekday));
  // A weekday that no day has leaves nothing; an empty list would leave all.
  const items = (left.length > 0 ? left : [-1]).map((weekday) => ({ weekday, nth: 0 }));
  return { ...dates, parts: { ...dates.parts, weekdays: items } };
}

function timesOf(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]): number[] {
  return hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => (hour * 60 + minute) * 60 + second)));
}

/** The times at the positions; all of them without positions. */
function chosen(times: readonly number[], positions: readonly number[]): readonly number[] {
  return positions.length === 0 ? times : choose([0], times.length, positions).map((index) => times[index] ?? 0);
}

function onDays(days: ReturnType<typeof createRuleDays>, times: readonly number[]): WallPattern {
  return times.length === 0 ? NOTHING : createWallPattern(days, listTimes(times));
}

function slotPattern(slots: ReturnType<typeof createRulePositions>, times: TimeSet): WallPattern {
  const width = times.perDay;
  const readingOf = (slot: number): number => {
    const day = Math.floor(slot / width);
    return Math.abs(slot) === Infinity ? slot : day * DAY_SECONDS + times.nth(slot - day * width);
  };
  /** First slot that is not earlier. */
  const slotFrom = (reading: number): number => {
    const day = Math.floor(reading / DAY_SECONDS);
    return day * width + times.countBefore(reading - day * DAY_SECONDS);
  };
  return {
    has: (reading) => readingOf(slotFrom(reading)) === reading && slots.has(slotFrom(reading)),
    next: (reading) => readingOf(slots.next(slotFrom(reading))),
    previous: (reading) => readingOf(slots.previous(slotFrom(reading + 1) - 1)),
    count: (from, until) => (from < until ? slots.count(slotFrom(from), slotFrom(until)) : 0),
    periodic: false,
  };
}

/** Steps of counting one year, besides what its pattern takes. */
const A_YEAR = 5;

/** Reading of the n-th member from `start` on, Infinity when there are fewer, or when counting takes too many steps. */
function nth(pattern: WallPattern, start: number, n: number): number {
  let left = n;
  let from = start;
  for (let year = packedDate(Math.floor(start / DAY_SECONDS)) >> 9; year <= 9999; year++) {
    const end = dayOfDate(year + 1, 1, 1) * DAY_SECONDS;
    spend(A_YEAR);
    if (isSpent()) return Infinity;
    const found = pattern.count(from, end);
    if (found >= left) {
      let [low, high] = [from, end];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (pattern.count(from, middle) >= left) high = middle;
        else low = middle;
      }
      return low;
    }
    left -= found;
    from = end;
  }
  return Infinity;
}
