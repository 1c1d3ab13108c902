import { DAY_SECONDS } from './civil.ts';
import { spend } from './effort.ts';
import type { Seconds } from './seconds.ts';
import { ALL_SECONDS, NO_SECONDS, Runs } from './seconds.ts';
import type { Trigger } from './trigger.ts';
import type { WallDays } from './wall.ts';
import type { Zone } from './zone.ts';

/**
 * The occurrences of a trigger on whole seconds, as a set of seconds for each day of UTC (numbered from 1970-01-01 = 0).
 * Days that are alike are answered with the same set, so the set operators compute each combination once.
 */
export interface Agenda {
  day(day: number): Seconds;
  /** No day in [day, answer) has an occurrence; Infinity: there is none from `day` on. The answered day itself may have none. */
  nextDay(day: number): number;
  /** The mirror of nextDay; -Infinity: there is none until `day`. */
  previousDay(day: number): number;
  /** What any day in [from, until) around `day` has at most and at least: proves in one step that a stretch of days is silent. */
  outline(day: number): Outline;
  /** From this day on it repeats every 400 years; Infinity: it does not. */
  readonly periodicFrom: number;
  /** What an outline costs: 1 for each simple pattern that it is made of, more for those of many runs. */
  readonly weight: number;
  /** There are occurrences between the seconds too. */
  readonly fine: boolean;
  /** The pattern of one clock that it follows, where there is one: patterns of the same clock are compared by its own days. */
  readonly clock?: ClockDays;
}

interface ClockDays {
  zone: Zone;
  wall: WallDays;
  /** The stretch of days of UTC around one during which the clock neither jumps nor feels a jump; null: it does. */
  calmAround(day: number): Calm | null;
}

/** Days of UTC, [from, until); the offset in seconds east of it. */
export interface Calm {
  from: number;
  until: number;
  offset: number;
}

export interface Outline {
  from: number;
  until: number;
  most: Seconds;
  least: Seconds;
}

/** Knows nothing of any day. */
const ANY_OUTLINE: Outline = { from: -Infinity, until: Infinity, most: ALL_SECONDS, least: NO_SECONDS };

/** A kind of trigger without an agenda of its own is asked for its occurrences, day by day. */
export function agendaOf(trigger: Trigger): Agenda {
  // Of the kinds without an agenda only lists have times between the seconds.
  const fine = (): boolean =>
    trigger.kind === 'AT' && trigger.between(-Infinity, Infinity, Infinity).some((at) => at % 1000 !== 0);
  return trigger.agenda?.() ?? askedAgenda(trigger, fine());
}

/** Steps of asking for one instant. */
const AN_INSTANT = 5;
const DAY_MS = DAY_SECONDS * 1000;

/** @param fine  as in Agenda */
export function askedAgenda(trigger: Pick<Trigger, 'next' | 'previous' | 'between'>, fine: boolean): Agenda {
  const dayOf = (instant: number | null, none: number): number => (instant === null ? none : Math.floor(instant / DAY_MS));
  function day(number: number): Seconds {
    const runs = new Runs();
    const start = number * DAY_MS;
    spend(AN_INSTANT);
    for (const instant of trigger.between(start, start + DAY_MS, Infinity)) {
      spend(AN_INSTANT);
      const second = (instant - start) / 1000;
      if (Number.isInteger(second)) runs.add(second, second + 1);
    }
    return runs.seconds();
  }
  return {
    day,
    nextDay: (number) => dayOf(trigger.next(number * DAY_MS - 1), Infinity),
    previousDay: (number) => dayOf(trigger.previous((number + 1) * DAY_MS), -Infinity),
    outline: () => ANY_OUTLINE,
    weight: 1,
    periodicFrom: Infinity,
    fine,
  };
}
