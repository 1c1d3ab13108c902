import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { TaskOutcome } from '../../src/task/outcome.ts';
import { execute } from '../../src/worker/execute.ts';
import { createFakeClock } from '../support/clock.ts';

const TIMEOUT_MS = 30_000;

/** One attempt on a clock that stands still. */
function attempt(run: (signal: AbortSignal) => Promise<TaskOutcome>) {
  const clock = createFakeClock(0);
  const abort = new AbortController();
  return { clock, abort, outcome: execute(() => run(abort.signal), TIMEOUT_MS, abort, clock) };
}
const outcomeOf = (run: () => Promise<TaskOutcome>): Promise<TaskOutcome> => attempt(run).outcome;
const never = () => new Promise<TaskOutcome>(() => undefined);
const failed = async (outcome: Promise<TaskOutcome>) => {
  const result = await outcome;
  assert.ok(!result.ok);
  return result.error;
};
/** Everything that is ready has run when this settles. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('the outcome of the task is the outcome', async () => {
  const good: TaskOutcome = { ok: true, output: { status: 200 } };
  const bad: TaskOutcome = {
    ok: false,
    error: { code: 'HTTP_STATUS', name: 'HttpStatusError', message: 'no', retryable: false },
  };
  assert.deepEqual(await outcomeOf(() => Promise.resolve(good)), good);
  assert.deepEqual(await outcomeOf(() => Promise.resolve(bad)), bad);
});

test('no timer is left when it ends', async () => {
  for (const run of [() => Promise.resolve({ ok: true, output: null } as const), () => Promise.reject(new Error('no'))]) {
    const { clock, outcome } = attempt(run);
    assert.equal(clock.nextTimer(), TIMEOUT_MS);
    await outcome;
    assert.equal(clock.nextTimer(), null);
  }
});

describe('the time limit', () => {
  test('ends an attempt that does not listen to its signal', async () => {
    const { clock, outcome } = attempt(never);
    clock.advanceTo(TIMEOUT_MS);
    assert.deepEqual(await outcome, {
      ok: false,
      error: { code: 'TIMED_OUT', name: 'Stopped', message: 'no result within 30 s', retryable: true },
    });
  });

  test('does not end it a millisecond early', async () => {
    const result = Promise.withResolvers<TaskOutcome>();
    const { clock, abort, outcome } = attempt(() => result.promise);
    clock.advanceTo(TIMEOUT_MS - 1);
    assert.equal(abort.signal.aborted, false);
    result.resolve({ ok: true, output: 'in time' });
    assert.deepEqual(await outcome, { ok: true, output: 'in time' });
  });

  test('is told to the task through its signal, with the reason', async () => {
    let reason: unknown;
    const { clock, outcome } = attempt((signal) => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      return never();
    });
    clock.advanceTo(TIMEOUT_MS);
    await outcome;
    assert.deepEqual(reason, { code: 'TIMED_OUT', message: 'no result within 30 s' });
  });

  test('what the task does after it counts for nothing, and disturbs nobody', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const late = Promise.withResolvers<TaskOutcome>();
      const { clock, outcome } = attempt(() => late.promise);
      clock.advanceTo(TIMEOUT_MS);
      if (end === 'resolve') late.resolve({ ok: true, output: 'late' });
      else late.reject(new Error('late'));
      assert.equal((await failed(outcome)).code, 'TIMED_OUT');
      // A rejection that nobody handles would end the process here, and the test with it.
      await turn();
    }
  });
});

describe('an abort', () => {
  const stops = [
    { code: 'SHUTDOWN', retryable: true },
    { code: 'TIMED_OUT', retryable: true },
    { code: 'CANCELED', retryable: false },
    { code: 'LEASE_LOST', retryable: false },
  ];
  for (const { code, retryable } of stops) {
    test(`${code} ends the attempt at once, ${retryable ? 'to be tried again' : 'for good'}`, async () => {
      const { abort, outcome } = attempt(never);
      abort.abort({ code, message: 'because' });
      assert.deepEqual(await outcome, { ok: false, error: { code, name: 'Stopped', message: 'because', retryable } });
    });
  }

  test('the first reason counts', async () => {
    const { clock, abort, outcome } = attempt(never);
    abort.abort({ code: 'SHUTDOWN', message: 'first' });
    clock.advanceTo(TIMEOUT_MS);
    assert.equal((await failed(outcome)).code, 'SHUTDOWN');
  });
});

describe('what a task throws', () => {
  class PaymentError extends Error {
    override name = 'PaymentError';
  }
  const fails = () => {
    throw new Error('not even this');
  };
  const thrown: { rule: string; value: unknown; name: string; message: string | RegExp }[] = [
    {
      rule: 'an error keeps its name and message',
      value: new PaymentError('no funds'),
      name: 'PaymentError',
      message: 'no funds',
    },
    { rule: 'a text is the message', value: 'just a text', name: 'Error', message: 'just a text' },
    { rule: 'nothing at all', value: undefined, name: 'Error', message: 'undefined' },
    { rule: 'an object is shown', value: { status: 402 }, name: 'Error', message: /status: 402/ },
    { rule: 'an object that cannot be a text', value: Object.create(null), name: 'Error', message: /null prototype/ },
    {
      rule: 'an object that throws when it is made a text',
      value: { [inspect.custom]: fails },
      name: 'Error',
      message: '(a message that has no text)',
    },
    {
      rule: 'an error whose message cannot be read',
      value: Object.defineProperty(new Error(), 'message', { get: fails }),
      name: 'Error',
      message: '(an error that cannot be read)',
    },
    { rule: 'a symbol', value: Symbol('odd'), name: 'Error', message: 'Symbol(odd)' },
    {
      rule: 'an error whose fields are not texts',
      value: Object.assign(new Error(), { name: 5, message: { a: 1 }, stack: 7 }),
      name: '5',
      message: '{ a: 1 }',
    },
    {
      rule: 'what jsonb cannot hold is replaced',
      value: Object.assign(new Error('nul \0 and half \ud800'), { name: 'N\0' }),
      name: 'N\ufffd',
      message: 'nul \ufffd and half \ufffd',
    },
  ];
  for (const { rule, value, name, message } of thrown) {
    test(rule, async () => {
      const error = await failed(outcomeOf(() => Promise.reject(value)));
      assert.deepEqual([error.code, error.name, error.retryable], ['TASK_FAILED', name, true]);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      assert.ok(JSON.stringify(error).isWellFormed() && !JSON.stringify(error).includes('\\u0000'));
    });
  }

  test('its stack is kept', async () => {
    const error = await failed(outcomeOf(() => Promise.reject(new Error('no'))));
    assert.match(error.stack ?? '', /execute\.test\.ts/);
  });

  test('thrown before there is a promise, it is the same', async () => {
    const error = await failed(
      outcomeOf(() => {
        throw new Error('at once');
      }),
    );
    assert.deepEqual([error.code, error.message], ['TASK_FAILED', 'at once']);
  });
});

describe('an output', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  const outputs: { rule: string; output: unknown; fits: boolean }[] = [
    { rule: 'none', output: undefined, fits: true },
    { rule: 'null', output: null, fits: true },
    { rule: 'JSON', output: { a: [1, 'two', true, null] }, fits: true },
    { rule: '100 levels', output: nested(100), fits: true },
    { rule: '101 levels', output: nested(101), fits: false },
    { rule: 'a cycle', output: cyclic, fits: false },
    { rule: 'U+0000', output: { text: 'a\0b' }, fits: false },
    { rule: 'half a surrogate pair', output: ['\udc00'], fits: false },
    { rule: 'a bigint', output: 1n, fits: false },
    { rule: 'a function', output: () => 1, fits: false },
  ];
  for (const { rule, output, fits } of outputs) {
    test(`${rule} ${fits ? 'is stored' : 'is refused, and another try would not help'}`, async () => {
      const outcome = await outcomeOf(() => Promise.resolve({ ok: true, output }));
      if (fits) assert.deepEqual(outcome, { ok: true, output });
      else assert.deepEqual(!outcome.ok && [outcome.error.code, outcome.error.retryable], ['INVALID_OUTPUT', false]);
    });
  }

  test('a failure whose message cannot be stored keeps the rest of it', async () => {
    const error = { code: 'HTTP_STATUS', name: 'HttpStatusError', message: 'a\0b', retryable: true };
    assert.deepEqual(await outcomeOf(() => Promise.resolve({ ok: false, error })), {
      ok: false,
      error: { ...error, message: 'a\ufffdb' },
    });
  });
});
