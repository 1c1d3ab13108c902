import type { Agenda } from './agenda.ts';
import { agendaOf } from './agenda.ts';
import { answersOfAgenda } from './agenda-answers.ts';
import { limited, limitedToShare, MOST_SEARCHED } from './effort.ts';
import type { Compiler } from './members.ts';
import { compileMembers, describeMember } from './members.ts';
import { unionAgenda } from './set-agendas.ts';
import { stepwise } from './stepwise.ts';
import type { AnyOfTrigger, CompileResult, Trigger, TriggerError } from './trigger.ts';
import { MUST_FIRE } from './trigger.ts';

const SIZE = { least: 1, most: 20 };

/**
 * Union of 1 to 20 triggers; what several give is one occurrence. A member that can never fire adds nothing and is left out
 * of the trigger, unless none is left.
 */
export function compileAnyOf(input: unknown, compiler: Compiler): CompileResult<AnyOfTrigger> {
  const errors: TriggerError[] = [];
  const triggers = compileMembers(input, ['anyOf'], SIZE, compiler, errors);
  const silent = errors.every(({ constraint }) => constraint === MUST_FIRE);
  if (errors.length > 0 && !(silent && triggers.length > 0)) return { ok: false, errors };
  return { ok: true, trigger: uniteTriggers(triggers) };
}

/** `count` is exact by whole days; with members between the seconds it goes one by one and stops at a million. */
function uniteTriggers(triggers: readonly Trigger[]): AnyOfTrigger {
  let agenda: Agenda | undefined;
  const agendaOfAll = (): Agenda => (agenda ??= unionAgenda(triggers.map(agendaOf)));

  /** Each member may search for its share: one that searches in vain must not keep the others from being found. */
  const ask = <T>(question: (trigger: Trigger) => T): T[] =>
    limited(MOST_SEARCHED, () => triggers.map((trigger, i) => limitedToShare(triggers.length - i, () => question(trigger))));
  function next(after: number): number | null {
    let found: number | null = null;
    for (const at of ask((trigger) => trigger.next(after))) if (at !== null && (found === null || at < found)) found = at;
    return found;
  }
  function previous(before: number): number | null {
    let found: number | null = null;
    for (const at of ask((trigger) => trigger.previous(before))) if (at !== null && (found === null || at > found)) found = at;
    return found;
  }
  function between(from: number, until: number, limit: number): number[] {
    const found = new Set(triggers.flatMap((trigger) => trigger.between(from, until, limit)));
    return [...found].sort((a, b) => a - b).slice(0, limit);
  }
  return {
    kind: 'ANY_OF',
    spec: { anyOf: triggers.map(({ spec }) => spec) },
    triggers,
    next,
    previous,
    between,
    matches: (instant) => triggers.some((trigger) => trigger.matches(instant)),
    count(from, until) {
      const whole = agendaOfAll();
      return whole.fine ? stepwise(next).count(from, until) : answersOfAgenda(whole).count(from, until);
    },
    describe: () => triggers.map(describeMember).join('; or '),
    fireTime: (instant) => (triggers.find((trigger) => trigger.matches(instant)) ?? (triggers[0] as Trigger)).fireTime(instant),
    agenda: agendaOfAll,
  };
}
