import { cronFieldTexts } from './cron-text.ts';
import { limited, MOST_SEARCHED } from './effort.ts';
import { nextListed, nextOn } from './explain.ts';
import type { Window } from './lint-clock.ts';
import { lintOnClock } from './lint-clock.ts';
import { dayMatchAmbiguous, monthsPassedOver, stepsPassOver } from './lint-days.ts';
import { closestTimes, unevenSteps, veryFrequent } from './lint-times.ts';
import type { AtTrigger, Trigger } from './trigger.ts';
import { LAST_INSTANT } from './trigger.ts';

export type TriggerLintCode =
  | 'ENDS'
  | 'MONTHS_PASSED_OVER'
  | 'UNEVEN_STEP'
  | 'IN_NEXT_DST_GAP'
  | 'IN_NEXT_DST_OVERLAP'
  | 'DAY_MATCH_AMBIGUOUS'
  | 'VERY_FREQUENT';

/** Something that is allowed and may not be what was meant. */
export interface TriggerLint {
  code: TriggerLintCode;
  /** For people. */
  message: string;
  /** Epoch milliseconds; null when it is not about one instant. */
  at: number | null;
}

/** How far daylight saving is looked ahead: 13 months, so that every yearly change is seen with time to spare. */
const LOOK_AHEAD_MS = 396 * 86_400_000;
const LOOKED_AT = 100;
const CYCLE_MS = 400 * 365.2425 * 86_400_000;

/** @param now  epoch milliseconds; daylight saving is looked at from here on */
export function lintTrigger(trigger: Trigger, now: number): TriggerLint[] {
  return [...ends(trigger, now), ...lintsOf(trigger, { from: now, until: now + LOOK_AHEAD_MS })];
}

/**
 * @param window  where the trigger's times count
 * @param close   whether to look how close its times come: those of members say nothing of the whole
 */
function lintsOf(trigger: Trigger, window: Window, close = true): TriggerLint[] {
  const frequent = (closest: () => number): TriggerLint[] => (close ? veryFrequent(closest()) : []);
  switch (trigger.kind) {
    case 'CRON':
      return [
        ...monthsPassedOver(trigger.rule),
        ...unevenSteps(cronFieldTexts(trigger.expression), trigger.rule.fields),
        ...lintOnClock(trigger, nextOn(trigger.wall), window),
        ...(trigger.dayMatch === 'CRONTAB' ? dayMatchAmbiguous(trigger.rule) : []),
        ...frequent(() => closestTimes(trigger.rule.fields)),
      ];
    case 'CALENDAR':
      return [
        ...monthsPassedOver(trigger.rule),
        ...unevenSteps(trigger.fields, trigger.rule.fields),
        ...lintOnClock(trigger, nextOn(trigger.wall), window),
        ...frequent(() => closestTimes(trigger.rule.fields)),
      ];
    case 'INTERVAL':
      return frequent(() => trigger.everyMs);
    case 'CALENDAR_INTERVAL':
      return [...stepsPassOver(trigger), ...lintOnClock(trigger, nextOn(trigger.wall), window)];
    case 'AT':
      return [...lintOnClock(trigger, nextListed(trigger), window), ...frequent(() => closestListed(trigger))];
    case 'RRULE':
      return [...lintOnClock(trigger, nextOn(trigger.wall), window), ...frequent(() => closestComing(trigger, window))];
    case 'ANY_OF': {
      const ofMembers = trigger.triggers.flatMap((member) => lintsOf(member, window, false));
      return [...distinct(ofMembers), ...frequent(() => closestComing(trigger, window))];
    }
    // Which of its members' times are left is not told by their fields.
    case 'ALL_OF':
      return frequent(() => closestComing(trigger, window));
    case 'EXCEPT': {
      const left = lintsOf(trigger.base, window, false).filter(({ at }) => at === null || trigger.matches(at));
      return [...left, ...frequent(() => closestComing(trigger, window))];
    }
    case 'BOUNDED': {
      const { startAt, endAt } = trigger;
      const inside = { from: Math.max(window.from, startAt ?? -Infinity), until: Math.min(window.until, endAt ?? Infinity) };
      const several = close && trigger.between(-Infinity, Infinity, 2).length > 1;
      return lintsOf(trigger.trigger, inside, several);
    }
    case 'MANUAL':
      return [];
  }
}

/** Members may say the same. */
function distinct(lints: readonly TriggerLint[]): TriggerLint[] {
  return [...new Map(lints.map((lint) => [`${lint.code} ${lint.message}`, lint])).values()];
}

/** One that has ended already is told by its preview. */
function ends(trigger: Trigger, now: number): TriggerLint[] {
  const last = lastOf(trigger);
  if (last === null || last <= now) return [];
  const { local, offset } = trigger.fireTime(last);
  return [{ code: 'ENDS', message: `Its last time is ${local.replace('T', ' ')} ${offset}; after it there are none.`, at: last }];
}

/**
 * The last occurrence; null when there is none, or no end. Zone and calendar repeat every 400 years: what still comes in the last
 * 400 of the calculus ends only with it.
 */
function lastOf(trigger: Trigger): number | null {
  switch (trigger.kind) {
    case 'INTERVAL':
    case 'CALENDAR_INTERVAL':
    case 'MANUAL':
      return null;
    case 'CRON':
    case 'CALENDAR':
    case 'AT':
    case 'RRULE':
    case 'ANY_OF':
    case 'ALL_OF':
    case 'EXCEPT':
      return endBefore(trigger.previous(Infinity));
    case 'BOUNDED':
      return trigger.endAt === null && lastOf(trigger.trigger) === null ? null : endBefore(trigger.previous(Infinity));
  }
}

const endBefore = (last: number | null): number | null => (last !== null && last < LAST_INSTANT - CYCLE_MS ? last : null);

/** Of the next few: what combines others has no fields that would tell. */
function closestComing(trigger: Trigger, { from, until }: Window): number {
  // What is rare need not be looked at to the last.
  const times = limited(MOST_SEARCHED, () => trigger.between(from, until, LOOKED_AT));
  return Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? -Infinity)));
}

function closestListed(trigger: AtTrigger): number {
  const times = trigger.between(-Infinity, Infinity, Infinity);
  return Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? -Infinity)));
}
