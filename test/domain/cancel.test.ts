import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTEMPT_RESULTS, afterAttempt, afterCancel } from '../../src/domain/cancel.ts';
import { HELD_STATES, RUN_TRANSITIONS } from '../../src/domain/runState.ts';
import type { RunState } from '../../src/domain/runState.ts';

const cancels: Record<RunState, ReturnType<typeof afterCancel>> = {
  SCHEDULED: 'CANCELED',
  BUFFERED: 'CANCELED',
  QUEUED: 'CANCELED',
  RETRY_WAIT: 'CANCELED',
  RUNNING: 'CANCELING',
  CANCELING: 'CANCELING',
  SUCCEEDED: null,
  FAILED: null,
  TIMED_OUT: null,
  CANCELED: null,
};
for (const [state, expected] of Object.entries(cancels) as [RunState, (typeof cancels)[RunState]][]) {
  test(`a cancel of a run that is ${state}: ${expected ?? 'refused'}`, () => {
    const to = afterCancel(state);
    assert.equal(to, expected);
    const allowed: readonly RunState[] = RUN_TRANSITIONS[state];
    assert.ok(to === null ? allowed.length === 0 : to === state || allowed.includes(to));
  });
}

const ends = {
  RUNNING: {
    SUCCEEDED: 'SUCCEEDED',
    FAILED: 'FAILED',
    TIMED_OUT: 'TIMED_OUT',
    RETRY_WAIT: 'RETRY_WAIT',
    CANCELED: 'CANCELED',
  },
  CANCELING: {
    SUCCEEDED: 'SUCCEEDED',
    FAILED: 'CANCELED',
    TIMED_OUT: 'CANCELED',
    RETRY_WAIT: 'CANCELED',
    CANCELED: 'CANCELED',
  },
} as const;
for (const held of HELD_STATES) {
  for (const result of ATTEMPT_RESULTS) {
    test(`an attempt of a run that is ${held} ends with ${result}: ${ends[held][result]}`, () => {
      const to = afterAttempt(held, result);
      assert.equal(to, ends[held][result]);
      const allowed: readonly RunState[] = RUN_TRANSITIONS[held];
      assert.ok(allowed.includes(to));
    });
  }
}
