import type { RunState } from '../../api/schema.generated.ts';
import { RUN_LOOKS } from '../../parts/states.ts';

export interface SparkRun {
  id: string;
  state: RunState;
  /** null: none of it has started. */
  durationMs: number | null;
}

interface SparkBar {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Of the theme. */
  color: string;
  /** Also marked below the bar, for those to whom red and green are one. */
  failed: boolean;
}

interface SparkBox {
  width: number;
  height: number;
  /** For so many bars there is room. */
  places: number;
}

const LEAST_HEIGHT = 3;
const GAP = 1.5;

/**
 * Bars as high as their runs took long, the newest at the right. Heights are roots: with a run of an hour among those of a second, the
 * short ones can still be told apart.
 * @param runs  the newest first
 */
export function sparkBars(runs: readonly SparkRun[], { width, height, places }: SparkBox): SparkBar[] {
  const pitch = width / places;
  const shown = runs.slice(0, places);
  const longest = Math.max(1, ...shown.map(({ durationMs }) => durationMs ?? 0));
  return shown
    .map(({ id, state, durationMs }, age) => {
      const tall = Math.max(LEAST_HEIGHT, Math.round(height * Math.sqrt((durationMs ?? 0) / longest)));
      return {
        id,
        x: round(width - (age + 1) * pitch),
        y: height - tall,
        width: round(pitch - GAP),
        height: tall,
        color: RUN_LOOKS[state].color,
        failed: isFailure(state),
      };
    })
    .toReversed();
}

/** The same in words: Last 20 runs: 17 succeeded, 2 failed, 1 running. The newest: failed. */
export function sparkText(runs: readonly SparkRun[]): string {
  const [newest] = runs;
  if (!newest) return 'It has not run yet.';
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(wordOf(state), (counts.get(wordOf(state)) ?? 0) + 1);
  const parts = [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
  const head = runs.length === 1 ? 'The only run' : `Last ${runs.length} runs`;
  return runs.length === 1 ? `${head}: ${wordOf(newest.state)}.` : `${head}: ${parts}. The newest: ${wordOf(newest.state)}.`;
}

const wordOf = (state: RunState): string => RUN_LOOKS[state].word.toLowerCase();
const isFailure = (state: RunState): boolean => state === 'FAILED' || state === 'TIMED_OUT';
const round = (value: number): number => Math.round(value * 100) / 100;
