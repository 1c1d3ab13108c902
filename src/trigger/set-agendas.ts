import type { Agenda, Outline } from './agenda.ts';
import { CYCLE_DAYS, DAY_SECONDS, dayOfDate } from './civil.ts';
import { isSpent, spend, uncharged } from './effort.ts';
import type { Seconds } from './seconds.ts';
import { ALL_SECONDS, both, either, NO_SECONDS, reached, remembered, Runs, secondsOfList, without } from './seconds.ts';
import { firstFrom } from './sorted.ts';
import type { WallDays } from './wall.ts';

/** Rounds of asking each member for its next day before the day that is reached is looked at instead. */
const MOST_ROUNDS = 64;

/** Steps of asking one member for its next day, alone and together with the day before. */
const [A_QUESTION, A_NEAR_QUESTION] = [4, 6];

const weightOf = (members: readonly Agenda[]): number => members.reduce((sum, member) => sum + member.weight, 0);
const periodicFrom = (members: readonly Agenda[]): number => Math.max(...members.map((member) => member.periodicFrom));

/**
 * The outline of a set: the stretch that the outlines of all its members have around a day, with what `most` and `least`
 * make of theirs. The last answer is kept, because searches ask day by day and stretches are long.
 */
function outlines(members: readonly Agenda[], most: (of: readonly Outline[]) => Seconds, least: typeof most): Agenda['outline'] {
  let known: Outline = { from: 0, until: 0, most: NO_SECONDS, least: NO_SECONDS };
  return (day) => {
    if (day >= known.from && day < known.until) return known;
    let [from, until] = [-Infinity, Infinity];
    const of: Outline[] = [];
    for (const member of members) {
      const outline = member.outline(day);
      of.push(outline);
      if (outline.from > from) from = outline.from;
      if (outline.until < until) until = outline.until;
    }
    return (known = uncharged(() => ({ from, until, most: most(of), least: least(of) })));
  };
}

function allOf(sets: readonly Seconds[]): Seconds {
  let found = ALL_SECONDS;
  for (const set of sets) found = both(found, set);
  return found;
}
function anyOf(sets: readonly Seconds[]): Seconds {
  let found = NO_SECONDS;
  for (const set of sets) found = either(found, set);
  return found;
}
const mostOf = (of: readonly Outline[]): Seconds[] => of.map((outline) => outline.most);
const leastOf = (of: readonly Outline[]): Seconds[] => of.map((outline) => outline.least);

export function unionAgenda(members: readonly Agenda[]): Agenda {
  return {
    day: (day) => anyOf(members.map((member) => member.day(day))),
    nextDay(day) {
      spend(A_QUESTION * members.length);
      return Math.min(...members.map((member) => member.nextDay(day)));
    },
    previousDay(day) {
      spend(A_QUESTION * members.length);
      return Math.max(...members.map((member) => member.previousDay(day)));
    },
    outline: outlines(
      members,
      (of) => anyOf(mostOf(of)),
      (of) => anyOf(leastOf(of)),
    ),
    periodicFrom: periodicFrom(members),
    weight: weightOf(members),
    fine: members.some((member) => member.fine),
  };
}

/** What all members have. Exact for whole seconds; a member between them has no meeting with one on them. */
export function intersectionAgenda(members: readonly Agenda[]): Agenda {
  const meetOn = (day: number): Seconds => {
    let found = ALL_SECONDS;
    for (const member of members) {
      found = both(found, member.day(day));
      if (found === NO_SECONDS) break;
    }
    return found;
  };
  function leap(day: number, ask: (member: Agenda, day: number) => number): number {
    let found = day;
    for (let round = 0; round < MOST_ROUNDS && !isSpent(); round++) {
      spend(A_QUESTION * members.length);
      const before = found;
      for (const member of members) {
        found = ask(member, found);
        if (!Number.isFinite(found)) return found;
      }
      if (found === before) break;
    }
    return found;
  }
  const joint = jointDays(members);
  return {
    day: meetOn,
    nextDay: (day) => joint.nextDay(leap(day, (member, from) => member.nextDay(from))),
    previousDay: (day) => joint.previousDay(leap(day, (member, from) => member.previousDay(from))),
    outline: outlines(
      members,
      (of) => allOf(mostOf(of)),
      (of) => allOf(leastOf(of)),
    ),
    periodicFrom: periodicFrom(members),
    weight: weightOf(members),
    fine: members.every((member) => member.fine),
  };
}

/** Years of every shape, as `createDaySet` knows them: patterns without listed years that share no day of theirs never do. */
const [EVERY_SHAPE_FROM, EVERY_SHAPE_UNTIL] = [dayOfDate(2001, 1, 1), dayOfDate(2029, 1, 1)];
function haveDayInCommon(walls: readonly WallDays[]): boolean {
  let day = EVERY_SHAPE_FROM;
  for (let same = 0, i = 0; same < walls.length && day < EVERY_SHAPE_UNTIL; i = (i + 1) % walls.length) {
    spend(1);
    const found = walls[i]?.nextDay(day) ?? Infinity;
    same = found === day ? same + 1 : 1;
    day = found;
  }
  return day < EVERY_SHAPE_UNTIL;
}

