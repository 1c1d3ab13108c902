import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fields, parseExecution, parseMisfire } from '../../src/commands/fields.ts';
import type { ExecutionInput, MisfireInput } from '../../src/commands/fields.ts';
import { DEFAULT_MISFIRE } from '../../src/domain/due.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** What `check` finds wrong, each as `path: message`. */
function faults(check: (fields: Fields) => void): string[] {
  const fields = new Fields();
  check(fields);
  return fields.errors.map(({ path, message }) => `${path?.join('.')}: ${message}`);
}

test('a fault is a user error with its place, its message and what is allowed', () => {
  const fields = new Fields();
  fields.number(['input', 'retry', 'maxAttempts'], 0, { min: 1, max: 100 });
  fields.add(['input', 'name'], 'No.');
  assert.deepEqual(fields.errors, [
    {
      type: 'InvalidInputError',
      code: 'INVALID',
      path: ['input', 'retry', 'maxAttempts'],
      message: 'maxAttempts is 0; allowed is 1 to 100.',
      constraint: '1 to 100',
    },
    { type: 'InvalidInputError', code: 'INVALID', path: ['input', 'name'], message: 'No.', constraint: null },
  ]);
});

describe('text', () => {
  const limit = { min: 1, max: 5 };
  const cases: { rule: string; value: string; min?: number; fault?: RegExp }[] = [
    { rule: 'as long as allowed', value: 'abcde' },
    { rule: 'one longer', value: 'abcdef', fault: /^input\.name: name has 6 characters; allowed are 1 to 5\.$/ },
    { rule: 'empty', value: '', fault: /^input\.name: name is blank/ },
    { rule: 'blank', value: ' \t\n', fault: /name is blank/ },
    { rule: 'empty where that is allowed', value: '', min: 0 },
    { rule: 'blank where that is allowed', value: '   ', min: 0 },
    { rule: 'shorter than allowed', value: 'ab', min: 3, fault: /name has 2 characters; allowed are 3 to 5/ },
    { rule: 'lines and tabs', value: 'a\n\tb' },
    { rule: 'U+0000, which PostgreSQL cannot hold', value: 'a\0b', fault: /control character/ },
    { rule: 'an escape sequence, which a terminal would follow', value: '\u001b[2J', fault: /control character/ },
    { rule: 'a C1 control', value: 'a\u0085b', fault: /control character/ },
    { rule: 'half a surrogate pair', value: 'a\ud800', fault: /half a surrogate pair/ },
    { rule: 'a whole surrogate pair', value: 'a😀' },
    { rule: 'letters of any script', value: 'żółć' },
    { rule: 'as many emoji as characters are allowed', value: '😀😀😀😀😀' },
    { rule: 'an emoji more', value: '😀😀😀😀😀😀', fault: /name has 6 characters; allowed are 1 to 5/ },
    { rule: 'nothing that can be seen', value: '\u200b\u2060 \ufeff', fault: /name is blank/ },
    { rule: 'fillers, which are letters that cannot be seen', value: '\u3164\u115f', fault: /name is blank/ },
  ];
  for (const { rule, value, min = limit.min, fault } of cases) {
    test(`${rule} ${fault === undefined ? 'is accepted' : 'is refused'}`, () => {
      const found = faults((fields) => assert.equal(fields.text(['input', 'name'], value, { ...limit, min }), value));
      if (fault === undefined) assert.deepEqual(found, []);
      else assert.match(found.join('\n'), fault);
      assert.ok(found.length <= 1);
    });
  }

  const lines: { rule: string; value: string; shown?: string; character?: string }[] = [
    { rule: 'letters, spaces and emoji', value: 'a 👩‍💻' },
    { rule: 'a line break', value: 'a\nb', shown: String.raw`"a\nb"`, character: String.raw`"\n"` },
    { rule: 'a tab', value: 'a\tb', shown: String.raw`"a\tb"`, character: String.raw`"\t"` },
    { rule: 'a carriage return at its end', value: 'ab\r', shown: String.raw`"ab\r"`, character: String.raw`"\r"` },
    { rule: 'U+0000', value: 'a\0', shown: String.raw`"a\u0000"`, character: String.raw`"\u0000"` },
    { rule: 'DEL', value: 'a\u007f', shown: String.raw`"a\u007f"`, character: String.raw`"\u007f"` },
    { rule: 'a C1 control', value: '\u0085b', shown: String.raw`"\u0085b"`, character: String.raw`"\u0085"` },
    { rule: 'half a surrogate pair', value: 'a\ud800', shown: String.raw`"a\ud800"`, character: String.raw`"\ud800"` },
  ];
  for (const { rule, value, shown, character } of lines) {
    test(`a line with ${rule} is ${shown === undefined ? 'accepted' : 'refused, and shown with escapes'}`, () => {
      const found = faults((fields) => assert.equal(fields.line(['input', 'name'], value, limit), value));
      const message = `input.name: name ${shown} contains ${character}, a control character or half a surrogate pair; allowed are 1 to 5 characters, no control characters.`;
      assert.deepEqual(found, shown === undefined ? [] : [message]);
    });
  }

  test('an element of a list is named with its list', () => {
    const [fault] = faults((fields) => fields.text(['input', 'codes', '7'], '', { min: 1, max: 5 }));
    assert.match(fault ?? '', /^input\.codes\.7: codes\[7\] is blank/);
  });
});

