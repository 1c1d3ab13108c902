import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { declareSchedules } from '../../src/commands/declareSchedules.ts';
import { reap } from '../../src/engine/reaper.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, whenEvents } from '../support/ledger.ts';
import {
  addCodeTask,
  addSchedule,
  addTask,
  at,
  cancel,
  openParts,
  pause,
  pauseUntil,
  removeSchedule,
  startTestEngine,
  time,
  trigger,
  triggerTask,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startSteps } from '../support/play.ts';
import { until } from '../support/until.ts';

/** What other schedulers promise, or get wrong, and no other test shows: docs/conformance.md says which is whose. */

const allEnded = (parts: Parts) =>
  whenEvents(parts, async () => (await parts.store.prisma.run.count({ where: { finishedAt: null } })) === 0);

test('a task that fails every time is called at each of its times, and no more when its schedule is paused or deleted', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'P1D', retry: { maxAttempts: 1 } } });
  const paused = await addSchedule(parts, { name: 'paused' });
  const deleted = await addSchedule(parts, { name: 'deleted' });
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  const failed: string[] = [];
  for (const instant of ['00:00:10', '00:00:20', '00:00:30']) {
    await step(instant);
    (await worker.next()).throw(new Error('as ever'));
    (await worker.next()).fail();
    await allEnded(parts);
    failed.push(`${instant} SCHEDULE FAILED`);
  }
  await pause(parts, paused.id);
  await removeSchedule(parts, deleted.id);
  await step('00:00:40');
  await step('00:00:50');
  assert.deepEqual([await runsOf(parts, paused.id), await runsOf(parts, deleted.id)], [failed, failed]);
  assert.equal(worker.waiting(), 0);
});

