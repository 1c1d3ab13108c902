import type { Cause } from './cause.ts';
import { asFarAsDecided, letsThrough } from './cause.ts';
import { DAY_SECONDS } from './civil.ts';
import { describeLength } from './duration.ts';
import type { Readings } from './explain-clock.ts';
import { explainOnClock } from './explain-clock.ts';
import { explainFields } from './explain-fields.ts';
import { explainSet } from './explain-sets.ts';
import { clockText, dateText, zonedText } from './reading-text.ts';
import type { AtTrigger, BoundedTrigger, CalendarIntervalTrigger, IntervalTrigger, RRuleTrigger, Trigger } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';
import type { WallPattern } from './wall.ts';

/**
 * Why an instant is an occurrence of a trigger, or is not: what was looked at in its order, from coarse to fine. The list ends
 * at the first cause that stops the instant.
 * @param instant  epoch milliseconds
 * @returns never empty; all but the last pass, and the last one passes exactly when the trigger matches the instant
 */
export function explainTrigger(trigger: Trigger, instant: number): Cause[] {
  if (!(instant >= FIRST_INSTANT && instant <= LAST_INSTANT))
    return [{ subject: 'year', passes: false, message: 'there are only the years 1 to 9999 of UTC' }];
  switch (trigger.kind) {
    case 'CRON':
    case 'CALENDAR': {
      const readings = { causes: (reading: number) => explainFields(trigger.rule, reading), next: nextOn(trigger.wall) };
      return explainOnClock(trigger, readings, instant);
    }
    case 'INTERVAL':
      return [explainInterval(trigger, instant)];
    case 'CALENDAR_INTERVAL':
      return explainOnClock(trigger, datesOfSequence(trigger), instant);
    case 'AT':
      return explainAt(trigger, instant);
    case 'RRULE':
      return explainRRule(trigger, instant);
    case 'ANY_OF':
    case 'ALL_OF':
    case 'EXCEPT':
      return explainSet(trigger, instant, explainTrigger);
    case 'BOUNDED':
      return explainBounded(trigger, instant);
    case 'MANUAL':
      return [{ subject: 'manual', passes: false, message: 'it has no times of its own: it runs only when triggered by hand' }];
  }
}

const iso = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z');

/** A wall pattern asked in milliseconds. */
export const nextOn =
  (wall: WallPattern) =>
  (reading: number): number =>
    wall.next(Math.ceil(reading / 1000)) * 1000;

function explainInterval(trigger: IntervalTrigger, instant: number): Cause {
  const subject = 'interval';
  const steps = (instant - trigger.anchorAt) / trigger.everyMs;
  if (trigger.matches(instant)) {
    const where = `${Math.abs(steps)} × ${describeLength(trigger.everyMs)} ${steps < 0 ? 'before' : 'after'} the anchor ${iso(trigger.anchorAt)}`;
    return {
      subject,
      passes: true,
      message: steps === 0 ? `${iso(instant)} is the anchor itself` : `${iso(instant)} is ${where}`,
    };
  }
  const [before, after] = [trigger.previous(instant), trigger.next(instant)];
  const parts = [
    ...(before === null ? [] : [`${describeLength(instant - before)} after ${iso(before)}`]),
    ...(after === null ? [] : [`the next is ${iso(after)}`]),
  ];
  const message = parts.length === 0 ? 'it has no times in the years 1 to 9999' : parts.join('; ');
  return { subject, passes: false, message };
}

/** First the date, then the time of day. */
function datesOfSequence({ wall, at, every, startOn }: CalendarIntervalTrigger): Readings {
  const [hour = 0, minute = 0, second = 0] = at.split(':').map(Number);
  const time = (hour * 60 + minute) * 60 + second;
  function causes(reading: number): Cause[] {
    const asked = Math.floor(reading / 1000 / DAY_SECONDS) * DAY_SECONDS + time;
    const named = wall.has(asked);
    const [before, after] = [wall.previous(asked - 1) * 1000, wall.next(asked + 1) * 1000];
    const near = [
      ...(before === -Infinity ? [] : [`the one before is ${dateText(before)}`]),
      ...(after === Infinity ? [] : [`the next is ${dateText(after)}`]),
    ];
    const sequence = `the dates every ${every} from ${startOn} on`;
    const date = `${dateText(reading)} is ${named ? '' : 'not '}one of ${sequence}`;
    const onTime = reading === asked * 1000;
    return asFarAsDecided([
      { subject: 'date', passes: named, message: named ? date : [date, ...near].join('; ') },
      {
        subject: 'time',
        passes: onTime,
        message: `${clockText(reading)} is ${onTime ? 'its time' : `not ${clockText(asked * 1000)}`}`,
      },
    ]);
  }
  return { causes, next: nextOn(wall) };
}

