/** What part of time a timeline shows, and how that is moved. Instants are epoch milliseconds, widths are in pixels. */

export interface View {
  from: number;
  until: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Of what has been, by the names in the address; a third of the whole is left for what is to come. */
export const RANGES = { '30m': 30 * MINUTE, '1h': HOUR, '6h': 6 * HOUR, '24h': 24 * HOUR } as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_WORDS: Record<RangeName, string> = { '30m': '30 min', '1h': '1 h', '6h': '6 h', '24h': '24 h' };

/** Where the line of the present stands while the view follows it. */
export const NOW_SHARE = 2 / 3;
export const SPAN_MIN_MS = MINUTE;
export const SPAN_MAX_MS = 7 * 24 * HOUR;
/** Past and future that can be looked at, from now. */
export const REACH_MS = 14 * 24 * HOUR;

export const spanOf = ({ from, until }: View): number => until - from;
export const xOf = (at: number, view: View, width: number): number => ((at - view.from) / spanOf(view)) * width;
export const instantAt = (x: number, view: View, width: number): number => view.from + (x / width) * spanOf(view);

/** The view of a span in which the present has its place. */
export function viewAround(now: number, span: number): View {
  const from = now - span * NOW_SHARE;
  return { from, until: from + span };
}

/** @param past  how much of what has been is to be seen */
export const spanOfRange = (past: number): number => past / NOW_SHARE;

/** @param factor  above 1: out, below 1: in  @param center  stays where it is */
export function zoom(view: View, factor: number, center: number): View {
  const span = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, spanOf(view) * factor));
  const from = center - ((center - view.from) / spanOf(view)) * span;
  return { from, until: from + span };
}

/** @param by  milliseconds, later is positive; it stops where nothing is to be seen any more */
export function pan(view: View, by: number, now: number): View {
  const span = spanOf(view);
  const from = Math.min(now + REACH_MS - span, Math.max(now - REACH_MS, view.from + by));
  return { from, until: from + span };
}

/** The range whose name fits this span, if any does. */
export function rangeOf(span: number): RangeName | null {
  const found = Object.entries(RANGES).find(([, past]) => Math.abs(spanOfRange(past) - span) < 1);
  return (found?.[0] as RangeName | undefined) ?? null;
}
