import type { OverlapPolicy } from '../../api/schema.generated.ts';
import { formatDuration } from '../../time/format.ts';
import type { TaskDefinition } from './definition.ts';

/** What may become of a run by hand while another run of the task has not ended. */
export const OVERLAP_CHOICES: readonly { value: OverlapPolicy; label: string }[] = [
  { value: 'SKIP', label: 'It is refused' },
  { value: 'BUFFER_ONE', label: 'It waits, unless another one does' },
  { value: 'BUFFER_ALL', label: 'It waits in line, behind at most 99 others' },
  { value: 'CANCEL_OTHER', label: 'The others are canceled, and it runs when they have ended' },
  { value: 'TERMINATE_OTHER', label: 'The others are cut off, and it runs at once' },
  { value: 'ALLOW_ALL', label: 'It runs beside them' },
];

export function concurrencyWords({ concurrency }: Pick<TaskDefinition['execution'], 'concurrency'>): string {
  if (concurrency === null) return 'any number of runs at once';
  return concurrency === 1 ? 'one run at a time; further ones wait' : `${concurrency} runs at once; further ones wait`;
}

export function retentionWords(retention: TaskDefinition['retention']): string {
  const parts = [
    ...(retention?.runs ? [`for ${formatDuration(retention.runs)}`] : []),
    ...(retention?.count ? [`the newest ${retention.count} of each schedule`] : []),
  ];
  return parts.length === 0 ? 'as long as the server says' : parts.join(', ');
}

/** What the page of a task calls its kind. */
export function kindWords({ kind, scope }: Pick<TaskDefinition, 'kind' | 'scope'>): string {
  if (kind === 'HTTP') return 'HTTP task: a request that any worker sends';
  return scope === 'LOCAL'
    ? 'Code task: each occurrence runs once on every worker'
    : 'Code task: each occurrence runs once, on some worker';
}
