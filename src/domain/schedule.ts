import { compileTrigger } from '../trigger/compile.ts';
import { spend, spentSoFar } from '../trigger/effort.ts';
import type { DstGap, DstOverlap, Trigger, TriggerKind, TriggerSpec } from '../trigger/trigger.ts';
import { withinBounds } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import { daysByCalendar } from './calendar.ts';
import type { CalendarDates } from './calendar.ts';

/** null: the trigger kind's own default */
export interface DstSettings {
  gap: DstGap | null;
  overlap: DstOverlap | null;
}
export interface TriggerSource extends Bounds {
  id: string;
  version: number;
  triggerSpec: TriggerSpec;
  timeZone: string;
  dst: DstSettings;
  createdAt: Date;
  /** Of the calendars that the trigger names; null: it names none. */
  calendars: CalendarDates | null;
  /** Counts changes of these calendars. */
  calendarStamp: number;
}
/** What a trigger is compiled from. */
type Compiled = Omit<TriggerSource, 'id' | 'version' | 'calendarStamp'>;

/** Intervals without an anchor start from the schedule's creation, cut to whole seconds; later edits do not move it. */
export function anchorOf(createdAt: number): number {
  return Math.floor(createdAt / 1_000) * 1_000;
}

/** Whether a schedule is over. One that runs by hand only has no next instant and never ends. */
export function hasEnded(kind: TriggerKind, next: number | Date | null): boolean {
  return next === null && kind !== 'MANUAL';
}

/** The occurrences of a stored schedule: its trigger within its bounds. @throws Error as givenTriggerOf */
export function triggerOf(schedule: Compiled): Trigger {
  return withinBounds(givenTriggerOf(schedule), schedule);
}

/**
 * Compiles the trigger of a stored schedule as it was given, without the schedule's bounds.
 * @throws Error when a stored trigger does not compile: a bug, never user input
 */
export function givenTriggerOf(schedule: Omit<Compiled, keyof Bounds>): Trigger {
  const { timeZone, dst } = schedule;
  const anchorAt = anchorOf(schedule.createdAt.getTime());
  const calendars = daysByCalendar(schedule.calendars);
  const compiled = compileTrigger(schedule.triggerSpec, { timeZone, dst, anchorAt, calendars });
  if (!compiled.ok)
    throw new Error(`a stored trigger does not compile: ${compiled.errors.map((error) => error.message).join('; ')}`);
  return compiled.trigger;
}

/**
 * Remembers the compiled crons of schedules by what they are compiled from: those of the same definition share one. Other kinds may count
 * from the creation, or be large. What a compilation takes is charged each time (effort.ts), so that no answer depends on what was asked
 * before.
 */
export function createCronCache(size: number): (schedule: Compiled) => Trigger {
  const cache = new Map<string, { trigger: Trigger; steps: number }>();
  return (schedule) => {
    const { triggerSpec, timeZone, dst, startAt, endAt } = schedule;
    if (!('cron' in triggerSpec)) return triggerOf(schedule);
    const key = JSON.stringify([triggerSpec, timeZone, dst, startAt, endAt]);
    let known = cache.get(key);
    if (known === undefined) {
      const began = spentSoFar();
      known = { trigger: triggerOf(schedule), steps: spentSoFar() - began };
    } else {
      spend(known.steps);
    }
    cache.delete(key);
    cache.set(key, known);
    if (cache.size > size) cache.delete(cache.keys().next().value as string);
    return known.trigger;
  };
}

/** Remembers compiled triggers by schedule, version and stamp of its calendars, the least recently used dropped first. */
export function createTriggerCache(size: number): (schedule: TriggerSource) => Trigger {
  const cache = new Map<string, Trigger>();
  return (schedule) => {
    const key = `${schedule.id}:${schedule.version}:${schedule.calendarStamp}`;
    const trigger = cache.get(key) ?? triggerOf(schedule);
    cache.delete(key);
    cache.set(key, trigger);
    if (cache.size > size) cache.delete(cache.keys().next().value as string);
    return trigger;
  };
}