/**
 * Local days that all patterns of one clock have: `MON` and `TUE` never meet, although both have hours on one day of UTC.
 * Only while the clock is calm: a jump over midnight carries times from one local day to another.
 */
function jointDays(members: readonly Agenda[]): Pick<Agenda, 'nextDay' | 'previousDay'> {
  const clocks = members.flatMap(({ clock }) => clock ?? []);
  const [first] = clocks;
  const walls = clocks.filter(({ zone }) => zone === first?.zone).map(({ wall }) => wall);
  if (first === undefined || walls.length < 2) return { nextDay: (day) => day, previousDay: (day) => day };
  // What no day of a cycle has no day of the stretch has; other patterns are asked again from there.
  const periodic = walls.every((wall) => wall.periodicFrom === -Infinity);
  const never = periodic && !haveDayInCommon(walls);
  return {
    nextDay(day) {
      const calm = Number.isFinite(day) ? first.calmAround(day) : null;
      if (calm === null) return day;
      const end = Math.floor((calm.until * DAY_SECONDS + calm.offset) / DAY_SECONDS) + 1;
      let local = Math.floor((day * DAY_SECONDS + calm.offset) / DAY_SECONDS);
      const cycle = local + CYCLE_DAYS;
      if (never) local = end;
      for (let same = 0, i = 0; same < walls.length && local <= Math.min(end, cycle) && !isSpent(); i = (i + 1) % walls.length) {
        spend(A_QUESTION);
        const found = walls[i]?.nextDay(local) ?? Infinity;
        same = found === local ? same + 1 : 1;
        local = found;
      }
      if (local > cycle && periodic) local = end;
      return Math.max(day, Math.min(Math.floor((local * DAY_SECONDS - calm.offset) / DAY_SECONDS), calm.until));
    },
    previousDay(day) {
      const calm = Number.isFinite(day) ? first.calmAround(day) : null;
      if (calm === null) return day;
      const end = Math.floor((calm.from * DAY_SECONDS + calm.offset) / DAY_SECONDS) - 1;
      let local = Math.floor(((day + 1) * DAY_SECONDS - 1 + calm.offset) / DAY_SECONDS);
      const cycle = local - CYCLE_DAYS;
      if (never) local = end;
      for (let same = 0, i = 0; same < walls.length && local >= Math.max(end, cycle) && !isSpent(); i = (i + 1) % walls.length) {
        spend(A_QUESTION);
        const found = walls[i]?.previousDay(local) ?? -Infinity;
        same = found === local ? same + 1 : 1;
        local = found;
      }
      if (local < cycle && periodic) local = end;
      const latest = Math.floor(((local + 1) * DAY_SECONDS - 1 - calm.offset) / DAY_SECONDS);
      return Math.min(day, Math.max(latest, calm.from - 1));
    },
  };
}

/**
 * What one member has while every other has something in the `reach` seconds before it or on it.
 * @param reach  1 to 86,400: what a day has depends on it and the day before
 */
export function nearbyAgenda(members: readonly Agenda[], reach: number): Agenda {
  const widen = remembered((before, day) => reached(before, day, reach));
  const meet = (days: readonly Seconds[], daysBefore: readonly Seconds[]): Seconds =>
    both(anyOf(days), allOf(days.map((day, i) => widen(daysBefore[i] ?? NO_SECONDS, day))));
  const half = members.length;
  // Each member twice: as it is, and as it was the day before.
  const twice = [...members, ...members.map(dayLater)];
  function leap(number: number, ask: (member: Agenda, day: number) => number, slack: 1 | 0): number {
    let found = number;
    for (let round = 0; round < MOST_ROUNDS && !isSpent(); round++) {
      spend(A_NEAR_QUESTION * members.length);
      const before = found;
      for (const member of members) {
        const reachable = ask(member, slack === 1 ? found - 1 : found);
        found = slack === 1 ? Math.max(found, reachable) : Math.min(found, reachable + 1);
        if (!Number.isFinite(found)) return found;
      }
      if (found === before) break;
    }
    return found;
  }
  return {
    day: (number) =>
      meet(
        members.map((member) => member.day(number)),
        members.map((member) => member.day(number - 1)),
      ),
    nextDay: (number) => leap(number, (member, from) => member.nextDay(from), 1),
    previousDay: (number) => leap(number, (member, from) => member.previousDay(from), 0),
    outline: outlines(
      twice,
      (of) => meet(mostOf(of.slice(0, half)), mostOf(of.slice(half))),
      (of) => meet(leastOf(of.slice(0, half)), leastOf(of.slice(half))),
    ),
    periodicFrom: periodicFrom(members) + 1,
    weight: 2 * weightOf(members),
    fine: members.some((member) => member.fine),
  };
}

