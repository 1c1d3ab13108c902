import type { Agenda, Outline } from './agenda.ts';
import { CYCLE_DAYS, DAY_SECONDS } from './civil.ts';
import { foundBy, isSpent, listed, search, spend, spentSoFar, uncharged } from './effort.ts';
import { countSeconds, firstFrom, hasSecond, lastUntil, NO_SECONDS } from './seconds.ts';
import type { Seconds } from './seconds.ts';
import type { Trigger } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';

type Answers = Pick<Trigger, 'next' | 'previous' | 'between' | 'matches' | 'count'>;

const FIRST_SECOND = FIRST_INSTANT / 1000;
const END_SECOND = (LAST_INSTANT + 1) / 1000;
const FIRST_DAY = FIRST_SECOND / DAY_SECONDS;
const END_DAY = END_SECOND / DAY_SECONDS;

/** Steps of one look, besides what the members take, and of each member where the clock of one changes. */
const [A_LOOK, AN_OUTLINE] = [10, 30];
const NOT_ASKED: Outline = { from: Infinity, until: -Infinity, most: NO_SECONDS, least: NO_SECONDS };
/** Most days that one count looks at: 400 years of every day. */
const MOST_COUNTED = CYCLE_DAYS;

/**
 * What a trigger with this agenda answers, all of it on whole seconds. A search that would take more than MOST_SEARCHED steps
 * ends as if there were nothing more: two simple patterns are compared over about 15 years of weeks in which they might meet
 * and never do, or over 2 years of days; what is proved silent as a whole (times of day that differ between two changes of
 * the clocks, days that no two patterns of one clock share) costs one look. `count` looks at each day of its range, or at
 * 400 years of them when it repeats, and stops after MOST_COUNTED.
 */
export function answersOfAgenda(agenda: Agenda): Answers {
  const dayOf = (second: number): number => Math.floor(second / DAY_SECONDS);

  function outlineAt(day: number): Outline {
    spend(AN_OUTLINE * agenda.weight);
    return uncharged(() => agenda.outline(day));
  }
  /** The last day that was looked at: occurrences of one day are often asked for one after the other. */
  let last = { day: NaN, set: NO_SECONDS, steps: 0 };
  function setOf(day: number): Seconds {
    if (day === last.day) spend(last.steps);
    else {
      const before = spentSoFar();
      const set = agenda.day(day);
      last = { day, set, steps: spentSoFar() - before };
    }
    return last.set;
  }
  /** First member in [second, until), which may be missed when there is none. */
  function nextSecond(second: number, until = END_SECOND): number | null {
    if (!(second < until)) return null;
    const from = Math.max(second, FIRST_SECOND);
    let day = dayOf(from);
    const firstDay = day;
    let stretch = NOT_ASKED;
    const stop = Math.min(Math.max(day, agenda.periodicFrom) + CYCLE_DAYS, END_DAY - 1, dayOf(until - 1));
    while (!isSpent()) {
      if (!(day <= stop)) return null;
      const start = spentSoFar();
      spend(A_LOOK);
      if (day >= stretch.until) stretch = outlineAt(day);
      const { most, until: end } = stretch;
      if (most === NO_SECONDS) day = end;
      else {
        day = agenda.nextDay(day);
        if (day >= end || day > stop) continue;
        const set = setOf(day);
        const found = firstFrom(set, day === firstDay ? from - day * DAY_SECONDS : 0);
        if (found >= 0) {
          foundBy(start);
          return day * DAY_SECONDS + found;
        }
        day++;
      }
    }
    return null;
  }
  function previousSecond(second: number): number | null {
    if (!(second >= FIRST_SECOND)) return null;
    const until = Math.min(second, END_SECOND - 1);
    let day = dayOf(until);
    const lastDay = day;
    let stretch = NOT_ASKED;
    while (!isSpent()) {
      if (day < FIRST_DAY) return null;
      const start = spentSoFar();
      spend(A_LOOK);
      if (day < stretch.from) stretch = outlineAt(day);
      const { most, from } = stretch;
      if (most === NO_SECONDS) day = from - 1;
      else {
        day = agenda.previousDay(day);
        if (day < Math.max(from, FIRST_DAY)) continue;
        const set = setOf(day);
        const found = lastUntil(set, day === lastDay ? until - day * DAY_SECONDS : DAY_SECONDS - 1);
        if (found >= 0) {
          foundBy(start);
          return day * DAY_SECONDS + found;
        }
        day--;
      }
    }
    return null;
  }
  /** Members on the days [from, until). */
  function countDays(from: number, until: number): number {
    const cycles = Math.floor((until - Math.max(from, agenda.periodicFrom)) / CYCLE_DAYS);
    if (cycles > 1) {
      const last = until - (cycles - 1) * CYCLE_DAYS;
      return countDays(from, last) + (cycles - 1) * countDays(last - CYCLE_DAYS, last);
    }
    let total = 0;
    let looks = MOST_COUNTED;
    for (let day = agenda.nextDay(from); day < until && looks > 0; day = agenda.nextDay(day + 1), looks--)
      total += agenda.day(day).size;
    return total;
  }
  function count(from: number, until: number): number {
    const first = Math.max(from, FIRST_SECOND);
    const end = Math.min(until, END_SECOND);
    if (!(first < end)) return 0;
    const [firstDay, lastDay] = [dayOf(first), dayOf(end - 1)];
    const part = (day: number): number =>
      countSeconds(agenda.day(day), first - day * DAY_SECONDS, Math.min(end - day * DAY_SECONDS, DAY_SECONDS));
    if (firstDay === lastDay) return part(firstDay);
    return part(firstDay) + countDays(firstDay + 1, lastDay) + part(lastDay);
  }
  function between(from: number, until: number, limit: number): number[] {
    const end = Math.min(Math.ceil(until / 1000), END_SECOND);
    const first = Math.max(Math.ceil(from / 1000), FIRST_SECOND);
    return listed((second) => nextSecond(second, end), first, end, limit).map((second) => second * 1000);
  }
  const toInstant = (second: number | null): number | null => (second === null ? null : second * 1000);
  return {
    next: (after) => toInstant(search(() => nextSecond(Math.floor(after / 1000) + 1))),
    previous: (before) => toInstant(search(() => previousSecond(Math.ceil(before / 1000) - 1))),
    between,
    matches(instant) {
      if (instant % 1000 !== 0 || instant < FIRST_INSTANT || instant > LAST_INSTANT) return false;
      const day = dayOf(instant / 1000);
      return hasSecond(setOf(day), instant / 1000 - day * DAY_SECONDS);
    },
    count: (from, until) => count(Math.ceil(from / 1000), Math.ceil(until / 1000)),
  };
}
