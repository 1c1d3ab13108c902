import type { OccurrenceVerdict, RunState } from '../../api/schema.generated.ts';
import { RUN_LOOKS, VERDICT_LOOKS } from '../../parts/states.ts';

/** How a day went, from the worst to the best; some: most went well, and some failed or were missed; none: nothing was due, or nothing is known of it. */
export type Tone = 'bad' | 'some' | 'passed' | 'held' | 'open' | 'good' | 'gone' | 'none';

/** What the series of figures says of one day. */
export interface DayRuns {
  /** Its first instant. */
  from: string;
  byState: readonly { state: RunState; count: number }[];
}
/** What the ledger says of one or several occurrences. */
export interface LedgerSpan {
  scheduledFor: string;
  through: string;
  count: number;
  verdict: OccurrenceVerdict;
}
export interface HeatDay {
  /** Epoch milliseconds of its midnight. */
  at: number;
  /** 2026-05-17 */
  day: string;
  tone: Tone;
  /** What happened, in words, the worst first: 3 failed. */
  lines: readonly string[];
}
export interface HeatMap {
  /** Columns from Monday to Sunday; null: later than today. */
  weeks: readonly (readonly (HeatDay | null)[])[];
  /** Over which column a month's name stands. */
  months: readonly { week: number; name: string }[];
}

const DAY_MS = 86_400_000;
const TONES: readonly Tone[] = ['bad', 'some', 'passed', 'held', 'open', 'good', 'gone', 'none'];
const TONE_OF_STATE: Record<RunState, Tone> = {
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  CANCELED: 'passed',
  CANCELING: 'open',
  SCHEDULED: 'open',
  BUFFERED: 'open',
  QUEUED: 'open',
  RUNNING: 'open',
  RETRY_WAIT: 'open',
  SUCCEEDED: 'good',
};
/** FIRED is told by its runs, PLANNED is still to come. */
const TONE_OF_VERDICT: Record<OccurrenceVerdict, Tone> = {
  MISSED: 'bad',
  BUFFER_FULL: 'passed',
  OVERLAP_SKIPPED: 'passed',
  COALESCED: 'passed',
  LIMIT_REACHED: 'held',
  PAUSED: 'held',
  FROZEN: 'held',
  SKIPPED_BY_USER: 'held',
  FIRED: 'gone',
  PLANNED: 'none',
};

const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;
const dayName = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Whole weeks from a Monday until the end of today, in days of UTC: the figures come in those. */
export function heatRange(now: number, weeks: number): { from: number; until: number } {
  const today = dayOf(now);
  const sinceMonday = (new Date(today).getUTCDay() + 6) % 7;
  return { from: today - (sinceMonday + 7 * (weeks - 1)) * DAY_MS, until: today + DAY_MS };
}

/**
 * From which day on the ledger can be read at a fair price: back through as many days as together have no more than so many runs.
 * @param most  runs, each of which is an entry of the ledger
 */
export function readableFrom(days: readonly DayRuns[], from: number, most: number): number {
  let sum = 0;
  for (const { from: start, byState } of days.toReversed()) {
    sum += byState.reduce((total, { count }) => total + count, 0);
    if (sum > most) return Math.min(Date.parse(start) + DAY_MS, dayOf(Date.parse(days.at(-1)?.from ?? start)));
  }
  return from;
}

export function heatMap(
  range: { from: number; until: number },
  days: readonly DayRuns[],
  ledger: readonly LedgerSpan[],
): HeatMap {
  const runs = new Map(days.map(({ from, byState }) => [dayOf(Date.parse(from)), byState]));
  const spans = new Map<number, LedgerSpan[]>();
  for (const span of ledger) {
    const last = Math.min(dayOf(Date.parse(span.through)), range.until - DAY_MS);
    for (let at = Math.max(dayOf(Date.parse(span.scheduledFor)), range.from); at <= last; at += DAY_MS)
      spans.set(at, [...(spans.get(at) ?? []), span]);
  }
  const weeks: (HeatDay | null)[][] = [];
  for (let monday = range.from; monday < range.until; monday += 7 * DAY_MS)
    weeks.push(
      Array.from({ length: 7 }, (_, i) => monday + i * DAY_MS).map((at) =>
        at < range.until ? heatDay(at, runs.get(at) ?? [], spans.get(at) ?? []) : null,
      ),
    );
  return { weeks, months: monthsOf(weeks) };
}

function heatDay(at: number, byState: DayRuns['byState'], spans: readonly LedgerSpan[]): HeatDay {
  const states = byState.filter(({ count }) => count > 0);
  const told = states.map(({ state, count }) => ({
    tone: TONE_OF_STATE[state],
    count,
    line: `${count} ${RUN_LOOKS[state].word.toLowerCase()}`,
  }));
  const verdicts = new Map<OccurrenceVerdict, number>();
  for (const { scheduledFor, through, verdict, count } of spans) {
    if (verdict === 'PLANNED' || (verdict === 'FIRED' && states.length > 0)) continue;
    if (dayOf(Date.parse(scheduledFor)) === dayOf(Date.parse(through)))
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + count);
    // Nobody knows how many of them lay in this day.
    else
      told.push({
        tone: TONE_OF_VERDICT[verdict],
        count,
        line: `${wordOf(verdict)}: ${count} from ${scheduledFor.slice(0, 10)} to ${through.slice(0, 10)}`,
      });
  }
  for (const [verdict, count] of verdicts)
    told.push({ tone: TONE_OF_VERDICT[verdict], count, line: `${count} ${wordOf(verdict)}` });
  told.sort((a, b) => TONES.indexOf(a.tone) - TONES.indexOf(b.tone));
  const worst = told[0]?.tone ?? 'none';
  const sum = (wanted: Tone) => told.reduce((total, { tone, count }) => (tone === wanted ? total + count : total), 0);
  const tone = worst === 'bad' && sum('good') > sum('bad') ? 'some' : worst;
  return { at, day: dayName(at), tone, lines: told.map(({ line }) => line) };
}

const wordOf = (verdict: OccurrenceVerdict): string =>
  verdict === 'FIRED' ? 'fired, the runs are not kept any more' : VERDICT_LOOKS[verdict].word.toLowerCase();

/** Each month over the first column that begins in it, when there is room for its name. */
function monthsOf(weeks: readonly (readonly (HeatDay | null)[])[]): HeatMap['months'] {
  const months: { week: number; name: string }[] = [];
  let last = '';
  for (const [week, [monday]] of weeks.entries()) {
    if (!monday) continue;
    const name = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' }).format(monday.at);
    if (name === last) continue;
    last = name;
    // Names of neighbouring columns would touch: of two the later month has more days on the map.
    if (months.length > 0 && week - (months.at(-1)?.week ?? 0) < 3) months.pop();
    months.push({ week, name });
  }
  return months;
}

/** How many days went each way. */
export function countTones({ weeks }: HeatMap): Record<Tone, number> {
  const counts: Record<Tone, number> = { bad: 0, some: 0, passed: 0, held: 0, open: 0, good: 0, gone: 0, none: 0 };
  for (const day of weeks.flat()) if (day !== null) counts[day.tone]++;
  return counts;
}