/** What code declares, one start after the other, at an instant of the day; the next time is from then on. */
const declared: { rule: string; starts: [at: string, trigger: TriggerSpec, next: string | null][] }[] = [
  {
    rule: 'a shorter cadence brings the next time nearer, on the grid of the creation; the same again moves nothing',
    starts: [
      ['00:00:00', { interval: { every: 'PT2H' } }, '02:00:00'],
      ['02:10:00', { interval: { every: 'PT1H' } }, '03:00:00'],
      ['02:20:00', { interval: { every: 'PT1H' } }, '03:00:00'],
      ['02:59:59.999', { interval: { every: 'PT1H' } }, '03:00:00'],
    ],
  },
  {
    rule: 'a longer cadence pushes it away at once: the shorter one does not come once more',
    starts: [
      ['00:00:00', { interval: { every: 'PT1H' } }, '01:00:00'],
      ['00:10:00', { interval: { every: 'PT4H' } }, '04:00:00'],
    ],
  },
  {
    rule: 'another cron and back',
    starts: [
      ['00:01:00', { cron: { expression: '*/15 * * * *' } }, '00:15:00'],
      ['00:01:10', { cron: { expression: '*/2 * * * *' } }, '00:02:00'],
      ['00:01:20', { cron: { expression: '*/15 * * * *' } }, '00:15:00'],
      ['00:14:59.999', { cron: { expression: '*/15 * * * *' } }, '00:15:00'],
    ],
  },
  {
    rule: 'by hand has no next time; from there it comes back, and it is lost at once',
    starts: [
      ['00:00:00', { manual: true }, null],
      ['00:10:00', { interval: { every: 'PT4H' } }, '04:00:00'],
      ['00:20:00', { manual: true }, null],
      ['00:30:00', { cron: { expression: '0 5 * * *' } }, '05:00:00'],
    ],
  },
];
test('declared anew, a schedule follows at once what it is then, and an initial delay of its task moves nothing', async (t) => {
  const parts = await openParts(t);
  await addCodeTask(parts, { initialDelay: 'PT2M' });
  const caller = {
    viewer: { actor: { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' }, role: 'ADMIN' },
    requestId: 'start',
  } as const;
  for (const { rule, starts } of declared) {
    parts.clock.advanceTo(at('00:00:00'));
    for (const [instant, triggerSpec, next] of starts) {
      parts.clock.advanceTo(at(instant));
      assert.deepEqual(await declareSchedules(parts, caller, 'task', [{ name: rule, triggerSpec }]), []);
      const { nextFireAt } = await parts.store.prisma.schedule.findFirstOrThrow({ where: { name: rule, deletedAt: null } });
      assert.equal(time(nextFireAt), next, `${rule}: at ${instant}`);
    }
  }
});

test('what comes due while no worker has the code waits, and runs on the first that brings it', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const stranger = await startTestWorker(parts);
  const step = await startSteps(parts);
  await step('00:00:10');
  await step('00:00:20');
  const author = await startTestWorker(parts, { tasks: [{ id: task.id, scope: 'GLOBAL' }] });
  const calls = [await author.next(), await author.next()];
  assert.deepEqual(calls.map(({ run }) => time(run.scheduledFor)).toSorted(), ['00:00:10', '00:00:20']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE RUNNING', '00:00:20 SCHEDULE RUNNING']);
  assert.equal(stranger.waiting(), 0);
});

/** The longest that a timer of Node can wait; a longer one fires after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const FAR = at('00:00:00') + 2 * LONGEST_TIMER_MS;
const far: [what: string, prepare: (parts: Parts) => Promise<unknown>][] = [
  ['a schedule', (parts) => addSchedule(parts, { trigger: { at: { times: [new Date(FAR)] } } })],
  ['a run for later', (parts) => triggerTask(parts, { runAt: new Date(FAR) })],
];
for (const [what, prepare] of far) {
  test(`${what}: a time farther ahead than a timer can wait is waited for in stretches, to the millisecond`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    await prepare(parts);
    const step = await startSteps(parts);
    const left = () => (parts.clock.nextTimer() ?? Infinity) - parts.clock.now();
    assert.ok(left() <= LONGEST_TIMER_MS, `the timer waits ${left()} ms`);
    for (const instant of [FAR - LONGEST_TIMER_MS - 1, FAR - 1]) {
      await step(instant);
      assert.ok(left() <= LONGEST_TIMER_MS);
      assert.equal(await parts.store.prisma.run.count({ where: { queuedAt: { not: null } } }), 0);
    }
    await step(FAR);
    // Last, as it has timers of its own.
    const worker = await startTestWorker(parts);
    assert.equal((await worker.next()).run.scheduledFor.getTime(), FAR);
  });
}
test('a pause whose end is farther ahead than a timer can wait holds until then', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { trigger: { interval: { every: 'P1D' } } });
  await pauseUntil(parts, FAR, id);
  const step = await startSteps(parts);
  const state = async () => (await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } })).state;
  assert.ok((parts.clock.nextTimer() ?? Infinity) - parts.clock.now() <= LONGEST_TIMER_MS);
  await step(FAR - 1);
  assert.equal(await state(), 'PAUSED');
  await step(FAR);
  assert.equal(await state(), 'ACTIVE');
});

test('LOCAL: while it runs anywhere it is ALREADY_RUNNING by hand; a cancel ends it on one worker and leaves the others', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const { id } = await addSchedule(parts, { trigger: { interval: { every: 'P365D' } } });
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  const workers = [await startTestWorker(parts, { tasks }), await startTestWorker(parts, { tasks })];
  await trigger(parts, id);
  const [one, two] = (await Promise.all(workers.map((worker) => worker.next()))) as [Call, Call];
  await assert.rejects(trigger(parts, id), /^Error: ALREADY_RUNNING /);
  const aborted = once(one.signal, 'abort');
  assert.equal((await cancel(parts, one.run.runId)).state, 'CANCELING');
  await aborted;
  await whenEvents(parts, async () => (await runsOf(parts, id)).includes('00:00:00 MANUAL CANCELED'));
  await assert.rejects(trigger(parts, id), /^Error: ALREADY_RUNNING /, 'on the other one it goes on');
  assert.equal(two.signal.aborted, false);
  two.succeed();
  await allEnded(parts);
  await assert.rejects(cancel(parts, two.run.runId), /^Error: INVALID_STATE /, 'nothing of it is under way any more');
  await trigger(parts, id);
  for (const worker of workers) (await worker.next()).succeed();
  await allEnded(parts);
});
type Call = Awaited<ReturnType<Awaited<ReturnType<typeof startTestWorker>>['next']>>;

test('LOCAL: a stop of its worker aborts a run that does not end in time, and that has FAILED and is not moved', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const { id } = await addSchedule(parts);
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  const worker = await startTestWorker(parts, { tasks });
  await trigger(parts, id);
  const { signal } = await worker.next();
  const stopped = worker.stop(10_000);
  await until(() => parts.clock.nextTimer() === at('00:00:10'));
  assert.equal(signal.aborted, false);
  parts.clock.advanceTo(at('00:00:10'));
  await stopped;
  const other = await startTestWorker(parts, { tasks });
  assert.equal((signal.reason as { code: string }).code, 'SHUTDOWN');
  await reap(parts);
  assert.deepEqual(await runsOf(parts, id), ['00:00:00 MANUAL FAILED']);
  assert.equal(other.waiting(), 0);
});

test('a canceled run does not come back, whatever attempts it has left; its schedule keeps its next time', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { timeout: 'P1D', retry: { maxAttempts: 9, initialInterval: 'PT0S' } } });
  const { id } = await addSchedule(parts);
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  await step('00:00:10');
  const { run } = await worker.next();
  await cancel(parts, run.runId);
  await allEnded(parts);
  await step('00:00:19.999');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE CANCELED']);
  assert.equal(worker.waiting(), 0);
  await step('00:00:20');
  assert.equal((await worker.next()).run.scheduledFor.getTime(), at('00:00:20'));
});

test('an instance that starts anew in the second before a time, and once more in the one after, fires it once', async (t) => {
  const parts = await openParts(t);
  await addCodeTask(parts);
  const { id } = await addSchedule(parts, { trigger: { cron: { expression: '* * * * *' } }, overlapPolicy: 'ALLOW_ALL' });
  for (const instants of [['00:00:30'], ['00:00:59.001', '00:00:59.999', '00:01:00'], ['00:01:00.001', '00:01:00.999']]) {
    const instance = await parts.another();
    await addCodeTask(instance);
    const engine = await startTestEngine(instance);
    for (const instant of instants) {
      parts.clock.advanceTo(at(instant));
      await engine.settle();
    }
    await engine.stop();
  }
  assert.deepEqual(await runsOf(parts, id), ['00:01:00 SCHEDULE QUEUED']);
});

test('a cancel at the very moment a run is due: canceled and never called, or called and told to stop; both sides agree', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  const later = { runAt: new Date(at('00:10:00')), overlapPolicy: 'ALLOW_ALL' } as const;
  const runs = await Promise.all(Array.from({ length: 40 }, () => triggerTask(parts, later)));
  const answers = new Map<string, string>();
  const cancelEach = async (ids: string[]) => {
    for (const id of ids) answers.set(id, (await cancel(parts, id)).state);
  };
  const ids = runs.map(({ id }) => id);
  // One before it is due, some at that moment, the others when the first of them has been called.
  await cancelEach(ids.slice(0, 1));
  await Promise.all([step('00:10:00'), cancelEach(ids.slice(1, 5)), cancelEach(ids.slice(5, 10))]);
  const calls = [await worker.next()];
  await Promise.all([cancelEach(ids.slice(10, 25)), cancelEach(ids.slice(25))]);
  await allEnded(parts);
  while (worker.waiting() > 0) calls.push(await worker.next());
  const called = calls.map(({ run }) => run.runId);
  for (const id of ids) assert.equal(called.includes(id), answers.get(id) === 'CANCELING', `${id}: ${answers.get(id)}`);
  assert.deepEqual(new Set(answers.values()), new Set(['CANCELED', 'CANCELING']), 'either was the first at times');
  assert.ok(calls.every(({ signal }) => signal.aborted));
  assert.equal(await parts.store.prisma.run.count({ where: { state: 'CANCELED' } }), runs.length);
});
