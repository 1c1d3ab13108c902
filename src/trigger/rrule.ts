import type { Agenda } from './agenda.ts';
import { isSpent } from './effort.ts';
import { leafZone } from './leaf-zone.ts';
import { readLocalTime, resolveLocalTime } from './local-time.ts';
import { describeRRule } from './rrule-describe.ts';
import { createRRulePattern } from './rrule-pattern.ts';
import { parseRRule } from './rrule-text.ts';
import { boundedAgenda, changedAgenda, EVER } from './set-agendas.ts';
import { ascending, firstFrom } from './sorted.ts';
import { shorten } from './text.ts';
import type { Timeline } from './timeline.ts';
import type { CompileResult, EffectiveDst, RRuleTrigger, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT, MUST_FIRE } from './trigger.ts';
import { layOut } from './wall-answers.ts';
import { fireTime, localText, zoneOf } from './zone.ts';

const MOST_DATES = 1000;
/** Without listed hours these follow the clock, as crontab does whose hour is `*`: what repeats within the day must not pause for an hour. */
const WITHIN_A_DAY: readonly string[] = ['HOURLY', 'MINUTELY', 'SECONDLY'];

interface RRuleInput {
  rrule?: unknown;
  dtstart?: unknown;
  rdates?: readonly unknown[] | null;
  exdates?: readonly unknown[] | null;
  timeZone?: string | null;
}

/**
 * RFC 5545 on the clock of a zone: the rule's times from dtstart on, and rdates, without exdates. dtstart is a time of the
 * rule only when it matches it. COUNT counts the rule's times before daylight saving moves or drops some and before exdates
 * take some away. Defaults: the context's zone, SHIFT + FIRST (§3.3.5); what repeats within the day follows the real clock.
 */
export function compileRRule(input: RRuleInput, context: TriggerContext): CompileResult<RRuleTrigger> {
  const errors: TriggerError[] = [];
  const text = parseRRule(input.rrule);
  if (!text.ok)
    for (const { message, allowed } of text.errors) errors.push({ path: ['rrule', 'rrule'], message, constraint: allowed });
  const start = readSecond(input.dtstart, ['rrule', 'dtstart'], errors);
  const rdates = readDates(input, 'rdates', errors);
  const exdates = readDates(input, 'exdates', errors);
  const timeZone = leafZone(input.timeZone, ['rrule', 'timeZone'], context, errors);
  if (!text.ok || start === null || errors.length > 0) return { ok: false, errors };

  const { rule, canonical } = text;
  const followsRealClock = WITHIN_A_DAY.includes(rule.freq) && rule.hours.length === 0;
  const dst: EffectiveDst = { gap: context.dst.gap ?? 'SHIFT', overlap: context.dst.overlap ?? 'FIRST', followsRealClock };
  const zone = zoneOf(timeZone);
  const pattern = createRRulePattern(rule, start);
  // What was counted no further has no end, which would be wrong.
  if (rule.count !== null && isSpent()) return { ok: false, errors: [tooManySteps(rule.count)] };
  const last = rule.until?.utc ? rule.until.reading : Infinity;
  const laidOut = layOut(pattern, timeZone, dst);
  const timeline = endAt(laidOut, last);
  let agenda: Agenda | undefined;
  if (timeline.next(FIRST_INSTANT / 1000) === null) {
    const reason =
      pattern.next(start) === Infinity
        ? `no time from ${localText(start, 0)} on matches it`
        : `its times never exist in ${timeZone}`;
    return { ok: false, errors: [neverFires(['rrule', 'rrule'], reason)] };
  }
  const resolved = (reading: number) => resolveLocalTime(reading * 1000, zone, dst.gap, dst.overlap);
  const excluded = new Set(exdates.flatMap((reading) => resolved(reading).instants));
  const added = rdates.map(resolved);
  const regular = new Set(added.flatMap(({ instants, inGap }) => (inGap ? [] : instants)));
  const further = added.flatMap(({ instants }) => instants).filter((at) => !excluded.has(at) && !timeline.has(at / 1000));
  const outside = further.find((at) => at < FIRST_INSTANT || at > LAST_INSTANT);
  if (outside !== undefined) {
    const message = `one of the rdates in ${timeZone} lies outside the years 1 to 9999 of UTC`;
    return { ok: false, errors: [{ path: ['rrule', 'rdates'], message, constraint: 'years 0001-9999' }] };
  }
  const removed = ascending([...excluded].map((at) => at / 1000).filter((second) => timeline.has(second)));
  const others = ascending(further.map((at) => at / 1000));
  const answers = answersOf(timeline, removed, others);
  if (answers.next(FIRST_INSTANT - 1) === null)
    return { ok: false, errors: [neverFires(['rrule', 'exdates'], 'exdates leave none of its times')] };

  const lists = {
    rdates: rdates.map((reading) => localText(reading, 0)),
    exdates: exdates.map((reading) => localText(reading, 0)),
  };
  const dtstart = localText(start, 0);
  return {
    ok: true,
    trigger: {
      kind: 'RRULE',
      spec: {
        rrule: {
          rrule: canonical,
          dtstart,
          ...(rdates.length > 0 && { rdates: lists.rdates }),
          ...(exdates.length > 0 && { exdates: lists.exdates }),
          ...((input.timeZone ?? null) !== null && { timeZone }),
        },
      },
      rrule: canonical,
      dtstart,
      ...lists,
      wall: pattern,
      added: further,
      excluded: [...excluded],
      timeZone,
      dst,
      ...answers,
      agenda: () => (agenda ??= changedAgenda(agendaUntil(laidOut, last), removed, others)),
      describe: () => describeRRule(rule, start, { rdates: rdates.length, exdates: exdates.length }, timeZone, dst),
      fireTime: (instant) => ({
        ...fireTime(instant, timeZone),
        inGap:
          !regular.has(instant) && (timeline.has(instant / 1000) ? timeline.madeUp(instant / 1000) : answers.matches(instant)),
      }),
    },
  };
}

