import { agendaOf, askedAgenda } from './agenda.ts';
import { answersOfAgenda } from './agenda-answers.ts';
import { describeLength, formatDuration, parseDuration } from './duration.ts';
import { foundBy, isSpent, search, spend, spentSoFar } from './effort.ts';
import type { Grid } from './grid.ts';
import { meet } from './grid.ts';
import { gridAgenda } from './grid-agenda.ts';
import { answersOfGrid } from './interval.ts';
import type { Compiler } from './members.ts';
import { compileMembers, describeMember } from './members.ts';
import { intersectionAgenda, nearbyAgenda } from './set-agendas.ts';
import { stepwise } from './stepwise.ts';
import type { AllOfTrigger, CompileResult, Trigger, TriggerError } from './trigger.ts';
import { MUST_FIRE } from './trigger.ts';

const SIZE = { least: 1, most: 20 };
/** What a day has must depend on itself and the day before only. */
const LONGEST_WITHIN_MS = 86_400_000;
/** Steps of asking one member for its next instant and whether one is near: of one that is put together, and of others. */
const [A_SET, A_MEMBER] = [60, 10];
const stepsOf = ({ kind }: Trigger): number =>
  kind === 'ANY_OF' || kind === 'ALL_OF' || kind === 'EXCEPT' || kind === 'BOUNDED' ? A_SET : A_MEMBER;

/**
 * The instants t of each member for which every other one has an instant in [t - within, t]; nothing is consumed. That
 * members never meet is proved for intervals (Chinese remainder theorem), for times of day that differ whatever the days
 * are, and for days over a cycle of 400 years; what is left is searched as far as MOST_SEARCHED steps lead, and refused when
 * nothing is found.
 */
export function compileAllOf(
  input: { triggers?: unknown; within?: string | null },
  compiler: Compiler,
): CompileResult<AllOfTrigger> {
  const errors: TriggerError[] = [];
  const withinMs = readWithin(input.within ?? 'PT0S', errors);
  const triggers = compileMembers(input.triggers, ['allOf', 'triggers'], SIZE, compiler, errors);
  if (errors.length > 0) return { ok: false, errors };
  const answers = withinMs === 0 ? meetings(triggers) : gatherings(triggers, withinMs);
  const trigger = answers && describeAll(triggers, withinMs, answers);
  if (trigger !== null && compiler.fires(trigger)) return { ok: true, trigger };
  const message = `never fires: its ${triggers.length} triggers have no ${withinMs === 0 ? 'instant in common' : `instants within ${formatDuration(withinMs)}`}`;
  return { ok: false, errors: [{ path: ['allOf'], message, constraint: MUST_FIRE }] };
}

function readWithin(text: unknown, errors: TriggerError[]): number {
  const parsed = typeof text === 'string' ? parseDuration(text) : ({ ok: false, message: 'within must be text' } as const);
  if (parsed.ok && parsed.ms <= LONGEST_WITHIN_MS) return parsed.ms;
  const message = parsed.ok ? `within is ${formatDuration(parsed.ms)}, which is more than a day` : parsed.message;
  errors.push({ path: ['allOf', 'within'], message, constraint: 'ISO-8601 duration, PT0S to P1D' });
  return 0;
}

type Answers = Required<Pick<Trigger, 'next' | 'previous' | 'between' | 'matches' | 'count' | 'agenda'>>;

/** null: proved that they never meet. */
function meetings(triggers: readonly Trigger[]): Answers | null {
  let grid: Grid | null = null;
  const others: Trigger[] = [];
  for (const trigger of triggers) {
    if (trigger.kind !== 'INTERVAL') others.push(trigger);
    else {
      const own: Grid = { anchor: trigger.anchorAt, every: trigger.everyMs };
      grid = grid === null ? own : meet(grid, own);
      if (grid === null) return null;
    }
  }
  if (grid !== null && others.length === 0) return answersOfGrid(grid);
  const agenda = intersectionAgenda([...(grid === null ? [] : [gridAgenda(grid)]), ...others.map(agendaOf)]);
  return agenda.fine ? { ...leapFrog(triggers, 0), agenda: () => agenda } : { ...answersOfAgenda(agenda), agenda: () => agenda };
}

