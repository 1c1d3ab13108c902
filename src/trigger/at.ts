import { formatInstant, readInstant } from './instant.ts';
import { leafZone } from './leaf-zone.ts';
import type { Resolved } from './local-time.ts';
import { readLocalTime, resolveLocalTime } from './local-time.ts';
import { ascending, firstFrom } from './sorted.ts';
import { shorten } from './text.ts';
import type { AtTrigger, CompileResult, EffectiveDst, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT, MUST_FIRE } from './trigger.ts';
import { fireTime, localText, zoneOf } from './zone.ts';

const MOST_ENTRIES = 1000;

interface AtInput {
  times?: readonly unknown[] | null;
  localTimes?: readonly unknown[] | null;
  timeZone?: string | null;
}

/**
 * Listed instants and local date-times; what several of them give is one occurrence. The local ones are kept as they were
 * given, so that they follow the zone when its rules change. Defaults: the context's zone, SHIFT + FIRST (RFC 5545).
 */
export function compileAt(input: AtInput, context: TriggerContext): CompileResult<AtTrigger> {
  const errors: TriggerError[] = [];
  const given = { times: listOf(input, 'times', errors), localTimes: listOf(input, 'localTimes', errors) };
  const timeZone = leafZone(input.timeZone, ['at', 'timeZone'], context, errors);
  const size = given.times.length + given.localTimes.length;
  if (size > MOST_ENTRIES || (size === 0 && errors.length === 0))
    errors.push({
      path: ['at'],
      message: size === 0 ? 'at needs an entry in times or localTimes' : `at has ${size} entries`,
      constraint: `1 to ${MOST_ENTRIES} entries in times and localTimes together`,
    });
  if (size > MOST_ENTRIES) return { ok: false, errors };

  const dst: EffectiveDst = { gap: context.dst.gap ?? 'SHIFT', overlap: context.dst.overlap ?? 'FIRST', followsRealClock: false };
  const times = ascending(given.times.map((text, i) => readInstant(text, ['at', 'times', String(i)], errors)));
  const local = readLocalTimes(given.localTimes, timeZone, dst, errors);
  if (errors.length > 0) return { ok: false, errors };
  const regular = new Set([...times, ...local.flatMap(({ instants, inGap }) => (inGap ? [] : instants))]);
  const instants = ascending([...times, ...local.flatMap((entry) => entry.instants)]);
  if (instants.length === 0) {
    const message = `never fires: the clock of ${timeZone} jumps over each of its times, and gap is ${dst.gap}`;
    return { ok: false, errors: [{ path: ['at', 'localTimes'], message, constraint: MUST_FIRE }] };
  }

  const localTimes = ascending(local.map((entry) => entry.reading)).map(textOfReading);
  const spec: AtTrigger['spec'] = {
    at: {
      ...(times.length > 0 && { times: times.map(formatInstant) }),
      ...(localTimes.length > 0 && { localTimes }),
      ...((input.timeZone ?? null) !== null && { timeZone }),
    },
  };
  const describe = (): string => describeAt(instants, local, timeZone);
  return {
    ok: true,
    trigger: {
      kind: 'AT',
      spec,
      times,
      localTimes,
      timeZone,
      dst,
      ...answers(instants),
      describe,
      fireTime: (instant) => ({
        ...fireTime(instant, timeZone),
        inGap: !regular.has(instant) && instants[firstFrom(instants, instant)] === instant,
      }),
    },
  };
}

function listOf(input: AtInput, field: 'times' | 'localTimes', errors: TriggerError[]): readonly unknown[] {
  const list = input[field] ?? [];
  if (Array.isArray(list)) return list;
  errors.push({ path: ['at', field], message: `${field} must be a list`, constraint: 'a list' });
  return [];
}

interface LocalEntry extends Resolved {
  reading: number;
}

/** What each local time of the list means in the zone; one that is listed twice is one. */
function readLocalTimes(
  texts: readonly unknown[],
  timeZone: string,
  dst: EffectiveDst,
  errors: TriggerError[],
): readonly LocalEntry[] {
  const zone = zoneOf(timeZone);
  const entries = new Map<number, LocalEntry>();
  for (const [i, text] of texts.entries()) {
    const path = ['at', 'localTimes', String(i)];
    const reading = readLocalTime(text, path, errors);
    if (reading === null) continue;
    const resolved = resolveLocalTime(reading, zone, dst.gap, dst.overlap);
    if (resolved.instants.every((instant) => instant >= FIRST_INSTANT && instant <= LAST_INSTANT))
      entries.set(reading, { reading, ...resolved });
    else
      errors.push({
        path,
        message: `'${shorten(String(text))}' in ${timeZone} lies outside the years 1 to 9999 of UTC`,
        constraint: 'years 0001-9999',
      });
  }
  return [...entries.values()];
}

type Answers = Pick<AtTrigger, 'next' | 'previous' | 'between' | 'matches' | 'count'>;

function answers(instants: readonly number[]): Answers {
  return {
    next: (after) => instants[firstFrom(instants, Math.floor(after) + 1)] ?? null,
    previous(before) {
      const found = instants[firstFrom(instants, before) - 1];
      return found !== undefined && found < before ? found : null;
    },
    between(from, until, limit) {
      const first = firstFrom(instants, from);
      return instants.slice(first, Math.min(firstFrom(instants, until), first + limit));
    },
    matches: (instant) => instants[firstFrom(instants, instant)] === instant,
    count: (from, until) => Math.max(0, firstFrom(instants, until) - firstFrom(instants, from)),
  };
}

function textOfReading(reading: number): string {
  const second = Math.floor(reading / 1000);
  return localText(second, reading - second * 1000);
}

/** `once at 2026-02-10 03:00 (America/New_York)`. What daylight saving does to the times is told, because the form asked for others. */
function describeAt(instants: readonly number[], local: readonly LocalEntry[], timeZone: string): string {
  const shown = (instant: number | undefined): string => {
    const { local: text, offset, inOverlap } = fireTime(instant ?? 0, timeZone);
    return text.replace('T', ' ').replace(/:00$/, '') + (inOverlap ? ` ${offset}` : '');
  };
  const moved = local.filter((entry) => entry.inGap && entry.instants.length > 0).length;
  const dropped = local.filter((entry) => entry.inGap && entry.instants.length === 0).length;
  const notes = [
    timeZone,
    ...(moved > 0 ? [`${moved} moved, because the clock jumps over ${moved === 1 ? 'it' : 'them'}`] : []),
    ...(dropped > 0 ? [`${dropped} left out, because the clock jumps over ${dropped === 1 ? 'it' : 'them'}`] : []),
  ];
  const times =
    instants.length === 1
      ? `once at ${shown(instants[0])}`
      : `at ${instants.length} times, the first ${shown(instants[0])}, the last ${shown(instants.at(-1))}`;
  return `${times} (${notes.join('; ')})`;
}
