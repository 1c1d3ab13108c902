import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MisfireMode } from '../../src/domain/due.ts';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import {
  addCodeTask,
  addSchedule,
  addTask,
  at,
  openParts,
  pause,
  resumeWith,
  skip,
  startTestEngine,
  time,
  trigger,
} from '../support/parts.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';

type Spec = Partial<CreateScheduleInput['spec']>;
// Paused from 00:00:15 to 00:00:58 with an occurrence every 10 s: 20, 30, 40 and 50 passed.
const cases: { rule: string; misfire: MisfireMode; spec?: Spec; runs: string[]; skips: string[] }[] = [
  { rule: 'SKIP: nothing runs', misfire: 'SKIP', runs: [], skips: ['00:00:20 to 00:00:50 PAUSED 4'] },
  {
    rule: 'FIRE_ONCE: the latest runs, the others are COALESCED',
    misfire: 'FIRE_ONCE',
    runs: ['00:00:50 CATCH_UP QUEUED'],
    skips: ['00:00:20 to 00:00:40 COALESCED 3'],
  },
  {
    rule: 'FIRE_ALL: each runs',
    misfire: 'FIRE_ALL',
    runs: ['20', '30', '40', '50'].map((second) => `00:00:${second} CATCH_UP QUEUED`),
    skips: [],
  },
  {
    rule: 'FIRE_ALL: at most maxCatchupRuns of the newest',
    misfire: 'FIRE_ALL',
    spec: { misfire: { mode: 'SKIP', maxCatchupRuns: 2 } },
    runs: ['00:00:40 CATCH_UP QUEUED', '00:00:50 CATCH_UP QUEUED'],
    skips: ['00:00:20 to 00:00:30 MISSED 2'],
  },
  {
    rule: 'FIRE_ALL: neither grace time nor catch-up window of the schedule counts',
    misfire: 'FIRE_ALL',
    spec: { misfire: { mode: 'SKIP', graceTime: 'PT1H', catchupWindow: 'PT1S' } },
    runs: ['20', '30', '40', '50'].map((second) => `00:00:${second} CATCH_UP QUEUED`),
    skips: [],
  },
  {
    rule: 'FIRE_ALL with overlap SKIP: one after the other',
    misfire: 'FIRE_ALL',
    spec: { overlapPolicy: 'SKIP' },
    runs: ['00:00:20 CATCH_UP QUEUED', ...['30', '40', '50'].map((second) => `00:00:${second} CATCH_UP BUFFERED`)],
    skips: [],
  },
  {
    rule: 'FIRE_ONCE of a schedule whose times have ended',
    misfire: 'FIRE_ONCE',
    spec: { endAt: new Date(at('00:00:35')) },
    runs: ['00:00:30 CATCH_UP QUEUED'],
    skips: ['00:00:20 to 00:00:20 COALESCED 1'],
  },
];
for (const { rule, misfire, spec = {}, runs, skips } of cases) {
  test(`resume with ${rule}`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', startAt: new Date(at('00:00:11')), ...spec });
    parts.clock.advanceTo(at('00:00:15'));
    await pause(parts, id);
    parts.clock.advanceTo(at('00:00:58'));
    const { schedules } = await resumeWith(parts, misfire, id);
    assert.equal(schedules[0]?.state, spec.endAt === undefined ? 'ACTIVE' : 'COMPLETED');
    assert.deepEqual(await runsOf(parts, id), runs);
    assert.deepEqual(await skipsOf(parts, id), skips);
    const delivered = runs.filter((run) => run.endsWith('QUEUED')).length;
    assert.equal((await parts.queue.take('http', 10)).length, delivered, 'their deliveries are there with the commit');
    const next = await startTestEngine(parts);
    parts.clock.advanceTo(at('00:01:00'));
    await next.settle();
    const fresh = (await runsOf(parts, id)).filter((run) => run.startsWith('00:01:00'));
    assert.equal(fresh.length, spec.endAt === undefined && spec.overlapPolicy !== 'SKIP' ? 1 : 0, 'it goes on from there');
  });
}

