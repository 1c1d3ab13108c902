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
import { isSpent, limited, MOST_COMPILED, spend, spentSoFar } from './effort.ts';
import { shorten } from './text.ts';
import type { CompileResult, Trigger, TriggerContext, TriggerKind, TriggerSpec } from './trigger.ts';
import { MUST_FIRE } from './trigger.ts';

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

/** Most entries that at and rrule may list in one trigger with all that stand inside it. */
const MOST_ENTRIES = 2000;

/** What the compilation of one trigger with all that stand inside it has used up. */
interface Effort {
  triggers: number;
  /** Listed times: those of at, rdates and exdates. */
  entries: number;
  /** Steps of the triggers of each kind, without those inside. */
  steps: Map<Key, number>;
}

/**
 * Makes a trigger of its description. Never throws, whatever the texts contain, and takes milliseconds at most: texts of
 * more than 1,000 characters are refused unread, what can never fire is recognised, not searched for, and what would take
 * more than MOST_COMPILED steps is refused.
 * @returns on failure everything that is wrong, not only the first thing
 */
export function compileTrigger(spec: TriggerSpec, context: TriggerContext): CompileResult {
  const effort: Effort = { triggers: 0, entries: 0, steps: new Map() };
  return limited(MOST_COMPILED, () => {
    const result = compileInside(spec, context, 0, effort);
    // A search that was cut short proves nothing.
    const cut =
      isSpent() && (result.ok || result.errors.every(({ constraint }) => constraint === MUST_FIRE || constraint === TOO_MUCH));
    return cut ? tooMuch(effort) : result;
  });
}

/** Names what took the most. */
function tooMuch({ steps, triggers }: Effort): CompileResult {
  const [[key = 'cron'] = []] = [...steps].sort(([, a], [, b]) => b - a);
  const of = triggers === 1 ? key : `the ${key} among its ${triggers} triggers`;
  return refuse(`it takes too many steps to work out, most of them for ${of}`, TOO_MUCH);
}
const TOO_MUCH = `at most ${MOST_COMPILED} steps: fewer triggers inside, or simpler ones`;

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
  // What is too much already takes no more time.
  if (isSpent()) return tooMuch(effort);
  const entries = listedIn(value);
  effort.entries += entries;
  if (entries <= MOST_ENTRIES && effort.entries > MOST_ENTRIES)
    return refuse(
      `times, localTimes, rdates and exdates have more than ${MOST_ENTRIES} entries altogether`,
      `at most ${MOST_ENTRIES} entries in all triggers inside`,
    );
  const before = spentSoFar() - stepsOf(effort);
  spend(STEPS[key as Key] + AN_ENTRY * entries);
  const compile = (inner: TriggerSpec): CompileResult => compileInside(inner, context, depth + 1, effort);
  const compiler: Compiler = { compile, fires: (trigger) => !neverFires(trigger, context) };
  const compileKind = (): CompileResult => {
    if (key === 'cron') return compileCron(value, context);
    if (key === 'calendar') return compileCalendar(value, context);
    if (key === 'interval') return compileInterval(value, context);
    if (key === 'calendarInterval') return compileCalendarInterval(value, context);
    if (key === 'at') return compileAt(value, context);
    if (key === 'rrule') return compileRRule(value, context);
    if (key === 'bounded') return compileBounded(value, compile);
    if (key === 'anyOf') return compileAnyOf(value, compiler);
    if (key === 'allOf') return compileAllOf(value, compiler);
    return compileExcept(value, context, compiler);
  };
  const result = compileKind();
  effort.steps.set(key as Key, (effort.steps.get(key as Key) ?? 0) + spentSoFar() - stepsOf(effort) - before);
  return result;
}

const stepsOf = ({ steps }: Effort): number => [...steps.values()].reduce((sum, each) => sum + each, 0);

/** How many times a trigger lists; others than at and rrule have no such lists. */
function listedIn(value: object): number {
  const { times, localTimes, rdates, exdates } = value as Record<string, unknown>;
  return [times, localTimes, rdates, exdates].reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}

/** Steps of compiling one trigger, besides its lists. */
const STEPS: Record<Key, number> = {
  cron: 600,
  calendar: 300,
  interval: 100,
  calendarInterval: 200,
  at: 100,
  rrule: 400,
  anyOf: 50,
  allOf: 50,
  except: 500,
  bounded: 50,
  manual: 10,
};
/** Steps of reading one listed time. */
const AN_ENTRY = 16;

/** Both ways from the anchor, because that is where a schedule begins: a search has an end, and time before it may be long. */
function neverFires(trigger: Trigger, { anchorAt }: TriggerContext): boolean {
  return trigger.next(anchorAt - 1) === null && trigger.previous(anchorAt) === null;
}

const refuse = (message: string, constraint = 'exactly one kind'): CompileResult => ({
  ok: false,
  errors: [{ path: [], message, constraint }],
});