const readingsOf = ({ localTimes }: AtTrigger): number[] => localTimes.map((text) => Date.parse(`${text}Z`));

/** Its listed wall-clock times, as a set of readings in milliseconds. */
export function nextListed(trigger: AtTrigger): (reading: number) => number {
  const listed = readingsOf(trigger);
  return (reading) => listed.find((each) => each >= reading) ?? Infinity;
}

function explainAt(trigger: AtTrigger, instant: number): Cause[] {
  const { timeZone, times } = trigger;
  const shown = (listed: number): string => zonedText(listed, timeZone);
  if (times.includes(instant)) return [{ subject: 'at', passes: true, message: `${shown(instant)} is listed` }];
  const listed = readingsOf(trigger);
  const [before, after] = [trigger.previous(instant), trigger.next(instant)];
  const near = [
    ...(before === null ? [] : [`the one before is ${shown(before)}`]),
    ...(after === null ? [] : [`the next is ${shown(after)}`]),
  ];
  const readings: Readings = {
    causes(reading) {
      const passes = listed.includes(reading);
      const text = `${dateText(reading)} ${clockText(reading)}`;
      return [{ subject: 'at', passes, message: passes ? `${text} is listed` : [`${text} is not listed`, ...near].join('; ') }];
    },
    next: nextListed(trigger),
  };
  return explainOnClock(trigger, readings, instant);
}

function explainRRule(trigger: RRuleTrigger, instant: number): Cause[] {
  const { timeZone, wall } = trigger;
  const shown = zonedText(instant, timeZone);
  if (trigger.excluded.includes(instant)) return [{ subject: 'exdates', passes: false, message: `${shown} is one of exdates` }];
  if (trigger.added.includes(instant)) return [{ subject: 'rdates', passes: true, message: `${shown} is one of rdates` }];
  const readings: Readings = {
    causes(reading) {
      const passes = reading % 1000 === 0 && wall.has(reading / 1000);
      const [before, after] = [wall.previous(Math.ceil(reading / 1000) - 1), wall.next(Math.floor(reading / 1000) + 1)];
      const near = [
        ...(before === -Infinity ? [] : [`the one before is ${dateText(before * 1000)} ${clockText(before * 1000)}`]),
        ...(after === Infinity ? [] : [`the next is ${dateText(after * 1000)} ${clockText(after * 1000)}`]),
      ];
      const text = `${dateText(reading)} ${clockText(reading)}`;
      const message = passes ? `${text} is a time of the rule` : [`${text} is no time of the rule`, ...near].join('; ');
      return [{ subject: 'rrule', passes, message }];
    },
    next: nextOn(wall),
  };
  const causes = explainOnClock(trigger, readings, instant);
  // An UNTIL in UTC cuts instants, not readings.
  if (letsThrough(causes) && !trigger.matches(instant))
    return [...causes, { subject: 'until', passes: false, message: `${shown} is after UNTIL` }];
  return causes;
}

function explainBounded({ trigger, startAt, endAt }: BoundedTrigger, instant: number): Cause[] {
  const inner = explainTrigger(trigger, instant);
  return letsThrough(inner) ? [...inner, ...explainBounds(startAt, endAt, instant)] : inner;
}

/** Empty without bounds. @param startAt, endAt  both inclusive; null: no bound on that side */
export function explainBounds(startAt: number | null, endAt: number | null, instant: number): Cause[] {
  const causes: Cause[] = [];
  if (startAt !== null) {
    const passes = instant >= startAt;
    causes.push({
      subject: 'startAt',
      passes,
      message: `${iso(instant)} is ${passes ? 'not ' : ''}before startAt ${iso(startAt)}`,
    });
  }
  if (endAt !== null) {
    const passes = instant <= endAt;
    causes.push({ subject: 'endAt', passes, message: `${iso(instant)} is ${passes ? 'not ' : ''}after endAt ${iso(endAt)}` });
  }
  return asFarAsDecided(causes);
}
