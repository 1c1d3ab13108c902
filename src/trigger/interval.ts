import { describeDuration, formatDuration, parseDuration } from './duration.ts';
import type { Agenda } from './agenda.ts';
import type { Grid } from './grid.ts';
import { gridAgenda } from './grid-agenda.ts';
import { formatInstant, readInstant } from './instant.ts';
import { leafZone } from './leaf-zone.ts';
import { shorten } from './text.ts';
import type { CompileResult, IntervalTrigger, Trigger, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';
import { fireTime } from './zone.ts';

const SHORTEST_MS = 1000;

/**
 * The grid anchor + n·every for every whole n, negative ones too: an anchor fixes the phase of the grid, not its beginning
 * (that is the schedule's `startAt`), so an anchor in the past and one in the future mean the same.
 */
export function compileInterval(
  input: { every: string; anchorAt?: string | null },
  context: TriggerContext,
): CompileResult<IntervalTrigger> {
  const errors: TriggerError[] = [];
  const every = parseEvery(input.every, errors);
  const given = input.anchorAt ?? null;
  const anchor = given === null ? context.anchorAt : readInstant(given, ['interval', 'anchorAt'], errors);
  const timeZone = leafZone(null, [], context, errors);
  if (errors.length > 0) return { ok: false, errors };
  const anchorText = formatInstant(anchor);

  return {
    ok: true,
    trigger: {
      kind: 'INTERVAL',
      spec: { interval: { every: formatDuration(every), ...(given !== null && { anchorAt: anchorText }) } },
      everyMs: every,
      anchorAt: anchor,
      ...answersOfGrid({ anchor, every }),
      describe: () => `every ${describeDuration(every)} of elapsed time, counted from ${anchorText}`,
      fireTime: (instant) => fireTime(instant, timeZone),
    },
  };
}

function parseEvery(text: unknown, errors: TriggerError[]): number {
  const path = ['interval', 'every'];
  const constraint = 'ISO-8601 duration, PT1S to P36525D';
  if (typeof text !== 'string') {
    errors.push({ path, message: 'every must be given as text, an ISO-8601 duration such as PT10M', constraint });
    return 0;
  }
  const parsed = parseDuration(text);
  if (!parsed.ok) errors.push({ path, message: parsed.message, constraint });
  else if (parsed.ms < SHORTEST_MS)
    errors.push({ path, message: `'${shorten(text)}' is shorter than one second (PT1S)`, constraint });
  return parsed.ok ? parsed.ms : 0;
}

type Answers = Required<Pick<Trigger, 'next' | 'previous' | 'between' | 'matches' | 'count' | 'agenda'>>;

/** What a trigger with exactly these instants answers. */
export function answersOfGrid({ anchor, every }: Grid): Answers {
  /** Number of the first grid point ≥ `instant`. Exact: quotients stay far below 2^53. */
  const indexFrom = (instant: number): number => Math.ceil((instant - anchor) / every);
  const from = (instant: number): number => Math.max(Math.ceil(instant), FIRST_INSTANT);
  const until = (instant: number): number => Math.min(Math.ceil(instant), LAST_INSTANT + 1);
  const inRange = (instant: number): boolean => instant >= FIRST_INSTANT && instant <= LAST_INSTANT;

  function next(after: number): number | null {
    const found = anchor + indexFrom(from(Math.floor(after) + 1)) * every;
    return inRange(found) ? found : null;
  }
  function previous(before: number): number | null {
    const found = anchor + (indexFrom(until(before)) - 1) * every;
    return inRange(found) ? found : null;
  }
  function between(start: number, end: number, limit: number): number[] {
    const found: number[] = [];
    const stop = until(end);
    for (let at = anchor + indexFrom(from(start)) * every; at < stop && found.length < limit; at += every) found.push(at);
    return found;
  }
  let agenda: Agenda | undefined;
  return {
    next,
    previous,
    between,
    matches: (instant) => inRange(instant) && Number.isInteger((instant - anchor) / every),
    count: (start, end) => Math.max(0, indexFrom(until(end)) - indexFrom(from(start))),
    agenda: () => (agenda ??= gridAgenda({ anchor, every })),
  };
}