const neverFires = (path: string[], reason: string): TriggerError => ({
  path,
  message: `never fires: ${reason}`,
  constraint: MUST_FIRE,
});

const tooManySteps = (count: number): TriggerError => ({
  path: ['rrule', 'rrule'],
  message: `COUNT=${count} takes too many steps to count out on such rare times: use UNTIL`,
  constraint: 'UNTIL, or a smaller COUNT',
});

/** A reading in seconds; null when it is none. */
function readSecond(text: unknown, path: string[], errors: TriggerError[]): number | null {
  const reading = readLocalTime(text, path, errors, 'give it as the clock of timeZone shows it');
  if (reading === null || reading % 1000 === 0) return reading === null ? null : reading / 1000;
  const message = `'${shorten(String(text))}' has a fraction of a second`;
  errors.push({ path, message, constraint: 'whole seconds' });
  return null;
}

function readDates(input: RRuleInput, field: 'rdates' | 'exdates', errors: TriggerError[]): number[] {
  const given = input[field] ?? [];
  if (!Array.isArray(given) || given.length > MOST_DATES) {
    const message = Array.isArray(given) ? `${field} has ${given.length} entries` : `${field} must be a list`;
    errors.push({ path: ['rrule', field], message, constraint: `a list of at most ${MOST_DATES} entries` });
    return [];
  }
  const readings = given.map((text, i) => readSecond(text, ['rrule', field, String(i)], errors));
  return ascending(readings.filter((reading) => reading !== null));
}

/** @param last  UNTIL in UTC, epoch seconds, inclusive */
function endAt(timeline: Timeline, last: number): Timeline {
  if (last === Infinity) return timeline;
  return {
    has: (second) => second <= last && timeline.has(second),
    next(second) {
      const found = timeline.next(second);
      return found !== null && found <= last ? found : null;
    },
    previous: (second) => timeline.previous(Math.min(second, last)),
    count: (from, until) => timeline.count(from, Math.min(until, last + 1)),
    madeUp: (second) => second <= last && timeline.madeUp(second),
  };
}

const agendaUntil = ({ agenda }: Timeline, last: number): Agenda => {
  const whole = agenda?.() ?? EVER;
  return last === Infinity ? whole : boundedAgenda(whole, -Infinity, last + 1);
};

type Answers = Pick<RRuleTrigger, 'next' | 'previous' | 'between' | 'matches' | 'count'>;

/**
 * @param removed  members of the time line that do not occur, epoch seconds, ascending
 * @param added    others that do
 */
function answersOf(timeline: Timeline, removed: readonly number[], added: readonly number[]): Answers {
  const isIn = (list: readonly number[], second: number): boolean => list[firstFrom(list, second)] === second;
  const within = (list: readonly number[], from: number, until: number): number => firstFrom(list, until) - firstFrom(list, from);

  function nextSecond(second: number): number | null {
    let found = timeline.next(second);
    while (found !== null && isIn(removed, found)) found = timeline.next(found + 1);
    const other = added[firstFrom(added, second)];
    return other === undefined || (found !== null && found < other) ? found : other;
  }
  function previousSecond(second: number): number | null {
    let found = timeline.previous(second);
    while (found !== null && isIn(removed, found)) found = timeline.previous(found - 1);
    const other = Number.isNaN(second) ? undefined : added[firstFrom(added, second + 1) - 1];
    return other === undefined || (found !== null && found > other) ? found : other;
  }
  const toInstant = (second: number | null): number | null => (second === null ? null : second * 1000);
  return {
    next: (after) => toInstant(nextSecond(Math.floor(after / 1000) + 1)),
    previous: (before) => toInstant(previousSecond(Math.ceil(before / 1000) - 1)),
    between(from, until, limit) {
      const found: number[] = [];
      let second = nextSecond(Math.ceil(from / 1000));
      while (second !== null && second * 1000 < until && found.length < limit) {
        found.push(second * 1000);
        second = nextSecond(second + 1);
      }
      return found;
    },
    matches(instant) {
      const second = instant / 1000;
      return Number.isInteger(second) && (isIn(added, second) || (timeline.has(second) && !isIn(removed, second)));
    },
    count(from, until) {
      const [first, end] = [Math.ceil(from / 1000), Math.ceil(until / 1000)];
      if (!(first < end)) return 0;
      return timeline.count(first, end) - within(removed, first, end) + within(added, first, end);
    },
  };
}
