/** Which part of the ledger is looked at. Epoch milliseconds, half-open. */
export interface LedgerWindow {
  from: number;
  until: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const SPANS: readonly { ms: number; word: string }[] = [
  { ms: HOUR, word: '1 hour' },
  { ms: 6 * HOUR, word: '6 hours' },
  { ms: DAY, word: '1 day' },
  { ms: 3 * DAY, word: '3 days' },
  { ms: 7 * DAY, word: '1 week' },
  { ms: 30 * DAY, word: '30 days' },
  { ms: 120 * DAY, word: '120 days' },
  { ms: 400 * DAY, word: '400 days' },
];
/** About so many occurrences are shown at first. */
const SHOWN = 40;
/** The part of a window around the present that is past. */
const PAST = 2 / 3;

/** The stretch that shows a fair number of occurrences. @param instants  of neighbouring ones, in any order; epoch milliseconds */
export function fairSpan(instants: readonly number[]): number {
  const sorted = [...new Set(instants)].toSorted((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || first === last) return 30 * DAY;
  const gap = (last - first) / (sorted.length - 1);
  return (SPANS.find(({ ms }) => ms >= gap * SHOWN) ?? (SPANS.at(-1) as (typeof SPANS)[number])).ms;
}

/** The window around the present: it moves on in steps, so that a list that is read again is the same list for a while. */
export function windowAround(now: number, span: number): LedgerWindow {
  const step = span / 12;
  const from = Math.floor((now - span * PAST) / step) * step;
  return { from, until: from + span };
}

/** The neighbour of a window. */
export const moved = ({ from, until }: LedgerWindow, by: 1 | -1): LedgerWindow => ({
  from: from + by * (until - from),
  until: until + by * (until - from),
});
