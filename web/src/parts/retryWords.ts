import { formatDuration } from '../time/format.ts';

interface Retry {
  maxAttempts: number;
  initialInterval: string;
  backoffCoefficient: number;
  maxInterval: string | null;
  jitter: string | null;
  nonRetryableErrors: readonly string[];
}

/** A retry policy in plain English. */
export function retryWords({ retry }: { retry: Retry }): string {
  const { maxAttempts, initialInterval, backoffCoefficient, maxInterval, jitter, nonRetryableErrors } = retry;
  if (maxAttempts === 1) return 'none: a run has one attempt';
  const wait = formatDuration(initialInterval);
  const growth =
    backoffCoefficient === 1
      ? `${wait} between them`
      : `the second after ${wait}, each wait ${backoffCoefficient} times the one before`;
  const most = maxInterval === null || backoffCoefficient === 1 ? '' : `, at most ${formatDuration(maxInterval)}`;
  const spread = jitter === null || /^PT0S$/.test(jitter) ? '' : `, up to ${formatDuration(jitter)} more at random`;
  const never = nonRetryableErrors.length === 0 ? '' : `; not after ${nonRetryableErrors.join(', ')}`;
  return `up to ${maxAttempts} attempts, ${growth}${most}${spread}${never}`;
}