test('a run under way comes first: with overlap SKIP what passed waits for it, or is passed over', async (t) => {
  for (const [misfire, runs, skips] of [
    ['FIRE_ALL', ['00:00:10 CATCH_UP BUFFERED', '00:00:20 CATCH_UP BUFFERED'], []],
    ['FIRE_ONCE', [], ['00:00:10 to 00:00:10 COALESCED 1', '00:00:20 to 00:00:20 OVERLAP_SKIPPED 1']],
  ] as const) {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts);
    await pause(parts, id);
    await trigger(parts, id);
    parts.clock.advanceTo(at('00:00:25'));
    await resumeWith(parts, misfire, id);
    assert.deepEqual(await runsOf(parts, id), ['00:00:00 MANUAL QUEUED', ...runs], misfire);
    assert.deepEqual(await skipsOf(parts, id), skips, misfire);
    if (misfire === 'FIRE_ONCE') continue;
    const worker = await startTestWorker(parts);
    for (const expected of ['00:00:00', '00:00:10', '00:00:20']) {
      const call = await worker.next();
      assert.equal(call.run.scheduledFor.getTime(), at(expected), 'one after the other');
      assert.equal(worker.waiting(), 0);
      call.succeed();
    }
    await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('SUCCEEDED')));
  }
});

test('what was skipped does not run, whatever else does', async (t) => {
  for (const [misfire, runs, ledger] of [
    ['FIRE_ALL', ['00:00:10 CATCH_UP QUEUED', '00:00:30 CATCH_UP QUEUED'], ['00:00:20 to 00:00:20 SKIPPED_BY_USER 1']],
    ['FIRE_ONCE', ['00:00:30 CATCH_UP QUEUED'], ['00:00:10 to 00:00:10 COALESCED 1', '00:00:20 to 00:00:20 SKIPPED_BY_USER 1']],
    ['SKIP', [], ['00:00:10 to 00:00:30 PAUSED 3']],
  ] as const) {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
    for (const skipped of ['00:00:20', '00:00:40']) await skip(parts, id, skipped);
    await pause(parts, id);
    parts.clock.advanceTo(at('00:00:35'));
    const { schedules } = await resumeWith(parts, misfire, id);
    assert.deepEqual(await runsOf(parts, id), runs, misfire);
    assert.deepEqual(await skipsOf(parts, id), ledger, misfire);
    const [resumed] = schedules;
    assert.deepEqual([resumed?.skipCount, time(resumed?.nextScheduledFor ?? null)], [1, '00:00:40'], misfire);
    assert.equal(time(resumed?.nextFireAt ?? null), '00:00:50', 'past the one that is skipped still');
  }
});

test('of a LOCAL task that no live worker has the code of, what passed is MISSED', async (t) => {
  const parts = await openParts(t);
  await addCodeTask(parts, { scope: 'LOCAL' });
  const { id } = await addSchedule(parts);
  await pause(parts, id);
  parts.clock.advanceTo(at('00:00:25'));
  await resumeWith(parts, 'FIRE_ALL', id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 MISSED 2']);
});

test('more than 10,000 runs at once are refused, and nothing is changed; fewer schedules, or FIRE_ONCE, are not', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const misfire = { mode: 'SKIP', maxCatchupRuns: 1_000 } as const;
  const ids: string[] = [];
  for (let n = 0; n < 11; n += 1) {
    const spec = { name: `schedule ${n}`, trigger: { interval: { every: 'PT1S' } }, misfire };
    ids.push((await addSchedule(parts, spec)).id);
  }
  await pause(parts, ...ids);
  parts.clock.advanceTo(at('01:00:00'));
  const says =
    /INVALID The occurrences that passed would be up to 11000 runs at once; allowed are 10000\. Select fewer schedules\./;
  await assert.rejects(resumeWith(parts, 'FIRE_ALL', ...ids), says);
  assert.equal(await parts.store.prisma.schedule.count({ where: { state: 'PAUSED' } }), 11);
  assert.equal((await resumeWith(parts, 'FIRE_ALL', ...ids.slice(1))).count, 10);
  assert.equal(await parts.store.prisma.run.count(), 10_000);
  assert.equal((await resumeWith(parts, 'FIRE_ONCE', ...ids)).count, 1);
});