function gatherings(triggers: readonly Trigger[], withinMs: number): Answers {
  const members = triggers.map(agendaOf);
  const reach = Math.floor(withinMs / 1000);
  if (members.some((member) => member.fine)) {
    const answers = leapFrog(triggers, withinMs);
    return { ...answers, agenda: () => askedAgenda(answers, true) };
  }
  const agenda = reach === 0 ? intersectionAgenda(members) : nearbyAgenda(members, reach);
  return { ...answersOfAgenda(agenda), agenda: () => agenda };
}

/** Leaps from instant to instant, each time as far as the member that is missing needs. */
function leapFrog(triggers: readonly Trigger[], withinMs: number): Omit<Answers, 'agenda'> {
  const aRound = triggers.reduce((sum, trigger) => sum + stepsOf(trigger), 0);
  /** Whether a member has an instant in [t - within, t]. */
  const isNear = (trigger: Trigger, t: number): boolean => trigger.between(t - withinMs, t + 1, 1).length > 0;
  function firstAfter(after: number): number | null {
    let from = Math.floor(after);
    while (!isSpent()) {
      const start = spentSoFar();
      spend(aRound);
      const t = nearest(
        triggers.map((trigger) => trigger.next(from)),
        Math.min,
      );
      if (t === null) return null;
      let missing = -Infinity;
      for (const trigger of triggers) {
        if (isNear(trigger, t)) continue;
        const comes = trigger.next(t);
        if (comes === null) return null;
        missing = Math.max(missing, comes);
      }
      if (missing === -Infinity) {
        foundBy(start);
        return t;
      }
      from = missing - 1;
    }
    return null;
  }
  function lastBefore(before: number): number | null {
    let until = Math.ceil(before);
    while (!isSpent()) {
      const start = spentSoFar();
      spend(aRound);
      const t = nearest(
        triggers.map((trigger) => trigger.previous(until)),
        Math.max,
      );
      if (t === null) return null;
      let reachable = Infinity;
      for (const trigger of triggers) {
        if (isNear(trigger, t)) continue;
        const was = trigger.previous(t);
        if (was === null) return null;
        reachable = Math.min(reachable, was + withinMs);
      }
      if (reachable === Infinity) {
        foundBy(start);
        return t;
      }
      until = reachable + 1;
    }
    return null;
  }
  const matches = (instant: number): boolean =>
    triggers.some((trigger) => trigger.matches(instant)) && triggers.every((trigger) => isNear(trigger, instant));
  const next = (after: number): number | null => search(() => firstAfter(after));
  const previous = (before: number): number | null => search(() => lastBefore(before));
  return { next, previous, matches, ...stepwise(next) };
}

function nearest(instants: readonly (number | null)[], choose: (...instants: number[]) => number): number | null {
  const given = instants.filter((instant) => instant !== null);
  return given.length === 0 ? null : choose(...given);
}

function describeAll(triggers: readonly Trigger[], withinMs: number, answers: Answers): AllOfTrigger {
  const together = withinMs === 0 ? 'at the same instant' : `within ${describeLength(withinMs)}`;
  return {
    kind: 'ALL_OF',
    spec: {
      allOf: { triggers: triggers.map(({ spec }) => spec), ...(withinMs > 0 && { within: formatDuration(withinMs) }) },
    },
    triggers,
    withinMs,
    ...answers,
    describe: () => `when all of these come ${together}: ${triggers.map(describeMember).join('; and ')}`,
    fireTime: (instant) => (triggers.find((trigger) => trigger.matches(instant)) ?? (triggers[0] as Trigger)).fireTime(instant),
  };
}
