import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../support/properties.ts';
import { afterFailure, resolveExecution } from '../../src/domain/execution.ts';
import type { ExecutionSettings, RetryPolicy } from '../../src/domain/execution.ts';
import type { RunError } from '../../src/domain/runError.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 3,
  initialIntervalMs: SECOND,
  backoffCoefficient: 2,
  maxIntervalMs: null,
  jitterMs: 0,
  nonRetryableErrors: [],
};
const retry = (given: Partial<RetryPolicy> = {}): RetryPolicy => ({ ...DEFAULT_RETRY, ...given });
const error = (given: Partial<RunError> = {}): RunError => {
  return { code: 'HTTP_STATUS', name: 'HttpStatusError', message: 'answered 500', retryable: true, ...given };
};

describe('what a run follows', () => {
  const once = retry({ maxAttempts: 1 });
  const patient = retry({ maxAttempts: 9, initialIntervalMs: MINUTE });
  const nothing: ExecutionSettings = { timeoutMs: null, retry: null };
  const cases: {
    rule: string;
    kind?: 'HTTP' | 'CODE';
    task: ExecutionSettings | null;
    schedule: ExecutionSettings | null;
    timeoutMs: number;
    retry: RetryPolicy;
    priority?: number;
  }[] = [
    { rule: 'nothing set: the defaults', task: null, schedule: null, timeoutMs: 30 * SECOND, retry: DEFAULT_RETRY },
    {
      rule: 'a code task may take longer',
      kind: 'CODE',
      task: null,
      schedule: null,
      timeoutMs: 15 * MINUTE,
      retry: DEFAULT_RETRY,
    },
    { rule: 'null inherits', task: nothing, schedule: nothing, timeoutMs: 30 * SECOND, retry: DEFAULT_RETRY },
    { rule: "the task's over the defaults", task: { timeoutMs: 5, retry: once }, schedule: null, timeoutMs: 5, retry: once },
    {
      rule: "the schedule's over the task's",
      task: { timeoutMs: 5, retry: once },
      schedule: { timeoutMs: 7, retry: patient },
      timeoutMs: 7,
      retry: patient,
    },
    {
      rule: 'each of the two for itself',
      task: { timeoutMs: 5, retry: null },
      schedule: { timeoutMs: null, retry: patient },
      timeoutMs: 5,
      retry: patient,
    },
    {
      rule: "a priority of its own, 0 too, over the task's",
      task: { timeoutMs: 5, retry: once, priority: 7 },
      schedule: { timeoutMs: null, retry: null, priority: 0 },
      timeoutMs: 5,
      retry: once,
      priority: 0,
    },
    {
      rule: "no priority of its own: the task's",
      task: { timeoutMs: 5, retry: once, priority: -7 },
      schedule: nothing,
      timeoutMs: 5,
      retry: once,
      priority: -7,
    },
    {
      rule: 'a retry policy is taken whole, not field by field',
      task: { timeoutMs: null, retry: retry({ jitterMs: 500, nonRetryableErrors: ['X'] }) },
      schedule: { timeoutMs: null, retry: once },
      timeoutMs: 30 * SECOND,
      retry: once,
    },
  ];
  for (const { rule, kind = 'HTTP', task, schedule, priority = 0, ...policy } of cases) {
    test(rule, () => {
      assert.deepEqual(resolveExecution(kind, task, schedule), { ...policy, priority });
    });
  }
});

describe('after a failed attempt', () => {
  const cases: { rule: string; retry?: Partial<RetryPolicy>; attempt?: number; error?: Partial<RunError>; verdict: string }[] = [
    { rule: 'attempts are left: it is tried again', verdict: 'RETRY_WAIT 1000' },
    { rule: 'the last but one', attempt: 2, verdict: 'RETRY_WAIT 2000' },
    { rule: 'the last one: failed', attempt: 3, verdict: 'FAILED' },
    { rule: 'maxAttempts was lowered meanwhile: failed', attempt: 5, verdict: 'FAILED' },
    { rule: 'maxAttempts 1: at most once', retry: { maxAttempts: 1 }, verdict: 'FAILED' },
    { rule: 'the error says that another try is no use', error: { retryable: false }, verdict: 'FAILED' },
    { rule: 'the policy says so of its code', retry: { nonRetryableErrors: ['DNS_FAILED', 'HTTP_STATUS'] }, verdict: 'FAILED' },
    { rule: 'the policy names another code', retry: { nonRetryableErrors: ['HTTP'] }, verdict: 'RETRY_WAIT 1000' },
    { rule: 'a timeout is tried again like any failure', error: { code: 'TIMED_OUT' }, verdict: 'RETRY_WAIT 1000' },
    { rule: 'the last one timed out: the run is TIMED_OUT', attempt: 3, error: { code: 'TIMED_OUT' }, verdict: 'TIMED_OUT' },
    {
      rule: 'timeouts are not retried: the run is TIMED_OUT at once',
      retry: { nonRetryableErrors: ['TIMED_OUT'] },
      error: { code: 'TIMED_OUT' },
      verdict: 'TIMED_OUT',
    },
    {
      rule: 'a lost worker has used an attempt, but nobody waits for it',
      error: { code: 'WORKER_LOST' },
      verdict: 'RETRY_WAIT 0',
    },
    { rule: 'a lost worker on the last attempt: failed', attempt: 3, error: { code: 'WORKER_LOST' }, verdict: 'FAILED' },
    {
      rule: 'at most once holds for a lost worker',
      retry: { maxAttempts: 1 },
      error: { code: 'WORKER_LOST' },
      verdict: 'FAILED',
    },
    {
      rule: 'a lost run that must not move: failed',
      error: { code: 'WORKER_LOST', retryable: false },
      verdict: 'FAILED',
    },
    { rule: 'a worker that is stopped hands its run on at once', error: { code: 'SHUTDOWN' }, verdict: 'RETRY_WAIT 0' },
  ];
  for (const { rule, retry: policy, attempt = 1, error: given, verdict } of cases) {
    test(rule, () => {
      const result = afterFailure(retry(policy), attempt, error(given), 0);
      assert.equal(result.state === 'RETRY_WAIT' ? `${result.state} ${result.delayMs}` : result.state, verdict);
    });
  }
});

