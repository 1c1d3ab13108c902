import { compileAllOf } from './all-of.ts';
import { compileAnyOf } from './any-of.ts';
import { compileAt } from './at.ts';
import { compileBounded } from './bounded.ts';
import { DEEPEST } from './calendar-names.ts';
import { compileCalendar } from './calendar.ts';
import { compileCalendarInterval } from './calendar-interval.ts';
import { compileCron } from './cron.ts';
import { compileExcept } from './except.ts';
import { compileInterval } from './interval.ts';
import { compileManual } from './manual.ts';
import { compileRRule } from './rrule.ts';
import type { Compiler } from './members.ts';
import { shorten } from './text.ts';
import type { CompileResult, Trigger, TriggerContext, TriggerKind, TriggerSpec } from './trigger.ts';

type Key = TriggerSpec extends infer Spec ? (Spec extends unknown ? keyof Spec : never) : never;
const KINDS: Record<Key, TriggerKind> = {
  cron: 'CRON',
  calendar: 'CALENDAR',
  interval: 'INTERVAL',
  calendarInterval: 'CALENDAR_INTERVAL',
  at: 'AT',
  rrule: 'RRULE',
  anyOf: 'ANY_OF',
  allOf: 'ALL_OF',
  except: 'EXCEPT',
  bounded: 'BOUNDED',
  manual: 'MANUAL',
};
const KEYS = Object.keys(KINDS);

/** Most triggers that one may be made of, itself included. */
const MOST_TRIGGERS = 100;

/** Most members that may turn out to have no times: to find that out is what takes time. */
const MOST_VAIN = 2;

/** What the compilation of one trigger with all that stand inside it has used up. */
interface Effort {
  triggers: number;
  /** Searches in vain. */
  vain: number;
}

/**
 * Makes a trigger of its description. Never throws, whatever the texts contain, and takes milliseconds at most: texts of
 * more than 1,000 characters are refused unread, and what can never fire is recognised, not searched for.
 * @returns on failure everything that is wrong, not only the first thing
 */
export function compileTrigger(spec: TriggerSpec, context: TriggerContext): CompileResult {
  const effort: Effort = { triggers: 0, vain: 0 };
  const result = compileInside(spec, context, 0, effort);
  if (result.ok && effort.vain > MOST_VAIN)
    return refuse(
      `more than ${MOST_VAIN} of the triggers inside never fire`,
      `at most ${MOST_VAIN} triggers inside without times`,
    );
  return result;
}

/** @param spec  has compiled */
export function kindOf(spec: TriggerSpec): TriggerKind {
  return KINDS[Object.keys(spec)[0] as Key];
}

function compileInside(spec: TriggerSpec, context: TriggerContext, depth: number, effort: Effort): CompileResult {
  if (depth > DEEPEST)
    return refuse(`triggers stand inside each other more than ${DEEPEST} deep`, `nesting at most ${DEEPEST} deep`);
  if (++effort.triggers > MOST_TRIGGERS)
    return refuse(`more than ${MOST_TRIGGERS} triggers stand inside each other`, `at most ${MOST_TRIGGERS} triggers in one`);
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
  const compile = (inner: TriggerSpec): CompileResult => compileInside(inner, context, depth + 1, effort);
  if (key === 'bounded') return compileBounded(value, compile);
  const fires = (trigger: Trigger): boolean => {
    if (effort.vain <= MOST_VAIN && !neverFires(trigger, context)) return true;
    effort.vain++;
    return false;
  };
  const compiler: Compiler = { compile, fires };
  if (key === 'anyOf') return compileAnyOf(value, compiler);
  if (key === 'allOf') return compileAllOf(value, compiler);
  return compileExcept(value, context, compiler);
}

/** Both ways from the anchor, because that is where a schedule begins: a search has an end, and time before it may be long. */
function neverFires(trigger: Trigger, { anchorAt }: TriggerContext): boolean {
  return trigger.next(anchorAt - 1) === null && trigger.previous(anchorAt) === null;
}

const refuse = (message: string, constraint = 'exactly one kind'): CompileResult => ({
  ok: false,
  errors: [{ path: [], message, constraint }],
});
