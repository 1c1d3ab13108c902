/** Figures of a day in parts, as a small line. */

interface Counted {
  total: number;
  byState: readonly { state: string; count: number }[];
  latenessP50Ms: number | null;
  latenessP95Ms: number | null;
}
export interface Bucket {
  from: string;
  until: string;
  stats: Counted;
}
/** null: nothing was measured. */
export type Trend = readonly (number | null)[];

export const countOf = (stats: Counted, ...states: string[]): number =>
  stats.byState.reduce((sum, { state, count }) => (states.includes(state) ? sum + count : sum), 0);

export const runsTrend = (series: readonly Bucket[]): Trend => series.map(({ stats }) => stats.total);
export const failedTrend = (series: readonly Bucket[]): Trend => series.map(({ stats }) => countOf(stats, 'FAILED', 'TIMED_OUT'));
export const waitTrend = (series: readonly Bucket[]): Trend => series.map(({ stats }) => stats.latenessP50Ms);
export const lateTrend = (series: readonly Bucket[]): Trend => series.map(({ stats }) => stats.latenessP95Ms);

/**
 * Lines through the measured points, as data of an SVG path in a box of this size: the greatest value touches its top, 0 its bottom.
 * Where nothing was measured the line is broken; a point alone is a short dash.
 */
export function pathOf(trend: Trend, width: number, height: number): string {
  const most = Math.max(0, ...trend.map((value) => value ?? 0));
  const step = width / Math.max(1, trend.length - 1);
  const parts: string[] = [];
  trend.forEach((value, index) => {
    if (value === null) return;
    const y = most === 0 ? height : height - (value / most) * height;
    const [x, was, next] = [index * step, trend[index - 1] ?? null, trend[index + 1] ?? null];
    if (was !== null) parts.push(`L${round(x)} ${round(y)}`);
    else if (next !== null) parts.push(`M${round(x)} ${round(y)}`);
    else parts.push(`M${round(Math.max(0, x - 1))} ${round(y)}h2`);
  });
  return parts.join('');
}
const round = (value: number): number => Math.round(value * 10) / 10;
