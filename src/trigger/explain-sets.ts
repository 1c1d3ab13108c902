import type { Cause } from './cause.ts';
import { letsThrough } from './cause.ts';
import { describeExclusion } from './describe-except.ts';
import { clockText, dateText, zonedText } from './reading-text.ts';
import type { AllOfTrigger, AnyOfTrigger, ExceptTrigger, Trigger } from './trigger.ts';
import { zoneOf } from './zone.ts';

type Explain = (trigger: Trigger, instant: number) => Cause[];

/** More members than this are counted, not told. */
const MOST_TOLD = 5;

/** @param explain  for the triggers inside */
export function explainSet(trigger: AnyOfTrigger | AllOfTrigger | ExceptTrigger, instant: number, explain: Explain): Cause[] {
  switch (trigger.kind) {
    case 'ANY_OF':
      return explainAnyOf(trigger, instant, explain);
    case 'ALL_OF':
      return [explainAllOf(trigger, instant, explain)];
    case 'EXCEPT':
      return explainExcept(trigger, instant, explain);
  }
}

const iso = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z');
const decidedBy = (causes: readonly Cause[]): string => (causes.at(-1) as Cause).message;

function explainAnyOf({ triggers }: AnyOfTrigger, instant: number, explain: Explain): Cause[] {
  const subject = 'anyOf';
  const found = triggers.find((member) => member.matches(instant));
  if (found !== undefined)
    return [...explain(found, instant), { subject, passes: true, message: `a time of one of its triggers: ${found.describe()}` }];
  const told = triggers
    .slice(0, MOST_TOLD)
    .map((member) => `not of [${member.describe()}]: ${decidedBy(explain(member, instant))}`);
  if (triggers.length > MOST_TOLD) told.push(`nor of ${triggers.length - MOST_TOLD} more`);
  return [{ subject, passes: false, message: `a time of none of its ${triggers.length} triggers: ${told.join('; ')}` }];
}

function explainAllOf(trigger: AllOfTrigger, instant: number, explain: Explain): Cause {
  const { triggers, withinMs } = trigger;
  const subject = 'allOf';
  const from = instant - withinMs;
  const passes = trigger.matches(instant);
  if (passes) {
    const message =
      withinMs === 0
        ? `all of its ${triggers.length} triggers have this instant`
        : `each of its ${triggers.length} triggers has an instant from ${iso(from)} to ${iso(instant)}, and one of them has this one`;
    return { subject, passes, message };
  }
  const missing = triggers.find((member) => (member.previous(instant + 1) ?? -Infinity) < from);
  if (missing === undefined)
    return {
      subject,
      passes,
      message: `each of its triggers has an instant from ${iso(from)} on, and none of them has this one`,
    };
  const where =
    withinMs === 0
      ? `does not have this instant: ${decidedBy(explain(missing, instant))}`
      : `has none from ${iso(from)} to ${iso(instant)}`;
  return { subject, passes, message: `[${missing.describe()}] ${where}` };
}

function explainExcept(trigger: ExceptTrigger, instant: number, explain: Explain): Cause[] {
  const { base, checks, shift, timeZone } = trigger;
  const subject = 'except';
  const passes = trigger.matches(instant);
  const causes = explain(base, instant);
  const day = shift === 'NEXT_ALLOWED_DAY' ? 'an earlier' : 'a later';
  const moved = `moved here from ${day} day that is left out (shift ${shift})`;
  if (!letsThrough(causes)) return passes ? [{ subject, passes, message: moved }] : causes;

  const zone = zoneOf(timeZone);
  const second = Math.floor(instant / 1000);
  const reading = second + zone.offset(zone.index(second));
  const held = checks.find((check) => check.holds(instant, reading));
  const clock = `${dateText(reading * 1000)} ${clockText(reading * 1000)} in ${timeZone}`;
  if (passes) {
    const message = held === undefined ? `none of its exclusions holds ${clock}` : moved;
    return [...causes, { subject, passes, message }];
  }
  const shown = zonedText(instant, timeZone);
  const reason =
    held === undefined ? `its exclusions leave out ${shown}` : `${clock} is left out: ${describeExclusion(held.spec)}`;
  const elsewhere =
    held?.byDay === true && shift !== 'DROP'
      ? `; it moves to the ${shift === 'NEXT_ALLOWED_DAY' ? 'next' : 'previous'} allowed day`
      : '';
  return [...causes, { subject, passes, message: `${reason}${elsewhere}` }];
}
