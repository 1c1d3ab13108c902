import type { RunState } from '../../api/schema.generated.ts';
import { formatStretch } from '../../time/format.ts';

export interface MeasuredRun {
  id: string;
  state: RunState;
  scheduledFor: string;
  durationMs: number | null;
  latenessMs: number | null;
}
export type Figure = 'durationMs' | 'latenessMs';

/** What a chart draws: columns of equal length, in order of time; seconds since the epoch, and milliseconds. */
export interface FigureSeries {
  runs: readonly MeasuredRun[];
  at: number[];
  all: (number | null)[];
  good: (number | null)[];
  bad: (number | null)[];
  other: (number | null)[];
}

const BAD: readonly RunState[] = ['FAILED', 'TIMED_OUT'];

/** @param runs  in any order; null where a run has no such figure */
export function figureSeries(runs: readonly MeasuredRun[], figure: Figure): FigureSeries {
  const sorted = runs.toSorted((a, b) => Date.parse(a.scheduledFor) - Date.parse(b.scheduledFor));
  const values = (wanted: (state: RunState) => boolean) => sorted.map((run) => (wanted(run.state) ? run[figure] : null));
  const isBad = (state: RunState) => BAD.includes(state);
  return {
    runs: sorted,
    at: sorted.map(({ scheduledFor }) => Date.parse(scheduledFor) / 1000),
    all: values(() => true),
    good: values((state) => state === 'SUCCEEDED'),
    bad: values(isBad),
    other: values((state) => state !== 'SUCCEEDED' && !isBad(state)),
  };
}

/** The chart in a sentence, for who does not see it. */
export function figureSentence({ all, bad }: FigureSeries): string {
  const values = all.filter((value) => value !== null).toSorted((a, b) => a - b);
  if (values.length === 0) return 'Nothing has been measured yet.';
  const median = values[Math.floor((values.length - 1) / 2)] as number;
  const failed = bad.filter((value) => value !== null).length;
  const most = formatStretch(values.at(-1) as number);
  return `${values.length} ${values.length === 1 ? 'run' : 'runs'}, half of them within ${formatStretch(median)}, at most ${most}; ${failed} failed.`;
}