describe('back-off', () => {
  const delays = (policy: Partial<RetryPolicy>, random = 0, retryAfterMs?: number): (number | null)[] =>
    [1, 2, 3, 4].map((attempt) => {
      const verdict = afterFailure(retry({ maxAttempts: 10, ...policy }), attempt, error(), random, retryAfterMs);
      return verdict.state === 'RETRY_WAIT' ? verdict.delayMs : null;
    });
  const cases: { rule: string; policy: Partial<RetryPolicy>; random?: number; asked?: number; waits: number[] }[] = [
    { rule: 'doubles', policy: {}, waits: [1_000, 2_000, 4_000, 8_000] },
    { rule: 'stays with coefficient 1', policy: { backoffCoefficient: 1 }, waits: [1_000, 1_000, 1_000, 1_000] },
    { rule: 'fractions of a ms are rounded', policy: { initialIntervalMs: 1, backoffCoefficient: 1.5 }, waits: [1, 2, 2, 3] },
    { rule: 'no longer than maxInterval', policy: { maxIntervalMs: 3_000 }, waits: [1_000, 2_000, 3_000, 3_000] },
    { rule: 'the first wait is capped, too', policy: { maxIntervalMs: 300 }, waits: [300, 300, 300, 300] },
    { rule: 'no longer than a day', policy: { backoffCoefficient: 100 }, waits: [1_000, 100_000, 10_000_000, DAY] },
    { rule: 'none', policy: { initialIntervalMs: 0 }, waits: [0, 0, 0, 0] },
    { rule: 'jitter adds its share', policy: { jitterMs: 1_000 }, random: 0.5, waits: [1_500, 2_500, 4_500, 8_500] },
    { rule: 'no shorter than what was called asks for', policy: {}, asked: 3_000, waits: [3_000, 3_000, 4_000, 8_000] },
    {
      rule: 'what it asks for is no longer than maxInterval',
      policy: { maxIntervalMs: 2_500 },
      asked: 60_000,
      waits: [2_500, 2_500, 2_500, 2_500],
    },
    { rule: 'what it asks for is no longer than a day', policy: {}, asked: 7 * DAY, waits: [DAY, DAY, DAY, DAY] },
    {
      rule: 'jitter comes on top of what it asks for: many that were told the same do not come back together',
      policy: { jitterMs: 1_000 },
      asked: 5_000,
      random: 0.5,
      waits: [5_500, 5_500, 5_500, 8_500],
    },
    {
      rule: 'jitter comes on top of maxInterval',
      policy: { maxIntervalMs: 1_000, jitterMs: 200 },
      random: 0.999,
      waits: [1_200, 1_200, 1_200, 1_200],
    },
  ];
  for (const { rule, policy, random, asked, waits } of cases) {
    test(rule, () => {
      assert.deepEqual(delays(policy, random, asked), waits);
    });
  }

  test('is a whole number of ms within its bounds, whatever the policy and the attempt', () => {
    const policies = fc.record({
      maxAttempts: fc.constant(101),
      initialIntervalMs: fc.nat(DAY),
      backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
      maxIntervalMs: fc.option(fc.nat(DAY)),
      jitterMs: fc.nat(DAY),
      nonRetryableErrors: fc.constant<string[]>([]),
    });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 100 }), random, (policy, attempt, share) => {
        const verdict = afterFailure(policy, attempt, error(), share);
        assert.equal(verdict.state, 'RETRY_WAIT');
        const { delayMs } = verdict as { delayMs: number };
        assert.ok(Number.isSafeInteger(delayMs) && delayMs >= 0 && delayMs <= (policy.maxIntervalMs ?? DAY) + policy.jitterMs);
      }),
    );
  });
});
