import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownStep, stepNameFault } from '../../src/domain/runStep.ts';

const names: { rule: string; name: unknown; fault: RegExp | null }[] = [
  { rule: 'one character', name: 'a', fault: null },
  { rule: '200 characters of any language', name: '日'.repeat(200), fault: null },
  { rule: 'none', name: '', fault: /has 0 characters; allowed are 1 to 200/ },
  { rule: '201 characters', name: 'x'.repeat(201), fault: /has 201 characters; allowed are 1 to 200/ },
  { rule: 'a line break', name: 'a\nb', fault: /the step "a\\nb" has a control character/ },
  { rule: 'U+0000', name: 'a\0', fault: /has a control character/ },
  { rule: 'U+0085, a control character beyond ASCII', name: 'a\u0085', fault: /has a control character/ },
  { rule: 'half a pair', name: 'a\ud800', fault: /half a surrogate pair/ },
  { rule: 'a number', name: 1, fault: /number instead of a text/ },
  { rule: 'nothing', name: undefined, fault: /undefined instead of a text/ },
];
for (const { rule, name, fault } of names) {
  test(`the name of a step: ${rule}: ${fault === null ? 'allowed' : 'refused'}`, () => {
    if (fault === null) assert.equal(stepNameFault(name), null);
    else assert.match(stepNameFault(name) ?? '', fault);
  });
}

const ERROR = { code: 'C', name: 'N', message: 'm', retryable: true };
const END = new Date(1);
const RUNNING = { state: 'RUNNING', finishedAt: null, error: null } as const;
const attempts = [
  { attempt: 'RUNNING', finishedAt: null, shown: 'RUNNING' },
  { attempt: 'FAILED', finishedAt: END, shown: 'FAILED' },
  { attempt: 'TIMED_OUT', finishedAt: END, shown: 'FAILED' },
  { attempt: 'CANCELED', finishedAt: END, shown: 'CANCELED' },
  { attempt: 'SUCCEEDED', finishedAt: END, shown: 'CANCELED' },
] as const;
for (const { attempt, finishedAt, shown } of attempts) {
  test(`a step that is RUNNING in an attempt that is ${attempt} is shown as ${shown}`, () => {
    const error = attempt === 'RUNNING' || attempt === 'SUCCEEDED' ? null : ERROR;
    assert.deepEqual(shownStep(RUNNING, { state: attempt, finishedAt, error }), { state: shown, finishedAt, error });
    const ended = { state: 'SUCCEEDED', finishedAt: new Date(0), error: null } as const;
    assert.deepEqual(shownStep(ended, { state: attempt, finishedAt, error }), ended);
  });
}
