import { DAY_SECONDS } from './civil.ts';
import { spend } from './effort.ts';
import type { Seconds } from './seconds.ts';
import { ALL_SECONDS, NO_SECONDS, Runs } from './seconds.ts';
import type { WallDays, WallPattern } from './wall.ts';

/** Steps of asking a pattern for one reading. */
const A_READING = 4;

/** The members of a pattern in [from, until), which lies in the day of `from`, one by one. */
export function secondsBetween(next: WallPattern['next'], from: number, until: number): Seconds {
  const start = Math.floor(from / DAY_SECONDS) * DAY_SECONDS;
  const runs = new Runs();
  spend(A_READING);
  for (let at = next(from); at < until; at = next(at + 1)) {
    spend(A_READING);
    runs.add(at - start, at - start + 1);
  }
  return runs.seconds();
}

/** The days of a pattern of which no more is known than its readings. @param on  as in WallDays */
export function walkedDays(pattern: Pick<WallPattern, 'next' | 'previous'>, on: WallDays['on']): WallDays {
  return {
    on,
    nextDay: (day) => Math.floor(pattern.next(day * DAY_SECONDS) / DAY_SECONDS),
    previousDay: (day) => Math.floor(pattern.previous((day + 1) * DAY_SECONDS - 1) / DAY_SECONDS),
    most: ALL_SECONDS,
    least: NO_SECONDS,
    periodicFrom: Infinity,
  };
}

/** What the days of a pattern have in [first, last], readings. */
export function daysWithin(days: WallDays, first: number, last: number): WallDays {
  const [firstDay, lastDay] = [Math.floor(first / DAY_SECONDS), Math.floor(last / DAY_SECONDS)];
  /** The two days that are cut: made once, because days that are alike must have the same set. */
  const cut = new Map<number, Seconds>();
  function on(day: number): Seconds {
    if (day < firstDay || day > lastDay) return NO_SECONDS;
    if (day > firstDay && day < lastDay) return days.on(day);
    let found = cut.get(day);
    if (found === undefined) {
      const start = day * DAY_SECONDS;
      const runs = new Runs();
      runs.copy(days.on(day), Math.max(first - start, 0), Math.min(last - start + 1, DAY_SECONDS), 0);
      cut.set(day, (found = runs.seconds()));
    }
    return found;
  }
  function nextDay(day: number): number {
    const found = days.nextDay(Math.max(day, firstDay));
    return found <= lastDay ? found : Infinity;
  }
  function previousDay(day: number): number {
    const found = days.previousDay(Math.min(day, lastDay));
    return found >= firstDay ? found : -Infinity;
  }
  return {
    on,
    nextDay,
    previousDay,
    get most() {
      return days.most;
    },
    least: NO_SECONDS,
    periodicFrom: Infinity,
  };
}