/** What was so the day before. */
const dayLater = (agenda: Agenda): Agenda => ({
  ...agenda,
  outline(day) {
    const { from, until, most, least } = agenda.outline(day - 1);
    return { from: from + 1, until: until + 1, most, least };
  },
});

/** What the base has and none of the others. */
export function differenceAgenda(base: Agenda, excluded: readonly Agenda[]): Agenda {
  const whole = outlines(
    [base, ...excluded],
    ([of, ...others]) => leastOf(others).reduce(without, of?.most ?? NO_SECONDS),
    ([of, ...others]) => mostOf(others).reduce(without, of?.least ?? NO_SECONDS),
  );
  function outline(day: number): Outline {
    // What one exclusion takes whole is silent as far as that goes, whatever the others do.
    for (const one of excluded) {
      const { from, until, least } = one.outline(day);
      if (least === ALL_SECONDS) return { from, until, most: NO_SECONDS, least: NO_SECONDS };
    }
    return whole(day);
  }
  return {
    day: (day) => excluded.reduce((found, one) => (found === NO_SECONDS ? found : without(found, one.day(day))), base.day(day)),
    nextDay: (day) => base.nextDay(day),
    previousDay: (day) => base.previousDay(day),
    outline,
    periodicFrom: periodicFrom([base, ...excluded]),
    weight: weightOf([base, ...excluded]),
    fine: base.fine,
  };
}

/** @param first, end  whole seconds, [first, end); -Infinity, Infinity: no bound */
export function boundedAgenda(inner: Agenda, first: number, end: number): Agenda {
  const firstDay = Math.floor(first / DAY_SECONDS);
  const endDay = Math.ceil(end / DAY_SECONDS);
  function day(number: number): Seconds {
    if (number < firstDay || number >= endDay) return NO_SECONDS;
    const start = number * DAY_SECONDS;
    if (start >= first && start + DAY_SECONDS <= end) return inner.day(number);
    const runs = new Runs();
    runs.copy(inner.day(number), Math.max(first - start, 0), Math.min(end - start, DAY_SECONDS), 0);
    return runs.seconds();
  }
  function nextDay(number: number): number {
    const found = inner.nextDay(Math.max(number, firstDay));
    return found < endDay ? found : Infinity;
  }
  function previousDay(number: number): number {
    const found = inner.previousDay(Math.min(number, endDay - 1));
    return found >= firstDay ? found : -Infinity;
  }
  function outline(number: number): Outline {
    if (number < firstDay) return { from: -Infinity, until: firstDay, most: NO_SECONDS, least: NO_SECONDS };
    if (number >= endDay) return { from: endDay, until: Infinity, most: NO_SECONDS, least: NO_SECONDS };
    const { from, until, most, least } = inner.outline(number);
    const start = number * DAY_SECONDS;
    if (start < first || start + DAY_SECONDS > end) return { from: number, until: number + 1, most, least: NO_SECONDS };
    return { from: Math.max(from, firstDay + 1), until: Math.min(until, endDay - 1), most, least };
  }
  const after = endDay === Infinity ? Math.max(inner.periodicFrom, firstDay + 1) : endDay;
  return { day, nextDay, previousDay, outline, periodicFrom: after, weight: inner.weight, fine: inner.fine };
}

/** @param removed, added  epoch seconds, ascending */
export function changedAgenda(inner: Agenda, removed: readonly number[], added: readonly number[]): Agenda {
  if (removed.length + added.length === 0) return inner;
  const onDay = (list: readonly number[], day: number): Seconds => {
    const [from, until] = [firstFrom(list, day * DAY_SECONDS), firstFrom(list, (day + 1) * DAY_SECONDS)];
    return secondsOfList(list.slice(from, until).map((second) => second - day * DAY_SECONDS));
  };
  const dayOf = (second: number | undefined, none: number): number =>
    second === undefined ? none : Math.floor(second / DAY_SECONDS);
  return {
    ...inner,
    day: (day) => either(without(inner.day(day), onDay(removed, day)), onDay(added, day)),
    nextDay: (day) => Math.min(inner.nextDay(day), dayOf(added[firstFrom(added, day * DAY_SECONDS)], Infinity)),
    previousDay: (day) =>
      Math.max(inner.previousDay(day), dayOf(added[firstFrom(added, (day + 1) * DAY_SECONDS) - 1], -Infinity)),
    outline(day) {
      const { from, until, most, least } = inner.outline(day);
      return { from, until, most: added.length > 0 ? ALL_SECONDS : most, least: removed.length > 0 ? NO_SECONDS : least };
    },
    periodicFrom: Infinity,
  };
}

/** Every second of every day. */
export const EVER: Agenda = {
  day: () => ALL_SECONDS,
  nextDay: (day) => day,
  previousDay: (day) => day,
  outline: () => ({ from: -Infinity, until: Infinity, most: ALL_SECONDS, least: ALL_SECONDS }),
  periodicFrom: -Infinity,
  weight: 1,
  fine: false,
};
