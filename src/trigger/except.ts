import type { Agenda } from './agenda.ts';
import { agendaOf } from './agenda.ts';
import { answersOfAgenda } from './agenda-answers.ts';
import { DAY_SECONDS } from './civil.ts';
import { describeExcept } from './describe-except.ts';
import { foundBy, isSpent, search, spend, spentSoFar } from './effort.ts';
import type { Exclusions } from './exclusions.ts';
import { readExclusions } from './exclusions.ts';
import { leafZone } from './leaf-zone.ts';
import type { LocalDays } from './local-days.ts';
import { createLocalDays } from './local-days.ts';
import type { Compiler } from './members.ts';
import { compileMember } from './members.ts';
import type { Seconds } from './seconds.ts';
import { either, NO_SECONDS, Runs } from './seconds.ts';
import { differenceAgenda, EVER, unionAgenda } from './set-agendas.ts';
import { shiftedDays } from './shifted-days.ts';
import { stepwise } from './stepwise.ts';
import type { CompileResult, ExceptTrigger, ExclusionShift, Trigger, TriggerContext, TriggerError } from './trigger.ts';
import { MUST_FIRE } from './trigger.ts';
import type { WallDays } from './wall.ts';
import { wallAgenda } from './wall-agenda.ts';
import { fireTime, zoneOf } from './zone.ts';

const SHIFTS: readonly ExclusionShift[] = ['DROP', 'NEXT_ALLOWED_DAY', 'PREVIOUS_ALLOWED_DAY'];
/** Steps of passing over one occurrence of a base between the seconds, and of asking each other trigger for it. */
const PASSED_OVER = 20;

/**
 * The occurrences of `base` that no exclusion holds. Days and windows are those of the clock in the context's zone, so both
 * passes of a repeated hour lie in a window. With a shift, what lies on a day that is left out (`dates`, `daysOfWeek`,
 * `calendar`) moves to the nearest one that is not, at the same local time (SHIFT + FIRST where the clock changes), by 366
 * days at the most; windows and triggers count where it arrives.
 */
export function compileExcept(
  input: { base?: unknown; excluding?: unknown; shift?: ExclusionShift | null },
  context: TriggerContext,
  compiler: Compiler,
): CompileResult<ExceptTrigger> {
  const errors: TriggerError[] = [];
  const timeZone = leafZone(null, [], context, errors);
  const base = compileMember(input.base, ['except', 'base'], compiler, errors);
  const exclusions = readExclusions(input.excluding, ['except', 'excluding'], context, compiler, errors);
  const shift = input.shift ?? 'DROP';
  if (!SHIFTS.includes(shift))
    errors.push({ path: ['except', 'shift'], message: `shift must be ${SHIFTS.join(', ')}`, constraint: SHIFTS.join(' | ') });
  if (base === null || errors.length > 0) return { ok: false, errors };
  if (shift !== 'DROP' && agendaOf(base).fine) {
    const message = `shift ${shift} moves times on whole seconds only, and base has others`;
    return { ok: false, errors: [{ path: ['except', 'shift'], message, constraint: 'DROP for times between the seconds' }] };
  }
  const trigger = leaveOut(base, exclusions, shift, timeZone);
  if (trigger !== null && compiler.fires(trigger)) return { ok: true, trigger };
  const message = 'never fires: its exclusions leave none of the times of base';
  return { ok: false, errors: [{ path: ['except'], message, constraint: MUST_FIRE }] };
}