describe('duration', () => {
  const limit = { minMs: SECOND, maxMs: HOUR };
  const cases: { value: string; ms?: number; fault?: string }[] = [
    { value: 'PT1S', ms: SECOND },
    { value: 'PT1H', ms: HOUR },
    { value: 'PT1M30.5S', ms: 90_500 },
    { value: 'PT0.999S', fault: 'input.every: every is PT0.999S; allowed is PT1S to PT1H.' },
    { value: 'PT1H0.001S', fault: 'input.every: every is PT1H0.001S; allowed is PT1S to PT1H.' },
    { value: '5m', fault: "input.every: every '5m' is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W." },
    { value: '-PT1M', fault: "input.every: every '-PT1M' is negative: a duration here runs forward." },
    {
      value: 'P1M',
      fault: "input.every: every 'P1M' has years or months, whose length depends on the date: use weeks, days or smaller.",
    },
  ];
  for (const { value, ms, fault } of cases) {
    test(`${value} ${fault === undefined ? `is ${ms} ms` : 'is refused'}`, () => {
      let answer = NaN;
      const found = faults((fields) => (answer = fields.duration(['input', 'every'], value, limit)));
      assert.deepEqual(found, fault === undefined ? [] : [fault]);
      assert.ok(Number.isSafeInteger(answer), 'usable, so that the other faults can be found');
      if (ms !== undefined) assert.equal(answer, ms);
    });
  }
});

describe('number', () => {
  const cases = [
    { value: 1, good: true },
    { value: 10, good: true },
    { value: 2.5, good: true },
    { value: 0.999, good: false },
    { value: 10.001, good: false },
    { value: -1, good: false },
    { value: NaN, good: false },
    { value: Infinity, good: false },
  ];
  for (const { value, good } of cases) {
    test(`${value} in 1 to 10 is ${good ? 'accepted' : 'refused'}`, () => {
      const found = faults((fields) => fields.number(['n'], value, { min: 1, max: 10 }));
      assert.deepEqual(found, good ? [] : [`n: n is ${value}; allowed is 1 to 10.`]);
    });
  }
});

describe('object', () => {
  const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { in: nested(levels - 1) });
  const sized = (chars: number): Record<string, unknown> => ({ text: 'x'.repeat(chars - '{"text":""}'.length) });
  const cases: { rule: string; value: Record<string, unknown>; fault?: RegExp }[] = [
    { rule: 'none of its fields', value: {} },
    { rule: 'JSON of any kind', value: { a: [1, 'two', null, { b: true }] } },
    { rule: '100 levels', value: nested(100) },
    {
      rule: '101 levels',
      value: nested(101),
      fault: /^input: input holds a character that cannot be stored, or is nested deeper/,
    },
    { rule: 'U+0000', value: { a: 'b\0' }, fault: /cannot be stored/ },
    { rule: 'U+0000 in a name', value: { 'a\0': 1 }, fault: /cannot be stored/ },
    { rule: '64 KiB', value: sized(65_536) },
    {
      rule: 'a character more than 64 KiB',
      value: sized(65_537),
      fault: /input has 65537 characters as JSON; allowed are 65536/,
    },
  ];
  for (const { rule, value, fault } of cases) {
    test(`${rule} ${fault === undefined ? 'is accepted' : 'is refused'}`, () => {
      const found = faults((fields) => assert.equal(fields.object(['input'], value), value));
      if (fault === undefined) assert.deepEqual(found, []);
      else assert.match(found.join('\n'), fault);
    });
  }
});

