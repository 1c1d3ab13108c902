import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { LEASE_MS, reap } from '../../src/engine/reaper.ts';
import { LOG_LEVELS } from '../../src/domain/logLine.ts';
import { readLogLines } from '../../src/store/logs.ts';
import { findSteps } from '../../src/store/steps.ts';
import { TaskError } from '../../src/task/defineTask.ts';
import { addSchedule, addTask, cancel, openParts, startTestEngine, trigger } from '../support/parts.ts';
import type { Hooks } from '../support/database.ts';
import { startTestWorker } from '../support/executor.ts';
import type { Call } from '../support/executor.ts';
import { whenEvents } from '../support/ledger.ts';
import { until } from '../support/until.ts';

async function openWorker(t: Hooks) {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'PT1H', retry: { maxAttempts: 4, initialInterval: 'PT0S' } } });
  const { id } = await addSchedule(parts, {
    trigger: { cron: { expression: '0 0 1 1 *' } },
    overlapPolicy: 'ALLOW_ALL',
  });
  await startTestEngine(parts);
  return { parts, worker: await startTestWorker(parts), scheduleId: id };
}
type OpenWorker = Awaited<ReturnType<typeof openWorker>>;
const shared = await openWorker({ after });

/** A run whose attempt the test plays. What it leaves under way ends with the test. */
async function openAttempt(t: TestContext, { parts, worker, scheduleId }: OpenWorker = shared) {
  const runId = (await trigger(parts, scheduleId)).id;
  const call = await worker.next();
  let current = call;
  t.after(() => current.fail({ retryable: false }));
  const { prisma } = parts.store;
  return {
    parts,
    worker,
    runId,
    call,
    /** Fails the attempt and begins the next one. */
    async again() {
      current.fail();
      return (current = await worker.next());
    },
    runIn: (state: string) =>
      whenEvents(parts, async () => {
        const run = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
        return run.state === state && run;
      }),
    steps: async () => (await findSteps(prisma, [runId])).map(({ name, state, attempt }) => `${name} ${state} ${attempt}`),
    lines: async () => {
      const lines = await readLogLines(prisma, runId, 0, LOG_LEVELS, 20_000);
      return lines.map(({ level, message, step }) => `${level} ${message}${step === null ? '' : ` (${step})`}`);
    },
    events: async () =>
      (
        await parts.store.sql.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM event WHERE subject_id = $1 AND before->>'state' = 'RUNNING' AND after->>'state' = 'RUNNING'`,
          [runId],
        )
      )[0]!.n,
  };
}
const codeOf = (code: string) => (error: unknown) => {
  assert.ok(error instanceof TaskError, String(error));
  assert.deepEqual([error.code, error.retryable], [code, false]);
  return true;
};

test('a step is done once: the next attempt gets its output and does not call it; what failed is done again', async (t) => {
  const { call, again, steps } = await openAttempt(t);
  const calls: string[] = [];
  const play = async ({ tools: { step } }: Call) => {
    const a = await step('a', () => (calls.push('a'), { n: 1 }));
    const b = await step('b', async () => {
      calls.push('b');
      if (calls.length < 3) throw new Error('not yet');
      return a.n + 1;
    });
    return [a, b];
  };
  await assert.rejects(play(call), /not yet/);
  assert.deepEqual(await steps(), ['a SUCCEEDED 1', 'b FAILED 1']);
  const second = await again();
  assert.deepEqual(await play(second), [{ n: 1 }, 2]);
  assert.deepEqual(await steps(), ['a SUCCEEDED 1', 'b SUCCEEDED 2']);
  const third = await again();
  assert.deepEqual(await play(third), [{ n: 1 }, 2]);
  assert.deepEqual(calls, ['a', 'b', 'b']);
});

test('an output is durable before the step has been awaited, and comes as JSON gives it back, at once as later', async (t) => {
  const { parts, call, again, runId } = await openAttempt(t);
  const given = { at: new Date(0), gone: undefined, list: [undefined, NaN] };
  const seen = { at: '1970-01-01T00:00:00.000Z', list: [null, null] };
  assert.deepEqual(await call.tools.step('a', () => given), seen);
  assert.deepEqual((await findSteps(parts.store.prisma, [runId]))[0]?.output, seen);
  assert.equal(await call.tools.step('nothing', () => undefined), null);
  const second = await again();
  assert.deepEqual(await second.tools.step('a', () => 'another'), seen);
  assert.equal(await second.tools.step('nothing', () => 'another'), null);
});

test('steps side by side: each is remembered by itself', async (t) => {
  const { call, again, steps } = await openAttempt(t);
  const names = Array.from({ length: 30 }, (_, index) => `step ${index}`);
  const done: string[] = [];
  const play = ({ tools: { step } }: Call, broken: string | null) =>
    Promise.allSettled(
      names.map((name) =>
        step(name, async () => {
          await setImmediate();
          done.push(name);
          if (name === broken) throw new Error('broken');
          return name;
        }),
      ),
    );
  const first = await play(call, 'step 7');
  assert.equal(first.filter((result) => result.status === 'rejected').length, 1);
  const second = await play(await again(), null);
  assert.deepEqual(
    second.map((result) => result.status === 'fulfilled' && result.value),
    names,
  );
  assert.deepEqual(done.slice(30), ['step 7']);
  assert.deepEqual(
    await steps(),
    names.map((name) => `${name} SUCCEEDED ${name === 'step 7' ? 2 : 1}`),
  );
});

const unstorable: Record<string, unknown> = {};
unstorable['self'] = unstorable;
type Step = (name: unknown, work?: unknown) => Promise<unknown>;
const refused: { rule: string; code: string; message: RegExp; play: (step: Step) => unknown; left: string[] }[] = [
  {
    rule: 'the same name twice',
    code: 'DUPLICATE_STEP',
    message: /two steps named "a"/,
    play: async (step) => (await step('a'), step('a')),
    left: ['a SUCCEEDED 1'],
  },
  {
    rule: 'the same name twice, side by side',
    code: 'DUPLICATE_STEP',
    message: /two steps named "a"/,
    play: (step) => Promise.all([step('a'), step('a')]),
    left: ['a SUCCEEDED 1'],
  },
  {
    rule: 'a step inside of a step',
    code: 'NESTED_STEP',
    message: /"inner" was begun inside of the step "outer"/,
    play: (step) => step('outer', async () => (await setImmediate(), step('inner'))),
    left: ['outer FAILED 1'],
  },
  {
    rule: 'a name that is none',
    code: 'INVALID_STEP',
    message: /"a\\n" has a control character/,
    play: (step) => step('a\n'),
    left: [],
  },
  { rule: 'nothing to do', code: 'INVALID_STEP', message: /"a" has no function/, play: (step) => step('a', 1), left: [] },
  {
    rule: 'an output that is not JSON',
    code: 'INVALID_OUTPUT',
    message: /^the step "a": the output is not JSON that can be stored/,
    play: (step) => step('a', () => unstorable),
    left: ['a FAILED 1'],
  },
  {
    rule: 'an output of more than a megabyte',
    code: 'INVALID_OUTPUT',
    message: /^the step "a": the output has 1048579 bytes as JSON; allowed are 1048576$/,
    play: (step) => step('a', () => 'x'.repeat(1_048_577)),
    left: ['a FAILED 1'],
  },
];
for (const { rule, code, message, play, left } of refused) {
  test(`refused for good: ${rule}`, async (t) => {
    const { call, steps } = await openAttempt(t);
    const { step } = call.tools;
    await assert.rejects(
      async () => play((name, work = () => null) => step(name as string, work as () => unknown)),
      (error) => codeOf(code)(error) && message.test((error as Error).message),
    );
    await until(async () => (await steps()).join() === left.join());
  });
}

test('a step may be begun by what an earlier step left running, once that one has ended', async (t) => {
  const { call, steps } = await openAttempt(t);
  const { step } = call.tools;
  const gate = Promise.withResolvers<void>();
  let later: Promise<unknown> = Promise.resolve();
  await step('a', () => {
    later = gate.promise.then(() => step('b', () => null));
  });
  gate.resolve();
  await later;
  assert.deepEqual(await steps(), ['a SUCCEEDED 1', 'b SUCCEEDED 1']);
});

test('a ghost begins no step: its attempt is aborted, and the step is not called', async (t) => {
  const { parts, worker, call, steps } = await openAttempt(t, await openWorker(t));
  parts.clock.advanceTo(parts.clock.now() + LEASE_MS + 1);
  await reap(parts);
  await worker.next();
  let called = false;
  await assert.rejects(
    call.tools.step('a', () => (called = true)),
    { code: 'LEASE_LOST' },
  );
  assert.deepEqual([called, (call.signal.reason as { code: string }).code, await steps()], [false, 'LEASE_LOST', []]);
});

test('a ghost ends no step: its attempt is aborted, and the output is not recorded', async (t) => {
  const { parts, worker, runId, call } = await openAttempt(t, await openWorker(t));
  const gate = Promise.withResolvers<string>();
  const ending = assert.rejects(
    call.tools.step('a', () => gate.promise),
    { code: 'LEASE_LOST' },
  );
  await until(async () => (await findSteps(parts.store.prisma, [runId])).length > 0);
  parts.clock.advanceTo(parts.clock.now() + LEASE_MS + 1);
  await reap(parts);
  const second = await worker.next();
  assert.equal(call.signal.aborted, false);
  gate.resolve('from the ghost');
  await ending;
  assert.deepEqual([call.signal.aborted, (call.signal.reason as { code: string }).code], [true, 'LEASE_LOST']);
  await assert.rejects(
    call.tools.step('b', () => 'from the ghost'),
    { code: 'ATTEMPT_OVER' },
  );
  assert.equal(await second.tools.step('a', () => 'mine'), 'mine');
  assert.deepEqual(
    (await findSteps(parts.store.prisma, [runId])).map(({ name, attempt, output }) => ({ name, attempt, output })),
    [{ name: 'a', attempt: 2, output: 'mine' }],
  );
});

test('what a step is given: the signal, and a log that carries its name wherever it is used', async (t) => {
  const { call, lines, runIn } = await openAttempt(t);
  const { step, log } = call.tools;
  let logOfA = log;
  log.info('before');
  await step('a', async (context) => {
    assert.equal(context.signal, call.signal);
    logOfA = context.log;
    log.debug('inside');
    await setImmediate();
    log.warn('deep inside');
  });
  await Promise.all(['b', 'c'].map((name) => step(name, async () => (await setImmediate(), log.trace(name)))));
  log.error('between');
  logOfA.info('by its own log');
  call.succeed();
  await runIn('SUCCEEDED');
  const expected = [
    'INFO before',
    'DEBUG inside (a)',
    'WARN deep inside (a)',
    'TRACE b (b)',
    'TRACE c (c)',
    'ERROR between',
    'INFO by its own log (a)',
  ];
  assert.deepEqual(await lines(), expected);
});

test('logs are written every 100 ms, or as soon as there are 200 lines', async (t) => {
  const { parts, call, lines } = await openAttempt(t);
  const { log } = call.tools;
  log.info('first');
  parts.clock.advanceTo(parts.clock.now() + 99);
  await setImmediate();
  assert.deepEqual(await lines(), []);
  parts.clock.advanceTo(parts.clock.now() + 1);
  await until(async () => (await lines()).length === 1);
  for (let n = 2; n <= 201; n += 1) log.info(`line ${n}`);
  await until(async () => (await lines()).length === 201);
});

test('logs are complete when the run has ended, and what is said after the end is not heard', async (t) => {
  const { call, lines, runIn } = await openAttempt(t);
  for (let n = 0; n < 3_000; n += 1) call.tools.log.info(`line ${n}`);
  call.succeed();
  await runIn('SUCCEEDED');
  const expected = Array.from({ length: 3_000 }, (_, n) => `INFO line ${n}`);
  assert.deepEqual(await lines(), expected);
  call.tools.log.info('too late');
  await assert.rejects(
    call.tools.step('late', () => 1),
    codeOf('ATTEMPT_OVER'),
  );
  assert.equal((await lines()).length, 3_000);
});

test('a task that says more than is kept goes on, and the last line says so', async (t) => {
  const { call, lines, runIn } = await openAttempt(t);
  for (let n = 0; n < 30_000; n += 1) call.tools.log.info(`line ${n}`, { n });
  call.succeed('done');
  assert.deepEqual([(await runIn('SUCCEEDED')).output, (await runIn('SUCCEEDED')).logsTruncated], ['done', true]);
  const kept = await lines();
  assert.equal(kept.length, 10_001);
  assert.match(kept.at(-1) ?? '', /^WARN further lines were not kept/);
});

test('anything may be said: no value makes a handler fail', async (t) => {
  const { call, lines, runIn } = await openAttempt(t);
  const { log } = call.tools as unknown as { log: Record<string, (...words: unknown[]) => void> };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const word of [undefined, null, 1, Symbol('s'), { a: 1 }, proxy, Object.create(null)]) log['info']!(word, word);
  call.succeed();
  await runIn('SUCCEEDED');
  assert.equal((await lines()).length, 7);
});

test('what the database refuses is given up without a word of it in the log of the server', async (t) => {
  const { parts, call, runIn, lines } = await openAttempt(t, await openWorker(t));
  await parts.store.sql.query(`ALTER TABLE log_line ADD CONSTRAINT test_refuses CHECK (message <> 'the secret')`);
  call.tools.log.info('the secret');
  call.succeed();
  await runIn('SUCCEEDED');
  assert.deepEqual(await lines(), []);
  const warnings = parts.logged.filter(({ msg }) => msg.includes('the log of a run'));
  assert.equal(warnings.length, 1);
  assert.doesNotMatch(JSON.stringify(parts.logged), /secret/);
});

test('steps are announced: the first change at once, dense ones together half a second later', async (t) => {
  const { parts, call, events } = await openAttempt(t);
  const { step } = call.tools;
  await step('a', () => 1);
  assert.equal(await events(), 1);
  for (const name of ['b', 'c', 'd']) await step(name, () => 1);
  assert.equal(await events(), 1);
  parts.clock.advanceTo(parts.clock.now() + 500);
  await until(async () => (await events()) === 2);
  parts.clock.advanceTo(parts.clock.now() + 500);
  await step('e', () => 1);
  assert.equal(await events(), 3);
});

test('a step that a cancel breaks off is not recorded as failed', async (t) => {
  const { parts, call, runId, runIn } = await openAttempt(t, await openWorker(t));
  const stopped = call.tools.step(
    'a',
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  );
  stopped.catch(() => undefined);
  await until(async () => (await findSteps(parts.store.prisma, [runId])).length > 0);
  await cancel(parts, runId, 'enough');
  await runIn('CANCELED');
  assert.deepEqual((await findSteps(parts.store.prisma, [runId]))[0]?.state, 'RUNNING');
});
