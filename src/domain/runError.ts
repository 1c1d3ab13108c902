/**
 * What a failed attempt leaves behind.
 * `code` is UPPER_SNAKE and stable: it is what `retry.nonRetryableErrors` is matched against.
 * `retryable: false` ends the run whatever attempts are left; `true` leaves the decision to the retry policy.
 */
export interface RunError {
  code: string;
  name: string;
  message: string;
  stack?: string;
  retryable: boolean;
}
