import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACTIVE_STATES, HELD_STATES, RUN_TRANSITIONS, UNFINISHED_STATES, WAITING_STATES } from '../../src/domain/runState.ts';
import type { RunState } from '../../src/domain/runState.ts';

const STATES = Object.keys(RUN_TRANSITIONS) as RunState[];
const after = (state: RunState): readonly RunState[] => RUN_TRANSITIONS[state];
const ENDS: readonly RunState[] = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED'];
const set = (states: readonly RunState[]): string[] => [...states].sort();

function reachable(from: readonly RunState[]): Set<RunState> {
  const found = new Set(from);
  for (const state of found) for (const next of after(state)) found.add(next);
  return found;
}

describe('the table', () => {
  test('a run ends as succeeded, failed, timed out or canceled, and then never changes again', () => {
    assert.deepEqual(set(STATES.filter((state) => after(state).length === 0)), set(ENDS));
  });

  test('from every other state there is a way to an end', () => {
    for (const state of STATES)
      assert.ok(
        ENDS.some((end) => reachable([state]).has(end)),
        state,
      );
  });

  test('a run begins scheduled, buffered or queued, and from there comes into every state', () => {
    const entered = new Set(STATES.flatMap(after));
    assert.deepEqual(set(STATES.filter((state) => !entered.has(state))), ['BUFFERED', 'SCHEDULED']);
    assert.deepEqual(set([...reachable(['SCHEDULED', 'BUFFERED', 'QUEUED'])]), set(STATES));
  });

  test('no state follows itself', () => {
    for (const state of STATES) assert.ok(!after(state).includes(state), state);
  });

  test('only what is queued is started, and every attempt passes through the queue', () => {
    assert.deepEqual(
      STATES.filter((state) => after(state).includes('RUNNING')),
      ['QUEUED'],
    );
    assert.deepEqual(
      after('RETRY_WAIT').filter((state) => state !== 'CANCELED' && state !== 'FAILED'),
      ['QUEUED'],
    );
  });

  test('only what a worker holds can bring a result; what waits can fail, when the one worker it was for is gone', () => {
    const results: RunState[] = ['SUCCEEDED', 'TIMED_OUT', 'RETRY_WAIT'];
    const holders = STATES.filter((state) => after(state).some((next) => results.includes(next)));
    assert.deepEqual(set(holders), set(HELD_STATES));
    for (const state of [...WAITING_STATES, 'RETRY_WAIT'] as const) assert.ok(after(state).includes('FAILED'), state);
  });

  test('a run that is being canceled is not tried again', () => {
    assert.ok(!reachable(['CANCELING']).has('RETRY_WAIT') && !reachable(['CANCELING']).has('QUEUED'));
  });
});

describe('the lists that guard the statements', () => {
  test('unfinished is all that has a way on', () => {
    assert.deepEqual(set(UNFINISHED_STATES), set(STATES.filter((state) => after(state).length > 0)));
  });

  test('active is unfinished, save what waits for its time or its place', () => {
    assert.deepEqual(set([...ACTIVE_STATES, 'SCHEDULED', 'BUFFERED']), set(UNFINISHED_STATES));
  });

  test('waiting is all that comes before a first start, and can be canceled at once', () => {
    assert.deepEqual(set(WAITING_STATES), ['BUFFERED', 'QUEUED', 'SCHEDULED']);
    for (const state of WAITING_STATES) assert.ok(after(state).includes('CANCELED'), state);
  });

  test('held is active, and never waiting', () => {
    const waiting: readonly RunState[] = WAITING_STATES;
    const active: readonly RunState[] = ACTIVE_STATES;
    for (const state of HELD_STATES) assert.ok(active.includes(state) && !waiting.includes(state), state);
  });

  test('no list names a state twice', () => {
    for (const list of [ACTIVE_STATES, HELD_STATES, WAITING_STATES, UNFINISHED_STATES])
      assert.equal(new Set(list).size, list.length);
  });
});
