import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { insertRuns } from '../../src/store/runs.ts';
import type { Hold } from '../../src/store/runs.ts';
import { announceSteps, beginSteps, copyStepsBefore, findSteps, finishSteps } from '../../src/store/steps.ts';
import { addTask, at, openParts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';

const ERROR = { code: 'BROKEN', name: 'Broken', message: 'it broke', retryable: true };
const NOTIFY = 'test:e';

const parts = await openParts({ after });
await addTask(parts);

async function openRunning(count = 1) {
  const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
  const holds = await startedRuns(parts, await addWorker(parts), 60_000, runs);
  const { sql } = parts.store;
  const begin = (hold: Hold, ...names: string[]) =>
    beginSteps(
      sql,
      parts.clock.now(),
      names.map((name) => ({ ...hold, name, announce: true })),
      NOTIFY,
    );
  const finish = (hold: Hold, name: string, output: unknown) =>
    finishSteps(sql, parts.clock.now(), [{ ...hold, name, announce: true, state: 'SUCCEEDED', output, error: null }], NOTIFY);
  const fail = (hold: Hold, name: string) =>
    finishSteps(
      sql,
      parts.clock.now(),
      [{ ...hold, name, announce: false, state: 'FAILED', output: null, error: ERROR }],
      NOTIFY,
    );
  const stepsOf = async (runId: string) =>
    (await findSteps(parts.store.prisma, [runId])).map(({ name, state, attempt }) => `${name} ${state} ${attempt}`);
  return { holds, hold: holds[0] as Hold, begin, finish, fail, stepsOf };
}
/** The same run in its next attempt, held by somebody else. */
async function nextAttempt({ runId, attempt }: Hold): Promise<Hold> {
  const next = { runId, attempt: attempt + 1, lease: crypto.randomUUID() as string };
  await parts.store.prisma.run.update({ where: { id: runId }, data: { attempt: next.attempt, lease: next.lease } });
  return next;
}
const eventsOf = async () =>
  (await parts.store.sql.query<{ n: number }>(`SELECT count(*)::int AS n FROM event WHERE topic = 'run'`))[0]!.n;

const outputs: { rule: string; output: unknown }[] = [
  { rule: 'an object', output: { a: [1, null, 'ü', { b: false }] } },
  { rule: 'a text', output: 'text' },
  { rule: 'a number', output: -0.5 },
  { rule: 'false', output: false },
  { rule: 'an empty list', output: [] },
  { rule: 'null', output: null },
];
for (const { rule, output } of outputs) {
  test(`the next attempt gets what the step left: ${rule}`, async () => {
    const { hold, begin, finish } = await openRunning();
    assert.deepEqual(
      (await begin(hold, 'a')).map(({ name, remembered }) => ({ name, remembered })),
      [{ name: 'a', remembered: false }],
    );
    await finish(hold, 'a', output);
    const [again] = await begin(await nextAttempt(hold), 'a');
    assert.deepEqual([again?.remembered, again?.output], [true, output]);
  });
}

test('a step that failed, or was under way when its attempt ended, is begun again and keeps its place', async () => {
  const { hold, begin, finish, fail, stepsOf } = await openRunning();
  await begin(hold, 'a', 'b', 'c');
  await fail(hold, 'a');
  await finish(hold, 'c', 1);
  assert.deepEqual(await stepsOf(hold.runId), ['a FAILED 1', 'b RUNNING 1', 'c SUCCEEDED 1']);
  const second = await nextAttempt(hold);
  parts.clock.advanceTo(at('00:00:10'));
  const begun = await begin(second, 'd', 'c', 'b', 'a');
  assert.deepEqual(
    begun.filter((step) => step.remembered).map((step) => step.name),
    ['c'],
  );
  assert.deepEqual(await stepsOf(hold.runId), ['a RUNNING 2', 'b RUNNING 2', 'c SUCCEEDED 1', 'd RUNNING 2']);
  const [a] = await findSteps(parts.store.prisma, [hold.runId]);
  assert.deepEqual([a?.startedAt.getTime(), a?.finishedAt, a?.error], [at('00:00:10'), null, null]);
});

test('who does not hold the lease any more begins nothing and ends nothing', async () => {
  const { hold, begin, finish, stepsOf } = await openRunning();
  await begin(hold, 'a');
  const second = await nextAttempt(hold);
  assert.deepEqual(await finish(hold, 'a', 'from the ghost'), []);
  assert.deepEqual(await begin(hold, 'b'), []);
  assert.deepEqual(await stepsOf(hold.runId), ['a RUNNING 1']);
  await begin(second, 'a');
  assert.deepEqual(await finish(hold, 'a', 'from the ghost'), []);
  assert.equal((await finish(second, 'a', 'mine')).length, 1);
  assert.equal((await findSteps(parts.store.prisma, [hold.runId]))[0]?.output, 'mine');
});

test('saying an end once more, because the first answer was lost, changes nothing and is heard', async () => {
  const { hold, begin, finish } = await openRunning();
  await begin(hold, 'a');
  await finish(hold, 'a', 1);
  const before = await eventsOf();
  assert.equal((await finish(hold, 'a', 2)).length, 1);
  assert.equal((await findSteps(parts.store.prisma, [hold.runId]))[0]?.output, 1);
  assert.equal(await eventsOf(), before);
});

test('many changes in one statement are one event for each run, RUNNING to RUNNING', async () => {
  const { holds, fail, begin } = await openRunning(2);
  const [one, two] = holds as [Hold, Hold];
  const before = await eventsOf();
  const starts = holds.flatMap((hold) => ['a', 'b', 'c'].map((name) => ({ ...hold, name, announce: hold === one })));
  assert.equal((await beginSteps(parts.store.sql, parts.clock.now(), starts, NOTIFY)).length, 6);
  assert.equal(await eventsOf(), before + 1);
  await fail(one, 'a');
  assert.equal(await eventsOf(), before + 1);
  await announceSteps(parts.store.sql, parts.clock.now(), [one, two], NOTIFY);
  assert.equal(await eventsOf(), before + 3);
  const events = await parts.store.sql.query<{ states: string }>(
    `SELECT concat(before->>'state', ' ', after->>'state') AS states FROM event WHERE topic = 'run' ORDER BY xid, seq OFFSET $1`,
    [before],
  );
  assert.deepEqual(new Set(events.map((event) => event.states)), new Set(['RUNNING RUNNING']));
  // What is remembered has not changed.
  await begin(two, 'd');
  const known = await eventsOf();
  await parts.store.prisma.runStep.updateMany({
    where: { runId: two.runId },
    data: { state: 'SUCCEEDED', finishedAt: new Date() },
  });
  await begin(two, 'd');
  assert.equal(await eventsOf(), known);
});

test('another run takes over what is done before a step, and neither that step nor what comes behind it', async () => {
  const { hold, begin, finish, fail } = await openRunning();
  const { sql, prisma } = parts.store;
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
    await begin(hold, name);
    if (name === 'b') await fail(hold, name);
    else await finish(hold, name, { index });
  }
  const target = await newRun(parts);
  await insertRuns(sql, parts.clock.now(), [target]);
  assert.equal(await copyStepsBefore(sql, hold.runId, target.id, 'nowhere'), null);
  assert.deepEqual(await findSteps(prisma, [target.id]), []);
  assert.equal(await copyStepsBefore(sql, hold.runId, target.id, 'd'), 2);
  const copied = await findSteps(prisma, [target.id]);
  assert.deepEqual(
    copied.map(({ name, place, state, attempt, output }) => ({ name, place, state, attempt, output })),
    [
      { name: 'a', place: 1, state: 'SUCCEEDED', attempt: 0, output: { index: 0 } },
      { name: 'c', place: 3, state: 'SUCCEEDED', attempt: 0, output: { index: 2 } },
    ],
  );
  const first = await newRun(parts);
  await insertRuns(sql, parts.clock.now(), [first]);
  assert.equal(await copyStepsBefore(sql, hold.runId, first.id, 'a'), 0);
  // In a command's transaction, which has its own way to the database.
  const third = await newRun(parts);
  const count = await parts.store.transaction(async (tx) => {
    await insertRuns(tx.sql, parts.clock.now(), [third]);
    return copyStepsBefore(tx.sql, hold.runId, third.id, 'c');
  });
  assert.equal(count, 1);
});

test('steps go with their run', async () => {
  const { hold, begin } = await openRunning();
  await begin(hold, 'a');
  await parts.store.prisma.run.delete({ where: { id: hold.runId } });
  assert.equal(await parts.store.prisma.runStep.count({ where: { runId: hold.runId } }), 0);
});