describe('execution', () => {
  const parse = (input: ExecutionInput) => {
    const fields = new Fields();
    return {
      settings: parseExecution(fields, ['execution'], input),
      faults: fields.errors.map((error) => error.path?.join('.')),
    };
  };
  const retry = {
    maxAttempts: 5,
    initialIntervalMs: SECOND,
    backoffCoefficient: 2,
    maxIntervalMs: null,
    jitterMs: 0,
    nonRetryableErrors: [],
  };

  test('nothing given inherits', () => {
    for (const input of [{}, { timeout: null, retry: null, priority: null }]) {
      assert.deepEqual(parse(input), { settings: { timeoutMs: null, retry: null, priority: null }, faults: [] });
    }
  });

  test('a retry policy has its own defaults', () => {
    const nulls = { initialInterval: null, backoffCoefficient: null, maxInterval: null, jitter: null, nonRetryableErrors: null };
    for (const given of [{ maxAttempts: 5 }, { maxAttempts: 5, ...nulls }]) {
      assert.deepEqual(parse({ retry: given }), { settings: { timeoutMs: null, retry, priority: null }, faults: [] });
    }
  });

  test('all of it given', () => {
    const given = {
      maxAttempts: 100,
      initialInterval: 'PT0S',
      backoffCoefficient: 1.5,
      maxInterval: 'P1D',
      jitter: 'PT0.25S',
      nonRetryableErrors: ['DNS_FAILED'],
    };
    assert.deepEqual(parse({ timeout: 'P1W', priority: -100, retry: given }), {
      settings: {
        timeoutMs: 7 * DAY,
        priority: -100,
        retry: {
          maxAttempts: 100,
          initialIntervalMs: 0,
          backoffCoefficient: 1.5,
          maxIntervalMs: DAY,
          jitterMs: 250,
          nonRetryableErrors: ['DNS_FAILED'],
        },
      },
      faults: [],
    });
  });

  const refused: { rule: string; input: ExecutionInput; paths: string[] }[] = [
    { rule: 'no time at all', input: { timeout: 'PT0S' }, paths: ['execution.timeout'] },
    { rule: 'more than a week', input: { timeout: 'P8D' }, paths: ['execution.timeout'] },
    { rule: 'a priority above 100', input: { priority: 101 }, paths: ['execution.priority'] },
    { rule: 'a priority below -100', input: { priority: -101 }, paths: ['execution.priority'] },
    { rule: 'a priority between two', input: { priority: 0.5 }, paths: ['execution.priority'] },
    { rule: 'no attempt at all', input: { retry: { maxAttempts: 0 } }, paths: ['execution.retry.maxAttempts'] },
    { rule: 'a part of an attempt', input: { retry: { maxAttempts: 2.5 } }, paths: ['execution.retry.maxAttempts'] },
    { rule: 'more than 100 attempts', input: { retry: { maxAttempts: 101 } }, paths: ['execution.retry.maxAttempts'] },
    {
      rule: 'waits that shrink',
      input: { retry: { maxAttempts: 2, backoffCoefficient: 0.5 } },
      paths: ['execution.retry.backoffCoefficient'],
    },
    {
      rule: 'more than 50 error codes',
      input: { retry: { maxAttempts: 2, nonRetryableErrors: Array.from({ length: 51 }, () => 'X') } },
      paths: ['execution.retry.nonRetryableErrors'],
    },
    {
      rule: 'a blank error code, by its place',
      input: { retry: { maxAttempts: 2, nonRetryableErrors: ['X', ' '] } },
      paths: ['execution.retry.nonRetryableErrors.1'],
    },
    {
      rule: 'everything that is wrong, at once',
      input: {
        timeout: 'soon',
        retry: { maxAttempts: -1, initialInterval: 'P2D', maxInterval: 'x', jitter: '-PT1S', backoffCoefficient: 101 },
      },
      paths: [
        'timeout',
        'retry.maxAttempts',
        'retry.initialInterval',
        'retry.backoffCoefficient',
        'retry.maxInterval',
        'retry.jitter',
      ].map((name) => `execution.${name}`),
    },
  ];
  for (const { rule, input, paths } of refused) {
    test(`refused: ${rule}`, () => {
      assert.deepEqual(parse(input).faults.sort(), paths.sort());
    });
  }
});

describe('misfire', () => {
  const parse = (input: MisfireInput, defaults = DEFAULT_MISFIRE) => {
    const fields = new Fields();
    return {
      policy: parseMisfire(fields, ['misfire'], input, defaults),
      faults: fields.errors.map((error) => error.path?.join('.')),
    };
  };

  test('what is not given keeps what it falls back to', () => {
    const before = { mode: 'FIRE_ALL', graceMs: 7, catchupWindowMs: 8, maxCatchupRuns: 9 } as const;
    for (const input of [{}, { mode: null, graceTime: null, catchupWindow: null, maxCatchupRuns: null }]) {
      assert.deepEqual(parse(input, before), { policy: before, faults: [] });
    }
    assert.deepEqual(parse({ graceTime: 'PT5S' }, before), { policy: { ...before, graceMs: 5_000 }, faults: [] });
  });

  test('all of it given, up to its limits', () => {
    for (const [graceTime, graceMs, maxCatchupRuns] of [
      ['PT0S', 0, 1],
      ['P366D', 366 * DAY, 1_000],
    ] as const) {
      assert.deepEqual(parse({ mode: 'SKIP', graceTime, catchupWindow: graceTime, maxCatchupRuns }), {
        policy: { mode: 'SKIP', graceMs, catchupWindowMs: graceMs, maxCatchupRuns },
        faults: [],
      });
    }
  });

  test('beyond its limits, all faults at once', () => {
    const { faults: found } = parse({ graceTime: 'P367D', catchupWindow: '-PT1S', maxCatchupRuns: 1_001 });
    assert.deepEqual(found, ['misfire.graceTime', 'misfire.catchupWindow', 'misfire.maxCatchupRuns']);
    for (const maxCatchupRuns of [0, 1.5]) assert.deepEqual(parse({ maxCatchupRuns }).faults, ['misfire.maxCatchupRuns']);
  });
});