/** null: every day is left out. */
function leaveOut(base: Trigger, exclusions: Exclusions, shift: ExclusionShift, timeZone: string): ExceptTrigger | null {
  const zone = zoneOf(timeZone);
  const days = createLocalDays(exclusions.weekdays, exclusions.ranges);
  if (days.full) return null;
  const plain = (wall: WallDays): Agenda => wallAgenda(wall, zone, 'SKIP', 'BOTH');
  const someDays = exclusions.weekdays.length + exclusions.ranges.length > 0;
  const onDays = someDays ? [plain(days)] : [];
  const inWindows = exclusions.windows.length > 0 ? [plain(everyDay(windowSeconds(exclusions.windows)))] : [];
  const others = exclusions.triggers.map(agendaOf);

  const whole = agendaOf(base);
  const stays = differenceAgenda(whole, onDays);
  const agenda = differenceAgenda(
    shift === 'DROP' || !someDays ? stays : unionAgenda([stays, moved(whole, days, timeZone, shift)]),
    [...inWindows, ...others],
  );
  const answers = whole.fine ? betweenTheSeconds(base, [...onDays, ...inWindows], exclusions.triggers) : answersOfAgenda(agenda);
  const staysAt = answersOfAgenda(plain(days)).matches;
  return {
    kind: 'EXCEPT',
    base,
    excluding: exclusions.specs,
    shift,
    timeZone,
    checks: exclusions.checks,
    spec: { except: { base: base.spec, excluding: exclusions.specs, ...(shift !== 'DROP' && { shift }) } },
    ...answers,
    describe: () => describeExcept(base, exclusions.specs, exclusions.triggers, shift, timeZone),
    fireTime(instant) {
      const own = base.matches(instant) && !(someDays && staysAt(instant));
      return own ? base.fireTime(instant) : { ...fireTime(instant, timeZone), inGap: movedIntoGap(instant) };
    },
    agenda: () => agenda,
  };

  /** Whether a moved occurrence stands in for a local time that does not exist: then nothing moved to what the clock shows. */
  function movedIntoGap(instant: number): boolean {
    if (shift === 'DROP' || !someDays) return false;
    const regular = wallAgenda(shiftedDays(whole, days, zone, stepOf(shift)), zone, 'SKIP', 'BOTH');
    return !answersOfAgenda(regular).matches(instant);
  }
}

const stepOf = (shift: ExclusionShift): 1 | -1 => (shift === 'NEXT_ALLOWED_DAY' ? 1 : -1);

function moved(base: Agenda, days: LocalDays, timeZone: string, shift: ExclusionShift): Agenda {
  const zone = zoneOf(timeZone);
  return wallAgenda(shiftedDays(base, days, zone, stepOf(shift)), zone, 'SHIFT', 'FIRST');
}

function windowSeconds(windows: Exclusions['windows']): Seconds {
  let found = NO_SECONDS;
  for (const [from, until] of windows) {
    const runs = new Runs();
    if (from > until) runs.add(0, until);
    runs.add(from, from > until ? DAY_SECONDS : until);
    found = either(found, runs.seconds());
  }
  return found;
}

const everyDay = (seconds: Seconds): WallDays => ({
  on: () => seconds,
  nextDay: (day) => day,
  previousDay: (day) => day,
  most: seconds,
  least: seconds,
  periodicFrom: -Infinity,
});

type Answers = Pick<Trigger, 'next' | 'previous' | 'between' | 'matches' | 'count'>;

/** For a base with occurrences between the seconds: from one to the next, over what walls leave out in one step. */
function betweenTheSeconds(base: Trigger, walls: readonly Agenda[], others: readonly Trigger[]): Answers {
  const free = answersOfAgenda(differenceAgenda(EVER, walls));
  const secondOf = (instant: number): number => Math.floor(instant / 1000) * 1000;
  const behindWalls = (instant: number): boolean => walls.length > 0 && !free.matches(secondOf(instant));
  const taken = (instant: number): boolean => others.some((other) => other.matches(instant));

  function firstAfter(after: number): number | null {
    let at = base.next(after);
    while (at !== null && !isSpent()) {
      const start = spentSoFar();
      spend(PASSED_OVER * (2 + others.length));
      if (behindWalls(at)) {
        const open = free.next(secondOf(at));
        at = open === null ? null : base.next(open - 1);
      } else if (taken(at)) at = base.next(at);
      else {
        foundBy(start);
        return at;
      }
    }
    return null;
  }
  function lastBefore(before: number): number | null {
    let at = base.previous(before);
    while (at !== null && !isSpent()) {
      const start = spentSoFar();
      spend(PASSED_OVER * (2 + others.length));
      if (behindWalls(at)) {
        const open = free.previous(secondOf(at));
        at = open === null ? null : base.previous(open + 1000);
      } else if (taken(at)) at = base.previous(at);
      else {
        foundBy(start);
        return at;
      }
    }
    return null;
  }
  const next = (after: number): number | null => search(() => firstAfter(after));
  const previous = (before: number): number | null => search(() => lastBefore(before));
  const matches = (instant: number): boolean => base.matches(instant) && !behindWalls(instant) && !taken(instant);
  return { next, previous, matches, ...stepwise(next) };
}
