import { compileAt } from './at.ts';
import { compileBounded } from './bounded.ts';
import { compileCalendar } from './calendar.ts';
import { compileCalendarInterval } from './calendar-interval.ts';
import { compileCron } from './cron.ts';
import { compileInterval } from './interval.ts';
import { compileManual } from './manual.ts';
import { compileRRule } from './rrule.ts';
import { shorten } from './text.ts';
import type { CompileResult, TriggerContext, TriggerKind, TriggerSpec } from './trigger.ts';

type Key = TriggerSpec extends infer Spec ? (Spec extends unknown ? keyof Spec : never) : never;
const KINDS: Record<Key, TriggerKind> = {
  cron: 'CRON',
  calendar: 'CALENDAR',
  interval: 'INTERVAL',
  calendarInterval: 'CALENDAR_INTERVAL',
  at: 'AT',
  rrule: 'RRULE',
  bounded: 'BOUNDED',
  manual: 'MANUAL',
};
const KEYS = Object.keys(KINDS);

/** Deepest that a trigger may stand inside others; one that stands alone is 0 deep. */
const DEEPEST = 5;

/**
 * Makes a trigger of its description. Never throws, whatever the texts contain, and takes milliseconds at most: texts of
 * more than 1,000 characters are refused unread, and what can never fire is recognised, not searched for.
 * @returns on failure everything that is wrong, not only the first thing
 */
export function compileTrigger(spec: TriggerSpec, context: TriggerContext): CompileResult {
  return compileInside(spec, context, 0);
}

/** @param spec  has compiled */
export function kindOf(spec: TriggerSpec): TriggerKind {
  return KINDS[Object.keys(spec)[0] as Key];
}

function compileInside(spec: TriggerSpec, context: TriggerContext, depth: number): CompileResult {
  if (depth > DEEPEST)
    return refuse(`triggers stand inside each other more than ${DEEPEST} deep`, `nesting at most ${DEEPEST} deep`);
  // Stored specs come back as JSON and absent kinds as null, so the type alone proves nothing.
  const given = Object.entries((spec as unknown) ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const [key = '', value] = given[0] ?? [];
  if (given.length > 1)
    return refuse(
      `exactly one kind must be given, not ${given
        .slice(0, 5)
        .map(([name]) => shorten(name))
        .join(', ')}`,
    );
  if (!Object.hasOwn(KINDS, key))
    return refuse(`exactly one kind must be given: ${KEYS.slice(0, -1).join(', ')} or ${KEYS.at(-1)}`);
  if (key === 'manual') return compileManual(value, context);
  if (typeof value !== 'object') return refuse(`${key} must be an object`);
  if (key === 'cron') return compileCron(value, context);
  if (key === 'calendar') return compileCalendar(value, context);
  if (key === 'interval') return compileInterval(value, context);
  if (key === 'calendarInterval') return compileCalendarInterval(value, context);
  if (key === 'at') return compileAt(value, context);
  if (key === 'rrule') return compileRRule(value, context);
  return compileBounded(value, (inner) => compileInside(inner, context, depth + 1));
}

const refuse = (message: string, constraint = 'exactly one kind'): CompileResult => ({
  ok: false,
  errors: [{ path: [], message, constraint }],
});
