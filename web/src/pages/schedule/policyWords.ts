import type { MisfireMode, OverlapPolicy } from '../../api/schema.generated.ts';
import { retryWords } from '../../parts/retryWords.ts';
import { formatDuration } from '../../time/format.ts';
import type { ShownSchedule } from './shown.ts';

export const OVERLAP_WORDS: Record<OverlapPolicy, string> = {
  SKIP: 'does not run while the previous run has not ended',
  BUFFER_ONE: 'waits for the previous run, one at most',
  BUFFER_ALL: 'waits for the previous runs, one after another',
  CANCEL_OTHER: 'cancels the previous run and waits until it has ended',
  TERMINATE_OTHER: 'takes the place of the previous run at once',
  ALLOW_ALL: 'runs beside the previous run',
};

const MISFIRE_WORDS: Record<MisfireMode, string> = {
  SKIP: 'does not run',
  FIRE_ONCE: 'runs once for all that were missed',
  FIRE_ALL: 'runs for each that was missed, in order',
};

/** The policies in plain English. */
export function policyLines(
  schedule: Pick<ShownSchedule, 'overlapPolicy' | 'bufferLimit' | 'misfire' | 'execution' | 'pauseAfterFailures'>,
): { label: string; words: string }[] {
  const { overlapPolicy, bufferLimit, misfire, execution, pauseAfterFailures } = schedule;
  const buffer = overlapPolicy === 'BUFFER_ALL' ? `, at most ${bufferLimit}` : '';
  const window = `up to ${formatDuration(misfire.catchupWindow)} late`;
  const made =
    misfire.mode === 'SKIP' ? '' : `, ${window}${misfire.mode === 'FIRE_ALL' ? `, at most ${misfire.maxCatchupRuns}` : ''}`;
  const lines = [
    { label: 'Overlap', words: `${OVERLAP_WORDS[overlapPolicy]}${buffer}` },
    {
      label: 'After an outage',
      words: `${MISFIRE_WORDS[misfire.mode]}${made}; up to ${formatDuration(misfire.graceTime)} late counts as on time`,
    },
    { label: 'Time limit', words: `${formatDuration(execution.timeout)} for each attempt` },
    {
      label: 'Retries',
      words: retryWords(execution),
    },
    {
      label: 'After failures',
      words: pauseAfterFailures === null ? 'goes on' : `is paused after ${pauseAfterFailures} in a row`,
    },
  ];
  return execution.priority === 0 ? lines : [...lines, { label: 'Priority', words: `${execution.priority}` }];
}
