import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestAnswer, shownAnswer } from '../../web/src/api/answer.ts';
import type { Answer } from '../../web/src/api/answer.ts';

interface State {
  data?: string;
  error?: { networkError?: Error | undefined };
  operation?: { key: number };
}
/** What is shown after these states of the client, while the request of this key is asked. */
function show(states: readonly State[], key: number, holds = false) {
  let kept: Answer<string> | null = null;
  // Each state was drawn while its own request was asked.
  for (const state of states) kept = newestAnswer(kept, state.operation?.key ?? key, state);
  return shownAnswer(kept, key, states.at(-1) ?? {}, holds);
}
const AWAY = { networkError: new Error('away') };
const REFUSED = {};
const first: State = { data: 'one', operation: { key: 1 } };

const cases = [
  { rule: 'nothing has come', states: [{}], is: { data: undefined, error: undefined, held: false } },
  { rule: 'its own answer', states: [first], key: 1, is: { data: 'one', error: undefined, held: false } },
  { rule: 'the answer to other variables is not shown with these', states: [first], is: { data: undefined, error: undefined, held: false } },
  { rule: 'unless it is held', states: [first], holds: true, is: { data: 'one', error: undefined, held: true } },
  { rule: 'the fault of other variables is none of these', states: [{ error: REFUSED, operation: { key: 1 } }], is: { data: undefined, error: undefined, held: false } },
  { rule: 'reading it again failed: the answer stays', states: [first, { error: AWAY, operation: { key: 1 } }], key: 1, is: { data: 'one', error: AWAY, held: false } },
  { rule: 'what is held stays while the server is away', states: [first, { error: AWAY, operation: { key: 2 } }], holds: true, is: { data: 'one', error: AWAY, held: true } },
  { rule: 'and goes when the server refuses', states: [first, { error: REFUSED, operation: { key: 2 } }], holds: true, is: { data: undefined, error: REFUSED, held: false } },
] as const; // prettier-ignore
for (const { rule, states, is, ...more } of cases)
  test(`what is shown of a query: ${rule}`, () => {
    const { key = 2, holds = false } = more as { key?: number; holds?: boolean };
    assert.deepEqual(show(states, key, holds), is);
  });

test('the same answer is the same object', () => {
  const kept = newestAnswer<string>(null, 1, first);
  assert.equal(newestAnswer(kept, 1, first), kept);
  assert.equal(newestAnswer(kept, 2, first), kept);
  assert.notEqual(newestAnswer(kept, 1, { ...first, data: 'two' }), kept);
});
