/** What becomes of missing and of repeated local times; the words of the API. */
export interface Dst {
  gap: 'RUN_AFTER' | 'SHIFT' | 'SKIP';
  overlap: 'FIRST' | 'LAST' | 'BOTH';
}
/** Each real instant whose wall clock matches. */
export const PLAIN: Dst = { gap: 'SKIP', overlap: 'BOTH' };

/** A set of local times, told as values: whoever judges reads no text. */
export interface Pattern {
  day: (date: Temporal.PlainDate) => boolean;
  hours: readonly number[];
  minutes: readonly number[];
  seconds: readonly number[];
  /** Its minute or hour field starts with `*`: gap and overlap do not apply. */
  followsRealClock: boolean;
}

export const DAY_MS = 86_400_000;
/** A reading taken for UTC is no farther than this from the instants that it stands for: an offset, and a day that is skipped. */
const FARTHEST = 40 * 3_600_000;

/**
 * The occurrences of a pattern in [from, until), ascending: each local time of each date, one after the other, laid on the
 * zone by Temporal. Shares nothing with the calculus.
 * @param enough  ends early when so many are certain
 */
export function enumerate(
  pattern: Pattern,
  timeZone: string,
  dst: Dst,
  from: number,
  until: number,
  enough = Infinity,
): number[] {
  const policy = pattern.followsRealClock ? PLAIN : dst;
  const found = new Set<number>();
  const last = dateIn(until + 2 * DAY_MS, 'UTC');
  for (let date = dateIn(from - 2 * DAY_MS, 'UTC'); Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    if (!pattern.day(date)) {
      if (certainlyEnough(date.toZonedDateTime('UTC').epochMilliseconds)) break;
      continue;
    }
    for (const hour of pattern.hours) {
      const reading = date.toZonedDateTime({ timeZone: 'UTC', plainTime: { hour } }).epochMilliseconds;
      if (reading < from - FARTHEST || certainlyEnough(reading)) continue;
      for (const minute of pattern.minutes)
        for (const second of pattern.seconds)
          for (const at of instantsOf(date.toPlainDateTime({ hour, minute, second }), timeZone, policy))
            if (at >= from && at < until) found.add(at);
    }
  }
  /** Nothing that is read later on the clock can come before those that were found. */
  function certainlyEnough(reading: number): boolean {
    if (found.size < enough) return false;
    let before = 0;
    for (const at of found) if (at < reading - FARTHEST) before++;
    return before >= enough;
  }
  return ascending(found);
}

/** The instants that one local time stands for. */
export function instantsOf(local: Temporal.PlainDateTime, timeZone: string, { gap, overlap }: Dst): number[] {
  const earlier = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const later = local.toZonedDateTime(timeZone, { disambiguation: 'later' });
  if (!earlier.toPlainDateTime().equals(local)) {
    if (gap === 'SKIP') return [];
    return gap === 'SHIFT' ? [later.epochMilliseconds] : afterJump(earlier.epochMilliseconds, later.epochMilliseconds, timeZone);
  }
  if (overlap === 'BOTH') return [earlier.epochMilliseconds, later.epochMilliseconds];
  return [overlap === 'FIRST' ? earlier.epochMilliseconds : later.epochMilliseconds];
}

/**
 * The first instant after the jump between two instants, by halving; none when the clock jumps by more than three hours.
 * @param before, after  the missing time read by the offset after and before the jump: as far apart as the clock jumps
 */
function afterJump(before: number, after: number, timeZone: string): number[] {
  if (after - before > 3 * 3_600_000) return [];
  const offset = offsetAt(before, timeZone);
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, timeZone) === offset) low = middle;
    else high = middle;
  }
  return [high];
}

/** A second opinion on plain patterns, by looking at the wall clock at every second or minute of real time in [from, until). */
export function watch(pattern: Pattern, timeZone: string, from: number, until: number): number[] {
  const step = pattern.seconds.length === 1 && pattern.seconds[0] === 0 ? 60_000 : 1000;
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < until; at += step) {
    const clock = zoned(at, timeZone);
    const { hour, minute, second } = clock;
    if (!pattern.hours.includes(hour) || !pattern.minutes.includes(minute) || !pattern.seconds.includes(second)) continue;
    if (pattern.day(clock.toPlainDate())) found.push(at);
  }
  return found;
}

export const zoned = (at: number, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
export const dateIn = (at: number, timeZone: string): Temporal.PlainDate => zoned(at, timeZone).toPlainDate();
const offsetAt = (at: number, timeZone: string): number => zoned(at, timeZone).offsetNanoseconds;
export const ascending = (instants: Iterable<number>): number[] => [...new Set(instants)].sort((a, b) => a - b);
/** As the files have it: without a fraction when there is none. */
export const textOf = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
